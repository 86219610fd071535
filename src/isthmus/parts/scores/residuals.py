"""Residuals measured by their typical scale: a score, and what other scores make of them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from isthmus.core.model import Model
from isthmus.core.part import part
from isthmus.core.records import Output
from isthmus.parts.scores.errors import Ranged, range_of

NEAR = 0.5
"""Where inputs and reconstructions begin to be brought in before they are compared, in deviations."""
FLOOR = 0.03
"""Added to the size of a residual."""


@part("score/residual")
class Residual(Ranged):
    """The residuals, each measured by its typical scale: the mean of log(1 + (residual / size)²) over the elements.

    This is minus the logarithm of a Cauchy density, up to constants: one residual that is far off counts, but does not
    hide the others. It suits tables with categories, where distances between rows mean little.

    Parameters
    ----------
    width : int
        Learnt: numbers in a row.
    """

    spread: Tensor

    def __init__(self, width: int = 0) -> None:
        super().__init__(width)
        self.register_buffer("spread", torch.ones(width))

    def fit(self, outputs: Iterable[Output], model: Model) -> Residual:
        """Return a copy that knows the root mean square of each residual, and the range of each element."""
        pairs = [(output.batch.x.flatten(1), residual(output, model)) for output in outputs]
        x, residuals = (torch.cat(side) for side in zip(*pairs, strict=True))
        fitted = Residual(x.shape[1])
        fitted.spread.copy_(spread(residuals))
        fitted._learn_range([range_of(x)])
        return fitted

    def forward(self, output: Output, model: Model) -> Tensor:
        """Return the mean over the elements."""
        return self._each(output, model).mean(1)

    def contributions(self, output: Output, model: Model) -> Tensor:
        """Return what each element has in the sum, and its excess over the range."""
        return (self._each(output, model) + self.excess(output.batch)).reshape(output.batch.x.shape)

    def _each(self, output: Output, model: Model) -> Tensor:
        return (residual(output, model) / self.spread).square().log1p()


def residual(output: Output, model: Model) -> Tensor:
    """Return s(x) − s(x̂) of shape (batch, d), with s(x) = asinh(2 x) / 2; zero where x is missing."""
    batch = output.batch
    difference = squashed(batch.x, NEAR) - squashed(model.likelihood.mean(output.y.float()), NEAR)
    return difference if batch.observed is None else difference * batch.observed.flatten(1)


def spread(residuals: Tensor) -> Tensor:
    """Return the typical scale of each residual: its root mean square, and a little more."""
    return residuals.square().mean(0).sqrt() + FLOOR


def squashed(x: Tensor, bend: float) -> Tensor:
    """Return x of shape (batch, d), what is far out brought in: it begins to bend there, in deviations."""
    return bend * asinh(x.flatten(1) / bend)


def asinh(x: Tensor) -> Tensor:
    """Return asinh(x): torch's own takes fifteen times as long on a CPU."""
    size = x.abs()
    return (size + size * (size / (1 + (1 + size.square()).sqrt()))).log1p() * x.sign()
