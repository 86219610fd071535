"""Online scores of eight sensors (SKAB): the time for each time step, and the difference to scores of the whole file.

Each detector is trained on the first 400 rows of one file and scores its last 600, once whole and once
step by step. A time step takes from the call for the next score to that score. A difference is divided by the score
itself where that is above one.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.skab import TRAINING, read
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result
from isthmus import AnomalyDetector, Autoencoder
from isthmus.data.signals.signals import Signals

FILE, WINDOW, SCORED = "sensors/skab/valve1/12.csv", 60, 600
SCORERS = ("neighbours", "residual", "error", "channel", "monitoring")


def run(quick: bool) -> Result:
    X = read(found(FILE))[0]
    rows: list[list[Any]] = [["autoencoder", "scorer", "mean ms", "99 % ms", "difference to the batch"]]
    for variant, scorer in [("linear", "channel"), *(("denoising", scorer) for scorer in SCORERS)]:
        detector = trained(variant, scorer, X[:TRAINING], 1 if quick else 10)
        rows.append([variant, scorer, *measured(detector, X[-(100 if quick else SCORED) :])])
    slowest, farthest = (max(row[at] for row in rows[1:]) for at in (2, 4))
    return Result(
        [
            Figure("slowest detector, mean for a time step", slowest, "ms", most=5),
            Figure("slowest detector, 99 % of the time steps", max(row[3] for row in rows[1:]), "ms", most=5),
            Figure("largest difference to the batch", farthest, most=1e-5),
        ],
        rows,
        {"channels": X.shape[1] - 1, "window": WINDOW},
    )


def trained(variant: str, scorer: str, X: Any, epochs: int) -> AnomalyDetector:
    data = Signals(window=WINDOW, time="datetime")
    ae = Autoencoder(variant, 16, data=data, epochs=epochs, random_state=0, verbose=False)
    return AnomalyDetector(ae, scorer, contamination=0.01, random_state=0).fit(X)


def measured(detector: AnomalyDetector, X: Any) -> tuple[float, float, float]:
    """Return milliseconds for a time step, mean and 99 %, and the largest difference to the batch."""
    scores, took = [], []
    stream = detector.score_stream(X.to_dict("records"))
    began = time.perf_counter()
    for score in stream:
        now = time.perf_counter()
        took.append(1000 * (now - began))
        scores.append(score)
        began = now
    whole = detector.anomaly_score(X)
    apart = np.abs(np.array(scores) - whole) / np.maximum(1, np.abs(whole))
    return float(np.mean(took)), float(np.quantile(took, 0.99)), float(apart.max())
