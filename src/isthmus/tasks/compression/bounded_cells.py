"""CSV files with fewer digits: each number off by at most a bound, all other cells as they are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from isthmus.support.errors import InputError, unknown
from isthmus.tasks.compression.text_columns import MOSTLY, decimals_of, written
from isthmus.tasks.compression.text_tables import name_of, parsed, text_of

FEWEST = 10
"""A step is a number of two digits, at least this, in units of its last digit: it is within a tenth of the widest."""


def bounded(content: bytes, max_error: float | Mapping[str, float]) -> bytes:
    """Return a CSV file whose numbers are off by at most a bound.

    Of a column, what is written with digits behind the point is rounded to multiples of a step, if that saves digits;
    cells that hold no number are left as they are.

    Parameters
    ----------
    content : bytes
    max_error : float, or dict of float
        The bound of all columns, or of some by name.

    Raises
    ------
    InputError
        It is no table, a column is unknown, or the bound is no number above 0.
    """
    table = parsed(content)
    if table is None:
        raise InputError(
            "max_error is about the numbers of a table, and this is none: lines differ in their number of cells, or it "
            "is not UTF-8; without max_error every byte comes back"
        )
    form, columns = table
    names = [name_of(form, column[0]) for column in columns]
    bounds = dict(max_error) if isinstance(max_error, Mapping) else dict.fromkeys(names, max_error)
    for name, bound in bounds.items():
        if name not in names:
            raise InputError(unknown("column", name, names))
        if not 0 < bound < math.inf:
            raise InputError(f"max_error={bound} of column {name!r}: expected a number above 0")
    rounded = [
        [head, *(_bounded(cells, bounds[name]) if name in bounds else cells)]
        for name, (head, *cells) in zip(names, columns, strict=True)
    ]
    return text_of(form, rounded).encode()


def largest_error(one: bytes, other: bytes) -> float:
    """Return how far a number of a table is off in another one of the same form, at most."""
    tables = [parsed(content) for content in (one, other)]
    cells = [[cell for column in table[1] for cell in column] for table in tables if table is not None]
    changed = [(_number(a), _number(b)) for a, b in zip(*cells, strict=True) if a != b]
    return max((abs(a - b) for a, b in changed), default=0.0)


def _bounded(cells: Sequence[str], bound: float) -> Sequence[str]:
    """Return the cells of a column, rounded where that saves digits."""
    numbers = np.array([_number(cell) for cell in cells])
    decimals, units = _step(bound)
    if np.isfinite(numbers).sum() < MOSTLY * len(cells) or units * 10.0**-decimals <= 10.0 ** -decimals_of(cells):
        return cells
    with np.errstate(invalid="ignore", over="ignore"):
        multiples = np.rint(numbers / (units * 10.0**-decimals))
    near = np.isfinite(multiples) & (np.abs(multiples) < 2**53 / units)
    texts = [
        written(int(multiple) * units, decimals) if small else cell
        for multiple, small, cell in zip(multiples, near, cells, strict=True)
    ]
    return [
        text if text != cell and abs(_number(text) - number) <= bound else cell
        for text, number, cell in zip(texts, numbers.tolist(), cells, strict=True)
    ]


def _step(bound: float) -> tuple[int, int]:
    """Return the widest step of two digits that a bound allows: digits behind the point, and units of the last."""
    decimals = max(0, math.ceil(math.log10(FEWEST / (2 * bound))))
    return decimals, max(1, math.floor(2 * bound * 10**decimals))


def _number(cell: str) -> float:
    """Return the number in a cell; NaN if there is none."""
    try:
        return float(cell)
    except ValueError:
        return math.nan
