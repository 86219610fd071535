"""Rows in memory behind the face of a stream, so that an estimator trains on both in one way."""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Data, rows
from isthmus.core.errors import InputError
from isthmus.data.conditions import Condition
from isthmus.data.sources import Memory


def is_stream(X: Any) -> bool:
    """Tell whether X is read piece by piece: it has ``chunks()`` and ``source(...)``."""
    return hasattr(X, "chunks") and hasattr(X, "source")


class Held:
    """Rows that are in memory.

    Parameters
    ----------
    X : array, DataFrame or tensor
    given : array or DataFrame, or None
        The condition of each row.
    sample_weight : array of shape (n,), or None
    condition : Condition or None
        How `given` is encoded, fitted.
    """

    def __init__(self, X: Any, given: Any, sample_weight: Any, condition: Condition | None) -> None:
        self.X, self.given, self.sample_weight, self.condition = X, given, sample_weight, condition

    def __len__(self) -> int:
        return len(self.X)

    def chunks(self) -> Iterator[Any]:
        """Yield all rows at once."""
        yield self.X

    def source(
        self,
        data: Data,
        *,
        batch_size: int,
        validation_fraction: float = 0.0,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> Memory:
        """Return a source of batches of these rows."""
        X = self.X if self.condition is None else self.condition.split(self.X, None)[0]
        columns = data.read(X)
        if self.condition is not None:
            columns |= self.condition.encode(self.given, rows(columns))
        if self.sample_weight is not None:
            columns["weight"] = weights(self.sample_weight, rows(columns))
        return Memory(
            columns, data, batch_size=batch_size, validation_fraction=validation_fraction, seed=seed, device=device
        )


def weights(sample_weight: Any, n: int) -> Tensor:
    """Return weights as a float32 tensor of shape (n,).

    Raises
    ------
    InputError
        There are not n of them, one is negative or not finite, or all are zero.
    """
    weight = torch.as_tensor(np.asarray(sample_weight, dtype=np.float32))
    if weight.shape != (n,):
        raise InputError(f"sample_weight has shape {tuple(weight.shape)}, but there are {n} rows")
    if not torch.isfinite(weight).all() or (weight < 0).any() or not (weight > 0).any():
        raise InputError("sample_weight must be finite, not negative, and not zero for all rows")
    return weight
