"""Rows of a table: small tables and bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import narwhals as nw
import numpy as np

from isthmus.apps.report.blocks import Bar, Bars, Block, Cell, Group
from isthmus.apps.report.blocks import Table as Grid
from isthmus.apps.report.kinds.base import Picked, Rows, picked_rows, take
from isthmus.apps.report.numbers import number
from isthmus.apps.report.scoring import Scoring
from isthmus.data.tables.table import Table
from isthmus.support.errors import counted

COLUMNS = 8
"""Columns of the user's table that a small table shows at most."""

ROWS = 5
"""Rows that a table compares at most."""

WORST, CONTRIBUTORS = 10, 3
"""Rows with the highest scores that are shown, and the cells of each that contribute most."""

LOADINGS = 6
FEATURES = 24
FLAT = 1e-6
"""Fraction of a standard deviation below which a column counts as unmoved."""

Columns = dict[str, np.ndarray]


class TableRows(Rows):
    """Rows of a table."""

    differences = "An atom's bars are standard deviations of the column that one step of the unit moves it by."

    def __init__(self, data: Table, X: Any) -> None:
        self.names = data.feature_names()
        numbers = {name: _numbers(values) for name, values in self._columns(X).items()}
        self.deviation = {n: _deviation(v) for n, v in numbers.items() if v is not None}

    @classmethod
    def pick(cls, data: Table, X: Any) -> Picked:
        """Return some rows; a list of rows as an array."""
        return picked_rows(data, np.asarray(X) if isinstance(X, (list, tuple)) else X)

    def versions(self, versions: Mapping[str, Any], errors: np.ndarray) -> list[Block]:
        """Show a line for each version of each row; the last is shaded by its error, with the largest in bold."""
        named = {version: self._columns(rows) for version, rows in versions.items()}
        errors = np.nan_to_num(errors)[:ROWS]
        chosen = np.sort(np.argsort(-errors.mean(0), kind="stable")[:COLUMNS])
        heat = np.maximum(errors[:, chosen], 0) / (errors[:, chosen].max() or 1.0)
        lines = []
        for row, shades in enumerate(heat):
            for version, columns in named.items():
                cells = [Cell(_text(columns[self.names[c]][row])) for c in chosen]
                lines.append([Cell(f"{row + 1} {version}"), *cells])
            lines[-1] = [lines[-1][0], *_shaded(lines[-1][1:], shades)]
        return [Grid(["row", *(self.names[c] for c in chosen)], lines, self._of(len(chosen)), len(named))]

    def extreme(self, title: str, versions: Mapping[str, Any], errors: Any) -> list[Block]:
        """Show them in a card."""
        return [Group(title, self.versions(versions, errors))]

    def grid(self, rows: Any, across: int, what: str, caption: str = "", names: Sequence[str] = ()) -> Block:
        """Show a table; of many columns those that vary most."""
        columns = self._columns(rows)
        moved = sorted(self.names, key=lambda name: -self._moved(name, columns[name]))[:COLUMNS]
        visible = [name for name in self.names if name in moved]
        heads = names or [str(row + 1) for row in range(len(columns[visible[0]]))]
        lines = [[Cell(head), *(Cell(_text(columns[n][row])) for n in visible)] for row, head in enumerate(heads)]
        return Grid(["", *visible], lines, ", ".join(filter(None, [caption, self._of(len(visible))])))

    def code_unit(self, name: str, below: Any, above: Any, walk: Any, steps: np.ndarray) -> list[Block]:
        """Show the atom as bars of the columns that the unit moves most, and the traversal as a table of these."""
        before, after, along = self._columns(below), self._columns(above), self._columns(walk)
        moved = self._largest_moves(along)
        loadings = {n: self._loading(n, before, after) for n in moved}
        longest = max(map(abs, loadings.values()), default=0.0) or 1.0
        bars = [Bar(n, v / longest, self._step(n, v, before, after)) for n, v in loadings.items()]
        head = ["traversal", *(f"{number(float(step), sign=True)}σ" if step else "mean" for step in steps)]
        lines = [[Cell(n), *(Cell(_text(value)) for value in along[n])] for n in moved]
        return [Bars(bars, "Atom"), Grid(head, lines)]

    def examples(self, name: str, rows: Any, activations: np.ndarray, walk: Any) -> Block:
        """Show the rows that activate a unit most, upright, in the columns that the unit moves most."""
        moved, columns = self._largest_moves(self._columns(walk)), self._columns(rows)
        lines = [[Cell(n), *(Cell(_text(value)) for value in columns[n][:ROWS])] for n in moved]
        return Grid(["highest rows", *map(_text, activations[:ROWS])], lines)

    def by_feature(self, errors: np.ndarray) -> list[Block]:
        """Show the columns with the largest errors as bars."""
        errors = np.nan_to_num(np.ravel(errors))
        worst = np.argsort(-errors, kind="stable")[:FEATURES]
        fractions = errors / (errors.max() or 1.0)
        bars = [Bar(self.names[c], float(fractions[c]), number(float(errors[c]), 3)) for c in worst]
        return [Bars(bars, ", ".join(filter(None, ["Mean error of each column", self._of(len(worst))])))]

    def abnormal(self, scoring: Scoring, reconstruct: Callable[[Any], Any]) -> list[Block]:
        """Show the rows with the highest scores, and the cells that contribute most to each."""
        at = scoring.worst(WORST)
        columns = self._columns(take(scoring.X, at))
        errors = np.maximum(np.nan_to_num(np.asarray(scoring.contributions(at), dtype=np.float64)), 0)
        lines = []
        for row, (index, title) in enumerate(zip(at, scoring.titles(at), strict=True)):
            order = np.argsort(-errors[row], kind="stable")[:CONTRIBUTORS]
            fractions = errors[row] / (errors[row].sum() or 1.0)
            cells = [
                Cell(f"{self.names[c]} = {_text(columns[self.names[c]][row])} ({fractions[c]:.0%})", fractions[c])
                for c in order
            ]
            score, p = scoring.scores[index], scoring.p_values[index]
            lines.append([Cell(title), Cell(number(float(score))), Cell(number(float(p), 2)), *cells])
        head = ["", "score", "p-value", "contributes most", "second", "third"][: 3 + min(CONTRIBUTORS, len(self.names))]
        return [Grid(head, lines)]

    def _columns(self, rows: Any) -> Columns:
        """Return the columns by name; numbers as float64."""
        frame = nw.from_native(rows, eager_only=True, pass_through=True)
        if isinstance(frame, nw.DataFrame):
            return {name: _values(frame[:, index]) for index, name in enumerate(self.names)}
        array = np.asarray(rows)
        return {name: array[:, index] for index, name in enumerate(self.names)}

    def _largest_moves(self, along: Columns) -> list[str]:
        moved = sorted(self.names, key=lambda name: -self._moved(name, along[name]))[:LOADINGS]
        return [name for name in moved if self._moved(name, along[name]) > FLAT] or moved[:1]

    def _moved(self, name: str, along: np.ndarray) -> float:
        """Return how far a column changes, in standard deviations; a change of category counts as one."""
        numbers = _numbers(along)
        if numbers is None or name not in self.deviation:
            return float(len(set(along.astype(str))) > 1)
        there = numbers[np.isfinite(numbers)]
        return float(np.ptp(there)) / self.deviation[name] if len(there) else 0.0

    def _loading(self, name: str, before: Columns, after: Columns) -> float:
        a, b = _numbers(before[name]), _numbers(after[name])
        if a is None or b is None or name not in self.deviation:
            return 0.0
        return float(np.nan_to_num((b[0] - a[0]) / self.deviation[name]))

    def _step(self, name: str, loading: float, before: Columns, after: Columns) -> str:
        if name in self.deviation:
            return f"{number(loading, 2, sign=True)} σ"
        a, b = str(before[name][0]), str(after[name][0])
        return f"stays {a}" if a == b else f"{a} → {b}"

    def _of(self, count: int) -> str:
        return "" if count == len(self.names) else f"{count} of {counted(len(self.names), 'column')}"


