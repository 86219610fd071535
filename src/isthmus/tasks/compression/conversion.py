"""Files to compressed files, and back: images with their profile, EXIF data and alpha channel, tables, and arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from isthmus.data.images import pillow
from isthmus.data.images.original import open_original
from isthmus.data.images.png import COLOUR_TYPE, encode_png
from isthmus.support.atomic import atomic
from isthmus.support.errors import InputError, counted, extra
from isthmus.tasks.compression import frames, numbers, text_tables
from isthmus.tasks.compression.bounded_cells import bounded, largest_error
from isthmus.tasks.compression.chunks import Chunk, read
from isthmus.tasks.compression.pictures import TILES, OtherSymbolsError, Picture, in_unit, unpacked_picture
from isthmus.tasks.compression.targets import psnr

if TYPE_CHECKING:
    from isthmus.tasks.compression.compressor import Compressor

Progress = Callable[[int], AbstractContextManager[Callable[[int], object]]]
"""From the number of tiles of an image, which are written and read, to what is called with the number that is done."""
SUFFIX = ".isth"
ROWS = 64
"""Of images that are compared, at a time."""
ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".avif")
"""Of image files that are written."""
META = {"icc": "icc_profile", "exif": "exif", "xmp": "xmp"}
"""What is carried along, by its name here and in Pillow."""
LOSSY: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True, "exact": True},
    "AVIF": {"quality": 95},
}


@contextmanager
def untold(total: int) -> Iterator[Callable[[int], object]]:
    """Say nothing of progress."""
    yield bool


@dataclass(frozen=True)
class Compressed:
    """What became of a file.

    Attributes
    ----------
    source, path : Path
    bytes_before, bytes : int
    pixels : int or None
        Of an image.
    psnr : float or None
        In decibels, of an image that is read back; infinite where nothing is lost.
    max_error : float or None
        Of numbers: how far one is off, at most.
    notes : tuple of str
    """

    source: Path
    path: Path
    bytes_before: int
    bytes: int
    pixels: int | None = None
    psnr: float | None = None
    max_error: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def bpp(self) -> float | None:
        """Bits per pixel of an image."""
        return None if self.pixels is None else 8 * self.bytes / self.pixels


def compress_file(
    compressor: Compressor, source: Path, path: Path, progress: Progress = untold, **asked: Any
) -> Compressed:
    """Write an image file as a compressed one.

    Parameters
    ----------
    compressor : Compressor
    source, path : Path
    progress : callable, optional
        See `Progress`.
    **asked :
        As of `Compressor.compress`.

    Raises
    ------
    InputError
        It cannot be read.
    """
    picture, notes = read_picture(source)
    pixels = picture.pixels
    with progress(2 * compressor.codec.count(*pixels.shape[:2])) as tell:
        content = compressor.compress_picture(picture, tell=lambda: tell(1), **asked)
        back = unpacked_picture(content, compressor.codec_of, str(source), tell=lambda: tell(1))[0]
    with atomic(path) as temporary:
        temporary.write_bytes(content)
    error = psnr(_beside(pixels, back.pixels))
    before, area = source.stat().st_size, pixels.shape[0] * pixels.shape[1]
    return Compressed(source, path, before, len(content), area, error, notes=notes)


def read_picture(source: Path, max_bytes: int | None = None) -> tuple[Picture, tuple[str, ...]]:
    """Return the image in a file, with what goes with it, and what a user should know of the file.

    Parameters
    ----------
    source : Path
    max_bytes : int or None, default None
        What its pixels may take, at most; checked before they are decoded.

    Raises
    ------
    TooManyPixels
        They take more than `max_bytes`.
    InputError
        It cannot be read.
    """
    original = open_original(source, max_bytes)
    pixels = original.colour
    if original.dtype.name in ("uint16", "bool"):
        greatest = np.iinfo(np.uint16).max if original.dtype == np.uint16 else 1
        pixels = np.rint(pixels.astype(np.float64) * greatest / (255 if pixels.dtype == np.uint8 else 1))
        pixels = pixels.astype(original.dtype)
    alpha = original.alpha if original.alpha is None else _like(original.alpha, pixels)
    return Picture(pixels, alpha, _meta(source, original.kind)), original.notes


def compress_table(source: Path, path: Path, max_error: float | Mapping[str, float] | None = None) -> Compressed:
    """Write a CSV file as a compressed one: every byte comes back, or each number within a bound.

    Raises
    ------
    InputError
        It is empty, or has no such columns; see `isthmus.tasks.compression.bounded_cells.bounded`.
    """
    before = source.read_bytes()
    kept = before if max_error is None else bounded(before, max_error)
    content = text_tables.packed(kept)
    if text_tables.unpacked(read(content)) != kept:
        raise OtherSymbolsError(f"{str(source)!r} does not come back from what was written: please report this")
    with atomic(path) as temporary:
        temporary.write_bytes(content)
    worst = None if max_error is None else largest_error(before, kept)
    return Compressed(source, path, len(before), len(content), max_error=worst)


def compress_frame(source: Path, path: Path, max_error: float | Mapping[str, float] | None = None) -> Compressed:
    """Write a Parquet file as a compressed one.

    Raises
    ------
    InputError
        It is none.
    """
    parquet, arrow = extra("pyarrow.parquet", "tables"), extra("pyarrow", "tables")
    try:
        table = parquet.read_table(source)
    except arrow.ArrowException as error:
        raise InputError(f"{str(source)!r} is no Parquet file: {error}") from error
    content = frames.packed(table, max_error)
    if max_error is None and not frames.unpacked(read(content)).equals(table):
        raise OtherSymbolsError(f"{str(source)!r} does not come back from what was written: please report this")
    with atomic(path) as temporary:
        temporary.write_bytes(content)
    return Compressed(source, path, source.stat().st_size, len(content))


def compress_array(source: Path, path: Path, max_error: float) -> Compressed:
    """Write the array of a .npy file as a compressed one, within a bound.

    Raises
    ------
    InputError
        It holds no numbers.
    """
    try:
        array = np.load(source, allow_pickle=False)
    except ValueError as error:
        raise InputError(f"{str(source)!r} is not an array of numbers: {error}") from error
    content = numbers.packed(array, max_error)
    back = numbers.unpacked(read(content))
    with np.errstate(invalid="ignore"):
        off = np.abs(back.astype(np.float64) - array.astype(np.float64))
    with atomic(path) as temporary:
        temporary.write_bytes(content)
    worst = float(np.nanmax(np.where(np.isfinite(off), off, 0), initial=0))
    return Compressed(source, path, source.stat().st_size, len(content), max_error=worst)


def _like(alpha: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    if alpha.dtype == pixels.dtype:
        return alpha
    greatest = {"uint16": 65535, "bool": 1}.get(pixels.dtype.name, 1)
    typed: np.ndarray = np.rint(alpha * greatest).astype(pixels.dtype)
    return typed


def _beside(pixels: np.ndarray, others: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield parts of two images, each beside the other's."""
    for top in range(0, len(pixels), ROWS):
        yield in_unit(pixels[top : top + ROWS]), in_unit(others[top : top + ROWS])


