"""The Numenta Anomaly Benchmark: its files, and its score with the standard profile (Lavin & Ahmad 2015)."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from benchmarks.support.data import found

FALSE_ALARM, MISSED = 0.11, 1.0
"""Weights of the standard profile; a detection counts 1."""

PROBATION, LONGEST = 0.15, 5000
"""Fraction of a file that is for learning only, of at most so many rows."""


@dataclass(frozen=True)
class Log:
    """A file: its values, and the first and last row of each labelled window."""

    name: str
    values: np.ndarray
    times: np.ndarray
    windows: list[tuple[int, int]]

    @property
    def probation(self) -> int:
        """Rows at the start that are for learning; alarms in them do not count."""
        return int(PROBATION * min(len(self.values), LONGEST))


def logs() -> list[Log]:
    """Return the files given, in the order of their names."""
    import pandas as pd

    labels = json.loads(found("sensors/nab/combined_windows.json").read_text())
    read = []
    for name, windows in sorted(labels.items()):
        frame = pd.read_csv(found(f"sensors/nab/{name}"), parse_dates=["timestamp"])
        times = frame["timestamp"].to_numpy()
        within = [(times >= np.datetime64(a)) & (times <= np.datetime64(b)) for a, b in windows]
        rows = [(int(np.argmax(w)), int(len(w) - 1 - np.argmax(w[::-1]))) for w in within]
        read.append(Log(name, frame["value"].to_numpy(float), times, rows))
    return read


def standard_score(alarms: list[np.ndarray], of: list[Log]) -> float:
    """Return the score of alarms (rows, for each file): 0 for none, 100 for one at the first row of each window.

    The first alarm within a window counts the more the earlier it is; one outside costs the more the farther it is
    behind the last window.
    """
    windows = sum(len(log.windows) for log in of)
    total = sum(_total(rows[rows >= log.probation], log) for rows, log in zip(alarms, of, strict=True))
    return 100 * (total + MISSED * windows) / ((1 + MISSED) * windows)


def _total(alarms: np.ndarray, log: Log) -> float:
    total = 0.0
    for first, last in log.windows:
        within = alarms[(alarms >= first) & (alarms <= last)]
        position = -(last - within[0] + 1) / (last - first + 1) if len(within) else None
        total += -MISSED if position is None else _sigmoid(position) / _sigmoid(-1.0)
    return total + sum(_cost(int(row), log.windows) for row in alarms)


def _cost(row: int, windows: list[tuple[int, int]]) -> float:
    """Return what an alarm adds where it lies in no window: FALSE_ALARM times a number from 0 down to −1."""
    if any(first <= row <= last for first, last in windows):
        return 0.0
    before = [(first, last) for first, last in windows if last < row]
    if not before:
        return -FALSE_ALARM
    first, last = max(before)
    position = (row - last) / (last - first)
    return FALSE_ALARM * (_sigmoid(position) if position <= 3 else -1.0)


def _sigmoid(position: float) -> float:
    """Return NAB's scaled sigmoid: 0.98 at the start of a window, 0 at its end, −1 far behind."""
    return float(2 / (1 + np.exp(5 * position)) - 1)
