"""Rows in memory with the interface of a stream, so that an estimator trains on both in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from isthmus.core.data import Data, Rows, Stream, rows
from isthmus.data.sources.memory import Memory
from isthmus.support.errors import InputError

if TYPE_CHECKING:
    from isthmus.data.tables.conditions import Condition


def is_stream(X: Rows) -> bool:
    """Tell whether X is a stream, read piece by piece: its class has ``chunks()`` and ``source(...)``."""
    return issubclass(type(X), Stream)  # its class: a DataFrame has an attribute for each of its columns


def pieces(X: Rows) -> Iterable[Rows]:
    """Return the pieces of what is read piece by piece, or X itself as the only one."""
    return X.chunks() if is_stream(X) else [X]


def cut_pieces(X: Rows, first: int, last: int) -> Iterator[Rows]:
    """Yield the rows from one index up to another; a stream is read no further than needed."""
    start = 0
    for piece in pieces(X):
        if start < last and start + len(piece) > first:
            yield piece[max(0, first - start) : last - start]
        start += len(piece)
        if start >= last:
            return


class InMemory:
    """Rows in memory.

    Parameters
    ----------
    X : array, DataFrame or tensor
    data : Data
        Fitted.
    sample_weight : array of shape (n,), or None
    condition : Condition or None
        Fitted.
    condition_rows : array or DataFrame, or None
        The condition of each row.
    """

    def __init__(
        self, X: Rows, data: Data, sample_weight: Rows, condition: Condition | None, condition_rows: Rows
    ) -> None:
        self.columns = data.read(X)
        if condition is not None:
            self.columns |= condition.encode(condition_rows, len(self))
        if sample_weight is not None:
            self.columns["weight"] = weights(sample_weight, len(self))

    def __len__(self) -> int:
        return rows(self.columns)

    def source(self, data: Data, **settings: Any) -> Memory:
        """Return a source of batches of these rows; `settings` are those of `Memory`."""
        return Memory(self.columns, data, **settings)


def weights(sample_weight: ArrayLike, n: int) -> Tensor:
    """Return weights as a float32 tensor of shape (n,).

    Raises
    ------
    InputError
        The number of weights is not n, one is negative or not finite, or all are zero.
    """
    weight = torch.as_tensor(np.asarray(sample_weight, dtype=np.float32))
    if weight.shape != (n,):
        raise InputError(f"sample_weight has shape {tuple(weight.shape)}, but there are {n} rows")
    if not torch.isfinite(weight).all() or (weight < 0).any() or not (weight > 0).any():
        raise InputError("sample_weight must be finite, not negative, and not zero for all rows")
    return weight
