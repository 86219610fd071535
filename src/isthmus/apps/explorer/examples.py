"""Examples: the rows of a page, how they are shown, searched and coloured."""

from __future__ import annotations

import csv
import io
import operator
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from isthmus import InputError
from isthmus.apps.explorer.colours import Colour, of_labels
from isthmus.apps.explorer.kinds.base import Value, kind_of
from isthmus.apps.explorer.lazy_rows import ReadRows
from isthmus.data.tables.codec import to_seconds

COMPARED = re.compile(r"^(?P<name>.+?)\s*(?P<sign><=|>=|!=|=|<|>)\s*(?P<value>.+)$")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
SIGNS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


class Examples:
    """The rows that all models of a page are applied to.

    Parameters
    ----------
    data : Data
        Of the first model; fitted.
    read : ReadRows
        What it read.
    labels : array of shape (n,), or None
    row_index : int64 ndarray of shape (n,), or None
        The number of each row in the user's data; None: they are numbered from 0.
    visible : bool, default True
        Whether real rows may be shown.
    """

    def __init__(
        self, data: Any, read: ReadRows, labels: Any = None, row_index: Any = None, visible: bool = True
    ) -> None:
        self.data, self.read, self.visible = data, read, visible
        self.kind = kind_of(data)
        self.row_index = np.arange(len(self)) if row_index is None else np.asarray(row_index)
        self.labels = None if labels is None else np.asarray(labels)
        self.colours = self._colours()

    def __len__(self) -> int:
        return len(self.read)

    def _colours(self) -> dict[str, Colour]:
        """Return the colours that need no model."""
        colours = {} if self.labels is None else {"label": of_labels(self.labels, "label")}
        return {**colours, **(self.kind.colours(self.read.columns) if self.visible else {})}

    def check(self, indices: Sequence[int], field: str) -> torch.Tensor:
        """Return numbers of rows as a tensor.

        Raises
        ------
        InputError
            There is no such row.
        """
        wrong = next((index for index in indices if not 0 <= index < len(self)), None)
        if wrong is not None:
            raise InputError(f"{field}: there is no example {wrong}; they are numbered from 0 to {len(self) - 1}")
        return torch.tensor(list(indices), dtype=torch.int64)

    def values(self, indices: torch.Tensor) -> list[Value]:
        """Return what some examples look like."""
        return self.read.each(self.kind.values, indices)

    def packed(self) -> dict[str, Any]:
        """Return what all examples look like, as a page without a server holds them."""
        return self.kind.packed(self.read.joined(lambda columns: self.kind.tiled(columns, len(self))))

    def label(self, index: int) -> str | None:
        """Return the label of an example as text; None where there is none."""
        return None if self.labels is None else _text(self.labels[index])

    # -- search --------------------------------------------------------------------------------------------------

    def search(self, query: str) -> np.ndarray:
        """Return the numbers of the examples that fit: a number, ``column=value``, ``column>3``, or a piece of text."""
        query = query.strip()
        if query.isdigit():
            return np.array([int(query)] if int(query) < len(self) else [], dtype=np.int64)
        compared = COMPARED.match(query)
        if compared and (colour := self._named(compared["name"])) is not None:
            return np.flatnonzero(_compare(colour, compared["sign"], compared["value"].strip("'\" ")))
        fits = np.zeros(len(self), bool)
        for colour in self.colours.values() if query else ():
            if colour.names is not None:
                known = [index for index, name in enumerate(colour.names) if query.lower() in name.lower()]
                fits |= np.isin(colour.values, known)
        return np.flatnonzero(fits)

    def _named(self, name: str) -> Colour | None:
        """Return the label or a column by its name."""
        return self.colours.get(f"column:{name}", self.colours.get(name))

    # -- rows that are taken away ----------------------------------------------------------------------------------

    def csv(self, indices: torch.Tensor, more: dict[str, Sequence[Any]] | None = None) -> str:
        """Return rows as CSV: their numbers and labels, and further columns or the rows themselves.

        Rows are left out where they may not be shown. An apostrophe precedes cells that a
        spreadsheet would take for a formula.
        """
        index = indices.numpy()
        table: dict[str, Any] = {"row": self.row_index[index].tolist()}
        if self.labels is not None:
            table["label"] = [_text(label) for label in self.labels[index]]
        table |= more or {}
        if self.visible and more is None:
            table |= self.read.table(self.kind.flat, indices)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(map(_safe, table))
        writer.writerows([_safe(cell) for cell in row] for row in zip(*table.values(), strict=True))
        return text.getvalue()


def _text(label: Any) -> str | None:
    return None if label is None or label != label else str(label)


def _safe(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _compare(colour: Colour, sign: str, text: str) -> np.ndarray:
    """Return which examples fit."""
    compare = SIGNS[sign]
    if colour.names is not None and sign in ("=", "!="):
        known = [index for index, name in enumerate(colour.names) if name.lower() == text.lower()]
        fits = np.isin(colour.values, known)
        return fits if sign == "=" else ~fits
    try:
        wanted = to_seconds(text) if DATE.match(text) else float(text)
        numbers = colour.values if colour.names is None else _numbers(colour)
    except ValueError as error:
        raise InputError(f"q: {colour.title!r} {sign} {text!r}: these cannot be compared as numbers") from error
    numbers = numbers.astype(np.float64)
    near = np.isclose(numbers, wanted, rtol=1e-6, atol=0)  # what float32 keeps of a decimal
    if sign in ("=", "!="):
        return near if sign == "=" else ~near & ~np.isnan(numbers)
    return np.asarray(compare(numbers, wanted) & ~near | (near & ("=" in sign)))


def _numbers(colour: Colour) -> np.ndarray:
    """Return the names of categories as numbers; raise ValueError where they are none."""
    known = np.append(np.array([float(name) for name in colour.names or ()]), np.nan)
    return known[np.minimum(colour.values, len(known) - 1)]
