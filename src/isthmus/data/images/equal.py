"""Images that are equal: the same pixels among some images, the same bytes among files."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.data.sized import SizedSequence, in_threads


def equal_images(images: Sequence[Any]) -> list[list[int]]:
    """Return the indices of images that have the same pixels, in groups of at least two.

    Parameters
    ----------
    images : sequence of arrays or tensors
        Which may be decoded on access.

    Examples
    --------
    >>> equal_images([np.zeros((2, 3)), np.zeros((3, 2)), np.ones((2, 3)), np.zeros((2, 3))])
    [[0, 3]]
    """
    if isinstance(images, SizedSequence):  # decoded on access
        return _alike(in_threads(lambda index: _pixels(images[index]), range(len(images))))
    return _alike(map(_pixels, images))


def equal_files(paths: Sequence[Path], others: Sequence[Path]) -> list[tuple[Path, Path]]:
    """Return each path that has the same content as one of some others, and that one."""
    sizes = {path.stat().st_size for path in paths}
    by_content = {_content(path): path for path in reversed(others) if path.stat().st_size in sizes}
    of_size = {path.stat().st_size for path in by_content.values()}
    contents = ((path, _content(path)) for path in paths if path.stat().st_size in of_size)
    return [(path, by_content[content]) for path, content in contents if content in by_content]


def _alike(keys: Iterable[Hashable]) -> list[list[int]]:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        groups[key].append(index)
    return [group for group in groups.values() if len(group) > 1]


def _pixels(image: Any) -> Hashable:
    array = np.ascontiguousarray(image)
    return array.shape, array.dtype.str, hashlib.sha256(array.data).digest()


def _content(path: Path) -> Hashable:
    return hashlib.sha256(path.read_bytes()).digest()
