"""The rows to train on: in memory, from a stream, or crops of rows of any size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol, cast

import torch

from isthmus.core.data import Columns, Data, Rows, Source
from isthmus.data.sources.in_memory import InMemory, is_stream, weights
from isthmus.support.errors import InputError

if TYPE_CHECKING:
    from isthmus.data.sized import Croppable
    from isthmus.data.tables.conditions import Condition


class TrainingRows(Protocol):
    """Rows to train on: their number, and a source of batches."""

    def __len__(self) -> int:
        """Return the number of rows per epoch."""
        ...

    def source(
        self, data: Data, *, batch_size: int, validation_fraction: float, seed: int, device: torch.device | str
    ) -> Source:
        """Return a source of batches of these rows."""
        ...


class Prepared(ABC):
    """What is trained on where it is more than rows (abstract)."""

    @abstractmethod
    def training_rows(self, data: Data) -> TrainingRows:
        """Return the rows to train on, for fitted data."""


def training_rows(
    X: Rows, data: Data, sample_weight: Rows = None, condition: Condition | None = None, condition_rows: Rows = None
) -> TrainingRows:
    """Return the rows of X to train on.

    Parameters
    ----------
    X : array, DataFrame, tensor, list of images or stream
        Without the columns of the condition.
    data : Data
        Fitted.
    sample_weight : array of shape (n,), or None
        The weight of each row.
    condition : Condition or None
        Fitted.
    condition_rows : array or DataFrame, or None
        The condition of each row.

    Raises
    ------
    InputError
        X is a stream and there are weights or a condition, or their number differs from that of the rows.
    """
    if isinstance(X, Prepared):
        return X.training_rows(data)
    if data.any_size:
        return _crops(cast("Croppable", data), X, sample_weight, condition, condition_rows)
    if not is_stream(X):
        return InMemory(X, data, sample_weight, condition, condition_rows)
    if condition is not None or sample_weight is not None:
        raise InputError("condition and sample_weight need rows in memory: give a DataFrame or an array, not a stream")
    return cast(TrainingRows, X)


def _crops(data: Croppable, X: Rows, weight: Rows, condition: Condition | None, condition_rows: Rows) -> TrainingRows:
    from isthmus.data.sources.crops import Crops

    sequence = data.sequence(X)
    return Crops(sequence, data, _beside(len(sequence), weight, condition, condition_rows))


def _beside(n: int, sample_weight: Rows, condition: Condition | None, condition_rows: Rows) -> Columns:
    """Return the weight and the condition of each of n rows."""
    weight = {} if sample_weight is None else {"weight": weights(sample_weight, n)}
    return weight | ({} if condition is None else condition.encode(condition_rows, n))
