"""The convolutional net, for images of any height, width and number of channels."""

from __future__ import annotations

from itertools import pairwise
from math import prod

from torch import Tensor, nn

from isthmus.core.errors import InputError
from isthmus.core.kinds import Sizes
from isthmus.core.part import part
from isthmus.parts.layers import activation, zero_last
from isthmus.parts.nets.bypass import BypassNet


class Block(nn.Module):
    """A 3 x 3 convolution with GroupNorm, added to what came in."""

    def __init__(self, channels: int, act: str) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups(channels), channels)
        self.act = activation(act)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return x plus the convolution of its normed activation."""
        return x + self.conv(self.act(self.norm(x)))


def groups(channels: int) -> int:
    """Return the number of groups for GroupNorm: about eight channels in each."""
    return next(g for g in range(max(1, channels // 8), 0, -1) if channels % g == 0)


class Down(nn.Module):
    """(batch, C·H·W) to (batch, h): each stage halves height and width, rounding up."""

    def __init__(self, x: tuple[int, ...], channels: tuple[int, ...], h: int, act: str) -> None:
        super().__init__()
        self.x = x
        stages = [
            nn.Sequential(nn.Conv2d(a, b, 4, stride=2, padding=1), Block(b, act))
            for a, b in pairwise((x[0], *channels))
        ]
        self.pad = nn.ReplicationPad2d((0, 1, 0, 1))
        self.stages = nn.ModuleList(stages)
        self.sides = sides(x[1:], len(channels))
        flat = channels[-1] * prod(self.sides[-1])
        self.head = nn.Sequential(*zero_last([nn.Flatten(), nn.LayerNorm(flat), activation(act), nn.Linear(flat, h)]))

    def forward(self, x: Tensor) -> Tensor:
        """Return the body's part of h."""
        x = x.unflatten(1, self.x)
        for stage, (height, width) in zip(self.stages, self.sides, strict=False):
            x = stage(self.pad(x)[..., : height + height % 2, : width + width % 2])
        return self.head(x)


class Up(nn.Module):
    """(batch, z) to (batch, C·H·W): the stages of `Down` in reverse."""

    def __init__(self, z: int, channels: tuple[int, ...], y: tuple[int, ...], act: str) -> None:
        super().__init__()
        self.sides = sides(y[1:], len(channels))
        self.start = (channels[-1], *self.sides[-1])
        self.head = nn.Linear(z, prod(self.start))
        self.stages = nn.ModuleList(
            nn.Sequential(Block(a, act), activation(act), nn.ConvTranspose2d(a, b, 4, stride=2, padding=1))
            for a, b in pairwise((*channels[::-1], y[0]))
        )
        zero_last([layer for layer in self.stages.modules() if isinstance(layer, nn.ConvTranspose2d)])

    def forward(self, z: Tensor) -> Tensor:
        """Return the body's part of y."""
        y = self.head(z).unflatten(1, self.start)
        for stage, (height, width) in zip(self.stages, self.sides[-2::-1], strict=True):
            y = stage(y)[..., :height, :width]
        return y.flatten(1)


def sides(space: tuple[int, ...], stages: int) -> list[tuple[int, ...]]:
    """Return height and width before each stage and after the last.

    Examples
    --------
    >>> sides((28, 21), 3)
    [(28, 21), (14, 11), (7, 6), (4, 3)]
    """
    found = [space]
    for _ in range(stages):
        found.append(tuple(-(-side // 2) for side in found[-1]))
    return found


@part("net/conv")
class Conv(BypassNet):
    """Strided convolutions with residual blocks and GroupNorm, beside a linear path.

    ::

        x ─┬─ linear (PCA) ────────────────────────────────┬─ + ─ h … z ─┬─ linear ────────────────────┬─ + ─ y
           └─ conv /2 ─ block ─ … ─ flatten ─ linear ── h ─┘             └─ linear ─ block ─ conv·2 … ─┘

    Parameters
    ----------
    channels : tuple of int, default (32, 64, 128)
        Channels of each stage; every stage halves height and width, rounding up.
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
            The rows are no images.
        """
        if len(sizes.x) != 3:
            raise InputError(
                f"the conv net takes images of shape (channels, height, width), but the rows have shape {sizes.x}: "
                "give images of shape (n, height, width) or (n, height, width, channels), or net='mlp'"
            )
        down = Down(sizes.x, self.channels, sizes.h, self.activation)
        return down, Up(sizes.z + sizes.condition, self.channels, sizes.y, self.activation)
