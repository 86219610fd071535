"""Anomalies in six tables of ADBench, isthmus's detector alone: what `pair` compares two commits by.

The protocol is that of `adbench`: two small tables, two of some thousand rows, two of 20,000; three seeds.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.support.figures import Figure, Result
from benchmarks.support.oneclass import cases
from benchmarks.support.timing import say, timed
from isthmus import AnomalyDetector

TABLES = ("4_breastw", "18_Ionosphere", "2_annthyroid", "40_vowels", "32_shuttle", "22_magic.gamma")
SEEDS = range(3)


def run(quick: bool) -> Result:
    measured: dict[str, list[list[float]]] = {}
    for case in cases("adbench", SEEDS[: 1 if quick else None], quick):
        if quick or case.table in TABLES:
            fit, detector = timed(lambda case=case: AnomalyDetector(random_state=case.seed).fit(case.ours.train))
            score, scores = timed(lambda detector=detector, case=case: detector.anomaly_score(case.ours.test))
            ranked = [judge(case.ours.y, scores) for judge in (roc_auc_score, average_precision_score)]
            measured.setdefault(case.table, []).append([*ranked, fit, score])
            say(f"{case.table}, seed {case.seed}: AUROC {ranked[0]:.4f}, fit {fit:.1f} s")
    auroc, precision, fit, score = np.mean([np.mean(rows, 0) for rows in measured.values()], 0)
    figures = [
        Figure("mean AUROC", auroc),
        Figure("mean average precision", precision),
        Figure("fit, mean", fit, "s"),
        Figure("scoring, mean", score, "s"),
        *(Figure(f"{table}: AUROC", float(np.mean(rows, 0)[0])) for table, rows in measured.items()),
        *(Figure(f"{table}: fit", float(np.mean(rows, 0)[2]), "s") for table, rows in measured.items()),
    ]
    return Result(figures)
