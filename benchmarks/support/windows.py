"""Detectors on windows of signals: ours, and an isolation forest on the same windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from isthmus import Autoencoder
from isthmus.data.signals import Signals


def linear(window: int, latent: int, **signals: Any) -> Autoencoder:
    """Return an autoencoder of windows with one linear layer each way.

    Its start is its optimum, so one epoch is enough. Deeper nets told no more on these logs, learnt rare beats along
    with the usual ones, and took twenty times as long.
    """
    return Autoencoder(
        "linear", latent, data=Signals(window=window, **signals), epochs=1, random_state=0, verbose=False
    )


def channel_errors(ae: Autoencoder, X: Any) -> np.ndarray:
    """Return how badly each channel is rebuilt around each moment, (n, channels): the mean over all windows there."""
    located = torch.from_numpy(ae.reconstruction_error(X, per="element"))
    whole = located.mean(1, keepdim=True).expand_as(located)
    return ae.data_.moments(whole, X).numpy()


def surprise(ae: Autoencoder, normal: Any, X: Any) -> np.ndarray:
    """Return a score for each window of X: its error, and the distance of its code, each in units of the training.

    The sum of Q and T² of monitoring by principal components (Jackson & Mudholkar 1979), here from any autoencoder.
    """
    usual, codes = ae.reconstruction_error(normal).mean(), ae.transform(normal)
    distance = np.square(ae.transform(X) - codes.mean(0)) / (codes.var(0) + 1e-3)
    return ae.reconstruction_error(X) / (usual + 1e-6) + distance.mean(1)


def forest_scores(normal: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Return the scores of an isolation forest (scikit-learn's defaults) on rows."""
    from sklearn.ensemble import IsolationForest

    return -IsolationForest(random_state=0).fit(normal).score_samples(windows)


def causal(scores: np.ndarray, window: int) -> np.ndarray:
    """Return the score of the window that ends at each moment; NaN before the first."""
    return np.concatenate([np.full(window - 1, np.nan), scores])
