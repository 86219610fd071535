"""Folds: creases across a page, darker on one side and lighter on the other."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, ends, with_space
from isthmus.parts.corruptions.shading import offsets, shaded
from isthmus.support.errors import InputError

BEND, WAVES = 6.0, 3.0
"""How far a crease leaves its straight line, in pixels, and how many times at most it does so."""
LIGHT = 0.4
"""How strong the light on one side of a crease is beside the shade on the other."""


@part("corruption/folds")
class Folds(Corruption):
    """Shades creases across images, of any direction, as of a page that was folded or crumpled.

    A crease has a thin dark line, a shade that fades on one of its sides, and a faint light on the other; x is
    multiplied by a factor. Light is no brighter than the brightest element of an image.

    Parameters
    ----------
    level : float or (float, float), default (0.1, 0.4)
        How much darker the line is, as a fraction of its brightness.
    number : int, default 3
        Creases of an image, at most; each is there with a probability of one half, and the first always.
    width : (float, float), default (4, 30)
        From the narrowest shade to the widest, in pixels.

    Raises
    ------
    InputError
        A level is not in [0, 1], there are no creases, or widths are not in order.
    """

    def __init__(self, level: Level = (0.1, 0.4), number: int = 3, width: tuple[float, float] = (4, 30)) -> None:
        self.level, self.number, self.width = check_level(level, 1), number, ends(width)
        if number < 1 or not 0 < self.width[0] <= self.width[1]:
            raise InputError(
                f"number={number}, width={width} of the corruption 'folds': expected at least one crease, and "
                "(low, high) above 0"
            )

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with creases on ``corrupted``."""
        x = with_space(batch.x, self, axes=2)
        creased = shaded(x, self.level, self.number, self._crease)
        return batch.with_(corrupted=torch.minimum(creased, x.amax((1, 2, 3), keepdim=True)))

    def _crease(self, x: Tensor) -> Tensor:
        """Return how dark each element is by one crease: 1 on its line, below 0 where it is lighter."""
        angle, row, column, wide, phase, waves = torch.rand(6, len(x), 1, 1, 1, device=x.device)
        down, across = offsets(x, row, column)
        cos, sin = torch.cos(2 * math.pi * angle), torch.sin(2 * math.pi * angle)
        along = (across * cos - down * sin) / max(x.shape[2:])
        distance = down * cos + across * sin + BEND * torch.sin(2 * math.pi * (WAVES * waves * along + phase))
        fade = torch.exp(-distance.abs() / (self.width[0] + (self.width[1] - self.width[0]) * wide))
        side = torch.where(distance > 0, 0.5, -0.5 * LIGHT)
        return 0.5 * torch.exp(-distance.square()) + side * fade
