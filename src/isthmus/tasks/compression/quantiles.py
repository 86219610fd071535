"""Whole numbers without an order of rows: a class of equally many, which may depend on other columns, and the rest."""

from __future__ import annotations

import numpy as np

CLASSES, PER_CLASS = 64, 200
MAX_RANGE = 2**52


def edges_of(values: np.ndarray) -> np.ndarray | None:
    """Return the lower ends of classes, and the end of the last; None if numbers are too far apart."""
    ordered = np.sort(values)
    if len(values) < 2 or int(ordered[-1]) - int(ordered[0]) >= MAX_RANGE:
        return None
    classes = max(1, min(CLASSES, len(values) // PER_CLASS))
    lower = ordered[np.arange(classes) * len(ordered) // classes]
    return np.unique(np.append(lower, ordered[-1] + 1))


def classes_of(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the class of each number."""
    classes: np.ndarray = np.searchsorted(edges, values, side="right").astype(np.int64) - 1
    return classes
