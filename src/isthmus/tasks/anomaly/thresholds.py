"""Thresholds: from scores to verdicts, by calibration scores, training scores, or a number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from isthmus.data.sources.in_memory import pieces
from isthmus.data.tables.rows import column
from isthmus.support.errors import InputError
from isthmus.tasks.anomaly.calibration import Calibration, limits
from isthmus.tasks.anomaly.conformal import check_share
from isthmus.tasks.anomaly.drift import monitored


class Thresholds(ABC):
    """Mixin for a detector that has `anomaly_score`: what is flagged, how unusual a score is, whether it drifts."""

    groups: Any
    false_alarm_rate: float
    threshold_: float
    thresholds_: dict[str, float]
    offset_: float
    _calibrated: Calibration
    _trained: Calibration

    @abstractmethod
    def anomaly_score(self, X: Any) -> np.ndarray:
        """Return how abnormal each row is, of shape (n,): higher is more abnormal."""

    def score_samples(self, X: Any) -> np.ndarray:
        """Return minus the anomaly score, of shape (n,): scikit-learn's direction."""
        return -self.anomaly_score(X)

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the threshold less the anomaly score, of shape (n,): below zero is flagged."""
        return self.limits(X) - self.anomaly_score(X)

    def predict(self, X: Any) -> np.ndarray:
        """Return −1 for rows that are flagged, else 1, of shape (n,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def limits(self, X: Any) -> Any:
        """Return the threshold of each row, of shape (n,); a number where there is one for all."""
        check_is_fitted(self)
        labels = self._labels(X) if self.thresholds_ else None
        return self.threshold_ if labels is None else limits(labels, self.threshold_, self.thresholds_)

    def p_values(self, X: Any) -> np.ndarray:
        """Return how unusual each row is among normal ones, of shape (n,).

        The share of calibration rows, the row itself included, whose score is at least as high: of future normal rows
        at most a fraction α has p ≤ α (Vovk 2005). With groups, among the rows of its own group.
        """
        return self._calibrated.p_values(self.anomaly_score(X), self._labels(X))

    def set_threshold(
        self,
        *,
        false_alarm_rate: float | None = None,
        contamination: float | None = None,
        value: float | dict[str, float] | None = None,
    ) -> Self:
        """Set the threshold anew, without training.

        Parameters
        ----------
        false_alarm_rate : float, optional
            Share of future normal rows that are flagged, by the calibration scores.
        contamination : float, optional
            Share of the training rows that are flagged, in each group.
        value : float, or dict of str to float, optional
            The threshold itself; a dict: of each group.

        Raises
        ------
        InputError
            None of them is given, or several; or one is out of its range.
        """
        given = {"false_alarm_rate": false_alarm_rate, "contamination": contamination, "value": value}
        given = {name: setting for name, setting in given.items() if setting is not None}
        if len(given) != 1:
            raise InputError(f"set_threshold({given}): give one of false_alarm_rate, contamination and value")
        if contamination is not None:
            found = self._trained.shares(check_share("contamination", contamination, 1.0))
        elif false_alarm_rate is not None:
            found = self._calibrated.thresholds(check_share("false_alarm_rate", false_alarm_rate, 1.0))
        elif isinstance(value, dict):
            found = (self.threshold_, {str(label): number(limit) for label, limit in value.items()})
        else:
            found = (number(value), {})
        self.threshold_, self.thresholds_ = found
        self.offset_ = -self.threshold_
        return self

    def recalibrate(self, X_normal: Any) -> Self:
        """Find the threshold of `false_alarm_rate` anew with other normal rows, without training."""
        self._calibrated = Calibration("given", self.anomaly_score(X_normal), self._labels(X_normal))
        return self.set_threshold(false_alarm_rate=self.false_alarm_rate)

    def monitor(self, X: Any, blocks: int = 10) -> list[dict[str, Any]]:
        """Tell, block by block, the share flagged, and how far scores drifted from the calibration's.

        Parameters
        ----------
        X : like what was fitted on
            In the order of time.
        blocks : int, default 10

        Returns
        -------
        list of dict
            See `isthmus.tasks.anomaly.drift.monitored`; a warning says where normal rows no longer look normal.
        """
        scores = self.anomaly_score(X)
        return monitored(scores, scores > self.limits(X), self.calibration_scores_, blocks)

    @property
    def calibration_scores_(self) -> np.ndarray:
        """Scores of the rows that the threshold was found with."""
        check_is_fitted(self)
        return self._calibrated.scores

    @property
    def calibration_(self) -> dict[str, Any]:
        """How the threshold was found, and what that guarantees."""
        check_is_fitted(self)
        return self._calibrated.about

    @property
    def training_scores_(self) -> np.ndarray:
        """Scores of the training rows, or of some of them."""
        check_is_fitted(self)
        return self._trained.scores

    def _labels(self, X: Any) -> np.ndarray | None:
        """Return the group of each row; None without groups."""
        if self.groups is None:
            return None
        return np.concatenate([column(piece, self.groups).astype(str) for piece in pieces(X)])


def number(value: Any) -> float:
    """Return a threshold that was given as a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
        raise InputError(f"value={value!r}: a threshold is a finite number")
    return float(value)
