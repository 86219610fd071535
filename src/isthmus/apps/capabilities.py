"""What a fitted estimator can do, as the apps ask for it."""

from __future__ import annotations

from typing import Any

NEIGHBOURING = "none: time steps that follow each other are not exchangeable; the rate holds as far as they are alike"
"""What the calibration of a detector guarantees of the time steps of a signal."""


def autoencoder_of(estimator: Any) -> Any:
    """Return the autoencoder in an estimator; of an autoencoder, itself."""
    return estimator.autoencoder_


def detects(estimator: Any) -> bool:
    """Tell whether an estimator scores rows, and flags those above a threshold."""
    return "score" in estimator.graphs()


def imputes(estimator: Any) -> bool:
    """Tell whether an estimator fills in missing cells."""
    return "impute" in estimator.graphs()
