"""The figure of a signal with scored time steps."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import ArrayLike

from isthmus.apps.figures.figure import Figure
from isthmus.apps.figures.signal import signal_figure
from isthmus.data.signals.recordings import several
from isthmus.data.tables.rows import column
from isthmus.tasks.anomaly.intervals import intervals
from isthmus.tasks.anomaly.time_steps import SignalResult


def drawn(result: SignalResult, X: Any, threshold: float, title: str, known: ArrayLike | None = None) -> Figure:
    """Return the figure: the channels, the score, the threshold, the intervals, and the labelled anomalies.

    Parameters
    ----------
    result : SignalResult
    X : array or DataFrame
        The signal.
    threshold : float
    title : str
    known : array of shape (n,), optional
        Labels, nonzero where there is a known anomaly.
    """
    values = [_channel(X, index, name) for index, name in enumerate(result.names)]
    stretches = [] if known is None else intervals(np.asarray(known, dtype=float), 0.0, times=result.times)
    return signal_figure(
        np.stack(values, axis=1),
        result.columns["score"],
        threshold,
        result.intervals,
        times=result.times,
        names=result.names,
        known=[(one.start, one.end) for one in stretches],
        title=title,
    )


def _channel(X: Any, index: int, name: str) -> np.ndarray:
    """Return one channel of a signal; several recordings are concatenated."""
    if several(X):
        return np.concatenate([_channel(one, index, name) for one in X])
    if nw.dependencies.is_into_dataframe(X):
        return np.asarray(column(X, name), dtype=np.float64)
    return np.asarray(X, dtype=np.float64).reshape(len(X), -1)[:, index]
