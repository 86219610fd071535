"""Data and Source: the map between the user's data and tensors, and the sources of batches.

``Columns`` are exchanged between them: a dict of tensors with the rows first, such as ``{"numbers": float64 (n, p),
"codes": int64 (n, q)}`` of a table or ``{"pixels": uint8 (n, channels, height, width)}`` of images. For any kind of
data, it may have two further keys: ``"weight"`` float32 (n,), and ``"condition:NAME"`` float32 (n, k).
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
"""The user's data: an array, a DataFrame, a tensor, a list of rows, a signal, a stream."""

MANY = 10
"""Minimum number of rows for a statement about all of them."""


@dataclass(frozen=True)
class Field:
    """One field of a row in the user's data, such as a column or the pixels; for forms, schemas and clients.

    Attributes
    ----------
    name : str
    kind : str
        For a column ``"float"``, ``"integer"``, ``"boolean"``, ``"date"``, ``"duration"``, ``"category"``, ``"empty"``;
        else ``"pixels"`` or ``"signal"``.
    shape : tuple of int
        Shape of one value: () for a cell, that of an image in the user's layout, (window, channels) for a signal.
    categories : tuple
        The learnt categories.
    low, high : float or None
        Smallest and largest number in training; in seconds for dates and durations.
    """

    name: str
    kind: str
    shape: tuple[int, ...] = ()
    categories: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Note:
    """Something that a user should know about their data before trusting the results of a model.

    Attributes
    ----------
    text : str
        A sentence without a full stop.
    fatal : bool
        Whether the data cannot be used; the text then names a remedy.
    """

    text: str
    fatal: bool = False


class RowLayout(NamedTuple):
    """The meaning of the elements of a row of ``Batch.x``, in this order; all others are numbers.

    Attributes
    ----------
    numbers : slice
    booleans : slice
    gaps : slice
        Flags that say whether the number of a column is missing.
    categories : tuple of slice
        The one-hot elements of each categorical column.
    """

    numbers: slice = slice(None)
    booleans: slice = slice(0, 0)
    gaps: slice = slice(0, 0)
    categories: tuple[slice, ...] = ()

    @property
    def scalars(self) -> slice:
        """Which elements are not part of a category."""
        return slice(0, self.categories[0].start) if self.categories else slice(None)


class Defaults(NamedTuple):
    """The default parts for a kind of data.

    Attributes
    ----------
    net : Net
    likelihood : Likelihood
    score : str
        Name of the score that distinguishes abnormal rows from normal ones.
    prior : str or None
        Name of the prior fitted to the codes of a trained variational model; None: N(0, I), towards which training
        pulls them.
    masked_net : Net or None
        Net for training on masked rows; None: `net`.
    compressive_net : Net or None
        Net for codes that are rounded and written; None: `net`.
    repairing_net : Net or None
        Net for removing what was put on rows, in which most elements stay as they are; None: `net`.
    """

    net: Net
    likelihood: Likelihood
    score: str = "neighbours"
    prior: str | None = None
    masked_net: Net | None = None
    compressive_net: Net | None = None
    repairing_net: Net | None = None


