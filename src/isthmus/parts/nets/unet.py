"""The U-Net, for restoring images and windows of any size."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.layers import continued
from isthmus.parts.nets.feature_map import joined, patches
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
    """

    def __init__(
        self, widths: Sequence[int] = (32, 64, 96), blocks: Sequence[int] = (1, 1, 2), noise: bool = False
    ) -> None:
        super().__init__(widths, blocks, CELL)
        self.estimates_noise = noise

    def front(self, channels: int) -> tuple[int, int]:
        """Patches need no layer."""
        numbers = CELL**self.axes
        return channels * numbers + self.estimates_noise, numbers

    def analysed(self, x: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return patches, with the noise level beside them if it is to be seen, and x."""
        base = continued(x, self.stride)
        maps = patches(base, CELL)
        return (self.beside(maps, self.noise_level(batch)) if self.estimates_noise else maps), base

    def joined(self, maps: Tensor) -> Tensor:
        """Return the patches side by side."""
        return joined(maps, CELL)
