"""Abnormality: how abnormal examples are, according to a detector, or to their errors if there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from isthmus.apps.capabilities import detects
from isthmus.apps.explorer.kinds.base import kind_of
from isthmus.apps.explorer.once import once

Floats = NDArray[np.float32]

SURE = 0.99
"""Quantile of the errors that serves as threshold without a detector."""


@dataclass(frozen=True)
class Detected:
    """The scores that a detector gives all examples.

    Attributes
    ----------
    scores : ndarray of shape (n,)
        Of a window, that of its most abnormal time step: a detector of signals has a threshold for time steps.
    excess : ndarray of shape (n,), or None
        By how much they are above the threshold of their group; None: there is one threshold for all.
    """

    scores: Floats
    excess: Floats | None = None


def simple(model: Any) -> bool:
    """Tell whether examples are judged one by one: by their error, or by the score of a row and one threshold."""
    return not (detects(model) and (kind_of(model.autoencoder_.data_).windowed or model.thresholds_))


def detected(model: Any, X: Any, kept: np.ndarray) -> Detected:
    """Return the scores of the examples that were chosen from X."""
    data = model.autoencoder_.data_

    def of_examples(result: np.ndarray) -> Floats:
        if data.windowed is not None:
            result = data.windowed.window_max(torch.from_numpy(result), X).numpy()
        return result[kept].astype(np.float32)

    scores = model.anomaly_score(X)
    return Detected(of_examples(scores), of_examples(scores - model.limits(X)) if model.thresholds_ else None)


class Abnormality:
    """How abnormal the examples of a view are.

    Parameters
    ----------
    model : estimator
        Fitted.
    nats : bool
        Whether errors are minus the log of a probability or density, which may be below zero.
    errors : callable
        Returns the error of each example.
    ask : callable
        Returns a `Detected`; it is called where the model is a detector.
    """

    def __init__(self, model: Any, nats: bool, errors: Callable[[], Floats], ask: Callable[[], Detected]) -> None:
        self.model, self.errors, self.ask = model, errors, ask
        names = {"error": "−log p" if nats else "error"}
        if detects(model):
            names["score"] = "score"
            if model.thresholds_:
                names["excess"] = "score above threshold"
        self.names = names
        self.measure = next(reversed(names))

    @once
    def detected(self) -> Detected:
        """The scores of the detector."""
        return self.ask()

    def numbers(self, what: str) -> Floats:
        """Return one of the `names` for each example."""
        if what == "error":
            return self.errors()
        result = self.detected.scores if what == "score" else self.detected.excess
        assert result is not None  # it is among the names
        return result

    @property
    def measured(self) -> Floats:
        """The measure of abnormality of each example: see `measure`."""
        return self.numbers(self.measure)

    @property
    def threshold(self) -> float:
        """The threshold above which `measured` is flagged."""
        if self.measure == "error":
            return float(np.quantile(self.measured, SURE))
        return 0.0 if self.measure == "excess" else float(self.model.threshold_)

    def limits(self, indices: Any) -> NDArray[np.float64]:
        """Return the thresholds of some examples, in the numbers of their scores."""
        if self.measure == "excess":
            return self.detected.scores[indices].astype(np.float64) - self.measured[indices]
        return np.full(len(indices), self.threshold)
