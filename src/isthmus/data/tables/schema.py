"""Schema: what a Table learns of its columns in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import narwhals as nw
import numpy as np

from isthmus.data.tables.arrays import Grid
from isthmus.data.tables.bins import Bin
from isthmus.data.tables.frames import Dtype, Frame
from isthmus.support.errors import InputError

KINDS = ("empty", "boolean", "integer", "float", "date", "duration", "category")
MAX_NAMES = 5


class Sheet(Protocol):
    """The interface through which a Table reads the user's data: a DataFrame, an array, a tensor or a list of rows."""

    form: str
    names: tuple[Any, ...] | None
    kinds: list[str]

    def __len__(self) -> int: ...
    def name(self, index: int) -> Any: ...
    def cells(self, index: int) -> np.ndarray: ...
    def numbers(self, indices: Sequence[int]) -> np.ndarray: ...
    def categories(self, index: int) -> tuple[Any, ...]: ...
    def dtype(self, index: int) -> Dtype: ...


def sheet(X: Any) -> Sheet:
    """Return X as a `Sheet`.

    Raises
    ------
    InputError
        X is not a table.
    """
    return Frame(X) if nw.dependencies.is_into_dataframe(X) else Grid(X)


def finite(of: Sheet, indices: Sequence[int]) -> np.ndarray:
    """Return columns of numbers, with NaN for missing cells.

    Raises
    ------
    InputError
        A value is infinite or not a number.
    """
    numbers = of.numbers(indices)
    with np.errstate(over="ignore", invalid="ignore"):
        settled = np.isfinite(numbers.sum())
    if not settled and np.isinf(numbers).any():
        row, at = divmod(int(np.argmax(np.isinf(numbers))), len(indices))
        raise InputError(
            f"column {of.name(indices[at])!r}, row {row}: infinity ({numbers[row, at]}); "
            "put a finite number there, or leave the cell empty (NaN)"
        )
    return numbers


def indices_of(kinds: Sequence[str], *wanted: str) -> list[int]:
    """Return the indices of the columns of some kinds."""
    return [index for index, kind in enumerate(kinds) if kind in wanted]


def number_indices(kinds: Sequence[str]) -> list[int]:
    """Return the indices of the numeric columns, booleans last."""
    return indices_of(kinds, "empty", "integer", "float", "date", "duration") + indices_of(kinds, "boolean")


@dataclass(frozen=True)
class Schema:
    """What was learnt about the columns of a table, as plain values.

    Attributes
    ----------
    form : str
        ``"array"``, ``"tensor"``, or the library of the DataFrame.
    names : tuple, or None
        None if the columns have no names.
    kinds : tuple of str
        Each one of `KINDS`.
    dtypes : tuple of tuple
        As `Frame.dtype` and `Grid.dtype` return them.
    missing : tuple of int
        The number of missing cells of each column.
    mean, deviation : tuple of float
        Of each column of numbers, in the order of `numbers`; of dates and durations in seconds.
    low, high : float
        Smallest and largest of all numbers, except booleans, dates and durations.
    categories : tuple of tuple
        Of each column of categories.
    lows, highs : tuple of float
        Smallest and largest value of each column of numbers; empty in files written before they were stored.
    bins : tuple of tuple of Bin
        Of each column of numbers but the booleans, as `isthmus.data.tables.bins.learn_bins` returns them; empty
        unless the scale needs them.
    rows : int
        The number of rows learnt from; 0 in files written before it was stored.
    declared : tuple of int
        For each column of categories, how many of them its type declared.
    counts : tuple of tuple of int
        How often each category occurs; empty in files written before they were stored.
    joined : tuple of int
        For each column of categories, how many distinct values are joined as "other", since there are too many; the
        least it can be where they were too many to count. Empty in files written before it was stored.
    """

    form: str
    names: tuple[Any, ...] | None
    kinds: tuple[str, ...]
    dtypes: tuple[Dtype, ...]
    missing: tuple[int, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    low: float
    high: float
    categories: tuple[tuple[Any, ...], ...]
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    bins: tuple[tuple[Bin, ...], ...] = ()
    rows: int = 0
    declared: tuple[int, ...] = ()
    counts: tuple[tuple[int, ...], ...] = ()
    joined: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        columns = {len(values) for values in (self.kinds, self.dtypes, self.missing, self.names or self.kinds)}
        numbers = {len(self.mean), len(self.deviation), len(self.numbers)}
        numbers |= {len(values) for values in (self.lows, self.highs) if values}
        numbers |= {len(self.bins) + len(self.indices("boolean"))} if self.bins else set()
        if len(columns) > 1 or len(numbers) > 1 or len(self.categories) != len(self.indices("category")):
            raise InputError("the description of a table contradicts itself: its columns differ in number")
        if not set(self.kinds) <= set(KINDS):
            raise InputError(f"a column of a table has an unknown kind: {sorted(set(self.kinds) - set(KINDS))}")

    def indices(self, *kinds: str) -> list[int]:
        """Return the indices of the columns of some kinds."""
        return indices_of(self.kinds, *kinds)

    @property
    def numbers(self) -> list[int]:
        """Indices of the numeric columns, booleans last."""
        return number_indices(self.kinds)

    def name(self, index: int) -> Any:
        """Return the name of a column; x0, x1 … if the columns have no names."""
        return f"x{index}" if self.names is None else self.names[index]

    def dtype(self, index: int) -> Dtype:
        """Return the type of a column."""
        return self.dtypes[index]

    def check(self, sheet: Sheet) -> None:
        """Raise an error, in scikit-learn's words, unless the columns are those learnt.

        Raises
        ------
        InputError
            Names, order, number or kinds of the columns differ.
        """
        if self.names is not None and sheet.names is not None and self.names != sheet.names:
            raise InputError(_other_names(self.names, sheet.names))
        if len(sheet.kinds) != len(self.kinds):
            count, expected = len(sheet.kinds), len(self.kinds)
            raise InputError(f"X has {count} features, but Table is expecting {expected} features as input")
        for index, (learnt, kind) in enumerate(zip(self.kinds, sheet.kinds, strict=True)):
            if not _alike(learnt, kind):
                raise InputError(_other_kind(sheet, index, learnt))


def _alike(learnt: str, kind: str) -> bool:
    """Tell whether cells of one kind can be read as another; text among numbers is reported later, with its row."""
    if "empty" in (learnt, kind) or learnt == "category":
        return True
    return learnt == kind if "date" in (learnt, kind) or "duration" in (learnt, kind) else True


def _other_kind(sheet: Sheet, index: int, learnt: str) -> str:
    return (
        f"column {sheet.name(index)!r} is of kind {sheet.kinds[index]}, but the table was fitted with {learnt}; "
        "convert it (to_datetime, to_timedelta), or fit again"
    )


def _other_names(learnt: tuple[Any, ...], names: tuple[Any, ...]) -> str:
    message = "The feature names should match those that were passed during fit.\n"
    unseen, gone = set(names) - set(learnt), set(learnt) - set(names)
    if unseen:
        message += _listed("Feature names unseen at fit time:", unseen)
    if gone:
        message += _listed("Feature names seen at fit time, yet now missing:", gone)
    if not unseen and not gone:
        message += "Feature names must be in the same order as they were in fit.\n"
    return message


def _listed(what: str, names: set[Any]) -> str:
    sorted_names = sorted(map(str, names))
    return "\n- ".join([what, *sorted_names[:MAX_NAMES], *(["..."] if len(sorted_names) > MAX_NAMES else [])]) + "\n"
