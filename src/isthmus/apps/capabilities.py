"""The capabilities of a fitted estimator that the apps depend on."""

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
    """Return the shape of the code of one row, (*positions, latent_dim); None where there may be any number of them."""
    model, positions = autoencoder.model_, autoencoder.model_.positions()
    return (*((None for _ in positions) if model.any_size else positions), model.latent_dim)


def detects(estimator: Any) -> bool:
    """Tell whether an estimator scores rows, and flags those above a threshold."""
    return "score" in estimator.graphs()


def denoises(estimator: Any) -> bool:
    """Tell whether an estimator was trained to clean its input, and needs no mask for that."""
    known = estimator.autoencoder_
    trained = "denoise" in estimator.graphs() or bool(known.variant_.denoises)
    return trained and not known.model_.net.fills


def denoiser_of(estimator: Any) -> Any:
    """Return an estimator that was trained to clean its input as a denoiser.

    Raises
    ------
    InputError
        It does not take images or recordings as they are.
    """
    import isthmus

    return estimator if "denoise" in estimator.graphs() else isthmus.Denoiser.of(autoencoder_of(estimator))


def compresses(estimator: Any) -> bool:
    """Tell whether an estimator writes rows as small files, at any quality."""
    return bool(estimator.compresses)


def imputes(estimator: Any) -> bool:
    """Tell whether an estimator fills in missing cells."""
    return "impute" in estimator.graphs()
