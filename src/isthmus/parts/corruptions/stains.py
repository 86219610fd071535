"""Stains: blots and rings on a page, such as those of coffee."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, ends, with_space
from isthmus.parts.corruptions.shading import offsets, shaded, smooth_field
from isthmus.support.errors import InputError

WAVES, ROUGH = 6, 0.12
"""Waves of an outline, at most, and how far the first of them leaves the circle, as a fraction of the radius."""
RIM = (1.0, 8.0)
"""From the thinnest rim to the widest, in pixels."""
INSIDE = 0.6
"""How dark a blot is inside, at most, beside its rim."""
CLOUDS = 8
"""Points along each axis between which a stain is darker or lighter."""


@part("corruption/stains")
class Stains(Corruption):
    """Multiplies images by blots, whose rims are darker than their inside, and by rings, which have only a rim.

    Parameters
    ----------
    level : float or (float, float), default (0.1, 0.6)
        How much darker a rim is, as a fraction of its brightness.
    number : int, default 3
        Stains of an image, at most; each is there with a probability of one half, and the first always.
    radius : (float, float), default (8, 120)
        From the smallest stain to the largest, in pixels.

    Raises
    ------
    InputError
        A level is not in [0, 1], there are no stains, or radii are not in order.
    """

    def __init__(self, level: Level = (0.1, 0.6), number: int = 3, radius: tuple[float, float] = (8, 120)) -> None:
        self.level, self.number, self.radius = check_level(level, 1), number, ends(radius)
        if number < 1 or not 0 < self.radius[0] <= self.radius[1]:
            raise InputError(
                f"number={number}, radius={radius} of the corruption 'stains': expected at least one stain, and "
                "(low, high) above 0"
            )

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with stains on ``corrupted``."""
        x = with_space(batch.x, self, axes=2)
        return batch.with_(corrupted=shaded(x, self.level, self.number, self._stain))

    def _stain(self, x: Tensor) -> Tensor:
        """Return how dark each element is by one stain, from 0 to 1."""
        row, column, size, rim, inside, blot = torch.rand(6, len(x), 1, 1, 1, device=x.device)
        down, across = offsets(x, row, column)
        radius = self.radius[0] * (self.radius[1] / self.radius[0]) ** size
        outline, strength = self._around(torch.atan2(down, across))
        beyond = torch.hypot(down, across) - radius * outline
        rim = RIM[0] + (RIM[1] - RIM[0]) * rim
        line = torch.exp(-(beyond / rim).square()) * strength
        within = torch.sigmoid(-3 * beyond / rim) * INSIDE * inside * (blot < 0.5)
        return torch.maximum(line, within) * (0.5 + 0.5 * smooth_field(x, CLOUDS).clamp(0, 1))

    def _around(self, angle: Tensor) -> tuple[Tensor, Tensor]:
        """Return the outline at each angle, beside a circle, and how strong the rim is there, from 0 to 1."""
        phase = 2 * math.pi * torch.rand(WAVES + 1, len(angle), 1, 1, 1, device=angle.device)
        outline = 1 + sum(ROUGH / wave * torch.sin(wave * angle + phase[wave]) for wave in range(1, WAVES + 1))
        return torch.as_tensor(outline), 0.5 + 0.5 * torch.sin(angle + phase[0])
