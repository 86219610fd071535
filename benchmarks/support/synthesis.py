"""Synthetic rows: tables in halves, what rows are good for, and how near they come to those learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.neighbors import NearestNeighbors

from benchmarks.support.data import found

COMPARED = 3000
"""Rows whose distance to the closest training row is computed."""


@dataclass(frozen=True)
class Halves:
    """Rows to learn from, and as many fresh ones of the same table.

    Attributes
    ----------
    train, fresh : DataFrame
    target : str
        The column that is predicted.
    positive : str or None
        The class whose probability is ranked; None: the target is a number.
    """

    train: pd.DataFrame
    fresh: pd.DataFrame
    target: str
    positive: str | None = None

    @property
    def texts(self) -> list[str]:
        return [name for name in self.train if not pd.api.types.is_numeric_dtype(self.train[name])]

    def usefulness(self, rows: pd.DataFrame) -> float:
        """Return the AUROC, or the R², on the fresh rows of gradient boosting trained on `rows`."""
        (X, y), (T, t) = self._split(rows), self._split(self.fresh)
        texts = [name in self.texts for name in rows.columns.drop(self.target)]
        if self.positive is None:
            model = HistGradientBoostingRegressor(categorical_features=texts, random_state=0).fit(X, y)
            return float(r2_score(t, model.predict(T)))
        model = HistGradientBoostingClassifier(categorical_features=texts, random_state=0).fit(X, y)
        return float(roc_auc_score(t, model.predict_proba(T)[:, 1]))

    def _split(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        target, rest = rows[self.target], rows.drop(columns=self.target)
        columns = [self._codes(rest[name]) if name in self.texts else rest[name].astype(float) for name in rest]
        y = target.astype(float) if self.positive is None else target == self.positive
        return np.stack(columns, 1), y.to_numpy()

    def _codes(self, column: pd.Series) -> np.ndarray:
        codes = pd.Categorical(column, sorted(self.train[column.name].dropna().unique())).codes
        return np.where(codes < 0, np.nan, codes)

    def copies(self, rows: pd.DataFrame) -> float:
        """Return the fraction of rows that equal a training row in every cell."""
        known = set(map(tuple, self._plain(self.train)))
        return float(np.mean([tuple(row) in known for row in self._plain(rows)]))

    @staticmethod
    def _plain(rows: pd.DataFrame) -> list[list[object]]:
        return rows.astype(object).where(rows.notna(), None).to_numpy().tolist()

    def distance(self, rows: pd.DataFrame) -> float:
        """Return the median distance to the closest training row.

        Euclidean, of numbers in standard deviations of the training rows; two categories are 1 apart, a gap is one of
        its own; a gap among numbers is the mean.
        """
        near, _ = self._neighbours.kneighbors(self._points(rows[:COMPARED]))
        return float(np.median(near))

    @cached_property
    def _neighbours(self) -> NearestNeighbors:
        return NearestNeighbors(n_neighbors=1, algorithm="brute").fit(self._points(self.train))

    def _points(self, rows: pd.DataFrame) -> np.ndarray:
        numbers = self.train.columns.drop(self.texts)
        scaled = (rows[numbers] - self.train[numbers].mean()) / self.train[numbers].std()
        hot = [np.nan_to_num(self._codes(rows[name]), nan=-1)[:, None] == self._indices(name) for name in self.texts]
        return np.concatenate([scaled.fillna(0).to_numpy(), *(block / np.sqrt(2) for block in hot)], 1).astype("f4")

    def _indices(self, name: str) -> np.ndarray:
        return np.arange(-1, self.train[name].nunique())


FILES = {
    "adult": ("tabular_missing/adult_train.csv", "income", ">50K"),
    "California housing": ("tabular_missing/california_housing.csv", "median_house_value", None),
}


def halves(name: str, seed: int, rows: int) -> Halves:
    """Return twice `rows` rows of a table, drawn without replacement."""
    path, target, positive = FILES[name]
    table = pd.read_csv(found(path), na_values=["?"]).sample(2 * rows, random_state=seed, ignore_index=True)
    return Halves(table[:rows], table[rows:], target, positive)
