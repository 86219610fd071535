"""Examples that are rows of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from isthmus import InputError
from isthmus.apps.explorer.colours import Colour, by_category, by_number
from isthmus.apps.explorer.kinds.base import Kind, Number, largest
from isthmus.apps.explorer.lazy_rows import Columns
from isthmus.data.tables import bins
from isthmus.data.tables.codec import date_text, label, to_seconds
from isthmus.data.tables.table import Table

Cell = bool | int | Number | str | None

UNSEEN = "(unseen)"
"""What stands for a category that was not learnt."""


class Cells(Kind):
    """Rows of a table, their cells in the order of the fields.

    Parameters
    ----------
    data : Table
        Fitted.
    """

    name = "table"
    key = "cells"
    accepts = list[Cell]

    def __init__(self, data: Table) -> None:
        assert data.schema is not None  # fitted
        self.data, self.fields, self.schema = data, data.fields(), data.schema
        schema = self.schema
        self.storage = {index: ("numbers", at) for at, index in enumerate(schema.numbers)}
        self.storage |= {index: ("codes", at) for at, index in enumerate(schema.indices("category"))}

    def about(self, columns: Columns | None) -> dict[str, Any]:
        """Return the standard deviation of each column in training; None where it has none."""
        if columns is None:
            return {"deviation": [None] * len(self.fields)}
        numbers = self.deviation(columns)["numbers"].tolist() if self.schema.numbers else []
        known = dict(zip(self.schema.numbers, numbers, strict=True))
        return {"deviation": [known.get(index) or None for index in range(len(self.fields))]}

    def colours(self, columns: Columns) -> dict[str, Colour]:
        """Return a colour for each column that holds something."""
        fields = [(index, field) for index, field in enumerate(self.fields) if field.kind != "empty"]
        return {f"column:{field.name}": _colour(self.column(columns, index), field) for index, field in fields}

    def column(self, columns: Columns, index: int) -> Tensor:
        """Return one of the user's columns: numbers with NaN, or codes with -1 for gaps."""
        name, at = self.storage[index]
        return columns[name][:, at]

    def flat(self, columns: Columns) -> dict[str, list[Any]]:
        """Return the cells of each column."""
        return {field.name: _displayed(self.column(columns, index), field) for index, field in enumerate(self.fields)}

    def values(self, columns: Columns) -> list[dict[str, Any]]:
        """Return the cells of each row."""
        displayed = [_displayed(self.column(columns, index), field) for index, field in enumerate(self.fields)]
        return [{"cells": list(row)} for row in zip(*displayed, strict=True)]

    def packed(self, columns: Columns) -> dict[str, Any]:
        """Return the cells of all rows."""
        return {"cells": [value["cells"] for value in self.values(columns)]}

    def layout(self) -> dict[str, Any]:
        """Return where each column is in x̂, and how its cells follow from it."""
        schema, scaler = self.schema, self.data.scaler
        columns: dict[int, dict[str, Any]] = {}
        for at, index in enumerate(schema.numbers):
            kind = schema.kinds[index]
            columns[index] = {"kind": kind} if kind == "empty" else {"kind": kind, "at": at, **_scale(scaler, at)}
        start = len(schema.numbers) + len(self.data.gapped)
        for index, known in zip(schema.indices("category"), schema.categories, strict=True):
            stop = start + len(known)
            columns[index] = {"kind": "category", "start": start, "stop": stop, "categories": list(map(label, known))}
            start = stop + 1  # and one for those that were not learnt
        return {"kind": self.name, "columns": [columns[index] for index in sorted(columns)]}

    def contributions(self, error_map: Tensor) -> dict[str, Any]:
        """Return the contribution of each column."""
        return {"values": error_map.nan_to_num().tolist()}

    def contributors(self, error_map: Tensor, count: int) -> list[dict[str, Any]]:
        """Return the columns that contribute most."""
        return largest(error_map, [field.name for field in self.fields], count)

    def read(self, value: Any) -> Columns:
        """Return the row of cells in the order of the fields."""
        if len(value) != len(self.fields):
            raise InputError(f"cells: {len(value)} of them, but a row has {len(self.fields)}")
        row: dict[str, list[Any]] = {"numbers": [], "codes": []}
        for index, (name, _) in self.storage.items():
            row[name].append(_read(value[index], self.fields[index]))
        types = {"numbers": torch.float64, "codes": torch.int64}
        return {name: torch.tensor([cells], dtype=types[name]) for name, cells in row.items() if cells}

    def corrupted(
        self,
        columns: Columns,
        noise: float,
        erase: float,
        deviation: Columns,
        random: torch.Generator,
    ) -> Columns:
        """Add noise to numbers in units of their deviation, and empty that fraction of the cells."""
        result = dict(columns)
        if "numbers" in columns:
            numbers = columns["numbers"].double()
            noisy = numbers + noise * deviation["numbers"] * torch.randn(numbers.shape, generator=random)
            result["numbers"] = torch.where(torch.rand(numbers.shape, generator=random) < erase, torch.nan, noisy)
        if "codes" in columns:
            gone = torch.rand(columns["codes"].shape, generator=random) < erase
            result["codes"] = torch.where(gone, -1, columns["codes"])
        return result

    def deviation(self, columns: Columns) -> Columns:
        """Return the deviation of each column of numbers; 0 of truth values, which noise would make untrue."""
        schema = self.schema
        truth = torch.tensor([schema.kinds[index] in ("boolean", "empty") for index in schema.numbers])
        deviation = torch.tensor(schema.deviation, dtype=torch.float64)
        return {"numbers": torch.where(truth, 0.0, deviation) if len(truth) else deviation}


