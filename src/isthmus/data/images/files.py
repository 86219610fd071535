"""Image files: which they are, reading requests, and writing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from isthmus.data.images import pillow
from isthmus.data.images.head import LARGEST, check_pixels
from isthmus.data.images.orientation import ON_ITS_SIDE, upright
from isthmus.data.images.sniff import SUFFIXES, not_yet
from isthmus.data.listing import FileKind, visible
from isthmus.support.errors import InputError, extra, listed

MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr")
"""Pillow's modes that are accepted in a request."""

GAP = 1
"""Pixels between the images of a grid."""


NAMED = 3
"""Maximum number of files that a message names."""


def are_images(paths: Sequence[Path]) -> bool:
    """Tell whether all of some paths are image files, or folders of other files than Parquet."""
    return all(IMAGES.fits(path) or (path.is_dir() and not any(path.glob("*.parquet"))) for path in paths)


def unread(folder: Path) -> str:
    """Name the videos and volumes in a folder or its subfolders, which are not read; empty if there are none."""
    within = [folder, *(sub for sub in visible(folder) if sub.is_dir())]
    names: dict[str, list[str]] = {}
    for path in (path for one in within for path in visible(one)):
        if what := not_yet(path.name):
            names.setdefault(what, []).append(str(path.relative_to(folder)))
    return " and ".join(f"{what} ({listed(names[what], NAMED)})" for what in sorted(names))


IMAGES = FileKind("images", SUFFIXES, unread)
"""Image files."""


def decode_sized(
    stream: BinaryIO, size: tuple[int | None, int | None], mode: str, max_pixels: int = LARGEST
) -> np.ndarray:
    """Return a PNG or JPEG image, upright, as uint8 (height, width), or (height, width, 3) in the mode ``"RGB"``.

    Parameters
    ----------
    stream : binary file
    size : tuple of int or None
        The required height and width, None where that is free; checked before decoding.
    mode : {"L", "RGB"}
        Grey or colour: the mode to convert it to.
    max_pixels : int, optional
        Maximum number of pixels.

    Raises
    ------
    TooManyPixels
        It has more than `max_pixels`.
    InputError
        It is not a PNG or JPEG file, is truncated, has another size, or more than 8 bits per channel.
    """
    image = extra("PIL.Image", "images")
    try:
        with image.open(stream, formats=("PNG", "JPEG")) as photo:
            if photo.mode not in MODES:
                raise InputError(f"the image is of mode {photo.mode}: save it with 8 bits for a channel")
            turned = pillow.orientation(photo)
            height, width = photo.size if turned in ON_ITS_SIDE else photo.size[::-1]
            if size[0] not in (None, height) or size[1] not in (None, width):
                raise InputError(
                    f"the image is {width} x {height} pixels (width x height), but the model takes "
                    f"{size[1]} x {size[0]}: resize it"
                )
            check_pixels(height, width, max_pixels)
            return np.ascontiguousarray(upright(np.asarray(photo.convert(mode)), turned))
    except image.UnidentifiedImageError as error:
        raise InputError("this is not a PNG or JPEG file") from error
    except (OSError, SyntaxError, ValueError, image.DecompressionBombError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"the image cannot be read: {error}; send a whole PNG or JPEG file") from error


def write_png(X: Any, columns: object, stream: BinaryIO) -> None:
    """Write one image, or several as a grid, to a PNG stream; `columns` is for tables only."""
    pixels = to_bytes(X)
    encode(pixels[0] if len(pixels) == 1 else grid(pixels), stream)


def encode(pixels: np.ndarray, stream: BinaryIO, effort: int = 6) -> None:
    """Write uint8 (height, width) or (height, width, 3) as PNG; `effort` is zlib's level."""
    extra("PIL.Image", "images").fromarray(pixels).save(stream, format="PNG", compress_level=effort)


def to_bytes(X: Any) -> np.ndarray:
    """Return images as uint8 (n, height, width) or (n, height, width, 3); floats are clipped to [0, 1].

    Raises
    ------
    InputError
        X is not an array of images, is empty, or holds NaN or infinity.
    """
    array = np.asarray(X)
    array = array[..., 0] if array.ndim == 4 and array.shape[3] == 1 else array
    if not (array.ndim == 3 or (array.ndim == 4 and array.shape[3] in (3, 4))) or 0 in array.shape:
        raise InputError(
            f"an array of shape {array.shape} cannot be drawn: give images (n, height, width) or "
            "(n, height, width, 3 or 4), or write it to .npy"
        )
    if array.dtype == np.uint8:
        return array
    if not np.isfinite(array).all():
        raise InputError("images with NaN or infinity cannot be drawn; replace these values first")
    return np.rint(array.clip(0, 1) * 255).astype(np.uint8)


def grid(pixels: np.ndarray) -> np.ndarray:
    """Return images as a grid on white, about as many columns as rows, one pixel apart.

    Examples
    --------
    >>> grid(np.zeros((3, 2, 2), np.uint8)).shape
    (5, 5)
    """
    n, height, width, *channels = pixels.shape
    across = math.ceil(math.sqrt(n))
    down = math.ceil(n / across)
    cells = np.full((down * across, height + GAP, width + GAP, *channels), 255, np.uint8)
    cells[:n, :height, :width] = pixels
    rows = cells.reshape(down, across, height + GAP, width + GAP, *channels).swapaxes(1, 2)
    return rows.reshape(down * (height + GAP), across * (width + GAP), *channels)[:-GAP, :-GAP]
