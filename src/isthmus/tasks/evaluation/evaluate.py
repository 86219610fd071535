"""Evaluation: metrics of a fitted model, such as its error and how well its codes predict classes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from isthmus.core.data import Rows
from isthmus.data.inputs import labelled
from isthmus.data.sources.in_memory import pieces
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.support.errors import InputError
from isthmus.tasks.base import Labels
from isthmus.tasks.evaluation.codes import CodeStatistics
from isthmus.tasks.evaluation.reconstruction import ReconstructionMetrics

QUANTILES = {"5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95, "largest": 1.0}

PROBED = 5_000
"""Maximum number of rows for training and testing a probe."""

MAX_CLASSES = 100

TIMED = 10_000
"""Maximum number of rows whose encoding is timed."""


def labelled_pieces(X: Rows, y: Labels = None) -> Iterator[tuple[Rows, Labels]]:
    """Yield rows and their labels: a stream piece by piece, anything else as a whole."""
    start = 0
    for piece in pieces(X):
        yield piece, None if y is None else y[start : start + len(piece)]
        start += len(piece)


def sized_pieces(model: Autoencoder, X: Rows, y: Labels = None) -> Iterator[tuple[Rows, Labels]]:
    """Yield rows and their labels piece by piece, those of one size together: in another order where sizes differ."""
    for piece, labels in labelled_pieces(X, y):
        for index, rows in model.data_.groups(piece):
            yield rows, labels if index is None or labels is None else np.asarray(labels)[index.numpy()]


def condition_of(model: Autoencoder, y: Labels) -> Labels:
    """Return the labels if they are the model's condition, else None."""
    return y if model.condition == "y" else None


def evaluate(model: Autoencoder, X: Rows, y: Labels = None) -> dict[str, Any]:
    """Evaluate a fitted model on rows; a stream is evaluated piece by piece.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like the training data, or a stream
    y : array of shape (n,), optional
        Labels: the condition of a model that was trained with them, and the classes that a linear probe predicts.

    Returns
    -------
    dict
        ``rows``; ``mse`` (of arrays and images) and ``explained`` (fraction of the variance); ``si_sdr`` of
        recordings, in decibels; ``error``: its mean and
        quantiles over the rows, in the units of the likelihood; ``elbo`` in nats, of variational models; ``units`` of
        a code and how many are ``active``, over rows and positions; ``probe``: accuracy of a linear probe on codes, the
        mean over their positions where they have several, where there are classes; ``rows_per_second`` of encoding;
        ``columns`` of DataFrames, each with its own error, and ``unmeasured``, those of dates and durations.

    Raises
    ------
    InputError
        The model is not an Autoencoder.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(100, 1)) * [1.0, 2.0, 3.0]
    >>> model = Autoencoder("linear", latent_dim=1, epochs=20, random_state=0).fit(X)
    >>> round(evaluate(model, X)["explained"], 2)
    1.0
    """
    if not isinstance(model, Autoencoder):
        raise InputError(
            f"evaluate measures an Autoencoder, not {type(model).__name__}: give its autoencoder_, or call "
            "evaluate(X, y) of a detector for how well it tells abnormal rows"
        )
    X, y = labelled(X, y)
    metrics, codes, errors, bounds, classes = ReconstructionMetrics(model.data_), CodeStatistics(model), [], [], []
    has_elbo = "posterior" in model.graphs()
    for piece, labels in sized_pieces(model, X, y):
        condition = condition_of(model, labels)
        codes.add(piece, condition)
        errors.append(model.reconstruction_error(piece, condition=condition))
        metrics.add(piece, model.reconstruct(piece, condition))
        bounds += [model.score_samples(piece, condition)] if has_elbo else []
        classes += [] if labels is None else [np.asarray(labels)]
    error = np.concatenate(errors)
    figures = {"rows": len(error), **metrics.figures(), "error": {"mean": float(error.mean()), **quantiles(error)}}
    if has_elbo:
        figures["elbo"] = float(np.concatenate(bounds).mean())
    figures |= {"units": model.model_.latent_dim, "active": int(codes.active().sum())}
    if (accuracy := probe(codes.vectors, np.concatenate(classes) if classes else None)) is not None:
        figures["probe"] = accuracy
    return figures | {"rows_per_second": speed(model, piece, condition)}


def evaluated_rows(model: Autoencoder, X: Rows, y: Labels = None) -> Iterator[dict[str, np.ndarray]]:
    """Yield what is measured of each row, piece by piece, in the order of X.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    X : like the training data, or a stream
    y : array of shape (n,), optional
        The condition of a model that was trained with labels.

    Yields
    ------
    dict of ndarray of shape (n,)
        ``error``, the mean over the elements of a row; of variational models ``elbo`` in nats.
    """
    bounded = "posterior" in model.graphs()
    for piece, labels in labelled_pieces(*labelled(X, y)):
        condition = condition_of(model, labels)
        bound = {"elbo": model.score_samples(piece, condition)} if bounded else {}
        yield {"error": model.reconstruction_error(piece, condition=condition), **bound}


def speed(model: Autoencoder, X: Rows, condition: Labels = None) -> int:
    """Return the number of rows encoded per second."""
    X, condition = X[:TIMED], None if condition is None else condition[:TIMED]
    began = time.perf_counter()
    model.transform(X, condition)
    return round(len(X) / (time.perf_counter() - began))


def quantiles(values: np.ndarray) -> dict[str, float]:
    """Return the quantiles of values by name."""
    return {name: float(np.quantile(values, q)) for name, q in QUANTILES.items()}


def probe(z: np.ndarray, y: ArrayLike | None) -> float | None:
    """Return the accuracy of `classify` on codes, trained on half of the rows and tested on the other half.

    None if there are no labels, or several a row, or too many different ones, or a class has a single row.
    """
    if y is None or np.ndim(y) != 1:
        return None
    classes, codes, counts = np.unique(np.asarray(y).astype(str), return_inverse=True, return_counts=True)
    if not 2 <= len(classes) <= min(MAX_CLASSES, len(z) // 4) or counts.min() < 2:
        return None
    from sklearn.model_selection import train_test_split

    kept = np.random.default_rng(0).permutation(len(z))[:PROBED]
    stratify = codes[kept] if np.bincount(codes[kept])[np.unique(codes[kept])].min() > 1 else None
    train, test, answers, truth = train_test_split(
        z[kept], codes[kept], test_size=0.5, random_state=0, stratify=stratify
    )
    return classify(train, answers, test, truth)


def classify(train: np.ndarray, answers: np.ndarray, test: np.ndarray, truth: np.ndarray) -> float:
    """Return the accuracy of a logistic regression from codes to classes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return float(classifier.fit(train.astype(np.float64), answers).score(test.astype(np.float64), truth))
