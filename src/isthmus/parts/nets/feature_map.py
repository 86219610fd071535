"""The feature-map net: fully convolutional, for images and windows of any size."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Net, Sizes, fixed
from isthmus.core.part import kind_and_name, part
from isthmus.core.records import Batch
from isthmus.parts.layers import CONV, activation, continued, cropped, regress, whiten, zero_last
from isthmus.parts.nets.linear_skip import condition
from isthmus.support.errors import InputError

KERNEL = 3
NUMBERS = 2**25
"""In the sample of neighbourhoods from which the start is computed."""


@part("net/feature-map")
class FeatureMap(Net):
    """Residual blocks on a grid of patches, beside a linear path: the code has a vector for each patch.

    ::

        x ─ patches ─┬─ conv 3 (PCA) ─────────────┬─ + ─ h … z ─┬─ conv 3 (regression) ──────┬─ + ─ patches ─ y
                     └─ conv 1 ─ block ─ … ─ conv ┘             └─ conv 1 ─ block ─ … ─ conv ┘

    All layers work on the grid of patches, so that a step costs little. Norms look at the channels of one position
    only, and no layer looks at the whole image: the net takes any size, and a part of an image gives the same
    numbers as the whole. Images whose sides are no multiples of `stride` are continued by their last row and column,
    and cut again.

    Parameters
    ----------
    stride : int, default 8
        Side of a patch: a code has ceil(height / stride) x ceil(width / stride) positions.
    width : int, default 128
        Channels of the blocks.
    blocks : int, default 2
        In the encoder, and as many in the decoder.
    activation : {"gelu", "silu", "relu", "tanh"}, default "gelu"

    Raises
    ------
    InputError
        `stride`, `width` or `blocks` is out of range.
    """

    any_size = True
    rate_scale = 0.25
    """Each weight is used at every position, and the start is good: larger steps only lose what it knows."""

    def __init__(self, stride: int = 8, width: int = 128, blocks: int = 2, activation: str = "gelu") -> None:
        super().__init__()
        if min(stride, width) < 1 or blocks < 0:
            raise InputError(
                f"stride={stride}, width={width}, blocks={blocks} of the feature-map net: expected at least 1, 1 and 0"
            )
        self.stride, self.width, self.blocks, self.activation = stride, width, blocks, activation
        self.reach = 2 * max(blocks, 1) * (KERNEL // 2) * stride

    def positions(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the number of patches along each axis."""
        return tuple(-(-side // self.stride) for side in x_shape[1:])

    def build(self, sizes: Sizes) -> None:
        """Make the layers.

        Raises
        ------
        InputError
            The rows are neither images nor windows.
        """
        self.sizes, self.axes = sizes, axes_of(sizes, self)
        self.patch = self.stride**self.axes
        x, y = (fixed(shape[:1])[0] * self.patch for shape in (sizes.x, sizes.y))
        self.encoder = Grid(x, sizes.h, self.width, self.blocks, self.activation, self.axes)
        self.decoder = Grid(sizes.z + sizes.condition, y, self.width, self.blocks, self.activation, self.axes)
        self.conditioning = nn.Linear(sizes.condition, sizes.h, bias=False) if sizes.condition else None

    # -- both ways -----------------------------------------------------------------------------------------------

    def encode(self, batch: Batch) -> Tensor:
        """Return h of shape (batch, *positions, sizes.h)."""
        grid: Tensor = self.encoder(patches(batch.corrupted, self.stride))
        h = grid.movedim(1, -1)
        return h if self.conditioning is None else h + everywhere(self.conditioning(condition(batch)), self.axes)

    def decode(self, z: Tensor, batch: Batch | None = None, *skips: Tensor) -> Tensor:
        """Return y, as large as x; where that is not known, and sizes differ, whole patches."""
        y = joined(self.decoder(with_condition(z, batch, self.sizes).movedim(-1, 1)), self.stride)
        known = self.sizes.y if batch is None or batch.x.ndim != y.ndim else batch.x.shape[1:]
        return cropped(y, known[1:])

    # -- start ---------------------------------------------------------------------------------------------------

    def initialize_encoder(self, batch: Batch) -> Tensor:
        """Start the linear path as whitened PCA of the patches."""
        x = by_position(patches(batch.corrupted, self.stride))
        pca = nn.Linear(x.shape[1], self.sizes.h, device=x.device)
        noise = whiten(pca, x[:: -(-x.numel() // NUMBERS)], self.sizes.z)
        self.encoder.start(pca)
        self.encoder.centre(x.mean(0))
        return noise

    def initialize_decoder(self, z: Tensor, y: Tensor, batch: Batch) -> None:
        """Start the linear path as the regression from the codes around a patch to the patch."""
        width = KERNEL**self.axes * (self.sizes.z + self.sizes.condition)
        every = -(-prod(z.shape[:-1]) * width // NUMBERS)
        codes = with_condition(z[::every], batch[::every], self.sizes).movedim(-1, 1)
        line = nn.Linear(width, fixed(self.sizes.y[:1])[0] * self.patch, device=z.device)
        regress(line, by_position(neighbourhoods(codes)), by_position(patches(y[::every], self.stride)))
        self.decoder.start(line)


class Grid(nn.Module):
    """Layers on a grid: a linear convolution, and residual blocks beside it that start at zero."""

    def __init__(self, d_in: int, d_out: int, width: int, blocks: int, act: str, axes: int) -> None:
        super().__init__()
        conv = CONV[axes - 1]
        self.linear = conv(d_in, d_out, KERNEL, padding=KERNEL // 2)
        self.body = nn.Sequential(
            conv(d_in, width, 1),
            *(Block(width, act, conv) for _ in range(blocks)),
            activation(act),
            *zero_last([conv(width, d_out, 1)]),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of both paths, of shape (batch, d_out, *grid)."""
        y: Tensor = self.linear(x) + self.body(x)
        return y

    def start(self, line: nn.Linear) -> None:
        """Set the linear path to a map of single positions, or of the neighbourhood of each."""
        kernel = self.linear.weight
        kernel.zero_()
        if line.weight.numel() == kernel.numel():
            kernel.copy_(line.weight.view_as(kernel))
        else:
            kernel[(..., *[KERNEL // 2] * (kernel.ndim - 2))] = line.weight
        self.linear.bias.copy_(line.bias)

    def centre(self, mean: Tensor) -> None:
        """Let the blocks see x less its mean at the start."""
        first: Any = self.body[0]
        first.bias.copy_(-first.weight.flatten(1) @ mean)


class Block(nn.Module):
    """A convolution over the nearest positions, added to what came in; LayerNorm over channels before it."""

    def __init__(self, channels: int, act: str, conv: Any) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.act = activation(act)
        self.conv = conv(channels, channels, KERNEL, padding=KERNEL // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Return x plus the convolution of its normed activation."""
        y: Tensor = x + self.conv(self.act(self.norm(x.movedim(1, -1)).movedim(-1, 1)))
        return y


def axes_of(sizes: Sizes, net: Net) -> int:
    """Return how many axes a row has behind its channels: two of images, one of windows of signals.

    Raises
    ------
    InputError
        The rows are neither.
    """
    if len(sizes.x) not in (2, 3):
        raise InputError(
            f"the net {kind_and_name(net)[1]!r} takes images of shape (channels, height, width) or windows of shape "
            f"(channels, window), but the rows have shape {sizes.x}: give images or signals, or net='mlp'"
        )
    return len(sizes.x) - 1


def with_condition(z: Tensor, batch: Batch | None, sizes: Sizes) -> Tensor:
    """Return codes (batch, *positions, z) with the condition of the row, if there is one, beside each."""
    if not sizes.condition:
        return z
    return torch.cat([z, everywhere(condition(batch), z.ndim - 2).expand(*z.shape[:-1], -1)], -1)


def everywhere(vectors: Tensor, axes: int) -> Tensor:
    """Return a vector of each row with an axis of length 1 for each axis of positions."""
    return vectors.view(len(vectors), *[1] * axes, -1)


def patches(x: Tensor, stride: int) -> Tensor:
    """Return (batch, channels, *space) as (batch, channels · stride^axes, *grid), continued to whole patches."""
    x = continued(x, stride)
    if x.ndim == 4:
        return nn.functional.pixel_unshuffle(x, stride)
    return torch.unflatten(x, 2, (-1, stride)).movedim(3, 2).flatten(1, 2)


def joined(y: Tensor, stride: int) -> Tensor:
    """Return (batch, channels · stride^axes, *grid) as (batch, channels, *space)."""
    if y.ndim == 4:
        return nn.functional.pixel_shuffle(y, stride)
    return torch.unflatten(y, 1, (-1, stride)).movedim(2, 3).flatten(2, 3)


def by_position(x: Tensor) -> Tensor:
    """Return (batch, d, *grid) as (batch x positions, d)."""
    return x.movedim(1, -1).flatten(0, -2)


def neighbourhoods(z: Tensor) -> Tensor:
    """Return for each position the codes around it, (batch, d · 3^axes, *grid); zeros beyond the edge."""
    axes = z.ndim - 2
    z = nn.functional.pad(z, (KERNEL // 2, KERNEL // 2) * axes)
    for axis in range(2, 2 + axes):
        z = z.unfold(axis, KERNEL, 1)
    return z.permute(0, 1, *range(2 + axes, 2 + 2 * axes), *range(2, 2 + axes)).flatten(1, 1 + axes)
