"""Arrays, tensors and lists of rows: the same questions that a Table asks of a DataFrame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_array

from isthmus.data.tables.cells import NUMBERS, SINGLE, kind_of, numbers_of, tidy
from isthmus.support.errors import InputError, InputTypeError


class Grid:
    """What a Table asks of rows without column names; texts among them make it an array of objects.

    Parameters
    ----------
    X : array, tensor or list of shape (n, p)

    Raises
    ------
    InputError
        It is no such thing: of other dimensions, empty, complex, sparse, ragged …; the words are scikit-learn's.
    """

    names: tuple[Any, ...] | None = None

    def __init__(self, X: Any) -> None:
        self.form = "tensor" if torch.is_tensor(X) else "array"
        self._array = _checked(_as_array(X))
        self._type = str(self._array.dtype)
        self.kinds = ["float"] * self._array.shape[1]
        if self._array.dtype.kind in "OU":
            self._take_objects()

    def _take_objects(self) -> None:
        """Find out what the columns are; all numbers make an array of floats."""
        columns = [tidy(column) for column in self._array.T.tolist()]
        self.kinds = [kind_of(cells, self.name(place)) for place, cells in enumerate(columns)]
        if set(self.kinds) <= {"empty", *NUMBERS}:
            columns = [numbers_of(cells, self.name(place)) for place, cells in enumerate(columns)]
            self._type, self.kinds = "float64", ["float"] * len(columns)
        self._array = np.stack(columns, axis=1)

    def __len__(self) -> int:
        return len(self._array)

    def name(self, place: int) -> str:
        """Return what a column is called, as scikit-learn does: x0, x1 and so on."""
        return f"x{place}"

    def cells(self, place: int) -> np.ndarray:
        """Return a column as tidy Python objects."""
        column = self._array[:, place]
        return column if column.dtype == object else tidy(column.tolist())

    def numbers(self, places: Sequence[int]) -> np.ndarray:
        """Return columns as (n, len(places)) floats, NaN where there are gaps; float32 where that is exact."""
        if self._array.dtype == object:
            return np.stack([numbers_of(self.cells(place), self.name(place)) for place in places], axis=1)
        chosen = self._array if len(places) == self._array.shape[1] else self._array[:, list(places)]
        return chosen.astype(np.float32 if self._type in SINGLE else np.float64, copy=False)

    def categories(self, place: int) -> tuple[Any, ...]:
        """Return nothing: a column of objects declares no categories."""
        return ()

    def dtype(self, place: int) -> tuple[str]:
        """Return the name of the type of a column."""
        return (self._type,)


def _as_array(X: Any) -> Any:
    if torch.is_tensor(X):
        if X.layout != torch.strided:
            raise InputTypeError("Sparse data was passed for X, but dense data is required: use X.to_dense()")
        X = X.detach().cpu()
        return (X.float() if X.dtype == torch.bfloat16 else X).numpy()
    if isinstance(X, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(X), np.nan, np.ma.getdata(X))
    if isinstance(X, (list, tuple)):
        try:
            found = np.asarray(X)
        except ValueError as error:
            raise InputError(f"the rows of X are not of one length: {error}") from error
        return np.asarray(X, dtype=object) if found.dtype.kind == "U" else found
    return X


def _checked(X: Any) -> np.ndarray:
    if hasattr(X, "collect") and hasattr(X, "collect_schema"):
        raise InputTypeError(f"a table cannot be read from a {type(X).__name__}: give X.collect()")
    try:
        array = check_array(X, dtype=None, ensure_all_finite=False, input_name="X")
    except TypeError as error:
        raise InputTypeError(str(error)) from error
    except ValueError as error:
        raise InputError(str(error)) from error
    if array.dtype.kind not in "fiubOU":
        raise InputTypeError(f"X is an array of {array.dtype}, which a table cannot hold; make it numbers or text")
    return array


def array(numbers: np.ndarray, dtype: str, form: str) -> Any:
    """Return numbers as an array or tensor: float32 where `dtype` is exact in it, else float64; objects as they are."""
    wanted = np.float32 if dtype in SINGLE else np.float64
    found = np.ascontiguousarray(numbers if numbers.dtype == object else numbers.astype(wanted, copy=False))
    return torch.from_numpy(found) if form == "tensor" and found.dtype != object else found
