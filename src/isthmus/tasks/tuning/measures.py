"""The metrics of trials, on rows that they were not trained on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from isthmus.core.data import Rows
from isthmus.estimators.autoencoder import Autoencoder
from isthmus.estimators.inference import Inference
from isthmus.estimators.plan import choose_device
from isthmus.estimators.run import Run
from isthmus.support.errors import InputError
from isthmus.tasks.base import Labels
from isthmus.tasks.evaluation.evaluate import PROBED, classify, condition_of
from isthmus.tasks.evaluation.reconstruction import ReconstructionMetrics

SAME_LOSS = {
    *("latent_dim", "net", "epochs", "batch_size", "learning_rate", "schedule", "patience", "weight_decay"),
    *("average", "precision", "validation_fraction"),
}
"""Parameters that leave the loss what it is, so that losses can be compared."""

MEASURED = 10_000
"""Maximum number of rows to measure on."""


def changing_the_loss(names: Collection[str]) -> list[str]:
    """Return those parameters that change the loss.

    Examples
    --------
    >>> changing_the_loss(["latent_dim", "net__widths", "variant__beta"])
    ['variant__beta']
    """
    return [name for name in names if name.partition("__")[0] not in SAME_LOSS]


@dataclass(frozen=True)
class Measure(ABC):
    """A metric on rows that are not trained on (abstract).

    Attributes
    ----------
    X : rows, or None
        The rows to measure on; None if training sets some aside itself.
    y : array, or None
        Their labels.
    """

    X: Rows = None
    y: Labels = None

    about: ClassVar[str]
    """What the metric is, in words."""
    greater_is_better: ClassVar[bool] = False
    """Whether the best trial has the greatest number."""
    needs_rows: ClassVar[bool] = True
    """Whether it is measured on rows that are kept from the training, and not on its validation rows."""
    needs_labels: ClassVar[bool] = False
    """Whether it is about the labels."""
    any_loss: ClassVar[bool] = True
    """Whether models of different losses can be compared by it."""
    each_epoch: ClassVar[bool] = True
    """Whether a trial is measured after each epoch, so that hopeless ones can be ended."""

    @abstractmethod
    def while_training(self, run: Run, estimator: Autoencoder, record: dict[str, Any]) -> float:
        """Return the metric of a model in training, whose epoch has this entry of the history."""

    @abstractmethod
    def trained(self, run: Run, estimator: Autoencoder, best_loss: float | None, train: tuple[Rows, Labels]) -> float:
        """Return the metric of a trained model; `train` are the rows that it was trained on, with their labels."""


class ValidationLoss(Measure):
    """The loss on the validation rows of the training, in the epoch whose weights are kept."""

    about = "what training minimises, on rows that are not trained on"
    needs_rows = False
    any_loss = False

    def while_training(self, run: Run, estimator: Autoencoder, record: dict[str, Any]) -> float:
        return float(record["validation_loss"])

    def trained(self, run: Run, estimator: Autoencoder, best_loss: float | None, train: tuple[Rows, Labels]) -> float:
        assert best_loss is not None  # there are validation rows
        return best_loss


class Unreconstructed(Measure):
    """The part of the rows that is not reconstructed; the same for all variants, likelihoods and scales."""

    about = (
        "fraction of the variance that is not reconstructed, and of the categories that are wrong; the mean over the "
        "columns of a table"
    )

    def while_training(self, run: Run, estimator: Autoencoder, record: dict[str, Any]) -> float:
        run.objective.eval()
        value = self._measured(run, estimator)
        run.objective.train()
        return value

    def trained(self, run: Run, estimator: Autoencoder, best_loss: float | None, train: tuple[Rows, Labels]) -> float:
        return self._measured(run, estimator)

    def _measured(self, run: Run, estimator: Autoencoder) -> float:
        parts = run.parts
        inference = Inference(parts.data, parts.condition, parts.objective.model, choose_device(estimator.device))
        metrics = ReconstructionMetrics(parts.data)
        with torch.no_grad():
            groups = inference.run_groups(inference.graphs()["reconstruct"], self.X, condition_of(estimator, self.y))
        for group in groups:
            metrics.add(group.rows, parts.data.write(group.columns, like=group.rows))
        return unreconstructed(metrics.figures())


class Probe(Measure):
    """The accuracy of a linear probe, from codes to labels."""

    about = "accuracy with which a linear probe tells the labels from the codes"
    greater_is_better = True
    needs_labels = True
    each_epoch = False

    def while_training(self, run: Run, estimator: Autoencoder, record: dict[str, Any]) -> float:
        raise NotImplementedError("a probe is not trained after each epoch")

    def trained(self, run: Run, estimator: Autoencoder, best_loss: float | None, train: tuple[Rows, Labels]) -> float:
        known, asked = (
            estimator.transform(a, condition_of(estimator, b), pool="mean") for a, b in (train, (self.X, self.y))
        )
        answers, truth = (np.asarray(labels).astype(str) for labels in (train[1], self.y))
        kept = np.random.default_rng(0).permutation(len(answers))[:PROBED]
        return classify(known[kept], answers[kept], asked, truth)


METRICS: dict[str, type[Measure]] = {
    "reconstruction": Unreconstructed,
    "validation_loss": ValidationLoss,
    "probe": Probe,
}


def unreconstructed(figures: dict[str, Any]) -> float:
    """Return what part of rows is not reconstructed: 0 is perfect, 1 as good as the mean row.

    Parameters
    ----------
    figures : dict
        Of `ReconstructionMetrics`.

    Raises
    ------
    InputError
        The rows are all alike.

    Examples
    --------
    >>> unreconstructed({"columns": [{"rmse": 1.0, "explained": 0.75}, {"right": 0.5}, {"rmse": 0, "explained": None}]})
    0.375
    """
    columns = figures.get("columns", [figures])
    parts = [1 - column.get("explained", column.get("right")) for column in columns if _varies(column)]
    if not parts:
        raise InputError("the rows to measure on are all alike: there is nothing to reconstruct in them")
    return float(np.mean(parts))


def _varies(column: dict[str, Any]) -> bool:
    return column.get("explained", column.get("right")) is not None
