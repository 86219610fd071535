"""How many of fresh normal rows are flagged when 1 % and 5 % are asked for, on the 23 tables of ADBench.

The protocol is that of `adbench`, anomalies left out: a random half of the normal rows for training, the other half is
fresh; ten seeds, and the second rate is set without fitting again. By split conformal prediction, a threshold that is
the k-th smallest of n calibration scores flags m fresh rows beta-binomially: m draws at a rate of Beta(n + 1 − k, k).
The band holds the middle 99.9 % of the sum of such counts over the seeds, whose splits are drawn independently. The
band that all training rows would give, each scored by a model that was not trained on it, is narrower. Equal
scores at the threshold are not flagged: they make alarms fewer, never more.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from functools import reduce
from math import floor
from typing import Any

import numpy as np
from scipy.signal import fftconvolve
from scipy.stats import betabinom

from benchmarks.support import rows
from benchmarks.support.anomaly_peers import ours
from benchmarks.support.figures import Figure, Result
from benchmarks.support.oneclass import cap, one_class, standardised, tables
from benchmarks.support.timing import say

SEEDS, RATES, BAND = range(10), (0.01, 0.05), 0.999


@dataclass(frozen=True)
class Trial:
    """One seed at one rate: rows flagged of so many fresh ones; scores that set the threshold, rows for training."""

    flagged: int
    fresh: int
    calibration: int
    training: int


@dataclass(frozen=True)
class Count:
    """The trials of one table at one rate."""

    table: str
    asked: float
    trials: list[Trial]

    @property
    def flagged(self) -> int:
        return sum(trial.flagged for trial in self.trials)

    @property
    def fraction(self) -> float:
        """The rate of false alarms, in units of what was asked for."""
        return self.flagged / sum(trial.fresh for trial in self.trials) / self.asked

    @property
    def band(self) -> tuple[int, int]:
        return band([law(trial, self.asked) for trial in self.trials])

    @property
    def side(self) -> str:
        """Where the count lies: in the band, below or above it."""
        return beside(self.flagged, self.band)

    @property
    def side_of_all(self) -> str:
        """The same for the band that there would be if the threshold were set by scores of all training rows."""
        everything = [replace(trial, calibration=trial.training) for trial in self.trials]
        return beside(self.flagged, band([law(trial, self.asked) for trial in everything]))


def beside(flagged: int, limits: tuple[int, int]) -> str:
    least, most = limits
    return "below" if flagged < least else "above" if flagged > most else "in"


def run(quick: bool) -> Result:
    seeds = SEEDS[: 2 if quick else None]
    counts = [count for name, X, y in tables("adbench", quick) for count in counted(name, X, y, seeds, cap(quick))]
    fractions = {rate: float(np.mean([count.fraction for count in counts if count.asked == rate])) for rate in RATES}
    sides = {side: len({count.table for count in counts if count.side == side}) for side in ("below", "above")}
    outside = {f"{count.table}, {count.asked:.0%}": count.side_of_all for count in counts if count.side_of_all != "in"}
    what = "false alarms, times those asked for: mean of the tables"
    figures = [
        *(Figure(f"{what}, {rate:.0%}", fraction, least=0.8, most=1.05) for rate, fraction in fractions.items()),
        Figure(f"{what}, both rates", float(np.mean([*fractions.values()])), least=0.8, most=1.05),
        *(Figure(f"the same, all rows together, {rate:.0%}", of_all_rows(counts, rate)) for rate in RATES),
        *(Figure(f"tables {side} the 99.9 % band", number, most=0) for side, number in sides.items()),
        Figure("tables outside the band of all training rows calibrating", len(outside), most=0),
    ]
    return Result(figures, table(counts), {"seeds": len(seeds), "outside the band of all rows": outside})


def of_all_rows(counts: list[Count], rate: float) -> float:
    whole = [trial for count in counts if count.asked == rate for trial in count.trials]
    return Count("all", rate, whole).fraction


def counted(name: str, X: np.ndarray, y: np.ndarray, seeds: range, most: int) -> list[Count]:
    """Return what was flagged in one table, for each rate."""
    runs = rows.ours(name, lambda: [trials(X, y, seed, most) for seed in seeds], X, y)
    counts = [Count(name, rate, [Trial(*run[at]) for run in runs]) for at, rate in enumerate(RATES)]
    for count in counts:
        least, most = count.band
        band = f"band {least} to {most}"
        say(f"{name}, {count.asked:.0%}: {count.fraction:.3f} of what was asked; {count.flagged}, {band}")
    return counts


def trials(X: np.ndarray, y: np.ndarray, seed: int, most: int) -> list[tuple[int, int, int]]:
    """Train once, and return what each rate flags among the fresh rows."""
    split = standardised(one_class(X, y, seed, most))
    fresh = split.test[split.y == 0]
    detector = ours(seed, false_alarm_rate=RATES[0]).fit(split.train)
    found = []
    for rate in RATES:
        detector.set_threshold(false_alarm_rate=rate)
        flagged = int((detector.predict(fresh) == -1).sum())
        found.append(astuple(Trial(flagged, len(fresh), len(detector.calibration_scores_), len(split.train))))
    return found


def law(trial: Trial, asked: float) -> np.ndarray:
    """Return the probabilities of 0 to m false alarms."""
    above = max(1, floor((trial.calibration + 1) * asked + 1e-9))  # n + 1 − k; the largest score is the last resort
    return betabinom(trial.fresh, above, trial.calibration + 1 - above).pmf(np.arange(trial.fresh + 1))


def band(laws: list[np.ndarray]) -> tuple[int, int]:
    """Return the smallest and the largest count in the middle of the distribution of a sum."""
    below = np.cumsum(reduce(fftconvolve, laws))
    tail = (1 - BAND) / 2
    least, most = np.searchsorted(below, [tail, 1 - tail])
    return int(least), int(most)


def table(counts: list[Count]) -> list[list[Any]]:
    """Return a row for each table, with the fraction, the count and its band for each rate."""
    head = ["table", *(f"{rate:.0%}: {what}" for rate in RATES for what in ("times asked", "count", "band", "lies"))]
    by_table: dict[str, list[Any]] = {}
    for count in counts:
        least, most = count.band
        by_table.setdefault(count.table, [count.table]).extend(
            [count.fraction, count.flagged, f"{least:,} to {most:,}", count.side]
        )
    return [head, *by_table.values()]
