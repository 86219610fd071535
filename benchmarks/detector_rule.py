"""The rule of the detector on the 23 tables of ADBench: what each score adds, and constants chosen without the table.

The protocol is that of `adbench`. Neighbours are tried with 5 and 10 of them, with three strengths of the local scaling
and three weights of the residual, and are joined with tails and residual at several weights: 756 rules. For each group
of tables that are kin (from one source, or one the preparation of another) the rule is chosen that is best on all other
tables, by the mean of AUROC and average precision, and judged on the group. The rule that is built in is one of them,
and the ablation takes scores out of it. Each is trained once; rules differ in what is made of its scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.support import rows
from benchmarks.support.anomaly_peers import contest, ours
from benchmarks.support.figures import Figure, Result
from benchmarks.support.oneclass import Case, cases
from benchmarks.support.peers import needs
from benchmarks.support.scoreboard import Scoreboard
from benchmarks.support.timing import say
from isthmus.parts.scores.joined import WEIGHTS, Joined
from isthmus.parts.scores.neighbours import Neighbours
from isthmus.parts.scores.residuals import Residual
from isthmus.parts.scores.tails import Tails

SEEDS, PEERS = range(3), ("AutoEncoder", "KNN", "LOF")
KIN = (
    ("6_cardio", "7_Cardiotocography"),
    ("19_landsat", "30_satellite", "31_satimage-2"),
    ("2_annthyroid", "38_thyroid"),
    ("4_breastw", "42_WBC"),
    ("16_http", "34_smtp"),
)
NEIGHBOURS = tuple(product((5, 10), (0.0, 0.5, 1.0), (0.2, 0.4, 0.8)))
TAILS, RESIDUAL = (0.0, 0.1, 0.2, 0.25, 0.33, 0.5), (0.0, 0.1, 0.15, 0.2, 0.25, 0.33, 0.5)
BUILT_IN = (NEIGHBOURS.index((5, 0.5, 0.4)), *WEIGHTS)
ABLATION = {
    "neighbours, tails and residual": WEIGHTS,
    "without residual": (1, WEIGHTS[1], 0),
    "without tails": (1, 0, WEIGHTS[2]),
    "neighbours alone": (1, 0, 0),
    "without neighbours (keep_rows=False)": (0, WEIGHTS[1], WEIGHTS[2]),
    "tails alone": (0, 1, 0),
    "residual alone": (0, 0, 1),
}
Rule = tuple[int, float, float, float]
"""The number of the neighbours, and the weights of neighbours, tails and residual."""


def run(quick: bool) -> Result:
    needs("pyod")
    seeds = SEEDS[: 1 if quick else None]
    board = contest(cases("adbench", seeds, quick), PEERS)
    rules = [(at, 1.0, *pair) for at in range(len(NEIGHBOURS)) for pair in product(TAILS, RESIDUAL)]
    rules += [(BUILT_IN[0], *map(float, weights)) for weights in ABLATION.values()]
    values: dict[str, list[Any]] = {}
    for case in cases("adbench", seeds, quick):
        name = f"{case.table}, seed {case.seed}"
        inputs = (case.ours.train, case.ours.test, case.ours.y, case.seed, rules)
        values.setdefault(case.table, []).append(rows.ours(name, partial(judged, case, rules), *inputs))
    tables = list(values)
    mean = np.array([np.mean(values[table], axis=0) for table in tables])  # (tables, rules, 2)
    apart, chosen = left_out(mean, tables)
    built_in = mean[:, rules.index(BUILT_IN)]
    figures = [
        Figure("constants chosen without the table's group: mean AUROC", float(apart[:, 0].mean()), least=0.928),
        *ahead(board, "AUROC", float(apart[:, 0].mean()), board.means()),
        Figure("constants chosen without the table's group: mean average precision", float(apart[:, 1].mean())),
        *ahead(board, "average precision", float(apart[:, 1].mean()), board.means("precision")),
        Figure("the built-in rule: mean AUROC", float(built_in[:, 0].mean())),
        Figure("the built-in rule: mean average precision", float(built_in[:, 1].mean())),
        worst(board, tables, built_in[:, 0]),
    ]
    ablation = [["scores", "AUROC", "average precision"]]
    for name, weights in ABLATION.items():
        auroc, precision = mean[:, rules.index((BUILT_IN[0], *map(float, weights)))].mean(0)
        ablation.append([name, float(auroc), float(precision)])
    return Result(figures, ablation, {"chosen": {k: rules[at] for k, at in chosen.items()}, "board": board.record()})


def judged(case: Case, rules: Iterable[Rule]) -> list[list[float]]:
    """Return AUROC and average precision of each rule on one split."""
    surprisals = of_scores(case)
    verdicts = []
    for at, near, tails, residual in rules:
        score = near * surprisals[:, at] + surprisals[:, -2:] @ np.array([tails, residual])
        verdicts.append([roc_auc_score(case.ours.y, score), average_precision_score(case.ours.y, score)])
    say(f"{case.table}, seed {case.seed}: best AUROC of the rules {max(verdict[0] for verdict in verdicts):.4f}")
    return verdicts


def of_scores(case: Case) -> np.ndarray:
    """Return the surprisal of each score for the test rows, of shape (n, scores)."""
    scores = [Neighbours(k, local=local, residual=weight) for k, local, weight in NEIGHBOURS]
    detector = ours(case.seed, scorer=Joined([*scores, Tails(), Residual()])).fit(case.ours.train)
    ae, joined = detector.autoencoder_, detector.score_
    with torch.no_grad():
        pieces = (ae.data_.batch(columns) for columns in ae.columns(case.ours.test))
        found = [joined.surprisals(ae.model_(batch, False), ae.model_) for batch in pieces]
    surprisals = torch.cat(found).double().numpy()
    if surprisals.shape[1] != len(scores) + 2:
        raise RuntimeError(f"{case.table}: a score was left out")
    return surprisals


def left_out(mean: np.ndarray, tables: list[str]) -> tuple[np.ndarray, dict[str, int]]:
    """Return what the rule chosen on the other groups reaches on each table, (tables, 2), and its number."""
    apart, chosen = np.empty((len(tables), 2)), {}
    for index, table in enumerate(tables):
        kin = next((group for group in KIN if table in group), (table,))
        others = [at for at, name in enumerate(tables) if name not in kin] or [index]
        chosen[table] = int(mean[others].sum(2).mean(0).argmax())
        apart[index] = mean[index, chosen[table]]
    return apart, chosen


def ahead(board: Scoreboard, what: str, reached: float, by: Mapping[str, float]) -> list[Figure]:
    second = max(PEERS, key=by.__getitem__)
    return [Figure(f"the same, less the {what} of the best peer, {second}", reached - by[second], least=0.006)]


def worst(board: Scoreboard, tables: list[str], auroc: np.ndarray) -> Figure:
    """Return how far the rule is below the best peer where it is furthest."""
    peers = board.values("auroc")[:, [board.detectors.index(name) for name in PEERS]].max(1)
    below = dict(zip(board.verdicts, peers, strict=True))
    gaps = {table: float(value - below[table]) for table, value in zip(tables, auroc, strict=True)}
    table = min(gaps, key=gaps.__getitem__)
    return Figure(f"the built-in rule, less the best peer on its worst table, {table}", gaps[table], least=-0.05)
