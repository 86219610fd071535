"""Clipping cells to the learnt ranges, and setting cells to missing."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.data import Columns
from isthmus.data.tables.schema import Schema

MARGIN = 0.5
"""How far numbers are outside the learnt range at most, as a fraction of it, where they are to be near it."""


def near(columns: Columns, schema: Schema) -> Columns:
    """Return columns whose numbers are clipped to the learnt ranges and a margin."""
    if "numbers" not in columns:
        return columns
    return {**columns, "numbers": _cut(columns["numbers"], schema, MARGIN)}


def settled(columns: Columns, missing: Tensor, schema: Schema) -> Columns:
    """Return columns with numbers clipped to the learnt ranges, and some cells set to missing.

    Parameters
    ----------
    columns : Columns
        As `Table.invert` returns them.
    missing : Tensor of bool of shape (n, columns)
        In the order of the user's columns.
    schema : Schema
    """
    clipped = dict(columns)
    if "numbers" in columns:
        clipped["numbers"] = torch.where(missing[:, schema.numbers], torch.nan, _cut(columns["numbers"], schema))
    if "codes" in columns:
        clipped["codes"] = torch.where(missing[:, schema.indices("category")], -1, columns["codes"])
    return clipped


def _cut(numbers: Tensor, schema: Schema, margin: float = 0.0) -> Tensor:
    if not schema.lows:
        return numbers
    low, high = numbers.new_tensor(schema.lows), numbers.new_tensor(schema.highs)
    beyond = margin * (high - low)
    return torch.maximum(torch.minimum(numbers, high + beyond), low - beyond)
