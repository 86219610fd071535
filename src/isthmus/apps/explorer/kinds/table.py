"""Examples that are rows of a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import torch
from torch import Tensor

from isthmus import InputError
from isthmus.apps.explorer.kinds.signals import largest

START = datetime(1970, 1, 1, tzinfo=UTC)
UNSEEN = "(unseen)"
"""What stands for a category that was not learnt."""


class Cells:
    """Rows of a table, their cells in the order of the fields.

    Parameters
    ----------
    data : Table
        Fitted.
    """

    name = "table"

    def __init__(self, data: Any) -> None:
        self.data, self.fields = data, data.fields()
        schema = data.schema
        self.places = {place: ("numbers", at) for at, place in enumerate(schema.numbers)}
        self.places |= {place: ("codes", at) for at, place in enumerate(schema.places("category"))}

    def about(self, columns: dict[str, Tensor] | None) -> dict[str, Any]:
        """Return nothing: the fields say all."""
        return {}

    def column(self, columns: dict[str, Tensor], place: int) -> Tensor:
        """Return one of the user's columns: numbers with NaN, or codes with -1 for gaps."""
        name, at = self.places[place]
        return columns[name][:, at]

    def flat(self, columns: dict[str, Tensor]) -> dict[str, list[Any]]:
        """Return the cells of each column."""
        return {field.name: _shown(self.column(columns, place), field) for place, field in enumerate(self.fields)}

    def values(self, columns: dict[str, Tensor]) -> list[dict[str, Any]]:
        """Return the cells of each row."""
        shown = [_shown(self.column(columns, place), field) for place, field in enumerate(self.fields)]
        return [{"cells": list(row)} for row in zip(*shown, strict=True)]

    plain = values

    def blame(self, located: Tensor) -> dict[str, Any]:
        """Return the error of each column."""
        return {"values": located.nan_to_num().tolist()}

    def shares(self, located: Tensor, most: int) -> list[dict[str, Any]]:
        """Return the columns that are most to blame."""
        return largest(located, [field.name for field in self.fields], most)

    def read(self, given: Any) -> dict[str, Tensor]:
        """Return the row of cells in the order of the fields."""
        if len(given) != len(self.fields):
            raise InputError(f"cells: {len(given)} of them, but a row has {len(self.fields)}")
        row: dict[str, list[Any]] = {"numbers": [], "codes": []}
        for place, (name, _) in self.places.items():
            row[name].append(_read(given[place], self.fields[place]))
        types = {"numbers": torch.float64, "codes": torch.int64}
        return {name: torch.tensor([cells], dtype=types[name]) for name, cells in row.items() if cells}

    def spoiled(
        self,
        columns: dict[str, Tensor],
        noise: float,
        erase: float,
        usual: dict[str, Tensor],
        random: torch.Generator,
    ) -> dict[str, Tensor]:
        """Add noise to numbers in units of their deviation, and empty that share of the cells."""
        found = dict(columns)
        if "numbers" in columns:
            numbers = columns["numbers"].double()
            noisy = numbers + noise * usual["numbers"] * torch.randn(numbers.shape, generator=random)
            found["numbers"] = torch.where(torch.rand(numbers.shape, generator=random) < erase, torch.nan, noisy)
        if "codes" in columns:
            gone = torch.rand(columns["codes"].shape, generator=random) < erase
            found["codes"] = torch.where(gone, -1, columns["codes"])
        return found

    def usual(self, columns: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the deviation of each column of numbers; 0 of truth values, which noise would make untrue."""
        schema = self.data.schema
        truth = torch.tensor([schema.kinds[place] in ("boolean", "empty") for place in schema.numbers])
        deviation = torch.tensor(schema.deviation, dtype=torch.float64)
        return {"numbers": torch.where(truth, 0.0, deviation) if len(truth) else deviation}


def _shown(values: Tensor, field: Any) -> list[Any]:
    """Return the cells of a column as text, numbers and truth values; None for gaps."""
    if field.kind == "category":
        known = [*map(_plain, field.categories), UNSEEN, None]
        return [known[code] for code in values.tolist()]
    show = SHOWN[field.kind]
    return [None if value != value else show(value) for value in values.tolist()]


def _plain(category: Any) -> Any:
    return category if isinstance(category, (str, int, float, bool)) else str(category)


def _date(seconds: float) -> str | None:
    try:
        return (START + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat(sep=" ")
    except OverflowError:
        return None


SHOWN: dict[str, Callable[[float], Any]] = {
    "float": float,
    "integer": round,
    "boolean": lambda value: value >= 0.5,
    "date": _date,
    "duration": float,
    "empty": lambda value: None,
}
"""How numbers are shown, by the kind of their column."""


def _read(cell: Any, field: Any) -> float | int:
    """Return the number, or the code, of a cell that the page sent."""
    if field.kind == "category":
        known = [_plain(category) for category in field.categories]
        if cell is not None and cell not in known:
            near = ", ".join(map(repr, known[:8])) + (" …" if len(known) > 8 else "")
            raise InputError(f"cells: column {field.name!r}: {cell!r} is none of its categories: {near}")
        return -1 if cell is None else known.index(cell)
    if cell is None or field.kind == "empty":
        return float("nan")
    try:
        number = seconds(cell) if field.kind == "date" else float(cell)
    except (ValueError, TypeError) as error:
        raise InputError(f"cells: column {field.name!r}: {cell!r} is no {field.kind}") from error
    if abs(number) == float("inf") or number != number:
        raise InputError(f"cells: column {field.name!r}: {cell!r} is not finite")
    if field.kind == "boolean" and number not in (0, 1):
        raise InputError(f"cells: column {field.name!r}: {cell!r} is neither true nor false")
    return number


def seconds(cell: Any) -> float:
    """Return the seconds since 1970 of a date as text."""
    found = datetime.fromisoformat(str(cell))
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
