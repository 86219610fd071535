"""A user's own module as features."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Features
from isthmus.core.part import part
from isthmus.parts.layers import continued
from isthmus.support.errors import InputError


@part("features/module")
class ModuleFeatures(Features):
    """A frozen copy of a module of your own, from images to maps, with the weights that it has.

    The module sees images whose sides are multiples of `stride`: others are continued by their last row and column.
    A model file names the module and holds its weights, if its class is decorated with ``@part``; its constructor must
    then make its layers without any file.

    Parameters
    ----------
    module : nn.Module
        Takes (batch, channels, height, width) in [0, 1], returns (batch, maps, height / stride, width / stride).
    maps : int
        Number of maps.
    stride : int
        Pixels between positions, along each axis.
    reach : int or None, default None
        How many pixels beyond its own stride a position depends on, to each side; None: on all of them.
    channels : sequence of int or None, default None
        Numbers of channels that images may have; None: any.
    smallest : int, default 1
        Minimum height and width of an image, in pixels.

    Raises
    ------
    InputError
        `module` is no module, or a number is out of range.
    """

    def __init__(
        self,
        module: nn.Module,
        maps: int,
        stride: int,
        reach: int | None = None,
        channels: Sequence[int] | None = None,
        smallest: int = 1,
    ) -> None:
        super().__init__()
        if not isinstance(module, nn.Module):
            raise InputError(f"the features 'module' take an nn.Module, not {module!r}")
        if min(maps, stride, smallest) < 1 or (reach is not None and reach < 0):
            raise InputError(
                f"maps={maps}, stride={stride}, reach={reach}, smallest={smallest} of the features 'module': expected "
                "at least 1, 1, 0 and 1"
            )
        self.module, self.maps = deepcopy(module), maps
        self.stride = self.grid = stride
        self.reach, self.smallest = reach, smallest
        self.channels = None if channels is None else tuple(channels)

    def width(self, channels: int) -> int:
        """Return `maps`."""
        return self.maps

    def forward(self, x: Tensor) -> Tensor:
        """Return the module's maps.

        Raises
        ------
        InputError
            The images cannot be taken, or the module's maps do not have the shape that was stated.
        """
        self.check(x)
        x = continued(x, self.stride)
        maps: Tensor = self.module(x)
        expected = (len(x), self.maps, *(side // self.stride for side in x.shape[2:]))
        if not torch.compiler.is_exporting() and maps.shape != expected:
            raise InputError(
                f"the module {type(self.module).__name__} returns maps of shape {tuple(maps.shape)} for images of "
                f"shape {tuple(x.shape)}; with maps={self.maps} and stride={self.stride} they would be {expected}"
            )
        return maps
