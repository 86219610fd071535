"""Pictures that Pillow decodes, each opened as the one format that its bytes say: no other is ever tried."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from isthmus.data.images.head import Form, Head
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
"""Formats whose further frames are those of a video."""

ORIENTATION = 0x0112
ON_ITS_SIDE = (5, 6, 7, 8)
"""Orientations in EXIF data that swap height and width."""

TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
"""Which of Pillow's transpositions makes a picture of each orientation upright."""

PHOTOMETRIC = 262

GREY_OR_COLOUR = {1: "L", 3: "RGB"}

BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, OverflowError)
"""What decoders raise at files that are truncated or garbled."""


def head(path: Path, format: str) -> Head:
    """Return what the file says of its picture, which is not decoded.

    Raises
    ------
    InputError
        It cannot be read, holds several frames, or is of a mode that is not known.
    """
    with opened(path, format) as image:
        width, height = image.size
        if _orientation(image) in ON_ITS_SIDE:
            width, height = height, width
        channels, alpha = _channels(image, path)
        return Head(height, width, channels, alpha, _deep(image))


def decode(path: Path, format: str, form: Form, least: Size | None = None) -> np.ndarray:
    """Return a picture in a form, upright as its EXIF data says.

    Parameters
    ----------
    path, format, form :
        What is read, and what it is brought to.
    least : tuple of int, or None
        Height and width that are enough: a JPEG is then decoded at a half, a quarter or an eighth, which is faster.

    Raises
    ------
    InputError
        As `head`; or the file is truncated.
    """
    with opened(path, format) as image:
        if least is not None:
            height, width = least[::-1] if _orientation(image) in ON_ITS_SIDE else least
            image.draft(None, (width, height))
        channels, alpha = _channels(image, path)
        if _deep(image):
            return form.apply(_deep_pixels(image, path), alpha)
        if alpha and channels == 1:
            return form.apply(np.asarray(_upright(image, "RGBA"))[..., [0, 3]], alpha)
        if alpha or form.alpha or form.deep:
            return form.apply(np.asarray(_upright(image, "RGBA" if alpha else GREY_OR_COLOUR[channels])), alpha)
        return np.asarray(_upright(image, GREY_OR_COLOUR[form.channels]))


@contextmanager
def opened(path: Path, format: str) -> Iterator[Image]:
    """Open a picture as one format; whatever goes wrong there is an InputError that names the file."""
    pillow = extra("PIL.Image", "images")
    try:
        with pillow.open(path, formats=(format,)) as image:
            if format in ANIMATED and getattr(image, "n_frames", 1) > 1:
                raise InputError(
                    f"{str(path)!r} holds {image.n_frames} frames: video is not read yet; save them as pictures"
                )
            yield image
    except InputError:
        raise
    except (*BROKEN, pillow.DecompressionBombError) as error:
        raise InputError(f"cannot read the picture {str(path)!r}: {error}; mend it or take it out") from error


def _channels(image: Image, path: Path) -> tuple[int, bool]:
    """Return how many channels there are, and whether an alpha channel or a transparent colour comes on top."""
    if image.mode not in MODES:
        raise InputError(f"the picture {str(path)!r} is of mode {image.mode}: save it as grey or colour")
    channels, alpha = MODES[image.mode]
    return channels, alpha or ("transparency" in image.info and not _deep(image))


def _orientation(image: Image) -> int:
    """Return the orientation that the EXIF data asks for; of a TIFF, Pillow itself turns the pixels."""
    if image.format == "TIFF" or (image.format == "PNG" and "exif" not in image.info):  # would decode to find it
        return 1
    return int(image.getexif().get(ORIENTATION, 1))


def _upright(image: Image, mode: str) -> Image:
    """Return a picture in a mode, upright."""
    turn = TURNS.get(_orientation(image))
    image = image if image.mode == mode else image.convert(mode)
    return image if turn is None else image.transpose(extra("PIL.Image", "images").Transpose[turn])


def _deep(image: Image) -> bool:
    raw = str(image.tile[0].args) if image.format == "PNG" and image.tile else ""  # type: ignore[attr-defined]
    return image.mode in DEEP or raw in ("RGB;16B", "RGBA;16B")


def _deep_pixels(image: Image, path: Path) -> np.ndarray:
    """Return pixels of 16 bits as float32 in [0, 1]."""
    if image.mode in DEEP:
        pixels = np.asarray(_upright(image, image.mode)).astype(np.float32) / 65535
        return 1 - pixels if image.format == "TIFF" and _white_is_zero(image) else pixels
    high = np.asarray(_upright(image, image.mode)).astype(np.float32)
    with opened(path, "PNG") as again:  # Pillow keeps one byte of two: the other one when told that it comes first
        again.tile = [tile._replace(args=str(tile.args).replace("16B", "16L")) for tile in again.tile]  # type: ignore[attr-defined]
        low = np.asarray(_upright(again, again.mode))
    return (256 * high + low) / 65535


def _white_is_zero(image: Image) -> bool:
    return image.tag_v2.get(PHOTOMETRIC) == 0  # type: ignore[attr-defined]  # what TIFF pictures have
