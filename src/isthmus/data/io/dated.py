"""Dates in files of text: as they were read, or as ISO 8601 no finer than they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from isthmus.data.tables.dates import EPOCHS, EXACT, ISO, counts_fractions, fineness, iso_form, written
from isthmus.support.errors import extra

if TYPE_CHECKING:
    import pyarrow


class Forms:
    """The formats of the columns of dates of a table that comes in pieces: the first one decides.

    Where other pieces follow, days are written with their time, which later ones can have. A later piece that is
    finer is written so; nothing is cut off.

    Parameters
    ----------
    known : mapping of str to str, optional
        The formats that columns were read with; all others are written as ISO 8601.
    rows : int, optional
        Of all pieces; None: the first one has all.
    """

    def __init__(self, known: Mapping[str, str] | None = None, rows: int | None = None) -> None:
        self._known, self._rows = dict(known or {}), rows
        self._levels: dict[str, int] = {}
        self._exact: set[str] = set()

    def of(self, piece: pyarrow.Table) -> dict[str, str]:
        """Return the format of each column of dates of a piece."""
        if self._rows is None:
            self._rows = len(piece)
        forms = {name: self._form(name, piece[name], len(piece) < self._rows) for name in piece.column_names}
        return {name: form for name, form in forms.items() if form is not None}

    def _form(self, name: str, column: pyarrow.ChunkedArray, part: bool) -> str | None:
        """Return the format of a column; None if it holds no dates, or finer ones than any format has."""
        arrow, form = extra("pyarrow", "tables"), self._known.get(name, ISO)
        if not arrow.types.is_timestamp(column.type):
            return None
        if form in EPOCHS:
            if counts_fractions(column.to_pandas(), form):
                self._exact.add(name)
            return form + EXACT * (name in self._exact)
        if form != ISO:
            return form
        try:
            dates = column.cast(arrow.timestamp("us", column.type.tz)).to_pandas()
        except arrow.ArrowInvalid:
            return None
        level = max(fineness(dates), self._levels.get(name, 0), int(part))
        self._levels[name] = level
        return iso_form(level, column.type.tz is not None)


def formats(table: pyarrow.Table, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the format of each column of dates: the known one, else ISO 8601 no finer than its cells.

    Examples
    --------
    >>> import pyarrow
    >>> times = pyarrow.array([0, 86_400], pyarrow.timestamp("s"))
    >>> formats(pyarrow.table({"a": times, "b": times}), {"a": "%d.%m.%Y"})
    {'a': '%d.%m.%Y', 'b': '%Y-%m-%d'}
    """
    return Forms(known).of(table)


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
            texts = written(table[index].to_pandas(), forms[field.name])
            table = table.set_column(index, field.name, arrow.array(texts, arrow.string()))
    return table
