"""Images to learn from and to restore: arrays, lists, files and folders, and pairs of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.core.data import Rows
from isthmus.data.images.files import IMAGES
from isthmus.data.images.pixels import kind_of
from isthmus.data.images.sequence import ImageArray, ImageSequence
from isthmus.data.images.survey import survey
from isthmus.data.infer import axes
from isthmus.data.inputs import taken
from isthmus.data.listing import listing
from isthmus.data.sources.folders import ImageStream
from isthmus.support.errors import InputError, listed

NAMED = 3
"""Files that a message names, at most."""


def is_path(X: object) -> bool:
    """Tell whether X is the path of a file or folder."""
    return isinstance(X, (str, os.PathLike))


def images_of(X: Rows) -> Rows:
    """Return images in memory, or the stream of a file or folder.

    Raises
    ------
    InputError
        There is no such file, or X is not images.
    """
    if is_path(X):
        return ImageStream(survey(_existing(X)))
    X = taken(X)
    if not isinstance(X, ImageSequence) and axes(X) not in (3, 4):
        raise InputError(
            f"X of shape {np.shape(X)} is no images: give (n, height, width) or (n, height, width, channels), a list "
            "of images, or a folder; a single image as [image]"
        )
    return X


def _existing(path: Any) -> Path:
    if not os.path.exists(path):
        raise InputError(f"there is no file or folder {os.fspath(path)!r}")
    return Path(path)


def paired_streams(noisy: Any, clean: Any) -> tuple[ImageStream, ImageStream]:
    """Return the images of two folders, or of two files, in the same order and form.

    Raises
    ------
    InputError
        They differ in number or in names.
    """
    sides = [_existing(path) for path in (noisy, clean)]
    files = [_named(path) for path in sides]
    if all(path.is_dir() for path in sides):
        _check_names(sides, files)
    elif any(path.is_dir() for path in sides):
        raise InputError(f"{str(noisy)!r} and {str(clean)!r} are not pairs: give two folders, or two files")
    first, second = (list(names.values()) for names in files)
    if all(path.is_dir() for path in sides):
        second = [files[1][name] for name in files[0]]
    both = survey([*first, *second])
    count = len(first)
    return ImageStream(both.some(range(count))), ImageStream(both.some(range(count, 2 * count)))


def _named(path: Path) -> dict[str, Path]:
    """Return the images of a folder by their names in it: without the ending, where that is unique."""
    if not path.is_dir():
        return {"": path}
    paths = listing(path, IMAGES).paths
    stems = [str(one.relative_to(path).with_suffix("")) for one in paths]
    times = Counter(stems)
    return {
        stem if times[stem] == 1 else str(one.relative_to(path)): one for stem, one in zip(stems, paths, strict=True)
    }


def _check_names(sides: Sequence[Path], files: Sequence[dict[str, Path]]) -> None:
    for (here, there), (known, others) in zip((sides, sides[::-1]), (files, files[::-1]), strict=True):
        if alone := [path.name for name, path in known.items() if name not in others]:
            raise InputError(
                f"{str(here)!r} holds {listed(alone, NAMED)}, but {str(there)!r} holds no image of that name: the "
                f"noisy and the clean version of an image are called alike ({len(files[0])} and {len(files[1])} images)"
            )


def check_pairs(noisy: Rows, clean: Rows) -> None:
    """Refuse images that are not pairs.

    Raises
    ------
    InputError
        They differ in number, size, channels, or in the type of their pixels.
    """
    if len(noisy) != len(clean):
        raise InputError(
            f"{len(noisy):,} noisy images and {len(clean):,} clean ones are not pairs: each noisy one needs its "
            "clean one"
        )
    sides = [side if isinstance(side, ImageSequence) else ImageArray(side) for side in (noisy, clean)]
    for at, shapes in enumerate(zip(*(side.shapes for side in sides), strict=True)):
        if shapes[0] != shapes[1]:
            raise InputError(
                f"{sides[0].name(at)} is noisy and has the shape {shapes[0]}, its clean version has {shapes[1]}: the "
                "two are of one size"
            )
    types = [str(side.dtype) if isinstance(side, ImageSequence) else kind_of(side)[1] for side in (noisy, clean)]
    if types[0] != types[1]:
        raise InputError(
            f"noisy images hold {types[0]}, clean ones {types[1]}: convert both to one type, such as floats in [0, 1] "
            "(uint8: image.astype('float32') / 255)"
        )