class Data(nn.Module):
    """A two-way map between the user's data and tensors (abstract).

    Constructed with knobs only, it is not fitted; `learn` returns a fitted copy, whose arguments are everything it
    learnt. ``read`` and ``write`` run on the host (strings, dtypes, dates). ``forward``, ``invert`` and ``per_feature``
    run in the graph: tensors only, no branch that depends on values.

    A kind of data implements the methods that raise NotImplementedError here; the others have suitable defaults.
    """

    shape: tuple[int, ...]
    """Shape of one row of ``Batch.x``; None for free axes."""
    named_columns = True
    """Whether the user's rows consist of named values, such as columns or channels; pixels have no names."""
    locates = False
    """Whether `located` says where in a row its error lies."""
    pictorial = False
    """Whether rows are images: x is (channels, height, width), of which maps are drawn."""
    evened = False
    """Whether x is relative to what is around each of its elements, such as images in even light."""
    layout = RowLayout()
    """What the elements of a row of ``Batch.x`` stand for."""

    @property
    def categorical(self) -> bool:
        """Whether a row has categories; distances between their codes mean little."""
        return bool(self.layout.categories)

    @property
    def windowed(self) -> Windowed | None:
        """The data itself if its rows are windows of something larger, else None."""
        return None

    @property
    def fillable(self) -> Fillable | None:
        """The data itself if missing cells can be filled, else None."""
        return None

    @property
    def restorable(self) -> bool:
        """Whether a `Denoiser` cleans such rows: `invert` gives one column, of the shape and scale of x."""
        return False

    @property
    def audible(self) -> bool:
        """Whether rows are recordings, which have a rate."""
        return False

    @property
    def any_size(self) -> bool:
        """Whether rows may differ in size: some axes of `shape` are free."""
        return False

    @property
    def typical_shape(self) -> tuple[int, ...]:
        """Shape of one row for planning, without free axes."""
        return self.shape

    @property
    def summary(self) -> str:
        """A one-sentence description of what was learnt, and how it is scaled."""
        raise NotImplementedError

    @property
    def fitted(self) -> bool:
        """Whether this object is fitted: a result of `learn`."""
        raise NotImplementedError

    def learn(self, chunks: Iterable[Any]) -> Data:
        """Return a fitted copy after one pass over pieces of the user's data, in bounded memory."""
        raise NotImplementedError

    def with_scale(self, scale: str | None) -> Data:
        """Return unfitted data scaled in this way unless it says how; only a table can be scaled in several ways."""
        return self

    def merge(self, other: Data) -> Data:
        """Return the result of `learn` for the rows of both."""
        raise NotImplementedError

    def groups(self, X: Any) -> Iterator[tuple[Tensor | None, Any]]:
        """Yield row indices (int64) and these rows of X, in groups of one size each, which `read` accepts.

        If the indices are None, the group is all rows in order.
        """
        yield None, X

    def samples(self, X: Any) -> int:
        """Return how many samples an epoch shows of X: its rows, or the crops that are cut from them."""
        return len(X)

    def read(self, X: Any) -> Columns:
        """Turn the user's data into columns; raise InputError, naming column and row, if that is impossible."""
        raise NotImplementedError

    def write(self, columns: Columns, like: Rows = None) -> Any:
        """Turn columns into the user's form: that of `like`, else that of the training data."""
        raise NotImplementedError

    def forward(self, columns: Columns) -> Batch:
        """Turn columns into a Batch whose ``corrupted`` is ``x``."""
        raise NotImplementedError

    def invert(self, mean: Tensor) -> Columns:
        """Turn a reconstruction x̂ of shape (batch, *shape) into columns in the user's units."""
        raise NotImplementedError

    def keeps(self) -> list[str]:
        """Describe what a model file stores about the training rows, as short phrases."""
        return []

    def per_feature(self, error: Tensor) -> Tensor:
        """Sum an elementwise error of shape (batch, *shape) over the elements of each of the user's values.

        Returns
        -------
        Tensor of shape (batch, ...)
            In the user's coordinates: (batch, columns) for a table, the user's layout for images.
        """
        raise NotImplementedError

    def located(self, error: Tensor) -> dict[str, float]:
        """Return where in one row its error lies, of what `per_feature` returned of it; numbers by their names."""
        raise NotImplementedError(f"{type(self).__name__} does not say where in a row an error lies")

    def in_own_size(self, maps: Tensor, X: Rows) -> Tensor | list[Tensor]:
        """Return maps of the pixels of x as maps of the pixels of the user's images X: here, they are the same."""
        return maps

    def quantities(self, columns: Columns) -> Tensor:
        """Return the numbers of columns in the user's units and coordinates, as `per_feature` has them.

        float64, NaN for missing cells and for what is no number, such as a category; here for everything.
        """
        return self.per_feature(torch.full_like(self.batch(columns).x, torch.nan, dtype=torch.float64))

    def certainty(self, mean: Tensor) -> Tensor:
        """Return how probable the category is that `invert` chooses, as `per_feature` has it; NaN for numbers."""
        return self.per_feature(torch.full_like(mean, torch.nan))

    def near(self, columns: Columns) -> Columns:
        """Return columns whose numbers are at most somewhat outside the learnt ranges; here unchanged."""
        return columns

    def by_feature(self, error: Tensor) -> Tensor:
        """Return what `per_feature` gave, its means over the axes that are free: of one shape for rows of any size."""
        return error

    def numbers(self, X: Any) -> np.ndarray:
        """Return rows of one size as float64 (samples, features) in the user's units: what metrics compare."""
        return np.asarray(X).reshape(len(X), -1).astype(np.float64)

    def waveforms(self, X: Any) -> list[np.ndarray]:
        """Return each of the user's rows as samples (time, channels); here none, since rows make no sound."""
        return []

    def feature_names(self) -> list[str]:
        """Return the names of the user's coordinates, in the order of a flattened row of `by_feature`."""
        raise NotImplementedError

    def fields(self) -> list[Field]:
        """Return the fields of a row, in the user's order."""
        raise NotImplementedError

    def column_names(self, *kinds: str) -> list[str]:
        """Return the names of the user's columns of some kinds (see `Field`), or of all columns if none is named.

        Times count among all, though they are no feature. Here none: nothing is known of columns by name.
        """
        return []

    def defaults(self) -> Defaults:
        """Return the default parts for this data."""
        raise NotImplementedError

    def space(self, columns: Columns) -> tuple[int, ...]:
        """Return the lengths of the free axes of rows: height and width of images."""
        raise NotImplementedError(f"rows of {type(self).__name__} have one size")

    def with_whole(self, columns: Columns) -> Columns:
        """Return columns of which a part gives the same ``Batch.x`` as the whole does there: here as they are."""
        return columns

    def cut(self, columns: Columns, spans: Sequence[tuple[int, int]]) -> Columns:
        """Return a part of each row: from start to end along each axis of `space`."""
        raise NotImplementedError(f"rows of {type(self).__name__} have one size")

    def draw(self, y: Tensor, likelihood: Likelihood) -> Columns:
        """Turn y into new rows in the user's units: here the mean; samples for data in which noise matters."""
        return self.invert(likelihood.mean(y))

    def checks(self, columns: Columns | None = None) -> list[Note]:
        """Return notes on what is unusual in the training data, or on how `columns` differ from it."""
        return []

    def row_names(self) -> list[str]:
        """Return the names of the elements of a user's row: channels of a signal, columns of a table, pixels."""
        return self.feature_names() if self.windowed is None else self.windowed.channel_names()

    def per_row(self, values: Tensor, X: Any) -> Tensor:
        """Turn values of the rows of ``read(X)`` into values of the user's rows of X."""
        return values if self.windowed is None else self.windowed.fold_windows(values, X)

    def batch(self, columns: Columns) -> Batch:
        """Call `forward`, then attach the weight, the noise level, the conditions, and what was said to be observed."""
        columns = dict(columns)
        observed = columns.pop("observed", None)
        weight, noise = columns.pop("weight", None), columns.pop("noise", None)
        condition = {k.partition(":")[2]: columns.pop(k) for k in list(columns) if k.startswith("condition:")}
        batch: Batch = self(columns)
        observed = batch.observed if observed is None else observed.expand_as(batch.x)
        return batch.with_(weight=weight, noise=noise, condition=condition, observed=observed)


