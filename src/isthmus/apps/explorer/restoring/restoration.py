"""Restoration: what one model makes of examples and of the user's own files."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from isthmus.apps.explorer.lazy_rows import ReadRows
from isthmus.apps.explorer.pieces.at_hand import AtHand
from isthmus.apps.explorer.pieces.base import Piece
from isthmus.apps.explorer.pieces.kept import Kept
from isthmus.apps.explorer.restoring.base import Restoring

T = TypeVar("T")


class Restoration(Generic[T]):
    """Examples and files before and after.

    Parameters
    ----------
    restoring : Restoring
    read : ReadRows
        The examples.
    """

    def __init__(self, restoring: Restoring[T], read: ReadRows) -> None:
        self.restoring, self.at_hand = restoring, AtHand(restoring.pieces, read)
        self._results: Kept[tuple[T, T]] = Kept()

    def about(self) -> dict[str, Any]:
        """Return what the page says of files and of noise."""
        return {
            "accepts": self.restoring.pieces.accepts,
            "noise": self.restoring.noise,
            "quality": self.restoring.quality,
        }

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
        piece = self.at_hand.piece(index, file)
        before, whole = self._results.get((index, file, noise, noise and seed), lambda: self._run(piece, noise, seed))
        after = self.restoring.between(before, whole, strength)
        quality = [self.restoring.compared(piece.row, row) for row in (before, after)] if noise else None
        return {**self.restoring.values(before, after, whole), "note": piece.note, "quality": quality}

    def _run(self, piece: Piece[T], noise: float, seed: int) -> tuple[T, T]:
        before = self.restoring.noisy(piece.row, noise, seed) if noise else piece.row
        return before, self.restoring.restored(before)
