"""Intervals: neighbouring alarms joined, with their peak and the contributions of the channels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from isthmus.support.errors import InputError

Time = np.datetime64 | int | float
"""A date, or a number."""


@dataclass(frozen=True)
class Interval:
    """Consecutive alarms.

    Attributes
    ----------
    start, end : time or int
        Times of the first and the last alarm; row indices if there are no times.
    peak : time or int
        Time of the highest score.
    score : float
        The highest score.
    channels : dict of str to float
        The fraction that each channel contributes to the scores of the interval, the largest first; they add up to 1.
        Empty if the contributions are unknown.
    first, last : int
        Row indices of the first and the last alarm.
    """

    start: Time
    end: Time
    peak: Time
    score: float
    channels: dict[str, float]
    first: int
    last: int

    def __len__(self) -> int:
        """Time steps from the first alarm to the last one."""
        return self.last - self.first + 1


def intervals(
    score: ArrayLike,
    threshold: ArrayLike,
    *,
    times: ArrayLike | None = None,
    contributions: ArrayLike | None = None,
    names: Sequence[str] | None = None,
    join: int = 0,
    shortest: int = 1,
) -> list[Interval]:
    """Join neighbouring alarms, the time steps whose score is above the threshold.

    Parameters
    ----------
    score : array of shape (n,)
        Higher is more abnormal; NaN never is an alarm.
    threshold : float or array of shape (n,)
    times : array of shape (n,), optional
        Times for `start`, `end` and `peak`; default: row indices.
    contributions : array of shape (n, channels), optional
        Contribution of each channel to the score of each time step; negative ones count as zero.
    names : sequence of str, optional
        Names of the channels; default: x0, x1 …
    join : int, default 0
        Maximum number of time steps between alarms of one interval.
    shortest : int, default 1
        Minimum number of time steps of an interval, after joining.

    Returns
    -------
    list of Interval
        In order of time.

    Raises
    ------
    InputError
        Lengths differ, or a setting is out of range.

    Examples
    --------
    >>> alarms = intervals([0, 5, 0, 9, 0, 0, 7], 4, join=1)
    >>> [(one.first, one.last, one.peak, one.score) for one in alarms]
    [(1, 3, 3, 9.0), (6, 6, 6, 7.0)]
    """
    score = np.asarray(score, dtype=np.float64)
    times = np.arange(len(score)) if times is None else np.asarray(times)
    parts = None if contributions is None else np.asarray(contributions)
    limit = np.asarray(threshold, dtype=np.float64)
    _check(score, limit, times, parts, join, shortest)
    alarms = np.flatnonzero(score > limit)
    stretches = np.split(alarms, np.flatnonzero(np.diff(alarms) > join + 1) + 1) if len(alarms) else []
    joined = []
    for rows in stretches:
        first, last = int(rows[0]), int(rows[-1])
        if last - first + 1 < shortest:
            continue
        peak = int(rows[np.argmax(score[rows])])
        channels = {} if parts is None else _channel_fractions(parts[first : last + 1], names)
        start, end, top = _plain(times[[first, last, peak]])
        joined.append(Interval(start, end, top, float(score[peak]), channels, first, last))
    return joined


def as_rows(alarms: Iterable[Interval], count: int = 3) -> list[dict[str, object]]:
    """Return intervals as rows of a table, for a DataFrame or a file.

    Parameters
    ----------
    alarms : iterable of Interval
    count : int, default 3
        Number of channels to name.

    Returns
    -------
    list of dict
        ``start``, ``end``, ``peak``, ``score``, ``time_steps``, and ``channels`` as text such as ``"flow 71 %,
        current 20 %"``.
    """
    return [
        {
            "start": one.start,
            "end": one.end,
            "peak": one.peak,
            "score": one.score,
            "time_steps": len(one),
            "channels": ", ".join(f"{name} {part:.0%}" for name, part in list(one.channels.items())[:count]),
        }
        for one in alarms
    ]


def _plain(times: np.ndarray) -> list[Time]:
    """Return times as a list: dates unchanged, numbers as Python numbers."""
    return list(times) if times.dtype.kind == "M" else times.tolist()


def _channel_fractions(contributions: np.ndarray, names: Sequence[str] | None) -> dict[str, float]:
    """Return the fraction contributed by each channel, largest first."""
    total = np.nansum(np.maximum(contributions.astype(np.float64), 0), axis=0)
    fractions = total / total.sum() if total.sum() > 0 else np.full(len(total), 1 / len(total))
    named = list(names) if names is not None else [f"x{index}" for index in range(len(total))]
    return {named[index]: float(fractions[index]) for index in np.argsort(-fractions, kind="stable")}


def _check(
    score: np.ndarray,
    threshold: np.ndarray,
    times: np.ndarray,
    contributions: np.ndarray | None,
    join: int,
    shortest: int,
) -> None:
    if score.ndim != 1:
        raise InputError(f"score has the shape {score.shape}; intervals need one score for each time step: (n,)")
    for name, value in (("times", times), ("contributions", contributions)):
        if value is not None and len(value) != len(score):
            raise InputError(f"there are {len(score)} scores but {len(value)} {name}: one for each time step is needed")
    if threshold.shape not in ((), (len(score),)) or np.isnan(threshold).any():
        raise InputError(
            f"threshold={threshold.tolist()!r}: give one number, or one for each of the {len(score)} time steps"
        )
    if join < 0 or shortest < 1:
        raise InputError(f"join={join}, shortest={shortest}: join must be at least 0, shortest at least 1")
