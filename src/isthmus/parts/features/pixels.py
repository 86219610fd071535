"""Features without weights: the pixels around each position, at several scales."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Features
from isthmus.core.part import part
from isthmus.parts.layers import continued, exactly
from isthmus.support.errors import InputError

PATCH = 8
"""Side of a patch, in pixels of its scale."""


@part("features/pixels")
class Pixels(Features):
    """Patches of 8 x 8 pixels around each position: of the image, of the image halved, and of that halved again.

    Raw patches tell textures apart as well as filters do (Varma & Zisserman 2009). A pixel of a coarser scale is the
    mean over a cell of 2 x 2, 4 x 4 … pixels, as in a pyramid (Burt & Adelson 1983). Beyond its border an image is
    continued by its first and last row and column. The maps are ordered by scale, then by channel, then by
    pixel, row by row.

    Parameters
    ----------
    stride : int, default 4
        Pixels between positions, along each axis: a multiple of the pixels in the coarsest scale's cells, up to 8.
    scales : int, default 3
        Number of scales: an image of c channels has 64 x scales x c maps.

    Raises
    ------
    InputError
        `scales` is below 1, or `stride` is no such multiple.

    Examples
    --------
    >>> Pixels()(torch.rand(1, 1, 30, 21)).shape
    torch.Size([1, 192, 8, 6])
    """

    smallest, axes = PATCH, 32
    kernel: Tensor

    def __init__(self, stride: int = 4, scales: int = 3) -> None:
        super().__init__()
        cells = [2**scale for scale in range(scales)]
        if not cells or stride % cells[-1] or stride % 2 or not 1 <= stride <= PATCH:
            raise InputError(
                f"stride={stride}, scales={scales} of the features 'pixels': expected 1 scale or more, and an even "
                f"stride up to {PATCH} that is a multiple of 2^(scales - 1)"
            )
        self.stride, self.cells = stride, cells
        self.reach = (PATCH * cells[-1] - stride) // 2
        each = torch.eye(PATCH**2, device="cpu").view(-1, 1, PATCH, PATCH)  # numbers also where layers have no memory
        self.register_buffer("kernel", each, persistent=False)

    def width(self, channels: int) -> int:
        """Return 64 maps for each scale and channel."""
        return PATCH**2 * len(self.cells) * channels

    def forward(self, x: Tensor) -> Tensor:
        """Return the patches, of shape (batch, width(channels), ceil(height / stride), ceil(width / stride)).

        Raises
        ------
        InputError
            The images are smaller than a patch.
        """
        self.check(x)
        x = continued(x, self.stride)
        return torch.cat([self._patches(x, cell) for cell in self.cells], 1)

    def projected(self, x: Tensor, axes: Tensor, bias: Tensor) -> Tensor:
        """Return the patches along some axes: each is a filter, and no patch is made."""
        self.check(x)
        x = continued(x, self.stride)
        filters = torch.unflatten(axes.T, 1, (len(self.cells), -1, PATCH, PATCH)).unbind(1)
        maps = bias.view(-1, 1, 1)
        for cell, each in zip(self.cells, filters, strict=True):
            maps = maps + nn.functional.conv2d(self._means(x, cell), each, stride=self.stride // cell)
        return maps

    def _patches(self, x: Tensor, cell: int) -> Tensor:
        """Return the patches of one scale, each with its position in the middle."""
        each_channel = self._means(x, cell).flatten(0, 1).unsqueeze(1)
        with exactly(x):
            each = nn.functional.conv2d(each_channel, self.kernel, stride=self.stride // cell)
        return torch.unflatten(each, 0, x.shape[:2]).flatten(1, 2)

    def _means(self, x: Tensor, cell: int) -> Tensor:
        """Return the means over cells of an image that is continued for the patches at its border."""
        margin = (PATCH * cell - self.stride) // 2
        return nn.functional.avg_pool2d(nn.functional.pad(x, (margin,) * 4, mode="replicate"), cell)
