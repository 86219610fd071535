"""Restoration: what one model makes of examples and of the user's own files; what was asked for last is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import RLock
from typing import Any, Generic, TypeVar

from isthmus import InputError
from isthmus.apps.explorer.lazy_rows import ReadRows
from isthmus.apps.explorer.restoring.base import Piece, Restoring
from isthmus.apps.http.uploaded import as_file

T = TypeVar("T")
V = TypeVar("V")

KEPT = 4
"""Files, and results, that are kept: a strength that is dragged asks again, but runs the model once."""


class Kept(Generic[V]):
    """The last few values by their keys; each is computed once."""

    def __init__(self) -> None:
        self._values: OrderedDict[Hashable, V] = OrderedDict()

    def get(self, key: Hashable, compute: Callable[[], V]) -> V:
        """Return the value of a key."""
        if key not in self._values:
            self._values[key] = compute()
        self._values.move_to_end(key)
        while len(self._values) > KEPT:
            self._values.popitem(last=False)
        return self._values[key]


class Restoration(Generic[T]):
    """Examples and files before and after.

    Parameters
    ----------
    restoring : Restoring
    read : ReadRows
        The examples.
    """

    def __init__(self, restoring: Restoring[T], read: ReadRows) -> None:
        self.restoring, self.read = restoring, read
        self._files: Kept[Piece[T]] = Kept()
        self._results: Kept[tuple[T, T]] = Kept()
        self._lock, self._number = RLock(), 0

    def about(self) -> dict[str, Any]:
        """Return what the page says of files and of noise."""
        return {
            "accepts": self.restoring.accepts,
            "noise": self.restoring.noise,
            "quality": self.restoring.quality,
        }

    def add(self, content: bytes, name: str) -> int:
        """Read a file of the user's, and return its number.

        Raises
        ------
        InputError
            It cannot be read, or does not suit the model; the message names it as the user does.
        """
        with as_file(content, name or "file") as path:
            piece = self.restoring.file(path)
        with self._lock:
            self._number += 1
            self._files.get(self._number, lambda: piece)
            return self._number

    def _piece(self, index: int | None, file: int | None) -> Piece[T]:
        """Return an example, or a file."""
        if file is None:
            assert index is not None  # one of them is there
            return self.restoring.example(self.read, index)

        def missing() -> Piece[T]:
            raise InputError(f"file: there is no file {file} any more: open it again")

        return self._files.get(file, missing)

    def answer(self, index: int | None, file: int | None, noise: float, seed: int, strength: float) -> dict[str, Any]:
        """Return an example or a file before and after, and what was taken away.

        Parameters
        ----------
        index, file : int or None
            One of them.
        noise : float
            Level of what is added before.
        seed : int
            Of that noise.
        strength : float in [0, 1]
            How far it goes from before to after.
        """
        with self._lock:
            piece = self._piece(index, file)
            before, whole = self._results.get(
                (index, file, noise, noise and seed), lambda: self._run(piece, noise, seed)
            )
        after = self.restoring.between(before, whole, strength)
        quality = [self.restoring.compared(piece.row, row) for row in (before, after)] if noise else None
        return {**self.restoring.values(before, after, whole), "note": piece.note, "quality": quality}

    def _run(self, piece: Piece[T], noise: float, seed: int) -> tuple[T, T]:
        before = self.restoring.noisy(piece.row, noise, seed) if noise else piece.row
        return before, self.restoring.restored(before)
