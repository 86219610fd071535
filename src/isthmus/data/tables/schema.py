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
NAMES_SHOWN = 5


class Sheet(Protocol):
    """What a Table asks of the user's data: of a DataFrame, an array, a tensor, a list of rows."""

    form: str
    names: tuple[Any, ...] | None
    kinds: list[str]

    def __len__(self) -> int: ...
    def name(self, place: int) -> Any: ...
    def cells(self, place: int) -> np.ndarray: ...
    def numbers(self, places: Sequence[int]) -> np.ndarray: ...
    def categories(self, place: int) -> tuple[Any, ...]: ...
    def dtype(self, place: int) -> Dtype: ...


def sheet(X: Any) -> Sheet:
    """Return X as something that a Table can ask.

    Raises
    ------
    InputError
        It is no table.
    """
    return Frame(X) if nw.dependencies.is_into_dataframe(X) else Grid(X)


def finite(of: Sheet, places: Sequence[int]) -> np.ndarray:
    """Return columns of numbers, NaN where there are gaps.

    Raises
    ------
    InputError
        There is an infinite value, or one that is no number.
    """
    numbers = of.numbers(places)
    with np.errstate(over="ignore", invalid="ignore"):
        settled = np.isfinite(numbers.sum())
    if not settled and np.isinf(numbers).any():
        row, at = divmod(int(np.argmax(np.isinf(numbers))), len(places))
        raise InputError(
            f"column {of.name(places[at])!r}, row {row}: infinity ({numbers[row, at]}); "
            "put a finite number there, or leave the cell empty (NaN)"
        )
    return numbers


def places(kinds: Sequence[str], *wanted: str) -> list[int]:
    """Return where the columns of some kinds stand."""
    return [place for place, kind in enumerate(kinds) if kind in wanted]


def number_places(kinds: Sequence[str]) -> list[int]:
    """Return where the columns of numbers stand: the booleans last."""
    return places(kinds, "empty", "integer", "float", "date", "duration") + places(kinds, "boolean")


@dataclass(frozen=True)
class Schema:
    """What is known of the columns of a table; plain values only.

    Attributes
    ----------
    form : str
        ``"array"``, ``"tensor"``, or the library of the DataFrame.
    names : tuple, or None
        None: the columns have none.
    kinds : tuple of str
        Each one of `KINDS`.
    dtypes : tuple of tuple
        As `Frame.dtype` and `Grid.dtype` give them.
    missing : tuple of int
        Cells that were missing in each column.
    mean, deviation : tuple of float
        Of each column of numbers, in the order of `numbers`; of dates and durations in seconds.
    low, high : float
        Smallest and largest of all numbers that are no booleans, dates or durations.
    categories : tuple of tuple
        Of each column of categories.
    lows, highs : tuple of float
        Smallest and largest value of each column of numbers; empty in files of before they were learnt.
    bins : tuple of tuple of Bin
        Of each column of numbers but the booleans, as `isthmus.data.tables.bins.learn_bins` returns them; empty
        unless the scale needs them.
    rows : int
        That were learnt from; 0 in files of before it was kept.
    declared : tuple of int
        How many of the categories of each column of categories its type declared.
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

    def __post_init__(self) -> None:
        columns = {len(held) for held in (self.kinds, self.dtypes, self.missing, self.names or self.kinds)}
        numbers = {len(self.mean), len(self.deviation), len(self.numbers)}
        numbers |= {len(held) for held in (self.lows, self.highs) if held}
        numbers |= {len(self.bins) + len(self.places("boolean"))} if self.bins else set()
        if len(columns) > 1 or len(numbers) > 1 or len(self.categories) != len(self.places("category")):
            raise InputError("the description of a table contradicts itself: its columns differ in number")
        if not set(self.kinds) <= set(KINDS):
            raise InputError(f"a column of a table has an unknown kind: {sorted(set(self.kinds) - set(KINDS))}")

    def places(self, *kinds: str) -> list[int]:
        """Return where the columns of some kinds stand."""
        return places(self.kinds, *kinds)

    @property
    def numbers(self) -> list[int]:
        """Where the columns of numbers stand: the booleans last."""
        return number_places(self.kinds)

    def name(self, place: int) -> Any:
        """Return the name of a column; x0, x1 … where there are none."""
        return f"x{place}" if self.names is None else self.names[place]

    def dtype(self, place: int) -> Dtype:
        """Return the type of a column."""
        return self.dtypes[place]

    def check(self, given: Sheet) -> None:
        """Refuse other columns than were learnt, in scikit-learn's words.

        Raises
        ------
        InputError
            Names, order, number or kinds of the columns differ.
        """
        if self.names is not None and given.names is not None and self.names != given.names:
            raise InputError(_other_names(self.names, given.names))
        if len(given.kinds) != len(self.kinds):
            found, wanted = len(given.kinds), len(self.kinds)
            raise InputError(f"X has {found} features, but Table is expecting {wanted} features as input")
        for place, (learnt, kind) in enumerate(zip(self.kinds, given.kinds, strict=True)):
            if not _alike(learnt, kind):
                raise InputError(_other_kind(given, place, learnt))


def _alike(learnt: str, found: str) -> bool:
    """Tell whether cells of one kind can be read as another; text among numbers is left to be named with its row."""
    if "empty" in (learnt, found) or learnt == "category":
        return True
    return learnt == found if "date" in (learnt, found) or "duration" in (learnt, found) else True


def _other_kind(given: Sheet, place: int, learnt: str) -> str:
    return (
        f"column {given.name(place)!r} is of kind {given.kinds[place]}, but the table was fitted with {learnt}; "
        "convert it (to_datetime, to_timedelta), or fit again"
    )


def _other_names(learnt: tuple[Any, ...], found: tuple[Any, ...]) -> str:
    message = "The feature names should match those that were passed during fit.\n"
    unseen, gone = set(found) - set(learnt), set(learnt) - set(found)
    if unseen:
        message += _listed("Feature names unseen at fit time:", unseen)
    if gone:
        message += _listed("Feature names seen at fit time, yet now missing:", gone)
    if not unseen and not gone:
        message += "Feature names must be in the same order as they were in fit.\n"
    return message


def _listed(what: str, names: set[Any]) -> str:
    shown = sorted(map(str, names))
    return "\n- ".join([what, *shown[:NAMES_SHOWN], *(["..."] if len(shown) > NAMES_SHOWN else [])]) + "\n"
