"""The U-Net, for restoring images and windows of any size."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.layers import continued
from isthmus.parts.nets.feature_map import joined, patches
from isthmus.parts.nets.filling import CELLS, REACH, filled
from isthmus.parts.nets.restoring import RestoringNet

CELL = 2
"""Side of the patches whose elements become channels."""


@part("net/unet")
class UNet(RestoringNet):
    """Adds to x what it makes of it: residual blocks on grids of patches, without biases and norms (Zhang 2021).

    The finest grid has a position for each 2 x 2 elements, and each level half as many along each axis as the one
    before (Ronneberger 2015). What is twice as bright comes out twice as bright, so that levels of noise outside those
    of training are handled (Mohan 2020).

    Parameters
    ----------
    widths : tuple of int, default (32, 64, 96)
        Channels of each level.
    blocks : tuple of int, default (1, 1, 2)
        Residual blocks of each level on the way down, and as many on the way up.
    noise : bool, default False
        Whether it sees the noise level of the whole row beside x: the known one, else the estimated one.
    absolute : bool, default False
        Whether it sees a map of ones beside x, so that what is twice as bright need not come out twice as bright: paper
        of any tone may become white.
    fill : bool, default False
        Whether it sees which elements are missing or masked, and starts from a smooth continuation of what is around.
    """

    def __init__(
        self,
        widths: Sequence[int] = (32, 64, 96),
        blocks: Sequence[int] = (1, 1, 2),
        noise: bool = False,
        absolute: bool = False,
        fill: bool = False,
    ) -> None:
        super().__init__(widths, blocks, CELL, margin=REACH if fill else 0)
        self.estimates_noise, self.absolute, self.fills = noise, absolute, fill
        self.grid = CELLS if fill else 1

    def front(self, channels: int) -> tuple[int, int]:
        """Patches need no layer."""
        numbers = CELL**self.axes
        return channels * numbers + self.estimates_noise + self.absolute + self.fills * numbers, numbers

    def analysed(self, x: Tensor, batch: Batch) -> tuple[Tensor, ...]:
        """Return patches with what else is to be seen beside them, and the patches alone."""
        missing = self._missing(x, batch) if self.fills else None
        x = x if missing is None else filled(x, missing)
        base = patches(continued(x, self.stride), CELL)
        maps = [base]
        if missing is not None:
            maps.append(patches(continued(missing.to(x.dtype), self.stride), CELL))
        if self.estimates_noise:
            maps.append(self.everywhere(self.noise_level(batch), base))
        if self.absolute:
            maps.append(torch.ones_like(base[:, :1]))
        return torch.cat(maps, 1), base

    def _missing(self, x: Tensor, batch: Batch) -> Tensor:
        """Return what is missing in any channel, of shape (batch, 1, *space)."""
        missing = torch.zeros_like(x, dtype=torch.bool) if batch.missing is None else batch.missing
        return missing.any(1, keepdim=True)

    def joined(self, maps: Tensor) -> Tensor:
        """Return the patches side by side."""
        return joined(maps, CELL)
