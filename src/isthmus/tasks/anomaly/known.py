"""Known anomalies among the rows of a training."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from isthmus.core.data import Rows
from isthmus.data.sources.in_memory import is_stream
from isthmus.data.tables.rows import count, some
from isthmus.support.errors import DataWarning, InputError
from isthmus.tasks.base import Labels
from isthmus.tasks.evaluation.detection import abnormal


def apart(X: Rows, y: Labels, ordered: Callable[[Rows], bool]) -> tuple[Rows, Rows]:
    """Return the rows that are not known to be abnormal, and those that are.

    Raises
    ------
    InputError
        There is not one label for each row, or all are the same; or the rows are a stream, or consecutive in time.
    """
    if is_stream(X):
        raise InputError("y needs rows in memory: read the file, or leave y out")
    known = abnormal(y)
    if known.shape != (count(X),):
        raise InputError(f"y has the shape {known.shape}, but there are {count(X)} rows: one label for each is needed")
    if ordered(X):
        raise InputError("y is for rows, but these are consecutive in time: leave y out, and cut anomalies out of X")
    if known.all() or not known.any():
        which = "abnormal: train on rows that are normal too" if known.all() else "normal: leave y out"
        raise InputError(f"y says that all {len(known)} rows are {which} (0 is normal, 1 is abnormal)")
    if 2 * known.sum() > len(known):
        warnings.warn(
            f"y calls {known.sum():,} of {len(known):,} rows abnormal (all values but 0): the training uses the others",
            DataWarning,
            stacklevel=3,
        )
    return some(X, np.flatnonzero(~known)), some(X, np.flatnonzero(known))
