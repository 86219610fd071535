"""A few known anomalies among the rows of the training: 5 and 20 labelled ones, beside PyOD's XGBOD.

The tables of ADBench with at least 40 anomalies; the protocol is that of `adbench`, but half of the anomalies can be
labelled, and the test has the other half. Labelled ones are the first of that half in random order, so that the five
are among the twenty; ours with labels and XGBOD (Zhao & Hryniewicki 2018) are fitted with them and the same normal
rows. Means over three seeds. PyOD's DevNet was tried too: its loss falls without bound, and it ranks below chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from benchmarks.support import rows
from benchmarks.support.anomaly_peers import OURS, ours
from benchmarks.support.figures import Figure, Result
from benchmarks.support.oneclass import Case, cases
from benchmarks.support.peers import needs
from benchmarks.support.timing import say

SEEDS, LABELLED, FEWEST = range(3), (5, 20), 40
LEAST = {5: 0.02, 20: 0.05}
PEER = "XGBOD"


def run(quick: bool) -> Result:
    needs("pyod")
    needs("xgboost")
    reached: dict[tuple[str, int], dict[str, list[float]]] = {}
    names = [(OURS, 0), *((name, labelled) for labelled in LABELLED for name in (OURS, PEER))]
    for case in enough(cases("adbench", SEEDS[: 1 if quick else None], quick), 2 if quick else FEWEST):
        for name, labelled in names:
            value = precision(name, case, labelled)
            reached.setdefault((name, labelled), {}).setdefault(case.table, []).append(value)
            say(f"{case.table}, seed {case.seed}, {name} with {labelled} labelled: average precision {value:.4f}")
    mean = {key: float(np.mean([np.mean(seeds) for seeds in tables.values()])) for key, tables in reached.items()}
    figures = [Figure("mean average precision without labels", mean[OURS, 0])]
    for labelled in LABELLED:
        gain = mean[OURS, labelled] - mean[OURS, 0]
        figures.append(Figure(f"{labelled} labelled: more than without", gain, least=LEAST[labelled]))
        ahead = mean[OURS, labelled] - mean[PEER, labelled]
        figures.append(Figure(f"{labelled} labelled: more than {PEER}", ahead, least=0 if labelled == 5 else None))
    head = ["average precision", *(f"{name}, {labelled}" if labelled else name for name, labelled in names)]
    tables = list(reached[OURS, 0])
    body = [[table, *(float(np.mean(reached[key][table])) for key in names)] for table in tables]
    return Result(figures, [head, *body, ["mean", *(mean[key] for key in names)]], {})


def enough(all_cases: Iterator[Case], fewest: int) -> Iterator[Case]:
    return (case for case in all_cases if case.ours.y.sum() >= fewest)


def precision(name: str, case: Case, labelled: int) -> float:
    """Return the average precision of a detector that knows some anomalies, measured once."""
    train, test, y = case.ours.train, case.ours.test, case.ours.y
    abnormal = np.random.default_rng(case.seed).permutation(np.flatnonzero(y))
    pool, others = np.array_split(abnormal, 2)
    tested = np.sort(np.concatenate([np.flatnonzero(y == 0), others]))
    X = np.concatenate([train, test[pool[:labelled]]])
    known = np.repeat([0, 1], [len(train), len(X) - len(train)])

    def measured() -> float:
        scores = scored(name, X, known, test[tested], case.seed)
        return float(average_precision_score(y[tested], scores))

    inputs = (X, known, test[tested], y[tested], case.seed)
    row = f"{case.table}, seed {case.seed}, {name}, {labelled}"
    if name == OURS:
        return float(rows.ours(row, measured, *inputs))
    return float(rows.theirs(row, measured, "pyod", name, *inputs))


def scored(name: str, X: np.ndarray, y: np.ndarray, test: np.ndarray, seed: int) -> Any:
    """Train a detector on rows of which some are known anomalies, and return the scores of others."""
    if name == OURS:
        return ours(seed).fit(X, y if y.any() else None).anomaly_score(test)
    from pyod.models.xgbod import XGBOD

    return XGBOD(random_state=seed).fit(X, y).decision_function(test)
