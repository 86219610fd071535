"""Data and Source: how the user's world becomes tensors, and where batches come from.

``Columns`` is what flows between them: a dict of tensors with the rows first, such as
``{"numbers": float64 (n, p), "codes": int64 (n, q)}`` of a table or ``{"pixels": uint8 (n, channels, height, width)}``
of images. Two further keys may stand in it for any kind of data: ``"weight"`` float32 (n,), and ``"condition:NAME"``
float32 (n, k).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from isthmus.core.records import Batch

if TYPE_CHECKING:
    from isthmus.core.interfaces import Likelihood, Net

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


@dataclass(frozen=True)
class Note:
    """Something that a person should know of columns before they trust what a model makes of them.

    Attributes
    ----------
    text : str
        A sentence without a full stop.
    fatal : bool
        Whether nothing can be made of them; the text then names a remedy.
    """

    text: str
    fatal: bool = False


class RowLayout(NamedTuple):
    """What the elements of a row of ``Batch.x`` stand for, in this order; what nothing is said of are numbers.

    Attributes
    ----------
    numbers : slice
    booleans : slice
    gaps : slice
        Each says whether the number of a column is missing.
    categories : tuple of slice
        The one-hot elements of each column of categories.
    """

    numbers: slice = slice(None)
    booleans: slice = slice(0, 0)
    gaps: slice = slice(0, 0)
    categories: tuple[slice, ...] = ()

    @property
    def scalars(self) -> slice:
        """All elements that are not part of a category."""
        return slice(0, self.categories[0].start) if self.categories else slice(None)


class Defaults(NamedTuple):
    """The parts that suit a kind of data.

    Attributes
    ----------
    net : Net
    likelihood : Likelihood
    score : str
        Name of the score by which abnormal rows are told from normal ones.
    prior : str or None
        Name of the prior that is fitted to the codes of a trained variational model; None: codes are drawn from
        N(0, I), to which training pulls them.
    """

    net: Net
    likelihood: Likelihood
    score: str = "neighbours"
    prior: str | None = None


class Data(nn.Module):
    """A two-way map between what the user has and tensors; abstract.

    Constructed with knobs only it is not fitted; `learn` returns a fitted one, whose arguments are all it learnt.
    ``read`` and ``write`` run on the host (strings, dtypes, dates). ``forward``, ``invert`` and ``per_feature`` run in
    the graph: tensors only, no branch that depends on values.

    A kind of data implements what raises NotImplementedError here; the rest has a default that suits most kinds.
    """

    shape: tuple[int, ...]
    """Shape of one row of ``Batch.x``; None where an axis is free."""
    named_columns = True
    """Whether the user's rows consist of named values, such as columns or channels; pixels have no names."""
    layout = RowLayout()
    """What the elements of a row of ``Batch.x`` stand for."""

    @property
    def categorical(self) -> bool:
        """Whether a row holds categories, between whose codes distances mean little."""
        return bool(self.layout.categories)

    @property
    def windowed(self) -> Windowed | None:
        """The data itself where its rows are windows of something larger, else None."""
        return None

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

    def write(self, columns: Columns, like: Rows = None) -> Any:
        """Turn columns into what the user has: the kind of `like`, else of what was learnt from."""
        raise NotImplementedError

    def forward(self, columns: Columns) -> Batch:
        """Turn columns into a Batch whose ``corrupted`` is ``x``."""
        raise NotImplementedError

    def invert(self, mean: Tensor) -> Columns:
        """Turn a reconstruction x̂ of shape (batch, *shape) into columns in the user's units."""
        raise NotImplementedError

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

    def fields(self) -> list[Field]:
        """Return what a row consists of, in the user's order."""
        raise NotImplementedError

    def defaults(self) -> Defaults:
        """Return the parts that suit this data."""
        raise NotImplementedError

    def space(self, columns: Columns) -> tuple[int, ...]:
        """Return the lengths of the axes of rows that may be of any size: height and width of pictures."""
        raise NotImplementedError(f"rows of {type(self).__name__} have one size")

    def cut(self, columns: Columns, spans: Sequence[tuple[int, int]]) -> Columns:
        """Return a part of each row: from start to end along each of the axes that `space` tells of."""
        raise NotImplementedError(f"rows of {type(self).__name__} have one size")

    def draw(self, y: Tensor, likelihood: Likelihood) -> Columns:
        """Turn y into new rows, in the user's units: the mean here, draws where noise belongs to what is drawn."""
        return self.invert(likelihood.mean(y))

    def checks(self, columns: Columns | None = None) -> list[Note]:
        """Say what is unusual: of what was learnt, or how `columns` differ from all that was learnt from."""
        return []

    def row_names(self) -> list[str]:
        """Name what one of the user's rows consists of: the channels of a signal, the columns of a table, pixels."""
        return self.feature_names() if self.windowed is None else self.windowed.channel_names()

    def per_row(self, values: Tensor, X: Any) -> Tensor:
        """Turn a value of each row of ``read(X)`` into one of each of the user's rows of X."""
        return values if self.windowed is None else self.windowed.fold_windows(values, X)

    def batch(self, columns: Columns) -> Batch:
        """Call `forward`, then attach the weight and the conditions that stand in the columns."""
        columns = dict(columns)
        weight = columns.pop("weight", None)
        condition = {k.partition(":")[2]: columns.pop(k) for k in list(columns) if k.startswith("condition:")}
        batch: Batch = self(columns)
        return batch.with_(weight=weight, condition=condition)


class Timing(NamedTuple):
    """How time steps that come in one by one are counted.

    Attributes
    ----------
    name : str
        The value of a time step that is its time.
    step : float
        Seconds, or numbers, from one time step to the next.
    refuse : bool
        Whether a missing time step is an error.
    """

    name: str
    step: float
    refuse: bool


class Windowed(Data):
    """Data whose rows are windows of something larger, such as a signal of many time steps; abstract.

    The user's rows are the time steps. They follow each other, so what is held out is the last of them.
    """

    window: int
    """The user's rows in a window."""
    stride: int
    """The user's rows from the start of one window to the next."""

    @property
    def windowed(self) -> Windowed:
        """The data itself."""
        return self

    @property
    def timing(self) -> Timing | None:
        """How time steps that come in one by one are counted; None: each is one step."""
        return None

    def channel_names(self) -> list[str]:
        """Name what one of the user's rows consists of: the columns of what `fold_windows` makes of error maps."""
        raise NotImplementedError

    def times(self, X: Any) -> np.ndarray:
        """Return the time of each of the user's rows of X, or its number where it has none."""
        raise NotImplementedError

    def fold_windows(self, values: Tensor, X: Any, causal: bool = False) -> Tensor:
        """Turn a value of each window of ``read(X)`` into one of each of the user's rows of X.

        Parameters
        ----------
        values : Tensor of shape (windows, ...)
            A number for each window, or an error that `per_feature` gave.
        X : what was read
        causal : bool, default False
            For numbers: that of the last window that ends at the row or before; else the mean over those that cover it.

        Returns
        -------
        Tensor of shape (rows,), or (rows, channels) of errors
        """
        raise NotImplementedError

    def window_max(self, values: Tensor, X: Any) -> Tensor:
        """Return for each window of ``read(X)`` the greatest value of the user's rows of X in it: (windows,)."""
        raise NotImplementedError

    def last_row_index(self, X: Any) -> Tensor:
        """Return the index of the last of the user's rows in each window of ``read(X)``: int64 of shape (windows,)."""
        raise NotImplementedError


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
