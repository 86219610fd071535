"""The distance to the nearest normal rows."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, prod

import torch
from torch import Tensor

from isthmus.core.model import Model
from isthmus.core.part import arguments, part
from isthmus.core.records import Output
from isthmus.core.terms import Score
from isthmus.parts.scores.errors import EXCESS
from isthmus.parts.scores.residuals import asinh, residual, spread, squashed
from isthmus.support.errors import InputError

PIECE = 1024
FAR = 10.0
"""Where inputs begin to be brought in, in deviations."""
TAIL, LIGHTEST = 8, 0.5
"""The power whose mean says how far an element reaches; the least reach, as a fraction of that of a normal variable."""
COARSE = 0.07
"""Added to the size of a residual, once more than for its own score."""
SMALL, TINY = 0.1, 1e-3
"""Added to the distance among normal rows: a fraction of the mean; and where all of them are the same."""
GROUPS = 128
"""Of normal rows, in the search for the nearest."""
FEW = 16
"""Neighbours that are looked at one by one; more are summed up in the search itself."""
TOLERANCE, TOLERANCE_OF_MANY = 1e-9, 1e-5
"""Squared distance, for each squared length, below which a row is the same: exact, and as the search rounds it."""


@part("score/neighbours", renamed={"share": "fraction", "most": "max_rows"})
class Neighbours(Score):
    """The distance to the nearest normal rows, by input and residual, measured by the distances among these.

    A row stands at (s(x) / t, w r): s(x) = 10 asinh(x / 10) brings in what is far out; t, the eighth root of the mean
    of s(x)⁸ over normal rows, is how far an element reaches: where normal rows too have values far out, these say
    little. r is asinh of the residual measured by its typical size: what the model cannot say of the row. The score is
    d / ℓ^a: d is the mean distance to the k nearest of the normal rows (Ramaswamy 2000), ℓ the mean of the same for
    these neighbours themselves (as in the local outlier factor: Breunig 2000). Normal rows that are the same count as
    one neighbour; a row that equals a normal row is its own neighbour only if that occurs several times.

    Parameters
    ----------
    neighbours : int, default 5
        k, at least.
    fraction : float, default 0
        k as a fraction of the normal rows, where that is more: where abnormal rows may be among them, no group of
        abnormal rows may be larger. Density and reach, which such rows would change, then count for nothing: a = 0,
        t = 1.
    residual : float, default 0.4
        w.
    local : float, default 0.5
        a.
    max_rows : int, default 3072
        Normal rows that are kept; a random choice where there are more.
    rows, width : int
        Learnt: how many are kept, and numbers in each.
    repeats : bool, default False
        Learnt: whether one of them occurs several times among the normal rows.
    """

    keeps_rows = True
    references: Tensor
    repeated: Tensor
    around: Tensor
    reach: Tensor
    spread: Tensor

    def __init__(
        self,
        neighbours: int = 5,
        fraction: float = 0.0,
        residual: float = 0.4,
        local: float = 0.5,
        max_rows: int = 3072,
        rows: int = 0,
        width: int = 0,
        repeats: bool = False,
    ) -> None:
        super().__init__()
        if neighbours < 1 or max_rows < 2 or not 0 <= fraction < 1 or residual < 0 or not 0 <= local <= 1:
            raise InputError(
                f"neighbours={neighbours}, fraction={fraction}, residual={residual}, local={local}, "
                f"max_rows={max_rows} of the score 'neighbours': expected at least 1, [0, 1), at least 0, [0, 1], "
                "at least 2"
            )
        self.neighbours, self.fraction, self.residual, self.max_rows = neighbours, fraction, residual, max_rows
        self.local, self.repeats = 0.0 if fraction else local, repeats
        self.k = min(max(rows - 1, 0), max(neighbours, ceil(fraction * rows)))
        self.elements = max(rows, (self.k if self.k <= FEW else 1) * 2 * width, 1)
        self.elements_of_contributions = max(rows * width, 1)
        self.kept_rows, self.width = rows, width
        self.register_buffer("references", torch.zeros(rows, 2 * width))
        if repeats:
            self.register_buffer("repeated", torch.zeros(rows, dtype=torch.bool))
        self.register_buffer("around", torch.ones(rows))
        self.register_buffer("reach", torch.ones(width))
        self.register_buffer("spread", torch.ones(width))

    def for_contaminated(self, fraction: float) -> Neighbours:
        """Return a copy whose neighbours are that fraction of the rows."""
        return Neighbours(**{**arguments(self), "fraction": fraction})

    def fit(self, outputs: Iterable[Output], model: Model) -> Neighbours:
        """Return a copy that keeps some of the normal rows."""
        parts = [(squashed(output.batch.x, FAR), residual(output, model)) for output in outputs]
        x, residuals = (torch.cat(side) for side in zip(*parts, strict=True))
        if len(x) < 2:
            raise InputError("the score 'neighbours' needs at least 2 normal rows")
        scale = torch.ones(x.shape[1]) if self.fraction else reach(x)
        points, times = self._references(self._points(x, residuals, scale, spread(residuals)))
        repeats = bool((times > 1).any())
        sizes = {"rows": len(points), "width": x.shape[1], "repeats": repeats}
        fitted = Neighbours(**{**arguments(self), **sizes})
        fitted.reach.copy_(scale)
        fitted.spread.copy_(spread(residuals))
        fitted.references.copy_(points)
        if repeats:
            fitted.repeated.copy_(times > 1)
        around = torch.cat([fitted.distances(piece)[0].mean(1) for piece in torch.split(fitted.references, PIECE)])
        fitted.around.copy_(around + SMALL * around.mean() + TINY)
        return fitted

    def _references(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return distinct points, a random choice where there are many, and how often each occurs.

        All points stay where k is a fraction of the rows, and where they are the same.
        """
        times = torch.ones(len(points))
        if not self.fraction and (points != points[0]).any():
            distinct: tuple[Tensor, Tensor] = torch.unique(points, dim=0, return_counts=True)
            points, times = distinct
        rows = min(self.max_rows, len(points))
        rows -= rows % GROUPS if rows >= 16 * GROUPS else 0  # whole groups are searched in less time
        chosen = torch.randperm(len(points))[:rows]
        return points[chosen], times[chosen]

    def embed(self, x: Tensor, residuals: Tensor) -> Tensor:
        """Return the points that distances are between, of shape (batch, 2 d)."""
        return self._points(x, residuals, self.reach, self.spread)

    def _points(self, x: Tensor, residuals: Tensor, reach: Tensor, spread: Tensor) -> Tensor:
        return torch.cat([x / reach, self.residual * asinh(residuals / (spread + COARSE))], 1)

    def distances(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Return the distances to the k nearest normal rows, the row itself not among them, and which they are."""
        length = points.square().sum(1, keepdim=True)
        shift = self.references.square().sum(1)
        values, indices = smallest(torch.addmm(shift, points, self.references.T, alpha=-2), self.k + 1)
        squares, tolerance = values + length, TOLERANCE_OF_MANY
        if self.k <= FEW:
            squares, tolerance = (points[:, None] - self.references[indices]).square().sum(2), TOLERANCE
        itself = squares[:, :1] <= tolerance * (1 + length)
        if self.repeats:
            itself = itself & ~self.repeated[indices[:, :1]]
        near = torch.where(itself, squares[:, 1:], squares[:, :-1]).clamp_min(0).sqrt()
        return near, torch.where(itself, indices[:, 1:], indices[:, :-1])

    def points(self, output: Output, model: Model) -> Tensor:
        """Return the points of rows, of shape (batch, 2 d)."""
        return self.embed(squashed(output.batch.x, FAR), residual(output, model))

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return d / ℓ^a."""
        near, which = self.distances(self.points(output, model))
        if not self.local:
            return near.mean(1)
        return near.mean(1) / self.around[which].mean(1) ** self.local

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return how much nearer the nearest normal row would be, were one of the user's columns not looked at.

        Squared distances of inputs, spread over the elements of a column. A value beyond those of all normal rows
        contributes more than any other: what it has in excess counts too, a hundred times.
        """
        batch = output.batch
        x = squashed(batch.x.double(), FAR).float() / self.reach  # as near as can be: the excess is multiplied
        normal = self.references.chunk(2, 1)[0]
        there = torch.ones_like(x) if batch.observed is None else batch.observed.flatten(1).float()
        squares = (x[:, None] - normal).square_().mul_(there[:, None])
        owner = torch.arange(x.shape[1], device=x.device) if batch.feature is None else batch.feature
        width = x.shape[1]
        elements = x.new_zeros(width).index_add(0, owner, x.new_ones(width))  # zeros where there is no column
        each = torch.zeros_like(squares).index_add(2, owner, squares)
        nearer = each.sub_(farther(x, normal, there)[..., None]).amax(1)
        excess = self.reach * ((x - normal.amax(0)).relu() + (normal.amin(0) - x).relu())
        return (nearer / elements)[:, owner].add(EXCESS * excess * there).reshape(batch.x.shape)


def farther(x: Tensor, normal: Tensor, there: Tensor) -> Tensor:
    """Return how much farther than the nearest normal row each of them is, squared, by the elements that are there.

    Differences of sums that nearly cancel: computed in float64, so that every runtime gives the same.
    """
    normal, there = normal.double(), there.double()
    squares = there @ normal.square().T - 2 * (there * x) @ normal.T  # and a constant for each row
    return (squares - squares.amin(1, keepdim=True)).float()


def smallest(values: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return the k smallest values of each row, in order, and their indices.

    Of many values, only those of k groups are looked at: the groups with the smallest minima hold them all.
    """
    n = values.shape[1]
    if n % GROUPS or n < 16 * GROUPS or 2 * k > GROUPS:
        top = values.topk(k, 1, largest=False)
        return top.values, top.indices
    grouped = values.view(-1, n // GROUPS, GROUPS)
    groups = grouped.amin(1).topk(k, 1, largest=False, sorted=False).indices
    candidates = grouped.gather(2, groups[:, None].expand(-1, n // GROUPS, -1)).flatten(1)
    top = candidates.topk(k, 1, largest=False)
    return top.values, top.indices // k * GROUPS + groups.gather(1, top.indices % k)


def reach(x: Tensor) -> Tensor:
    """Return how far each element reaches: the root of its mean power, 1 for a normal variable of unit variance."""
    normal: float = prod(range(1, TAIL, 2)) ** (1 / TAIL)
    return (x.abs().pow(TAIL).mean(0).pow(1 / TAIL) / normal).clamp_min(LIGHTEST)
