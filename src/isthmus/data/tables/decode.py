"""From numbers and codes back to columns of a DataFrame, with the types they had."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import narwhals as nw
import numpy as np
import torch

from isthmus.data.tables.frames import ARGUMENTS, KINDS, Dtype
from isthmus.data.tables.schema import Schema

DEFAULTS: dict[str, Dtype] = {
    "boolean": ("Boolean",),
    "integer": ("Int64",),
    "float": ("Float64",),
    "date": ("Datetime", "us", None),
    "duration": ("Duration", "us"),
}
"""Types of columns that go to another library than the one they came from; None: what that library makes of them."""

UNITS = {"D": 1 / 86400, "s": 1.0, "ms": 1e3, "us": 1e6}
"""How many of a unit make a second."""
CALENDAR = (-62_135_596_800.0, 253_402_300_799.0)
"""The years 1 to 9999, in seconds from 1970."""
NANOSECONDS = (-9.2e9, 9.2e9)
"""What 64 bits hold of nanoseconds, in seconds."""


@dataclass(frozen=True)
class Column:
    """A column to be written.

    Attributes
    ----------
    name : str
    kind : str
        One of `isthmus.data.tables.schema.KINDS`.
    values : ndarray of shape (n,)
        float64 with NaN for gaps, or for a category its cells with None for gaps.
    dtype : tuple, or None
        As `isthmus.data.tables.frames.Frame.dtype` gives it; None: the usual one of its kind.
    categories : tuple
    """

    name: Any
    kind: str
    values: np.ndarray
    dtype: Dtype | None
    categories: tuple[Any, ...] = ()


def restored(column: Column) -> np.ndarray:
    """Return what a column holds as its kind: whole numbers, truth values, moments; None or NaT for gaps."""
    gaps = column.values != column.values
    if column.kind in ("empty", "float", "category"):
        return column.values
    values = np.where(gaps, 0, column.values)
    if column.kind == "integer":
        return _with_gaps(_whole(values, column.dtype), gaps)
    if column.kind == "boolean":
        return _with_gaps(values >= 0.5, gaps)
    return _moments(values, gaps, column)


def _with_gaps(values: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    if not gaps.any():
        return values
    cells = values.astype(object)
    cells[gaps] = None
    return cells


def _moments(seconds: np.ndarray, gaps: np.ndarray, column: Column) -> np.ndarray:
    """Return dates or durations in the unit of their type; no finer than microseconds, which is how they were read."""
    unit = _unit(column.dtype or DEFAULTS[column.kind])
    low, high = NANOSECONDS if unit == "ns" else CALENDAR
    counted = "us" if unit == "ns" else unit
    counts = np.rint(np.clip(seconds, low, high) * UNITS[counted]).astype(np.int64)
    kind = "M8" if column.kind == "date" else "m8"
    moments = counts.view(f"{kind}[{counted}]").astype(f"{kind}[{unit}]")
    moments[gaps] = "NaT"
    return moments


def _unit(dtype: Dtype) -> str:
    """Return in which unit a type of dates or durations counts."""
    text = " ".join(map(str, dtype))
    if text == "Date" or text.startswith("date32"):
        return "D"
    found = re.search(r"\b(s|ms|us|ns)\b", text)
    return found[0] if found else "us"


def _whole(values: np.ndarray, dtype: Dtype | None) -> np.ndarray:
    """Round to whole numbers that the integer type can hold."""
    return np.rint(np.clip(values, *whole_range(dtype))).astype(_whole_type(dtype))


def whole_range(dtype: Dtype | None) -> tuple[float, float]:
    """Return the least and the largest double that an integer type can hold.

    Examples
    --------
    >>> whole_range(("uint8",))
    (0.0, 254.99999999999997)
    """
    info = np.iinfo(_whole_type(dtype))
    return float(info.min), float(np.nextafter(float(info.max), 0))


def _whole_type(dtype: Dtype | None) -> str:
    found = re.match(r"u?int(8|16|32|64)", str(dtype[0]).lower()) if dtype else None
    return found[0] if found else "int64"


def frame(columns: Sequence[Column], form: str, like: Any = None) -> Any:
    """Return a DataFrame of the library `form`, with the row labels of `like` where it has as many rows."""
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
    """Return the type that plain values name, if it is one that a table can hold; else None."""
    name, *arguments = dtype
    found = getattr(nw, str(name), None)
    if not (isinstance(found, type) and issubclass(found, tuple(t for types in KINDS.values() for t in types))):
        return None
    if found is nw.Enum:
        return nw.Enum(list(categories)) if form != "pyarrow" else nw.Categorical()
    return found(*arguments[: len(ARGUMENTS.get(str(name), ()))])


def _pandas(columns: Sequence[Column], like: Any) -> Any:
    import pandas as pd

    index = like.index if isinstance(like, pd.DataFrame) and len(like) == len(columns[0].values) else None
    made = {place: _pandas_series(column, pd, index) for place, column in enumerate(columns)}
    return pd.DataFrame(made).set_axis(pd.Index([column.name for column in columns]), axis=1)


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


def form_of(like: Any, schema: Schema) -> tuple[str, Sequence[Any]]:
    """Return the library of a DataFrame, ``"tensor"`` or ``"array"``, and the names of the columns."""
    names = [schema.name(place) for place in range(len(schema.kinds))]
    if like is None:
        return schema.form, names
    if nw.dependencies.is_into_dataframe(like):
        frame = nw.from_native(like, eager_only=True)
        return frame.implementation.name.lower(), frame.columns if len(frame.columns) == len(names) else names
    return "tensor" if torch.is_tensor(like) else "array", names


def columns_of(schema: Schema, host: dict[str, np.ndarray], names: Sequence[Any], native: bool) -> list[Column]:
    """Return columns in the user's order; `native`: with the types they had."""
    made: dict[int, Column] = {}
    dtypes = schema.dtypes if native else (None,) * len(names)
    for at, place in enumerate(schema.numbers):
        values = host["numbers"][:, at].astype(np.float64)
        made[place] = Column(names[place], schema.kinds[place], values, dtypes[place])
    for at, (place, known) in enumerate(zip(schema.places("category"), schema.categories, strict=True)):
        cells = np.array([*known, None], dtype=object)[np.minimum(host["codes"][:, at], len(known))]
        made[place] = Column(names[place], "category", cells, dtypes[place], known)
    return [made[place] for place in sorted(made)]
