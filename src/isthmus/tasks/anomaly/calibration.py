"""Calibration: the scores that thresholds are found with, and which rows give them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import numpy as np
import torch

from isthmus.support.errors import InputError
from isthmus.tasks.anomaly import conformal

SHARE, MOST, FOLDS = 0.2, 10_000, 5
"""Of the rows that are held out: their share, the most of them; and the folds where that is too few."""

GUARANTEES = {
    "split": "of future normal rows that are exchangeable with the calibration rows, on average at most the rate asked "
    "for is flagged (Vovk 2005)",
    "cross": "of future normal rows on average at most twice the rate asked for is flagged, and about that rate in "
    "practice (cross-conformal: Vovk 2015; Barber 2021)",
    "training": "none: these are scores of rows that were trained on",
    "given": "as of split conformal prediction, for rows that are exchangeable with those given to recalibrate",
}


@dataclass(frozen=True)
class Calibration:
    """Scores, and the group of each.

    Attributes
    ----------
    method : str
        One of `GUARANTEES`.
    scores : ndarray of shape (n,)
    labels : ndarray of str of shape (n,), or None
    """

    method: str
    scores: np.ndarray
    labels: np.ndarray | None = None

    def __post_init__(self) -> None:
        if not np.isfinite(self.scores).all():
            raise InputError("calibration scores are not finite: the model cannot score these rows")

    @classmethod
    def joined(cls, method: str, parts: list[tuple[np.ndarray, np.ndarray | None]]) -> Calibration:
        """Return the scores of several folds, with their groups, as one."""
        scores = np.concatenate([scores for scores, _ in parts])
        labels = [labels for _, labels in parts if labels is not None]
        return cls(method, scores, np.concatenate(labels) if labels else None)

    def state(self, name: str) -> dict[str, Any]:
        """Return what is known, under a name: a tensor and JSON."""
        labels = None if self.labels is None else self.labels.tolist()
        return {f"{name}.scores": torch.from_numpy(self.scores), name: {"method": self.method, "labels": labels}}

    @classmethod
    def restored(cls, name: str, state: dict[str, Any]) -> Calibration:
        """Return what `state` put under a name."""
        labels = state[name]["labels"]
        labels = None if labels is None else np.array(labels, dtype=str)
        return cls(state[name]["method"], state[f"{name}.scores"].numpy(), labels)

    @property
    def about(self) -> dict[str, Any]:
        """The method, the number of rows, and what is guaranteed."""
        return {"method": self.method, "rows": len(self.scores), "guarantee": GUARANTEES[self.method]}

    def groups(self) -> dict[str, np.ndarray]:
        """Return the scores of each group; none without groups."""
        if self.labels is None:
            return {}
        return {str(label): self.scores[self.labels == label] for label in np.unique(self.labels)}

    def thresholds(self, rate: float) -> tuple[float, dict[str, float]]:
        """Return the threshold of a false-alarm rate, over all rows and of each group."""
        groups = self.groups()
        each = {label: conformal.threshold(s, rate, f" in the group {label!r}") for label, s in groups.items()}
        return conformal.threshold(self.scores, rate), each

    def shares(self, share: float) -> tuple[float, dict[str, float]]:
        """Return the threshold above which a share of the scores lies, over all rows and of each group."""
        each = {label: conformal.share_threshold(scores, share) for label, scores in self.groups().items()}
        return conformal.share_threshold(self.scores, share), each

    def p_values(self, scores: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Return the p-values of scores, within their groups where there are."""
        found = conformal.p_values(scores, self.scores)
        if labels is not None:
            for label, known in self.groups().items():
                found[labels == label] = conformal.p_values(scores[labels == label], known)
        return found


def limits(labels: np.ndarray, threshold: float, thresholds: dict[str, float]) -> np.ndarray:
    """Return the threshold of each row's group; that over all rows for a group that is not known, with a warning."""
    unknown = sorted(set(labels.tolist()) - thresholds.keys())
    if unknown:
        warnings.warn(
            f"no threshold is known for {len(unknown)} groups, such as {unknown[0]!r}: that over all rows is used",
            stacklevel=3,
        )
    return np.array([thresholds.get(label, threshold) for label in labels.tolist()])


def held_out(n: int, rate: float, random: np.random.Generator, ordered: bool) -> list[np.ndarray]:
    """Return the rows to be kept from training: once, or fold by fold where that would leave too few for training.

    Parameters
    ----------
    n : int
        Rows.
    rate : float
        The false-alarm rate, which says how many calibration rows are needed.
    random : Generator
    ordered : bool
        Rows follow each other in time: the last are held out, at most half of them.
    """
    alarms = max(1, floor(rate * (min(round(SHARE * n), MOST) + 1)))
    wanted = ceil(round(alarms / rate - 1, 9))  # so that the rate is a whole number of calibration scores
    if ordered:
        return [np.arange(n - min(wanted, n // 2), n)]
    order = random.permutation(n)
    if wanted <= n // 4:
        return [np.sort(order[:wanted])]
    return [np.sort(fold) for fold in np.array_split(order, min(FOLDS, n))]
