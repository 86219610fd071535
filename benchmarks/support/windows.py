"""Detectors on windows of signals: ours, and an isolation forest on the same windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from isthmus import AnomalyDetector, Autoencoder
from isthmus.data.signals.signals import Signals


def linear(window: int, latent: int, **signals: Any) -> Autoencoder:
    """Return an autoencoder of windows with one linear layer each way.

    Its start is its optimum, so one epoch is enough. Deeper nets separated no more on these logs, learnt rare beats
    along with the usual ones, and took twenty times as long.
    """
    return Autoencoder(
        "linear", latent, data=Signals(window=window, **signals), epochs=1, random_state=0, verbose=False
    )


def watcher(window: int, latent: int, scorer: str, **signals: Any) -> AnomalyDetector:
    """Return a detector of windows that trains on all it is given, and has its threshold set by the caller."""
    return AnomalyDetector(linear(window, latent, **signals), scorer, contamination=0.01, random_state=0)


def window_scores(detector: AnomalyDetector, X: Any) -> np.ndarray:
    """Return the score of each window of X."""
    with torch.no_grad():
        return detector.graphs()["score"](detector.autoencoder_.data_.read(X))["score"].double().numpy()


def forest_scores(normal: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Return the scores of an isolation forest (scikit-learn's defaults) on rows."""
    from sklearn.ensemble import IsolationForest

    return -IsolationForest(random_state=0).fit(normal).score_samples(windows)


def causal(scores: np.ndarray, window: int) -> np.ndarray:
    """Return the score of the window that ends at each time step; NaN before the first."""
    return np.concatenate([np.full(window - 1, np.nan), scores])
