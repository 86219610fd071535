"""Calibration: the scores from which thresholds are chosen, and the rows that give them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

import numpy as np
import torch

from isthmus.core.data import Rows
from isthmus.data.sources.in_memory import pieces
from isthmus.data.tables.rows import column
from isthmus.support.errors import InputError
from isthmus.tasks.anomaly import conformal
from isthmus.tasks.base import State

Band = tuple[float, float]
FRACTION, MAX_ROWS, FOLDS = 0.2, 10_000, 5
"""The fraction of rows that is held out, the largest number of them, and the folds where these are too few."""

GUARANTEES = {
    "split": "of future normal rows that are exchangeable with the calibration rows, on average at most {rate} is "
    "flagged (Vovk 2005)",
    "cross": "of future normal rows on average at most twice {rate} is flagged, and about that rate in practice "
    "(cross-conformal: Vovk 2015; Barber 2021)",
    "training": "none: these are scores of rows that were trained on",
    "recalibrated": "as of split conformal prediction, for rows that are exchangeable with those of the recalibration",
}
FORMER_METHODS = {"given": "recalibrated"}
"""Current names of methods by their former names, which model files may contain."""


@dataclass(frozen=True)
class Calibration:
    """The scores and groups of rows.

    Attributes
    ----------
    method : str
        One of `GUARANTEES`, or "known" for known anomalies.
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
    def joined(cls, method: str, folds: list[Calibration]) -> Calibration:
        """Return the scores of several folds, with their groups, as one."""
        scores = np.concatenate([fold.scores for fold in folds])
        labels = [fold.labels for fold in folds if fold.labels is not None]
        return cls(method, scores, np.concatenate(labels) if labels else None)

    def state(self, name: str) -> State:
        """Return scores, method and groups as entries of a state, under a name."""
        labels = None if self.labels is None else self.labels.tolist()
        return {f"{name}.scores": torch.from_numpy(self.scores), name: {"method": self.method, "labels": labels}}

    @classmethod
    def restored(cls, name: str, state: State) -> Calibration:
        """Return the calibration that `state` put under a name."""
        labels = state[name]["labels"]
        labels = None if labels is None else np.array(labels, dtype=str)
        method = state[name]["method"]
        return cls(FORMER_METHODS.get(method, method), state[f"{name}.scores"].numpy(), labels)

    def about(self, rate: float | None) -> dict[str, Any]:
        """Return the method, the number of rows, and the guarantee of a false-alarm rate, None: of any."""
        return {"method": self.method, "rows": len(self.scores), "guarantee": self._guarantee(rate)}

    def _guarantee(self, rate: float | None) -> str:
        """Return the guarantee: of the smallest possible rate, where there are too few rows for the one asked for."""
        words, fewest = GUARANTEES[self.method], min([len(self.scores), *map(len, self.groups().values())])
        if rate is None or not self.covers_future or conformal.suffice(fewest, rate):
            return words.format(rate="the rate asked for")
        smallest = f"the rate {conformal.min_rate(fewest):.3g}"
        unlike = f"only of {smallest}, the smallest with {fewest} calibration rows, not of the rate asked for: "
        return unlike + words.format(rate=smallest)

    @property
    def covers_future(self) -> bool:
        """Whether the scores are of rows that were not trained on."""
        return self.method != "training"

    def groups(self) -> dict[str, np.ndarray]:
        """Return the scores of each group; empty without groups."""
        if self.labels is None:
            return {}
        return {str(label): self.scores[self.labels == label] for label in np.unique(self.labels)}

    def rate_thresholds(self, rate: float) -> tuple[float, dict[str, float]]:
        """Return the threshold of a false-alarm rate, over all rows and of each group."""
        groups = self.groups()
        each = {label: conformal.threshold(s, rate, f" in the group {label!r}") for label, s in groups.items()}
        return conformal.threshold(self.scores, rate), each

    def fraction_thresholds(self, fraction: float) -> tuple[float, dict[str, float]]:
        """Return the threshold above which a fraction of the scores lies, over all rows and of each group."""
        each = {label: conformal.fraction_threshold(scores, fraction) for label, scores in self.groups().items()}
        return conformal.fraction_threshold(self.scores, fraction), each

    def p_values(self, scores: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Return the p-values of scores, within their groups if there are any."""
        p = conformal.p_values(scores, self.scores)
        if labels is not None:
            for label, own in self.groups().items():
                p[labels == label] = conformal.p_values(scores[labels == label], own)
        return p


NONE_KNOWN = Calibration("known", np.zeros(0))
"""The scores of known anomalies where there are none."""


def band_in_words(band: Band | dict[str, Band] | None) -> str | None:
    """Return the band of a calibration as text; with groups, that of each.

    Examples
    --------
    >>> band_in_words({"up": (0.0012, 0.0277), "down": (0.004, 0.03)})
    'up 0.12 % to 2.77 %, down 0.40 % to 3.00 % of future normal rows, with 95 % probability'
    """
    if band is None:
        return None
    each = {"": band} if isinstance(band, tuple) else {f"{label} ": one for label, one in band.items()}
    limits = ", ".join(f"{label}{low:.2%} to {high:.2%}" for label, (low, high) in each.items()).replace("%", " %")
    return f"{limits} of future normal rows, with 95 % probability"


def said_of(unit: str, about: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a calibration guarantees, and its band in words; `unit` is what rows are, such as images.

    Examples
    --------
    >>> said_of("images", {"guarantee": "of normal rows 1 % at most is flagged", "band": (0.0012, 0.0277)})
    ('of normal images 1 % at most is flagged', '0.12 % to 2.77 % of future normal images, with 95 % probability')
    """
    guarantee, band = str(about["guarantee"]), band_in_words(about["band"]) or ""
    return guarantee.replace(" rows", f" {unit}"), band.replace(" rows", f" {unit}")


def labels_of(X: Rows, groups: str | int | None) -> np.ndarray | None:
    """Return the group of each row, the text in a column; None without groups."""
    return None if groups is None else np.concatenate([column(piece, groups).astype(str) for piece in pieces(X)])


def limits(labels: np.ndarray, threshold: float, thresholds: dict[str, float]) -> np.ndarray:
    """Return the threshold of each row's group; that over all rows for a group that is not known, with a warning."""
    unknown = sorted(set(labels.tolist()) - thresholds.keys())
    if unknown:
        warnings.warn(
            f"no threshold is known for {len(unknown)} groups, such as {unknown[0]!r}: that over all rows is used",
            stacklevel=3,
        )
    return np.array([thresholds.get(label, threshold) for label in labels.tolist()])


def held_out(
    n: int,
    rate: float,
    random: np.random.Generator,
    ordered: bool,
    cheap: bool = False,
    units: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Return the rows to hold out from training: once, or fold by fold if that would leave too few for training.

    Parameters
    ----------
    n : int
        Rows.
    rate : float
        The false-alarm rate, which determines the number of calibration rows.
    random : Generator
    ordered : bool
        Whether rows are consecutive in time: the last ones are held out, at most half of them.
    cheap : bool, default False
        Whether folds cost little, so that all rows are held out in their turn.
    units : ndarray of shape (n,), or None, default None
        What each row is of: the rows of one unit are held out together.
    """
    alarms = max(1, floor(rate * (min(round(FRACTION * n), MAX_ROWS) + 1)))
    size = ceil(round(alarms / rate - 1, 9))  # so that the rate is a whole number of calibration scores
    if ordered:
        return [np.arange(n - min(size, n // 2), n)]
    if units is not None:
        return _units_apart(units, size, random, cheap)
    order = random.permutation(n)
    if size <= n // 4 and not cheap:
        return [np.sort(order[:size])]
    return [np.sort(fold) for fold in np.array_split(order, min(FOLDS, n))]


def _units_apart(units: np.ndarray, size: int, random: np.random.Generator, cheap: bool) -> list[np.ndarray]:
    """Return the rows of some units, `size` or more; fold by fold if that would leave too few for training."""
    values, unit = np.unique(units, return_inverse=True)
    order = random.permutation(len(values))
    rows = np.cumsum(np.bincount(unit)[order])
    enough = int(np.searchsorted(rows, size)) + 1
    if enough <= len(order) and rows[enough - 1] <= len(units) // 4 and not cheap:
        return [np.flatnonzero(np.isin(unit, order[:enough]))]
    return [np.flatnonzero(np.isin(unit, fold)) for fold in np.array_split(order, min(FOLDS, len(order)))]
