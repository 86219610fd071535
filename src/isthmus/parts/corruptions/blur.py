"""Blur: each element becomes a mean of those around it."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, draw_floored, highest, with_space

FLAT = 1e-3
"""The smallest width of a bell, in elements: it leaves all as it is."""


@part("corruption/blur")
class Blur(Corruption):
    """Convolves images, or windows of signals, with a bell-shaped kernel, the same along each axis.

    Beyond the border they are continued by their last elements.

    Parameters
    ----------
    level : float or (float, float), default (0.0, 2.0)
        Standard deviation of the bell, in elements.
    """

    def __init__(self, level: Level = (0.0, 2.0)) -> None:
        self.level = check_level(level)
        self.radius = math.ceil(3 * highest(self.level))

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with ``corrupted`` blurred."""
        x = with_space(batch.x, self)
        steps = torch.arange(-self.radius, self.radius + 1, device=x.device)
        widths = draw_floored(self.level, x, FLAT).flatten()
        bells = torch.softmax(-0.5 * (steps / widths[:, None]) ** 2, 1)
        for axis in range(2, x.ndim):
            x = along(x.movedim(axis, -1), bells).movedim(-1, axis)
        return batch.with_(corrupted=x)


def along(x: Tensor, kernels: Tensor) -> Tensor:
    """Return each row of x convolved along its last axis with a kernel of its own."""
    lines = x.reshape(len(x), -1, x.shape[-1])
    radius = kernels.shape[1] // 2
    lines = functional.pad(lines, (radius, radius), mode="replicate").transpose(0, 1)
    return functional.conv1d(lines, kernels.unsqueeze(1), groups=len(x)).transpose(0, 1).reshape(x.shape)
