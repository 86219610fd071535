"""Files to compressed files, and back: with their profile, EXIF data and alpha channel."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.data.images.original import open_original
from isthmus.data.images.png import write_png
from isthmus.support.atomic import atomic
from isthmus.support.errors import InputError, extra
from isthmus.tasks.compression.pictures import Picture, opened
from isthmus.tasks.compression.targets import psnr

if TYPE_CHECKING:
    from isthmus.tasks.compression.compressor import Compressor

SUFFIX = ".isth"
ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".avif")
"""Of image files that are written."""
META = {"icc": "icc_profile", "exif": "exif", "xmp": "xmp"}
"""What is carried along, by its name here and in Pillow."""
LOSSY: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True, "exact": True},
    "AVIF": {"quality": 95},
}


@dataclass(frozen=True)
class Compressed:
    """What became of an image file.

    Attributes
    ----------
    source, path : Path
    pixels : int
    bytes_before, bytes : int
    psnr : float
        In decibels, of what is read back; infinite where nothing is lost.
    notes : tuple of str
    """

    source: Path
    path: Path
    pixels: int
    bytes_before: int
    bytes: int
    psnr: float
    notes: tuple[str, ...] = ()

    @property
    def bpp(self) -> float:
        """Bits per pixel."""
        return 8 * self.bytes / self.pixels


def compress_file(compressor: Compressor, source: Path, path: Path, **asked: Any) -> Compressed:
    """Write an image file as a compressed one.

    Parameters
    ----------
    compressor : Compressor
    source, path : Path
    **asked :
        As of `Compressor.compress`.

    Raises
    ------
    InputError
        It cannot be read.
    """
    original = open_original(source)
    pixels = original.colour
    if original.dtype.name in ("uint16", "bool"):
        greatest = np.iinfo(np.uint16).max if original.dtype == np.uint16 else 1
        pixels = np.rint(pixels.astype(np.float64) * greatest / (255 if pixels.dtype == np.uint8 else 1))
        pixels = pixels.astype(original.dtype)
    alpha = original.alpha if original.alpha is None else _like(original.alpha, pixels)
    picture = Picture(pixels, alpha, _meta(source))
    content = compressor.compress_picture(picture, **asked)
    back = opened(content, compressor.codec_of, str(source))[0]
    with atomic(path) as temporary:
        temporary.write_bytes(content)
    error = psnr(_unit(pixels), _unit(back.pixels))
    before = source.stat().st_size
    return Compressed(source, path, pixels.shape[0] * pixels.shape[1], before, len(content), error, original.notes)


def _like(alpha: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    if alpha.dtype == pixels.dtype:
        return alpha
    greatest = {"uint16": 65535, "bool": 1}.get(pixels.dtype.name, 1)
    typed: np.ndarray = np.rint(alpha * greatest).astype(pixels.dtype)
    return typed


def _unit(pixels: np.ndarray) -> np.ndarray:
    greatest = {"uint8": 255, "uint16": 65535}.get(pixels.dtype.name, 1)
    return pixels.astype(np.float64) / greatest


def _meta(source: Path) -> dict[str, bytes]:
    """Return what an image file has beside its pixels; its orientation is done."""
    images: Any = extra("PIL.Image", "images")
    try:
        with images.open(source) as image:
            exif = image.getexif()
            exif.pop(0x0112, None)
            known = {"icc": image.info.get("icc_profile"), "exif": exif.tobytes() if len(exif) else None}
            known["xmp"] = image.info.get("xmp")
    except OSError:  # a TIFF of a kind that Pillow does not read
        return {}
    return {name: _bytes(value) for name, value in known.items() if value}


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def decompress_file(
    compressor: Compressor, source: Path, path: Path, salvage: bool = False
) -> tuple[Picture, list[int]]:
    """Write a compressed file as an image file, by the ending of its name; return it, and the tiles that were lost.

    Raises
    ------
    FileFormatError
        It cannot be read.
    InputError
        An image of its kind cannot be written to a file of that name.
    """
    picture, lost = opened(source.read_bytes(), compressor.codec_of, repr(str(source)), salvage)
    with atomic(path) as temporary:
        write_image(picture, temporary, path.suffix.lower())
    return picture, lost


def write_image(picture: Picture, path: Path, ending: str) -> None:
    """Write a picture as an image file of a kind that is named by an ending.

    Raises
    ------
    InputError
        The kind cannot be written, or has no such pixels.
    """
    parts = [part for part in (picture.pixels, picture.alpha) if part is not None]
    pixels = np.concatenate(parts, 2)
    if ending not in ENDINGS:
        raise InputError(f"images are written as {', '.join(ENDINGS)}, not {ending!r}")
    if ending in (".tif", ".tiff") and pixels.dtype != np.uint8:
        tifffile: Any = extra("tifffile", "images")
        tifffile.imwrite(path, pixels, compression="zlib", photometric="rgb" if pixels.shape[2] > 2 else "minisblack")
        return
    if pixels.dtype == np.uint16 and ending == ".png":
        write_png(path, pixels, [])
        return
    if pixels.dtype not in (np.dtype(np.uint8), np.dtype(bool)):
        raise InputError(f"pixels of type {pixels.dtype} are written as .tif (and uint16 as .png), not {ending!r}")
    images: Any = extra("PIL.Image", "images")
    kind = images.registered_extensions()[ending]
    image = images.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    meta = {META[name]: value for name, value in picture.meta.items() if name in META}
    if kind == "PNG" and "xmp" in meta:
        del meta["xmp"]
    stream = BytesIO()
    image.save(stream, kind, **meta, **LOSSY.get(kind, {}))
    path.write_bytes(stream.getvalue())
