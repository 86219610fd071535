"""The temperature of a machine over eleven weeks (NAB): four labelled failures among the most abnormal time steps.

An `AnomalyDetector` with `scorer="monitoring"`: windows of a day (288 rows of five minutes), one number for each,
trained on the first 15 % of the rows. The score of a time step is the mean over the windows that cover it; the tenth of
the time steps that scores highest is joined into intervals across up to three hours, sorted by their peaks. Rows count
as time steps in the order of the file, whose timestamps go back an hour once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from benchmarks.support.figures import Figure, Result
from benchmarks.support.nab_profile import Log, logs
from benchmarks.support.windows import forest_scores, watcher
from isthmus.apps.figures.signal import signal_figure
from isthmus.tasks.anomaly.intervals import Interval, as_rows, intervals

NAME = "realKnownCause/machine_temperature_system_failure.csv"
DAY, STRIDE, LATENT, FRACTION, JOIN, TOP = 288, 3, 1, 0.1, 36, 5


def run(quick: bool) -> Result:
    log = recording()
    score, signals = scores(log)
    found = ranked(score, log)
    windows = np.lib.stride_tricks.sliding_window_view(log.values, DAY)[::STRIDE]
    forest = forest_scores(windows[: learning(log) // STRIDE - DAY // STRIDE], windows)
    theirs = ranked(signals.fold_windows(torch.from_numpy(forest), log.values).numpy(), log)
    figures = [
        Figure(f"labelled failures in the top {TOP} intervals, of {len(log.windows)}", hit(found, log), least=4),
        Figure("isolation forest on the same windows", hit(theirs, log)),
    ]
    rows = [[str(one["start"]), str(one["end"]), one["score"]] for one in as_rows(found[:TOP])]
    return Result(figures, [["start", "end", "highest score"], *rows], {"intervals": len(found)})


def recording() -> Log:
    return next(log for log in logs() if log.name == NAME)


def learning(log: Log) -> int:
    """Return the rows for training: 15 % of all, more than NAB's own probation, to hold eleven days."""
    return int(0.15 * len(log.values))


def scores(log: Log) -> tuple[np.ndarray, Any]:
    """Return the score of each time step, and the fitted Signals."""
    detector = watcher(DAY, LATENT, "monitoring", stride=STRIDE).fit(log.values[: learning(log)])
    return detector.anomaly_score(log.values), detector.autoencoder_.data_


def ranked(score: np.ndarray, log: Log) -> list[Interval]:
    """Return the intervals, the highest peak first."""
    found = intervals(score, np.quantile(score, 1 - FRACTION), times=log.times, join=JOIN)
    return sorted(found, key=lambda one: -one.score)


def hit(found: list[Interval], log: Log) -> int:
    """Return how many labelled failures overlap one of the top intervals."""
    return sum(any(one.first <= b and a <= one.last for one in found[:TOP]) for a, b in log.windows)


def image() -> str:
    """Return the drawing that stands in the documentation."""
    log = recording()
    score, _ = scores(log)
    found = ranked(score, log)
    known = [(log.times[a], log.times[b]) for a, b in log.windows]
    limit = float(np.quantile(score, 1 - FRACTION))
    title = "Temperature of a machine, eleven weeks"
    names = ["temperature"]
    return signal_figure(
        log.values, score, limit, found[:TOP], times=log.times, names=names, known=known, title=title, log=True
    ).svg()
