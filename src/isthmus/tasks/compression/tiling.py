"""Tiles of an image: the symbols of each are coded by themselves, with what is around it for the pixels at its edge."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

TILE = 32
"""Side of a tile, in cells of the code."""


class Cells(NamedTuple):
    """A part of the cells of an image: rows ``top`` to ``bottom``, columns ``left`` to ``right``; the ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.bottom - self.top, self.right - self.left

    def widened(self, margin: int, rows: int, columns: int) -> Cells:
        """Return it with a margin, as far as the image goes."""
        return Cells(
            max(self.top - margin, 0),
            min(self.bottom + margin, rows),
            max(self.left - margin, 0),
            min(self.right + margin, columns),
        )

    def within(self, outer: Cells) -> tuple[slice, slice]:
        """Return its rows and columns in a larger part."""
        return (
            slice(self.top - outer.top, self.bottom - outer.top),
            slice(self.left - outer.left, self.right - outer.left),
        )

    def pixels(self, side: int) -> tuple[slice, slice]:
        """Return the pixels of the cells, of which some may be beyond the image."""
        return slice(self.top * side, self.bottom * side), slice(self.left * side, self.right * side)


def tile_rows(rows: int, columns: int, side: int = TILE) -> Iterator[list[Cells]]:
    """Yield the tiles of an image of so many cells: those of each row of them."""
    for top in range(0, rows, side):
        bottom = min(top + side, rows)
        yield [Cells(top, bottom, left, min(left + side, columns)) for left in range(0, columns, side)]


def tiles(rows: int, columns: int, side: int = TILE) -> Iterator[Cells]:
    """Yield the tiles of an image of so many cells, row by row."""
    return chain.from_iterable(tile_rows(rows, columns, side))
