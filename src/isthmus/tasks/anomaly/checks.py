"""Checks of the user's data before its scores are trusted."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from isthmus.core.data import MANY, Columns, Data, Rows
from isthmus.data.images.equal import equal_images
from isthmus.data.images.unit_names import FEWEST
from isthmus.support.errors import EqualRowsWarning, InputError, counted, listed

LABELS = {"class", "label", "labels", "target", "anomaly", "attack", "outlier", "fraud", "is_fraud", "is_anomaly", "y"}

NAMED = 3
"""Groups of equal images that a warning names, at most."""


def label_like(names: Iterable[str]) -> list[str]:
    """Return the names that look like names of labels.

    Examples
    --------
    >>> label_like(["Time", "Amount", "Class", "attack_cat"])
    ['Class', 'attack_cat']
    """
    return [n for n in names if {n.lower(), re.split(r"[_ .-]", n.lower())[0]} & LABELS]


def check_data(data: Data, columns: Columns | None = None) -> None:
    """Raise an error for fatal notes on the data, and warn about the others, for the training data or new rows.

    Raises
    ------
    InputError
        A column or a row is empty.
    """
    for note in data.checks(columns):
        if note.fatal:
            raise InputError(note.text)
        warnings.warn(f"{note.text}; rows may be flagged for this alone", stacklevel=4)


def checked_units(units: ArrayLike, n: int) -> np.ndarray:
    """Return what each of n rows is of, as an array.

    Raises
    ------
    InputError
        There is not one for each row, one is missing, or there are too few units to hold some of them out.
    """
    of = np.asarray(units)
    if of.shape != (n,):
        raise InputError(f"units have the shape {of.shape}, but there are {n} rows: one for each is needed")
    missing = np.flatnonzero([value is None or str(value != value) != "False" for value in of.tolist()])  # NaN, NA
    if len(missing):
        raise InputError(f"units lack {counted(len(missing), 'row')}, such as row {missing[0]}: say what it is of")
    values = np.unique(of.astype(str))
    if len(values) < FEWEST:
        raise InputError(
            f"units has {counted(len(values), 'value')} ({listed(values.tolist())}), but {FEWEST} are needed, so that "
            "rows of each are scored by a model of others: leave it out if rows are independent"
        )
    return of.astype(str)


def check_equal(X: Rows, names: Sequence[str] = ()) -> None:
    """Warn about training images that are equal: those that calibrate are not new to the model.

    Parameters
    ----------
    X : images
    names : sequence of str, default ()
        Of the images, for the message; empty: their indices.
    """
    groups = equal_images(X)
    if groups:
        said = [" = ".join(str(names[index] if names else index) for index in group) for group in groups]
        more = sum(map(len, groups)) - len(groups)
        warnings.warn(
            f"{counted(more, 'training image')} of {len(X):,} equal another one: {listed(said, NAMED)}; the threshold "
            "is calibrated with images that were trained on, so that more than the rate asked for will be flagged: "
            "leave the copies out",
            EqualRowsWarning,
            stacklevel=3,
        )


def check_flagged(data: Data, flagged: int, rows: int) -> None:
    """Warn if more than half of many rows are flagged, or of the time steps of many windows: no single one is odd."""
    window, unit = (1, "rows") if data.windowed is None else (data.windowed.window, "time steps")
    unit, reasons = ("images", OF_IMAGES) if data.pictorial else (unit, OF_ROWS)
    if rows >= MANY * window and 2 * flagged > rows:
        warnings.warn(
            f"{flagged:,} of {rows:,} {unit} are flagged: as a whole they are unlike those that were trained on. "
            f"Likely reasons: {reasons}, or normal {unit} that have changed since: then train anew, or recalibrate "
            f"with new normal {unit}",
            stacklevel=4,
        )


OF_ROWS = "numbers in other units, columns that were swapped, another file than was meant"
OF_IMAGES = "a camera that has moved, another light, focus or resolution, another kind of part"
"""Why many rows, or images, may be unlike those that were trained on."""


def check_scores(scores: Tensor) -> None:
    """Raise an error for scores that are not finite, and warn if many scores are all the same.

    Raises
    ------
    InputError
        A score is infinite or NaN.
    """
    if not torch.isfinite(scores).all():
        row = int(torch.nonzero(~torch.isfinite(scores))[0])
        raise InputError(
            f"row {row} has the score {float(scores[row]):g}: its values are too far from what was learnt to be "
            "computed with; correct them, or leave the row out"
        )
    if len(scores) >= MANY and bool((scores == scores[0]).all()):
        warnings.warn(
            f"all {len(scores)} rows have the same score, {float(scores[0]):g}, which tells nothing: if they differ, "
            "give the detector columns that vary, or more rows to train on",
            stacklevel=5,
        )
