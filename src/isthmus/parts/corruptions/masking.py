"""Masking: elements, or square patches of images, are taken away, and the record says which."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, draw_level, draw_mask
from isthmus.support.errors import InputError


@part("corruption/masking")
class Masking(Corruption):
    """Sets a fraction of the pixels or columns to zero and says which (Vincent 2008).

    Parameters
    ----------
    level : float or (float, float), default 0.5
        Fraction that is taken away, in [0, 1].
    """

    masks = True

    def __init__(self, level: Level = 0.5) -> None:
        self.level = check_level(level, 1)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with zeros in ``corrupted`` where ``masked`` is True."""
        return take_away(batch, draw_mask(batch, self.level))


def take_away(batch: Batch, mask: Tensor) -> Batch:
    """Return the batch with zeros in ``corrupted`` where the mask is True."""
    return batch.with_(corrupted=batch.x.masked_fill(mask, 0.0), masked=mask)


@part("corruption/patch-masking")
class PatchMasking(Corruption):
    """Sets a fraction of square patches of images to zero and says which (Pathak 2016; He 2022).

    On rows that are no images, runs of `size` neighbouring elements are taken away.

    Parameters
    ----------
    level : float or (float, float), default 0.5
        Fraction of patches that is taken away, in [0, 1].
    size : int, default 4
        Side of a patch in pixels.
    """

    masks = True

    def __init__(self, level: Level = 0.5, size: int = 4) -> None:
        if not isinstance(size, int) or size < 1:
            raise InputError(f"size={size} of a patch is no whole number of pixels, or less than one pixel")
        self.level, self.size = check_level(level, 1), size

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with zero patches in ``corrupted`` where ``masked`` is True."""
        x = batch.x
        space = x.shape[2:] if x.ndim > 2 else x.shape[1:]
        coarse = torch.rand(len(x), *[-(-side // self.size) for side in space], device=x.device)
        level = draw_level(self.level, coarse)
        mask = coarse < level
        for axis, side in enumerate(space, start=1):
            mask = mask.repeat_interleave(self.size, axis).narrow(axis, 0, side)
        return take_away(batch, mask.unsqueeze(1).expand_as(x) if x.ndim > 2 else mask)
