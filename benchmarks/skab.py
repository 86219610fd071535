"""A water loop with valves that close (SKAB): faults of eight sensors, point-wise, by the set's own protocol.

Each file trains on its first 400 rows and is scored whole; true and false alarms are counted over all files. Ours is an
`AnomalyDetector` with a linear autoencoder of windows of 60 seconds and `scorer="channel"`: the error of the channel
reconstructed worst, averaged over the windows that cover a time step. Rules are the same for all files: ours alarms
above 2.7 times the highest score of the training rows, PCA (T² or Q, five components) and the isolation forest above
the 99 % quantile of theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.support import rows
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result
from benchmarks.support.timing import say
from benchmarks.support.windows import forest_scores, watcher
from isthmus import AnomalyDetector
from isthmus.apps.figures.signal import signal_figure
from isthmus.tasks.anomaly.intervals import intervals

TRAINING, WINDOW, LATENT, FACTOR = 400, 60, 16, 2.7
LABELS = ["anomaly", "changepoint"]

Alarms = Callable[[Any], np.ndarray]
"""From the sensors of a file to whether each time step is an alarm."""


def run(quick: bool) -> Result:
    files = sorted(
        path for folder in ("valve1", "valve2", "other") for path in found(f"sensors/skab/{folder}").iterdir()
    )
    rules = {"isthmus": ours, "PCA (T² or Q)": pca, "isolation forest": forest, "always alarm": always}
    counts = {name: np.zeros(4) for name in rules}
    for path in files[: 2 if quick else None]:
        X, y = read(path)
        where = f"{path.parent.name}/{path.name}"
        for name, rule in rules.items():
            counts[name] += counted(f"{where}, {name}", rule, X, y)
        say(f"{where}: done")
    figures = [
        Figure("F1, all files", f1(counts["isthmus"]), least=0.784),
        Figure("false alarms", false_alarms(counts["isthmus"]), most=0.15),
        *(Figure(f"F1: {name}", f1(counted)) for name, counted in counts.items() if name != "isthmus"),
    ]
    rows = [[name, f1(c), false_alarms(c), missed(c)] for name, c in counts.items()]
    return Result(figures, [["", "F1", "false alarms", "missed"], *rows], {"files": len(files)})


def counted(row: str, rule: Alarms, X: Any, y: np.ndarray) -> np.ndarray:
    """Return the confusion of one rule on one file, counted once."""

    def count() -> list[float]:
        return confusion(rule(X), y).tolist()

    if rule is ours:
        return np.array(rows.ours(row, count, X, y))
    return np.array(rows.theirs(row, count, "scikit-learn", X, y, TRAINING))


def read(path: Any) -> tuple[Any, np.ndarray]:
    """Return the sensors with their times, and whether each time step is a fault."""
    import pandas as pd

    frame = pd.read_csv(path, sep=";")
    return frame.drop(columns=LABELS), frame["anomaly"].to_numpy() > 0


def ours(X: Any) -> np.ndarray:
    return detector(X).predict(X) == -1


def detector(X: Any) -> AnomalyDetector:
    """Return a detector that was trained on the first rows of a file."""
    made = watcher(WINDOW, LATENT, "channel").fit(X[:TRAINING])
    return made.set_threshold(value=FACTOR * float(made.training_scores_.max()))


def image(name: str = "valve1/12.csv") -> str:
    """Return the drawing of one file that stands in the documentation."""
    X, y = read(found(f"sensors/skab/{name}"))
    made = detector(X)
    signals = made.autoencoder_.data_
    times, names = signals.times(X), signals.channel_names()
    known = [(one.start, one.end) for one in intervals(y, 0.5, times=times)]
    return signal_figure(
        X[names].to_numpy(),
        made.anomaly_score(X),
        made.threshold_,
        made.intervals(X),
        times=times,
        names=names,
        known=known,
        title="A water loop while a valve closes",
        log=True,
    ).svg()


def pca(X: Any) -> np.ndarray:
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    values = X.drop(columns="datetime").to_numpy()
    Z = StandardScaler().fit(values[:TRAINING]).transform(values)
    parts = PCA(5).fit(Z[:TRAINING])
    codes = parts.transform(Z)
    t2 = (codes**2 / parts.explained_variance_).sum(1)
    q = np.square(Z - parts.inverse_transform(codes)).sum(1)
    return above(t2) | above(q)


def forest(X: Any) -> np.ndarray:
    values = X.drop(columns="datetime").to_numpy()
    return above(forest_scores(values[:TRAINING], values))


def always(X: Any) -> np.ndarray:
    return np.ones(len(X), dtype=bool)


def above(scores: np.ndarray) -> np.ndarray:
    return scores > np.quantile(scores[:TRAINING], 0.99)


def confusion(alarms: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how many time steps are true alarms, false alarms, missed, and rightly quiet."""
    return np.array([(alarms & y).sum(), (alarms & ~y).sum(), (~alarms & y).sum(), (~alarms & ~y).sum()], dtype=float)


def f1(counted: np.ndarray) -> float:
    true, false, gone, _ = counted
    return 2 * true / (2 * true + false + gone)


def false_alarms(counted: np.ndarray) -> float:
    return counted[1] / (counted[1] + counted[3])


def missed(counted: np.ndarray) -> float:
    return counted[2] / (counted[0] + counted[2])
