"""Thresholds: from scores to alarms, by calibration scores, training scores, or a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from isthmus.support.errors import InputError
from isthmus.tasks.anomaly.calibration import Calibration, limits
from isthmus.tasks.base import State


@dataclass(frozen=True, eq=False)
class Thresholds(Mapping[str, float]):
    """Above which score a row is flagged; a mapping of groups to their own thresholds, empty without groups.

    Attributes
    ----------
    calibration : Calibration
        Scores that thresholds of a false-alarm rate and p-values are found with.
    training : Calibration
        Scores of training rows, that thresholds of a fraction of them are found with.
    overall : float
        The threshold of rows without a group.
    groups : dict of str to float
        That of each group.
    """

    calibration: Calibration
    training: Calibration
    overall: float = np.inf
    groups: dict[str, float] = field(default_factory=dict)

    def __getitem__(self, group: str) -> float:
        return self.groups[group]

    def __iter__(self) -> Iterator[str]:
        return iter(self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    # -- other thresholds ----------------------------------------------------------------------------------------

    def at_rate(self, rate: float) -> Thresholds:
        """Return the thresholds of a false-alarm rate."""
        return self._with(*self.calibration.rate_thresholds(rate))

    def at_fraction(self, fraction: float) -> Thresholds:
        """Return the thresholds above which a fraction of the training scores lies."""
        return self._with(*self.training.fraction_thresholds(fraction))

    def at(self, value: float | dict[str, float]) -> Thresholds:
        """Return thresholds that were typed: one for all rows, or that of each group.

        Raises
        ------
        InputError
            One is no finite number.
        """
        if isinstance(value, dict):
            return self._with(self.overall, {str(label): number(limit) for label, limit in value.items()})
        return self._with(number(value), {})

    def _with(self, overall: float, groups: dict[str, float]) -> Thresholds:
        return replace(self, overall=overall, groups=groups)

    def recalibrated(self, scores: np.ndarray, labels: np.ndarray | None) -> Thresholds:
        """Return these thresholds beside other calibration scores."""
        return replace(self, calibration=Calibration("recalibrated", scores, labels))

    # -- what they say of scores ---------------------------------------------------------------------------------

    def limits(self, labels: np.ndarray | None) -> float | np.ndarray:
        """Return the threshold of each row's group; one number where there is one for all."""
        return limits(labels, self.overall, self.groups) if self.groups and labels is not None else self.overall

    def p_values(self, scores: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Return the p-value of each score; NaN where there is no score."""
        return np.where(np.isnan(scores), np.nan, self.calibration.p_values(scores, labels))

    # -- the file ------------------------------------------------------------------------------------------------

    def state(self) -> State:
        """Return the thresholds as entries of a state."""
        return {
            **self.calibration.state("calibration"),
            **self.training.state("training_scores"),
            "threshold": self.overall,
            "thresholds": self.groups,
        }

    @classmethod
    def restored(cls, state: State) -> Thresholds:
        """Return what `state` gave."""
        calibration, training = (Calibration.restored(name, state) for name in ("calibration", "training_scores"))
        return cls(calibration, training, state["threshold"], dict(state["thresholds"]))


def number(value: object) -> float:
    """Return a threshold that was typed as a number.

    Raises
    ------
    InputError
        It is none, or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
        raise InputError(f"value={value!r}: a threshold is a finite number")
    return float(value)
