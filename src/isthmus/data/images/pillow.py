"""Images that Pillow decodes, each opened only as the format that its first bytes say."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from isthmus.data.images.head import Form, Head
from isthmus.data.images.orientation import ON_ITS_SIDE
from isthmus.data.images.orientation import TAG as ORIENTATION
from isthmus.data.images.resize import Size
from isthmus.support.errors import InputError, extra

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "AVIF")

COLOUR = dict.fromkeys(("P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV"), (3, False))
CLEAR = {"LA": (1, True), "La": (1, True), "PA": (3, True), "RGBA": (3, True), "RGBa": (3, True)}
DEEP = dict.fromkeys(("I;16", "I;16B", "I;16L", "I;16N"), (1, False))
MODES = {"1": (1, False), "L": (1, False), **COLOUR, **CLEAR, **DEEP}
"""Channels and alpha channel of Pillow's modes."""

ANIMATED = ("PNG", "WEBP", "AVIF", "HEIF")
"""Formats in which several frames mean a video."""

TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
"""Pillow's transposition that rotates an image of each orientation upright."""

PHOTOMETRIC = 262

GREY_OR_COLOUR = {1: "L", 3: "RGB"}

BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, OverflowError)
"""Exceptions that decoders raise for truncated or corrupt files."""


def head(path: Path, format: str) -> Head:
    """Return the header of an image file, without decoding the pixels.

    Raises
    ------
    InputError
        The file cannot be read, holds several frames, or has an unknown mode.
    """
    with open_image(path, format) as image:
        return head_of(image, path)


def head_of(image: Image, where: Path | str) -> Head:
    """Return the header of an image that is open; `where` names it in messages."""
    width, height = image.size
    if orientation(image) in ON_ITS_SIDE:
        width, height = height, width
    channels, alpha = _channels(image, where)
    return Head(height, width, channels, alpha, is_deep(image))


def decode(path: Path, format: str, form: Form, min_size: Size | None = None) -> np.ndarray:
    """Return a decoded image, rotated upright as its EXIF data says.

    Parameters
    ----------
    path, format, form :
        The file, its format, and the form to convert it to.
    min_size : tuple of int, or None
        Minimum height and width: a JPEG is then decoded at 1/2, 1/4 or 1/8 of its resolution, which is faster.

    Raises
    ------
    InputError
        As `head`; or the file is truncated.
    """
    with open_image(path, format) as image:
        if min_size is not None:
            height, width = min_size[::-1] if orientation(image) in ON_ITS_SIDE else min_size
            image.draft(None, (width, height))
        return pixels_of(image, form, path)


def pixels_of(image: Image, form: Form, where: Path | str) -> np.ndarray:
    """Return the pixels of an image that is open, rotated upright, in a form; `where` is its file, or names it."""
    channels, alpha = _channels(image, where)
    if is_deep(image):
        return form.apply(_deep_pixels(image, Path(where)), alpha)
    if alpha and channels == 1:
        return form.apply(np.asarray(_upright(image, "RGBA"))[..., [0, 3]], alpha)
    if alpha or form.alpha or form.deep:
        return form.apply(np.asarray(_upright(image, "RGBA" if alpha else GREY_OR_COLOUR[channels])), alpha)
    return np.asarray(_upright(image, GREY_OR_COLOUR[form.channels]))


@contextmanager
def open_image(path: Path, format: str) -> Iterator[Image]:
    """Open an image as one format; any failure raises an InputError that names the file."""
    pillow = extra("PIL.Image", "images")
    try:
        # a stream, since Pillow 12 and 13 garble a TIFF that is stored on its side where they map the file into memory
        with path.open("rb") as stream, pillow.open(stream, formats=(format,)) as image:
            if format in ANIMATED and getattr(image, "n_frames", 1) > 1:
                raise InputError(
                    f"{str(path)!r} holds {image.n_frames} frames: video is not read yet; save them as images"
                )
            yield image
    except InputError:
        raise
    except (*BROKEN, pillow.DecompressionBombError) as error:
        raise InputError(f"cannot read the image {str(path)!r}: {error}; mend it or take it out") from error


def _channels(image: Image, where: Path | str) -> tuple[int, bool]:
    """Return the number of channels, and whether there is also an alpha channel or a transparent colour."""
    if image.mode not in MODES:
        raise InputError(f"the image {str(where)!r} is of mode {image.mode}: save it as grey or colour")
    channels, alpha = MODES[image.mode]
    return channels, alpha or ("transparency" in image.info and not is_deep(image))


def orientation(image: Image) -> int:
    """Return the orientation in the EXIF data; 1 for a TIFF, which Pillow itself rotates."""
    if image.format == "TIFF" or (image.format == "PNG" and "exif" not in image.info):  # would decode to find it
        return 1
    return int(image.getexif().get(ORIENTATION, 1))


def _upright(image: Image, mode: str) -> Image:
    """Return an image in this mode, rotated upright."""
    turn = TURNS.get(orientation(image))
    image = image if image.mode == mode else image.convert(mode)
    return image if turn is None else image.transpose(extra("PIL.Image", "images").Transpose[turn])


def is_deep(image: Image) -> bool:
    """Tell whether a channel has 16 bits."""
    raw = str(image.tile[0].args) if image.format == "PNG" and image.tile else ""  # type: ignore[attr-defined]
    return image.mode in DEEP or raw in ("RGB;16B", "RGBA;16B")


def _deep_pixels(image: Image, path: Path) -> np.ndarray:
    """Return pixels of 16 bits as float32 in [0, 1]."""
    if image.mode in DEEP:
        pixels = np.asarray(_upright(image, image.mode)).astype(np.float32) / 65535
        return 1 - pixels if image.format == "TIFF" and _white_is_zero(image) else pixels
    high = np.asarray(_upright(image, image.mode)).astype(np.float32)
    with open_image(path, "PNG") as swapped:  # Pillow keeps one byte of two
        swapped.tile = [tile._replace(args=str(tile.args).replace("16B", "16L")) for tile in swapped.tile]  # type: ignore[attr-defined]
        low = np.asarray(_upright(swapped, swapped.mode))
    return (256 * high + low) / 65535


def _white_is_zero(image: Image) -> bool:
    return image.tag_v2.get(PHOTOMETRIC) == 0  # type: ignore[attr-defined]  # what TIFF images have
