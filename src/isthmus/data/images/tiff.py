"""TIFF files with any number of channels: those that Pillow cannot decode are read with tifffile."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.data.images import pillow
from isthmus.data.images.head import Form, Head, check_area
from isthmus.data.images.orientation import ON_ITS_SIDE, TAG, upright
from isthmus.data.images.resize import Size
from isthmus.data.images.tiff_tags import add_directories, directories_of, tags_of
from isthmus.support.errors import InputError, extra

BITS, PHOTOMETRIC, SAMPLES, EXTRA_SAMPLES, SAMPLE_FORMAT = 258, 262, 277, 338, 339
UNSPECIFIED, UNSIGNED = 0, 1
ALPHA = ((1,), (2,))
"""What extra samples are where the only one is an alpha channel."""

OF_PILLOW = {
    "1": 1,
    "L": 1,
    "P": 1,
    "LA": 2,
    "PA": 2,
    "RGB": 3,
    "RGBA": 4,
    "CMYK": 4,
    "YCbCr": 3,
    "I;16": 1,
    "I;16B": 1,
}
"""Modes that Pillow decodes, and the samples per pixel that files of these modes must have."""

FAINT = 16.0
"""Up to here, floats are not numbers of whole values such as 255 for white, but overexposed."""
GREATEST = {"uint8": 255, "uint16": 65535, "uint32": 2**32 - 1}

OTHER_COLOURS = {5: "CMYK", 8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*"}
"""Meanings of channels that are not read, by their number in TIFF files."""

RGB = "RGB"
"""The channels of a colour image."""

BANDS = "SC"
"""Axes of a file that are channels: samples per pixel, or pages marked as channels."""

_asking = ContextVar("asking", default=False)
"""Whether Pillow is asked what it can decode: the errors that it logs are then answers."""

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what it says is raised here, too
logging.getLogger("PIL.TiffImagePlugin").addFilter(lambda record: not _asking.get())


def head(path: Path, format: str = "TIFF") -> Head:
    """Return the header of a TIFF file.

    Raises
    ------
    InputError
        The file cannot be read, holds several images, or pixels of a data type without a known range.
    """
    if pillow_can(path):
        return pillow.head(path, format)
    with _series(path) as series:
        (height, width, channels), _ = _layout(series, path)
        if _orientation(series.keyframe) in ON_ITS_SIDE:
            height, width = width, height
        return Head(height, width, channels, False, series.dtype.name not in ("uint8", "bool"))


def decode(path: Path, format: str, form: Form, min_size: Size | None = None) -> np.ndarray:
    """Return a decoded image."""
    if pillow_can(path):
        return pillow.decode(path, format, form, min_size)
    with _series(path) as series:
        shape, axes = _layout(series, path)
        pixels = series.asarray().transpose(axes).reshape(shape)
        pixels = upright(_in_range(pixels, path), _orientation(series.keyframe))
        return form.apply(
            1 - pixels if series.keyframe.photometric == 0 and pixels.dtype != np.uint8 else pixels, False
        )


def orientation(path: Path) -> int:
    """Return the orientation that a file says, which Pillow hides."""
    with _series(path) as series:
        return _orientation(series.keyframe)


def _orientation(page: Any) -> int:
    return int(page.tags.valueof(TAG, 1))


def pillow_can(path: Path) -> bool:
    """Tell whether Pillow decodes the whole file: it has one page, and no more channels than its mode."""
    token = _asking.set(True)
    try:
        with pillow.open_image(path, "TIFF") as image:
            tags: dict[int, Any] = image.tag_v2  # type: ignore[attr-defined]  # what TIFF images have
            samples = tags.get(SAMPLES, 1)
            bits, formats = tags.get(BITS, (1,)), tags.get(SAMPLE_FORMAT, (UNSIGNED,))
            return (
                image.n_frames == 1  # type: ignore[attr-defined]
                and OF_PILLOW.get(image.mode) == samples
                and set(formats) == {UNSIGNED}
                and (max(bits) <= 8 or samples == 1)
                and UNSPECIFIED not in tags.get(EXTRA_SAMPLES, ())
            )
    except InputError:
        return False
    finally:
        _asking.reset(token)


def dtype_of(path: Path) -> np.dtype[Any]:
    """Return the type of the pixels in a file that Pillow cannot decode.

    Raises
    ------
    InputError
        It holds more bits than are kept when it is read.
    """
    with _series(path) as series:
        dtype = np.dtype(series.dtype)
    if dtype.kind == "u" and dtype.itemsize > 2:
        raise InputError(
            f"the pixels of {str(path)!r} are {dtype.name}, of which 24 bits are kept: save them as uint16"
        )
    return dtype


def has_alpha(path: Path) -> bool:
    """Tell whether the last channel of a file that Pillow cannot decode is an alpha channel."""
    with _series(path) as series:
        return series.keyframe.extrasamples in ALPHA


def write(path: Path, pixels: np.ndarray, like: Path, orientation: int = 1) -> None:
    """Write pixels of any type and number of channels, with what another TIFF file holds beside its pixels.

    Parameters
    ----------
    path : Path
    pixels : ndarray of shape (height, width, channels)
    like : Path
        The other file: its profile, resolution, texts, geographic coordinates, EXIF data and GPS are kept.
    orientation : int, default 1
        That of the pixels, which they are stored in.
    """
    tifffile = extra("tifffile", "images")
    with tifffile.TiffFile(like) as file:
        page = file.pages[0]
        profile, resolution, unit = page.iccprofile, page.resolution, page.resolutionunit
        compressed, beside = page.compression != tifffile.COMPRESSION.NONE, page.extrasamples
        tags = tags_of(page, orientation)
    tifffile.imwrite(
        path,
        pixels if pixels.shape[2] > 1 else pixels[..., 0],
        photometric="rgb" if pixels.shape[2] - len(beside) == len(RGB) else "minisblack",
        planarconfig="contig" if pixels.shape[2] > 1 else None,
        extrasamples=beside or None,
        compression="zlib" if compressed else None,
        iccprofile=profile,
        resolution=resolution,
        resolutionunit=unit,
        metadata=None,
        software=False,
        extratags=tags,
    )
    add_directories(path, directories_of(like))


@contextmanager
def _series(path: Path) -> Iterator[Any]:
    """Open the only image in a file; any failure raises an InputError that names the file."""
    tifffile = extra("tifffile", "images")
    try:
        with tifffile.TiffFile(path) as file:
            if len(file.series) == 0:
                raise InputError(f"{str(path)!r} holds no whole image: it was cut short or damaged; copy it again")
            if len(file.series) > 1:
                raise InputError(f"{str(path)!r} holds {len(file.series)} images: save each as a file of its own")
            _check_colours(file.series[0].keyframe, path)
            yield file.series[0]
    except InputError:
        raise
    except (*pillow.BROKEN, tifffile.TiffFileError) as error:
        raise InputError(f"cannot read the image {str(path)!r}: {error}; mend it or take it out") from error


def _check_colours(page: Any, path: Path) -> None:
    """Refuse channels that are not red, green and blue, but would be taken for these."""
    if page.photometric in OTHER_COLOURS:
        raise InputError(
            f"the colours of {str(path)!r} are {OTHER_COLOURS[page.photometric]}, not red, green and blue: save it as "
            "RGB first"
        )


def _layout(series: Any, path: Path) -> tuple[tuple[int, int, int], list[int]]:
    """Return (height, width, channels), and the order of axes that puts the channels last."""
    sizes = {"Y": 0, "X": 0, **dict(zip(series.axes, series.shape, strict=True))}
    bands = [axis for axis in BANDS if sizes.get(axis, 1) > 1]
    others = [axis for axis, size in sizes.items() if size > 1 and axis not in "YX" + BANDS]
    if others or len(bands) > 1:
        raise InputError(
            f"{str(path)!r} holds {series.shape} numbers along the axes {series.axes}: volumes are not read yet; "
            "save each page as a file; or the bands of one image, of shape (height, width, bands), with "
            "tifffile.imwrite(path, image, photometric='minisblack', planarconfig='contig')"
        )
    if series.dtype.kind not in "fb" and series.dtype.name not in GREATEST:
        raise InputError(
            f"the pixels of {str(path)!r} are {series.dtype.name}, which has no known range: save floats in [0, 1]"
        )
    check_area(sizes["Y"], sizes["X"], path)
    rest = [axis for axis in series.axes if axis not in ("Y", "X", *bands)]
    shape = (sizes["Y"], sizes["X"], sizes[bands[0]] if bands else 1)
    return shape, [series.axes.index(axis) for axis in (*rest, "Y", "X", *bands)]


def _in_range(pixels: np.ndarray, path: Path) -> np.ndarray:
    """Return uint8 unchanged, and other numbers as float32 in [0, 1]."""
    if pixels.dtype.kind == "b":
        return pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype.name in GREATEST:
        return pixels if pixels.dtype == np.uint8 else (pixels / GREATEST[pixels.dtype.name]).astype(np.float32)
    finite = np.isfinite(pixels)
    if not finite.all():
        at = tuple(np.argwhere(~finite)[0].tolist())
        raise InputError(f"pixel {at} of {str(path)!r} is {pixels[at]}: images must be finite; replace it first")
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high <= 1):
        such_as = f", such as image / {_top(high)}" if low >= 0 and high > FAINT else " or clip them there"
        raise InputError(f"the pixels of {str(path)!r} reach from {low:g} to {high:g}: scale them to [0, 1]{such_as}")
    return pixels.astype(np.float32)


def _top(high: float) -> int:
    """Return what white may be in numbers that reach so high.

    Examples
    --------
    >>> [_top(high) for high in (200.0, 1000.0, 65000.0)]
    [255, 65535, 65535]
    """
    return 255 if high <= 255 else 65535
