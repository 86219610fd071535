"""The lapped net: a frame of cosines with learnt gates, and a body that corrects its coefficients."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.layers import BLOCK
from isthmus.parts.nets.feature_map import continued
from isthmus.parts.nets.frame import Frame, exactly
from isthmus.parts.nets.restoring import RestoringNet
from isthmus.support.errors import InputError

THRESHOLD = 2.7
"""How many times the noise level a coefficient is of which half passes, before the first step."""
CERTAIN = 16.0
"""How many times the threshold a coefficient is that passes wholly."""
TINY = 1e-6
POOL = (nn.functional.avg_pool1d, nn.functional.avg_pool2d)


@part("net/lapped")
class Lapped(RestoringNet):
    """Transforms overlapping blocks, lets coefficients pass that are above the noise, and corrects them.

    ::

        x ─ colours ─ cosine transform of blocks ─┬─ gates ───────────── + ─ overlapping blocks back ─ colours ─ y
                      noise level ────────────────┴─ levels of blocks ───┘

    Before the first step it removes noise as a sliding cosine transform with a threshold does (Yu & Sapiro 2011): the
    correction starts small. Colours are rotated to their principal axes. How much of a coefficient passes depends on
    its size over the noise level of the whole row: the known one, else the estimated one.

    Parameters
    ----------
    stride : {2, 4, 8}, default 4
        Elements from a block of 8 x 8 to the next.
    widths : tuple of int, default (96, 128)
        Channels of each level of the correction; each has half as many positions along each axis as the one before.
    blocks : tuple of int, default (2, 2)
        Residual blocks of each level on the way down, and as many on the way up.
    """

    colours: Tensor
    estimates_noise = True

    def __init__(self, stride: int = 4, widths: Sequence[int] = (96, 128), blocks: Sequence[int] = (2, 2)) -> None:
        if stride not in (2, 4, 8):
            raise InputError(f"stride={stride} of the lapped net: choose 2, 4 or 8")
        super().__init__(widths, blocks, stride, overlap=BLOCK // (2 * stride), margin=BLOCK // 2 + stride)
        self.cell = stride

    def front(self, channels: int) -> tuple[int, int]:
        """Make the frame, a gate for each coefficient but the means of blocks, and the rotation of colours."""
        self.frame = Frame(self.cell, self.axes)
        numbers = BLOCK**self.axes
        gates = channels, numbers - 1, *[1] * self.axes
        self.threshold = nn.Parameter(torch.full(gates, math.log(THRESHOLD)))
        self.register_buffer("colours", torch.eye(channels))
        return channels * (2 * numbers - 1) + 1, numbers

    def analysed(self, x: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return what passes the gates as base; the body sees that, what does not pass, and the noise level."""
        coefficients = self.frame(continued(rotated(x, self.colours), self.stride))
        mean, waves = coefficients[:, :, :1], coefficients[:, :, 1:]
        noise = self.noise_map(batch, coefficients)
        passed = waves * self._gates(waves, noise.unsqueeze(1))
        seen = torch.cat([self._differences(mean), passed, passed - waves], 2).flatten(1, 2)
        return torch.cat([seen, noise], 1), torch.cat([mean, passed], 2)

    def joined(self, y: Tensor) -> Tensor:
        """Return overlapping blocks as one, in the user's colours."""
        return rotated(self.frame.inverse(y), self.colours.T)

    def _gates(self, waves: Tensor, noise: Tensor) -> Tensor:
        """Return the fraction of each coefficient that passes: r⁸ / (1 + r⁸), r its size over the threshold."""
        ratio = waves / (self.threshold.exp() * noise + TINY)
        steep = ratio.clamp(-CERTAIN, CERTAIN).square().square().square()
        return steep / (1 + steep)

    def _differences(self, mean: Tensor) -> Tensor:
        """Return the mean of each block less that of the blocks around it: brightness alone changes nothing."""
        around = POOL[self.axes - 1](mean.squeeze(2), 3, 1, 1, count_include_pad=False)
        return mean - around.unsqueeze(2)

    def initialize_encoder(self, batch: Batch) -> None:
        """Rotate colours to their principal axes."""
        x = batch.x.transpose(0, 1).flatten(1).double()
        self.colours.copy_(torch.linalg.eigh(torch.cov(x).view(len(x), len(x)))[1].T)


def rotated(x: Tensor, colours: Tensor) -> Tensor:
    """Return rows with a rotation of each group of channels."""
    groups = torch.unflatten(x, 1, (-1, len(colours)))
    with exactly(x):
        return torch.einsum("cd,ngd...->ngc...", colours, groups).flatten(1, 2)
