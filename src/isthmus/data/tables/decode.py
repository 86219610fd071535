"""From numbers and codes back to columns of a DataFrame, with their original types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import narwhals as nw
import numpy as np
import torch

from isthmus.core.data import Rows
from isthmus.data.tables.frames import ARGUMENTS, KINDS, Dtype
from isthmus.data.tables.schema import Schema

DEFAULTS: dict[str, Dtype] = {
    "boolean": ("Boolean",),
    "integer": ("Int64",),
    "float": ("Float64",),
    "date": ("Datetime", "us", None),
    "duration": ("Duration", "us"),
}
"""Types of columns written to another library than the one they came from; other kinds get that library's default."""

PER_SECOND = {"D": 1 / 86400, "s": 1.0, "ms": 1e3, "us": 1e6}
"""Units per second."""
CALENDAR = (-62_135_596_800.0, 253_402_300_799.0)
"""The years 1 to 9999, in seconds from 1970."""
NANOSECONDS = (-9.2e9, 9.2e9)
"""The range of 64-bit nanoseconds, in seconds."""


@dataclass(frozen=True)
class Column:
    """A column to write.

    Attributes
    ----------
    name : str
    kind : str
        One of `isthmus.data.tables.schema.KINDS`.
    values : ndarray of shape (n,)
        float64 with NaN for missing cells; for a category, its cells with None for missing ones.
    dtype : tuple, or None
        As `isthmus.data.tables.frames.Frame.dtype` returns it; None for the default of its kind.
    categories : tuple
    """

    name: Any
    kind: str
    values: np.ndarray
    dtype: Dtype | None
    categories: tuple[Any, ...] = ()


def restored(column: Column) -> np.ndarray:
    """Return the values of a column as its kind: whole numbers, booleans, dates …, with None or NaT if missing."""
    gaps = column.values != column.values
    if column.kind in ("empty", "float", "category"):
        return column.values
    values = np.where(gaps, 0, column.values)
    if column.kind == "integer":
        return _with_gaps(_whole(values, column.dtype), gaps)
    if column.kind == "boolean":
        return _with_gaps(values >= 0.5, gaps)
    return _times(values, gaps, column)


