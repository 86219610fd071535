"""Thresholds of scores, from calibration scores, training scores, or numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any

import numpy as np

from isthmus.support.errors import InputError
from isthmus.tasks.anomaly import conformal
from isthmus.tasks.anomaly.calibration import NONE_KNOWN, Band, Calibration, limits
from isthmus.tasks.base import State

WORDS = {
    "false_alarm_rate": "{:g} of future normal {unit} flagged",
    "contamination": "{:g} of the training {unit} flagged",
    "value": "this threshold, by its value",
    "recall": "{:g} of anomalies like the known ones flagged",
    "precision": "{:g} of what is flagged abnormal, if anomalies are as frequent as in the training: "
    "{of.known.scores.size:,} beside {of.normal_rows:,} {unit}",
}
"""What each rule asks for."""
NO_RATE = "none: no false-alarm rate was asked for; the band says how many false alarms to expect"
"""The guarantee of a threshold that follows another rule."""


@dataclass(frozen=True, eq=False)
class Thresholds(Mapping[str, float]):
    """The scores above which rows are flagged; a mapping from groups to their thresholds, empty without groups.

    Attributes
    ----------
    calibration : Calibration
        Scores for thresholds of a false-alarm rate, and for p-values.
    training : Calibration
        Scores of training rows, for thresholds of a fraction of them.
    overall : float
        The threshold of rows without a group.
    groups : dict of str to float
        The threshold of each group.
    known : Calibration
        Scores and groups of known anomalies, each scored as if it were not known; empty without them.
    normal_rows : int
        The rows beside which they were known.
    rule : dict
        What was asked for, such as ``{"recall": 0.9}``; empty in files of former versions.
    """

    calibration: Calibration = field(repr=False)
    training: Calibration = field(repr=False)
    overall: float = np.inf
    groups: dict[str, float] = field(default_factory=dict)
    known: Calibration = field(default=NONE_KNOWN, repr=False)
    normal_rows: int = 0
    rule: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, group: str) -> float:
        return self.groups[group]

    def __iter__(self) -> Iterator[str]:
        return iter(self.groups)

    def __len__(self) -> int:
        return len(self.groups)

    # -- other thresholds ----------------------------------------------------------------------------------------

    def at_rate(self, rate: float) -> Thresholds:
        """Return the thresholds of a false-alarm rate."""
        return self._with(*self.calibration.rate_thresholds(rate), false_alarm_rate=rate)

    def at_fraction(self, fraction: float) -> Thresholds:
        """Return the thresholds above which a fraction of the training scores lies."""
        return self._with(*self.training.fraction_thresholds(fraction), contamination=fraction)

    def at_recall(self, recall: float) -> Thresholds:
        """Return the highest threshold that flags this fraction of known anomalies."""
        scores = np.sort(self._of_known("recall"))[::-1]
        lowest = scores[ceil(round(recall * len(scores), 9)) - 1]
        return self._with(float(np.nextafter(lowest, -np.inf)), {}, recall=recall)

    def at_precision(self, precision: float) -> Thresholds:
        """Return the lowest threshold above which this fraction of rows is abnormal, if they come as in the training.

        Raises
        ------
        InputError
            There is no such threshold, or no anomaly is known.
        """
        limits, normal = np.sort(self._of_known("precision")), np.sort(self.calibration.scores)
        hits = len(limits) - np.arange(len(limits))
        alarms = (1 - np.searchsorted(normal, limits) / len(normal)) * self.normal_rows
        reached = hits / (hits + alarms)
        if not (reached >= precision).any():
            raise InputError(
                f"precision={precision:g} cannot be reached: the best is {reached.max():.3g}, with recall "
                f"{hits[reached.argmax()] / len(limits):.2g} of the known anomalies; ask for less"
            )
        lowest = limits[np.argmax(reached >= precision)]
        return self._with(float(np.nextafter(lowest, -np.inf)), {}, precision=precision)

    def _of_known(self, what: str) -> np.ndarray:
        if not self.known.scores.size:
            raise InputError(f"set_threshold({what}=...) needs known anomalies: fit(X, y) with y=1 for these rows")
        return self.known.scores

    def at(self, value: float | dict[str, float]) -> Thresholds:
        """Return thresholds that the user set: one for all rows, or one for each group.

        Raises
        ------
        InputError
            A threshold is not a finite number.
        """
        if isinstance(value, dict):
            each = {str(label): number(limit) for label, limit in value.items()}
            return self._with(self.overall, each, value=each)
        return self._with(number(value), {}, value=number(value))

    def _with(self, overall: float, groups: dict[str, float], **rule: Any) -> Thresholds:
        return replace(self, overall=overall, groups=groups, rule=rule)

    def recalibrated(self, scores: np.ndarray, labels: np.ndarray | None) -> Thresholds:
        """Return these thresholds with other calibration scores."""
        return replace(self, calibration=Calibration("recalibrated", scores, labels))

    @property
    def about(self) -> dict[str, Any]:
        """What the calibration says, and the band of the fraction of future normal rows that are flagged.

        With groups, a dict with the band of each; None for scores of training rows, which say nothing of future ones.
        """
        known, groups = self.calibration, self.calibration.groups()
        each = {label: conformal.band(groups[label], limit) for label, limit in self.groups.items() if label in groups}
        bands: Band | dict[str, Band] = each or conformal.band(known.scores, self.overall)
        other = known.covers_future and self.rule and "false_alarm_rate" not in self.rule
        promised = {"guarantee": NO_RATE} if other else {}
        return {
            **known.about(self.rule.get("false_alarm_rate")),
            **promised,
            "band": bands if known.covers_future else None,
        }

    # -- what they say of scores ---------------------------------------------------------------------------------

    def limits(self, labels: np.ndarray | None) -> float | np.ndarray:
        """Return the threshold of each row's group; a single number without groups."""
        return limits(labels, self.overall, self.groups) if self.groups and labels is not None else self.overall

    def p_values(self, scores: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Return the p-value of each score; NaN for NaN."""
        return np.where(np.isnan(scores), np.nan, self.calibration.p_values(scores, labels))

    def asked(self, unit: str = "rows") -> str:
        """Return what was asked for in words; empty if the file does not say."""
        return "; ".join(WORDS[name].format(value, unit=unit, of=self) for name, value in self.rule.items())

    @property
    def known_flagged(self) -> int:
        """How many known anomalies are flagged, each as if it were not known."""
        return int((self.known.scores > self.limits(self.known.labels)).sum())

    def of_known(self) -> str:
        """Return how many known anomalies are flagged in words; empty where none are known."""
        count = f"{self.known_flagged:,} of {self.known.scores.size:,} flagged, each scored as if it were not known"
        return count if self.known.scores.size else ""

    @property
    def false_alarms(self) -> float:
        """The fraction of the calibration rows that is flagged."""
        return float((self.calibration.scores > self.limits(self.calibration.labels)).mean())

    # -- the file ------------------------------------------------------------------------------------------------

    def state(self) -> State:
        """Return the thresholds as entries of a state."""
        return {
            **self.calibration.state("calibration"),
            **self.training.state("training_scores"),
            **self.known.state("known"),
            "normal_rows": self.normal_rows,
            "threshold": self.overall,
            "thresholds": self.groups,
            "rule": dict(self.rule),
        }

    @classmethod
    def restored(cls, state: State) -> Thresholds:
        """Return the thresholds from a result of `state`."""
        calibration, training = (Calibration.restored(name, state) for name in ("calibration", "training_scores"))
        return cls(
            calibration,
            training,
            state["threshold"],
            dict(state["thresholds"]),
            Calibration.restored("known", state) if "known" in state else NONE_KNOWN,
            state.get("normal_rows", 0),
            dict(state.get("rule", {})),
        )


def number(value: object) -> float:
    """Return a threshold that the user set, checked.

    Raises
    ------
    InputError
        It is not a finite number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not np.isfinite(value):
        raise InputError(f"value={value!r}: a threshold is a finite number")
    return float(value)
