"""Masks: which pixels of images are to be filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Rows
from isthmus.core.interfaces import Net
from isthmus.data.images.files import IMAGES
from isthmus.data.images.masks import marked_in
from isthmus.data.listing import tree
from isthmus.support.errors import InputError, listed
from isthmus.tasks.denoising.pairing import NAMED, is_path
from isthmus.tasks.denoising.targets import Target

MARKS_ALL = (
    "marks every pixel of its image, so that nothing is left to fill from: True (in a file: brighter than half) is "
    "what is to be filled, False (dark) what is kept"
)


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


def check_count(mask: Rows, images: int) -> None:
    """Refuse what are not as many masks as there are images.

    Raises
    ------
    InputError
        The message says what to give.
    """
    if mask is None:
        return
    if is_path(mask):
        raise InputError(f"mask is the path {mask!r}: give an array of bools; transform_files takes files")
    if len(shape := tuple(getattr(mask, "shape", ()))) == 2:
        raise InputError(f"a mask of shape {shape} is one mask: give one for each image, [mask]")
    if len(mask) != images:
        raise InputError(f"{len(mask)} masks for {images} images: give one for each")


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
        A mask has another size than its image, or marks all of it.
    """
    numbers = range(len(pixels)) if index is None else index.tolist()
    size = tuple(pixels.shape[2:])
    return torch.stack([_one(mask, number, size) for number in numbers])


def _one(mask: Sequence[Rows], number: int, size: tuple[int, ...]) -> Tensor:
    marked = np.asarray(mask[number])
    if marked.shape != size:
        raise InputError(
            f"mask {number} has the shape {marked.shape}, but its image is {size[0]} x {size[1]} pixels: a mask is as "
            "large as its image, without channels"
        )
    if marked.dtype != bool and len(values := np.unique(marked[marked != 0])) > 1:
        raise InputError(
            f"mask {number} holds {len(values):,} values beside 0, such as {values[0]} and {values[-1]}: give bools, "
            "True where pixels are to be filled, such as mask > 127"
        )
    if marked.all():
        raise InputError(f"mask {number} {MARKS_ALL}")
    return torch.from_numpy(marked == 0).unsqueeze(0)


def with_masks(targets: Sequence[Target], source: Path, mask: Path) -> list[Target]:
    """Return targets with the image of what is to be filled in each.

    Parameters
    ----------
    targets : sequence of Target
    source : Path
        The input.
    mask : Path
        An image for all, or a folder with one for each, which has the name of its image, perhaps with another ending.

    Raises
    ------
    InputError
        There is no such file or folder, or an image has no mask in it.
    """
    if not mask.exists():
        raise InputError(f"there is no mask {str(mask)!r}")
    if not mask.is_dir():
        return [replace(one, mask=mask) for one in targets]
    top = source if source.is_dir() else source.parent
    known = _by_name(mask)
    names = [one.source.relative_to(top) for one in targets]
    candidates = [known.get(name) or known.get(name.with_suffix("")) or [] for name in names]
    if alone := [one.source.name for one, masks in zip(targets, candidates, strict=True) if not masks]:
        raise InputError(f"{str(mask)!r} holds no mask of {listed(alone, NAMED)}: it has the name of its image")
    for one, masks in zip(targets, candidates, strict=True):
        if len(masks) > 1:
            raise InputError(
                f"{str(mask)!r} holds {masks[0].name!r} and {masks[1].name!r}, either of which may be the mask of "
                f"{one.source.name!r}: take one out"
            )
    return [replace(one, mask=masks[0]) for one, masks in zip(targets, candidates, strict=True)]


def _by_name(folder: Path) -> dict[Path, list[Path]]:
    """Return the images of a folder by their names in it, and by their names without ending."""
    known: dict[Path, list[Path]] = {}
    for path in tree(folder, IMAGES).paths:
        name = path.relative_to(folder)
        known[name] = [path]
        known.setdefault(name.with_suffix(""), []).append(path)
    return known


def read_mask(path: Path, size: tuple[int, ...]) -> np.ndarray:
    """Return the mask in an image file, upright: True, of shape (height, width), where it is brighter than half.

    Parameters
    ----------
    path : Path
    size : tuple of int
        Height and width of the image that it belongs to, upright.

    Raises
    ------
    InputError
        It cannot be read, has another size, marks all, or is dark all over, but not black.
    """
    marked = marked_in(path)
    name = f"the mask {str(path)!r}"
    if marked.shape != size:
        shapes = [" x ".join(map(str, shape)) for shape in (marked.shape, size)]
        raise InputError(
            f"{name} is {shapes[0]} pixels, but its image is {shapes[1]} pixels, turned upright: a mask is as large as "
            "its image"
        )
    if marked.all():
        raise InputError(f"{name} {MARKS_ALL}")
    return marked
