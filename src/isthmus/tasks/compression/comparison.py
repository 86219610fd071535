"""Codecs beside each other on images: the bits of real files, and the errors of what comes back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.support.errors import InputError, extra
from isthmus.tasks.compression.rates import Rates
from isthmus.tasks.compression.targets import psnr

if TYPE_CHECKING:
    from isthmus.tasks.compression.compressor import Compressor

OWN = "isthmus"
QUALITIES = (10, 20, 35, 50, 65, 80, 90, 95)
"""At which each codec is tried."""
PILLOW: dict[str, dict[str, Any]] = {
    "JPEG": {"optimize": True, "progressive": True},
    "WebP": {"method": 6},
    "AVIF": {"speed": 6},
}
"""Kinds of files that Pillow writes, and how; colours have half the resolution, which is what each does by itself."""


Coded = tuple[int, np.ndarray]
"""The bytes of a file, and the image in it."""


def codecs(compressor: Compressor) -> dict[str, Callable[[np.ndarray, int], Coded]]:
    """Return codecs by name: from an image, uint8, and a quality to the bytes of a file and the image in it."""
    return {OWN: own(compressor), **others()}


def own(compressor: Compressor) -> Callable[[np.ndarray, float], Coded]:
    """Return a compressor as a codec."""

    def codec(image: np.ndarray, quality: float) -> Coded:
        content = compressor.compress(image, quality)
        return len(content), compressor.decompress(content)

    return codec


def others() -> dict[str, Callable[[np.ndarray, int], Coded]]:
    """Return the codecs of the installed Pillow by name."""
    features: Any = extra("PIL.features", "compression")
    return {name: _written(name) for name in PILLOW if name == "JPEG" or features.check(name.lower())}


def _written(kind: str) -> Callable[[np.ndarray, int], Coded]:
    images: Any = extra("PIL.Image", "compression")

    def codec(image: np.ndarray, quality: int) -> Coded:
        stream, mode = BytesIO(), "L" if image.shape[2] == 1 else "RGB"
        images.fromarray(image[..., 0] if mode == "L" else image).save(stream, kind, quality=quality, **PILLOW[kind])
        with images.open(stream) as back:
            pixels = np.asarray(back.convert(mode))
        return stream.tell(), pixels.reshape(image.shape)

    return codec


def largest_within(
    codec: Callable[[np.ndarray, int], Coded], image: np.ndarray, length: int
) -> tuple[int, int, np.ndarray]:
    """Return the highest quality from 1 to 100 at which a file has at most so many bytes, its bytes, and its image.

    It is quality 1 where even that file is longer.

    Parameters
    ----------
    codec : callable
        See `codecs`; files grow with the quality.
    image : uint8 ndarray of shape (height, width, 1 or 3)
    length : int

    Examples
    --------
    >>> [largest_within(lambda image, quality: (10 * quality, image), None, length)[:2] for length in (255, 5)]
    [(25, 250), (1, 10)]
    """

    @cache
    def at(quality: int) -> Coded:
        return codec(image, quality)

    quality = max(1, bisect_right(range(1, 101), length, key=lambda quality: at(quality)[0]))
    return quality, *at(quality)


def compared(
    images: Iterable[np.ndarray],
    with_codecs: Mapping[str, Callable[[np.ndarray, int], Coded]],
    tell: Callable[[], object] = bool,
    qualities: Sequence[int] = QUALITIES,
) -> dict[str, Rates]:
    """Return what each codec does with some images.

    Parameters
    ----------
    images : iterable of uint8 ndarray of shape (height, width, 1 or 3)
    with_codecs : dict of callable
        See `codecs`.
    tell : callable, optional
        Called after each image.
    qualities : sequence of int

    Raises
    ------
    InputError
        There are no images.
    """
    each: dict[str, list[list[tuple[float, float]]]] = {name: [] for name in with_codecs}
    for image in images:
        for name, codec in with_codecs.items():
            each[name].append([_point(image, *codec(image, quality)) for quality in qualities])
        tell()
    if not any(each.values()):
        raise InputError("there are no images to compare codecs on")
    return {name: Rates(*np.mean(points, 0).T) for name, points in each.items()}


def _point(image: np.ndarray, length: int, back: np.ndarray) -> tuple[float, float]:
    """Return bits per pixel and PSNR."""
    decibels = psnr([(image / 255.0, back / 255.0)])
    return 8 * length / (image.shape[0] * image.shape[1]), min(decibels, 100.0)
