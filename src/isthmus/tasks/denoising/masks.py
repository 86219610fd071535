"""Masks: which pixels of images are to be filled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Rows
from isthmus.core.interfaces import Net
from isthmus.support.errors import InputError


def check_mask(net: Net, mask: Rows) -> None:
    """Refuse a mask for a net that does not fill, and none for one that does.

    Raises
    ------
    InputError
        The message says what to do.
    """
    if net.fills and mask is None:
        raise InputError("this model fills what a mask marks: give mask, True where pixels are to be filled (--mask)")
    if mask is not None and not net.fills:
        raise InputError(
            "this model does not fill what a mask marks: leave mask out, or take one that does, such as "
            "Denoiser.shipped('inpaint') (--kind inpaint)"
        )


def observed(mask: Rows, index: Tensor | None, pixels: Tensor) -> Tensor:
    """Return what is not to be filled of some images, of shape (images, 1, height, width).

    Parameters
    ----------
    mask : array (n, height, width), or sequence of arrays (height, width)
        Of all images; True, or not 0, where pixels are to be filled.
    index : Tensor or None
        Which images; None: all.
    pixels : Tensor of shape (images, channels, height, width)

    Raises
    ------
    InputError
        There is no mask for each image, or one has another size.
    """
    numbers = range(len(pixels)) if index is None else index.tolist()
    if max(numbers, default=-1) >= len(mask) or (index is None and len(mask) != len(pixels)):
        raise InputError(f"{len(mask)} masks for {max(len(pixels), max(numbers) + 1)} images: give one for each")
    size = tuple(pixels.shape[2:])
    return torch.stack([_one(mask, number, size) for number in numbers])


def _one(mask: Sequence[Rows], number: int, size: tuple[int, ...]) -> Tensor:
    marked = np.asarray(mask[number])
    if marked.shape != size:
        raise InputError(
            f"mask {number} has the shape {marked.shape}, but its image is {size[0]} x {size[1]} pixels: a mask is as "
            "large as its image, without channels"
        )
    return torch.from_numpy(marked == 0).unsqueeze(0)
