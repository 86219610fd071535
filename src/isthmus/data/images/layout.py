"""Layouts: where the channels of a picture stand, as the user has it and in the graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from isthmus.support.errors import InputError

USUAL = (1, 3)
"""Channels of most pictures: where an axis at the wrong end has so many, the layout is the other one."""

FEW = 4
"""Channels that an axis may have without a doubt."""

Side = int | None
"""Height or width; None where it is free."""


def row_shape(given: Sequence[Side], channels_first: bool) -> tuple[int, Side, Side]:
    """Return (channels, height, width) for a shape as the user has it.

    Raises
    ------
    InputError
        It is the shape of no picture, or of one whose channels stand at the other end.

    Examples
    --------
    >>> row_shape((32, 40), False), row_shape((32, 40, 13), False), row_shape((None, None, 3), False)
    ((1, 32, 40), (13, 32, 40), (3, None, None))
    """
    axes = tuple(given) if channels_first else (*given[2:], *given[:2])
    axes = (1, *given) if len(given) == 2 else axes
    if len(axes) != 3 or 0 in axes or _reversed(given, channels_first):
        raise InputError(
            f"a picture of shape {tuple(given)} has no layout that is known; {_remedy(given, channels_first)}"
        )
    channels, height, width = axes
    assert channels is not None  # only sizes are free
    return channels, height, width


def _reversed(given: Sequence[Side], channels_first: bool) -> bool:
    """Tell whether the axis for the channels has many, and the one at the other end as many as pictures have."""
    if len(given) != 3 or None in given:
        return False
    channels, other = (given[0], given[2]) if channels_first else (given[2], given[0])
    return other in USUAL and (channels or 0) > FEW and (given[1] or 0) > (other or 0)


def _remedy(given: Sequence[Side], channels_first: bool) -> str:
    if len(given) == 1:
        return "give rows of numbers to a Table, or reshape X to (n, height, width)"
    if _reversed(given, channels_first):
        return f"channels stand at the other end: use Images(channels_first={not channels_first})"
    layout = "(channels, height, width)" if channels_first else "(height, width, channels)"
    return f"expected (height, width) or {layout}, with no axis of length 0"


def channels_first(pixels: Tensor, first: bool, axes: int) -> Tensor:
    """Return rows of pictures of so many axes as (n, channels, height, width); a view."""
    if axes == 2:
        return pixels.unsqueeze(1)
    return pixels if first else pixels.movedim(-1, 1)


def as_given(pixels: Tensor, first: bool, axes: int) -> Tensor:
    """Return (n, channels, height, width) in the layout of pictures of so many axes; a view."""
    if axes == 2:
        return pixels.squeeze(1)
    return pixels if first else pixels.movedim(1, -1)


def channels_last(picture: np.ndarray, first: bool) -> np.ndarray:
    """Return one picture as (height, width, channels); a view.

    Examples
    --------
    >>> channels_last(np.zeros((4, 5)), False).shape, channels_last(np.zeros((3, 4, 5)), True).shape
    ((4, 5, 1), (4, 5, 3))
    """
    if picture.ndim == 2:
        return picture[..., None]
    return np.moveaxis(picture, 0, -1) if first else picture
