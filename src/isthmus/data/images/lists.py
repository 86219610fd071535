"""Lists of images in memory that differ in channels, and of PIL images: in one form, as the files of a folder are."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.data.images.head import COLOURS, Form, Head, common_form
from isthmus.data.images.layout import channels_last, is_reversed

WITH_ALPHA = 4
"""Number of channels of an array that are colour and alpha, if others of the list are grey or colour."""

KEEP_PILLOW = "np.asarray(image) keeps it as a fourth channel"
KEEP_ARRAY = "train a model of its own on images of four channels to keep it"


def is_pillow_list(X: Any) -> bool:
    """Tell whether X is a list of PIL images, and nothing else."""
    return isinstance(X, list | tuple) and len(X) > 0 and all(map(_is_pillow, X))


def is_mixed_list(X: Any) -> bool:
    """Tell whether X is a list of images, as arrays or tensors, some of which have other channels than others."""
    if not isinstance(X, list | tuple) or not all(getattr(one, "ndim", 0) in (2, 3) for one in X):
        return False
    first = _channels_first(X)
    return len({_channel_axis(one, first) for one in X}) > 1


def from_pillow(X: Sequence[Any]) -> list[np.ndarray]:
    """Return PIL images as arrays in one form, rotated upright as their EXIF data says.

    Raises
    ------
    InputError
        Their numbers of channels cannot be brought to one.
    """
    from isthmus.data.images import pillow

    names = [_name(number) for number in range(len(X))]
    for image in X:
        image.load()
    if not all(image.mode in pillow.MODES for image in X):
        return _in_one_form([np.asarray(image) for image in X], names)
    heads = [pillow.head_of(image, name) for image, name in zip(X, names, strict=True)]
    form = common_form(heads, names, keep=KEEP_PILLOW)
    return [pillow.pixels_of(image, form, name) for image, name in zip(X, names, strict=True)]


def in_one_form(X: Sequence[Any]) -> list[Any]:
    """Return arrays or tensors in one form and in their layout: grey images in colour, 8 bits as floats beside floats.

    Raises
    ------
    InputError
        Their numbers of channels cannot be brought to one.
    """
    first = _channels_first(X)
    arrays = [channels_last(np.asarray(one), first) for one in X]
    brought = _in_one_form(arrays, [_name(number) for number in range(len(X))])
    if first:
        brought = [np.moveaxis(one, -1, 0) if one.ndim == 3 else one for one in brought]
    return [torch.from_numpy(one.copy()) for one in brought] if isinstance(X[0], Tensor) else brought


def _in_one_form(arrays: Sequence[np.ndarray], names: Sequence[str]) -> list[np.ndarray]:
    """Return arrays with the channels last in one form."""
    counts = {_channels(array) for array in arrays}
    alpha = WITH_ALPHA if counts <= {*COLOURS, WITH_ALPHA} and len(counts) > 1 else None
    heads = [_head(array, alpha) for array in arrays]
    form = common_form(heads, names, keep=KEEP_ARRAY)
    return [_applied(form, array, head) for array, head in zip(arrays, heads, strict=True)]


def _head(array: np.ndarray, alpha: int | None) -> Head:
    """Return what the header of a file would say of an array; one with `alpha` channels is colour and alpha."""
    clear = _channels(array) == alpha
    height, width = array.shape[:2]
    return Head(height, width, _channels(array) - clear, clear, array.dtype.kind == "f")


def _applied(form: Form, array: np.ndarray, head: Head) -> np.ndarray:
    whole = array.astype(np.uint8) * 255 if array.dtype == bool else array
    return form.apply(whole, head.alpha)


def _channels(array: np.ndarray) -> int:
    return 1 if array.ndim == 2 else array.shape[2]


def _channels_first(X: Sequence[Any]) -> bool:
    """Tell whether the channels of images stand before their height and width."""
    return any(is_reversed(tuple(one.shape), channels_first=False) for one in X)


def _channel_axis(one: Any, first: bool) -> int | None:
    """Return the length of the axis of channels; None if there is none."""
    return None if one.ndim == 2 else int(one.shape[0 if first else -1])


def _name(number: int) -> str:
    return f"image {number}"


def _is_pillow(image: object) -> bool:
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(image, pillow.Image)
