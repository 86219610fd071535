"""Resizing images, antialiased: covering, containing or stretching."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from isthmus.support.errors import InputError, unknown

How = Literal["cover", "contain", "stretch"]
HOWS = ("cover", "contain", "stretch")

Size = tuple[int, int]
"""Height and width."""


def check_size(size: Size | int, how: str) -> Size:
    """Return (height, width); a single number is both.

    Raises
    ------
    InputError
        They are not whole numbers of at least 1, or `how` is unknown.

    Examples
    --------
    >>> check_size(128, "cover"), check_size((96, 128), "stretch")
    ((128, 128), (96, 128))
    """
    sides = (size, size) if isinstance(size, int) else tuple(size)
    if len(sides) != 2 or not all(isinstance(side, int) and side >= 1 for side in sides):
        raise InputError(f"resize={size!r}: expected (height, width), whole numbers of at least 1")
    if how not in HOWS:
        raise InputError(unknown("how of a resize", how, HOWS))
    return sides[0], sides[1]


def scaled(old_size: Size, size: Size, how: str) -> Size:
    """Return the size to which an image is scaled before it is cropped or padded to `size`.

    Examples
    --------
    >>> [scaled((300, 600), (100, 100), how) for how in HOWS]
    [(100, 200), (50, 100), (100, 100)]
    """
    if how == "stretch":
        return size
    ratios = [side / old for side, old in zip(size, old_size, strict=True)]
    ratio = max(ratios) if how == "cover" else min(ratios)
    bound = max if how == "cover" else min
    height, width = (max(1, bound(round(old * ratio), side)) for old, side in zip(old_size, size, strict=True))
    return height, width


def fitted(image: np.ndarray, size: Size) -> np.ndarray:
    """Return the middle of an image (height, width, channels), with its edges repeated if it is smaller."""
    for axis, side in enumerate(size):
        image = _fitted(image, axis, side)
    return image


def _fitted(image: np.ndarray, axis: int, side: int) -> np.ndarray:
    missing = side - image.shape[axis]
    if missing <= 0:
        start = -missing // 2
        return image.take(range(start, start + side), axis) if missing else image
    before = missing // 2
    widths = [(before, missing - before) if i == axis else (0, 0) for i in range(image.ndim)]
    return np.pad(image, widths, mode="edge")


def resize(image: np.ndarray, size: Size, how: str) -> np.ndarray:
    """Resize an image (height, width, channels); uint8 stays uint8, floats are not clipped."""
    old_size = (image.shape[0], image.shape[1])
    to = scaled(old_size, size, how)
    return fitted(image if to == old_size else _interpolated(image, to), size)


def undone(map: Tensor, old_size: Size, how: str) -> Tensor:
    """Return a map (height, width) of a resized image as one of the image before; its maximum stays the same.

    Pixels that were cropped away are 0: nothing is known of them.

    Examples
    --------
    >>> undone(torch.tensor([[1.0, 2.0]]), (2, 4), "stretch").tolist()
    [[1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]]
    >>> undone(torch.tensor([[1.0, 2.0]]), (1, 4), "cover").tolist(), undone(torch.ones(2, 2), (1, 4), "contain").shape
    ([[0.0, 1.0, 2.0, 0.0]], torch.Size([1, 4]))
    """
    size = (map.shape[0], map.shape[1])
    for axis, (side, whole) in enumerate(zip(size, scaled(old_size, size, how), strict=True)):
        map = _unfitted(map, axis, side, whole)
    return nn.functional.adaptive_max_pool2d(map[None], old_size)[0]


def _unfitted(map: Tensor, axis: int, side: int, whole: int) -> Tensor:
    """Undo `_fitted` along an axis: zeros where it cropped, nothing where it padded."""
    if whole <= side:
        return map.narrow(axis, (side - whole) // 2, whole)
    before = (whole - side) // 2
    ends = (before, whole - side - before)
    return nn.functional.pad(map, (*ends, 0, 0) if axis == 1 else (0, 0, *ends))


def _interpolated(image: np.ndarray, size: Size) -> np.ndarray:
    planes = torch.from_numpy(np.ascontiguousarray(image)).movedim(-1, 0)[None]
    resized = nn.functional.interpolate(planes, size, mode="bilinear", antialias=True, align_corners=False)
    return np.asarray(resized[0].movedim(0, -1))
