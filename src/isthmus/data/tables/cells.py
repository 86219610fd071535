"""Cells of Python objects: the kind of their column, their numbers, and the codes of their categories."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from decimal import Decimal
from itertools import repeat
from numbers import Integral, Real
from shlex import quote
from typing import Any

import numpy as np

from isthmus.support.errors import InputError, InputTypeError

KINDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("empty", ()),
    ("boolean", (bool, np.bool_)),
    ("integer", (Integral,)),
    ("float", (Real, Decimal, np.bool_)),
    ("category", (str,)),
)
"""Kinds of columns, narrowest first, and the classes of cells they may hold."""

NUMBERS = ("boolean", "integer", "float")

SINGLE = ("boolean", "bool", "int8", "int16", "uint8", "uint16", "float16", "bfloat16", "float32")
"""Types of numbers that are exact in float32."""

_GAPS = ("NoneType", "NAType", "NaTType")


def tidy(values: Iterable[Any]) -> np.ndarray:
    """Return an object array in which every missing cell (None, NaN, NA, NaT) is None."""
    listed = list(values)
    cells = np.empty(len(listed), dtype=object)
    cells[:] = listed
    cells[np.fromiter(map(_is_gap, listed), dtype=bool, count=len(listed))] = None
    return cells


def _is_gap(value: object) -> bool:
    return type(value).__name__ in _GAPS or (isinstance(value, (float, np.datetime64)) and value != value)


def kind_of(cells: np.ndarray, column: object) -> str:
    """Return the narrowest kind that fits all cells: ``"empty"``, a kind of number, or ``"category"`` for text.

    Parameters
    ----------
    cells : object array of shape (n,)
        As `tidy` returns them.
    column : object
        Name of the column, for error messages.

    Raises
    ------
    InputTypeError
        A cell is neither text nor a number.
    InputError
        Some cells are text and others are numbers.
    """
    types = set(map(type, cells)) - {type(None)}
    for kind, classes in KINDS:
        if all(issubclass(cell_type, classes) for cell_type in types):
            return kind
    for row, value in enumerate(cells):
        if value is not None and not isinstance(value, (str, Real, Decimal, np.bool_)):
            raise InputTypeError(
                f"column {column!r}, row {row}: the argument must be a string or a number, not {value!r} "
                f"(a {type(value).__name__}); convert the column, or leave it out (--drop {quote(str(column))})"
            )
    raise text_among_numbers(cells, column)


def text_among_numbers(cells: np.ndarray, column: object) -> InputError:
    """Return an error that names the first text in a column of numbers."""
    row, value = next((row, value) for row, value in enumerate(cells) if isinstance(value, str))
    return InputError(
        f"column {column!r}, row {row}: {value!r} is text in a column of numbers; leave the cell empty where the "
        "number is missing, or make every cell of the column text"
    )


def numbers_of(cells: np.ndarray, column: object) -> np.ndarray:
    """Return tidy cells as float64, with NaN for missing cells.

    Raises
    ------
    InputError
        A cell is not a number.
    """
    if kind_of(cells, column) == "category":
        raise text_among_numbers(cells, column)
    return cells.astype(np.float64)


def codes_of(cells: np.ndarray, categories: Sequence[Hashable]) -> np.ndarray:
    """Return the index of each tidy cell's category: -1 for missing cells, ``len(categories)`` for unseen ones."""
    code_of: dict[Hashable, int] = {category: code for code, category in enumerate(categories)}
    code_of[None] = -1
    return np.fromiter(map(code_of.get, cells, repeat(len(categories))), dtype=np.int64, count=len(cells))
