"""Scoring: the scores of a detector for the rows of a report, each computed once."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from isthmus.apps.report.labels import groups_of
from isthmus.data.tables.rows import some
from isthmus.tasks.anomaly.drift import ALARM, drift

BLOCKS = 10
"""Pieces in the order of the rows that are compared with the calibration."""


class Scoring:
    """A detector and what it scores.

    Parameters
    ----------
    detector : AnomalyDetector
        Fitted.
    X : rows, or a signal
    index : ndarray of shape (n,)
        The user's number of each row.
    labels : ndarray of shape (n,), or None

    Attributes
    ----------
    scores, p_values : ndarray of shape (n,)
    flagged : bool ndarray of shape (n,)
    """

    def __init__(self, detector: Any, X: Any, index: np.ndarray, labels: np.ndarray | None) -> None:
        self.detector, self.X, self.index, self.labels = detector, X, index, labels
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is new in these rows
            scored = detector.score_rows(X)
        self.scores, self.p_values, self.flagged = scored["score"], scored["p_value"], scored["flagged"]

    @property
    def threshold(self) -> float:
        """The score above which rows are flagged, unless their group has one of its own."""
        return float(self.detector.threshold_)

    @property
    def by_label(self) -> dict[str, np.ndarray]:
        """The scores of the rows of each label; of all rows where there are no labels."""
        groups = {"": np.ones(len(self.scores), bool)} if self.labels is None else groups_of(self.labels)
        return {name: self.scores[mask] for name, mask in groups.items()}

    def worst(self, n: int) -> np.ndarray:
        """Return the indices of the rows with the highest scores, the highest first."""
        return np.argsort(-np.nan_to_num(self.scores, nan=-np.inf), kind="stable")[:n]

    def titles(self, at: Sequence[int] | np.ndarray) -> list[str]:
        """Return what some rows are called: their number, and their label."""
        labels = [""] * len(self.scores) if self.labels is None else [f" ({label})" for label in self.labels]
        return [f"row {self.index[row]:,}{labels[row]}" for row in at]

    def contributions(self, at: np.ndarray) -> Any:
        """Return what contributes to the scores of some rows, as the detector explains them."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.detector.explain(some(self.X, at))

    @cached_property
    def drift(self) -> list[dict[str, Any]]:
        """How the scores drift from those of the calibration, block by block."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the page says it
            return drift(self.scores, self.flagged, self.detector.calibration_scores_, min(BLOCKS, len(self.scores)))


def drifts(block: dict[str, Any], blocks: int) -> bool:
    """Tell whether one of so many blocks drifts."""
    return bool(block["p"] < ALARM / blocks)
