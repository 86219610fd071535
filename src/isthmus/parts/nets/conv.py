"""The convolutional net, for images and for windows of signals, of any size and number of channels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Sizes, fixed
from isthmus.core.part import part
from isthmus.parts.layers import CONV, TRANSPOSED, activation, zero_last
from isthmus.parts.nets.linear_skip import LinearSkipNet
from isthmus.support.errors import InputError

PAD: tuple[Any, ...] = (nn.ReplicationPad1d, nn.ReplicationPad2d)
"""Layers for rows of one axis (windows of signals) and of two (images), beside the channels."""


class Block(nn.Module):
    """A convolution over three neighbours each way, with GroupNorm, added to what came in."""

    def __init__(self, channels: int, act: str, axes: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups(channels), channels)
        self.act = activation(act)
        self.conv = CONV[axes - 1](channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return x plus the convolution of its normed activation."""
        added: Tensor = self.conv(self.act(self.norm(x)))
        return x + added


def groups(channels: int) -> int:
    """Return the number of groups for GroupNorm: about eight channels in each."""
    return next(g for g in range(max(1, channels // 8), 0, -1) if channels % g == 0)


class Down(nn.Module):
    """(batch, C·H·W) to (batch, h): each stage halves height and width, or the window, rounding up."""

    def __init__(self, x: tuple[int, ...], channels: tuple[int, ...], h: int, act: str) -> None:
        super().__init__()
        self.x, axes = x, len(x) - 1
        stages = [
            nn.Sequential(CONV[axes - 1](a, b, 4, stride=2, padding=1), Block(b, act, axes))
            for a, b in pairwise((x[0], *channels))
        ]
        self.pad = PAD[axes - 1]((0, 1) * axes)
        self.stages = nn.ModuleList(stages)
        self.sides = sides(x[1:], len(channels))
        flat = channels[-1] * prod(self.sides[-1])
        self.head = nn.Sequential(*zero_last([nn.Flatten(), nn.LayerNorm(flat), activation(act), nn.Linear(flat, h)]))

    def forward(self, x: Tensor) -> Tensor:
        """Return the body's part of h."""
        x = torch.unflatten(x, 1, self.x)
        for stage, space in zip(self.stages, self.sides, strict=False):
            x = stage(cropped(self.pad(x), [side + side % 2 for side in space]))
        h: Tensor = self.head(x)
        return h


class Up(nn.Module):
    """(batch, z) to (batch, C·H·W): the stages of `Down` in reverse."""

    def __init__(self, z: int, channels: tuple[int, ...], y: tuple[int, ...], act: str) -> None:
        super().__init__()
        axes = len(y) - 1
        self.sides = sides(y[1:], len(channels))
        self.start = (channels[-1], *self.sides[-1])
        self.head = nn.Linear(z, prod(self.start))
        self.stages = nn.ModuleList(
            nn.Sequential(Block(a, act, axes), activation(act), TRANSPOSED[axes - 1](a, b, 4, stride=2, padding=1))
            for a, b in pairwise((*channels[::-1], y[0]))
        )
        zero_last([layer for layer in self.stages.modules() if isinstance(layer, TRANSPOSED)])

    def forward(self, z: Tensor) -> Tensor:
        """Return the body's part of y."""
        y = torch.unflatten(self.head(z), 1, self.start)
        for stage, space in zip(self.stages, self.sides[-2::-1], strict=True):
            y = cropped(stage(y), space)
        return y.flatten(1)


def cropped(x: Tensor, space: Sequence[int]) -> Tensor:
    """Return the first numbers along each axis behind the channels."""
    for axis, side in zip(range(-len(space), 0), space, strict=True):
        x = x.narrow(axis, 0, side)
    return x


def sides(space: tuple[int, ...], stages: int) -> list[tuple[int, ...]]:
    """Return the axes' lengths before each stage and after the last.

    Examples
    --------
    >>> sides((28, 21), 3)
    [(28, 21), (14, 11), (7, 6), (4, 3)]
    """
    lengths = [space]
    for _ in range(stages):
        lengths.append(tuple(-(-side // 2) for side in lengths[-1]))
    return lengths


@part("net/conv")
class Conv(LinearSkipNet):
    """Strided convolutions with residual blocks and GroupNorm, beside a linear path.

    ::

        x ─┬─ linear (PCA) ────────────────────────────────┬─ + ─ h … z ─┬─ linear ────────────────────┬─ + ─ y
           └─ conv /2 ─ block ─ … ─ flatten ─ linear ── h ─┘             └─ linear ─ block ─ conv·2 … ─┘

    Parameters
    ----------
    channels : tuple of int, default (32, 64, 128)
        Channels of each stage; every stage halves height and width of images, or the window of signals, rounding up.
    activation : {"gelu", "silu", "relu", "tanh"}, default "gelu"
    """

    def __init__(self, channels: tuple[int, ...] = (32, 64, 128), activation: str = "gelu") -> None:
        super().__init__()
        self.channels, self.activation = tuple(channels), activation
        if not self.channels or any(width < 1 for width in self.channels):
            raise InputError(
                f"channels={self.channels} of the conv net: at least one stage, each of at least 1 channel"
            )

    def bodies(self, sizes: Sizes) -> tuple[nn.Module, nn.Module]:
        """Return the two stacks of stages.

        Raises
        ------
        InputError
            The rows are neither images nor windows.
        """
        if len(sizes.x) not in (2, 3):
            raise InputError(
                "the conv net takes images of shape (channels, height, width) or windows of shape (channels, window), "
                f"but the rows have shape {sizes.x}: give images of shape (n, height, width) or (n, height, width, "
                "channels), or data='signals', or net='mlp'"
            )
        down = Down(fixed(sizes.x), self.channels, sizes.h, self.activation)
        return down, Up(sizes.z + sizes.condition, self.channels, fixed(sizes.y), self.activation)
