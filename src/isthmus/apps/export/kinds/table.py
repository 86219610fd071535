"""Tables and conditions as named tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from isthmus.apps.export.kinds.base import Adapter, Columns
from isthmus.apps.export.ports import Port, category_port
from isthmus.data.tables.cells import SINGLE
from isthmus.data.tables.decode import whole_range
from isthmus.data.tables.table import Table


class Cells(Adapter):
    """A table with a port for each column; columns that were empty in training have none.

    Parameters
    ----------
    table : Table
        Fitted.
    names : sequence of str, optional
        Names of the ports; default: those of the columns.
    """

    keys = frozenset({"numbers", "codes"})

    def __init__(self, table: Table, names: Sequence[str] | None = None) -> None:
        super().__init__()
        assert table.schema is not None  # fitted
        schema, fields = table.schema, table.fields()
        names = [field.name for field in fields] if names is None else names
        self.numbers, self.categories = schema.numbers, schema.indices("category")
        self.learnt = [index for index, field in enumerate(fields) if field.kind != "empty"]
        spreads = dict(zip(schema.numbers, schema.deviation, strict=True))
        self.inputs, self.outputs = [], []
        for index in self.learnt:
            field, name = fields[index], names[index]
            if field.kind == "category":
                port = category_port(name, field.categories)
                self.inputs.append(port)
                self.outputs.append(port)
                continue
            low, high = (-1.0, 1.0) if field.low is None or field.high is None else (field.low, field.high)
            spread = spreads[index]
            self.inputs.append(Port(name, field.kind, "float64", low=low, high=high, spread=spread))
            dtype = {"integer": "int64", "boolean": "bool"}.get(field.kind, "float64")
            limits = whole_range(schema.dtypes[index]) if field.kind == "integer" else (0, 1)
            self.outputs.append(Port(name, field.kind, dtype, low=limits[0], high=limits[1], spread=spread))

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return numbers and codes; columns without a port are missing."""
        by_index = dict(zip(self.learnt, tensors, strict=True))
        nothing = torch.full_like(tensors[0], torch.nan, dtype=torch.float64)
        columns = {}
        if self.numbers:
            columns["numbers"] = torch.stack([by_index.get(index, nothing) for index in self.numbers], 1)
        if self.categories:
            columns["codes"] = torch.stack([by_index[index] for index in self.categories], 1)
        return columns

    def write(self, columns: Columns) -> list[Tensor]:
        """Return the columns in the user's order."""
        made = {}
        for key, indices in (("numbers", self.numbers), ("codes", self.categories)):
            made.update({index: columns[key][:, at] for at, index in enumerate(indices)})
        return [made[index] for index in self.learnt]


class Matrix(Adapter):
    """A table of numbers whose columns have no names: one matrix, ``x``."""

    keys = frozenset({"numbers"})

    def __init__(self, table: Table) -> None:
        super().__init__()
        assert table.schema is not None  # fitted
        schema = table.schema
        dtype = "float32" if schema.dtypes[0][0] in SINGLE else "float64"
        width, spread = (len(schema.kinds),), schema.deviation
        ends: dict[str, Any] = {"low": schema.lows, "high": schema.highs} if schema.lows else {}
        self.inputs = self.outputs = [Port("x", "numbers", dtype, width, spread=spread, **ends)]

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return the numbers."""
        return {"numbers": tensors[0]}

    def write(self, columns: Columns) -> list[Tensor]:
        """Return the numbers."""
        return [columns["numbers"]]


class ConditionCells(Cells):
    """The condition of a conditional model: the labels as ``y``, or columns."""

    def __init__(self, condition: Any) -> None:
        super().__init__(condition.table, ["y"] if condition.names == "y" else None)
        self.table = condition.table

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return the condition, encoded."""
        return {"condition:given": self.table(super().read(tensors)).x}


def table_ports(table: Table) -> Adapter:
    """Return the adapter of a table: one matrix if it has only numbers and no names, else a port for each column."""
    assert table.schema is not None  # fitted
    unnamed = table.schema.names is None and set(table.schema.kinds) <= {"float", "empty"}
    return Matrix(table) if unnamed else Cells(table)
