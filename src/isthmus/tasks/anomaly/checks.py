"""What a person should know of their columns before they trust a score."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable

import torch
from torch import Tensor

from isthmus.core.data import MANY, Columns, Data
from isthmus.support.errors import InputError

LABELS = {"class", "label", "labels", "target", "anomaly", "attack", "outlier", "fraud", "is_fraud", "is_anomaly", "y"}


def label_like(names: Iterable[str]) -> list[str]:
    """Return the names that are usually those of labels.

    Examples
    --------
    >>> label_like(["Time", "Amount", "Class", "attack_cat"])
    ['Class', 'attack_cat']
    """
    return [n for n in names if {n.lower(), re.split(r"[_ .-]", n.lower())[0]} & LABELS]


def check_data(data: Data, columns: Columns | None = None) -> None:
    """Refuse what the data call fatal, and warn of what else is unusual: of what was learnt, or of new rows.

    Raises
    ------
    InputError
        Nothing stands in a column, or in a row.
    """
    for note in data.checks(columns):
        if note.fatal:
            raise InputError(note.text)
        warnings.warn(f"{note.text}; rows may be flagged for this alone", stacklevel=4)


def check_scores(scores: Tensor) -> None:
    """Refuse scores that are no numbers, and warn where all of many are the same.

    Raises
    ------
    InputError
        A score is infinite or no number.
    """
    if not torch.isfinite(scores).all():
        row = int(torch.nonzero(~torch.isfinite(scores))[0])
        raise InputError(
            f"row {row} has the score {float(scores[row]):g}: its values are too far from what was learnt to be "
            "computed with; correct them, or leave the row out"
        )
    if len(scores) >= MANY and bool((scores == scores[0]).all()):
        warnings.warn(
            f"all {len(scores)} rows have the same score, {float(scores[0]):g}, which tells nothing: if they differ, "
            "give the detector columns that vary, or more rows to train on",
            stacklevel=5,
        )