class Timing(NamedTuple):
    """How time steps that arrive one by one are counted.

    Attributes
    ----------
    name : str
        Name of the value of a time step that is its time.
    step : float
        Seconds, or numbers, between time steps.
    refuse : bool
        Whether a missing time step is an error.
    """

    name: str
    step: float
    refuse: bool


class Windowed(Data):
    """Data whose rows are windows of something larger, such as a signal of many time steps (abstract).

    The user's rows are the time steps. They are consecutive, so the last of them are held out for validation.
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
        """How time steps that arrive one by one are counted; None: each counts as one step."""
        return None

    def channel_names(self) -> list[str]:
        """Return the names of the elements of a user's row: the columns of error maps after `fold_windows`."""
        raise NotImplementedError

    def times(self, X: Any) -> np.ndarray:
        """Return the time of each of the user's rows of X, or its index if there are no times."""
        raise NotImplementedError

    def fold_windows(self, values: Tensor, X: Any, causal: bool = False) -> Tensor:
        """Turn values of the windows of ``read(X)`` into values of the user's rows of X.

        Parameters
        ----------
        values : Tensor of shape (windows, ...)
            A number for each window, or an error as `per_feature` returns it.
        X : what was read
        causal : bool, default False
            For one number per window: use the last window that ends at or before the row, else the mean over all that
            cover it.

        Returns
        -------
        Tensor of shape (rows,), or (rows, channels) of errors
        """
        raise NotImplementedError

    def window_max(self, values: Tensor, X: Any) -> Tensor:
        """Return the largest value of the user's rows of X in each window of ``read(X)``, of shape (windows,)."""
        raise NotImplementedError

    def last_row_index(self, X: Any) -> Tensor:
        """Return the index of the last of the user's rows in each window of ``read(X)``: int64 of shape (windows,)."""
        raise NotImplementedError


