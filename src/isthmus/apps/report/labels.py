"""Labels: groups of rows by the user's labels."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np

from isthmus import InputError

GROUPS = 10
"""Groups at most, one for each colour."""

CLASSES = 50
"""Whole numbers with more values than these are no names of classes."""

BINS = 5
OTHER = "others"


def labels_of(y: Any, rows: int) -> np.ndarray:
    """Return labels of shape (rows,).

    Raises
    ------
    InputError
        There is not one label for each row.
    """
    labels = np.asarray(y)
    if labels.shape != (rows,):
        raise InputError(f"y has shape {labels.shape}, but there are {rows} rows in X: give one label for each row")
    if labels.dtype.kind == "f" and np.all((np.abs(labels) < 2**53) & (labels == np.rint(labels))):
        return labels.astype(np.int64)  # classes that a file wrote as 0.0 and 1.0
    return labels


def ordered(labels: np.ndarray) -> bool:
    """Tell whether labels are numbers with too many values to be names of classes."""
    limit = {"f": GROUPS, "i": CLASSES, "u": CLASSES}.get(labels.dtype.kind)
    return limit is not None and len(np.unique(labels)) > limit


def groups_of(labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return a mask for each group: labels, with the rarer ones together, or quantiles of numbers."""
    if ordered(labels):
        return _quantiles(labels.astype(float))
    names = labels.astype(str)
    count = Counter(names.tolist())
    common = [name for name, _ in count.most_common(GROUPS if len(count) <= GROUPS else GROUPS - 1)]
    order = {str(label): at for at, label in enumerate(np.unique(labels))} if labels.dtype.kind != "O" else {}
    groups = {name: names == name for name in sorted(common, key=lambda name: (order.get(name, 0), name))}
    rest = ~np.isin(names, common)
    return {**groups, OTHER: rest} if rest.any() else groups


def _quantiles(values: np.ndarray) -> dict[str, np.ndarray]:
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, BINS + 1)))
    bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    return {f"{a:.3g} to {b:.3g}": bins == k for k, (a, b) in enumerate(pairwise(edges))}


def spread(labels: np.ndarray | None, n: int, rows: int, seed: int = 0) -> np.ndarray:
    """Return the indices of `n` rows drawn at random, in turn from each group where there are labels."""
    order = np.random.default_rng(seed).permutation(rows)
    if labels is None:
        return order[:n]
    groups = [order[mask[order]] for mask in groups_of(labels).values()]
    turns = max(map(len, groups))
    return np.array([group[turn] for turn in range(turns) for group in groups if turn < len(group)][:n])
