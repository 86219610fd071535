"""Rows of a table in requests: lists, objects, or columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from isthmus.apps.http.refusals import Refused
from isthmus.apps.server import schemas
from isthmus.apps.server.cells import NUMBERS, across, column, matrix
from isthmus.apps.server.kinds.base import Requests, Rows, Values, columns_of, frame, lists_of, tensor
from isthmus.apps.server.schemas import Schema
from isthmus.data.tables.codec import to_json
from isthmus.data.tables.table import Table

TYPES = {"integer": "INT64", "boolean": "BOOL", "category": "BYTES", "date": "BYTES"}
"""Of columns that are no FP64."""
WHOLE = {"integer": np.int64, "boolean": np.bool_}


class TableRequests(Requests):
    """Rows of a table, or of what a condition consists of."""

    columns = True

    def __init__(self, data: Table | None, fields: Sequence[Any], named: bool) -> None:
        self.own = [] if data is None else data.fields()
        self.features = [] if data is None else data.feature_names()
        self.fields, self.named = list(fields), named
        self.kinds = {field.name: field.kind for field in fields}
        self.names = list(self.kinds)
        self.numeric = set(self.kinds.values()) <= set(NUMBERS)

    def read(self, form: str, content: Any) -> Rows:
        """Return the rows of a document: lists, objects, or columns."""
        if form == "columns":
            return self._columns(content, form)
        if isinstance(content[0], dict):
            return self._columns(columns_of(content), "objects")
        if self.numeric:
            return Rows(matrix(self.names, content), len(content), "lists")
        return self._columns(dict(across(self.names, content)), "lists")

    def array(self, values: np.ndarray) -> Rows:
        """Return rows that came as an array."""
        if not self.numeric:
            kinds = ", ".join(f"{name} ({kind})" for name, kind in self.kinds.items() if kind not in NUMBERS)
            raise Refused(
                422, f"an array of numbers cannot hold {kinds}: send JSON, or a tensor for each column", "rows"
            )
        values = values[None] if values.shape == (len(self.names),) else values
        if values.ndim != 2 or values.shape[1] != len(self.names) or not len(values):
            raise Refused(422, f"rows of shape {values.shape}; expected (n, {len(self.names)}): {self.names}", "rows")
        return Rows(values.astype(np.float64), len(values), "array")

    def _columns(self, content: dict[str, Any], form: str) -> Rows:
        for name in (*content, *self.kinds):
            if name not in self.kinds or name not in content:
                fault = "is missing; send null where there is no value" if name in self.kinds else "is not known"
                raise Refused(422, f"column {name!r} {fault}. The model takes {self.names}", name)
        read = {name: column(name, kind, content[name]) for name, kind in self.kinds.items()}
        counts = {name: len(cells) for name, cells in read.items()}
        if len(set(counts.values())) > 1:
            raise Refused(422, f"the columns differ in length: {counts}", "columns")
        values = np.stack(list(read.values()), 1) if self.numeric else read
        return Rows(values, counts[self.names[0]], form)

    def join(self, parts: Sequence[Values], framed: bool) -> Any:
        """Return the rows of several requests as what an estimator takes; `framed`: with names where there are any."""
        if self.numeric:
            values = np.concatenate(parts)
            return frame(values, self.names) if framed and self.named else values
        columns = {name: np.concatenate([part[name] for part in parts]) for name in self.names}
        return frame(columns, self.names) if self.named else np.stack([c.astype(object) for c in columns.values()], 1)

    def answer(self, rows: Any) -> dict[str, list[Any]]:
        """Return a list for each column."""
        listed = lists_of(rows)
        if listed is None:
            listed = dict(zip(self.features, np.asarray(rows).T.tolist(), strict=True))
        return listed

    def contributions(self, values: np.ndarray) -> Any:
        """Return a list for each column."""
        return dict(zip(self.features, values.T.tolist(), strict=True))

    def inputs(self) -> list[dict[str, Any]]:
        """Return a tensor for each column."""
        return inputs_of(self.own)

    def tensors(self, rows: Any) -> list[np.ndarray]:
        """Return a tensor for each column: numbers, or text."""
        return [_tensor(field.kind, rows[field.name]) for field in self.own]

    def forms(self, limit: int) -> list[tuple[str, Schema]]:
        """Return the schemas of rows, and of columns."""
        cells = {field.name: schemas.cell(field) for field in self.fields}
        lists = {"type": "array", "prefixItems": list(cells.values()), "items": False, "minItems": len(cells)}
        columns = {name: schemas.rows(cell, limit) for name, cell in cells.items()}
        return [
            ("rows", schemas.rows({"oneOf": [lists, schemas.fixed(cells, list(cells))]}, limit)),
            ("columns", schemas.fixed(columns, list(columns))),
        ]


def inputs_of(fields: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the tensors of columns, one for each."""
    return [tensor(field.name, TYPES.get(field.kind, "FP64")) for field in fields]


def _tensor(kind: str, cells: list[Any]) -> np.ndarray:
    if kind in (*NUMBERS, "duration"):
        numbers = [np.nan if cell is None else cell for cell in map(to_json, cells)]
        gaps = any(number != number for number in numbers)
        return np.array(numbers, np.float64 if gaps else WHOLE.get(kind, np.float64))
    values = np.empty(len(cells), object)
    values[:] = [to_json(cell) for cell in cells]
    return values
