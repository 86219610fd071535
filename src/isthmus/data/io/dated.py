"""Dates in files of text: as they were read, or as ISO 8601 no finer than they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from isthmus.data.tables.dates import ISO
from isthmus.support.errors import extra

if TYPE_CHECKING:
    import pandas
    import pyarrow

SECOND = 1_000_000
DAY = 86_400 * SECOND

UNITS = {"%f": "us", "%S": "s", "%M": "min", "%H": "h", "%I": "h"}
"""The finest field of a format, and the unit that dates are rounded to; without any of them to the day."""


def formats(table: pyarrow.Table, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the format of each column of dates: the known one, else ISO 8601 no finer than its cells.

    Examples
    --------
    >>> import pyarrow
    >>> times = pyarrow.array([0, 86_400], pyarrow.timestamp("s"))
    >>> formats(pyarrow.table({"a": times, "b": times}), {"a": "%d.%m.%Y"})
    {'a': '%d.%m.%Y', 'b': '%Y-%m-%d'}
    """
    known = known or {}
    forms = {name: _format(table[name], known.get(name, ISO)) for name in table.column_names}
    return {name: form for name, form in forms.items() if form is not None}


def _format(column: pyarrow.ChunkedArray, known: str) -> str | None:
    """Return the format of a column; None if it holds no dates, or finer ones than any format has."""
    arrow = extra("pyarrow", "tables")
    if not arrow.types.is_timestamp(column.type):
        return None
    if known != ISO:
        return known
    try:
        times = column.drop_null().cast(arrow.timestamp("us", column.type.tz)).cast(arrow.int64()).to_numpy()
    except arrow.ArrowInvalid:
        return None
    if len(times) and not (times % DAY).any() and column.type.tz is None:
        return "%Y-%m-%d"
    fraction = ".%f" if (times % SECOND).any() else ""
    return f"%Y-%m-%d %H:%M:%S{fraction}{'' if column.type.tz is None else 'Z'}"


def with_text(table: pyarrow.Table, forms: Mapping[str, str]) -> pyarrow.Table:
    """Return a table with columns of dates as text; dates are rounded to the finest field of their format.

    Examples
    --------
    >>> import pyarrow
    >>> table = pyarrow.table({"day": pyarrow.array([50_000, None], pyarrow.timestamp("s"))})
    >>> with_text(table, {"day": "%d.%m.%Y"})["day"].to_pylist()
    ['02.01.1970', None]
    """
    arrow = extra("pyarrow", "tables")
    for index, field in enumerate(table.schema):
        if field.name in forms and arrow.types.is_timestamp(field.type):
            texts = _texts(table[index].to_pandas(), forms[field.name])
            table = table.set_column(index, field.name, arrow.array(texts, arrow.string()))
    return table


def _texts(dates: pandas.Series, form: str) -> np.ndarray:
    """Return dates as text, None for gaps; each distinct one is written once."""
    pandas = extra("pandas", "tables")
    dates = dates if dates.dt.tz is None else dates.dt.tz_convert("UTC")
    unit = next((unit for field, unit in UNITS.items() if field in form), "D")
    codes, known = pandas.factorize(dates.dt.round(unit))
    return np.array([*pandas.DatetimeIndex(known).strftime(form), None], dtype=object)[codes]
