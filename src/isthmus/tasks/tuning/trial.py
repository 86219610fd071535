"""One trial: an autoencoder trained with some values of the parameters, and measured."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from isthmus.core.training.callbacks import Event, StopTraining
from isthmus.core.training.loop import Training
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.estimators.run import Run, prepare
from isthmus.tasks.tuning.divided import Divided


@dataclass(frozen=True)
class Trained:
    """The result of a trial.

    Attributes
    ----------
    model : Autoencoder
    value : float
        Its metric.
    epochs : int
        That it was trained for.
    state : str
        ``"complete"``, ``"pruned"`` or ``"interrupted"``.
    by_user : bool
        Whether Ctrl-C interrupted it.
    """

    model: Autoencoder
    value: float
    epochs: int
    state: str
    by_user: bool = False


class Watch:
    """A callback that reports the metric after each epoch, and ends trials that are hopeless or out of time.

    Parameters
    ----------
    trial : optuna.Trial
    value : callable
        Returns the metric for the entry of the history.
    deadline : float
        Of `time.monotonic`.
    prunes : bool
        Whether hopeless trials are ended.
    """

    def __init__(self, trial: Any, value: Callable[[dict[str, Any]], float], deadline: float, prunes: bool) -> None:
        self.trial, self.value, self.deadline, self.prunes = trial, value, deadline, prunes
        self.state = "complete"

    def __call__(self, event: Event) -> None:
        """Look at the epoch."""
        if event.kind == "step" and time.monotonic() > self.deadline:
            self._end("interrupted")
        if event.kind == "epoch" and self.prunes:
            value = self.value(event.record)
            self.trial.report(value if math.isfinite(value) else math.inf, event.epoch - 1)  # Optuna counts from 0
            if self.trial.should_prune():
                self._end("pruned")

    def _end(self, state: str) -> None:
        self.state = state
        raise StopTraining


def train(estimator: Autoencoder, rows: Divided, trial: Any, deadline: float, prunes: bool) -> Trained:
    """Train an estimator on rows, and measure it.

    Parameters
    ----------
    estimator : Autoencoder
        Not fitted; it becomes the model.
    rows : Divided
    trial : optuna.Trial
        Gets the metric of each epoch.
    deadline : float
        Of `time.monotonic`.
    prunes : bool

    Raises
    ------
    InputError
        The values of the parameters do not suit each other, or the data.
    DivergenceError
        The loss exploded.
    """
    run = prepare(estimator, rows.X, rows.y)
    watch = Watch(trial, lambda record: rows.measure.while_training(run, estimator, record), deadline, prunes)
    training = Training(run.objective, run.settings, [watch], initialize=run.initialize)
    training.run(run.source)
    return _result(estimator, run, training, rows, watch.state)


def _result(estimator: Autoencoder, run: Run, training: Training, rows: Divided, state: str) -> Trained:
    estimator.adopt(run, training, rows.X)
    progress = training.progress
    value = rows.measure.trained(run, estimator, progress.best_loss, (rows.X, rows.y))
    state = "interrupted" if progress.interrupted else state
    return Trained(estimator, value, len(progress.history), state, progress.interrupted)
