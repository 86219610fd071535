"""Data and Source: how the user's world becomes tensors, and where batches come from.

``Columns`` is what flows between them: a dict of tensors with the rows first, such as
``{"numbers": float64 (n, p), "codes": int64 (n, q)}`` of a table or ``{"pixels": uint8 (n, channels, height, width)}``
of images. Two further keys may stand in it for any kind of data: ``"weight"`` float32 (n,), and ``"condition:NAME"``
float32 (n, k).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from isthmus.core.records import Batch

if TYPE_CHECKING:
    from isthmus.core.interfaces import Likelihood

Columns = dict[str, Tensor]

Rows = Any
"""What the user has: an array, a DataFrame, a tensor, a list of rows, a signal, a stream."""

MANY = 10
"""Rows that are enough to say something of all of them."""


@dataclass(frozen=True)
class Field:
    """One thing that a row consists of, as the user gives it: what programs on the other side ask for.

    Attributes
    ----------
    name : str
    kind : str
        Of a column ``"float"``, ``"integer"``, ``"boolean"``, ``"date"``, ``"duration"``, ``"category"``, ``"empty"``;
        else ``"pixels"`` or ``"signal"``.
    shape : tuple of int
        Of one value: () for a cell, that of a picture as given, (window, channels) of a signal.
    categories : tuple
        That were learnt.
    low, high : float or None
        Smallest and largest number that was learnt; of dates and durations in seconds.
    """

    name: str
    kind: str
    shape: tuple[int, ...] = ()
    categories: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None


class Data(nn.Module):
    """A two-way map between what the user has and tensors; abstract.

    Constructed with knobs only it is not fitted; `learn` returns a fitted one, whose arguments are all it learnt.
    ``read`` and ``write`` run on the host (strings, dtypes, dates). ``forward``, ``invert`` and ``per_feature`` run in
    the graph: tensors only, no branch that depends on values.
    """

    shape: tuple[int, ...]
    """Shape of one row of ``Batch.x``; None where an axis is free."""
    ordered = False
    """Whether rows follow each other in time: what is held out is then the last of them."""
    score = "neighbours"
    """Name of the score by which abnormal rows are told from normal ones."""
    prior = "standard-normal"
    """Name of the prior from which new codes of a variational model are drawn."""

    @property
    def any_size(self) -> bool:
        """Whether rows may differ in size: some axes of `shape` are free."""
        return False

    @property
    def typical_shape(self) -> tuple[int, ...]:
        """Shape of one row that plans are made for, with no free axis."""
        return self.shape

    @property
    def summary(self) -> str:
        """One sentence on what was learnt, and how it is scaled."""
        raise NotImplementedError

    @property
    def fitted(self) -> bool:
        """Whether `learn` made this object."""
        raise NotImplementedError

    def learn(self, chunks: Iterable[Any]) -> Data:
        """Return a fitted copy after one pass over pieces of the user's data, in bounded memory."""
        raise NotImplementedError

    def merge(self, other: Data) -> Data:
        """Return what `learn` would return for the rows of both: each was learnt from a part, say in a process."""
        raise NotImplementedError

    def groups(self, X: Any) -> Iterator[tuple[Tensor | None, Any]]:
        """Yield row indices (int64) and the rows of X at them, in groups that `read` takes, of one size each.

        None in place of the indices: all rows in their order.
        """
        yield None, X

    def read(self, X: Any) -> Columns:
        """Turn what the user has into columns; raise InputError naming column and row where that cannot be done."""
        raise NotImplementedError

    def write(self, columns: Columns, like: Any = None) -> Any:
        """Turn columns into what the user has: the kind of `like`, else of what was learnt from."""
        raise NotImplementedError

    def forward(self, columns: Columns) -> Batch:
        """Turn columns into a Batch whose ``corrupted`` is ``x``."""
        raise NotImplementedError

    def invert(self, mean: Tensor) -> Columns:
        """Turn a reconstruction x̂ of shape (batch, *shape) into columns in the user's units."""
        raise NotImplementedError

    def draw(self, y: Tensor, likelihood: Likelihood) -> Columns:
        """Turn y into new rows, in the user's units: the mean here, draws where noise belongs to what is drawn."""
        return self.invert(likelihood.mean(y))

    def all_missing(self, columns: Columns) -> Tensor | None:
        """Return which rows have no value at all, of shape (n,); None where that cannot be."""
        return None

    def empty_columns(self) -> list[Any]:
        """Name the columns in which nothing stood when they were learnt."""
        return []

    def novelties(self, columns: Columns) -> list[str]:
        """Say in sentences how rows differ from all that was learnt from: of columns that were constant, say."""
        return []

    def keeps(self) -> list[str]:
        """Say what a file keeps of the rows that were learnt from, each thing in a few words."""
        return []

    def per_feature(self, error: Tensor) -> Tensor:
        """Sum an elementwise error of shape (batch, *shape) over what is one element for the user.

        Returns
        -------
        Tensor of shape (batch, ...)
            In the user's coordinates: (batch, columns) of a table, the given shape of images.
        """
        raise NotImplementedError

    def feature_names(self) -> list[str]:
        """Name the user's coordinates in the order of a flattened row of `per_feature`."""
        raise NotImplementedError

    def fold_windows(self, found: Tensor, X: Any) -> Tensor:
        """Turn what was found for each row of ``read(X)`` into what holds for each of the user's rows of X.

        Parameters
        ----------
        found : Tensor of shape (rows, ...)
            A number for each row, or an error that `per_feature` gave.
        X : what was read

        Returns
        -------
        Tensor
            The same, where a row of columns is one of the user's. For signals, whose rows are windows: of shape
            (time steps,), or (time steps, channels) for located errors.
        """
        return found

    def window_max(self, found: Tensor, X: Any) -> Tensor:
        """Return for each row of ``read(X)`` the greatest of what was found for the user's rows of X in it: (rows,)."""
        return found

    def last_row_index(self, X: Any) -> Tensor:
        """Return the number of the last of the user's rows in each row of ``read(X)``: int64 of shape (rows,)."""
        return torch.arange(len(X))

    def channel_names(self) -> list[str]:
        """Name what one of the user's rows consists of: the columns of what `fold_windows` makes of located errors."""
        return self.feature_names()

    def fields(self) -> list[Field]:
        """Return what a row consists of, in the user's order."""
        raise NotImplementedError

    def defaults(self) -> tuple[Any, Any]:
        """Return the (net, likelihood) parts that suit this data."""
        raise NotImplementedError

    def space(self, columns: Columns) -> tuple[int, ...]:
        """Return the lengths of the axes of rows that may be of any size: height and width of pictures."""
        raise NotImplementedError(f"rows of {type(self).__name__} have one size")

    def cut(self, columns: Columns, spans: Sequence[tuple[int, int]]) -> Columns:
        """Return a part of each row: from start to end along each of the axes that `space` tells of."""
        raise NotImplementedError(f"rows of {type(self).__name__} have one size")

    def batch(self, columns: Columns) -> Batch:
        """Call `forward`, then attach the weight and the conditions that stand in the columns."""
        columns = dict(columns)
        weight = columns.pop("weight", None)
        given = {k.partition(":")[2]: columns.pop(k) for k in list(columns) if k.startswith("condition:")}
        return self(columns).with_(weight=weight, condition=given)


