"""Fit a detector on few rows: seconds, and how many fresh normal rows are flagged, beside PyOD's AutoEncoder.

The first rows of random halves of the normal rows of MAGIC (ten columns; ADBench, "22_magic.gamma"), standardised by
themselves; the other halves are fresh. Defaults, in one process, detectors in turn, after one fit that does not count.
Seconds are medians, alarms are means over three seeds, at a contamination of 5 % for both. PyOD's needs 32 rows.
"""

from __future__ import annotations

from statistics import median
from typing import Any

import numpy as np

from benchmarks.support.anomaly_peers import OURS, ours, peer
from benchmarks.support.figures import Figure, Result
from benchmarks.support.oneclass import Split, one_class, standardised, tables
from benchmarks.support.peers import needs
from benchmarks.support.timing import say, timed

TABLE, SEEDS, SIZES, ALARMS = "22_magic.gamma", range(3), (40, 70, 100, 300, 1_000, 3_000, 6_000), 0.05
PEER = "AutoEncoder"


def run(quick: bool) -> Result:
    needs("pyod")
    X, y = next((X, y) for name, X, y in tables("adbench", False) if name == TABLE)
    sizes, seeds = SIZES[: 2 if quick else None], SEEDS[: 1 if quick else None]
    fitted(PEER, cut(X, y, 0, sizes[0]), 0)
    fitted(OURS, cut(X, y, 0, sizes[0]), 0)
    table: list[list[Any]] = [["rows", "fit, s", f"{PEER}'s fit, s", "flagged, times what was asked", f"{PEER}'s"]]
    for size in sizes:
        splits = [(cut(X, y, seed, size), seed) for seed in seeds]
        runs = [[fitted(name, split, seed) for name in (OURS, PEER)] for split, seed in splits]
        seconds, alarms = (np.array([[one[at] for one in pair] for pair in runs]) for at in (0, 1))
        table.append([size, *(median(column) for column in seconds.T), *alarms.mean(0).tolist()])
        say(f"{size:,} rows: {table[-1][1]:.2f} s, {PEER} {table[-1][2]:.2f} s")
    took = {row[0]: row[1] for row in table[1:]}
    figures = [Figure(f"fit of {size:,} rows", took[size], "s", most={100: 1.5}.get(size)) for size in took]
    if not quick:
        figures.append(Figure("70 rows, times the seconds of 6,000", took[70] / took[6_000], most=1))
    return Result(figures, table)


def cut(X: np.ndarray, y: np.ndarray, seed: int, size: int) -> Split:
    """Return some normal rows for training, and fresh ones."""
    split = one_class(X[y == 0], y[y == 0], seed)
    return standardised(Split(split.train[:size], split.test, split.y))


def fitted(name: str, split: Split, seed: int) -> tuple[float, float]:
    """Return the seconds of a fit, and the fraction of fresh rows that are flagged, in units of what was asked."""
    detector = ours(seed, contamination=ALARMS) if name == OURS else peer(name, split.train.shape[1], seed).detector
    seconds, _ = timed(lambda: detector.fit(split.train))
    flagged = detector.predict(split.test) == (-1 if name == OURS else 1)
    return seconds, float(np.mean(flagged)) / ALARMS
