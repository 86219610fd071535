"""Anomalies among embeddings of images and texts: the five tables of 512 to 1,000 columns, normal rows for training.

The protocol is that of `adbench`: a random half of the normal rows for training, the other half and all anomalies for
the test, float32 standardised by the training rows, defaults, means over three seeds.
"""

from __future__ import annotations

from benchmarks.support.anomaly_peers import OURS, contest
from benchmarks.support.figures import Figure, Result
from benchmarks.support.oneclass import cases
from benchmarks.support.peers import needs

SEEDS = range(3)


def run(quick: bool) -> Result:
    needs("pyod")
    board = contest(cases("adbench_embeddings", SEEDS[: 1 if quick else None], quick))
    auroc = board.means()
    figures = [
        Figure("mean AUROC", auroc[OURS], least=0.773),
        *(Figure(f"mean AUROC less {name}'s", auroc[OURS] - auroc[name], least=0) for name in ("AutoEncoder", "KNN")),
        Figure("mean rank", board.ranks()[OURS]),
        Figure("mean average precision", board.means("precision")[OURS]),
    ]
    return Result(figures, board.by_table(), board.record())
