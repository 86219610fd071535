"""The noise level of rows, from the blocks of a row in which there is little else."""

from __future__ import annotations

import math
from itertools import product

from torch import Tensor, nn

from isthmus.parts.layers import BLOCK, continued, dct, transformed

HIGH = (5, 9)
"""Sums of frequencies along all axes from which they count as high, for one axis and for two."""
QUANTILE = 0.2
"""Fraction of the blocks that are smooth, at least."""
NORMAL_QUANTILE = -0.8416
"""That quantile of the standard normal distribution."""
NOTHING = 1e-9
"""Energy, as a fraction of the largest, below which a block holds nothing: noise was cut off at black or white."""


class NoiseLevel(nn.Module):
    """The standard deviation of white noise: from the energy of high frequencies in the smoothest blocks.

    Where there is noise alone, the energy follows a χ² distribution, whose quantile is known. The noise of all channels
    counts as equally strong.

    Parameters
    ----------
    channels : int
        Of a row.
    axes : int
        Axes behind them: 2 of images, 1 of windows of signals.
    """

    basis: Tensor

    def __init__(self, channels: int, axes: int) -> None:
        super().__init__()
        self.register_buffer("basis", high(axes), persistent=False)
        self.energy = chi_square(channels * len(self.basis))

    def readings(self, x: Tensor) -> Tensor:
        """Return the energy of each block of x, of shape (batch, channels, *space), as (batch, blocks)."""
        return transformed(continued(x, BLOCK), self.basis, BLOCK).square().sum((1, 2)).flatten(1)

    def forward(self, readings: Tensor) -> Tensor:
        """Return the noise level of each row, of shape (batch,), in the units of x."""
        energy = readings.sort(1).values
        nothing = (energy <= NOTHING * energy[:, -1:]).sum(1, keepdim=True)
        blocks = readings.shape[1]
        at = nothing + (QUANTILE * (blocks - nothing)).long()
        return (energy.gather(1, at.clamp(max=blocks - 1)).squeeze(1) / self.energy).sqrt()


def chi_square(freedom: int) -> float:
    """Return the quantile of the χ² distribution of so many degrees of freedom (approximated: Wilson & Hilferty 1931).

    Examples
    --------
    >>> round(chi_square(21), 2)
    15.45
    """
    spread = 2 / (9 * freedom)
    return freedom * (1 - spread + NORMAL_QUANTILE * math.sqrt(spread)) ** 3


def high(axes: int) -> Tensor:
    """Return the functions of the basis whose frequencies along all axes add up to `HIGH` at least."""
    sums = [sum(each) for each in product(range(BLOCK), repeat=axes)]
    return dct(axes)[[number for number, total in enumerate(sums) if total >= HIGH[axes - 1]]]
