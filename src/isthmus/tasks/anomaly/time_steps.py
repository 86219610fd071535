"""Time steps of a signal judged: the verdicts for a file, the intervals they join to, and the figure of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from isthmus.tasks.anomaly.intervals import Interval, as_rows, intervals
from isthmus.tasks.anomaly.results import blamed, verdicts


@dataclass(frozen=True)
class SignalResult:
    """What was found in a signal.

    Attributes
    ----------
    times : ndarray of shape (n,)
    names : list of str
        Of the channels.
    columns : dict of ndarray of shape (n,)
        The table of verdicts.
    intervals : list of Interval
        In the order of time.
    """

    times: np.ndarray
    names: list[str]
    columns: dict[str, Any]
    intervals: list[Interval]

    def table(self) -> list[dict[str, Any]]:
        """Return the intervals as rows of a table."""
        return [
            {**row, **{name: _plain(row[name]) for name in ("start", "end", "peak")}} for row in as_rows(self.intervals)
        ]


def _plain(time: Any) -> Any:
    """Return a time as text where it is a date."""
    return str(time).replace("T", " ").removesuffix(".000000") if isinstance(time, np.datetime64) else time


def judged(detector: Any, X: Any, join: int) -> SignalResult:
    """Judge the time steps of a signal, and join alarms with at most `join` time steps between them."""
    data = detector.autoencoder_.data_
    times, names, found = data.times(X), data.channel_names(), verdicts(detector, X)
    contributions = np.asarray(detector.explain(X))
    stretches = intervals(
        found["score"], detector.threshold_, times=times, contributions=contributions, names=names, join=join
    )
    columns = {"time" if times.dtype.kind == "M" else "row": times, **found, **blamed(contributions, names)}
    return SignalResult(times, names, columns, stretches)
