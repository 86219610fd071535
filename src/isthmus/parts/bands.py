"""How the coefficients of an image lie in a code: the net that makes them and the bottleneck that codes them share it.

A position of the code is a cell of several blocks along each axis. Of each channel it has as many coefficients as
pixels: those of its blocks, of which the means are transformed once more, all of a cell together.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from isthmus.support.errors import InputError

SECOND = 4
"""Blocks of a cell along each axis."""
BLOCKS = (8, 4)
"""Sides that blocks can have, in pixels."""
STEP = 16 / 255
"""How coarsely codes are rounded where nothing else is said, in the units of x."""


@dataclass(frozen=True)
class Bands:
    """The coefficients of cells whose blocks have a side of 8 or 4 pixels.

    Raises
    ------
    InputError
        `block` is another number.
    """

    block: int = BLOCKS[0]

    def __post_init__(self) -> None:
        if self.block not in BLOCKS:
            raise InputError(f"block={self.block!r} of the lapped transform: expected 8 or 4")

    @property
    def waves(self) -> int:
        """Coefficients of a block beside its mean."""
        return self.block**2 - 1

    @property
    def cell(self) -> int:
        """Pixels along a side of a cell."""
        return self.block * SECOND

    def joined(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Return a code of shape (batch, *positions, channels · cell²).

        Parameters
        ----------
        coarse : Tensor of shape (batch, channels, SECOND², *positions)
            Coefficients of the means of blocks, in zigzag order.
        fine : Tensor of shape (batch, channels, waves, *blocks)
            Those of each block, in zigzag order, without its mean.
        """
        cells = nn.functional.pixel_unshuffle(fine.flatten(1, 2), SECOND)
        return torch.cat([coarse.flatten(1, 2), cells], 1).movedim(1, -1)

    def apart(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Return the two tensors that `joined` joined."""
        channels = code.shape[-1] // self.cell**2
        bands, means = code.movedim(-1, 1), channels * SECOND**2
        coarse, cells = bands[:, :means], bands[:, means:]
        fine = nn.functional.pixel_shuffle(cells, SECOND)
        return torch.unflatten(coarse, 1, (channels, -1)), torch.unflatten(fine, 1, (channels, -1))


def zigzag(side: int) -> list[int]:
    """Return the coefficients of a block, row by row, in the order of their frequency."""
    return sorted(range(side**2), key=lambda at: (at // side + at % side, max(at // side, at % side), at))


def steps(step: Tensor | None, like: Tensor) -> Tensor:
    """Return the step of each row, with axes of length 1 behind it; the usual one where it is None."""
    every = like.new_full(like.shape[:1], STEP) if step is None else step
    return every.view(-1, *[1] * (like.ndim - 1))
