"""Known anomalies among the rows of a training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from isthmus.core.data import Rows
from isthmus.data.sources.in_memory import is_stream
from isthmus.data.tables.rows import count, some
from isthmus.support.errors import InputError, counted
from isthmus.tasks.base import Labels
from isthmus.tasks.evaluation.detection import abnormal


def apart(X: Rows, y: Labels, ordered: Callable[[Rows], bool]) -> tuple[Rows, Rows]:
    """Return the rows that are not known to be abnormal, and those that are; None if y does not say which.

    Raises
    ------
    InputError
        There is not one label for each row, or one is missing, or all are the same; or the rows are a stream, or
        consecutive in time.
    """
    if not _are_labels(y):
        return X, None
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
    return some(X, np.flatnonzero(~known)), some(X, np.flatnonzero(known))


def _are_labels(y: Labels) -> bool:
    """Tell whether y says which rows are abnormal: numbers other than 0, 1 and -1 are classes, or a target.

    Raises
    ------
    InputError
        It does, but not of all rows.
    """
    values = np.asarray(y)
    if values.dtype.kind not in "iufc":
        return True
    missing = np.isnan(values)
    labels = bool(np.isin(values[~missing], (-1, 0, 1)).all())
    if labels and missing.any():
        raise InputError(
            f"y has no label for {counted(int(missing.sum()), 'row')}, such as row {int(np.argmax(missing))}: give 0 "
            "where a row is not known to be abnormal"
        )
    return labels