def _meta(source: Path, kind: str) -> dict[str, bytes]:
    """Return what an image file of a format has beside its pixels; its orientation is done."""
    try:
        with pillow.open_image(source, kind) as image:
            exif = image.getexif()
            exif.pop(0x0112, None)
            known = {"icc": image.info.get("icc_profile"), "exif": exif.tobytes() if len(exif) else None}
            known["xmp"] = image.info.get("xmp")
    except InputError:  # a TIFF of a kind that Pillow does not read
        return {}
    return {name: _bytes(value) for name, value in known.items() if value}


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


class Decompressed(NamedTuple):
    """What became of a compressed file: its output, what is in it, and the tiles of an image that were lost."""

    path: Path
    content: str
    lost: tuple[int, ...] = ()


def decompress_file(
    compressor: Callable[[], Compressor],
    source: Path,
    path: Path,
    salvage: bool = False,
    named: bool = True,
    progress: Progress = untold,
) -> Decompressed:
    """Write a compressed file as an image, a table or an array.

    Parameters
    ----------
    compressor : callable
        Returns the compressor, if one is needed.
    source, path : Path
    salvage : bool, default False
    named : bool, default True
        Whether the ending of `path` was chosen; else it becomes that of what is in the file.
    progress : callable, optional
        See `Progress`.

    Raises
    ------
    FileFormatError
        It cannot be read.
    InputError
        An image of its kind cannot be written to a file of that name.
    """
    content, name = source.read_bytes(), repr(str(source))
    chunks = read(content, name, damaged=salvage)
    if (data := unpacked_data(chunks, name)) is not None:
        return _write(path, named, data)
    with progress(sum(chunk.type == TILES for chunk in chunks)) as tell:
        picture, lost = unpacked_picture(content, compressor().codec_of, name, salvage, lambda: tell(1))
    with atomic(path) as temporary:
        temporary.write_bytes(image_file(picture, path.suffix.lower()))
    height, width = picture.pixels.shape[:2]
    return Decompressed(path, f"{width} x {height} pixels", tuple(lost))


