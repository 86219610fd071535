"""Whole numbers with gaps: pandas reads such a column of a CSV file as floats."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from isthmus.core.data import Data


def whole_numbers(X: Any) -> Any:
    """Return a pandas DataFrame with columns of whole numbers and missing cells as Int64; anything else unchanged.

    Examples
    --------
    >>> import pandas
    >>> X = whole_numbers(pandas.DataFrame({"a": [1.0, None], "b": [1.5, None], "c": [1.0, 2.0]}))
    >>> X.dtypes.astype(str).tolist()
    ['Int64', 'float64', 'float64']
    """
    if not nw.dependencies.is_pandas_dataframe(X):
        return X
    names = [name for name in X.columns if X[name].dtype == np.float64 and X[name].isna().any()]
    return _as_int(X, names)


def as_learnt(X: Any, data: Data) -> Any:
    """Return a pandas DataFrame with the columns as Int64 that held whole numbers when the table was fitted."""
    learnt = set(data.column_names("integer"))
    if not learnt or not nw.dependencies.is_pandas_dataframe(X):
        return X
    return _as_int(X, [name for name in X.columns if str(name) in learnt and X[name].dtype == np.float64])


def _as_int(X: Any, names: list[Any]) -> Any:
    whole = [name for name in names if (X[name].dropna() % 1 == 0).all() and X[name].abs().max() < 2**53]
    return X.astype(dict.fromkeys(whole, "Int64")) if whole else X


def missing(X: Any) -> dict[str, int]:
    """Return the number of missing cells of each column of a DataFrame: null or NaN."""
    frame = nw.from_native(X, eager_only=True)
    counts = {}
    for column in frame.iter_columns():
        gaps = column.is_null()
        if column.dtype.is_float():
            gaps = gaps | column.is_nan().fill_null(True)
        counts[str(column.name)] = int(gaps.sum())
    return counts
