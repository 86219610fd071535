"""The noise level of rows, from the blocks of a row in which there is little else."""

from __future__ import annotations

import math
from itertools import product

from torch import Tensor, nn

from isthmus.parts.layers import BLOCK, dct, transformed, whole_cells

HIGH = (5, 9)
"""Sums of frequencies along all axes from which they count as high, for one axis and for two."""
SMOOTH, LEAST = 0.2, 0.02
"""Fraction of the blocks that are smooth, and the least fraction that is taken."""
FEWEST, NUMBERS = 12, 576
"""Blocks that are enough, and numbers in them that are."""
NOTHING = 1e-9
"""Energy, as a fraction of the largest, below which a block holds nothing: noise was cut off at black or white."""


class NoiseLevel(nn.Module):
    """The standard deviation of white noise: from the energy of high frequencies in the smoothest blocks.

    Where there is noise alone, the energy follows a χ² distribution, whose quantile is known. The larger a row is, the
    smaller is the fraction of its blocks that is needed, so that rows full of texture count as noisy less often. The
    noise of all channels counts as equally strong.

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
        self.freedom = channels * len(self.basis)

    def readings(self, x: Tensor) -> Tensor:
        """Return the energy of each block of x, of shape (batch, channels, *space), as (batch, blocks).

        Blocks that x ends in are left out: continued, they would be the smoothest.
        """
        return transformed(whole_cells(x, BLOCK), self.basis, BLOCK).square().sum((1, 2)).flatten(1)

    def forward(self, readings: Tensor) -> Tensor:
        """Return the noise level of each row, of shape (batch,), in the units of x."""
        energy = readings.sort(1).values
        nothing = (energy <= NOTHING * energy[:, -1:]).sum(1, keepdim=True)
        blocks = (readings.shape[1] - nothing).clamp(min=1)
        below = (SMOOTH * blocks).clamp(max=max(FEWEST, NUMBERS // self.freedom)).maximum(LEAST * blocks).long()
        at = energy.gather(1, (nothing + below).clamp(max=readings.shape[1] - 1))
        return (at / chi_square((below + 0.5) / blocks, self.freedom)).sqrt().squeeze(1)


def chi_square(fraction: Tensor, freedom: int) -> Tensor:
    """Return the quantile of the χ² distribution for a fraction below 1/2 (approximated: Wilson & Hilferty 1931).

    Examples
    --------
    >>> import torch
    >>> round(chi_square(torch.tensor(0.2), 21).item(), 1)
    15.5
    """
    spread = 2 / (9 * freedom)
    cubed: Tensor = freedom * (1 - spread + normal(fraction) * math.sqrt(spread)) ** 3
    return cubed


def normal(fraction: Tensor) -> Tensor:
    """Return the quantile of the normal distribution, for a fraction below 1/2 (Abramowitz & Stegun 1964, 26.2.22)."""
    t = (-2 * fraction.log()).sqrt()
    return (2.30753 + 0.27061 * t) / (1 + 0.99229 * t + 0.04481 * t.square()) - t


def high(axes: int) -> Tensor:
    """Return the functions of the basis whose frequencies along all axes add up to `HIGH` at least."""
    sums = [sum(each) for each in product(range(BLOCK), repeat=axes)]
    return dct(axes)[[number for number, total in enumerate(sums) if total >= HIGH[axes - 1]]]
