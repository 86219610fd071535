"""Originals: image files that are read to be written again with other pixels, everything else as it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.data.images import pillow, tiff
from isthmus.data.images.decode import decode
from isthmus.data.images.decode import head as head_of
from isthmus.data.images.head import Head, check_pixels
from isthmus.data.images.orientation import as_stored
from isthmus.data.images.png import chunks_beside, png_head, write_png
from isthmus.data.images.sniff import kind_of
from isthmus.data.images.tiff_tags import add_directories, directories_of, exif_of
from isthmus.support.atomic import atomic
from isthmus.support.errors import InputError, extra

if TYPE_CHECKING:
    from PIL.Image import Image

GREATEST = {"bool": 1, "uint8": 255, "uint16": 65535}
"""What white is in pixels of a type; in floats it is 1."""
LOSSLESS_WEBP = b"VP8L"
QUALITY = 95
"""Of JPEG, and of WebP and AVIF unless they are lossless: pixels are compressed a second time."""
KEPT_COMPRESSION = ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "group3", "group4")
"""Compressions of TIFF that lose nothing."""
PALETTE = ("P", "PA")
OTHER_COLOURS = {"CMYK": "colours for print", "LAB": "brightness and two axes of colour"}
"""Modes whose channels are not red, green and blue."""


@dataclass(frozen=True)
class Original:
    """An image file: its pixels, and what is needed to write others in the same way.

    Attributes
    ----------
    path : Path
    kind : str
        The format, such as ``"PNG"``.
    colour : ndarray of shape (height, width, channels)
        Pixels without the alpha channel, upright: uint8, or float32 in [0, 1].
    alpha : ndarray of shape (height, width, 1), or None
        The alpha channel, of the same type.
    dtype : numpy.dtype
        The type of the pixels in the file: bool, uint8, uint16 or a float.
    orientation : int
        The orientation in the EXIF data, 1 to 8.
    notes : tuple of str
        What a user should know of the file.
    """

    path: Path
    kind: str
    colour: np.ndarray
    alpha: np.ndarray | None
    dtype: np.dtype[Any]
    orientation: int = 1
    notes: tuple[str, ...] = field(default=())

    def write(self, colour: np.ndarray, path: Path) -> None:
        """Write a file with other pixels, in the same format and with the same metadata; a new file, or none.

        Parameters
        ----------
        colour : ndarray of the shape of ``self.colour``
            Floats in [0, 1], or uint8.
        path : Path
        """
        pixels = _typed(colour, self.dtype)
        if self.alpha is not None:
            pixels = np.concatenate([pixels, _typed(self.alpha, self.dtype)], axis=2)
        with atomic(path) as temporary:
            WRITERS[self.kind](self, as_stored(pixels, self.orientation), temporary)

    def copy(self, path: Path) -> None:
        """Write the file as it is."""
        with atomic(path) as temporary:
            shutil.copyfile(self.path, temporary)


def open_original(path: Path, max_bytes: int | None = None) -> Original:
    """Read an image file that is to be written again.

    Parameters
    ----------
    path : Path
    max_bytes : int or None, default None
        What its pixels may take, at most; checked before they are decoded.

    Raises
    ------
    TooManyPixels
        They take more than `max_bytes`.
    InputError
        It cannot be read, or pixels of its kind cannot be written again.
    """
    read = examined(path)
    if max_bytes is not None:
        head = head_of(path)
        check_pixels(head.height, head.width, max_bytes // head.form.bytes)
    return read()


def examined(path: Path) -> Callable[[], Original]:
    """Look at the header of an image file that is to be written again, and return what reads it.

    Raises
    ------
    InputError
        Pixels of its kind cannot be read, or written again.
    """
    kind = kind_of(path)
    if kind not in WRITERS:
        raise InputError(
            f"{str(path)!r} is a {kind} file, which can be read but not written: save it as PNG, TIFF or JPEG first"
        )
    if kind == "TIFF" and not tiff.pillow_can(path):
        head, dtype = tiff.head(path), tiff.dtype_of(path)
        return partial(_read, path, kind, head, dtype, tiff.has_alpha(path), tiff.orientation(path))
    with pillow.open_image(path, kind) as image:
        _check_mode(image, path)
        head, dtype = pillow.head(path, kind), _dtype(image, path, kind)
        orientation = tiff.orientation(path) if kind == "TIFF" else pillow.orientation(image)
        return partial(_read, path, kind, head, dtype, head.alpha, orientation, _notes(image, path))


def _read(
    path: Path,
    kind: str,
    head: Head,
    dtype: np.dtype[Any],
    alpha: bool,
    orientation: int = 1,
    notes: tuple[str, ...] = (),
) -> Original:
    """Decode the pixels; the last channel is alpha, or not."""
    pixels = decode(path, head.form)
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    colour, opaque = (pixels[..., :-1], pixels[..., -1:]) if alpha else (pixels, None)
    return Original(path, kind, colour, opaque, dtype, orientation, notes)


def _check_mode(image: Image, path: Path) -> None:
    if image.mode in OTHER_COLOURS:
        raise InputError(
            f"the image {str(path)!r} is of mode {image.mode}, {OTHER_COLOURS[image.mode]}: save it as RGB first, "
            "since converting it would change its colours"
        )


def _dtype(image: Image, path: Path, kind: str) -> np.dtype[Any]:
    """Return the type of the pixels in a file."""
    if image.mode == "1":
        return np.dtype(bool)
    if pillow.is_deep(image):
        return np.dtype(np.uint16)
    if kind == "PNG" and png_head(path).depth == 16:
        raise InputError(
            f"the image {str(path)!r} is grey of 16 bits with an alpha channel, of which 8 bits are read: save it as "
            "colour, or without alpha"
        )
    return np.dtype(np.uint8)


def _notes(image: Image, path: Path) -> tuple[str, ...]:
    notes = []
    if image.mode in PALETTE:
        notes.append(f"{path.name} has a palette, which does not hold what lies between its colours: written as colour")
    if (frames := getattr(image, "n_frames", 1)) > 1:
        notes.append(f"{path.name} holds {frames} images, such as a preview: the first is written")
    return tuple(notes)


def _typed(pixels: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """Return pixels, uint8 or floats in [0, 1], in another type."""
    if pixels.dtype == dtype:
        return pixels
    if pixels.dtype == np.uint8:
        pixels = pixels.astype(np.float32) / 255
    if dtype.kind == "f":
        return pixels.astype(dtype)
    typed = np.empty(pixels.shape, dtype)
    for row, into in zip(pixels, typed, strict=True):  # without another float image of the whole
        into[...] = np.rint(row.clip(0, 1) * GREATEST[dtype.name])
    return typed


def _squeezed(pixels: np.ndarray) -> np.ndarray:
    """Return pixels without an axis of one channel."""
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels


def _write_png(original: Original, pixels: np.ndarray, path: Path) -> None:
    write_png(path, pixels, chunks_beside(original.path))


def _write_tiff(original: Original, pixels: np.ndarray, path: Path) -> None:
    if original.dtype == bool:
        _save(original, pixels, path)
        add_directories(path, directories_of(original.path))
    else:
        tiff.write(path, pixels, original.path, original.orientation)


def _save(original: Original, pixels: np.ndarray, path: Path) -> None:
    """Write a file by Pillow, with the profile and EXIF data of the original."""
    with pillow.open_image(original.path, original.kind) as image:
        image.load()
        settings = {**_metadata(image), **SETTINGS.get(original.kind, _nothing)(image, original)}
    extra("PIL.Image", "images").fromarray(_squeezed(pixels)).save(path, format=original.kind, **settings)


def _metadata(image: Image) -> dict[str, Any]:
    """Return what Pillow writes beside the pixels."""
    known = {name: image.info.get(name) for name in ("exif", "icc_profile", "dpi", "xmp", "comment")}
    return {name: value for name, value in known.items() if value}


def _of_tiff(image: Image, original: Original) -> dict[str, Any]:
    compression = image.info.get("compression", "raw")
    return {
        "compression": compression if compression in KEPT_COMPRESSION else "tiff_adobe_deflate",
        "exif": exif_of(image, original.orientation),
    }


def _of_webp(image: Image, original: Original) -> dict[str, Any]:
    with original.path.open("rb") as stream:
        lossless = LOSSLESS_WEBP in stream.read(64)
    return {"lossless": lossless, "quality": QUALITY, "exact": True}


def _nothing(image: Image, original: Original) -> dict[str, Any]:
    return {}


SETTINGS: dict[str, Callable[[Any, Original], dict[str, Any]]] = {
    "JPEG": lambda image, original: {"quality": QUALITY, "subsampling": 0},
    "WEBP": _of_webp,
    "AVIF": lambda image, original: {"quality": QUALITY},
    "TIFF": _of_tiff,
}
"""How Pillow writes a format."""

WRITERS: dict[str, Callable[[Original, np.ndarray, Path], None]] = {
    "PNG": _write_png,
    "TIFF": _write_tiff,
    **dict.fromkeys(("JPEG", "WEBP", "BMP", "AVIF"), _save),
}
"""What writes each format; others are read only."""
