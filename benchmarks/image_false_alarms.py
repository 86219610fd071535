"""How many good pictures are flagged when 5, 10 and 20 % are asked for: the tiles and the four papers, 20 halves each.

A random half of the good pictures trains (of papers, of the pages), the other half is fresh; no faulty picture is
looked at, and the rates are set without fitting again. With n pictures that calibrate, the rate can be promised in
steps of 1 / (n + 1) only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.support import rows
from benchmarks.support.defects import PAPERS, TILES, Photos, photos
from benchmarks.support.figures import Figure, Result
from benchmarks.support.image_detectors import FEATURES, Ours
from benchmarks.support.timing import say

SPLITS, RATES = range(1, 21), (0.05, 0.1, 0.2)
ABOVE = 1.5
"""What the rate of a set may be, times what was asked for."""
NAME = next(iter(FEATURES))


def run(quick: bool) -> Result:
    reached = {name: of_set(name, quick) for name in (TILES, *PAPERS)}
    steps = {name: 1 / (len(photos(name, SPLITS[0], quick).train) + 1) for name in reached}
    figures = []
    for index, rate in enumerate(RATES):
        rates = {name: float(found[:, index].mean()) for name, found in reached.items()}
        excess = max(found - rate - steps[name] for name, found in rates.items())
        figures += [
            Figure(f"{rate:.0%} asked: false alarms, mean of the sets", float(np.mean([*rates.values()]))),
            Figure(f"{rate:.0%} asked: most above asked + 1/(n + 1), of any set", excess, most=0),
            Figure(f"{rate:.0%} asked: the highest set, times asked", max(rates.values()) / rate, most=ABOVE),
        ]
    return Result(figures, table(reached), {"splits": {name: found.tolist() for name, found in reached.items()}})


def of_set(name: str, quick: bool) -> np.ndarray:
    """Return the fraction of fresh pictures that is flagged, (splits, rates)."""
    return np.array([kept(photos(name, seed, quick)) for seed in SPLITS[: 2 if quick else None]])


def kept(split: Photos) -> list[float]:
    """Return the fraction for each rate as a row, which is measured once."""
    inputs = (split.seed, [path.name for path in (*split.train, *split.good)])
    found = rows.ours(f"{split.name}, split {split.seed}", lambda: fractions(split), *inputs)
    say(f"{split.name}, split {split.seed}: {', '.join(f'{one:.3f}' for one in found)}")
    return list(found)


def fractions(split: Photos) -> list[float]:
    detector = Ours(NAME, split.seed, false_alarm_rate=RATES[-1]).fit(split.train)
    return [detector.flagged(split.good, rate) / len(split.good) for rate in RATES]


def table(reached: dict[str, np.ndarray]) -> list[list[Any]]:
    """Return a row for each set, with the mean rate and its standard deviation over splits."""
    head = ["false alarms", *(f"{rate:.0%} asked" for rate in RATES), *(f"{rate:.0%}: deviation" for rate in RATES)]
    return [head, *([name, *found.mean(0).tolist(), *found.std(0).tolist()] for name, found in reached.items())]
