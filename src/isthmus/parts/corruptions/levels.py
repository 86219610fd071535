"""Levels: how strong a corruption is: a number, or a range from which each row draws its own."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from isthmus.core.interfaces import Corruption
from isthmus.core.part import kind_and_name
from isthmus.core.records import Batch
from isthmus.support.errors import InputError

Level = float | tuple[float, float]


def check_level(level: Level, maximum: float = float("inf"), minimum: float = 0) -> Level:
    """Return the level as a number or a pair; refuse one below `minimum`, above `maximum`, or not in order."""
    low, high = ends(level)
    if not minimum <= low <= high <= maximum:
        raise InputError(
            f"level={level!r}: expected a number, or (low, high), with {minimum:g} <= low <= high <= {maximum:g}"
        )
    return low if low == high else (low, high)


def ends(level: object) -> tuple[float, float]:
    """Return the low and the high end of a number or a pair; NaN where it is neither, which no range contains."""
    pair: Any = (level, level) if isinstance(level, Real) else None if isinstance(level, str) else level
    try:
        low, high = pair
        return float(low), float(high)
    except (TypeError, ValueError):
        return math.nan, math.nan


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


def draw_floored(level: Level, x: Tensor, floor: float) -> Tensor:
    """Return the level for each row of x, no less than a number, shaped so that it broadcasts against x."""
    levels = torch.as_tensor(draw_level(level, x), dtype=x.dtype, device=x.device)
    return levels.clamp_min(floor).expand(len(x), *[1] * (x.ndim - 1))


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
            f"the corruption {kind_and_name(corruption)[1]!r} is one of {what}, but rows have the shape "
            f"{tuple(x.shape[1:])}: choose another, such as 'gaussian'"
        )
    return x
