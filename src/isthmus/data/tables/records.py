"""Records, and columns in a dict, as a DataFrame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from isthmus.support.errors import InputError, InputTypeError, extra

MAKERS: dict[str, Callable[[Any, dict[Any, Any]], Any]] = {
    "pandas": lambda pandas, columns: pandas.DataFrame(
        {name: getattr(cells, "array", cells) for name, cells in columns.items()}  # row labels would be matched
    ),
    "pyarrow": lambda arrow, columns: arrow.table(columns),
    "polars": lambda polars, columns: polars.DataFrame(columns, strict=False),
}
"""Libraries of which one makes the DataFrame: that of a column, or else the first that is installed."""


def is_records(X: Any) -> bool:
    """Tell whether X is a list of dicts, or begins with one."""
    return isinstance(X, (list, tuple)) and bool(X) and isinstance(X[0], Mapping)


def from_records(X: Sequence[Any]) -> Any:
    """Return records as a DataFrame; a key that a record lacks is a missing cell.

    Raises
    ------
    InputTypeError
        An element is no dict.

    Examples
    --------
    >>> from_records([{"a": 1, "b": "x"}, {"a": 2}]).shape
    (2, 2)
    """
    for row, record in enumerate(X):
        if not isinstance(record, Mapping):
            raise InputTypeError(f"row {row} of X is a {type(record).__name__}, but those before it are dicts")
    names = dict.fromkeys(name for record in X for name in record)
    return from_columns({name: [record.get(name) for record in X] for name in names})


def from_columns(X: Mapping[Any, Any]) -> Any:
    """Return columns as a DataFrame; those of its library keep their types, such as declared categories.

    Raises
    ------
    InputError
        The columns differ in length; one is a single value, or no column of cells.
    """
    for name, cells in X.items():
        if isinstance(cells, (str, bytes)) or not hasattr(cells, "__len__"):
            raise InputError(
                f"column {name!r} of X is {cells!r}, a single value: give a column of cells for each name, or a list "
                "of records, [X]"
            )
    lengths = {name: len(cells) for name, cells in X.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"the columns of X differ in length: {lengths}")
    libraries = {_library(cells) for cells in X.values()}
    library = next((name for name in MAKERS if name in libraries), None)
    library = library or next((name for name in MAKERS if find_spec(name)), "pandas")
    columns = {
        name: cells if isinstance(cells, list) or _library(cells) == library else np.asarray(cells)
        for name, cells in X.items()
    }
    try:
        return MAKERS[library](extra(library, "tables"), columns)
    except (ValueError, TypeError) as error:
        raise InputError(f"X cannot be read as columns of cells: {error}") from error


def _library(cells: Any) -> str:
    """Return the name of the library that the type of a column is from."""
    return type(cells).__module__.partition(".")[0]
