"""Colours: the values by which the points of a map are coloured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from isthmus.apps.report.labels import ordered

MISSING = 65535
"""The index of a category that is not there."""

RANGE = (0.01, 0.99)
"""Quantiles between which the colours of a number lie."""


@dataclass(frozen=True)
class Colour:
    """One value for each example.

    Attributes
    ----------
    title : str
    values : ndarray of shape (n,)
        uint16 indices of the names, or float32 with NaN where it is missing.
    names : list of str, or None
        None: numbers.
    """

    title: str
    values: np.ndarray
    names: list[str] | None = None

    @cached_property
    def bounds(self) -> tuple[float | None, float | None]:
        """The range in which most of the values lie."""
        there = self.values[np.isfinite(self.values)]
        if self.names is not None or not len(there):
            return None, None
        low, high = np.quantile(there, RANGE)
        return float(low), float(high)

    def about(self, id: str) -> dict[str, Any]:
        """Return its description for the page."""
        if self.names is not None:
            return {"id": id, "title": self.title, "kind": "category", "names": self.names}
        low, high = self.bounds
        return {"id": id, "title": self.title, "kind": "number", "low": low, "high": high}


def by_category(codes: np.ndarray, names: list[str], title: str) -> Colour:
    """Return the colour of codes; those that are no index of the names are missing."""
    known = (codes >= 0) & (codes < min(len(names), MISSING))
    return Colour(title, np.where(known, codes, MISSING).astype(np.uint16), names)


def by_number(values: np.ndarray, title: str) -> Colour:
    """Return the colour of numbers."""
    return Colour(title, values.astype(np.float32))


def of_labels(labels: np.ndarray, title: str) -> Colour:
    """Return the colour of labels: classes, or numbers where they are too many to be names of classes."""
    if ordered(labels):
        return by_number(labels, title)
    missing = np.array([label is None or label != label for label in labels.tolist()], dtype=bool)
    known = labels[~missing]
    kept = np.unique(known if known.dtype.kind != "O" else known.astype(str))
    indices = {str(label): at for at, label in enumerate(kept.tolist())}
    codes = [-1 if gone else indices[str(label)] for label, gone in zip(labels.tolist(), missing, strict=True)]
    return by_category(np.array(codes), list(indices), title)
