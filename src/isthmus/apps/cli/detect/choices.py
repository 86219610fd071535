"""What a person typed behind ``isthmus detect``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isthmus.apps.cli.reading_options import Typed

NOTHING_TO_NAME = (
    "--explain names columns, and images have none: leave it out. Where images are unlike normal ones is drawn into a "
    "folder: -o FOLDER"
)
"""What is said of images that are to be explained."""


@dataclass(frozen=True)
class Options:
    """What was typed of the detector."""

    data: str
    model: str | None
    train: str | None
    train_rows: slice | None
    normal: str | None
    label: str | None
    abnormal: tuple[str, ...]
    known: str | None
    kept: tuple[str, ...]
    window: int | None
    stride: int | None
    scorer: str | None
    features: str | None
    no_position: bool
    no_units: bool
    no_rows: bool
    false_alarm_rate: float | None
    contamination: float | None
    recall: float | None
    min_precision: float | None
    max_categories: int | None
    seed: int
    images: Mapping[str, Any]
    settings: Mapping[str, Any]
    recalibrate: str | None
    reading: Typed
    folder: bool = False
    """Whether the output is a folder, for tables, maps and a report."""

    @property
    def score(self) -> str:
        """The name of the score: the one that was typed, or that the options of images go with."""
        return "defects" if self.features or self.no_position else self.scorer or "auto"

    @property
    def kept_columns(self) -> list[str]:
        """The columns that the detector does not see."""
        return list(dict.fromkeys([*self.kept, *([self.label] if self.label else [])]))

    @property
    def picking_label(self) -> str | None:
        """The label if it picks rows of another file: DATA may lack it."""
        picks, elsewhere = self.normal is not None or self.abnormal, self.train or self.recalibrate
        return self.label if picks and elsewhere else None

    @property
    def knows(self) -> bool:
        """Whether anomalies are known."""
        return self.known is not None or bool(self.abnormal)

    @property
    def by_known(self) -> dict[str, float]:
        """What the threshold is to reach of the known anomalies, as `set_threshold` takes it; empty: nothing."""
        typed = {"recall": self.recall, "precision": self.min_precision}
        return {name: value for name, value in typed.items() if value is not None}

    @property
    def picking(self) -> str:
        """The options that pick some of the rows to train on; empty if there are none."""
        rows = self.train_rows
        span = "" if rows is None else f"--train-rows {rows.start}:{'' if rows.stop is None else rows.stop}"
        return " ".join(filter(None, [span, "" if self.normal is None else f"--normal {self.normal}"]))

    @property
    def trained(self) -> bool:
        """Whether the detector comes from a file."""
        return self.model is not None and self.train is None

    @property
    def unlabelled(self) -> bool:
        """Whether the rows that are scored are trained on too."""
        return self.model is None and self.train is None and self.train_rows is None and self.normal is None
