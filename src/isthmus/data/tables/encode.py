"""Reading the user's table into numbers and category codes."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor

from isthmus.data.tables.cells import codes_of
from isthmus.data.tables.schema import Schema, Sheet, finite
from isthmus.support.errors import DataWarning, InputError

REACH = 1e15
"""Deviations from the mean beyond which squares overflow single precision, even if few rows gave the deviation."""


def numbers(sheet: Sheet, schema: Schema) -> Tensor:
    """Return the numeric columns in the order of the schema, with NaN for missing cells.

    Columns that were empty when the table was fitted stay empty.

    Raises
    ------
    InputError
        A value is infinite, too far outside the learnt range, text, or not a boolean in a boolean column.
    """
    indices = schema.numbers
    known = [index for index in indices if schema.kinds[index] != "empty"]
    cells = finite(sheet, known) if known else np.empty((len(sheet), 0))
    _check_reach(cells, schema)
    if len(known) < len(indices):
        wide = np.full((len(sheet), len(indices)), np.nan, dtype=cells.dtype)
        wide[:, [indices.index(index) for index in known]] = cells
        cells = wide
    _check_truth(cells, schema)
    return _tensor(cells)


def _check_reach(cells: np.ndarray, schema: Schema) -> None:
    """Raise an error for values whose squares would overflow single precision."""
    if not cells.size:
        return
    sides = [at for at, index in enumerate(schema.numbers) if schema.kinds[index] != "empty"]
    mean, deviation = np.array(schema.mean)[sides], np.array(schema.deviation)[sides]
    reach = REACH * np.where(deviation > 0, deviation, 1.0)
    low, high = mean - reach, mean + reach
    beyond = (np.fmin.reduce(cells, 0) < low) | (np.fmax.reduce(cells, 0) > high)
    if beyond.any():
        at = int(np.argmax(beyond))
        row = int(np.argmax((cells[:, at] < low[at]) | (cells[:, at] > high[at])))
        raise InputError(
            f"column {schema.name(schema.numbers[sides[at]])!r}, row {row}: {cells[row, at]:g} is too far from the "
            f"training data (mean {mean[at]:g}, deviation {deviation[at]:g}) to compute with; correct it, or leave "
            "the cell empty (NaN)"
        )


def _check_truth(cells: np.ndarray, schema: Schema) -> None:
    indices = schema.indices("boolean")
    values = cells[:, cells.shape[1] - len(indices) :]
    wrong = ~np.isnan(values) & (values != 0) & (values != 1)
    if wrong.any():
        row, at = divmod(int(np.argmax(wrong)), len(indices))
        raise InputError(
            f"column {schema.name(indices[at])!r}, row {row}: {values[row, at]:g} is neither true (1) nor false (0), "
            "which the column held when the table was fitted; correct it, or fit again"
        )


def codes(sheet: Sheet, schema: Schema) -> Tensor:
    """Return the codes of the categorical columns as int64, and warn once about unseen categories.

    In a column with joined categories, an unseen one is one of these.
    """
    indices = schema.indices("category")
    encoded = np.empty((len(sheet), len(indices)), dtype=np.int64)
    unseen = []
    joined = schema.joined or (0,) * len(indices)
    for at, (index, known, rare) in enumerate(zip(indices, schema.categories, joined, strict=True)):
        cells = sheet.cells(index)
        encoded[:, at] = codes_of(cells, known)
        unseen_cells = cells[encoded[:, at] == len(known)]
        if len(unseen_cells) and not rare:
            unseen.append(f"column {schema.name(index)!r}: {len(unseen_cells)} (such as {unseen_cells[0]!r})")
    if unseen:
        text = f"cells with unseen categories are encoded as unknown: {'; '.join(unseen)}"
        warnings.warn(text, DataWarning, stacklevel=4)
    return _tensor(encoded)


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.require(values, requirements=["C", "W"]))
