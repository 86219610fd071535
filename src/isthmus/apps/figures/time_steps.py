"""The figure of a signal whose time steps were scored."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from isthmus.apps.figures.signal import signal_figure
from isthmus.data.signals.recordings import several
from isthmus.data.tables.rows import column
from isthmus.tasks.anomaly.intervals import intervals
from isthmus.tasks.anomaly.time_steps import SignalResult


def drawn(found: SignalResult, X: Any, threshold: float, title: str, known: Any = None) -> str:
    """Return the figure: the channels, the score, the threshold, the intervals, and where labels say that something is.

    Parameters
    ----------
    found : SignalResult
    X : array or DataFrame
        The signal.
    threshold : float
    title : str
    known : array of shape (n,), optional
        Labels: neither zero nor empty where something is known to be wrong.
    """
    values = [_channel(X, place, name) for place, name in enumerate(found.names)]
    stretches = [] if known is None else intervals(np.asarray(known, dtype=float), 0.0, times=found.times)
    return signal_figure(
        np.stack(values, axis=1),
        found.columns["score"],
        threshold,
        found.intervals,
        times=found.times,
        names=found.names,
        known=[(one.start, one.end) for one in stretches],
        title=title,
    )


def _channel(X: Any, place: int, name: str) -> np.ndarray:
    """Return one channel of a signal, of several recordings one behind the other."""
    if several(X):
        return np.concatenate([_channel(one, place, name) for one in X])
    if nw.dependencies.is_into_dataframe(X):
        return np.asarray(column(X, name), dtype=np.float64)
    return np.asarray(X, dtype=np.float64).reshape(len(X), -1)[:, place]
