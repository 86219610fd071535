"""What a person should know of their columns before they trust a score."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from isthmus.core.data import MANY, Columns, Data
from isthmus.support.errors import InputError

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
    absent = data.all_missing(columns)
    if absent is not None and absent.any():
        row = int(torch.nonzero(absent)[0])
        raise InputError(
            f"row {row} has no value at all ({int(absent.sum())} rows have none), so it has no score: leave them out"
        )
    for sentence in data.novelties(columns):
        warnings.warn(f"{sentence}; rows may be flagged for this alone", stacklevel=4)


def check_columns(data: Data, pieces: Iterable[Any]) -> None:
    """Refuse a column in which nothing stands.

    Raises
    ------
    InputError
        There is one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        empty = data.learn(pieces).empty_columns()
    if empty:
        raise InputError(f"nothing stands in the columns {empty}, so nothing can be learnt of them: leave them out")


def check_scores(scores: Tensor) -> None:
    """Refuse scores that are no numbers, and tell where all of many are the same.

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
