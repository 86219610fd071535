"""Filling the missing cells of one table from another, leaving everything else unchanged."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np
import torch

from isthmus.core.data import Rows


def merged(X: Rows, filled: Rows, gaps: np.ndarray) -> Rows:
    """Return X with its missing cells taken from `filled`; columns of a DataFrame keep their types.

    Parameters
    ----------
    X : DataFrame, array, tensor or list of rows
    filled : of the kind of X
        Without gaps.
    gaps : array of bool of shape (n, columns)
    """
    if nw.dependencies.is_into_dataframe(X):
        return _merged_frame(X, filled, gaps)
    if torch.is_tensor(filled):
        return torch.where(torch.from_numpy(gaps), filled, X.detach().cpu().to(filled.dtype))
    cells = np.array(X, dtype=filled.dtype)
    cells[gaps] = filled[gaps]
    return cells


def _merged_frame(X: Rows, filled: Rows, gaps: np.ndarray) -> Rows:
    frame, other = (nw.from_native(table, eager_only=True) for table in (X, filled))
    changed = []
    for index, column in enumerate(frame.iter_columns()):
        rows = np.flatnonzero(gaps[:, index])
        if len(rows):
            changed.append(_merged_column(column, other[:, index], rows))
    return frame.with_columns(*changed).to_native() if changed else frame.clone().to_native()


def _merged_column(column: nw.Series[Any], filled: nw.Series[Any], rows: np.ndarray) -> nw.Series[Any]:
    """Return a column with some cells taken from another, without changing its type."""
    cells = filled[rows]
    if column.dtype.is_integer() and cells.dtype.is_float():
        cells = cells.round()
    if cells.dtype != column.dtype and column.dtype not in (nw.Object, nw.Categorical, nw.Enum):
        cells = cells.cast(column.dtype)
    return column.scatter(rows, cells)
