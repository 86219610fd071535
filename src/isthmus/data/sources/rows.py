"""Rows to train on: in memory, of a stream, or crops of pictures."""

from __future__ import annotations

from typing import Any, Protocol, cast

import torch

from isthmus.core.data import Columns, Data, Source
from isthmus.data.images.images import Images
from isthmus.data.images.pictures import ArrayPictures, Pictures
from isthmus.data.sources.crops import Crops
from isthmus.data.sources.in_memory import InMemory, is_stream, weights
from isthmus.data.tables.conditions import Condition
from isthmus.support.errors import InputError


class TrainingRows(Protocol):
    """Rows that are trained on: how many there are, and where batches of them come from."""

    def __len__(self) -> int:
        """Return the number of rows in an epoch."""
        ...

    def source(
        self, data: Any, *, batch_size: int, validation_fraction: float, seed: int, device: torch.device | str
    ) -> Source:
        """Return a source of batches of these rows."""
        ...


def training_rows(
    X: Any, data: Data, sample_weight: Any = None, condition: Condition | None = None, given: Any = None
) -> TrainingRows:
    """Return the rows of X as they are trained on.

    Parameters
    ----------
    X : array, DataFrame, tensor, list of pictures or stream
        Without what is taken out of it for the condition.
    data : Data
        Fitted.
    sample_weight : array of shape (n,), or None
        Of each row, or picture.
    condition : Condition or None
        Fitted.
    given : array or DataFrame, or None
        The condition of each row, or picture.

    Raises
    ------
    InputError
        A stream comes with weights or a condition, or they do not fit the rows.
    """
    if data.any_size:
        pictures = X if isinstance(X, Pictures) else ArrayPictures(X)
        return Crops(pictures, cast(Images, data), _beside(len(pictures), sample_weight, condition, given))
    if not is_stream(X):
        return InMemory(X, data, sample_weight, condition, given)
    if condition is not None or sample_weight is not None:
        raise InputError("condition and sample_weight need rows in memory: give a DataFrame or an array, not a stream")
    return cast(TrainingRows, X)


def _beside(n: int, sample_weight: Any, condition: Condition | None, given: Any) -> Columns:
    """Return the weight and the condition of each of n pictures."""
    weight = {} if sample_weight is None else {"weight": weights(sample_weight, n)}
    return weight | ({} if condition is None else condition.encode(given, n))