def _displayed(values: Tensor, field: Any) -> list[Any]:
    """Return the cells of a column as text, numbers and truth values; None for gaps."""
    if field.kind == "category":
        known = [*map(label, field.categories), UNSEEN, None]
        return [known[code] for code in values.tolist()]
    show = DISPLAY[field.kind]
    return [None if value != value else show(value) for value in values.tolist()]


DISPLAY: dict[str, Callable[[float], Any]] = {
    "float": float,
    "integer": round,
    "boolean": lambda value: value >= 0.5,
    "date": date_text,
    "duration": float,
    "empty": lambda value: None,
}
"""How numbers are shown, by the kind of their column."""


def _read(cell: Any, field: Any) -> float | int:
    """Return the number, or the code, of a cell that the page sent."""
    if field.kind == "category":
        known = [label(category) for category in field.categories]
        if cell is not None and cell not in known:
            near = ", ".join(map(repr, known[:8])) + (" …" if len(known) > 8 else "")
            raise InputError(f"cells: column {field.name!r}: {cell!r} is none of its categories: {near}")
        return -1 if cell is None else known.index(cell)
    if cell is None or field.kind == "empty":
        return float("nan")
    try:
        number = to_seconds(cell) if field.kind == "date" else float(cell)
    except (ValueError, TypeError) as error:
        raise InputError(f"cells: column {field.name!r}: {cell!r} is no {field.kind}") from error
    if abs(number) == float("inf") or number != number:
        raise InputError(f"cells: column {field.name!r}: {cell!r} is not finite")
    if field.kind == "boolean" and number not in (0, 1):
        raise InputError(f"cells: column {field.name!r}: {cell!r} is neither true nor false")
    return number


def _colour(values: Tensor, field: Any) -> Colour:
    if field.kind == "category":
        return by_category(values.numpy(), list(map(str, field.categories)), field.name)
    if field.kind == "boolean":
        return by_category(values.nan_to_num(-1).long().numpy(), ["false", "true"], field.name)
    return by_number(values.numpy(), field.name)


def _scale(scaler: Any, at: int) -> dict[str, Any]:
    """Return how a number follows from its index in x̂."""
    if not isinstance(scaler, bins.Bins):
        return {"scale": float(scaler.divisor[at]), "offset": float(scaler.offset[at])}
    if at >= len(scaler.count):
        return {"scale": 1.0, "offset": 0.0}
    count = int(scaler.count[at])
    units = [None if unit != unit else unit for unit in scaler.unit[at, :count].tolist()]
    knots = scaler.knots[at, :count].tolist()
    return {"bins": {"count": count, "rim": bins.RIM, "parts": bins.PARTS, "knots": knots, "units": units}}
