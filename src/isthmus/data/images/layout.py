"""Layouts: the position of the channel axis, in the user's images and in the graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from isthmus.support.errors import InputError

TYPICAL_CHANNELS = (1, 3)
"""Typical numbers of channels: if the axis at the other end has one of them, the layout is probably the other one."""

FEW = 4
"""Numbers of channels up to which the layout is never questioned."""

Side = int | None
"""Height or width; None if it is free."""


def row_shape(shape: Sequence[Side], channels_first: bool) -> tuple[int, Side, Side]:
    """Return (channels, height, width) for a shape in the user's layout.

    Raises
    ------
    InputError
        It is not the shape of an image, or its channels are at the other end.

    Examples
    --------
    >>> row_shape((32, 40), False), row_shape((32, 40, 13), False), row_shape((None, None, 3), False)
    ((1, 32, 40), (13, 32, 40), (3, None, None))
    """
    axes = tuple(shape) if channels_first else (*shape[2:], *shape[:2])
    axes = (1, *shape) if len(shape) == 2 else axes
    if len(axes) != 3 or 0 in axes or is_reversed(shape, channels_first):
        raise InputError(f"an image of shape {tuple(shape)} has an unknown layout; {_remedy(shape, channels_first)}")
    channels, height, width = axes
    assert channels is not None  # only sizes are free
    return channels, height, width


def is_reversed(shape: Sequence[Side], channels_first: bool) -> bool:
    """Tell whether the axis for channels is long, and the one at the other end has a typical number of channels."""
    if len(shape) != 3 or None in shape:
        return False
    channels, other = (shape[0], shape[2]) if channels_first else (shape[2], shape[0])
    return other in TYPICAL_CHANNELS and (channels or 0) > FEW and (shape[1] or 0) > (other or 0)


def _remedy(shape: Sequence[Side], channels_first: bool) -> str:
    if len(shape) == 1:
        return "give rows of numbers to a Table, or reshape X to (n, height, width)"
    if is_reversed(shape, channels_first):
        return f"its channels are at the other end: use Images(channels_first={not channels_first})"
    layout = "(channels, height, width)" if channels_first else "(height, width, channels)"
    return f"expected (height, width) or {layout}, with no axis of length 0"


def channels_remedy(shape: Sequence[Side], expected: Sequence[Side], channels_first: bool) -> str:
    """Say how an image gets the channels of others, or their size.

    Examples
    --------
    >>> channels_remedy((4, 5), (4, 5, 3), False)
    'bring grey images to colour, np.stack([image] * 3, axis=-1)'
    """
    channels, wanted = (_channels(axes, channels_first) for axes in (shape, expected))
    if channels == wanted and len(shape) == len(expected):
        return "resize them, or train with Images(crop=64) on images of any size"
    axis = 0 if channels_first else -1
    if (channels, wanted) == (1, 3):
        return f"bring grey images to colour, np.stack([image] * 3, axis={axis})"
    if (channels, wanted) == (3, 1):
        return f"bring colour images to grey, image.mean(axis={axis}).astype(image.dtype)"
    return "convert them to the same number and position of channels"


def _channels(shape: Sequence[Side], channels_first: bool) -> Side:
    return 1 if len(shape) == 2 else shape[0 if channels_first else -1]


def channels_first(pixels: Tensor, first: bool, axes: int) -> Tensor:
    """Return rows of images with `axes` axes as (n, channels, height, width); a view."""
    if axes == 2:
        return pixels.unsqueeze(1)
    return pixels if first else pixels.movedim(-1, 1)


def user_layout(pixels: Tensor, first: bool, axes: int) -> Tensor:
    """Return (n, channels, height, width) in the user's layout of images with `axes` axes; a view."""
    if axes == 2:
        return pixels.squeeze(1)
    return pixels if first else pixels.movedim(1, -1)


def channels_last(image: np.ndarray, first: bool) -> np.ndarray:
    """Return one image as (height, width, channels); a view.

    Examples
    --------
    >>> channels_last(np.zeros((4, 5)), False).shape, channels_last(np.zeros((3, 4, 5)), True).shape
    ((4, 5, 1), (4, 5, 3))
    """
    if image.ndim == 2:
        return image[..., None]
    return np.moveaxis(image, 0, -1) if first else image
