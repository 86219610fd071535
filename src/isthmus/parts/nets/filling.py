"""Filling: what is missing, as a smooth continuation of what is around it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from isthmus.parts.layers import POOL, continued, cropped

LEVELS = 7
"""Grids, each twice as coarse as the one before: what is wider than the coarsest cells stays 0 in its middle."""
CELLS = 2**LEVELS
"""Side of a cell of the coarsest grid."""
SWEEPS, SWEPT = 8, 3
"""How often what is missing becomes the mean of its neighbours, and on how many of the finest grids."""
REACH = 2 * CELLS + SWEEPS * (2**SWEPT - 1)
"""Elements that what is filled depends on, on each side."""
SMOOTH = ("linear", "bilinear")
LEAST = 1e-6
"""Less of a cell that is known counts as nothing."""


def filled(x: Tensor, missing: Tensor) -> Tensor:
    """Return x with what is missing filled smoothly: it is about the mean of its neighbours, everywhere.

    Means of ever larger cells are interpolated (push and pull, Gortler 1996), and on the finest grids relaxed
    towards the harmonic function that continues what is around (multigrid, Brandt 1977).

    Parameters
    ----------
    x : Tensor of shape (batch, channels, *space)
    missing : bool Tensor that broadcasts against x, of as many axes
    """
    whole = continued(x, CELLS)
    known = continued((~missing).to(x.dtype), CELLS)
    levels = [(whole * known, known)]
    for _ in range(LEVELS):
        levels.append((_halved(levels[-1][0]), _halved(levels[-1][1])))
    sums, known = levels.pop()
    y = sums / known.clamp_min(LEAST)
    for level, (sums, known) in reversed([*enumerate(levels)]):
        y = torch.addcmul(sums, 1 - known, _doubled(y))
        for _ in range(SWEEPS if level < SWEPT else 0):
            y = torch.addcmul(sums, 1 - known, _neighbours(y))
    return torch.where(missing, cropped(y, x.shape[2:]), x)


def _halved(x: Tensor) -> Tensor:
    return POOL[x.ndim - 3](x, 2)


def _doubled(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2, mode=SMOOTH[x.ndim - 3])


def _neighbours(x: Tensor) -> Tensor:
    """Return the mean of the two next elements along each axis; at the border, x itself is one of them."""
    axes = x.ndim - 2
    around = nn.functional.pad(x, (1, 1) * axes, mode="replicate")
    within = [slice(1, -1)] * axes
    sides = [
        (*within[:axis], side, *within[axis + 1 :]) for axis in range(axes) for side in (slice(-2), slice(2, None))
    ]
    return torch.stack([around[..., *side] for side in sides]).mean(0)
