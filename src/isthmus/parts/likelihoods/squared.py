"""Squared and absolute errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from isthmus.core.interfaces import Likelihood
from isthmus.core.part import part


@part("likelihood/squared")
class Squared(Likelihood):
    """(y − x)², whose mean over elements is the MSE.

    Examples
    --------
    The worked example of the field has an MSE of 0.008:

    >>> x = torch.tensor([[0.9, 0.1, 0.7, 0.3, 0.5]])
    >>> y = torch.tensor([[0.8, 0.2, 0.6, 0.4, 0.5]])
    >>> round(Squared().error(y, x).mean().item(), 6)
    0.008

    Parameters
    ----------
    bounds : (float, float) or None, default None
        The least and the most that x can be. The reconstruction is y cut to them, and so is the error; its gradient
        passes the cut as if it were not there, so that the loss stays convex in y and no pixel dies. A decoder then
        need not hit black and white exactly.
    """

    def __init__(self, bounds: tuple[float, float] | None = None) -> None:
        super().__init__()
        self.bounds = bounds

    def unbounded(self) -> Squared:
        """Return the squared error without bounds."""
        return Squared()

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the squared difference."""
        if self.bounds is not None:
            y = y + (self.mean(y) - y).detach()
        return (y - x).square()

    def total(self, y: Tensor, x: Tensor, observed: Tensor | None = None) -> Tensor:
        """Return the squared distance of each row."""
        if observed is not None or not y.requires_grad:
            return super().total(y, x, observed)
        return squared_distance(y, x, self.bounds)

    def mean(self, y: Tensor) -> Tensor:
        """Return y within the bounds."""
        return y if self.bounds is None else y.clamp(*self.bounds)


class SquaredDistance(torch.autograd.Function):
    """What ``Squared.error`` sums to in each row, with one tensor of the size of x instead of five."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, x: Tensor, bounds: tuple[float, float] | None) -> Tensor:
        """Return the squared distance of each row."""
        gap = ((y if bounds is None else y.clamp(*bounds)) - x).flatten(1)
        ctx.save_for_backward(gap)
        ctx.shape, ctx.dtype = y.shape, y.dtype
        distance: Tensor = torch.linalg.vector_norm(gap, dim=1)
        return distance.square_()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """Return the gradient in y; x and the bounds have none."""
        (gap,) = ctx.saved_tensors
        return gap.mul_(2 * gradient[:, None]).view(ctx.shape).to(ctx.dtype), None, None


squared_distance: Callable[[Tensor, Tensor, tuple[float, float] | None], Tensor] = SquaredDistance.apply


@part("likelihood/absolute")
class Absolute(Likelihood):
    """|y − x|: outliers pull less, edges blur less."""

    def error(self, y: Tensor, x: Tensor) -> Tensor:
        """Return the absolute difference."""
        return (y - x).abs()
