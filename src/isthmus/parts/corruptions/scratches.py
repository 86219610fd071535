"""Scratches: thin straight lines of images are taken away."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, draw_level, ends, highest, with_space
from isthmus.parts.corruptions.masking import take_away
from isthmus.support.errors import InputError

LINES, SPARE = 3.0, 4
"""How many times the expected number of lines are drawn, and how many more; those count that are needed."""
LARGEST = 0.5
"""The largest fraction that lines take away."""


@part("corruption/scratches")
class Scratches(Corruption):
    """Takes away lines across images, of any direction, until a fraction of the pixels is gone, and says which.

    Parameters
    ----------
    level : float or (float, float), default (0.05, 0.2)
        Fraction of the pixels that is taken away, in [0, 0.5].
    thickness : (float, float), default (1, 4)
        From the thinnest line to the thickest, in pixels.

    Raises
    ------
    InputError
        A line is thinner than a pixel, or the thickest is thinner than the thinnest.
    """

    masks = True

    def __init__(self, level: Level = (0.05, 0.2), thickness: tuple[float, float] = (1, 4)) -> None:
        self.level, self.thickness = check_level(level, LARGEST), ends(thickness)
        if not 1 <= self.thickness[0] <= self.thickness[1]:
            raise InputError(
                f"thickness={thickness} of the corruption 'scratches': expected (low, high), from 1 pixel on"
            )

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with zeros in ``corrupted`` where ``masked`` is True."""
        x = with_space(batch.x, self, axes=2)
        gone = torch.zeros_like(x[:, :1], dtype=torch.bool)
        wanted = draw_level(self.level, x[:, :1])
        for _ in range(self._enough(max(x.shape[2:]))):
            short = gone.float().mean((2, 3), keepdim=True) < wanted
            gone |= self._line(x) & short
        return take_away(batch, gone.expand_as(x))

    def _enough(self, side: int) -> int:
        """Return how many lines are enough, of which each takes a thickness in a side of what others left."""
        each = min(sum(self.thickness) / 2 / side, LARGEST)
        return SPARE + math.ceil(LINES * math.log1p(-highest(self.level)) / math.log1p(-each))

    def _line(self, x: Tensor) -> Tensor:
        """Return a random line on each image."""
        height, width = x.shape[2:]
        angle, row, column, weight = torch.rand(4, len(x), 1, 1, 1, device=x.device)
        thickness = self.thickness[0] + (self.thickness[1] - self.thickness[0]) * weight
        down = torch.arange(height, device=x.device)[:, None] - row * (height - 1)
        along = torch.arange(width, device=x.device) - column * (width - 1)
        distance = (down * torch.cos(math.pi * angle) + along * torch.sin(math.pi * angle)).abs()
        line: Tensor = distance < thickness / 2
        return line