def _with_gaps(values: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    if not gaps.any():
        return values
    cells = values.astype(object)
    cells[gaps] = None
    return cells


def _times(seconds: np.ndarray, gaps: np.ndarray, column: Column) -> np.ndarray:
    """Return dates or durations in the unit of their type, at most to the microsecond, the precision of reading."""
    unit = _unit(column.dtype or DEFAULTS[column.kind])
    low, high = NANOSECONDS if unit == "ns" else CALENDAR
    counted = "us" if unit == "ns" else unit
    counts = np.rint(np.clip(seconds, low, high) * PER_SECOND[counted]).astype(np.int64)
    kind = "M8" if column.kind == "date" else "m8"
    times = counts.view(f"{kind}[{counted}]").astype(f"{kind}[{unit}]")
    times[gaps] = "NaT"
    return times


def _unit(dtype: Dtype) -> str:
    """Return the time unit of a date or duration type."""
    text = " ".join(map(str, dtype))
    if text == "Date" or text.startswith("date32"):
        return "D"
    match = re.search(r"\b(s|ms|us|ns)\b", text)
    return match[0] if match else "us"


def _whole(values: np.ndarray, dtype: Dtype | None) -> np.ndarray:
    """Round to whole numbers within the range of the integer type."""
    return np.rint(np.clip(values, *whole_range(dtype))).astype(_whole_type(dtype))


def whole_range(dtype: Dtype | None) -> tuple[float, float]:
    """Return the smallest and the largest double within the range of an integer type.

    Examples
    --------
    >>> whole_range(("uint8",))
    (0.0, 254.99999999999997)
    """
    info = np.iinfo(_whole_type(dtype))
    return float(info.min), float(np.nextafter(float(info.max), 0))


def _whole_type(dtype: Dtype | None) -> str:
    match = re.match(r"u?int(8|16|32|64)", str(dtype[0]).lower()) if dtype else None
    return match[0] if match else "int64"


def frame(columns: Sequence[Column], form: str, like: Rows = None) -> Any:
    """Return a DataFrame of the library `form`, with the row labels of `like` if it has as many rows."""
    if form == "pandas":
        return _pandas(columns, like)
    first, *others = (_series(column, form) for column in columns)
    return first.to_frame().with_columns(*others).to_native()


def _series(column: Column, form: Any) -> nw.Series[Any]:
    name, dtype = str(column.name), column.dtype or DEFAULTS.get(column.kind)
    wanted = _narwhals_type(dtype, column.categories, form) if dtype else None
    if column.kind == "empty":
        return nw.new_series(name, [None] * len(column.values), wanted, backend=form)
    values = restored(column)
    if column.kind != "float":
        return nw.new_series(name, values.tolist() if values.dtype == object else values, wanted, backend=form)
    if isinstance(wanted, nw.Decimal):
        values = np.clip(values, *_decimal_limits(wanted))
    floats = nw.new_series(name, values, nw.Float64, backend=form).fill_nan(None)
    return floats.cast(wanted) if wanted is not None else floats


def _decimal_limits(dtype: nw.Decimal) -> tuple[float, float]:
    high = 10.0 ** (dtype.precision - dtype.scale) - 10.0**-dtype.scale
    return -high, high


def _narwhals_type(dtype: Dtype, categories: tuple[Any, ...], form: str) -> Any:
    """Return the type described by plain values, if a table can hold it; else None."""
    name, *arguments = dtype
    narwhals_type = getattr(nw, str(name), None)
    if not (
        isinstance(narwhals_type, type)
        and issubclass(narwhals_type, tuple(t for types in KINDS.values() for t in types))
    ):
        return None
    if narwhals_type is nw.Enum:
        return nw.Enum(list(categories)) if form != "pyarrow" else nw.Categorical()
    return narwhals_type(*arguments[: len(ARGUMENTS.get(str(name), ()))])


def _pandas(columns: Sequence[Column], like: Rows) -> Any:
    import pandas as pd

    index = like.index if isinstance(like, pd.DataFrame) and len(like) == len(columns[0].values) else None
    written = {number: _pandas_series(column, pd, index) for number, column in enumerate(columns)}
    return pd.DataFrame(written).set_axis(pd.Index([column.name for column in columns]), axis=1)


def _pandas_series(column: Column, pd: Any, index: Any) -> Any:
    name = str(column.dtype[0]) if column.dtype else None
    values = np.full(len(column.values), None) if column.kind == "empty" else restored(column)
    series = pd.Series(values, index, dtype=object if values.dtype == object and name else None)
    if name is None:
        return series
    if column.kind == "date" and "," in name:  # a time zone
        series = series.dt.tz_localize("UTC")
    if values.dtype == object and re.fullmatch(r"bool|u?int\d+", name):  # NumPy has no room for a gap
        name = "boolean" if name == "bool" else "Int64"
    return series.astype(_pandas_type(name, column.categories, pd))


def _pandas_type(name: str, categories: Sequence[Any], pd: Any) -> Any:
    if name.startswith("category"):
        return pd.CategoricalDtype(list(categories), ordered=name.endswith("ordered"))
    if name == "arrow:string":  # pandas reads its own name for this type as another one
        return pd.ArrowDtype(import_module("pyarrow").string())
    return pd.api.types.pandas_dtype(name)


def form_of(like: Rows, schema: Schema) -> tuple[str, Sequence[Any]]:
    """Return the library of a DataFrame, ``"tensor"`` or ``"array"``, and the column names."""
    names = [schema.name(index) for index in range(len(schema.kinds))]
    if like is None:
        return schema.form, names
    if nw.dependencies.is_into_dataframe(like):
        frame = nw.from_native(like, eager_only=True)
        return frame.implementation.name.lower(), frame.columns if len(frame.columns) == len(names) else names
    return "tensor" if torch.is_tensor(like) else "array", names


def columns_of(schema: Schema, host: dict[str, np.ndarray], names: Sequence[Any], native: bool) -> list[Column]:
    """Return columns in the user's order; with their original types if `native`."""
    columns: dict[int, Column] = {}
    dtypes = schema.dtypes if native else (None,) * len(names)
    for at, index in enumerate(schema.numbers):
        values = host["numbers"][:, at].astype(np.float64)
        columns[index] = Column(names[index], schema.kinds[index], values, dtypes[index])
    for at, (index, known) in enumerate(zip(schema.indices("category"), schema.categories, strict=True)):
        cells = np.array([*known, None], dtype=object)[np.minimum(host["codes"][:, at], len(known))]
        columns[index] = Column(names[index], "category", cells, dtypes[index], known)
    return [columns[index] for index in sorted(columns)]
