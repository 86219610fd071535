"""Anomalies in 23 tables of ADBench, with normal rows only for training, beside eight detectors of PyOD.

Tables are cut to 20,000 rows, keeping the fraction of anomalies but at least 50 of them, or all. A random half of the
normal rows is for training; the other half and all anomalies are the test set. All detectors get float32 columns
standardised by the training rows, use their defaults, and take turns; figures are means over three seeds. Seconds are
sums over the tables; those of PyOD's `fit` include its scores of the training rows. Where columns determine each other,
PyOD's PCA divides by a variance of zero; its scores, all infinite, count as ties: an AUROC of 0.5.
"""

from __future__ import annotations

from benchmarks.support.anomaly_peers import OURS, contest
from benchmarks.support.figures import Figure, Result
from benchmarks.support.oneclass import cases
from benchmarks.support.peers import needs
from benchmarks.support.scoreboard import lead

SEEDS = range(3)


def run(quick: bool) -> Result:
    needs("pyod")
    board = contest(cases("adbench", SEEDS[: 1 if quick else None], quick))
    auroc, ranks, precision = board.means(), board.ranks(), board.means("precision")
    fit, score = board.totals("fit"), board.totals("score")
    ahead, second = lead(auroc)
    ahead_in_rank, second_in_rank = lead({name: -rank for name, rank in ranks.items()})
    figures = [
        Figure("mean AUROC", auroc[OURS], least=0.928),
        Figure(f"mean AUROC less that of the best peer, {second}", ahead, least=0.006),
        Figure("mean rank", ranks[OURS]),
        Figure(f"mean rank less that of the best peer, {second_in_rank}", -ahead_in_rank, most=0),
        Figure("mean average precision", precision[OURS]),
        Figure("fit, all tables, as a fraction of PyOD's AutoEncoder's", fit[OURS] / fit["AutoEncoder"], most=0.6),
        Figure("scoring, all tables, as a fraction of PyOD's KNN's", score[OURS] / score["KNN"], most=1),
    ]
    return Result(figures, board.by_table(), board.record())
