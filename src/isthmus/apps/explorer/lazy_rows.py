"""Rows: the examples as a model reads them, at once if they have one size, otherwise when they are needed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from isthmus import Autoencoder

T = TypeVar("T")

Columns = dict[str, Tensor]
"""What the data of a model read: tensors with the rows first."""

PIECE = 8
"""Rows that are read at a time where they may be large."""


class ReadRows(ABC):
    """Rows as the data of a model read them; abstract.

    Attributes
    ----------
    columns : Columns
        All rows; empty if rows are read only when they are needed.
    """

    columns: Columns

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def some(self, indices: np.ndarray) -> ReadRows:
        """Return the rows of rising indices."""

    @abstractmethod
    def pieces(self, indices: Tensor) -> Iterator[tuple[Tensor, Columns]]:
        """Yield rows of one size: their positions among the indices, and their columns."""

    def one(self, index: int) -> Columns:
        """Return one row."""
        [(_, columns)] = self.pieces(torch.tensor([index]))
        return columns

    def user_row(self, index: int) -> tuple[Any, np.ndarray | None]:
        """Return one row as the user has it, in a list, and its condition."""
        raise NotImplementedError("rows of one size are kept as they were read")

    def each(self, function: Callable[[Columns], Sequence[T]], indices: Tensor | None = None) -> list[T]:
        """Return what a function makes of each row, in the order of the indices; None: of all rows."""
        indices = torch.arange(len(self)) if indices is None else indices
        results: dict[int, T] = {}
        for at, columns in self.pieces(indices):
            results |= dict(zip(at.tolist(), function(columns), strict=True))
        return [results[at] for at in range(len(indices))]

    def joined(self, function: Callable[[Columns], Columns]) -> Columns:
        """Return what a function makes of all rows, tensors of one size."""
        parts = [(at, function(columns)) for at, columns in self.pieces(torch.arange(len(self)))]
        order = torch.cat([at for at, _ in parts]).argsort()
        return {name: torch.cat([part[name] for _, part in parts])[order] for name in parts[0][1]}

    def table(self, function: Callable[[Columns], dict[str, list[Any]]], indices: Tensor) -> dict[str, list[Any]]:
        """Return what a function makes of some rows, lists of cells by the names of columns."""
        parts = [(at, function(columns)) for at, columns in self.pieces(indices)]
        order = torch.cat([at for at, _ in parts]).argsort().tolist()
        whole = {name: [cell for _, part in parts for cell in part[name]] for name in parts[0][1]}
        return {name: [cells[at] for at in order] for name, cells in whole.items()}


class OneSize(ReadRows):
    """Rows of one size, read once.

    Parameters
    ----------
    columns : Columns
    """

    def __init__(self, columns: Columns) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def some(self, indices: np.ndarray) -> OneSize:
        """Return the rows of rising indices."""
        return OneSize(self._taken(torch.from_numpy(indices)))

    def _taken(self, indices: Tensor) -> Columns:
        return {name: tensor[indices] for name, tensor in self.columns.items()}

    def pieces(self, indices: Tensor) -> Iterator[tuple[Tensor, Columns]]:
        """Yield the rows at once."""
        whole = torch.equal(indices, torch.arange(len(self)))
        yield torch.arange(len(indices)), self.columns if whole else self._taken(indices)


class AnySize(ReadRows):
    """Rows that may be large and differ in size, read when they are needed.

    Parameters
    ----------
    ae : Autoencoder
        Fitted.
    X : sequence of rows
    condition : ndarray of shape (n,), or None
        The condition of each row.
    chosen : int64 ndarray
        The indices in X of the examples.
    """

    def __init__(self, ae: Autoencoder, X: Any, condition: np.ndarray | None, chosen: np.ndarray) -> None:
        self.ae, self.X, self.condition, self.chosen = ae, X, condition, chosen
        self.columns = {}

    def __len__(self) -> int:
        return len(self.chosen)

    def some(self, indices: np.ndarray) -> AnySize:
        """Return the rows of rising indices; none is read."""
        return AnySize(self.ae, self.X, self.condition, self.chosen[indices])

    def user_row(self, index: int) -> tuple[Any, np.ndarray | None]:
        """Return one row as the user has it, in a list, and its condition."""
        at = self.chosen[index]
        return [self.X[int(at)]], None if self.condition is None else self.condition[[at]]

    def pieces(self, indices: Tensor) -> Iterator[tuple[Tensor, Columns]]:
        """Yield rows of one size each, some of them at a time."""
        for start in range(0, len(indices), PIECE):
            chosen = self.chosen[indices[start : start + PIECE].numpy()]
            for at, rows in self.ae.data_.groups([self.X[index] for index in chosen.tolist()]):
                at = torch.arange(len(chosen)) if at is None else at
                condition = None if self.condition is None else self.condition[chosen[at.numpy()]]
                [columns] = self.ae.columns(rows, condition)
                yield start + at, columns


def read_rows(ae: Autoencoder, X: Any, labels: np.ndarray | None) -> ReadRows:
    """Return rows as the data of a model reads them, with the labels if they are its condition."""
    condition = labels if ae.condition == "y" else None
    if ae.data_.any_size:
        return AnySize(ae, X, condition, np.arange(len(X)))
    [columns] = ae.columns(X, condition)
    return OneSize(columns)
