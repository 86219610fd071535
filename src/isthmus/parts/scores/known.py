"""Nearness to known anomalies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from isthmus.core.model import Model
from isthmus.core.part import part
from isthmus.core.records import Output
from isthmus.core.terms import Score
from isthmus.parts.scores.neighbours import Neighbours
from isthmus.support.errors import InputError

TINY = 1e-6


@part("score/known")
class Known(Score):
    """How much nearer a row is to the nearest known anomaly than to normal rows: the ratio of the distances.

    Distances are those of `Neighbours`, whose local scaling is left out. A row that equals a known anomaly is the most
    abnormal. The score keeps the known anomalies beside normal rows.

    Parameters
    ----------
    near : Neighbours or None, default None
        The distance to normal rows; None: that of the five nearest.
    rows, width : int
        Learnt: how many anomalies are known, and numbers in each.
    """

    keeps_rows = needs_known = True
    anomalies: Tensor

    def __init__(self, near: Neighbours | None = None, rows: int = 0, width: int = 0) -> None:
        super().__init__()
        self.near = Neighbours(local=0.0) if near is None else near
        self.kept_rows = rows + self.near.kept_rows
        self.elements = self.near.elements + max(rows, 1)
        self.elements_of_contributions = self.near.elements + max(2 * rows * width, 1)
        self.register_buffer("anomalies", torch.zeros(rows, 2 * width))

    def for_contaminated(self, fraction: float) -> Known:
        """Return a copy whose normal rows may contain abnormal ones."""
        return Known(self.near.for_contaminated(fraction))

    def fit(self, outputs: Iterable[Output], model: Model) -> Known:
        """Raise an error: there are no known anomalies."""
        return self.fit_known(outputs, (), model)

    def fit_known(self, outputs: Iterable[Output], known: Sequence[Output], model: Model) -> Known:
        """Return a copy that keeps normal rows and known anomalies."""
        if not known:
            raise InputError("the score 'known' needs known anomalies: fit(X, y), with y=1 for these rows")
        near = self.near.fit(outputs, model)
        anomalies = torch.cat([near.points(output, model) for output in known])
        fitted = Known(near, len(anomalies), near.width)
        fitted.anomalies.copy_(anomalies)
        return fitted

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return the distance to normal rows, divided by that to the nearest known anomaly."""
        points = self.near.points(output, model)
        return self._ratio(points, self._distances(points).amin(1))

    def of_known(self, output: Output, model: Model) -> Tensor:
        """Return the score of known anomalies as if each were not known; of the only one, as if it were far."""
        points = self.near.points(output, model)
        near = self._distances(points).topk(min(2, len(self.anomalies)), 1, largest=False).values
        return self._ratio(points, near[:, -1] if len(self.anomalies) > 1 else torch.full_like(near[:, 0], torch.inf))

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return how far each element is from normal rows, less what it is from the nearest known anomaly."""
        points = self.near.points(output, model)
        _, nearest = self.near.distances(points)
        normal, anomaly = self.near.references[nearest[:, 0]], self.anomalies[self._distances(points).argmin(1)]
        nearer = (points - normal).square() - (points - anomaly).square()
        return torch.unflatten(nearer, 1, (2, self.near.width)).sum(1).relu().reshape(output.batch.x.shape)

    def _ratio(self, points: Tensor, known: Tensor) -> Tensor:
        normal, _ = self.near.distances(points)
        return (normal.mean(1) + TINY) / (known + TINY)

    def _distances(self, points: Tensor) -> Tensor:
        """Return the distances to the known anomalies."""
        return torch.cdist(points, self.anomalies)
