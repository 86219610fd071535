"""Corruptions: what is done to x before the encoder looks at it.

A level is a number, or a range ``(low, high)`` from which each row draws its own.
"""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.errors import InputError
from isthmus.core.kinds import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch

Level = float | tuple[float, float]


def check_level(level: Level, most: float = float("inf")) -> Level:
    """Return the level as a number or a pair; refuse one that is negative, above `most`, or not in order."""
    low, high = (level, level) if isinstance(level, (int, float)) else level
    if not 0 <= low <= high <= most:
        raise InputError(f"level={level!r}: expected a number, or (low, high), with 0 <= low <= high <= {most:g}")
    return low if low == high else (low, high)


def draw_level(level: Level, x: Tensor) -> Tensor | float:
    """Return the level for each row of x, shaped so that it broadcasts against x."""
    if not isinstance(level, tuple):
        return level
    low, high = level
    return low + (high - low) * torch.rand(len(x), *[1] * (x.ndim - 1), device=x.device)


def draw_mask(batch: Batch, level: Level) -> Tensor:
    """Draw what to take away: pixels of images for all channels at once, whole columns of tables."""
    x = batch.x
    if batch.feature is not None:
        columns = int(batch.feature.max()) + 1
        return (torch.rand(len(x), columns, device=x.device) < draw_level(level, x))[:, batch.feature]
    shape = (len(x), 1, *x.shape[2:]) if x.ndim > 2 else x.shape
    return (torch.rand(shape, device=x.device) < draw_level(level, x)).expand_as(x)


@part("corruption/gaussian")
class GaussianNoise(Corruption):
    """Adds noise of standard deviation `level`, in the units of x (Vincent 2010).

    Parameters
    ----------
    level : float or (float, float), default 0.5
        Standard deviation: 0.5 is half of black to white, or half a standard deviation of a standardised column.
    """

    def __init__(self, level: Level = 0.5) -> None:
        self.level = check_level(level)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with noise on ``corrupted``."""
        return batch.with_(corrupted=batch.x + draw_level(self.level, batch.x) * torch.randn_like(batch.x))


@part("corruption/masking")
class Masking(Corruption):
    """Sets a share of the pixels or columns to zero and says which (Vincent 2008).

    Parameters
    ----------
    level : float or (float, float), default 0.5
        Share that is taken away, in [0, 1].
    """

    def __init__(self, level: Level = 0.5) -> None:
        self.level = check_level(level, 1)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with zeros in ``corrupted`` where ``masked`` is True."""
        return take_away(batch, draw_mask(batch, self.level))


def take_away(batch: Batch, mask: Tensor) -> Batch:
    """Return the batch with zeros in ``corrupted`` where the mask is True."""
    return batch.with_(corrupted=batch.x.masked_fill(mask, 0.0), masked=mask)


@part("corruption/salt-and-pepper")
class SaltAndPepper(Corruption):
    """Sets a share of the elements to the lowest or the highest value, by a fair coin (Vincent 2010).

    The lowest and highest are those of the batch: of each column for tables, over all pixels for images.

    Parameters
    ----------
    level : float or (float, float), default 0.3
        Share that is hit, in [0, 1].
    """

    def __init__(self, level: Level = 0.3) -> None:
        self.level = check_level(level, 1)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with ``corrupted`` hit; ``masked`` stays unset, since nobody tells where it was hit."""
        x = batch.x
        low, high = (x.amin(0), x.amax(0)) if x.ndim == 2 else (x.amin(), x.amax())
        spoiled = torch.where(torch.rand_like(x) < 0.5, low, high)
        return batch.with_(corrupted=torch.where(draw_mask(batch, self.level), spoiled, x))


@part("corruption/patch-masking")
class PatchMasking(Corruption):
    """Sets a share of square patches of images to zero and says which (Pathak 2016; He 2022).

    On rows that are no images, runs of `size` neighbouring elements are taken away.

    Parameters
    ----------
    level : float or (float, float), default 0.5
        Share of patches that is taken away, in [0, 1].
    size : int, default 4
        Side of a patch in pixels.
    """

    def __init__(self, level: Level = 0.5, size: int = 4) -> None:
        if size < 1:
            raise InputError(f"size={size} of a patch is less than one pixel")
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


@part("corruption/binarize")
class Binarize(Corruption):
    """Draws x itself anew at each look: every element is 1 with probability x (Salakhutdinov & Murray 2008).

    Elements that are 0 or 1 already stay as they are, so a binary test set is left alone.
    """

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with a binary ``x``, which is also what the encoder sees."""
        x = (torch.rand_like(batch.x) < batch.x).to(batch.x.dtype)
        return batch.with_(x=x, corrupted=x)
