"""Census: what images are, without training: their sizes, channels and formats, and which are broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.data.listing import FileKind, listing
from isthmus.data.sized import in_threads


@dataclass(frozen=True)
class Census:
    """Images.

    Attributes
    ----------
    count : int
    sizes : dict
        The number of images of each (height, width), the most frequent first.
    channels : int
    type : str
        The name of the type of pixels.
    """

    count: int
    sizes: dict[tuple[int, int], int]
    channels: int
    type: str


def census(X: Any, channels_first: bool = False) -> Census:
    """Return what images in the user's layout are: an array, a tensor, a stream, or a list of arrays.

    Examples
    --------
    >>> import numpy as np
    >>> census(np.zeros((5, 8, 6, 3), np.uint8))
    Census(count=5, sizes={(8, 6): 5}, channels=3, type='uint8')
    """
    shapes = _shapes(X)
    sizes = Counter((shape[-2], shape[-1]) if channels_first else (shape[0], shape[1]) for shape in shapes)
    first = shapes[0]
    channels = 1 if len(first) == 2 else first[0] if channels_first else first[2]
    dtype = str(getattr(X if hasattr(X, "dtype") else X[0], "dtype", "")).removeprefix("torch.")
    return Census(len(shapes), dict(sizes.most_common()), channels, dtype)


def _shapes(X: Any) -> list[tuple[int, ...]]:
    """Return the shape of each image."""
    if isinstance(X, Sequence):
        return list(getattr(X, "shapes", None) or (tuple(image.shape) for image in X))
    return [tuple(X.shape[1:])] * len(X)


def broken(folder: Path, kind: FileKind, error_of: Callable[[Path], str | None]) -> dict[str, str]:
    """Return why files of a folder cannot be read, by their paths in it; each is decoded once."""
    paths = listing(folder, kind).paths
    errors = zip(paths, in_threads(error_of, paths), strict=True)
    return {str(path.relative_to(folder)): error for path, error in errors if error is not None}


def formats(names: Sequence[str]) -> dict[str, int]:
    """Return how many files have each ending, the most frequent first.

    Examples
    --------
    >>> formats(["a.JPG", "b/c.jpg", "d.png"])
    {'jpg': 2, 'png': 1}
    """
    return dict(Counter(Path(name).suffix.lower().lstrip(".") for name in names).most_common())
