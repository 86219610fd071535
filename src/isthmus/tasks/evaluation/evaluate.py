"""What is measured of a fitted model on data: the figures of ``evaluate``, ``compare`` and ``demo``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from isthmus.tasks.evaluation.reconstruction import ReconstructionMetrics

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
    likeness, codes, errors, bounds = ReconstructionMetrics(), [], [], []
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
