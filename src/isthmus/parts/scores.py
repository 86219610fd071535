"""Scores: how abnormal a row is, from what a model makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

import torch
from torch import Tensor

from isthmus.core.errors import InputError
from isthmus.core.kinds import Score
from isthmus.core.model import Model
from isthmus.core.part import arguments, part
from isthmus.core.records import Output

FEW = 16
"""Neighbours that are looked at one by one; more are summed up in the search itself."""
EXCESS = 100.0
LEAST, LEAST_OF_MANY = 1e-9, 1e-5
"""Squared distance, for each squared length, below which a row is the same: exact, and as the search rounds it."""


@part("score/error")
class Error(Score):
    """The mean error over the elements of a row: what the likelihood of the model makes of its reconstruction."""

    def fit(self, outputs: Iterable[Output], model: Model) -> Error:
        """Return a copy; there is nothing to learn."""
        return Error()

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return the mean error."""
        return self.contributions(output, model).flatten(1).mean(1)

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return the error of each element."""
        return model.error(output.batch, output.y.float())


@part("score/neighbours")
class Neighbours(Score):
    """The distance to the nearest normal rows, in the joint space of reconstruction and residual.

    A row stands at (x̂, w (x − x̂)): what the model can say of it, and what it cannot, which counts w times as much. The
    score is the root mean square distance to the k nearest of the normal rows (Ramaswamy 2000, in the input space); a
    row that equals one of them is not its own neighbour.

    Parameters
    ----------
    neighbours : int, default 2
        k, at least.
    share : float, default 0
        k as a share of the normal rows, where that is more: where abnormal rows may be among them, no group of
        abnormal rows may be larger.
    weight : float, default 2
        w.
    most : int, default 4096
        Normal rows that are kept; a random choice where there are more.
    rows, width : int
        Learnt: how many are kept, and numbers in each.
    """

    references: Tensor

    def __init__(
        self,
        neighbours: int = 2,
        share: float = 0.0,
        weight: float = 2.0,
        most: int = 4096,
        rows: int = 0,
        width: int = 0,
    ) -> None:
        super().__init__()
        if neighbours < 1 or most < 1 or not 0 <= share < 1 or weight <= 0:
            raise InputError(
                f"neighbours={neighbours}, share={share}, weight={weight}, most={most} of the score 'neighbours': "
                "expected at least 1, [0, 1), above 0, at least 1"
            )
        self.neighbours, self.weight, self.most = neighbours, weight, most
        self.k = min(max(rows - 1, 0), max(neighbours, ceil(share * rows)))
        self.elements = max(rows, (self.k if self.k <= FEW else 1) * width, 1)
        self.elements_of_contributions = max(rows * width, 1)
        self.register_buffer("references", torch.zeros(rows, width))

    def fit(self, outputs: Iterable[Output], model: Model) -> Neighbours:
        """Return a copy that keeps some of the normal rows."""
        places = torch.cat([self.places(output, model) for output in outputs])
        places = places[torch.randperm(len(places))[: self.most]]
        if len(places) < 2:
            raise InputError("the score 'neighbours' needs at least 2 normal rows")
        fitted = Neighbours(**{**arguments(self), "rows": places.shape[0], "width": places.shape[1]})
        fitted.references.copy_(places)
        return fitted

    def places(self, output: Output, model: Model) -> Tensor:
        """Return where rows stand: (x̂, w (x − x̂)), of shape (batch, 2 d)."""
        batch, rebuilt = output.batch, model.likelihood.mean(output.y.float())
        residual = batch.x - rebuilt
        if batch.observed is not None:
            residual = residual * batch.observed
        return torch.cat([rebuilt.flatten(1), self.weight * residual.flatten(1)], 1)

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return the root mean square distance to the k nearest normal rows, the row itself not among them."""
        places = self.places(output, model)
        length = places.square().sum(1, keepdim=True)
        shift = self.references.square().sum(1)
        found = torch.addmm(shift, places, self.references.T, alpha=-2).topk(self.k + 1, 1, largest=False)
        squares, least = found.values + length, LEAST_OF_MANY
        if self.k <= FEW:
            squares, least = (places[:, None] - self.references[found.indices]).square().sum(2), LEAST
        itself = squares[:, :1] <= least * (1 + length)
        return torch.where(itself, squares[:, 1:], squares[:, :-1]).clamp_min(0).mean(1).sqrt()

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return how much nearer the nearest normal row would be, were one of the user's columns not looked at.

        Squared distances of inputs, spread over the elements of a column. A value beyond those of all normal rows is to
        blame before any other: what it has in excess counts too, a hundred times.
        """
        batch = output.batch
        x, (rebuilt, residual) = batch.x.flatten(1), self.references.chunk(2, 1)
        normal = rebuilt + residual / self.weight
        there = torch.ones_like(x) if batch.observed is None else batch.observed.flatten(1).float()
        squares = (x[:, None] - normal).square() * there[:, None]
        owner = torch.arange(x.shape[1], device=x.device) if batch.feature is None else batch.feature
        elements = torch.zeros(int(owner.max()) + 1, device=x.device).index_add(0, owner, torch.ones_like(x[0]))
        each = squares.new_zeros(*squares.shape[:2], len(elements)).index_add(2, owner, squares)
        whole = each.sum(2)
        nearer = whole.amin(1, keepdim=True) - (whole[..., None] - each).amin(1)
        excess = (x - normal.amax(0)).relu() + (normal.amin(0) - x).relu()
        return (nearer.clamp_min(0) / elements)[:, owner].add(EXCESS * excess * there).reshape(batch.x.shape)
