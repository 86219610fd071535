"""Bleed-through: the back of a page is seen through it."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.blur import Blur
from isthmus.parts.corruptions.levels import Level, check_level, draw_level, with_space


@part("corruption/bleed-through")
class BleedThrough(Corruption):
    """Shows the back of a page: the image itself, seen from behind, moved and blurred, as if it were printed on both.

    x is multiplied by a factor from 1 - level, where ink is on the back, to 1, where there is none. Ink is what is
    darker than the brightest element of an image.

    Parameters
    ----------
    level : float or (float, float), default (0.05, 0.3)
        How much darker the page is before black ink.
    blur : float or (float, float), default (0.5, 2.5)
        Standard deviation of the blur, in pixels.

    Raises
    ------
    InputError
        A level is not in [0, 1].
    """

    def __init__(self, level: Level = (0.05, 0.3), blur: Level = (0.5, 2.5)) -> None:
        self.level, self.blur = check_level(level, 1), check_level(blur)
        self._blurred = Blur(self.blur)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with its back on ``corrupted``."""
        x = with_space(batch.x, self, axes=2)
        back = moved(moved(x.flip(3), 3), 2)
        back = self._blurred(Batch(back, back)).corrupted
        ink = 1 - back / x.amax((1, 2, 3), keepdim=True).clamp_min(1e-6)
        return batch.with_(corrupted=x * (1 - draw_level(self.level, x) * ink.clamp(0, 1)))


def moved(x: Tensor, axis: int) -> Tensor:
    """Return images, each moved along an axis by a distance of its own; what leaves them comes in on the other side."""
    side = x.shape[axis]
    start = torch.rand(len(x), 1, 1, 1, device=x.device) * side
    steps = torch.arange(side, device=x.device).view(1, 1, *((-1, 1) if axis == 2 else (1, -1)))
    return x.gather(axis, ((steps + start).long() % side).expand_as(x))
