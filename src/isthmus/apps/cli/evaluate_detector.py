"""``isthmus evaluate`` of a detector: how well it separates abnormal rows from others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
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
GOOD = "good"
"""The subfolder of normal images, as MVTec AD has it."""
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
    "pixel_auroc": "AUROC of pixels",
    "aupro": "AUPRO, up to 30 % of the normal pixels",
    "false_alarms_per_image": "flagged regions outside the masks, an image",
}
"""What the figures are called."""


@dataclass(frozen=True)
class Measure:
    """What was typed of how a detector is measured."""

    normal: str | None
    k: int | None
    alarm_cost: float | None
    miss_cost: float | None
    masks: str | None
    inverted_masks: bool | None

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
        masks = self._masks(rows)
        y = None if masks is not None and rows.y is None else self._abnormal(rows)
        costs = {} if self.alarm_cost is None else {"alarm_cost": self.alarm_cost}
        figures = detector.evaluate(
            rows.X, y, masks, k=self.k, miss_cost=self.miss_cost, inverted_masks=self.inverted_masks, **costs
        )
        k = figures["abnormal"] if self.k is None else self.k
        said = {name.format(k=int(k)): figures[key] for key, name in NAMES.items() if key in figures}
        return {"model": model, "data": rows.name, **figures}, facts(said)

    def _check_k(self, rows: Rows) -> None:
        """Refuse more rows to look at than there are."""
        if self.k is not None and self.k > len(rows.X):
            raise Failure(f"--k {self.k}: {rows.name!r} has {counted(len(rows.X), 'row')}: give at most so many")

    def _masks(self, rows: Rows) -> list[Path | None] | None:
        """Return the file of the mask of each image; None without --masks.

        Raises
        ------
        Failure
            The images have no names by which their masks could be recognised.
        InputError
            An image that is abnormal by its label, or any where there are no labels, has no mask.
        """
        if self.masks is None:
            return None
        from isthmus.data.images.mask_files import check_there, mask_files

        if not rows.names:
            raise Failure(
                f"--masks {self.masks}: masks are recognised by the names of images, and {rows.name!r} has none: "
                "name a folder of images"
            )
        files = mask_files(rows.names, Path(self.masks))
        needed = [True] * len(files) if rows.y is None else self._abnormal(rows).tolist()
        check_there(rows.names, files, needed, Path(self.masks))
        return files

    def _abnormal(self, rows: Rows) -> np.ndarray:
        """Return which rows are abnormal by their labels: in subfolders, all but those in `good`, if there is one."""
        import numpy as np

        from isthmus.tasks.anomaly.batch import label_text
        from isthmus.tasks.evaluation.detection import abnormal

        if rows.y is None:
            raise Failure(f"a detector is measured by labels, and {rows.name!r} has none: give --label COLUMN")
        labels = np.array([label_text(label) for label in rows.y])
        missing = labels == "None"
        normal = GOOD if self.normal is None and rows.label is None and GOOD in labels else self.normal
        if missing.any() and normal is None:
            raise Failure(
                f"{rows.name!r}: row {int(missing.argmax())} has no label in {rows.label!r}: --normal None says that "
                "such rows are normal, --normal VALUE that all but those with that label are abnormal"
            )
        abnormals = labels != normal if normal is not None else abnormal(rows.y)
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
    def wrapped(**typed: Any) -> Any:
        measure = Measure(**{name: typed.pop(name) for name in Measure.__dataclass_fields__})
        if measure.alarm_cost is not None and measure.miss_cost is None:
            raise click.UsageError("--alarm-cost goes with --miss-cost, what an abnormal row costs that is not flagged")
        if measure.inverted_masks is not None and measure.masks is None:
            raise click.UsageError("--inverted-masks is about --masks: name their folder")
        return function(measure=measure, **typed)

    decorated = option(
        "--inverted-masks/--no-inverted-masks",
        default=None,
        section=SECTION,
        help="Whether masks are dark where an image is abnormal, and bright elsewhere [masks that look so are refused]",
    )(wrapped)
    decorated = option(
        "--masks",
        metavar="FOLDER",
        section=SECTION,
        help="Masks of a folder of images, KIND/NAME_mask.png or KIND/NAME.png, bright where an image is abnormal: "
        "measures the heat maps",
    )(decorated)
    decorated = option(
        "--miss-cost", type=COST, section=SECTION, help="What an abnormal row costs that is not flagged: gives the cost"
    )(decorated)
    decorated = option("--alarm-cost", type=COST, section=SECTION, help="What an alarm costs, right or wrong [1]")(
        decorated
    )
    decorated = option(
        "--k",
        type=click.IntRange(min=1),
        section=SECTION,
        help="Rows that somebody looks at, those with the highest scores [as many as are abnormal]",
    )(decorated)
    said = "The label of normal rows; all others are abnormal [0, False and empty labels; of images the subfolder good]"
    with_options: Callable[..., Any] = option("--normal", metavar="VALUE", section=SECTION, help=said)(decorated)
    return with_options
