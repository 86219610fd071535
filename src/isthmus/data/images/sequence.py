"""Images: sequences of images that may differ in size, in memory or in files that are decoded on access."""

from __future__ import annotations

import hashlib
import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import DTypeLike

from isthmus.data.images.pixels import ONE_SIZE, kind_of
from isthmus.data.images.resize import Size
from isthmus.support.errors import InputError

T = TypeVar("T")
S = TypeVar("S")

WORKERS = min(8, os.cpu_count() or 1)

CHUNK = 64 * 2**20
"""Bytes of decoded images kept at a time."""

HASHED = 4096
"""Approximate number of pixels per image that go into a signature."""

Shape = tuple[int, ...]


def in_threads(function: Callable[[T], S], items: Sequence[T]) -> list[S]:
    """Return the results of a function for all items, in order, computed by several threads."""
    if len(items) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(function, items))


class ImageSequence(Sequence[Any]):
    """Images that may differ in size, each an array in the user's layout (abstract).

    Attributes
    ----------
    shapes : list of tuple
        The shape of each image; known before decoding.
    dtype : numpy.dtype
        The data type of all pixels.
    """

    shapes: list[Shape]
    dtype: np.dtype[Any]

    @abstractmethod
    def at(self, index: int) -> Any:
        """Return one image."""

    @abstractmethod
    def reduced(self, index: int, min_size: Size) -> Any:
        """Return one image, at a lower resolution if that is faster, but not below this height and width."""

    @abstractmethod
    def some(self, indices: Sequence[int]) -> ImageSequence:
        """Return some of the images, without decoding them."""

    @abstractmethod
    def name(self, index: int) -> str:
        """Return the name of an image for messages."""

    @abstractmethod
    def signature(self) -> str:
        """Return a hash that differs if the images differ."""

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> ImageSequence: ...

    def __getitem__(self, index: int | slice) -> Any:
        indices = range(len(self))[index]
        return self.at(indices) if isinstance(indices, int) else self.some(indices)

    def __len__(self) -> int:
        return len(self.shapes)

    def decoded(self, indices: Sequence[int] | None = None) -> list[Any]:
        """Return some images, or all, decoded by several threads."""
        return in_threads(self.at, range(len(self)) if indices is None else indices)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        """Return all images as one array."""
        self.check_one_size()
        stacked = np.empty((len(self), *self.shapes[0]), self.dtype if dtype is None else dtype)

        def fill(index: int) -> None:
            stacked[index] = self.at(index)

        in_threads(fill, range(len(self)))
        return stacked

    def check_one_size(self) -> None:
        """Raise an error if images differ in size.

        Raises
        ------
        InputError
            The message names the first image that differs, and the remedies.
        """
        other = next((i for i, shape in enumerate(self.shapes) if shape != self.shapes[0]), None)
        if other is not None:
            raise InputError(
                f"{self.name(other)} has the shape {self.shapes[other]}, {self.name(0)} has {self.shapes[0]}: "
                f"{ONE_SIZE}"
            )

    def groups(self, max_bytes: int = CHUNK) -> Iterator[list[int]]:
        """Yield indices of images of one size, in groups of at most about `max_bytes`; each index once."""
        of_size: dict[Shape, list[int]] = {}
        for i, shape in enumerate(self.shapes):
            of_size.setdefault(shape, []).append(i)
        for shape, indices in of_size.items():
            step = max(1, max_bytes // max(1, self.nbytes(shape)))
            yield from (indices[a : a + step] for a in range(0, len(indices), step))

    def slices(self, max_bytes: int = CHUNK) -> Iterator[slice]:
        """Yield slices of consecutive images of at most about `max_bytes`."""
        start = taken = 0
        for i, shape in enumerate(self.shapes):
            if i > start and taken + self.nbytes(shape) > max_bytes:
                yield slice(start, i)
                start, taken = i, 0
            taken += self.nbytes(shape)
        if start < len(self):
            yield slice(start, len(self))

    def nbytes(self, shape: Shape) -> int:
        """Return the bytes of an image of this shape."""
        return int(np.prod(shape)) * self.dtype.itemsize


class ImageArray(ImageSequence):
    """Images in memory.

    Parameters
    ----------
    arrays : sequence of arrays or tensors
    """

    def __init__(self, arrays: Sequence[Any]) -> None:
        self._arrays = arrays
        self.shapes = [tuple(np.shape(array)) for array in arrays]
        self.dtype = np.dtype(np.uint8 if kind_of(arrays)[1] == "uint8" else np.float32)

    def at(self, index: int) -> Any:
        """Return one image."""
        return self._arrays[index]

    def reduced(self, index: int, min_size: Size) -> Any:
        """Return one image at full resolution."""
        return self._arrays[index]

    def some(self, indices: Sequence[int]) -> ImageArray:
        """Return some of the images."""
        return ImageArray([self._arrays[i] for i in indices])

    def name(self, index: int) -> str:
        """Return the name of an image for messages."""
        return f"image {index}"

    def signature(self) -> str:
        """Return a hash of all shapes, and of evenly spaced pixels."""
        digest = hashlib.sha256(repr((self.shapes, self.dtype)).encode())
        for array in self._arrays:
            flat = np.asarray(array).reshape(-1)
            digest.update(np.ascontiguousarray(flat[:: max(1, len(flat) // HASHED)]).tobytes())
        return digest.hexdigest()
