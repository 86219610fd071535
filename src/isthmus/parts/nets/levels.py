"""Levels: residual blocks on grids of several widths, joined by skip connections (Ronneberger 2015)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.parts.layers import CONV, TRANSPOSED, channels_last

GAIN = 4.0
"""Factor of what comes in: the layers see numbers of about 1 rather than those of pixels, and learn as fast."""
SMALL = 2.5e-4
"""Standard deviation of weights that start as if they were hardly there, but with a gradient for those before them."""


class Levels(nn.Module):
    """A way down to a coarse grid, and a way up again that sees what was there on the way down.

    No layer has a bias or a norm: what is twice as bright, and twice as noisy, comes out twice as bright, so that noise
    levels outside those of training are handled (Mohan 2020).

    Parameters
    ----------
    d_in, d_out : int
        Channels of what comes in and goes out, on the finest grid.
    widths : tuple of int
        Channels of each level; each has half as many positions along each axis as the one before.
    blocks : tuple of int
        Residual blocks of each level on the way down, and as many on the way up.
    axes : int
        Axes of the grid.
    ends : int
        Side of the kernels of the first layer and the last.
    """

    def __init__(
        self, d_in: int, d_out: int, widths: tuple[int, ...], blocks: tuple[int, ...], axes: int, ends: int
    ) -> None:
        super().__init__()
        conv, transposed = CONV[axes - 1], TRANSPOSED[axes - 1]
        self.first = conv(d_in, widths[0], ends, padding=ends // 2, bias=False)
        self.last = small(conv(widths[0], d_out, ends, padding=ends // 2, bias=False))
        self.before, self.after = (
            nn.ModuleList(
                nn.Sequential(*(Block(width, conv) for _ in range(n))) for width, n in zip(widths, blocks, strict=True)
            )
            for _ in range(2)
        )
        self.narrower = nn.ModuleList(conv(a, b, 2, stride=2, bias=False) for a, b in pairwise(widths))
        self.wider = nn.ModuleList(transposed(b, a, 2, stride=2, bias=False) for a, b in pairwise(widths))

    def down(self, x: Tensor) -> list[Tensor]:
        """Return the map of each level, the finest first."""
        x = channels_last(self._first(x))
        maps = [self.before[0](x)]
        for narrower, blocks in zip(self.narrower, self.before[1:], strict=True):
            maps.append(blocks(narrower(maps[-1])))
        return maps

    def _first(self, x: Tensor) -> Tensor:
        """Return the first layer's map; its weights have the gain, since they are fewer than what comes in."""
        first: Tensor = self.first._conv_forward(x, GAIN * self.first.weight, None)
        return first

    def up(self, deepest: Tensor, finer: list[Tensor]) -> Tensor:
        """Return what goes out, from the deepest map and the maps of the levels above, the finest first."""
        x = self.after[-1](deepest)
        for level in range(len(finer) - 1, -1, -1):
            x = self.after[level](finer[level] + self.wider[level](x))
        y: Tensor = self.last(x)
        return y


class Block(nn.Module):
    """Two convolutions over the nearest positions, added to what came in; the second starts small."""

    def __init__(self, width: int, conv: Any) -> None:
        super().__init__()
        first, second = (conv(width, width, 3, padding=1, bias=False) for _ in range(2))
        self.layers = nn.Sequential(first, nn.ReLU(inplace=True), small(second))

    def forward(self, x: Tensor) -> Tensor:
        """Return x and what the layers add to it."""
        y: Tensor = self.layers(x).add_(x)  # one large map less
        return y


def small(layer: Any) -> Any:
    """Return a layer with small weights."""
    layer.weight = nn.Parameter(SMALL * torch.randn(layer.weight.shape, device="cpu"))  # on meta it imports a compiler
    return layer


def reach(blocks: tuple[int, ...], ends: int = 1, overlap: int = 0) -> int:
    """Return how many positions of the finest grid what goes out depends on, beyond a position of the coarsest one.

    `overlap` is how many positions beyond it are part of what goes out.

    Examples
    --------
    >>> reach((1,)), reach((1, 2))
    (4, 20)
    """
    seen = overlap + ends // 2
    for level, n in enumerate(blocks):
        cell = 1 << level
        seen = -(-seen // cell) * cell + 2 * n * cell
    return seen + 2 * sum(n << level for level, n in enumerate(blocks)) + ends // 2
