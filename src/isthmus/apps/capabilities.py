"""What a fitted estimator can do, as the apps ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus import Autoencoder

NEIGHBOURING = "none: time steps that follow each other are not exchangeable; the rate holds as far as they are alike"
"""What the calibration of a detector guarantees of the time steps of a signal."""


def autoencoder_of(estimator: Any) -> Any:
    """Return the autoencoder in an estimator; of an autoencoder, itself."""
    return estimator.autoencoder_


def code_shape(autoencoder: Autoencoder) -> tuple[int | None, ...]:
    """Return the shape of the code of one row as `transform` gives it: its length, or (None, None, latent_dim).

    The latter is that of a model of images of any size: a code for each of as many positions as there are.
    """
    if not autoencoder.data_.any_size:
        return (autoencoder.model_.code_size,)
    return (*(None for _ in autoencoder.model_.positions()), autoencoder.model_.latent_dim)


def decodes_vectors(autoencoder: Autoencoder) -> bool:
    """Tell whether a code is one vector, which alone stands for a row; else there is one for each of its positions."""
    return not autoencoder.model_.positions()


def detects(estimator: Any) -> bool:
    """Tell whether an estimator scores rows, and flags those above a threshold."""
    return "score" in estimator.graphs()


def imputes(estimator: Any) -> bool:
    """Tell whether an estimator fills in missing cells."""
    return "impute" in estimator.graphs()
