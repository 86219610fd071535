"""What is measured of a fitted model on data: the figures of ``evaluate``, ``compare`` and ``demo``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np

QUANTILES = {"5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95, "largest": 1.0}

ACTIVE = 0.01
"""Variance of a unit's posterior mean above which it counts as active, beside a prior of variance 1 (Burda 2016)."""

STILL = 1e-4
"""Share of the most varying unit's variance up to which a unit counts as inactive, where there is no prior."""

PROBED = 5_000
"""Rows that a probe is trained and tested on, at most."""

MANY_CLASSES = 100

TIMED = 10_000
"""Rows whose encoding is timed, at most."""


def pieces(X: Any, y: Any = None) -> Iterator[tuple[Any, Any]]:
    """Yield rows and their labels: a stream piece by piece, anything else as a whole."""
    at = 0
    for piece in X.chunks() if hasattr(type(X), "chunks") else [X]:
        yield piece, None if y is None else y[at : at + len(piece)]
        at += len(piece)


def given(model: Any, y: Any) -> Any:
    """Return the labels where the model was trained with them beside x."""
    return y if model.condition == "y" else None


def measure(model: Any, X: Any, y: Any = None) -> dict[str, Any]:
    """Return the figures of a model on rows.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like what it was fitted on, or a stream of that
    y : array of shape (n,), optional
        Labels: given to a model that was trained with them, and what a linear probe of the codes predicts.

    Returns
    -------
    dict
        ``rows``; ``mse`` (of arrays and images) and ``explained``; ``error`` with its quantiles, in the units of the
        likelihood; ``elbo`` in nats, of variational models; ``units`` and ``active``; ``probe`` where there are
        classes; ``rows_per_second`` of encoding; ``columns`` of DataFrames.
    """
    likeness, codes, errors, bounds = Likeness(), [], [], []
    bounded = "posterior" in model.graphs()
    for piece, labels in pieces(X, y):
        beside = given(model, labels)
        codes.append(model.transform(piece, beside))
        errors.append(model.reconstruction_error(piece, condition=beside))
        likeness.add(piece, model.reconstruct(piece, beside))
        bounds += [model.score_samples(piece, beside)] if bounded else []
    z, error = np.concatenate(codes), np.concatenate(errors)
    figures = {"rows": len(z), **likeness.figures(), "error": {"mean": float(error.mean()), **quantiles(error)}}
    if bounded:
        figures["elbo"] = float(np.concatenate(bounds).mean())
    figures |= {"units": z.shape[1], "active": int(active(z, bounded).sum())}
    if (accuracy := probe(z, y)) is not None:
        figures["probe"] = accuracy
    return figures | {"rows_per_second": speed(model, piece, beside)}


def speed(model: Any, X: Any, beside: Any = None) -> int:
    """Return how many rows a second are encoded."""
    X, beside = X[:TIMED], None if beside is None else beside[:TIMED]
    began = time.perf_counter()
    model.transform(X, beside)
    return round(len(X) / (time.perf_counter() - began))


def quantiles(values: np.ndarray) -> dict[str, float]:
    """Return the quantiles of values by name."""
    return {name: float(np.quantile(values, q)) for name, q in QUANTILES.items()}


def active(z: np.ndarray, posterior: bool) -> np.ndarray:
    """Return which units of codes (n, units) vary.

    Examples
    --------
    >>> active(np.array([[0.0, 1.0], [0.0, 2.0]]), posterior=False).tolist()
    [False, True]
    """
    variance = z.var(axis=0)
    return variance > (ACTIVE if posterior else STILL * variance.max(initial=0.0))


