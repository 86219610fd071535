"""Surprisal: minus the logarithm of the fraction of normal values that are as high, continued beyond them."""

from __future__ import annotations

from math import log

import numpy as np
import torch
from torch import Tensor, nn

KNOTS = 24
TOP = 0.1
"""The fraction of normal values whose mean excess says how fast the surprisal grows beyond the highest."""
FLAT, TINY = 1e-2, 1e-3
"""The least mean excess: a fraction of the standard deviation, and a number where that is zero."""


class Surprisal(nn.Module):
    """``-log P(X >= x)`` of each column, estimated from normal values: linear between knots at their quantiles.

    Beyond the last knot a tail is exponential, with the mean excess of the highest tenth (the generalised Pareto
    distribution of shape 0: Pickands 1975).

    Parameters
    ----------
    width : int
        Columns.
    last : float, default 0
        The fraction of normal values beyond the last knot; 0: the last knot is the highest value.
    """

    knots: Tensor
    values: Tensor
    excess: Tensor

    def __init__(self, width: int, last: float = 0.0) -> None:
        super().__init__()
        self.last = last
        self.register_buffer("knots", torch.zeros(KNOTS, width))
        self.register_buffer("values", torch.zeros(KNOTS, width))
        self.register_buffer("excess", torch.ones(width))

    def learn(self, x: Tensor) -> None:
        """Learn from normal values of shape (n, width)."""
        n = len(x)
        ordered = x.sort(0).values
        at = n - counts(n, max(1, round(self.last * n)))
        self.knots.copy_(ordered[at])
        above = n - torch.searchsorted(ordered.T.contiguous(), self.knots.T.contiguous()).T
        self.values.copy_(-(above / (n + 1)).log())
        top = ordered[-max(2, round(TOP * n)) :]
        excess, scale = (top - top[0]).mean(0), FLAT * x.std(0, correction=0) + TINY
        self.excess.copy_(torch.maximum(excess, scale))

    def forward(self, x: Tensor) -> Tensor:
        """Return the surprisal of values of shape (batch, width), at least 0."""
        return self.of_columns(x.T).T

    def of_columns(self, x: Tensor) -> Tensor:
        """Return what `forward` does, both as (width, batch): several times as fast where there are many values."""
        knots, values, excess = self.knots[..., None], self.values[..., None], self.excess[:, None]
        step = knots.diff(dim=0)
        rise = values.diff(dim=0) / torch.where(step > 0, step, 1)
        value = values[0] + x.new_zeros(x.shape)
        for k in range(KNOTS - 1):
            value = value + rise[k] * torch.minimum((x - knots[k]).relu(), step[k])
        return value + (x - knots[-1]).relu() / excess


def counts(n: int, last: int) -> Tensor:
    """Return how many of n ordered values are at or beyond each knot: evenly spaced logarithms, from n down to `last`.

    Examples
    --------
    >>> counts(1000, 1)[[0, -2, -1]].tolist()
    [1000, 1, 1]
    """
    return torch.from_numpy(np.exp(np.linspace(log(n), log(last), KNOTS)).round().astype(np.int64))
