"""Scratches: thin straight lines of images are taken away."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, draw_level, with_space
from isthmus.parts.corruptions.masking import take_away
from isthmus.support.errors import InputError

LINES = 64
"""The most lines that are drawn."""


@part("corruption/scratches")
class Scratches(Corruption):
    """Takes away lines across images, of any direction, until a fraction of the pixels is gone, and says which.

    Parameters
    ----------
    level : float or (float, float), default (0.05, 0.2)
        Fraction of the pixels that is taken away, in [0, 1]; no more than many lines cover.
    thickness : (float, float), default (1, 4)
        From the thinnest line to the thickest, in pixels.

    Raises
    ------
    InputError
        A line is thinner than a pixel, or the thickest is thinner than the thinnest.
    """

    spatial = masks = True

    def __init__(self, level: Level = (0.05, 0.2), thickness: tuple[float, float] = (1, 4)) -> None:
        self.level, self.thickness = check_level(level, 1), tuple(thickness)
        if not 1 <= self.thickness[0] <= self.thickness[-1]:
            raise InputError(
                f"thickness={thickness} of the corruption 'scratches': expected (low, high), from 1 pixel on"
            )

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with zeros in ``corrupted`` where ``masked`` is True."""
        x = with_space(batch.x, self, axes=2)
        gone = torch.zeros_like(x[:, :1], dtype=torch.bool)
        wanted = draw_level(self.level, x[:, :1])
        for _ in range(LINES):
            short = gone.float().mean((2, 3), keepdim=True) < wanted
            gone |= self._lines(x) & short
        return take_away(batch, gone.expand_as(x))

    def _lines(self, x: Tensor) -> Tensor:
        """Return a random line on each image."""
        height, width = x.shape[2:]
        angle, row, column, weight = torch.rand(4, len(x), 1, 1, 1, device=x.device)
        thickness = self.thickness[0] + (self.thickness[1] - self.thickness[0]) * weight
        down = torch.arange(height, device=x.device)[:, None] - row * (height - 1)
        along = torch.arange(width, device=x.device) - column * (width - 1)
        distance = (down * torch.cos(math.pi * angle) + along * torch.sin(math.pi * angle)).abs()
        line: Tensor = distance < thickness / 2
        return line