class Fillable(Data):
    """Data whose cells may be missing, and can be filled: a table (abstract)."""

    order: Tensor
    """The index of the user's column for each column of `per_feature`."""

    @property
    def fillable(self) -> Fillable:
        """The data itself."""
        return self

    def filled(self, x: Tensor) -> Tensor:
        """Return x as if no cell were missing."""
        raise NotImplementedError

    def known(self, x: Tensor, mean: Tensor) -> Tensor:
        """Return a sample x whose unknown categories give way to known ones, drawn by their probability in `mean`."""
        raise NotImplementedError


@runtime_checkable
class Stream(Protocol):
    """The user's rows where they are read piece by piece, such as a file that is larger than memory."""

    def chunks(self) -> Iterator[Any]:
        """Yield all rows in order, in pieces that `Data.read` accepts."""
        ...

    def source(self, data: Data, **settings: Any) -> Source:
        """Return a source of batches of these rows."""
        ...


@runtime_checkable
class Source(Protocol):
    """A source of batches. The order of rows is a function of (seed, epoch), so that resuming only needs to skip."""

    rows: int
    """How many rows there are, those for validation too."""

    def batches(self, split: str, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of ``"train"`` (shuffled) or ``"validation"`` from batch number `start` on.

        A batch is valid until the next one is requested.
        """
        ...

    def steps(self, split: str) -> int:
        """Return the number of batches of a split per epoch; 0 if the split is empty."""
        ...

    def sample(self, rows: int) -> Batch:
        """Return one batch of at most `rows` training rows, the same on each call, for initialising parts."""
        ...

    def fingerprint(self) -> str:
        """Return a short string that changes with the rows, their order and the batch size."""
        ...

    def shard(self, rank: int, world: int) -> Source:
        """Return one process's part of each batch; the parts of all processes are disjoint and add up to the batch."""
        ...


def rows(columns: Columns) -> int:
    """Return the number of rows in columns."""
    return len(next(iter(columns.values()))) if columns else 0


def take(columns: Columns, index: Tensor | slice) -> Columns:
    """Return some rows of columns: one gather for each tensor."""
    return {name: tensor[index] for name, tensor in columns.items()}


def join(pieces: list[Columns]) -> Columns:
    """Join pieces of columns along the rows."""
    return {name: torch.cat([piece[name] for piece in pieces]) for name in pieces[0]}
