"""Scores by the error of the reconstruction, and the range of normal rows that contributions look at."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from isthmus.core.model import Model
from isthmus.core.part import part
from isthmus.core.records import Batch, Output
from isthmus.core.terms import Score

EXCESS = 100.0
"""How often what a value has in excess of its range counts, in contributions."""


class Ranged(Score):
    """A score that knows the range of each element in normal rows; abstract.

    A value beyond the range contributes more than any other: what it has in excess counts a hundred times.

    Parameters
    ----------
    width : int
        Learnt: numbers in a row, or its channels.
    per_channel : bool, default False
        Learnt: whether the range is that of a channel, as it is where rows have any size.
    """

    low: Tensor
    high: Tensor

    def __init__(self, width: int = 0, per_channel: bool = False) -> None:
        super().__init__()
        self.per_channel = per_channel
        self.register_buffer("low", torch.full((width,), -torch.inf))
        self.register_buffer("high", torch.full((width,), torch.inf))

    def excess(self, batch: Batch) -> Tensor:
        """Return how far each element is beyond its range, a hundred times, of shape (batch, d)."""
        x = batch.x.flatten(2) if self.per_channel else batch.x.flatten(1)
        low, high = (side[:, None] if self.per_channel else side for side in (self.low, self.high))
        beyond = (EXCESS * ((x - high).relu() + (low - x).relu())).flatten(1)
        return beyond if batch.observed is None else beyond * batch.observed.flatten(1)

    def _learn_range(self, ranges: Iterable[tuple[Tensor, Tensor]]) -> None:
        low, high = zip(*ranges, strict=True)
        self.low.copy_(torch.stack(low).amin(0))
        self.high.copy_(torch.stack(high).amax(0))


def range_of(x: Tensor, per_channel: bool = False) -> tuple[Tensor, Tensor]:
    """Return the lowest and the highest value of each element of rows, or of each channel."""
    each = x.flatten(2).movedim(2, 1).flatten(0, 1) if per_channel else x.flatten(1)
    return each.amin(0), each.amax(0)


@part("score/error")
class Error(Ranged):
    """The mean error over the elements of a row: what the likelihood of the model makes of its reconstruction."""

    any_size = has_map = True

    def fit(self, outputs: Iterable[Output], model: Model) -> Error:
        """Return a copy that knows the range of each element, or of each channel where rows have any size."""
        ranges = [range_of(output.batch.x, model.any_size) for output in outputs]
        fitted = type(self)(len(ranges[0][0]), model.any_size)
        fitted._learn_range(ranges)
        return fitted

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return the mean error."""
        return self.pool(self.map(output, model))

    def map(self, output: Output, model: Model) -> Tensor:
        """Return the error of each element."""
        return model.error(output.batch, output.y.float())

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return the error of each element, and its excess over the range."""
        error = self.map(output, model)
        return error.clamp_min(0) + self.excess(output.batch).reshape(error.shape)
