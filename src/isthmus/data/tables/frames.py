"""DataFrames of any library that narwhals supports (pandas, polars, pyarrow …) as a `Sheet`, which a Table can read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np

from isthmus.data.tables.cells import SINGLE, kind_of, numbers_of, tidy
from isthmus.support.errors import InputError, InputTypeError

KINDS: dict[str, tuple[type[nw.dtypes.DType], ...]] = {
    "boolean": (nw.Boolean,),
    "integer": (nw.dtypes.IntegerType,),
    "float": (nw.dtypes.FloatType, nw.Decimal),
    "category": (nw.String, nw.Categorical, nw.Enum),
    "date": (nw.Datetime, nw.Date),
    "duration": (nw.Duration,),
}
"""The narwhals types of each kind."""

ARGUMENTS = {"Datetime": ("time_unit", "time_zone"), "Duration": ("time_unit",), "Decimal": ("precision", "scale")}

Dtype = tuple[Any, ...]
"""A type as plain values: for pandas its name, else its narwhals name, as in ``("Datetime", "us", "UTC")``."""


class Frame:
    """A DataFrame as a `Sheet`.

    Parameters
    ----------
    X : DataFrame

    Raises
    ------
    InputError
        X has no rows, no columns, two columns with the same name, or a column of an unsupported type.
    """

    def __init__(self, X: Any) -> None:
        try:
            frame: nw.DataFrame[Any] = nw.from_native(X, eager_only=True)
        except nw.exceptions.DuplicateError as error:
            raise InputError(f"two columns of X have the same name: {error}; rename one") from error
        if 0 in frame.shape:
            what = "feature" if len(frame) else "sample"
            raise InputError(f"Found array with 0 {what}(s) (shape={frame.shape}) while a minimum of 1 is required.")
        self.form = frame.implementation.name.lower()
        self.names: tuple[Any, ...] | None = tuple(frame.columns)
        self._columns = list(frame.iter_columns())
        self._types = [column.dtype for column in self._columns]
        self._tidied: dict[int, np.ndarray] = {}
        self.kinds = [self._kind(index) for index in range(len(self._columns))]

    def __len__(self) -> int:
        return len(self._columns[0])

    def _kind(self, index: int) -> str:
        if self._columns[index].is_null().all():
            return "empty"
        for kind, types in KINDS.items():
            if isinstance(self._types[index], types):
                return kind
        if isinstance(self._types[index], nw.Object):
            return kind_of(self.cells(index), self.name(index))
        native = getattr(self._columns[index].to_native(), "dtype", self._types[index])
        raise InputTypeError(
            f"column {self.name(index)!r} is of type {native}, which no table can hold; make it numbers, text or dates"
        )

    def name(self, index: int) -> Any:
        """Return the name of a column."""
        return self._columns[index].name

    def cells(self, index: int) -> np.ndarray:
        """Return a column as tidy Python objects."""
        if index not in self._tidied:
            self._tidied[index] = tidy(self._columns[index].to_list())
        return self._tidied[index]

    def numbers(self, indices: Sequence[int]) -> np.ndarray:
        """Return columns as floats (n, len(indices)), NaN for missing cells, dates and durations in seconds.

        float32 if that is exact, else float64.
        """
        single = all(type(self._types[index]).__name__.lower() in SINGLE for index in indices)
        out = np.empty((len(self), len(indices)), dtype=np.float32 if single else np.float64, order="F")
        for at, index in enumerate(indices):
            out[:, at] = self._numbers(index)
        return out

    def _numbers(self, index: int) -> np.ndarray | float:
        column, dtype = self._columns[index], self._types[index]
        if self.kinds[index] == "empty":
            return np.nan
        if isinstance(dtype, KINDS["date"]):
            return _floats(column.dt.timestamp("us")) / 1e6
        if isinstance(dtype, nw.Duration):
            spans = column.to_numpy().astype("m8[us]")
            return np.where(np.isnat(spans), np.nan, spans.astype(np.int64)) / 1e6
        if isinstance(dtype, (nw.Object, *KINDS["category"])):
            return numbers_of(self.cells(index), self.name(index))
        return _floats(column)

    def categories(self, index: int) -> tuple[Any, ...]:
        """Return the categories that the type of a column declares, in order; empty if there are none."""
        native = self._columns[index].to_native()
        if self.form == "pandas" and hasattr(native, "cat") and hasattr(native.dtype, "categories"):
            return tuple(native.dtype.categories.tolist())
        dtype = self._types[index]
        return tuple(dtype.categories) if isinstance(dtype, nw.Enum) else ()

    def dtype(self, index: int) -> Dtype:
        """Return the type of a column as plain values."""
        if self.form == "pandas":
            return (_pandas_name(self._columns[index].to_native().dtype),)
        name = type(self._types[index]).__name__
        return (name, *(getattr(self._types[index], argument) for argument in ARGUMENTS.get(name, ())))


def _floats(column: nw.Series[Any]) -> np.ndarray:
    return column.cast(nw.Float64).to_numpy()


def _pandas_name(dtype: Any) -> str:
    """Return a name from which `isthmus.data.tables.decode` can make the type, or an equivalent one."""
    text = str(dtype)
    if text == "category":
        return "category:ordered" if dtype.ordered else text
    if text == "string":
        return f"string[{dtype.storage}]"
    without_name = {"string": "arrow:string", "dictionary": "category", "decimal": "double[pyarrow]"}
    return next((name for start, name in without_name.items() if text.startswith(start)), text)
