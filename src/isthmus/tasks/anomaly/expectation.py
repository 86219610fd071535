"""Expectation: what the model expected where a row is unusual, and how far normal rows are from what is expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10

import narwhals as nw
import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Columns, Data, Field, Rows, rows, take
from isthmus.core.graphs import Graph
from isthmus.core.records import Batch
from isthmus.data.sources.in_memory import pieces
from isthmus.data.tables.cells import tidy
from isthmus.data.tables.rows import column, joined
from isthmus.tasks.anomaly.scorer import Scorer

NORMAL = 0.6827
"""The fraction of normal rows within the deviation: that of a normal variable within one standard deviation."""
PASSES = 3
"""Further passes, each with the farthest column replaced by what was expected of it."""
COMPARED = 2000
"""Rows whose residuals are looked at, at most."""
TIME = "time"
"""The kind of the cells of a column of dates that holds times of day."""
NO_DAY = -2_208_988_800
"""The second at which 1900-01-01 begins, the day of times that were read without one, as by ``strptime``."""
UNITS = {"days": 86400.0, "hours": 3600.0, "minutes": 60.0, "seconds": 1.0}


class Expect(Graph):
    """Maps columns to their expected values: the reconstruction.

    A value that is far off changes the reconstruction of all others. In a table, a number far outside its learnt range
    is therefore reconstructed from the edge of this; then the column that is farthest from its reconstruction is
    replaced by that, and the row is reconstructed again.
    """

    def forward(self, columns: Columns) -> Columns:
        """Return the columns, and `value` (in the row), `number` (expected), `certainty` (of a category)."""
        batch = self.data.batch(columns)
        near = self.data.batch(self.data.near(columns))
        mean = self._mean(near)
        for _ in range(0 if batch.feature is None else PASSES):
            far = farthest(batch, mean)
            mean = self._mean(near.with_(corrupted=torch.where(far, mean, near.x)))
        expected = self.data.invert(mean)
        value, number = self.data.quantities(columns), self.data.quantities(expected)
        return {**expected, "value": value, "number": number, "certainty": self.data.certainty(mean)}

    def _mean(self, batch: Batch) -> Tensor:
        mean: Tensor = self.model.likelihood.mean(self.model(batch, False).y)
        return mean


def farthest(batch: Batch, mean: Tensor) -> Tensor:
    """Return which elements belong to the column that is farthest from its reconstruction, in the shape of x."""
    assert batch.feature is not None  # a table
    squares = (batch.x - mean).square()
    squares = squares if batch.observed is None else squares * batch.observed
    columns = squares.new_zeros(len(squares), int(batch.feature.max()) + 1).index_add(1, batch.feature, squares)
    return batch.feature == columns.argmax(1, keepdim=True)


@dataclass(frozen=True)
class Expected:
    """What the model expected of rows: its reconstruction of them.

    Attributes
    ----------
    values : DataFrame or array, like the rows
        The reconstruction; in a table from the other columns, where one is far off.
    deviation : dict of str to float
        How far normal rows are from what is expected, by column: two thirds of those that the threshold was chosen from
        are nearer. NaN for categories, and where a file of a former version does not say.
    certainty : ndarray of shape (n, columns)
        How probable the expected category is; NaN for numbers.
    """

    values: Rows
    deviation: dict[str, float]
    certainty: np.ndarray


@dataclass(frozen=True)
class Cell:
    """One value of a row, and what was expected instead.

    Attributes
    ----------
    value, expected : object
        Python numbers, or dates as text.
    deviation : float or None
        Of a number: how far normal rows are from what is expected; in seconds for dates.
    probability : float or None
        Of a category: the model's probability of the expected one.
    kind : str
        As `isthmus.core.data.Field` has it, or "time" for a date of a column that holds times of day.
    """

    value: object
    expected: object
    deviation: float | None
    probability: float | None
    kind: str = "float"

    @property
    def value_text(self) -> str:
        """The value in few digits."""
        return "missing" if self.value is None else _written(self.value)

    @property
    def expected_text(self) -> str:
        """What was expected: ``0.4 ± 0.1``, or ``tcp (97 %)``.

        Examples
        --------
        >>> Cell(-0.17, 0.41, 0.098, None).expected_text, Cell("icmp", "tcp", None, 0.974).expected_text
        ('0.4 ± 0.1', 'tcp (97 %)')
        >>> Cell("2025-01-01", "2025-06-03 14:22:10", 7e6, None, "date").expected_text
        '2025-06-03 ± 81 days'
        >>> Cell("13:45", "12:10:29", 5400.0, None, "time").expected_text
        '12:10 ± 1.5 hours'
        """
        if self.probability is not None:
            return f"{_written(self.expected)} ({100 * self.probability:.0f} %)"
        if self.deviation is None:
            return _written(self.expected)
        if self.kind == "date":
            return f"{_as_fine(str(self.expected), self.deviation)} ± {span(self.deviation)}"
        if self.kind == TIME:
            return f"{str(self.expected)[: 5 if self.deviation >= 60 else 8]} ± {span(self.deviation)}"
        if self.kind == "duration":
            return f"{self.expected} ± {span(self.deviation)}"
        return plus_minus(float(str(self.expected)), self.deviation)


@dataclass(frozen=True)
class Compared:
    """Rows beside what was expected of them, cell by cell."""

    X: Rows
    expected: Rows
    names: Sequence[str]
    kinds: Mapping[str, str]
    value: np.ndarray
    number: np.ndarray
    certainty: np.ndarray
    deviation: np.ndarray

    def cells(self, index: np.ndarray) -> list[Cell]:
        """Return a cell of each row: that in the column with the index of the row."""
        by_row: dict[int, Cell] = {}
        for at in np.unique(index).tolist():
            chosen = np.flatnonzero(index == at)
            by_row.update(zip(chosen.tolist(), self._column(at, chosen), strict=True))
        return [by_row[row] for row in range(len(index))]

    def _column(self, at: int, chosen: np.ndarray) -> list[Cell]:
        kind, deviation = self.kinds.get(self.names[at], "float"), float(self.deviation[at])
        known = deviation if np.isfinite(deviation) else None
        value, number = self.value[chosen, at], self.number[chosen, at]
        if kind in ("float", "integer"):
            pairs = zip(value.tolist(), number.tolist(), strict=True)
            return [Cell(None if v != v else v, e, known, None, kind) for v, e in pairs]
        seen, expected = (_cells(side, self.names, at)[chosen] for side in (self.X, self.expected))
        probable = self.certainty[chosen, at].tolist()
        triples = zip(tidy(seen), tidy(expected), probable, strict=True)
        text = _time if kind == TIME else _plain
        return [Cell(text(v), text(e), known, None if p != p else p, kind) for v, e, p in triples]


def compared(scorer: Scorer, X: Rows, deviation: np.ndarray) -> Compared:
    """Return rows in memory beside what was expected of them."""
    (group,) = scorer.autoencoder.groups(X)  # rows with names have one size
    data, columns = scorer.data, scorer.autoencoder.run_columns(_graph(scorer), group.columns)
    names = data.row_names()
    sides = {name: data.per_row(columns[name], group.rows).numpy() for name in ("value", "number", "certainty")}
    known = deviation if len(deviation) else np.full(len(names), np.nan)
    kinds = {field.name: TIME if field.kind == "date" and on_no_day(field) else field.kind for field in data.fields()}
    return Compared(group.rows, data.write(columns, like=group.rows), names, kinds, **sides, deviation=known)


def expected(scorer: Scorer, X: Rows, deviation: np.ndarray) -> Expected:
    """Return what was expected of rows, or of a stream."""
    parts = [compared(scorer, piece, deviation) for piece in pieces(X)]
    typical = dict(zip(parts[0].names, parts[0].deviation.tolist(), strict=True))
    certainty = np.concatenate([part.certainty for part in parts])
    return Expected(joined([part.expected for part in parts]), typical, certainty)


def typical_residuals(scorer: Scorer, read: Iterable[Columns]) -> np.ndarray:
    """Return how far normal rows are from what is expected: a quantile over some of them, for each of their columns.

    Empty for data whose values have no names, such as images; NaN for columns without numbers.
    """
    data = scorer.data
    if not data.named_columns:
        return np.zeros(0)
    residuals = [_residuals(scorer, columns) for columns in read]
    sizes = np.concatenate(residuals).reshape(-1, len(data.row_names()))
    there = np.isfinite(sizes).any(0)
    sizes[:, ~there] = 0.0
    return np.where(there, np.nanquantile(sizes, NORMAL, axis=0), np.nan)


def _residuals(scorer: Scorer, columns: Columns) -> np.ndarray:
    some = take(columns, torch.linspace(0, rows(columns) - 1, min(rows(columns), COMPARED)).long())
    sides = scorer.autoencoder.run_columns(_graph(scorer), some)
    distance: Tensor = (sides["value"] - sides["number"]).abs()
    return distance.flatten(0, -2).numpy()


def _graph(scorer: Scorer) -> Expect:
    data: Data = scorer.data
    return Expect(data, scorer.autoencoder.model_).eval()


def _cells(X: Rows, names: Sequence[str], at: int) -> np.ndarray:
    """Return the cells of a column."""
    return column(X, names[at] if nw.dependencies.is_into_dataframe(X) else at)


def on_no_day(field: Field) -> bool:
    """Return whether the dates of a column are all on the day that stands for none: they are times of day.

    Examples
    --------
    >>> noon = NO_DAY + 43_200
    >>> [on_no_day(Field("start", "date", low=noon, high=noon + seconds)) for seconds in (60, 86_400)]
    [True, False]
    """
    return field.low is not None and field.high is not None and NO_DAY <= field.low <= field.high < NO_DAY + 86_400


def _time(value: object) -> object:
    """Return the time of day of a date as text, ``13:45`` or ``13:45:10``; a gap as it is."""
    return str(value.astype("M8[s]"))[11:].removesuffix(":00") if isinstance(value, np.datetime64) else value


def _plain(value: object) -> object:
    """Return a cell as JSON has it, a date as text."""
    if isinstance(value, np.datetime64):
        return str(value.astype("M8[s]")).replace("T", " ").removesuffix(" 00:00:00")
    if isinstance(value, np.timedelta64):
        return span(float(value / np.timedelta64(1, "s")))
    plain = value.item() if isinstance(value, np.generic) else value
    return plain if plain is None or isinstance(plain, (bool, int, float)) else str(plain)


# -- numbers as text -------------------------------------------------------------------------------------------------


def _written(value: object) -> str:
    return plain_number(value) if isinstance(value, float) else str(value)


def plain_number(value: float, digits: int = 4) -> str:
    """Return a number in few digits, whole ones in full.

    Examples
    --------
    >>> plain_number(-0.17), plain_number(123456.7), plain_number(2.0), plain_number(1.5e-7), plain_number(1e20)
    ('-0.17', '123457', '2', '1.5e-07', '1e+20')
    """
    if value == 0 or not 1e-4 <= abs(value) < 1e15:
        return f"{value:.{digits}g}"
    return _rounded(value, max(0, digits - 1 - floor(log10(abs(value)))))


def _rounded(value: float, decimals: int) -> str:
    text = f"{round(value, decimals):.{max(decimals, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plus_minus(value: float, deviation: float) -> str:
    """Return a number with its deviation, both rounded to the digits that the deviation leaves significant.

    Examples
    --------
    >>> plus_minus(0.4123, 0.0987), plus_minus(0.4123, 0.0131), plus_minus(12345.0, 678.0), plus_minus(3.0, 0.0)
    ('0.4 ± 0.1', '0.412 ± 0.013', '12300 ± 700', '3 ± 0')
    """
    if not 1e-8 < deviation < 1e15:
        return f"{plain_number(value)} ± {plain_number(deviation)}"
    decimals = -floor(log10(deviation))
    first = deviation * 10.0**decimals
    decimals += int(first < 1.95) - int(first >= 9.5)  # a first digit 1 says too little alone
    return f"{_fixed(value, decimals)} ± {_fixed(deviation, decimals)}"


def _fixed(value: float, decimals: int) -> str:
    return f"{round(value, decimals) + 0.0:.{max(decimals, 0)}f}"


def _as_fine(date: str, seconds: float) -> str:
    """Return a date without what its deviation leaves insignificant: the time of day, or the seconds.

    Examples
    --------
    >>> [_as_fine("2025-06-03 14:22:10", seconds) for seconds in (2e5, 600.0, 5.0)]
    ['2025-06-03', '2025-06-03 14:22', '2025-06-03 14:22:10']
    """
    return date[:10] if seconds >= 86_400 else date[:16] if seconds >= 60 else date


def span(seconds: float) -> str:
    """Return a duration in a suitable unit.

    Examples
    --------
    >>> span(200000.0), span(90.0), span(1.2e7)
    ('2.3 days', '1.5 minutes', '139 days')
    """
    unit = next((unit for unit, size in UNITS.items() if seconds >= size), "seconds")
    number = seconds / UNITS[unit]
    return f"{number:.0f} {unit}" if number >= 10 else f"{number:.2g} {unit}"
