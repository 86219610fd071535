"""What a trial is measured by, on rows that it was not trained on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from isthmus.core.data import Rows
from isthmus.estimators.inference import Inference
from isthmus.estimators.plan import choose_device
from isthmus.estimators.run import Run
from isthmus.support.errors import InputError
from isthmus.tasks.base import Labels
from isthmus.tasks.evaluation.evaluate import PROBED, classify
from isthmus.tasks.evaluation.reconstruction import ReconstructionMetrics

METRICS = {
    "reconstruction": "fraction of the variance that is not reconstructed, and of the categories that are wrong; the "
    "mean over the columns of a table",
    "validation_loss": "what training minimises, on rows that are not trained on",
    "probe": "accuracy with which a linear probe tells the labels from the codes",
}
"""What each metric is."""

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
class Measure:
    """A metric on rows that are not trained on.

    Attributes
    ----------
    metric : str
        One of `METRICS`.
    X : rows, or None
        The rows to measure on; None for ``"validation_loss"``.
    y : array, or None
        Their labels.
    """

    metric: str
    X: Rows = None
    y: Labels = None

    @property
    def greater_is_better(self) -> bool:
        """Whether the best trial has the greatest number."""
        return self.metric == "probe"

    @property
    def each_epoch(self) -> bool:
        """Whether a trial is measured after each epoch, so that hopeless ones can be ended."""
        return self.metric != "probe"

    def while_training(self, run: Run, estimator: Any, record: dict[str, Any]) -> float:
        """Return the metric of a model in training, whose epoch has this entry of the history."""
        if self.metric == "validation_loss":
            return float(record["validation_loss"])
        run.objective.eval()
        value = self._unreconstructed(run, estimator)
        run.objective.train()
        return value

    def trained(self, run: Run, estimator: Any, best_loss: float | None, train: tuple[Rows, Labels]) -> float:
        """Return the metric of a trained model; `train` are the rows that it was trained on, with their labels."""
        if self.metric == "validation_loss":
            assert best_loss is not None  # there are validation rows
            return best_loss
        return self._probe(estimator, *train) if self.metric == "probe" else self._unreconstructed(run, estimator)

    def _unreconstructed(self, run: Run, estimator: Any) -> float:
        parts = run.parts
        inference = Inference(parts.data, parts.condition, parts.objective.model, choose_device(estimator.device))
        metrics = ReconstructionMetrics(parts.data)
        condition = self.y if estimator.condition == "y" else None
        for group in inference.run_groups(inference.graphs()["reconstruct"], self.X, condition):
            metrics.add(group.rows, parts.data.write(group.columns, like=group.rows))
        return unreconstructed(metrics.figures())

    def _probe(self, estimator: Any, X: Rows, y: Labels) -> float:
        train, test = (np.asarray(labels).astype(str) for labels in (y, self.y))
        codes, seen = (
            estimator.transform(rows, labels if estimator.condition == "y" else None, pool="mean")
            for rows, labels in ((X, y), (self.X, self.y))
        )
        kept = np.random.default_rng(0).permutation(len(train))[:PROBED]
        return classify(codes[kept], train[kept], seen, test)


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
