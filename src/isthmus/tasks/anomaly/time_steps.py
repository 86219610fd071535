"""Scores of the time steps of a signal: the table of scores, and the intervals of alarms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isthmus.core.data import Rows, Windowed
from isthmus.tasks.anomaly.checks import check_flagged
from isthmus.tasks.anomaly.intervals import Interval, as_rows, intervals
from isthmus.tasks.anomaly.results import Rule, ScoredRows, top_contributors


@dataclass(frozen=True)
class SignalResult:
    """The scores of a signal.

    Attributes
    ----------
    times : ndarray of shape (n,)
    names : list of str
        Names of the channels.
    columns : dict of ndarray of shape (n,)
        The table of scores.
    intervals : list of Interval
        In order of time.
    """

    times: np.ndarray
    names: list[str]
    columns: ScoredRows
    intervals: list[Interval]

    def table(self) -> list[dict[str, object]]:
        """Return the intervals as rows of a table."""
        return [
            {**row, **{name: _text_of_date(row[name]) for name in ("start", "end", "peak")}}
            for row in as_rows(self.intervals)
        ]


def _text_of_date(time: object) -> object:
    """Return a date as text, any other time unchanged."""
    return str(time).replace("T", " ").removesuffix(".000000") if isinstance(time, np.datetime64) else time


def score_time_steps(
    rule: Rule, data: Windowed, X: Rows, join: int | None = None, shortest: int = 1, explain: bool = False
) -> SignalResult:
    """Score the time steps of a signal, and join alarms.

    Parameters
    ----------
    rule : Rule
    data : Windowed
        The data of the rule.
    X : like the training data
    join : int or None, default None
        Maximum number of time steps between alarms of one interval; None: a window.
    shortest : int, default 1
        Minimum number of time steps of an interval.
    explain : bool, default False
        Whether the table says what was expected of the channels that contribute most, too.
    """
    times, names, scored = data.times(X), data.channel_names(), rule.score_rows(X)
    contributions = rule.scorer.contributions(X)
    alarms = intervals(
        scored["score"],
        rule.thresholds.overall,
        times=times,
        contributions=contributions,
        names=names,
        join=data.window if join is None else join,
        shortest=shortest,
    )
    check_flagged(data, int(scored["flagged"].sum()), len(scored["flagged"]))
    top = top_contributors(contributions, names)
    top = rule.with_expected(X, top) if explain else top
    columns = {"time" if times.dtype.kind == "M" else "row": times, **scored, **top}
    return SignalResult(times, names, columns, alarms)
