"""Metrics of reconstructions, for every kind of data and column by column."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from isthmus.core.data import Data, Rows
from isthmus.tasks.evaluation.waveforms import si_sdr

CATEGORICAL = (nw.Boolean, nw.String, nw.Categorical, nw.Enum, nw.Object)
"""Types of columns that are evaluated by accuracy."""


class ReconstructionMetrics:
    """Sums over rows, from which follows how close reconstructions are to them; missing cells count nothing.

    Parameters
    ----------
    data : Data
        Fitted: what the rows are.
    """

    def __init__(self, data: Data) -> None:
        self.data = data
        self.columns: list[str] | None = None
        self.kinds: tuple[list[str], list[str]] = [], []
        self.numbers = self.categories = np.zeros((1, 1))
        self.ratios: list[float] = []

    def add(self, X: Rows, reconstruction: Rows) -> None:
        """Add rows of one size; columns that were not reconstructed, since they are a condition, are left out."""
        self.columns = _columns(reconstruction)
        numeric, categorical = _kinds(reconstruction)
        x, y = self._numbers(X, numeric), self._numbers(reconstruction, numeric)
        there = np.isfinite(x)
        x, error = np.where(there, x, 0.0), np.where(there, y - x, 0.0)
        self.numbers = self.numbers + np.stack([there.sum(0), x.sum(0), (x**2).sum(0), (error**2).sum(0)])
        a, b = _categories(X, categorical), _categories(reconstruction, categorical)
        there = a != None  # noqa: E711  (elementwise)
        self.categories = self.categories + np.stack([there.sum(0), (there & (a == b)).sum(0)])
        self.kinds = numeric, categorical
        pairs = zip(self.data.waveforms(X), self.data.waveforms(reconstruction), strict=True)
        self.ratios += [si_sdr(*pair) for pair in pairs]

    def figures(self) -> dict[str, Any]:
        """Return what applies of ``mse``, ``explained``, ``si_sdr``, ``columns`` and ``unmeasured``, dates say."""
        count, total, squares, errors = self.numbers
        spread = squares - total**2 / np.maximum(count, 1)
        moved = spread > 1e-12 * np.maximum(squares, 1e-300)
        metrics = {} if self.columns is not None else {"mse": float(errors.sum() / count.sum())}
        if moved.any() and self.data.named_columns:
            metrics["explained"] = float(np.mean(1 - errors[moved] / spread[moved]))
        elif moved.any():
            metrics["explained"] = float(1 - errors.sum() / spread.sum())
        if sounding := [ratio for ratio in self.ratios if not np.isnan(ratio)]:
            metrics["si_sdr"] = float(np.mean(sounding))
        if self.columns is None:
            return metrics
        measured = self._by_column(spread, moved)
        left = sorted(set(self.columns) - {column["column"] for column in measured}, key=self.columns.index)
        return {**metrics, "columns": measured, **({"unmeasured": left} if left else {})}

    def _numbers(self, X: Rows, names: list[str]) -> np.ndarray:
        """Return numbers as float64 (n, features), NaN where a cell is missing."""
        frame = _frame(X)
        if frame is None:
            return self.data.numbers(X)
        return _side_by_side([frame[name].cast(nw.Float64).to_numpy() for name in names], len(frame), np.float64)

    def _by_column(self, spread: np.ndarray, moved: np.ndarray) -> list[dict[str, Any]]:
        """Return the metric of each column: root mean squared error, or accuracy."""
        numeric, categorical = self.kinds
        count, _, _, errors = self.numbers
        by_name: dict[str, dict[str, Any]] = {}
        for index, name in enumerate(numeric):
            explained = float(1 - errors[index] / spread[index]) if moved[index] else None
            by_name[name] = {"rmse": float(np.sqrt(errors[index] / max(count[index], 1))), "explained": explained}
        for name, seen, right in zip(categorical, *self.categories, strict=True):
            by_name[name] = {"right": float(right / max(seen, 1))}
        return [{"column": name, **by_name[name]} for name in self.columns or [] if name in by_name]


def _frame(X: Rows) -> nw.DataFrame[Any] | None:
    """Return X as a frame of narwhals, or None where it is no DataFrame."""
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    return frame if isinstance(frame, nw.DataFrame) else None


def _columns(X: Rows) -> list[str] | None:
    frame = _frame(X)
    return None if frame is None else list(frame.columns)


def _kinds(X: Rows) -> tuple[list[str], list[str]]:
    """Return the names of the numeric and of the categorical columns; dates are neither."""
    frame = _frame(X)
    kinds = {} if frame is None else {name: frame[name].dtype for name in frame.columns}
    numeric = [name for name, kind in kinds.items() if kind.is_numeric()]
    return numeric, [name for name, kind in kinds.items() if isinstance(kind, CATEGORICAL)]


def _categories(X: Rows, names: list[str]) -> np.ndarray:
    """Return categorical columns as objects (n, columns), None for missing cells."""
    frame = _frame(X)
    columns = [] if frame is None else [frame[name].to_list() for name in names]
    listed = [[None if v is None or v != v else v for v in cells] for cells in columns]
    return _side_by_side([np.array(cells, dtype=object) for cells in listed], len(X), object)


def _side_by_side(columns: list[np.ndarray], rows: int, dtype: type) -> np.ndarray:
    return np.stack(columns, axis=1).astype(dtype) if columns else np.zeros((rows, 0), dtype)
