"""Heat maps of many images, one after the other, and the files that are drawn of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.apps.figures.overlay import LARGEST, overlay, reduction
from isthmus.data.images.files import NAMED, encode
from isthmus.data.io.files import file_names
from isthmus.data.sources.in_memory import is_stream, pieces
from isthmus.support.atomic import atomic
from isthmus.support.errors import listed
from isthmus.tasks.anomaly.heat import Region, regions

EFFORT = 3
"""zlib's level for overlays: a third of the time of the default, files a tenth larger."""


@dataclass(frozen=True)
class Scanned:
    """An image and what a detector says of it.

    Attributes
    ----------
    pixels : ndarray of shape (height, width, channels)
        uint8, or floats in [0, 1].
    heat : ndarray of shape (height, width)
        Multiples of the threshold.
    regions : list of Region
        Where it is above 1, the highest peak first.
    score, p_value : float
    flagged : bool
    """

    pixels: np.ndarray
    heat: np.ndarray
    regions: list[Region]
    score: float
    p_value: float
    flagged: bool

    def overlay(self) -> np.ndarray:
        """Return the image with its heat, uint8 (height, width, 3)."""
        return overlay(self.pixels, self.heat, self.regions)

    def mask(self) -> np.ndarray:
        """Return 255 where the heat is above the threshold, else 0, uint8 (height, width)."""
        return np.where(self.heat > 1, 255, 0).astype(np.uint8)


def scanned(detector: Any, X: Any) -> Iterator[Scanned]:
    """Yield what a detector with heat maps says of each image, in bounded memory; each is decoded once.

    Parameters
    ----------
    detector : AnomalyDetector
        Fitted.
    X : images
    """
    data = detector.autoencoder_.data_
    for piece in pieces(X):
        images = data.sequence(piece)
        for part in images.slices():
            some = images[part].decoded() if isinstance(piece, Sequence) else piece[part]
            scored = detector.score_images(some)
            for index, (image, heat) in enumerate(zip(some, scored["heat"], strict=True)):
                numbers = (float(scored["score"][index]), float(scored["p_value"][index]))
                flagged = bool(scored["flagged"][index])
                yield Scanned(data.canonical(image), heat, regions([heat]), *numbers, flagged)


def write_png(pixels: np.ndarray, path: Path) -> None:
    """Write uint8 pixels as a PNG file, with its folder if there is none yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as temporary, temporary.open("wb") as stream:
        encode(pixels, stream, EFFORT)


def write_overlays(detector: Any, X: Any, folder: Path) -> list[Path]:
    """Write an overlay of each image into a folder, which may be new, and return their paths.

    Parameters
    ----------
    detector : AnomalyDetector
        Fitted.
    X : images
    folder : Path
    """
    names = names_of(X)
    smaller = {}
    for name, one in zip(names, scanned(detector, X), strict=True):
        write_png(one.overlay(), folder / name)
        if (by := reduction(one.heat.shape)) > 1:
            smaller[name] = by
    if smaller:
        warnings.warn(in_smaller_size(smaller), stacklevel=3)
    return [folder / name for name in names]


def names_of(X: Any) -> list[str]:
    """Return the names of the files that are drawn of images: as those of a folder, or their numbers; all differ."""
    return file_names(X.names if is_stream(X) else (), len(X))


def in_smaller_size(smaller: Mapping[str, int]) -> str:
    """Say which images are drawn smaller than they are, and by how much."""
    said = [f"{name} in 1/{by}" for name, by in smaller.items()]
    return f"overlays have at most {LARGEST:,} pixels on a side: {listed(said, NAMED)} of the size of the image"
