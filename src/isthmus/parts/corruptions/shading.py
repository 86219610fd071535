"""Shading: what darkens a page from place to place, drawn for each image."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from isthmus.parts.corruptions.levels import Level, draw_level


def shaded(x: Tensor, level: Level, number: int, darkness: Callable[[Tensor], Tensor]) -> Tensor:
    """Return images darkened by some marks: the first is certain, each other one is there in half of them.

    `darkness` draws a mark for each image: 0 where it is not, 1 where it is darkest.
    """
    for count in range(number):
        there = (torch.rand(len(x), 1, 1, 1, device=x.device) < 0.5) | (count == 0)
        x = x * (1 - there * draw_level(level, x) * darkness(x))
    return x


def smooth_field(x: Tensor, points: int) -> Tensor:
    """Return a smooth random map for each image, of one channel, with values of about 0 to 1."""
    coarse = torch.rand(len(x), 1, points, points, device=x.device)
    return functional.interpolate(coarse, size=x.shape[2:], mode="bicubic", align_corners=True)


def offsets(x: Tensor, row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """Return how far each element is below a point of its image, and to the right of it, in pixels.

    The point is given as fractions of the height and of the width.
    """
    height, width = x.shape[2:]
    down = torch.arange(height, device=x.device)[:, None] - row * (height - 1)
    return down, torch.arange(width, device=x.device) - column * (width - 1)
