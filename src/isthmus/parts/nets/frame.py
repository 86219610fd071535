"""A frame of overlapping blocks: their cosine transforms (Ahmed 1974), and the mean of blocks that overlap."""

from __future__ import annotations

from contextlib import AbstractContextManager
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.parts.layers import BLOCK, dct

CONV: tuple[Any, ...] = (nn.functional.conv1d, nn.functional.conv2d)
TRANSPOSED: tuple[Any, ...] = (nn.functional.conv_transpose1d, nn.functional.conv_transpose2d)
"""For rows of one axis (windows of signals) and of two (images), beside the channels."""
HIGH = (5, 9)
"""What counts as high frequencies, for one axis and for two."""


def high(axes: int) -> Tensor:
    """Return the functions of the basis whose frequencies along all axes add up to `HIGH` at least."""
    sums = [sum(each) for each in product(range(BLOCK), repeat=axes)]
    return dct(axes)[[number for number, total in enumerate(sums) if total >= HIGH[axes - 1]]]


class Frame(nn.Module):
    """The transforms of blocks whose centres are `stride` elements apart.

    Parameters
    ----------
    stride : int
        2, 4 or 8: along each axis, an element is in BLOCK / stride blocks, fewer at the border.
    axes : int
        Axes behind the channels: 2 of images, 1 of windows of signals.
    """

    basis: Tensor

    def __init__(self, stride: int, axes: int) -> None:
        super().__init__()
        self.stride, self.axes, self.margin = stride, axes, (BLOCK - stride) // 2
        self.register_buffer("basis", dct(axes))

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, channels, BLOCK^axes, *grid) for x whose sides are multiples of the stride."""
        x = nn.functional.pad(x, (self.margin, self.margin) * self.axes, mode="replicate")
        return transformed(x, self.basis, self.stride)

    def inverse(self, coefficients: Tensor) -> Tensor:
        """Return the mean of the blocks over each element, of shape (batch, channels, *space)."""
        sums = self._added(coefficients.flatten(0, 1), self.basis)
        counts = self._added(torch.ones_like(coefficients[:1, 0, :1]), torch.ones_like(self.basis[:1]))
        return torch.unflatten((sums / counts).squeeze(1), 0, coefficients.shape[:2])

    def _added(self, each: Tensor, basis: Tensor) -> Tensor:
        with exactly(each):
            added: Tensor = TRANSPOSED[self.axes - 1](each, basis, stride=self.stride, padding=self.margin)
        return added


def transformed(x: Tensor, basis: Tensor, stride: int) -> Tensor:
    """Return the coefficients of each channel of x, of shape (batch, channels, functions, *grid)."""
    with exactly(x):
        each = CONV[x.ndim - 3](x.flatten(0, 1).unsqueeze(1), basis, stride=stride)
    return torch.unflatten(each, 0, x.shape[:2])


def exactly(x: Tensor) -> AbstractContextManager[None]:
    """Compute products in float32 inside the block, although those around it may be computed in bfloat16."""
    return torch.autocast(x.device.type, enabled=False)
