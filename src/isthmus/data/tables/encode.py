"""From the user's table to the numbers and codes of its columns."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor

from isthmus.data.tables.cells import codes_of
from isthmus.data.tables.schema import Schema, Sheet, finite
from isthmus.support.errors import InputError

REACH = 1e15
"""Deviations from the mean beyond which squares no longer fit single precision, however few rows gave the deviation."""


def numbers(given: Sheet, schema: Schema) -> Tensor:
    """Return the columns of numbers in the order of the schema, NaN where a cell is missing.

    Columns in which nothing was learnt stay empty.

    Raises
    ------
    InputError
        A value is infinite, too far from what was learnt, text, or no truth value where these were learnt.
    """
    places = schema.numbers
    known = [place for place in places if schema.kinds[place] != "empty"]
    found = finite(given, known) if known else np.empty((len(given), 0))
    _check_reach(found, schema)
    if len(known) < len(places):
        wide = np.full((len(given), len(places)), np.nan, dtype=found.dtype)
        wide[:, [places.index(place) for place in known]] = found
        found = wide
    _check_truth(found, schema)
    return _tensor(found)


def _check_reach(found: np.ndarray, schema: Schema) -> None:
    """Refuse what is so far out that single precision could not hold its square."""
    if not found.size:
        return
    sides = [at for at, place in enumerate(schema.numbers) if schema.kinds[place] != "empty"]
    mean, deviation = np.array(schema.mean)[sides], np.array(schema.deviation)[sides]
    reach = REACH * np.where(deviation > 0, deviation, 1.0)
    low, high = mean - reach, mean + reach
    beyond = (np.fmin.reduce(found, 0) < low) | (np.fmax.reduce(found, 0) > high)
    if beyond.any():
        at = int(np.argmax(beyond))
        row = int(np.argmax((found[:, at] < low[at]) | (found[:, at] > high[at])))
        raise InputError(
            f"column {schema.name(schema.numbers[sides[at]])!r}, row {row}: {found[row, at]:g} is too far from what "
            f"was learnt (mean {mean[at]:g}, deviation {deviation[at]:g}) to be computed with; correct it, or leave "
            "the cell empty (NaN)"
        )


def _check_truth(found: np.ndarray, schema: Schema) -> None:
    places = schema.places("boolean")
    values = found[:, found.shape[1] - len(places) :]
    wrong = ~np.isnan(values) & (values != 0) & (values != 1)
    if wrong.any():
        row, at = divmod(int(np.argmax(wrong)), len(places))
        raise InputError(
            f"column {schema.name(places[at])!r}, row {row}: {values[row, at]:g} is neither true (1) nor false (0), "
            "which the column held when the table was fitted; correct it, or fit again"
        )


def codes(given: Sheet, schema: Schema) -> Tensor:
    """Return the codes of the columns of categories as int64, and warn once of the unseen ones."""
    places = schema.places("category")
    found = np.empty((len(given), len(places)), dtype=np.int64)
    unseen = []
    for at, (place, known) in enumerate(zip(places, schema.categories, strict=True)):
        cells = given.cells(place)
        found[:, at] = codes_of(cells, known)
        strange = cells[found[:, at] == len(known)]
        if len(strange):
            unseen.append(f"column {schema.name(place)!r}: {len(strange)} (such as {strange[0]!r})")
    if unseen:
        warnings.warn(f"cells with unseen categories are encoded as unknown: {'; '.join(unseen)}", stacklevel=4)
    return _tensor(found)


def _tensor(values: np.ndarray) -> Tensor:
    return torch.from_numpy(np.require(values, requirements=["C", "W"]))
