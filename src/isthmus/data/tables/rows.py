"""Rows of the user's data: counting and selecting them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
import torch

from isthmus.data.tables.arrays import Grid
from isthmus.support.errors import InputError, TooFewRowsError, unknown


def indexable(X: Any) -> Any:
    """Return X unchanged if its rows can be counted and selected, else as an array.

    Raises
    ------
    InputError
        X is sparse, or not a table.
    """
    if nw.dependencies.is_into_dataframe(X) or nw.dependencies.is_into_series(X) or isinstance(X, (list, tuple)):
        return X
    if isinstance(X, np.ndarray) or torch.is_tensor(X):
        return X
    Grid(X)
    return np.asarray(X)


def count(X: Any) -> int:
    """Return the number of rows.

    Raises
    ------
    InputError
        There are fewer than two.
    """
    n = len(X)
    if n < 2:
        raise TooFewRowsError(n)
    return n


def some(X: Any, indices: np.ndarray) -> Any:
    """Return the rows with some indices, in the form of X.

    Examples
    --------
    >>> some([[1, 2], [3, 4], [5, 6]], np.array([2, 0]))
    [[5, 6], [1, 2]]
    """
    if nw.dependencies.is_into_dataframe(X) or nw.dependencies.is_into_series(X):
        return nw.from_native(X, eager_only=True, allow_series=True)[indices.tolist()].to_native()
    return [X[index] for index in indices.tolist()] if isinstance(X, Sequence) else X[indices]


def joined(pieces: Sequence[Any]) -> Any:
    """Return pieces of rows as one: a list where rows differ in size.

    Examples
    --------
    >>> joined([[1, 2], [3]]), joined([np.zeros((2, 3)), np.zeros((1, 3))]).shape
    ([1, 2, 3], (3, 3))
    """
    if len(pieces) == 1:
        return pieces[0]
    if any(isinstance(piece, Sequence) for piece in pieces):
        return [row for piece in pieces for row in piece]
    if nw.dependencies.is_into_dataframe(pieces[0]):
        return nw.concat([nw.from_native(piece, eager_only=True) for piece in pieces]).to_native()
    if len({np.shape(piece)[1:] for piece in pieces}) > 1:
        return [row for piece in pieces for row in piece]
    return np.concatenate(pieces)


def in_order(X: Any, names: Sequence[Any]) -> Any:
    """Return a DataFrame with its columns in the order of `names`; unchanged where it has others, or is none.

    Examples
    --------
    >>> import pandas
    >>> list(in_order(pandas.DataFrame({"a": [1], "b": [2]}), ["b", "a"]).columns)
    ['b', 'a']
    """
    if not nw.dependencies.is_into_dataframe(X):
        return X
    frame = nw.from_native(X, eager_only=True)
    alike = len(frame.columns) == len(names) and {*frame.columns} == {*names}
    return frame.select(*names).to_native() if alike and frame.columns != list(names) else X


def column(X: Any, name: object) -> np.ndarray:
    """Return one column by its name, or of an array by its index.

    Raises
    ------
    InputError
        There is no such column.
    """
    if nw.dependencies.is_into_dataframe(X):
        frame = nw.from_native(X, eager_only=True)
        if name not in frame.columns:
            raise InputError(unknown("column", name, map(str, frame.columns)))
        return frame[name].to_numpy()
    values = np.asarray(X)
    if not isinstance(name, (int, np.integer)) or values.ndim != 2 or not -values.shape[1] <= name < values.shape[1]:
        raise InputError(f"there is no column {name!r} in an array of shape {values.shape}: pass a column index")
    return values[:, name]


def like_frame(values: np.ndarray, X: Any, names: list[str]) -> Any:
    """Return values of shape (n, columns) as a DataFrame of the library of X; unchanged if X is not a DataFrame."""
    if not nw.dependencies.is_into_dataframe(X) or values.ndim != 2:
        return values
    return as_table({name: values[:, index] for index, name in enumerate(names)}, X)


def as_table(columns: dict[str, np.ndarray], X: Any) -> Any:
    """Return columns as a DataFrame of the library of X, with its row labels; unchanged if X is not a DataFrame."""
    if not nw.dependencies.is_into_dataframe(X):
        return columns
    frame = nw.from_dict(columns, backend=nw.from_native(X, eager_only=True).implementation).to_native()
    if hasattr(frame, "index"):
        frame.index = X.index
    return frame