@runtime_checkable
class Source(Protocol):
    """Where batches come from. The order of rows is a function of (seed, epoch), so that resuming skips."""

    rows: int
    """How many rows there are, those for validation too."""

    def batches(self, split: str, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of ``"train"`` (shuffled) or ``"validation"`` from batch number `start` on.

        A batch is valid until the next one is asked for.
        """
        ...

    def steps(self, split: str) -> int:
        """Return the number of batches of a split in one epoch; 0 where the split is empty."""
        ...

    def sample(self, rows: int) -> Batch:
        """Return one batch of at most `rows` training rows, the same at each call: what parts are initialised on."""
        ...

    def fingerprint(self) -> str:
        """Return a short text that differs where the rows, their order or the batch size differ."""
        ...

    def shard(self, rank: int, world: int) -> Source:
        """Return the part of the rows of one of several processes: disjoint, and together the whole of each batch."""
        ...


def rows(columns: Columns) -> int:
    """Return the number of rows that columns hold."""
    return len(next(iter(columns.values()))) if columns else 0


def take(columns: Columns, index: Tensor | slice) -> Columns:
    """Return some rows of columns: one gather for each tensor."""
    return {name: tensor[index] for name, tensor in columns.items()}


def join(pieces: list[Columns]) -> Columns:
    """Join pieces of columns along the rows."""
    return {name: torch.cat([piece[name] for piece in pieces]) for name in pieces[0]}
