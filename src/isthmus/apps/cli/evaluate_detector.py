"""``isthmus evaluate`` of a detector: how well it separates abnormal rows from others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from isthmus.apps.cli.command import Failure, option
from isthmus.apps.cli.knobs import flag
from isthmus.apps.cli.output import facts
from isthmus.apps.cli.rows import Rows
from isthmus.support.errors import counted, listed

if TYPE_CHECKING:
    import numpy as np

    from isthmus import AnomalyDetector

SECTION = "Of a detector"
COST = click.FloatRange(min=0)
NAMES = {
    "rows": "rows",
    "abnormal": "abnormal",
    "flagged": "flagged",
    "auroc": "AUROC",
    "average_precision": "average precision",
    "precision": "precision of the flagged rows",
    "recall": "recall of the flagged rows",
    "false_alarm_rate": "false alarms, of normal rows",
    "precision_at_k": "precision of the first {k:,}",
    "cost": "cost of alarms and misses",
    "least_cost": "least cost of any threshold",
}
"""What the figures are called."""


@dataclass(frozen=True)
class Measure:
    """What was typed of how a detector is measured."""

    normal: str | None
    k: int | None
    alarm_cost: float | None
    miss_cost: float | None

    @property
    def _typed(self) -> list[str]:
        return [flag(name) for name, value in vars(self).items() if value is not None]

    def refuse(self, model: str) -> None:
        """Refuse these options for an autoencoder."""
        if self._typed:
            raise Failure(f"{self._typed[0]} is about detectors, but {model!r} is an autoencoder: leave it out")

    def of(self, detector: AnomalyDetector, model: str, rows: Rows, output: str | None) -> tuple[dict[str, Any], str]:
        """Return the figures of a detector, for machines and for people.

        Raises
        ------
        Failure
            There are no labels, or they are not of normal and abnormal rows.
        """
        if output is not None:
            raise Failure(
                f"-o {output}: {model!r} is a detector, whose scores are written by isthmus detect {rows.name} --model "
                f"{model}: leave it out"
            )
        self._check_k(rows)
        y = self._abnormal(rows)
        costs = {} if self.alarm_cost is None else {"alarm_cost": self.alarm_cost}
        figures = detector.evaluate(rows.X, y, k=self.k, miss_cost=self.miss_cost, **costs)
        k = figures["abnormal"] if self.k is None else self.k
        said = {name.format(k=int(k)): figures[key] for key, name in NAMES.items() if key in figures}
        return {"model": model, "data": rows.name, **figures}, facts(said)

    def _check_k(self, rows: Rows) -> None:
        """Refuse more rows to look at than there are."""
        if self.k is not None and self.k > len(rows.X):
            raise Failure(f"--k {self.k}: {rows.name!r} has {counted(len(rows.X), 'row')}: give at most so many")

    def _abnormal(self, rows: Rows) -> np.ndarray:
        """Return which rows are abnormal by their labels."""
        import numpy as np

        from isthmus.tasks.anomaly.batch import label_text
        from isthmus.tasks.evaluation.detection import abnormal

        if rows.y is None:
            raise Failure(f"a detector is measured by labels, and {rows.name!r} has none: give --label COLUMN")
        labels = np.array([label_text(label) for label in rows.y])
        missing = labels == "None"
        if missing.any() and self.normal is None:
            raise Failure(
                f"{rows.name!r}: row {int(missing.argmax())} has no label in {rows.label!r}: --normal None says that "
                "such rows are normal, --normal VALUE that all but those with that label are abnormal"
            )
        abnormals = labels != self.normal if self.normal is not None else abnormal(rows.y)
        if abnormals.all() or not abnormals.any():
            raise Failure(
                f"{rows.name!r}: all labels are of {'abnormal' if abnormals.all() else 'normal'} rows, and a detector "
                "is measured by both: name the label of normal rows with --normal VALUE; there are: "
                f"{listed(sorted(set(labels.tolist())))}"
            )
        return abnormals


def of_detectors(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options on how a detector is measured; they arrive as ``measure``."""

    @wraps(function)
    def wrapped(normal: str | None, k: int | None, alarm_cost: float | None, miss_cost: float | None, **o: Any) -> Any:
        if alarm_cost is not None and miss_cost is None:
            raise click.UsageError("--alarm-cost goes with --miss-cost, what an abnormal row costs that is not flagged")
        return function(measure=Measure(normal, k, alarm_cost, miss_cost), **o)

    decorated = option(
        "--miss-cost", type=COST, section=SECTION, help="What an abnormal row costs that is not flagged: gives the cost"
    )(wrapped)
    decorated = option("--alarm-cost", type=COST, section=SECTION, help="What an alarm costs, right or wrong [1]")(
        decorated
    )
    decorated = option(
        "--k",
        type=click.IntRange(min=1),
        section=SECTION,
        help="Rows that somebody looks at, those with the highest scores [as many as are abnormal]",
    )(decorated)
    said = "The label of normal rows; all others are abnormal [0, False and empty labels]"
    with_options: Callable[..., Any] = option("--normal", metavar="VALUE", section=SECTION, help=said)(decorated)
    return with_options
