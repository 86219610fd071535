"""The 23 tables of ADBench without labels: each detector is trained on the whole table and scores it.

Tables are cut to 20,000 rows, keeping the fraction of anomalies but at least 50 of them, or all; float32, standardised.
Ours is `AnomalyDetector(contamination=0.1)`, which is PyOD's default too; the peers use their defaults, and return the
scores that they keep of their training rows, which takes no time. Means over three seeds.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.support.anomaly_peers import OURS, contest
from benchmarks.support.figures import Figure, Result
from benchmarks.support.oneclass import Case, cap, standardised, tables, whole
from benchmarks.support.peers import needs

SEEDS, CONTAMINATION = range(3), 0.1
PEERS = ("AutoEncoder", "VAE", "IForest", "KNN", "ECOD")


def run(quick: bool) -> Result:
    needs("pyod")
    board = contest(unlabelled(SEEDS[: 1 if quick else None], quick), PEERS, contamination=CONTAMINATION)
    auroc = board.means()
    figures = [
        Figure("mean AUROC", auroc[OURS], least=0.849),
        *(Figure(f"mean AUROC less {name}'s", auroc[OURS] - auroc[name], least=0) for name in ("AutoEncoder", "VAE")),
        Figure("mean AUROC less IForest's, the goal", auroc[OURS] - auroc["IForest"]),
        Figure("mean average precision", board.means("precision")[OURS]),
    ]
    return Result(figures, board.by_table(), board.record())


def unlabelled(seeds: range, quick: bool) -> Iterator[Case]:
    for seed in seeds:
        for table, X, y in tables("adbench", quick):
            split = standardised(whole(X, y, seed, cap(quick)))
            yield Case(table, seed, split, split)
