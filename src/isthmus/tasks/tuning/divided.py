"""Rows to train trials on, and rows to measure them on: the same for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from isthmus.core.data import Rows
from isthmus.data.infer import choose_data
from isthmus.data.sources.in_memory import is_stream
from isthmus.data.tables.rows import count, indexable, some
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.support.errors import InputError, counted
from isthmus.tasks.base import Labels
from isthmus.tasks.tuning.measures import MEASURED, METRICS, Measure


@dataclass(frozen=True)
class Divided:
    """Rows, divided once.

    Attributes
    ----------
    X, y : rows and their labels
        To train on.
    measure : Measure
        With those to measure on.
    """

    X: Rows
    y: Labels
    measure: Measure


def divided(X: Rows, y: Labels, metric: str, fraction: float, autoencoder: Autoencoder, seed: int) -> Divided:
    """Return the rows to train on and to measure on: chosen at random, or of a signal the last ones.

    Parameters
    ----------
    X, y :
        As for `tune`.
    metric : str
    fraction : float
        Of the rows to measure on.
    autoencoder : Autoencoder
        For its data and its condition.
    seed : int

    Raises
    ------
    InputError
        X is a stream, whose rows cannot be selected; there are too few rows; or a probe has no labels.
    """
    measure, data = METRICS[metric], choose_data(autoencoder.data, X)
    if not is_stream(X) and not data.any_size:
        count(X)
    if not measure.needs_rows:
        return Divided(X, y, measure())
    if is_stream(X):
        raise InputError(f"metric={metric!r} needs rows in memory, and X is a stream: choose 'validation_loss'")
    if y is not None and len(y) != len(X):
        raise InputError(f"y has {len(y)} labels, but there are {len(X)} rows: one for each is needed")
    X = indexable(X)
    n = count(X)
    tested = min(max(1, round(n * fraction)), n - 1)
    ordered = data.windowed is not None
    if n - tested < 2 and not data.any_size:
        raise InputError(
            f"X has {counted(n, 'row')}, of which {tested} to measure on: at least 2 are needed to train on; give more"
        )
    order = np.arange(n)[::-1] if ordered else np.random.default_rng(seed).permutation(n)
    test, train = np.sort(order[: tested if ordered else min(tested, MEASURED)]), np.sort(order[tested:])
    labels = [None, None] if y is None else [np.asarray(y)[index] for index in (train, test)]
    return Divided(some(X, train), labels[0], measure(some(X, test), labels[1]))
