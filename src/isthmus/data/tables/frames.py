"""DataFrames of any library that narwhals knows (pandas, polars, pyarrow …): their cells in, and columns back out."""

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
"""Which types of narwhals are of which kind."""

ARGUMENTS = {"Datetime": ("time_unit", "time_zone"), "Duration": ("time_unit",), "Decimal": ("precision", "scale")}

Dtype = tuple[Any, ...]
"""A type as plain values: for pandas its name, else what narwhals calls it, as in ``("Datetime", "us", "UTC")``."""


class Frame:
    """What a Table asks of a DataFrame.

    Parameters
    ----------
    X : DataFrame

    Raises
    ------
    InputError
        It has no rows or no columns, two columns of one name, or a column of a type that no Table can hold.
    """

    def __init__(self, X: Any) -> None:
        try:
            frame: nw.DataFrame[Any] = nw.from_native(X, eager_only=True)
        except nw.exceptions.DuplicateError as error:
            raise InputError(f"two columns of X have one name: {error}; rename one") from error
        if 0 in frame.shape:
            what = "feature" if len(frame) else "sample"
            raise InputError(f"Found array with 0 {what}(s) (shape={frame.shape}) while a minimum of 1 is required.")
        self.form = frame.implementation.name.lower()
        self.names: tuple[Any, ...] | None = tuple(frame.columns)
        self._columns = list(frame.iter_columns())
        self._types = [column.dtype for column in self._columns]
        self._tidied: dict[int, np.ndarray] = {}
        self.kinds = [self._kind(place) for place in range(len(self._columns))]

    def __len__(self) -> int:
        return len(self._columns[0])

    def _kind(self, place: int) -> str:
        if self._columns[place].is_null().all():
            return "empty"
        for kind, types in KINDS.items():
            if isinstance(self._types[place], types):
                return kind
        if isinstance(self._types[place], nw.Object):
            return kind_of(self.cells(place), self.name(place))
        native = getattr(self._columns[place].to_native(), "dtype", self._types[place])
        raise InputTypeError(
            f"column {self.name(place)!r} is of type {native}, which no table can hold; make it numbers, text or dates"
        )

    def name(self, place: int) -> Any:
        """Return the name of a column."""
        return self._columns[place].name

    def cells(self, place: int) -> np.ndarray:
        """Return a column as tidy Python objects."""
        if place not in self._tidied:
            self._tidied[place] = tidy(self._columns[place].to_list())
        return self._tidied[place]

    def numbers(self, places: Sequence[int]) -> np.ndarray:
        """Return columns as (n, len(places)) floats, NaN where there are gaps, dates and durations in seconds.

        float32 where that is exact, else float64.
        """
        single = all(type(self._types[place]).__name__.lower() in SINGLE for place in places)
        out = np.empty((len(self), len(places)), dtype=np.float32 if single else np.float64, order="F")
        for at, place in enumerate(places):
            out[:, at] = self._numbers(place)
        return out

    def _numbers(self, place: int) -> np.ndarray | float:
        column, dtype = self._columns[place], self._types[place]
        if self.kinds[place] == "empty":
            return np.nan
        if isinstance(dtype, KINDS["date"]):
            return _floats(column.dt.timestamp("us")) / 1e6
        if isinstance(dtype, nw.Duration):
            spans = column.to_numpy().astype("m8[us]")
            return np.where(np.isnat(spans), np.nan, spans.astype(np.int64)) / 1e6
        if isinstance(dtype, (nw.Object, *KINDS["category"])):
            return numbers_of(self.cells(place), self.name(place))
        return _floats(column)

    def categories(self, place: int) -> tuple[Any, ...]:
        """Return what a column declares as its categories, in order; nothing where it declares none."""
        native = self._columns[place].to_native()
        if self.form == "pandas" and hasattr(native, "cat") and hasattr(native.dtype, "categories"):
            return tuple(native.dtype.categories.tolist())
        dtype = self._types[place]
        return tuple(dtype.categories) if isinstance(dtype, nw.Enum) else ()

    def dtype(self, place: int) -> Dtype:
        """Return the type of a column as plain values."""
        if self.form == "pandas":
            return (_pandas_name(self._columns[place].to_native().dtype),)
        name = type(self._types[place]).__name__
        return (name, *(getattr(self._types[place], argument) for argument in ARGUMENTS.get(name, ())))


def _floats(column: nw.Series[Any]) -> np.ndarray:
    return column.cast(nw.Float64).to_numpy()


def _pandas_name(dtype: Any) -> str:
    """Return a name from which `isthmus.data.tables.decode` makes the type, or one that serves as well."""
    text = str(dtype)
    if text == "category":
        return "category:ordered" if dtype.ordered else text
    if text == "string":
        return f"string[{dtype.storage}]"
    without_name = {"string": "arrow:string", "dictionary": "category", "decimal": "double[pyarrow]"}
    return next((name for start, name in without_name.items() if text.startswith(start)), text)
