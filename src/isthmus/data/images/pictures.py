"""Pictures: sequences of pictures that may differ in size, in memory or in files that are decoded when asked for."""

from __future__ import annotations

import hashlib
import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, overload

import numpy as np

from isthmus.data.images.pixels import ONE_SIZE, kind_of
from isthmus.data.images.resize import Size
from isthmus.support.errors import InputError

T = TypeVar("T")
S = TypeVar("S")

WORKERS = min(8, os.cpu_count() or 1)

CHUNK = 64 * 2**20
"""Bytes of decoded pictures that are held at a time."""

HASHED = 4096
"""Pixels of a picture that a signature looks at, about."""

Shape = tuple[int, ...]


def in_threads(function: Callable[[T], S], items: Sequence[T]) -> list[S]:
    """Return what a function makes of each item, in their order, made by some threads."""
    if len(items) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(function, items))


class Pictures(Sequence[Any]):
    """Pictures that may differ in size, each an array as the user has it; abstract.

    Attributes
    ----------
    shapes : list of tuple
        Of each picture; known before it is decoded.
    dtype : numpy.dtype
        Of the pixels of all.
    """

    shapes: list[Shape]
    dtype: np.dtype[Any]

    @abstractmethod
    def at(self, index: int) -> Any:
        """Return one picture."""

    @abstractmethod
    def reduced(self, index: int, least: Size) -> Any:
        """Return one picture, smaller where that is faster, but of at least that height and width."""

    @abstractmethod
    def some(self, indices: Sequence[int]) -> Pictures:
        """Return some of the pictures; none is decoded."""

    @abstractmethod
    def name(self, index: int) -> str:
        """Return how a picture is named in messages."""

    @abstractmethod
    def signature(self) -> str:
        """Return a hash that differs where the pictures do."""

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> Pictures: ...

    def __getitem__(self, index: int | slice) -> Any:
        indices = range(len(self))[index]
        return self.at(indices) if isinstance(indices, int) else self.some(indices)

    def __len__(self) -> int:
        return len(self.shapes)

    def decoded(self, indices: Sequence[int] | None = None) -> list[Any]:
        """Return some pictures, or all, decoded by some threads."""
        return in_threads(self.at, range(len(self)) if indices is None else indices)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return all pictures as one array."""
        self.check_one_size()
        whole = np.empty((len(self), *self.shapes[0]), self.dtype if dtype is None else dtype)

        def fill(index: int) -> None:
            whole[index] = self.at(index)

        in_threads(fill, range(len(self)))
        return whole

    def check_one_size(self) -> None:
        """Refuse pictures that differ in size.

        Raises
        ------
        InputError
            Names the first that differs, and the ways out.
        """
        other = next((i for i, shape in enumerate(self.shapes) if shape != self.shapes[0]), None)
        if other is not None:
            raise InputError(
                f"{self.name(other)} has the shape {self.shapes[other]}, {self.name(0)} has {self.shapes[0]}: "
                f"{ONE_SIZE}"
            )

    def groups(self, most: int = CHUNK) -> Iterator[list[int]]:
        """Yield indices of pictures of one size, in groups of at most about so many bytes; each index once."""
        of_size: dict[Shape, list[int]] = {}
        for i, shape in enumerate(self.shapes):
            of_size.setdefault(shape, []).append(i)
        for shape, indices in of_size.items():
            step = max(1, most // max(1, self.nbytes(shape)))
            yield from (indices[a : a + step] for a in range(0, len(indices), step))

    def slices(self, most: int = CHUNK) -> Iterator[slice]:
        """Yield slices of consecutive pictures of at most about so many bytes."""
        start = taken = 0
        for i, shape in enumerate(self.shapes):
            if i > start and taken + self.nbytes(shape) > most:
                yield slice(start, i)
                start, taken = i, 0
            taken += self.nbytes(shape)
        if start < len(self):
            yield slice(start, len(self))

    def nbytes(self, shape: Shape) -> int:
        """Return the bytes of a picture of that shape."""
        return int(np.prod(shape)) * self.dtype.itemsize


class ArrayPictures(Pictures):
    """Pictures in memory.

    Parameters
    ----------
    arrays : sequence of arrays or tensors
    """

    def __init__(self, arrays: Sequence[Any]) -> None:
        self._arrays = arrays
        self.shapes = [tuple(np.shape(array)) for array in arrays]
        self.dtype = np.dtype(np.uint8 if kind_of(arrays)[1] == "uint8" else np.float32)

    def at(self, index: int) -> Any:
        """Return one picture."""
        return self._arrays[index]

    def reduced(self, index: int, least: Size) -> Any:
        """Return one picture as it is."""
        return self._arrays[index]

    def some(self, indices: Sequence[int]) -> ArrayPictures:
        """Return some of the pictures."""
        return ArrayPictures([self._arrays[i] for i in indices])

    def name(self, index: int) -> str:
        """Return how a picture is named in messages."""
        return f"picture {index}"

    def signature(self) -> str:
        """Return a hash of all shapes, and of pixels at even distances."""
        digest = hashlib.sha256(repr((self.shapes, self.dtype)).encode())
        for array in self._arrays:
            flat = np.asarray(array).reshape(-1)
            digest.update(np.ascontiguousarray(flat[:: max(1, len(flat) // HASHED)]).tobytes())
        return digest.hexdigest()
