"""The one-class protocol: training on normal rows alone, testing on other normal rows and all anomalies.

A table of more than 20,000 rows is cut to that many first, drawn without replacement; the fraction of anomalies is
kept, but at least 50 of them stay, or all. A random half of the normal rows is for training.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

from benchmarks.support.data import found

CAP, FEWEST = 20_000, 50


@dataclass(frozen=True)
class Split:
    """Training rows, test rows, and 1 for each test row that is an anomaly, else 0; unlabelled: `test` is `train`."""

    train: Any
    test: Any
    y: np.ndarray


@dataclass(frozen=True)
class Case:
    """One table and seed; `ours` and `theirs` hold the same rows, which the peers may need in another form."""

    table: str
    seed: int
    ours: Split
    theirs: Split


def cases(folder: str, seeds: range, quick: bool) -> Iterator[Case]:
    """Yield the standardised one-class splits of all tables of a folder, one seed after the other."""
    for seed in seeds:
        for table, X, y in tables(folder, quick):
            split = standardised(one_class(X, y, seed, cap(quick)))
            yield Case(table, seed, split, split)


def tables(folder: str, quick: bool) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return the name, the rows and the labels of each table; of the two smallest files for a quick run."""
    paths = sorted(found(folder).glob("*.npz"), key=lambda path: path.stat().st_size if quick else number(path.stem))
    loaded = ((path.stem, np.load(path)) for path in paths[: 2 if quick else None])
    return [(name, data["X"], data["y"].astype(int)) for name, data in loaded]


def number(name: str) -> tuple[int, str]:
    """Return what sorts 2_annthyroid before 10_cover."""
    first = name.partition("_")[0]
    return (int(first) if first.isdigit() else 0, name)


def cap(quick: bool) -> int:
    return 400 if quick else CAP


def one_class(X: Any, y: np.ndarray, seed: int, most: int = CAP) -> Split:
    """Return a random half of the normal rows, and the rest.

    Parameters
    ----------
    X : array of shape (n, d) or DataFrame
    y : array of shape (n,)
        1 for an anomaly, 0 for a normal row.
    """
    rng = np.random.default_rng(seed)
    normal, abnormal = capped(y, rng, most)
    half = len(normal) // 2
    test = np.concatenate([normal[half:], abnormal])
    return Split(rows(X, normal[:half]), rows(X, test), y[test])


def capped(y: np.ndarray, rng: np.random.Generator, most: int = CAP) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of the normal and of the abnormal rows that are kept, in random order."""
    normal, abnormal = (rng.permutation(np.flatnonzero(y == label)) for label in (0, 1))
    if len(y) > most:
        anomalies = min(len(abnormal), max(FEWEST, round(most * len(abnormal) / len(y))))
        normal, abnormal = normal[: most - anomalies], abnormal[:anomalies]
    return normal, abnormal


def whole(X: np.ndarray, y: np.ndarray, seed: int, most: int = CAP) -> Split:
    """Return the table as it is, unlabelled: the same rows for training and for testing."""
    kept = np.sort(np.concatenate(capped(y, np.random.default_rng(seed), most)))
    unlabelled = X[kept]
    return Split(unlabelled, unlabelled, y[kept])


def standardised(split: Split) -> Split:
    """Return float32 columns of mean 0 and variance 1 on the training rows; columns constant there are only centred."""
    scaler = StandardScaler().fit(np.asarray(split.train, np.float64))
    train = scaler.transform(np.asarray(split.train, np.float64)).astype(np.float32)
    if split.test is split.train:
        return Split(train, train, split.y)
    return Split(train, scaler.transform(np.asarray(split.test, np.float64)).astype(np.float32), split.y)


def rows(X: Any, index: np.ndarray) -> Any:
    return X.iloc[index] if hasattr(X, "iloc") else X[index]
