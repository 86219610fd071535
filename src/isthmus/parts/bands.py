"""How the coefficients of an image lie in a code: the net that makes them and the bottleneck that codes them share it.

A position of the code is a cell of `CELL` x `CELL` pixels, of which each channel has as many coefficients as pixels:
those of its blocks of `BLOCK` x `BLOCK`, of which the means are transformed once more, `SECOND` x `SECOND` together.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from isthmus.parts.layers import BLOCK

SECOND = 4
"""Blocks of a cell along each axis."""
CELL = BLOCK * SECOND
WAVES = BLOCK**2 - 1
"""Coefficients of a block beside its mean."""
STEP = 16 / 255
"""How coarsely codes are rounded where nothing else is said, in the units of x."""


def zigzag(side: int) -> list[int]:
    """Return the coefficients of a block, row by row, in the order of their frequency."""
    return sorted(range(side**2), key=lambda at: (at // side + at % side, max(at // side, at % side), at))


def joined(coarse: Tensor, fine: Tensor) -> Tensor:
    """Return a code of shape (batch, *positions, channels · CELL²).

    Parameters
    ----------
    coarse : Tensor of shape (batch, channels, SECOND², *positions)
        Coefficients of the means of blocks, in zigzag order.
    fine : Tensor of shape (batch, channels, WAVES, *blocks)
        Those of each block, in zigzag order, without its mean.
    """
    cells = nn.functional.pixel_unshuffle(fine.flatten(1, 2), SECOND)
    return torch.cat([coarse.flatten(1, 2), cells], 1).movedim(1, -1)


def apart(code: Tensor) -> tuple[Tensor, Tensor]:
    """Return the two tensors that `joined` joined."""
    channels = code.shape[-1] // CELL**2
    bands, means = code.movedim(-1, 1), channels * SECOND**2
    coarse, cells = bands[:, :means], bands[:, means:]
    fine = nn.functional.pixel_shuffle(cells, SECOND)
    return torch.unflatten(coarse, 1, (channels, -1)), torch.unflatten(fine, 1, (channels, -1))


def steps(step: Tensor | None, like: Tensor) -> Tensor:
    """Return the step of each row, with axes of length 1 behind it; the usual one where it is None."""
    every = like.new_full(like.shape[:1], STEP) if step is None else step
    return every.view(-1, *[1] * (like.ndim - 1))
