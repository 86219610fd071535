"""The imputers that ours is measured beside: scikit-learn's mean and neighbours, chained ridge, and missForest.

Neighbours and ridge see standardised numbers and one-hot categories. The chained ones do what IterativeImputer does,
each column from all others in turn, with a classifier for categories: IterativeImputer itself, given one-hot columns,
predicts each from the rest of its block and never leaves the mode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import KNNImputer
from sklearn.linear_model import BayesianRidge, RidgeClassifier

from benchmarks.support.imputation_tables import numeric

TREES, ROUNDS = 100, 10


def peers(seed: int) -> dict[str, Callable[[pd.DataFrame], pd.DataFrame]]:
    """Return what fills a table, by name."""
    forest: dict[str, Any] = {"n_estimators": TREES, "max_features": "sqrt", "random_state": seed, "n_jobs": 1}
    return {
        "mean or mode": central,
        "KNNImputer": nearest,
        "IterativeImputer (ridge)": lambda frame: chained(frame, BayesianRidge, RidgeClassifier, spread=True),
        "missForest": lambda frame: chained(
            frame, lambda: RandomForestRegressor(**forest), lambda: RandomForestClassifier(**forest), stop=True
        ),
    }


def central(frame: pd.DataFrame) -> pd.DataFrame:
    """Fill a table with means and modes."""
    numbers = numeric(frame)
    return frame.fillna({name: frame[name].mean() if name in numbers else frame[name].mode()[0] for name in frame})


def nearest(frame: pd.DataFrame) -> pd.DataFrame:
    """Fill a table with the mean of five neighbours, or the category that most of them have."""
    numbers = frame[numeric(frame)]
    mean, deviation = numbers.mean(), numbers.std(ddof=0).replace(0, 1)
    blocks = {name: pd.get_dummies(frame[name], dtype=float) for name in frame if name not in numbers}
    for name, block in blocks.items():
        block[frame[name].isna()] = np.nan
    found = KNNImputer().fit_transform(pd.concat([(numbers - mean) / deviation, *blocks.values()], axis=1).to_numpy())
    filled, at = frame.copy(), numbers.shape[1]
    filled[numbers.columns] = numbers.where(numbers.notna(), found[:, :at] * deviation.to_numpy() + mean.to_numpy())
    for name, block in blocks.items():
        best = block.columns.to_numpy(dtype=object)[found[:, at : at + block.shape[1]].argmax(1)]
        filled[name] = frame[name].where(frame[name].notna(), best)
        at += block.shape[1]
    return filled


def chained(
    frame: pd.DataFrame,
    regressor: Callable[[], Any],
    classifier: Callable[[], Any],
    spread: bool = False,
    stop: bool = False,
) -> pd.DataFrame:
    """Fill a table, each column from all others in turn, those with the fewest gaps first, in at most ten rounds.

    Parameters
    ----------
    frame : DataFrame
    regressor, classifier : callable
        Make a model for a column of numbers or of categories.
    spread : bool
        Whether categories are shown one-hot and numbers standardised; else all are shown as they are, or as codes.
    stop : bool
        Whether to stop, one round back, once numbers and categories change more than in the round before (missForest,
        Stekhoven & Bühlmann 2012).
    """
    numbers, missing = set(numeric(frame)), frame.isna().to_numpy()
    known = {name: np.array(sorted(frame[name].dropna().unique()), dtype=object) for name in frame}
    first = central(frame)
    X = np.stack(
        [first[name] if name in numbers else np.searchsorted(known[name], first[name]) for name in frame], axis=1
    ).astype(float)
    real = np.isin(frame.columns, list(numbers))
    before = np.full(2, np.inf)
    for _ in range(ROUNDS):
        last = X.copy()
        for index in np.argsort(missing.sum(0), kind="stable"):
            if (gone := missing[:, index]).any():
                others = shown(X, index, real, known, frame.columns) if spread else np.delete(X, index, axis=1)
                model, there = (regressor if real[index] else classifier)(), ~gone
                target = X[there, index]
                constant = len(np.unique(target)) == 1
                X[gone, index] = target[0] if constant else model.fit(others[there], target).predict(others[gone])
        change = changed(last, X, real, missing)
        if stop and np.all((change >= before) | (change == 0)):
            X = last
            break
        before = change
    filled = frame.copy()
    for index, name in enumerate(frame):
        values = X[:, index] if real[index] else known[name][X[:, index].astype(int)]
        filled[name] = frame[name].where(~missing[:, index], values)
    return filled


def shown(X: np.ndarray, index: int, real: np.ndarray, known: dict[Any, np.ndarray], names: Any) -> np.ndarray:
    """Return all columns but one: numbers standardised, categories one-hot."""
    numbers = [at for at in np.flatnonzero(real) if at != index]
    blocks = [(X[:, numbers] - X[:, numbers].mean(0)) / X[:, numbers].std(0).clip(1e-12)]
    blocks += [np.eye(len(known[names[at]]))[X[:, at].astype(int)] for at in np.flatnonzero(~real) if at != index]
    return np.concatenate(blocks, axis=1)


def changed(before: np.ndarray, after: np.ndarray, real: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return how much numbers changed, relative to their squares, and which fraction of the missing categories did."""
    numbers = np.square(after - before)[:, real].sum() / max(np.square(after)[:, real].sum(), 1e-300)
    return np.array([numbers, (after != before)[:, ~real].sum() / max(missing[:, ~real].sum(), 1)])
