"""Levels: how strong a corruption is: a number, or a range from which each row draws its own."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.records import Batch
from isthmus.support.errors import InputError

Level = float | tuple[float, float]


def check_level(level: Level, maximum: float = float("inf")) -> Level:
    """Return the level as a number or a pair; refuse one that is negative, above `maximum`, or not in order."""
    low, high = (level, level) if isinstance(level, (int, float)) else level
    if not 0 <= low <= high <= maximum:
        raise InputError(f"level={level!r}: expected a number, or (low, high), with 0 <= low <= high <= {maximum:g}")
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
