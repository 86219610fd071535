"""Anomalies among images of one size, by the whole image: digits, photographs, chest X-rays and brain MRI.

Normal images alone are for training, with defaults and means over three seeds. MNIST and the 1,500 + 300 images of
CIFAR-10: each class in turn is the normal one, with 2,000 and 150 of it for training; all classes are in the test, of
MNIST a random 1,000. Pneumonia: the healthy of the training images, and all test images. Brain MRI: a random half of
the healthy for training, all others for the test, five seeds. Fashion-MNIST, as MNIST but with one seed, and the faces
of 10 of the 40 persons of ORL, of whom half of the images are for training, say whether defaults that were chosen on
the others hold. PyOD's detectors get the same pixels as rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from statistics import mean

import numpy as np

from benchmarks.support.anomaly_peers import OURS, contest
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result
from benchmarks.support.oneclass import Case, Split
from benchmarks.support.peers import needs
from benchmarks.support.scoreboard import Scoreboard
from isthmus.data.io import datasets

SEEDS, MRI_SEEDS, PEERS = 3, 5, ("KNN", "AutoEncoder", "DeepSVDD")
DIGITS, TEST = 2000, 1000
BARS = {"mnist": 0.97, "cifar-10": 0.65, "pneumonia": 0.82, "brain mri": 0.82}
BETTER = {"mnist", "cifar-10"}
"""Sets on which isthmus must be above all of PyOD's."""
PERSONS, SHOTS = 10, 5


def run(quick: bool) -> Result:
    needs("pyod")
    board = contest(islice(cases(quick), 2 if quick else None), PEERS)
    auroc = by_set(board)
    figures = [Figure(f"AUROC, {name}", values[OURS], least=BARS.get(name)) for name, values in auroc.items()]
    for name in sorted(auroc.keys() & BETTER):
        best = max(auroc[name][peer] for peer in PEERS)
        figures.append(Figure(f"AUROC less that of the best of PyOD, {name}", auroc[name][OURS] - best, least=0))
    table = [["AUROC", *board.detectors], *([name, *values.values()] for name, values in auroc.items())]
    return Result(figures, table, board.record())


def by_set(board: Scoreboard) -> dict[str, dict[str, float]]:
    """Return the mean AUROC of each set of images, over its classes, for each detector."""
    sets: dict[str, list[dict[str, float]]] = {}
    for table, values in zip(board.verdicts, board.values("auroc"), strict=True):
        sets.setdefault(table.partition(",")[0], []).append(board.by_detector(values))
    return {name: {one: mean(each[one] for each in runs) for one in board.detectors} for name, runs in sets.items()}


def cases(quick: bool) -> Iterator[Case]:
    """Yield the splits of all sets of images."""
    for seed in range(1 if quick else SEEDS):
        for name in ("mnist",) if seed else ("mnist", "fashion-mnist"):
            yield from classes(name, seed, *digits(name, seed, quick), most=50 if quick else DIGITS)
        yield from classes("cifar-10", seed, *archive("cifar10/cifar10_subset.npz", "train_", "test_"), most=None)
        yield case("pneumonia", seed, pneumonia())
        yield case("faces", seed, faces(seed))
    for seed in range(1 if quick else MRI_SEEDS):
        yield case("brain mri", seed, brains(seed))


def classes(
    name: str, seed: int, X: np.ndarray, y: np.ndarray, T: np.ndarray, t: np.ndarray, most: int | None
) -> Iterator[Case]:
    """Yield one case for each class: so many of its images for training, all classes for the test."""
    rng = np.random.default_rng(seed)
    for label in np.unique(y):
        chosen = rng.permutation(np.flatnonzero(y == label))[:most]
        yield case(f"{name}, {label}", seed, Split(X[chosen], T, (t != label).astype(int)))


def digits(name: str, seed: int, quick: bool) -> tuple[np.ndarray, ...]:
    """Return training images and labels, and those of a random part of the test."""
    found(name)
    train, test = (datasets.load(name, part) for part in ("train", "test"))
    some = np.random.default_rng(seed).permutation(len(test.X))[: 100 if quick else TEST]
    return train.X, train.y, test.X[some], test.y[some]


def archive(path: str, *parts: str) -> tuple[np.ndarray, ...]:
    """Return images and labels of each part of an archive."""
    with np.load(found(path)) as arrays:
        return tuple(arrays[part + what].squeeze() for part in parts for what in ("images", "labels"))


def pneumonia() -> Split:
    X, y, T, t = archive("medical/pneumoniamnist_balanced.npz", "train_", "test_")
    return Split(X[y == 0], T, t.astype(int))


def brains(seed: int) -> Split:
    X, y = archive("medical/brain_mri_96.npz", "")
    healthy = np.random.default_rng(seed).permutation(np.flatnonzero(y == 0))
    test = np.r_[healthy[len(healthy) // 2 :], np.flatnonzero(y)]
    return Split(X[healthy[: len(healthy) // 2]], X[test], y[test].astype(int))


def faces(seed: int) -> Split:
    with np.load(found("faces/orl_faces.npz")) as arrays:
        X, person, shot = (arrays[name] for name in ("images", "subject", "shot"))
    normal = np.isin(person, np.random.default_rng(seed).permutation(np.unique(person))[:PERSONS])
    train = normal & (shot <= SHOTS)
    return Split(X[train], X[~train], (~normal[~train]).astype(int))


def case(table: str, seed: int, split: Split) -> Case:
    """Return a case in which the peers get pixels as rows."""
    train, test = ((X.reshape(len(X), -1) / 255).astype(np.float32) for X in (split.train, split.test))
    return Case(table, seed, split, Split(train, test, split.y))
