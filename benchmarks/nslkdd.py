"""Intrusions into a network, NSL-KDD: trained on the normal rows of the 20 % file, tested on KDDTest+.

38 columns of numbers and 3 of text; `difficulty` is left out, and every row that is not `normal` is an attack. Ours
gets the DataFrame as it is. PyOD's detectors, which take numbers only, get float32: the texts one-hot, those unknown
to the training rows as zeros, and the numbers standardised by the training rows (one-hot columns too, KNN's AUROC would
be 0.01 lower). PyOD's PCA divides by a variance of zero here; its scores, all infinite, count as equal. Defaults; means
over ten seeds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.support.anomaly_peers import OURS, contest
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result
from benchmarks.support.oneclass import Case, Split
from benchmarks.support.peers import needs
from benchmarks.support.scoreboard import lead

SEEDS = range(10)
TEXTS = ["protocol_type", "service", "flag"]


def run(quick: bool) -> Result:
    needs("pyod")
    board = contest(traffic(SEEDS[: 1 if quick else None], quick))
    auroc = board.means()
    ahead, second = lead(auroc)
    figures = [
        Figure("AUROC", auroc[OURS], least=0.970),
        Figure(f"AUROC less that of the best peer, {second}", ahead, least=0),
        Figure("average precision", board.means("precision")[OURS]),
    ]
    return Result(figures, board.by_measure(), board.record())


def traffic(seeds: range, quick: bool) -> Iterator[Case]:
    train, attacks = connections("KDDTrain+_20Percent.txt")
    test, y = connections("KDDTest+.txt")
    ours = Split(train[attacks == 0][: 300 if quick else None], test[:: 50 if quick else 1], y[:: 50 if quick else 1])
    theirs = numbers(ours)
    return (Case("NSL-KDD", seed, ours, theirs) for seed in seeds)


def connections(file: str) -> tuple[Any, np.ndarray]:
    """Return the connections as a DataFrame, and 1 for each that is an attack."""
    import pandas as pd

    names = pd.read_csv(found("intrusion/nsl_kdd/columns.csv"))["name"].tolist()
    frame = pd.read_csv(found(f"intrusion/nsl_kdd/{file}"), header=None, names=names)
    return frame.drop(columns=["attack", "difficulty"]), (frame["attack"] != "normal").to_numpy(int)


def numbers(split: Split) -> Split:
    """Return the texts one-hot and the numbers standardised, in float32."""
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), TEXTS), remainder=StandardScaler()
    ).fit(split.train)
    train, test = (encoder.transform(frame).astype(np.float32) for frame in (split.train, split.test))
    return Split(train, test, split.y)
