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
"""How often what a value has in excess of its range counts in its contribution."""


class Ranged(Score):
    """A score that knows the range of each element in normal rows; abstract.

    A value beyond the range contributes more than any other: what it has in excess counts a hundred times.

    Parameters
    ----------
    width : int
        Learnt: numbers in a row.
    """

    low: Tensor
    high: Tensor

    def __init__(self, width: int = 0) -> None:
        super().__init__()
        self.register_buffer("low", torch.full((width,), -torch.inf))
        self.register_buffer("high", torch.full((width,), torch.inf))

    def excess(self, batch: Batch) -> Tensor:
        """Return how far each element is beyond its range, a hundred times, of shape (batch, d)."""
        x = batch.x.flatten(1)
        beyond = EXCESS * ((x - self.high).relu() + (self.low - x).relu())
        return beyond if batch.observed is None else beyond * batch.observed.flatten(1)

    def _learn_range(self, x: Tensor) -> None:
        self.low.copy_(x.amin(0))
        self.high.copy_(x.amax(0))


@part("score/error")
class Error(Ranged):
    """The mean error over the elements of a row: what the likelihood of the model makes of its reconstruction."""

    def fit(self, outputs: Iterable[Output], model: Model) -> Error:
        """Return a copy that knows the range of each element."""
        x = torch.cat([output.batch.x.flatten(1) for output in outputs])
        fitted = type(self)(x.shape[1])
        fitted._learn_range(x)
        return fitted

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return the mean error."""
        return model.error(output.batch, output.y.float()).flatten(1).mean(1)

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return the error of each element, and its excess over the range."""
        error = model.error(output.batch, output.y.float())
        return error.clamp_min(0) + self.excess(output.batch).reshape(error.shape)
