"""A frame of overlapping blocks: their cosine transforms (Ahmed 1974), and the mean of blocks that overlap."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from isthmus.parts.layers import BLOCK, FUNCTIONAL, dct, exactly, transformed
from isthmus.parts.nets.feature_map import joined


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
    taps: Tensor

    def __init__(self, stride: int, axes: int) -> None:
        super().__init__()
        self.stride, self.axes, self.margin = stride, axes, (BLOCK - stride) // 2
        self.register_buffer("basis", dct(axes), persistent=False)
        self.register_buffer("taps", self._taps(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, channels, BLOCK^axes, *grid) for x whose sides are multiples of the stride."""
        x = nn.functional.pad(x, (self.margin, self.margin) * self.axes, mode="replicate")
        return transformed(x, self.basis, self.stride)

    def inverse(self, coefficients: Tensor) -> Tensor:
        """Return the mean of the blocks over each element, of shape (batch, channels, *space)."""
        sums = self._added(coefficients.flatten(0, 1), self.taps)
        one = coefficients[:1, 0, :1]
        counts = self._added(torch.ones_like(one), (self.taps != 0).any(1, keepdim=True).to(one.dtype))
        return torch.unflatten((sums / counts).squeeze(1), 0, coefficients.shape[:2])

    def _added(self, each: Tensor, taps: Tensor) -> Tensor:
        with exactly(each):
            cells = FUNCTIONAL[self.axes - 1](each, taps, padding=taps.shape[-1] // 2)
        return joined(cells, self.stride)

    def _taps(self) -> Tensor:
        """Return what each element of a cell takes of the blocks around it, of shape (elements, numbers, *blocks).

        It is the transposed convolution as a convolution, which processors compute several times as fast.
        """
        around = -(-self.margin // self.stride)
        blocks, elements = (torch.arange(*ends, device="cpu") for ends in ((-around, around + 1), (self.stride,)))
        at = (elements[:, None] + self.margin - self.stride * blocks).clamp(-1, BLOCK) + 1  # in a block; beyond it 0
        taps = nn.functional.pad(self.basis, (1, 1) * self.axes).squeeze(1)
        for axis in range(1, 1 + 2 * self.axes, 2):
            taps = torch.unflatten(taps.index_select(axis, at.flatten()), axis, at.shape)
        elements_first = (*range(1, 1 + 2 * self.axes, 2), 0, *range(2, 2 + 2 * self.axes, 2))
        return taps.permute(elements_first).flatten(0, self.axes - 1)