def probe(z: np.ndarray, y: Any) -> float | None:
    """Return how well codes tell classes: `classify`, trained on half of the rows and tested on the other half.

    None where there are no labels, or too many different ones, or a class has a single row.
    """
    if y is None:
        return None
    classes, codes, counts = np.unique(np.asarray(y).astype(str), return_inverse=True, return_counts=True)
    if not 2 <= len(classes) <= min(MANY_CLASSES, len(z) // 4) or counts.min() < 2:
        return None
    from sklearn.model_selection import train_test_split

    kept = np.random.default_rng(0).permutation(len(z))[:PROBED]
    stratify = codes[kept] if np.bincount(codes[kept])[np.unique(codes[kept])].min() > 1 else None
    train, test, answers, truth = train_test_split(
        z[kept], codes[kept], test_size=0.5, random_state=0, stratify=stratify
    )
    return classify(train, answers, test, truth)


def classify(train: np.ndarray, answers: np.ndarray, test: np.ndarray, truth: np.ndarray) -> float:
    """Return the share of right answers of logistic regression from codes to classes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return float(classifier.fit(train.astype(np.float64), answers).score(test.astype(np.float64), truth))


class Likeness:
    """Sums over rows, from which follows how like reconstructions are to what was given; gaps count nothing."""

    def __init__(self) -> None:
        self.names: list[str] | None = None
        self.pictures = False
        self.sums = np.zeros((4, 0))
        self.words: dict[str, np.ndarray] = {}

    def add(self, X: Any, rebuilt: Any) -> None:
        """Add rows."""
        self.names, self.pictures = _names(X), np.ndim(X) > 2
        x, y = _numbers(X), _numbers(rebuilt)
        there = np.isfinite(x)
        x, error = np.where(there, x, 0.0), np.where(there, y - x, 0.0)
        sums = np.stack([there.sum(0), x.sum(0), (x**2).sum(0), (error**2).sum(0)])
        self.sums = self.sums + sums if self.sums.size else sums
        for name, cells in _texts(X).items():
            seen = cells != None  # noqa: E711  (elementwise)
            right = (cells == _texts(rebuilt)[name]) & seen
            self.words[name] = self.words.get(name, np.zeros(2)) + np.array([seen.sum(), right.sum()])

    def figures(self) -> dict[str, Any]:
        """Return ``mse``, ``explained`` and ``columns``, as far as there are such."""
        count, total, squares, errors = self.sums
        spread = squares - total**2 / np.maximum(count, 1)
        moved = spread > 1e-12 * np.maximum(squares, 1e-300)
        found: dict[str, Any] = {}
        if self.names is None:
            found["mse"] = float(errors.sum() / count.sum())
        if moved.any() and self.pictures:
            found["explained"] = float(1 - errors.sum() / spread.sum())
        elif moved.any():
            found["explained"] = float(np.mean(1 - errors[moved] / spread[moved]))
        if self.names is not None:
            rmse = np.sqrt(errors / np.maximum(count, 1))
            shares = [1 - e / s if m else None for e, s, m in zip(errors, spread, moved, strict=True)]
            numeric = zip(self.names, rmse.tolist(), shares, strict=True)
            found["columns"] = [{"column": name, "rmse": e, "explained": s} for name, e, s in numeric]
            found["columns"] += [
                {"column": n, "right": float(right / max(seen, 1))} for n, (seen, right) in self.words.items()
            ]
        return found


def _frame(X: Any) -> Any:
    """Return X as a frame of narwhals, or None where it is no DataFrame."""
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    return frame if isinstance(frame, nw.DataFrame) else None


def _numeric(frame: Any) -> list[str]:
    return [name for name in frame.columns if frame[name].dtype.is_numeric() or frame[name].dtype == nw.Boolean]


def _names(X: Any) -> list[str] | None:
    frame = _frame(X)
    return None if frame is None else _numeric(frame)


def _numbers(X: Any) -> np.ndarray:
    """Return numbers as float64 (n, elements), pixels in [0, 1]; NaN where a cell is missing."""
    frame = _frame(X)
    if frame is not None:
        columns = [frame[name].cast(nw.Float64).to_numpy() for name in _numeric(frame)]
        return np.stack(columns, axis=1).astype(np.float64) if columns else np.zeros((len(frame), 0))
    array = np.asarray(X)
    scale = 255 if array.dtype == np.uint8 and array.ndim > 2 else 1
    return array.reshape(len(array), -1).astype(np.float64) / scale


def _texts(X: Any) -> dict[str, np.ndarray]:
    """Return the columns of text or categories of a frame, None where a cell is missing."""
    frame = _frame(X)
    if frame is None:
        return {}
    kinds = (nw.String, nw.Categorical, nw.Enum, nw.Object)
    texts = (name for name in frame.columns if isinstance(frame[name].dtype, kinds))
    return {name: np.array([_cell(v) for v in frame[name].to_list()], dtype=object) for name in texts}


def _cell(value: Any) -> Any:
    return None if value is None or value != value else value
