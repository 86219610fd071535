"""Levels: how strong a corruption is: a number, or a range from which each row draws its own."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part_name
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


def floored(level: Tensor | float, floor: float) -> Tensor:
    """Return levels that are no less than a number."""
    return torch.as_tensor(level).clamp_min(floor)


def highest(level: Level) -> float:
    """Return the highest level."""
    return level[1] if isinstance(level, tuple) else level


def with_space(x: Tensor, corruption: Corruption, axes: int | None = None) -> Tensor:
    """Return x, if its rows are images, or windows of signals.

    Raises
    ------
    InputError
        They are neither; or they are no images, where `axes` is 2.
    """
    if x.ndim < 3 or (axes is not None and x.ndim != 2 + axes):
        what = "images" if axes == 2 else "images or windows of signals"
        raise InputError(
            f"the corruption {part_name(corruption).partition('/')[2]!r} is one of {what}, but rows have the shape "
            f"{tuple(x.shape[1:])}: choose another, such as 'gaussian'"
        )
    return x
