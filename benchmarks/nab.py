"""Logs of servers, taxis and machines (24 files of NAB): standard profile, causal scores, one threshold rule.

Each file trains on its first 15 % (at most 750 rows), which is what NAB gives for learning. Ours is an
`AnomalyDetector` with a linear autoencoder and `scorer="monitoring"`. A time step has the score of the window of 64
rows that ends there; rows count as time steps, since some files repeat times. An alarm is a time step above the
threshold after a window's length without one; the threshold is 1.2 times the highest score of the training rows, the
same for all files and for the isolation forest on the same windows; both are also shown with the factor that suits them
best.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.support.figures import Figure, Result
from benchmarks.support.nab_profile import Log, logs, standard_score
from benchmarks.support.windows import causal, forest_scores, watcher, window_scores

WINDOW, LATENT, FACTOR = 64, 4, 1.2
FACTORS = (1.0, 1.02, 1.05, 1.1, 1.2, 1.35, 1.5, 2.0, 3.0)


def run(quick: bool) -> Result:
    files = logs()[:: 6 if quick else 1]
    figures, table = [], [["factor", "isthmus", "isolation forest"]]
    kinds: dict[str, Callable[[Log], np.ndarray]] = {"isthmus": ours, "isolation forest": forest}
    scores = {name: [kind(log) for log in files] for name, kind in kinds.items()}
    reached = {name: {c: points(found, files, c) for c in FACTORS} for name, found in scores.items()}
    table += [[factor, *(reached[name][factor] for name in kinds)] for factor in FACTORS]
    best = {name: max(by.values()) for name, by in reached.items()}
    ahead = reached["isthmus"][FACTOR] - reached["isolation forest"][FACTOR]
    figures = [
        Figure("standard profile", reached["isthmus"][FACTOR], least=45),
        Figure("the same less that of the isolation forest", ahead, least=0),
        Figure(
            "each at its best factor: less the isolation forest", best["isthmus"] - best["isolation forest"], least=0
        ),
    ]
    return Result(figures, table, {"files": [log.name for log in files]})


def ours(log: Log) -> np.ndarray:
    detector = watcher(WINDOW, LATENT, "monitoring").fit(log.values[: log.probation])
    return causal(window_scores(detector, log.values), WINDOW)


def forest(log: Log) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(log.values, WINDOW)
    return causal(forest_scores(windows[: log.probation - WINDOW + 1], windows), WINDOW)


def points(scores: list[np.ndarray], files: list[Log], factor: float) -> float:
    """Return the score of the standard profile where alarms are above a factor of the training's highest score."""
    limits = [factor * np.nanmax(found[: log.probation]) + 1e-9 for found, log in zip(scores, files, strict=True)]
    return standard_score([onsets(found > limit) for found, limit in zip(scores, limits, strict=True)], files)


def onsets(above: np.ndarray) -> np.ndarray:
    """Return the rows at which alarms begin, after a window's length without one."""
    rows = np.flatnonzero(above)
    return rows[np.diff(rows, prepend=-2 * WINDOW) > WINDOW + 1]