def _shaded(cells: Sequence[Cell], shades: np.ndarray) -> list[Cell]:
    """Return cells with a heat each; the hottest is marked."""
    pairs = zip(cells, shades, strict=True)
    return [replace(cell, heat=float(heat), marked=bool(heat == shades.max())) for cell, heat in pairs]


def _values(series: nw.Series[Any]) -> np.ndarray:
    if series.dtype.is_numeric():
        return series.cast(nw.Float64).to_numpy()
    return series.to_numpy()


def _numbers(values: np.ndarray) -> np.ndarray | None:
    """Return a column as float64, dates and durations in seconds; None where it is text or truth values."""
    if values.dtype.kind in "mM":
        return np.where(np.isnat(values), np.nan, values.astype(f"{values.dtype.kind}8[us]").astype(np.int64) / 1e6)
    if values.dtype.kind in "fiu":
        return values.astype(np.float64)
    plain = values.dtype == object and all(type(value) in (int, float) for value in values)
    return values.astype(np.float64) if plain else None


def _deviation(values: np.ndarray) -> float:
    return (float(np.nanstd(values)) if np.isfinite(values).any() else 0.0) or 1.0


def _text(value: object) -> str:
    """Return a cell as a short text."""
    if isinstance(value, np.datetime64):
        return str(value)[:16].replace("T", " ")
    if isinstance(value, (float, np.floating)):
        return "–" if np.isnan(value) else number(float(value))
    return "–" if value is None else str(value)
