"""What a person should know of their columns before they trust a score."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any

import torch

from isthmus.core.data import Columns, Data
from isthmus.core.errors import InputError

LABELS = {"class", "label", "labels", "target", "anomaly", "attack", "outlier", "fraud", "is_fraud", "is_anomaly", "y"}


def label_like(names: Iterable[Any]) -> list[str]:
    """Return the names that are usually those of labels.

    Examples
    --------
    >>> label_like(["Time", "Amount", "Class", "attack_cat"])
    ['Class', 'attack_cat']
    """
    return [str(n) for n in names if {str(n).lower(), re.split(r"[_ .-]", str(n).lower())[0]} & LABELS]


def check_rows(data: Data, columns: Columns) -> None:
    """Refuse rows without any value, and tell how others differ from all that was learnt from.

    Raises
    ------
    InputError
        A row has no value at all.
    """
    absent = data.absent(columns)
    if absent is not None and absent.any():
        row = int(torch.nonzero(absent)[0])
        raise InputError(
            f"row {row} has no value at all ({int(absent.sum())} rows have none), so it has no score: leave them out"
        )
    for sentence in data.surprises(columns):
        warnings.warn(f"{sentence}: its rows may be flagged for this alone", stacklevel=4)
