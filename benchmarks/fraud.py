"""Credit-card fraud: 492 frauds among 3,709 payments, 1,608 normal ones for training, beside eight detectors of PyOD.

The protocol is that of `adbench`: a random half of the normal rows for training, the other half and all frauds for the
test. `Time` and `Amount` stay in. Ours gets the DataFrame as it is; PyOD's detectors get float32 columns standardised
by the training rows. Defaults; means over ten seeds. Frauds are 23 % of the test rows, which is the average precision
of chance.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.support.anomaly_peers import OURS, contest
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result
from benchmarks.support.oneclass import Case, cap, one_class, standardised
from benchmarks.support.peers import needs
from benchmarks.support.scoreboard import lead

SEEDS = range(10)


def run(quick: bool) -> Result:
    needs("pyod")
    board = contest(payments(SEEDS[: 1 if quick else None], quick))
    precision = board.means("precision")
    ahead, second = lead(precision)
    figures = [
        Figure("average precision", precision[OURS], least=0.938),
        Figure(f"average precision less that of the best peer, {second}", ahead, least=0),
        Figure("AUROC", board.means()[OURS]),
    ]
    return Result(figures, board.by_measure(), board.record())


def payments(seeds: range, quick: bool) -> Iterator[Case]:
    import pandas as pd

    frame = pd.read_csv(found("fraud/creditcard_492frauds_3k_normals.csv"))
    y = frame.pop("Class").to_numpy(int)
    for seed in seeds:
        split = one_class(frame, y, seed, cap(quick))
        yield Case("credit cards", seed, split, standardised(split))
