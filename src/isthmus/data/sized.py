"""Rows that may differ in size, in memory or in files that are decoded on access; and data that is trained on crops."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, overload

import numpy as np

from isthmus.core.data import Columns, Data

T = TypeVar("T")
S = TypeVar("S")

WORKERS = min(8, os.cpu_count() or 1)

CHUNK = 64 * 2**20
"""Bytes of decoded rows kept at a time."""

HASHED = 4096
"""Approximate number of elements per row that go into a signature."""

Shape = tuple[int, ...]


def in_threads(function: Callable[[T], S], items: Sequence[T]) -> list[S]:
    """Return the results of a function for all items, in order, computed by several threads."""
    if len(items) < 2:
        return [function(item) for item in items]
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(function, items))


class SizedSequence(Sequence[Any]):
    """Rows that may differ in size, such as images or recordings (abstract).

    Attributes
    ----------
    shapes : list of tuple
        The shape of each row; known before decoding.
    dtype : numpy.dtype
        The data type of all elements.
    """

    shapes: list[Shape]
    dtype: np.dtype[Any]

    @abstractmethod
    def at(self, index: int) -> Any:
        """Return one row."""

    @abstractmethod
    def some(self, indices: Sequence[int]) -> SizedSequence:
        """Return some of the rows, without decoding them."""

    @abstractmethod
    def name(self, index: int) -> str:
        """Return the name of a row for messages."""

    @abstractmethod
    def signature(self) -> str:
        """Return a hash that differs if the rows differ."""

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> SizedSequence: ...

    def __getitem__(self, index: int | slice) -> Any:
        indices = range(len(self))[index]
        return self.at(indices) if isinstance(indices, int) else self.some(indices)

    def __len__(self) -> int:
        return len(self.shapes)

    def decoded(self, indices: Sequence[int] | None = None) -> list[Any]:
        """Return some rows, or all, decoded by several threads."""
        return in_threads(self.at, range(len(self)) if indices is None else indices)

    def groups(self, max_bytes: int = CHUNK) -> Iterator[list[int]]:
        """Yield indices of rows of one shape, in groups of at most about `max_bytes`; each index once."""
        of_size: dict[Shape, list[int]] = {}
        for i, shape in enumerate(self.shapes):
            of_size.setdefault(shape, []).append(i)
        for shape, indices in of_size.items():
            step = max(1, max_bytes // max(1, self.nbytes(shape)))
            yield from (indices[a : a + step] for a in range(0, len(indices), step))

    def slices(self, max_bytes: int = CHUNK) -> Iterator[slice]:
        """Yield slices of consecutive rows of at most about `max_bytes`."""
        start = taken = 0
        for i, shape in enumerate(self.shapes):
            if i > start and taken + self.nbytes(shape) > max_bytes:
                yield slice(start, i)
                start, taken = i, 0
            taken += self.nbytes(shape)
        if start < len(self):
            yield slice(start, len(self))

    def nbytes(self, shape: Shape) -> int:
        """Return the bytes of a row of this shape."""
        return int(np.prod(shape)) * self.dtype.itemsize


class Croppable(Data):
    """Data of any size, which is trained on crops of its rows (abstract)."""

    def sequence(self, X: Any) -> SizedSequence:
        """Return the user's rows as a sequence."""
        raise NotImplementedError

    def crops_of(self, shape: Shape) -> int:
        """Return the number of crops per epoch of a row of this shape."""
        raise NotImplementedError

    def crop_buffers(self, count: int, dtype: np.dtype[Any]) -> dict[str, np.ndarray]:
        """Return arrays for the columns of so many crops of rows of this data type."""
        raise NotImplementedError

    def crops(self, row: Any, draws: np.ndarray) -> dict[str, np.ndarray]:
        """Return crops of one row, by the name of the column.

        Parameters
        ----------
        row : Any
            As the sequence has it.
        draws : ndarray of shape (n, 4)
            Numbers in [0, 1): two say where the crop is, as fractions of the available range, two how it is varied.
        """
        raise NotImplementedError

    def varied(self, columns: Columns) -> Columns:
        """Return crops varied as `crops` determined, on the device; here unchanged."""
        return columns

    @property
    def crop_settings(self) -> tuple[object, ...]:
        """What crops depend on, beside the rows."""
        raise NotImplementedError
