"""Columns of text cells: as categories, as numbers whose text is told by their value, or as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

MAX_CATEGORIES, REPEATED = 1024, 8
"""Different cells of a column of categories, and how often each comes at least, on the mean."""
LONGEST = 18
"""Digits of a whole number."""
MOSTLY = 0.9
"""Fraction of the cells of a column of numbers that are such."""


class Column(NamedTuple):
    """A column of cells.

    Attributes
    ----------
    kind : {"categories", "integers", "floats", "text"}
    values : ndarray
        int64 indices in `words`, or numbers; with the one before where the cell is no such number.
    words : list of str
        The categories in order, or the cells that are no numbers, or all cells.
    others : int64 ndarray
        The rows of cells that are no numbers.
    """

    kind: str
    values: np.ndarray
    words: list[str]
    others: np.ndarray


NONE = np.zeros(0, np.int64)


def column_of(cells: Sequence[str]) -> Column:
    """Return a column of cells in the form that says the most of it."""
    different = set(cells)
    if len(different) <= MAX_CATEGORIES and len(different) * REPEATED <= len(cells):
        words = sorted(different, key=_in_order)
        indices = {word: index for index, word in enumerate(words)}
        return Column("categories", np.array([indices[cell] for cell in cells], np.int64), words, NONE)
    for kind, (parsed, dtype) in NUMBERS.items():
        values = [parsed(cell) for cell in cells]
        others = np.array([row for row, value in enumerate(values) if value is None], np.int64)
        if len(others) <= (1 - MOSTLY) * len(cells):
            return Column(kind, _filled(values, dtype), [cells[row] for row in others], others)
    return Column("text", NONE, list(cells), NONE)


def cells_of(column: Column) -> list[str]:
    """Return the cells of a column."""
    if column.kind == "categories":
        return [column.words[index] for index in column.values]
    if column.kind == "text":
        return column.words
    cells = [str(value) for value in column.values.tolist()]
    for row, word in zip(column.others, column.words, strict=True):
        cells[row] = word
    return cells


def _in_order(word: str) -> tuple[bool, float, str]:
    """Return what categories are sorted by: numbers by their value, before others."""
    value = _integer(word) if _integer(word) is not None else _float(word)
    return (value is None, 0.0 if value is None else float(value), word)


def _integer(cell: str) -> int | None:
    """Return the whole number that is written so; None if there is none, or it is written otherwise."""
    digits = cell[1:] if cell[:1] == "-" else cell
    if not (digits.isascii() and digits.isdigit()) or len(digits) > LONGEST:
        return None
    value = int(cell)
    return value if str(value) == cell else None


def _float(cell: str) -> float | None:
    """Return the float that is written so."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if str(value) == cell and np.isfinite(value) else None


NUMBERS: dict[str, tuple[Callable[[str], int | float | None], type]] = {
    "integers": (_integer, np.int64),
    "floats": (_float, np.float64),
}


def _filled(values: Sequence[int | float | None], dtype: type) -> np.ndarray:
    """Return numbers with those before them where there are none."""
    last: int | float = next((value for value in values if value is not None), 0)
    filled = []
    for value in values:
        last = last if value is None else value
        filled.append(last)
    return np.array(filled, dtype)
