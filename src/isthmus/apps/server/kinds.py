"""Layouts: what a row is in a request, for tables, pictures, signals and codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from isthmus.apps.http.errors import Refused
from isthmus.apps.server.cells import NUMBERS, across, column, matrix, shown

FORMS = ("rows", "columns", "codes")
WANTED = "either {'rows': [[…], …]} or {'columns': {…}}"
Values = Any
"""Rows as they wait: an array with the rows first, or a dict of columns."""


@dataclass(frozen=True)
class Rows:
    """Rows of one request.

    Attributes
    ----------
    values : ndarray or dict of str to ndarray
    count : int
    form : str
        In what they came, and their answer goes: ``"lists"``, ``"objects"``, ``"columns"`` or ``"array"``.
    """

    values: Values
    count: int
    form: str


class Grid:
    """Rows that are arrays of one shape: pictures, codes.

    Parameters
    ----------
    name : str
        What the rows are called: ``"pixels"`` or ``"z"``.
    shape : tuple of int
        Of one row.
    bytes : bool, default False
        Whether whole numbers count from 0 to 255.
    """

    batched = True

    def __init__(self, name: str, shape: tuple[int, ...], bytes: bool = False) -> None:
        self.name, self.shape, self.bytes = name, shape, bytes
        self.place = "codes" if name == "z" else "rows"

    def read(self, form: str, given: Any) -> Rows:
        """Return the rows that stand under ``"rows"`` of a document."""
        if form == "columns":
            raise Refused(422, f"these rows have no columns: send {{'rows': …}}, each of shape {self.shape}", form)
        try:
            found = np.array(given)
        except (ValueError, OverflowError) as error:
            raise Refused(
                422, f"{self.name}: the rows differ in shape; expected {self.shape} of each", self.place
            ) from error
        if found.dtype.kind not in "fiub":
            found = np.array(given, dtype=object)
            wrong = next((cell for cell in found.flat if not isinstance(cell, (int, float))), found.flat[0])
            raise Refused(422, f"{self.name}: {shown(wrong)} among rows of numbers of shape {self.shape}", self.place)
        return Rows(self.array(found).values, len(found), "lists")

    def array(self, found: np.ndarray) -> Rows:
        """Return rows that came as an array; a single row may come without its axis."""
        found = found[None] if found.shape == self.shape else found
        if found.shape[1:] != self.shape or not len(found):
            expected = ("n", *self.shape)
            wanted = ", ".join(map(str, expected))
            raise Refused(422, f"{self.name} of shape {found.shape}; expected ({wanted})", self.place)
        if self.bytes and found.dtype.kind in "iu":
            if found.min() < 0 or found.max() > 255:
                raise Refused(
                    422, f"{self.name}: whole numbers count from 0 to 255, but one is {found.max()}", self.place
                )
            found = found.astype(np.float32) / np.float32(255)
        with np.errstate(over="ignore"):  # what overflows is refused as infinite
            return Rows(found.astype(np.float32), len(found), "array")

    def join(self, parts: Sequence[Values], framed: bool) -> Any:
        """Return the rows of several requests as what an estimator takes."""
        return np.concatenate(parts)


class Signal:
    """Time steps of a signal: one list or array of shape (time steps, channels), or named columns.

    Parameters
    ----------
    names : sequence of str
        Of the channels.
    """

    batched = False

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)

    def read(self, form: str, given: Any) -> Rows:
        """Return the time steps of a document."""
        if form == "rows" and isinstance(given[0], list):
            return Rows(matrix(self.names, given), len(given), "lists")
        if form == "rows" and len(self.names) == 1 and not isinstance(given[0], dict):
            return Rows(column(self.names[0], "float", given)[:, None], len(given), "lists")
        columns = _of_objects(given) if form == "rows" else given
        read = {
            name: column(name, "float" if name in self.names else "category", cells) for name, cells in columns.items()
        }
        return Rows(read, len(next(iter(read.values()))), "objects" if form == "rows" else "columns")

    def array(self, found: np.ndarray) -> Rows:
        """Return time steps that came as an array."""
        found = found[:, None] if found.ndim == 1 and len(self.names) == 1 else found
        if found.ndim != 2 or found.shape[1] != len(self.names) or not len(found):
            raise Refused(422, f"a signal of shape {found.shape}; expected (time steps, {len(self.names)})", "rows")
        return Rows(found.astype(np.float64), len(found), "array")

    def join(self, parts: Sequence[Values], framed: bool) -> Any:
        """Return the one signal as what an estimator takes."""
        return _frame(parts[0], list(parts[0])) if isinstance(parts[0], dict) else parts[0]


class Table:
    """Rows of a table.

    Parameters
    ----------
    fields : sequence of Field
    named : bool
        Whether the table that was learnt from had names.
    """

    batched = True

    def __init__(self, fields: Sequence[Any], named: bool) -> None:
        self.kinds, self.named = {field.name: field.kind for field in fields}, named
        self.names = list(self.kinds)
        self.numeric = set(self.kinds.values()) <= set(NUMBERS)

    def read(self, form: str, given: Any) -> Rows:
        """Return the rows of a document: lists, objects, or columns."""
        if form == "columns":
            return self._columns(given, form)
        if isinstance(given[0], dict):
            return self._columns(_of_objects(given), "objects")
        if self.numeric:
            return Rows(matrix(self.names, given), len(given), "lists")
        return self._columns(dict(across(self.names, given)), "lists")

    def array(self, found: np.ndarray) -> Rows:
        """Return rows that came as an array."""
        if not self.numeric:
            kinds = ", ".join(f"{name} ({kind})" for name, kind in self.kinds.items() if kind not in NUMBERS)
            raise Refused(
                422, f"an array of numbers cannot hold {kinds}: send JSON, or a tensor for each column", "rows"
            )
        found = found[None] if found.shape == (len(self.names),) else found
        if found.ndim != 2 or found.shape[1] != len(self.names) or not len(found):
            raise Refused(422, f"rows of shape {found.shape}; expected (n, {len(self.names)}): {self.names}", "rows")
        return Rows(found.astype(np.float64), len(found), "array")

    def _columns(self, given: dict[str, Any], form: str) -> Rows:
        for name in (*given, *self.kinds):
            if name not in self.kinds or name not in given:
                fault = "is missing; send null where there is no value" if name in self.kinds else "is not known"
                raise Refused(422, f"column {name!r} {fault}. The model takes {self.names}", name)
        read = {name: column(name, kind, given[name]) for name, kind in self.kinds.items()}
        counts = {name: len(cells) for name, cells in read.items()}
        if len(set(counts.values())) > 1:
            raise Refused(422, f"the columns differ in length: {counts}", "columns")
        values = np.stack(list(read.values()), 1) if self.numeric else read
        return Rows(values, counts[self.names[0]], form)

    def join(self, parts: Sequence[Values], framed: bool) -> Any:
        """Return the rows of several requests as what an estimator takes; `framed`: with names where there are any."""
        if self.numeric:
            found = np.concatenate(parts)
            return _frame(found, self.names) if framed and self.named else found
        columns = {name: np.concatenate([part[name] for part in parts]) for name in self.names}
        return _frame(columns, self.names) if self.named else np.stack([c.astype(object) for c in columns.values()], 1)


def layout_of(data: Any, fields: Sequence[Any], named: bool) -> Grid | Signal | Table:
    """Return the layout of rows of a fitted Data; `fields`: its own, and what is given beside."""
    if fields[0].kind == "pixels":
        return Grid("pixels", tuple(fields[0].shape), fields[0].high == 255)
    if fields[0].kind == "signal":
        return Signal(data.channel_names())
    return Table(fields, named)


def rows_of(layout: Grid | Signal | Table, document: dict[str, Any], most: int) -> Rows:
    """Return the rows of a document.

    Raises
    ------
    Refused
        It holds none, too many, or what the model does not take; the message names the place.
    """
    forms = [form for form in FORMS if form in document]
    if len(forms) != 1 or (forms == ["codes"]) != (getattr(layout, "place", "rows") == "codes"):
        wanted = "{'codes': [[…], …]}" if getattr(layout, "place", "rows") == "codes" else WANTED
        raise Refused(422, f"send {wanted}", forms[0] if forms else "rows")
    form, given = forms[0], document[forms[0]]
    kind = dict if form == "columns" else list
    if not isinstance(given, kind) or not given:
        raise Refused(
            422,
            f"{form!r} is {shown(given)}; expected {'a list' if kind is list else 'an object'} that is not empty",
            form,
        )
    cells: Iterable[Any] = given.values() if isinstance(given, dict) else [given]
    for held in cells:
        if not isinstance(held, list) or not held:
            raise Refused(422, f"a column is {shown(held)}; expected a list that is not empty", form)
        check_count(len(held), most)
    return layout.read(form, given)


def check_count(count: int, most: int) -> None:
    """Refuse too many rows."""
    if count > most:
        raise Refused(413, f"{count:,} rows, but at most {most:,} are taken at a time: send them in pieces", "rows")


def _of_objects(rows: list[Any]) -> dict[str, list[Any]]:
    """Return rows with names as columns."""
    names = list(rows[0])
    for at, row in enumerate(rows):
        if not isinstance(row, dict) or row.keys() != rows[0].keys():
            raise Refused(422, f"row {at} is {shown(row)}: all rows must have the names of the first, {names}", "rows")
    if not names:
        raise Refused(422, "row 0 has no values", "rows")
    return {name: [row[name] for row in rows] for name in names}


def _frame(values: Any, names: list[str]) -> Any:
    import pandas

    return pandas.DataFrame(values, columns=names)
