"""Synthetic rows of adult and California housing, beside TVAE of the `ctgan` package (Xu 2019); all defaults.

10,000 rows of each table are learnt from, and as many new ones drawn; 10,000 fresh real rows are what is compared with
and tested on. Gradient boosting is trained on the drawn rows and tested on the fresh ones: AUROC of the income, R² of
the house value. A copy equals a training row in every cell. The distance is the median over rows to the closest row
learnt from, numbers in standard deviations; that of fresh rows is 1. TVAE takes no missing cells: it gets the median
for numbers, and a category of its own for texts. Means over two seeds; both train in turn, with as many threads.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch

from benchmarks.support import rows as kept
from benchmarks.support.figures import Figure, Result
from benchmarks.support.machine import speed
from benchmarks.support.peers import needs
from benchmarks.support.synthesis import FILES, Halves, halves
from benchmarks.support.timing import say, timed
from isthmus import Autoencoder

ROWS, SEEDS = 10_000, (0, 1)
SCORES = {"adult": "AUROC", "California housing": "R²"}
GAP = "(missing)"

Maker = Callable[[Halves, int, bool], tuple[float, pd.DataFrame]]
"""Returns the seconds of training, and the rows that are drawn."""


def run(quick: bool) -> Result:
    needs("ctgan")
    rows, seeds = (1000, SEEDS[:1]) if quick else (ROWS, SEEDS)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for name in FILES:
        runs = [compared(halves(name, seed, rows), seed, quick) for seed in seeds]
        found[name] = {who: means([each[who] for each in runs]) for who in runs[0]}
        say(f"{name}: {found[name]}")
    figures = [figure for name, measured in found.items() for figure in figures_of(name, measured)]
    heads = ["table", "rows", "score", "training, s", "copies, %", "distance to the closest row"]
    lines = [[name, who, *cells(values)] for name, measured in found.items() for who, values in measured.items()]
    return Result(figures, [heads, *lines], details={"rows": ROWS, "seeds": SEEDS})


def compared(table: Halves, seed: int, quick: bool) -> dict[str, dict[str, float]]:
    """Return what is measured of fresh rows, and of those drawn by isthmus and by TVAE, each as a row of its own."""
    where, inputs = f"{table.target}, seed {seed}", (table.train, table.fresh, seed)

    def measured(make: Maker) -> dict[str, float]:
        seconds, drawn = make(table, seed, quick)
        near = {"copies": 100 * table.copies(drawn), "distance": table.distance(drawn) / table.distance(table.fresh)}
        return {"score": table.usefulness(drawn), "seconds": seconds, **near}

    return {
        "real": kept.theirs(f"{where}, real", lambda: real(table), "scikit-learn", *inputs),
        "isthmus": kept.ours(f"{where}, isthmus", lambda: measured(ours), *inputs),
        "TVAE": kept.theirs(f"{where}, TVAE", lambda: measured(theirs), "ctgan", *inputs, speed()),
    }


def real(table: Halves) -> dict[str, float]:
    """Return what is measured of the rows that are learnt from, and of fresh ones."""
    copies = 100 * table.copies(table.fresh)
    return {"score": table.usefulness(table.train), "seconds": float("nan"), "copies": copies, "distance": 1.0}


def ours(table: Halves, seed: int, quick: bool) -> tuple[float, pd.DataFrame]:
    ae = Autoencoder("variational", random_state=seed, verbose=False, epochs=1 if quick else None)
    seconds, _ = timed(lambda: ae.fit(table.train))
    return seconds, ae.sample(len(table.train), random_state=seed)


def theirs(table: Halves, seed: int, quick: bool) -> tuple[float, pd.DataFrame]:
    from ctgan import TVAE

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (what TVAE draws from)
    full = table.train.fillna(dict.fromkeys(table.texts, GAP)).fillna(table.train.median(numeric_only=True))
    full[table.texts] = full[table.texts].astype(object)
    peer = TVAE(**({"epochs": 1} if quick else {}))
    seconds, _ = timed(lambda: peer.fit(full, table.texts))
    return seconds, peer.sample(len(full)).mask(lambda rows: rows == GAP)


def cells(values: dict[str, float]) -> list[float | str]:
    """Return what stands in a line of the table; nothing where there is no number."""
    return ["" if np.isnan(value) else value for value in values.values()]


def means(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([each[name] for each in runs])) for name in runs[0]}


def figures_of(name: str, measured: dict[str, dict[str, float]]) -> list[Figure]:
    mine, peer, real = (measured[who] for who in ("isthmus", "TVAE", "real"))
    return [
        Figure(f"{name}: {SCORES[name]} from synthetic rows (bar: TVAE's)", mine["score"], least=peer["score"]),
        Figure(f"{name}: the same from real rows", real["score"]),
        Figure(f"{name}: training, fraction of TVAE's time", mine["seconds"] / peer["seconds"], most=1),
        Figure(f"{name}: copies beyond those among fresh rows", mine["copies"] - real["copies"], "%", most=1),
        Figure(f"{name}: distance to the closest training row, fresh rows = 1", mine["distance"], least=0.9),
    ]
