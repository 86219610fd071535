"""Uneven light: parts of an image are darker than others, smoothly."""

from __future__ import annotations

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, draw_level, with_space
from isthmus.parts.corruptions.shading import smooth_field
from isthmus.support.errors import InputError


@part("corruption/uneven-light")
class UnevenLight(Corruption):
    """Darkens images smoothly: a lamp to one side, a page that bends away, a hand in the light.

    x is multiplied by a factor from 1 - level to 1, which both are reached.

    Parameters
    ----------
    level : float or (float, float), default (0.1, 0.5)
        How much darker the darkest part is, as a fraction of its brightness.
    bumps : int, default 3
        Points along each axis between which the light changes: 2 gives a slope, more give patches.

    Raises
    ------
    InputError
        A level is not in [0, 1], or there are fewer than 2 points.
    """

    def __init__(self, level: Level = (0.1, 0.5), bumps: int = 3) -> None:
        if not isinstance(bumps, int) or bumps < 2:
            raise InputError(f"bumps={bumps} of the corruption 'uneven-light': expected a whole number of at least 2")
        self.level, self.bumps = check_level(level, 1), bumps

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with ``corrupted`` darkened."""
        x = with_space(batch.x, self, axes=2)
        shade = smooth_field(x, self.bumps)
        low, high = shade.amin((2, 3), keepdim=True), shade.amax((2, 3), keepdim=True)
        return batch.with_(corrupted=x * (1 - draw_level(self.level, x) * (shade - low) / (high - low).clamp_min(1e-6)))
