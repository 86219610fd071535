"""Arrays, tensors and lists of rows as a `Sheet`, which a Table can read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn.utils.validation import check_array

from isthmus.data.tables.cells import NUMBERS, SINGLE, kind_of, numbers_of, tidy
from isthmus.support.errors import InputError, InputTypeError


class Grid:
    """Rows without column names, as a `Sheet`; if they include text, they are held as an array of objects.

    Parameters
    ----------
    X : array, tensor or list of shape (n, p)

    Raises
    ------
    InputError
        X is not two-dimensional, or is empty, complex, sparse, ragged …; the wording is scikit-learn's.
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
        """Infer the kinds of columns of objects; if all are numbers, convert them to floats."""
        columns = [tidy(column) for column in self._array.T.tolist()]
        self.kinds = [kind_of(cells, self.name(index)) for index, cells in enumerate(columns)]
        if set(self.kinds) <= {"empty", *NUMBERS}:
            columns = [numbers_of(cells, self.name(index)) for index, cells in enumerate(columns)]
            self._type, self.kinds = "float64", ["float"] * len(columns)
        self._array = np.stack(columns, axis=1)

    def __len__(self) -> int:
        return len(self._array)

    def name(self, index: int) -> str:
        """Return the name of a column, as scikit-learn generates it: x0, x1 and so on."""
        return f"x{index}"

    def cells(self, index: int) -> np.ndarray:
        """Return a column as tidy Python objects."""
        column = self._array[:, index]
        return column if column.dtype == object else tidy(column.tolist())

    def numbers(self, indices: Sequence[int]) -> np.ndarray:
        """Return columns as floats (n, len(indices)), NaN for missing cells; float32 if that is exact, else float64."""
        if self._array.dtype == object:
            return np.stack([numbers_of(self.cells(index), self.name(index)) for index in indices], axis=1)
        chosen = self._array if len(indices) == self._array.shape[1] else self._array[:, list(indices)]
        return chosen.astype(np.float32 if self._type in SINGLE else np.float64, copy=False)

    def categories(self, index: int) -> tuple[Any, ...]:
        """Return an empty tuple: a column of objects declares no categories."""
        return ()

    def dtype(self, index: int) -> tuple[str]:
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
            array = np.asarray(X)
        except ValueError as error:
            raise InputError(f"the rows of X differ in length: {error}") from error
        return np.asarray(X, dtype=object) if array.dtype.kind == "U" else array
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
    """Return numbers as an array or tensor: float32 if that is exact for `dtype`, else float64; objects unchanged."""
    wanted = np.float32 if dtype in SINGLE else np.float64
    cast = np.ascontiguousarray(numbers if numbers.dtype == object else numbers.astype(wanted, copy=False))
    return torch.from_numpy(cast) if form == "tensor" and cast.dtype != object else cast
