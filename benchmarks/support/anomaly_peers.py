"""Detectors of anomalies, isthmus's and PyOD's, each with its defaults: made, trained, timed and judged in one way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import import_module
from inspect import signature
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.support import rows
from benchmarks.support.machine import speed
from benchmarks.support.oneclass import Case, Split
from benchmarks.support.scoreboard import Scoreboard, Verdict
from benchmarks.support.timing import say, timed

OURS = "isthmus"
HOMES = {
    "AutoEncoder": "auto_encoder",
    "VAE": "vae",
    "DeepSVDD": "deep_svdd",
    "KNN": "knn",
    "LOF": "lof",
    "IForest": "iforest",
    "ECOD": "ecod",
    "PCA": "pca",
}
PEERS = tuple(HOMES)


@dataclass(frozen=True)
class Peer:
    """A detector of PyOD with the interface of ours; rows that it was trained on get the scores of its training."""

    detector: Any

    def fit(self, X: np.ndarray) -> Peer:
        self.detector.fit(X)
        return self

    def anomaly_score(self, X: np.ndarray, trained_on: bool = False) -> np.ndarray:
        scores = self.detector.decision_scores_ if trained_on else self.detector.decision_function(X)
        return np.minimum(scores, np.finfo(np.float64).max)  # PCA divides by variances of zero; to rank, that will do


def peer(name: str, columns: int, seed: int) -> Peer:
    """Return a detector of PyOD; it gets the seed, the number of columns and to be silent where it asks for them."""
    kind = getattr(import_module(f"pyod.models.{HOMES[name]}"), name)
    offered = {"random_state": seed, "n_features": columns, "verbose": 0}
    return Peer(kind(**{key: value for key, value in offered.items() if key in signature(kind).parameters}))


def ours(seed: int, **settings: Any) -> Any:
    from isthmus import AnomalyDetector

    return AnomalyDetector(random_state=seed, **settings)


def contest(cases: Iterable[Case], peers: tuple[str, ...] = PEERS, **settings: Any) -> Scoreboard:
    """Let all detectors take turns at each case; `settings` are for ours. A round before does not count."""
    board = Scoreboard((OURS, *peers))
    warm_up(board.detectors, settings)
    for case in cases:
        for name in board.detectors:
            verdict = Verdict(**kept(name, case, settings))
            board.add(case.table, name, verdict)
            say(f"{case.table}, seed {case.seed}, {name}: {verdict}")
    return board


def kept(name: str, case: Case, settings: dict[str, Any]) -> dict[str, float]:
    """Return the verdict on one detector and case as a row, which is measured once."""
    row, split = f"{case.table}, seed {case.seed}, {name}", case.ours if name == OURS else case.theirs
    inputs = (split.train, split.test, split.y, case.seed)
    if name == OURS:
        return rows.ours(row, lambda: asdict(judged(name, case, settings)), *inputs, settings)
    return rows.theirs(row, lambda: asdict(judged(name, case, settings)), "pyod", name, *inputs, speed())


def warm_up(names: Iterable[str], settings: dict[str, Any]) -> None:
    """Let each library load, compile and start its threads before anything is timed."""
    X = np.random.default_rng(0).standard_normal((300, 5), dtype=np.float32)
    split = Split(X[:200], X, np.r_[np.zeros(200, int), np.ones(100, int)])
    for name in names:
        judged(name, Case("warm-up", 0, split, split), settings)


def judged(name: str, case: Case, settings: dict[str, Any]) -> Verdict:
    """Train one detector, score the test rows, and compare the scores with the labels."""
    split = case.ours if name == OURS else case.theirs
    detector = ours(case.seed, **settings) if name == OURS else peer(name, split.train.shape[1], case.seed)
    known = {"trained_on": True} if split.test is split.train and name != OURS else {}
    fitting, _ = timed(lambda: detector.fit(split.train))
    scoring, scores = timed(lambda: detector.anomaly_score(split.test, **known))
    return Verdict(
        float(roc_auc_score(split.y, scores)), float(average_precision_score(split.y, scores)), fitting, scoring
    )
