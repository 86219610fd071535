"""Faces: how each kind of data looks from outside a graph, as named tensors, and the way to columns and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.apps.exporting.ports import Port, category_port
from isthmus.data.cells import SINGLE
from isthmus.data.images import Images
from isthmus.data.restore import whole_range
from isthmus.data.signals import Signals
from isthmus.data.table import Table

Columns = dict[str, Tensor]


class Face(nn.Module):
    """One kind of data, or of other input, as ports; abstract.

    Attributes
    ----------
    inputs, outputs : list of Port
    keys : frozenset of str
        Names of the columns of the user's data.
    """

    inputs: list[Port]
    outputs: list[Port]
    keys: frozenset[str] = frozenset()

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Turn what comes in at the inputs, categories as codes, into columns; in the graph."""
        raise NotImplementedError

    def write(self, columns: Columns) -> list[Tensor]:
        """Turn columns into what goes out, categories as codes, whole numbers not rounded yet; in the graph."""
        raise NotImplementedError


class Cells(Face):
    """A table whose columns have a port each; a column in which nothing was learnt has none.

    Parameters
    ----------
    table : Table
        Fitted.
    names : sequence of str, optional
        In place of those of the columns.
    """

    keys = frozenset({"numbers", "codes"})

    def __init__(self, table: Table, names: Sequence[str] | None = None) -> None:
        super().__init__()
        assert table.schema is not None  # fitted
        schema, fields = table.schema, table.fields()
        names = [field.name for field in fields] if names is None else names
        self.numbers, self.categories = schema.numbers, schema.places("category")
        self.places = [place for place, field in enumerate(fields) if field.kind != "empty"]
        spreads = dict(zip(schema.numbers, schema.deviation, strict=True))
        self.inputs, self.outputs = [], []
        for place in self.places:
            field, name = fields[place], names[place]
            if field.kind == "category":
                port = category_port(name, field.categories)
                self.inputs.append(port)
                self.outputs.append(port)
                continue
            low, high = (-1.0, 1.0) if field.low is None or field.high is None else (field.low, field.high)
            spread = spreads[place]
            self.inputs.append(Port(name, field.kind, "float64", low=low, high=high, spread=spread))
            dtype = {"integer": "int64", "boolean": "bool"}.get(field.kind, "float64")
            limits = whole_range(schema.dtypes[place]) if field.kind == "integer" else (0, 1)
            self.outputs.append(Port(name, field.kind, dtype, low=limits[0], high=limits[1], spread=spread))

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return numbers and codes; what has no port is missing."""
        given = dict(zip(self.places, tensors, strict=True))
        nothing = torch.full_like(tensors[0], torch.nan, dtype=torch.float64)
        columns = {}
        if self.numbers:
            columns["numbers"] = torch.stack([given.get(place, nothing) for place in self.numbers], 1)
        if self.categories:
            columns["codes"] = torch.stack([given[place] for place in self.categories], 1)
        return columns

    def write(self, columns: Columns) -> list[Tensor]:
        """Return the columns in the user's order."""
        made = {}
        for key, places in (("numbers", self.numbers), ("codes", self.categories)):
            made.update({place: columns[key][:, at] for at, place in enumerate(places)})
        return [made[place] for place in self.places]


class Matrix(Face):
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


class Pixels(Face):
    """Pictures in the shape and type that they were learnt in; truth values are 0 and 1 as floats."""

    keys = frozenset({"pixels"})

    def __init__(self, images: Images) -> None:
        super().__init__()
        self.data = images
        [field] = images.fields()
        dtype = "uint8" if images.dtype == "uint8" else "float32"
        self.inputs = [Port(field.name, field.kind, dtype, field.shape, low=field.low, high=field.high)]
        self.outputs = [Port(field.name, field.kind, "float32", field.shape)]

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return the pixels, channels first."""
        [pixels] = tensors
        if pixels.ndim == 3:
            return {"pixels": pixels.unsqueeze(1)}
        return {"pixels": pixels if self.data.channels_first else pixels.movedim(-1, 1)}

    def write(self, columns: Columns) -> list[Tensor]:
        """Return the pixels as floats in [0, 1], in the shape given."""
        return [self.data.locate(columns["pixels"])]


class Windows(Face):
    """Windows of a signal: (rows, window, channels)."""

    keys = frozenset({"windows"})

    def __init__(self, signals: Signals) -> None:
        super().__init__()
        self.data = signals
        [field] = signals.fields()
        offset, divisor = signals.offset[:, 0], signals.divisor[:, 0]
        low, high = (offset + 2 * side * divisor for side in (-1, 1))
        ends: dict[str, Any] = {"low": low.tolist(), "high": high.tolist(), "spread": divisor.tolist()}
        self.inputs = self.outputs = [Port(field.name, field.kind, "float64", field.shape, **ends)]

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return the windows, channels first."""
        return {"windows": tensors[0].transpose(1, 2)}

    def write(self, columns: Columns) -> list[Tensor]:
        """Return the windows."""
        return [self.data.locate(columns["windows"])]


class Codes(Face):
    """Codes ``z`` of so many numbers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inputs = [Port("z", "tensor", "float32", (width,))]

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return the codes."""
        return {"z": tensors[0]}


class Given(Cells):
    """What is given to a conditional model: the labels as ``y``, or columns."""

    def __init__(self, condition: Any) -> None:
        super().__init__(condition.table, ["y"] if condition.names == "y" else None)
        self.table = condition.table

    def read(self, tensors: Sequence[Tensor]) -> Columns:
        """Return the condition, encoded."""
        return {"condition:given": self.table(super().read(tensors)).x}


def face_of(data: Any) -> Face:
    """Return how data look from outside."""
    if isinstance(data, Images):
        return Pixels(data)
    if isinstance(data, Signals):
        return Windows(data)
    unnamed = data.schema.names is None and set(data.schema.kinds) <= {"float", "empty"}
    return Matrix(data) if unnamed else Cells(data)