class UnpackedData(NamedTuple):
    """A table or an array as the content of a file, the ending of such files, and what it is in words."""

    content: bytes
    ending: str
    about: str


def unpacked_data(chunks: Sequence[Chunk], name: str = "the file") -> UnpackedData | None:
    """Return the table or the array in a compressed file, or None if that is of an image.

    Raises
    ------
    FileFormatError
        It cannot be read.
    InputError
        A column of a DataFrame has a type that Parquet files do not hold.
    """
    kind = chunks[0].payload if chunks else b""
    if text_tables.of_text_table(kind):
        return UnpackedData(text_tables.unpacked(chunks, name), ".csv", "a table")
    if frames.of_frame(kind):
        return _parquet(frames.table_of(chunks, name))
    if numbers.of_numbers(kind):
        array, stream = numbers.unpacked(chunks, name), BytesIO()
        np.save(stream, array)
        sides = " x ".join(f"{side:,}" for side in array.shape)
        return UnpackedData(stream.getvalue(), ".npy", f"{sides} numbers")
    return None


def _parquet(table: Any) -> UnpackedData:
    """Return a table of pyarrow as a Parquet file."""
    stream = BytesIO()
    try:
        extra("pyarrow.parquet", "tables").write_table(table, stream)
    except extra("pyarrow", "tables").ArrowException as error:
        raise InputError(f"the DataFrame cannot be written as Parquet: {error}; read it with Compressor") from error
    return UnpackedData(stream.getvalue(), ".parquet", f"a table of {table.num_rows:,} rows")


def _write(path: Path, named: bool, data: UnpackedData) -> Decompressed:
    path = path if named else path.with_suffix(data.ending)
    if path.exists() and not named:
        raise InputError(f"{str(path)!r} is there already: name the output")
    with atomic(path) as temporary:
        temporary.write_bytes(data.content)
    return Decompressed(path, data.about)


def image_file(picture: Picture, ending: str) -> bytes:
    """Return a picture as the content of an image file, of a kind that is named by an ending.

    Raises
    ------
    InputError
        The kind cannot be written, or has no such pixels.
    """
    parts = [part for part in (picture.pixels, picture.alpha) if part is not None]
    pixels, stream = np.concatenate(parts, 2) if len(parts) > 1 else parts[0], BytesIO()
    if ending not in ENDINGS:
        raise InputError(f"images are written as {', '.join(ENDINGS)}, not {ending!r}")
    if ending in (".tif", ".tiff") and (pixels.dtype != np.uint8 or pixels.shape[2] not in COLOUR_TYPE):
        tifffile: Any = extra("tifffile", "images")
        tifffile.imwrite(stream, pixels, compression="zlib", photometric="rgb" if pixels.shape[2] > 2 else "minisblack")
        return stream.getvalue()
    _check_kind(pixels, ending)
    if pixels.dtype == np.uint16:
        encode_png(stream, pixels, [])
        return stream.getvalue()
    images: Any = extra("PIL.Image", "images")
    kind = images.registered_extensions()[ending]
    image = images.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    meta = {META[name]: value for name, value in picture.meta.items() if name in META}
    if kind == "PNG" and "xmp" in meta:
        del meta["xmp"]
    image.save(stream, kind, **meta, **LOSSY.get(kind, {}))
    return stream.getvalue()


def _check_kind(pixels: np.ndarray, ending: str) -> None:
    """Refuse pixels that files of a kind do not hold."""
    channels = {"uint8": tuple(COLOUR_TYPE), "uint16": tuple(COLOUR_TYPE) if ending == ".png" else (), "bool": (1,)}
    if pixels.shape[2] not in channels.get(pixels.dtype.name, ()):
        raise InputError(
            f"pixels of type {pixels.dtype} in {counted(pixels.shape[2], 'channel')} are written as .tif (and uint16 "
            f"as .png), not {ending!r}"
        )
