"""Table: columns of numbers, truth values, dates and categories, with missing cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import MANY, Columns, Data, Field, rows
from isthmus.core.part import lookup, part
from isthmus.core.records import Batch
from isthmus.data.defaults import mlp_for
from isthmus.data.tables.arrays import array
from isthmus.data.tables.bins import Bins
from isthmus.data.tables.clipping import settled
from isthmus.data.tables.decode import columns_of, form_of, frame, restored
from isthmus.data.tables.encode import codes, numbers
from isthmus.data.tables.learner import Learner, learnt
from isthmus.data.tables.reservoir import Reservoir
from isthmus.data.tables.scale_names import SCALES
from isthmus.data.tables.scales import automatic, scaler
from isthmus.data.tables.schema import KINDS, Schema, sheet
from isthmus.support.errors import InputError, listed, unknown

ARRAYS = ("array", "tensor")
FINE = 128
"""Elements that a net for bins is at least as wide as one for: it draws densities, not values."""
PLACES = ("owner", "slot", "feature", "order", "gapped")


@part("data/table")
class Table(Data):
    """Rows of a table; ``Batch.x`` is float32 (n, D): numbers, truth values, gaps, then one-hot categories.

    A missing cell (None, NaN, NA, NaT) is filled with the mean of its column, a missing category with zeros; both are
    False in ``Batch.observed``, which is always given: a cell may be missing that never was before. A category that
    was not learnt is encoded in a slot of its own, the last of its column. Dates and durations are numbers in seconds.

    Parameters
    ----------
    scale : {"column", "common", "centre", "none", "bins"} or None, default None
        What happens to numbers. ``"column"``: each column minus its mean, divided by its standard deviation.
        ``"common"``: one offset and one divisor for all, so that they lie in [0, 1]: 0 and 1 where they do already,
        0 and 255 for uint8, else by the smallest and the largest. ``"centre"``: each column minus its mean, and one
        divisor for all (that of ``"common"`` for uint8 and numbers in [0, 1], else the root mean square deviation),
        which leaves principal components as they are. ``"none"``: as they are. ``"bins"``: each column by bins of
        about equal counts to [0, 1], with bins of their own for values that are frequent, and a truth value beside
        each column that has gaps, which says whether the cell is missing: what new rows are drawn from. None:
        ``"common"`` for an array, tensor or list that is uint8 or lies in [0, 1], else ``"column"``. Dates and
        durations are always scaled by column (or by bins),
        truth values never.
    columns : dict or None
        Learnt: the fields of a `Schema`. None: not fitted.
    max_categories : int, default 1000
        Most categories that a column may have.

    Attributes
    ----------
    scale : str or None
        The one that is used, once fitted.
    schema : Schema or None
        What was learnt, once fitted.

    Raises
    ------
    InputError
        `scale` is none of these.

    Examples
    --------
    >>> table = Table().learn([[[1.0, "a"], [3.0, "b"]]])
    >>> batch = table(table.read([[3.0, "b"], [None, "a"]]))
    >>> batch.x
    tensor([[1., 0., 1., 0.],
            [0., 1., 0., 0.]])
    >>> batch.observed[:, 0]
    tensor([ True, False])
    >>> table.write(table.invert(batch.x))
    array([[3.0, 'b'],
           [2.0, 'a']], dtype=object)
    """

    fill: Tensor
    owner: Tensor
    slot: Tensor
    feature: Tensor
    order: Tensor
    gapped: Tensor

    def __init__(
        self, scale: str | None = None, columns: dict[str, Any] | None = None, max_categories: int = 1000
    ) -> None:
        super().__init__()
        if scale is not None and scale not in SCALES:
            raise InputError(unknown("scale", scale, SCALES))
        self.scale, self.max_categories = scale, max_categories
        self.schema = None if columns is None else Schema(**columns)
        self._sample: Reservoir | None = None  # of the rows that bins come from, for `merge`; never saved
        if self.schema is not None:
            self._lay_out(self.schema)

    def _lay_out(self, schema: Schema) -> None:
        """Fix the places of all columns in x; the buffers follow from the arguments and are not saved."""
        self.scale = self.scale or automatic(schema)
        self._wide = len(schema.numbers)
        self.scaler = scaler(self.scale, schema)
        self.score = "residual" if schema.categories else "neighbours"  # distances mean little between one-hot codes
        self.prior = "mixture" if self.scale == "bins" else "standard-normal"
        gapped = [place for place, count in enumerate(schema.missing) if count and self.scale == "bins"]
        self._widths = [len(known) + 1 for known in schema.categories]
        self.shape = (self._wide + len(gapped) + sum(self._widths),)
        categorical = schema.places("category")
        owner = np.repeat(np.arange(len(categorical)), self._widths)
        slots = [np.arange(width) for width in self._widths]
        mean = torch.tensor([schema.mean], dtype=torch.float64, device="cpu")
        buffers = {
            "fill": self.scaler.places(mean)[0].nan_to_num().float(),
            "gapped": gapped,
            "owner": owner,
            "slot": np.concatenate([np.arange(0), *slots]),
            "feature": np.concatenate([schema.numbers, gapped, np.array(categorical)[owner]]),
            "order": np.argsort(schema.numbers + categorical),
        }
        for name, values in buffers.items():
            dtype = torch.int64 if name in PLACES else None
            self.register_buffer(name, torch.as_tensor(values, dtype=dtype, device="cpu"), persistent=False)

    @property
    def fitted(self) -> bool:
        """Whether the columns are known."""
        return self.schema is not None

    def learn(self, chunks: Iterable[Any]) -> Table:
        """Return a fitted copy after one pass over pieces of a table.

        Parameters
        ----------
        chunks : iterable of DataFrame, array, tensor or list of rows
            All with the same columns. Memory is bounded by the largest piece and the categories.

        Raises
        ------
        InputError
            There are no pieces, they differ in their columns, or one of them cannot be read.
        """
        return self._fitted(self.scale, learnt(chunks, self.max_categories, bins=self.scale == "bins"))

    def merge(self, other: Data) -> Table:
        """Return what `learn` would return for the rows of both; a scale by which they differ is chosen anew.

        Raises
        ------
        InputError
            The columns differ; or one comes from a file, which does not hold what is needed.
        """
        assert isinstance(other, Table)  # a table is learnt from the rows of a table
        learner, more = (Learner.of(one._known(), one.max_categories, one._sample) for one in (self, other))
        learner.merge(more)
        return self._fitted(self.scale if self.scale == other.scale else None, learner)

    def _fitted(self, scale: str | None, learner: Learner) -> Table:
        schema = learner.schema()
        fitted = Table(scale or automatic(schema), asdict(schema), self.max_categories)
        fitted._sample = learner.sample
        return fitted

    def _known(self) -> Schema:
        if self.schema is None:
            raise InputError("this Table knows no columns yet: call learn(chunks), or fit, first")
        return self.schema

    # -- the host's side -----------------------------------------------------------------------------------------

    def read(self, X: Any) -> Columns:
        """Return ``{"numbers": float (n, p), "codes": int64 (n, q)}``, without a key that has no columns.

        Numbers are float32 where that is exact for the types of X, else float64; NaN is a missing cell. Codes are
        places among the learnt categories: -1 is a missing cell, one past the last an unseen category, which a warning
        counts.

        Raises
        ------
        InputError
            Other columns than learnt, no rows, infinity, text among numbers.
        """
        schema, given = self._known(), sheet(X)
        schema.check(given)
        columns = {}
        if schema.numbers:
            columns["numbers"] = numbers(given, schema)
        if schema.categories:
            columns["codes"] = codes(given, schema)
        return columns

    def write(self, columns: Columns, like: Any = None) -> Any:
        """Return a DataFrame, array or tensor: of the kind of `like`, else of what was learnt from.

        A DataFrame has the learnt types (integers rounded and kept within their type), and the row labels of `like`
        where it has as many rows. An array is float32 where `like`, or what was learnt from, is exact in that, else
        float64; with categories it is an array of objects.
        """
        schema = self._known()
        form, names = form_of(like, schema)
        host = {name: tensor.detach().cpu().numpy() for name, tensor in columns.items() if name in ("numbers", "codes")}
        dtype = schema.dtypes[0][0] if like is None else str(getattr(like, "dtype", "float64")).removeprefix("torch.")
        if form in ARRAYS and not schema.categories:
            return array(host["numbers"][:, self.order.numpy()], dtype, form)
        made = columns_of(schema, host, names, native=form == schema.form)
        if form in ARRAYS:
            return array(np.stack([restored(column).astype(object) for column in made], axis=1), dtype, form)
        return frame(made, form, like)

    def all_missing(self, columns: Columns) -> Tensor:
        """Return which rows have no value at all."""
        return torch.stack([gaps.all(1) for gaps in gaps_of(columns).values()]).all(0)

    def empty_columns(self) -> list[Any]:
        """Name the columns in which nothing stood."""
        schema = self._known()
        return [schema.name(place) for place in schema.places("empty")]

    def novelties(self, columns: Columns) -> list[str]:
        """Name columns that are missing throughout, and numbers that were constant when they were learnt, and vary."""
        told = {
            f"columns that are missing in all {rows(columns)} rows": [repr(name) for name in self._gone(columns)],
            "columns that were constant in training, but are not now": self._varying(columns),
        }
        return [f"{what}: {listed(names)}" for what, names in told.items() if names]

    def _varying(self, columns: Columns) -> list[str]:
        """Say where numbers differ that were constant in training."""
        schema = self._known()
        ranges = zip(schema.lows, schema.highs, strict=True)
        constant = [at for at, (low, high) in enumerate(ranges) if low == high]
        if not constant:
            return []
        values = columns["numbers"][:, constant]
        differs = (values - values.new_tensor([schema.lows[at] for at in constant])).abs() > 0
        first = differs.int().argmax(0).tolist()
        return [
            f"{schema.name(schema.numbers[at])!r} ({schema.lows[at]:g}, but {values[row, k]:g} in row {row})"
            for k, (at, row) in enumerate(zip(constant, first, strict=True))
            if differs[row, k]
        ]

    def _gone(self, columns: Columns) -> list[Any]:
        """Name the columns that are missing in all of many rows, but were not in those that were learnt from."""
        if rows(columns) < MANY:
            return []
        schema = self._known()
        places = {"numbers": schema.numbers, "codes": schema.places("category")}
        gone = {
            places[name][at]
            for name, gaps in gaps_of(columns).items()
            for at in torch.nonzero(gaps.all(0)).flatten().tolist()
        }
        return [schema.name(place) for place in sorted(gone - set(schema.places("empty")))]

    def keeps(self) -> list[str]:
        """Say what a file keeps of the columns."""
        schema = self._known()
        numbers = f"names and types of {len(schema.kinds):,} columns, mean, deviation and range of each number"
        categories = sum(map(len, schema.categories))
        return [numbers, *([f"{categories:,} categories, word for word"] if categories else [])]

    # -- in the graph --------------------------------------------------------------------------------------------

    def forward(self, columns: Columns) -> Batch:
        """Return x float32 (n, D), and which of it was observed."""
        pieces = []
        if self._wide:
            pieces.append(self._scaled(columns["numbers"]))
        if len(self.gapped):
            pieces.append(self._gaps(columns))
        if self._widths:
            pieces.append(self._one_hot(columns["codes"]))
        x, observed = (torch.cat(side, 1) for side in zip(*pieces, strict=True))
        return Batch(x, x, observed=observed, feature=self.feature)

    def _scaled(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        x = self.scaler.places(numbers.double()).float()
        there = ~torch.isnan(x)
        return torch.where(there, x, self.fill), there

    def _gaps(self, columns: Columns) -> tuple[Tensor, Tensor]:
        """Return which cells are missing, of the columns that had gaps when the table was fitted."""
        found = torch.cat(list(gaps_of(columns).values()), 1)
        gaps = found[:, self.order[self.gapped]].float()
        return gaps, torch.ones_like(gaps, dtype=torch.bool)

    def _one_hot(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        spread = codes[:, self.owner]
        return (spread == self.slot).float(), spread >= 0

    def invert(self, mean: Tensor) -> Columns:
        """Return numbers in the user's units (truth values as probabilities) and the most probable known categories."""
        columns = {}
        numbers, _, *blocks = self._split(mean)
        if self._wide:
            columns["numbers"] = self.scaler.numbers(numbers.double())
        if blocks:
            columns["codes"] = torch.stack([block[:, :-1].argmax(1) for block in blocks], 1)
        return columns

    def _split(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the numbers, the gaps and the block of each column of categories."""
        return x.split([self._wide, len(self.gapped), *self._widths], 1)

    def filled(self, x: Tensor) -> Tensor:
        """Return x as it would be had no cell been missing: without the gaps that a table scaled by bins has in it."""
        numbers, gaps, *blocks = self._split(x)
        return torch.cat([numbers, torch.zeros_like(gaps), *blocks], 1)

    def per_feature(self, error: Tensor) -> Tensor:
        """Return the error of each of the user's columns, summed over its elements: (n, columns)."""
        numbers, gaps, *blocks = self._split(error)
        located = torch.cat([numbers, *(block.sum(1, keepdim=True) for block in blocks)], 1)[:, self.order]
        return located.index_add(1, self.gapped, gaps)

    def draw(self, y: Tensor, likelihood: Any) -> Columns:
        """Return rows drawn from the likelihood, each number within the learnt range and in its unit.

        Cells are missing where the table was scaled by bins, and as often as they were.
        """
        x, mean = likelihood.sample(y), likelihood.mean(y)
        _, gaps, *_ = self._split(x)
        known = x[:, self._wide :] + 1e-6 * mean[:, self._wide :]  # an unseen category gives way to the likeliest one
        columns = self.invert(torch.cat([x[:, : self._wide], known], 1))
        missing = x.new_zeros(len(x), len(self.order)).index_copy(1, self.gapped, gaps) > 0.5
        return settled(columns, missing, self._known())

    # -- what it is ----------------------------------------------------------------------------------------------

    def feature_names(self) -> list[str]:
        """Return the names of the columns; x0, x1 … where they have none."""
        schema = self._known()
        return [str(schema.name(place)) for place in range(len(schema.kinds))]

    def fields(self) -> list[Field]:
        """Return a field for each column."""
        schema = self._known()
        ranges = dict(zip(schema.numbers, zip(schema.lows, schema.highs, strict=True), strict=False))
        categories = dict(zip(schema.places("category"), schema.categories, strict=True))
        return [
            Field(name, kind, (), categories.get(place, ()), *ranges.get(place, (None, None)))
            for place, (name, kind) in enumerate(zip(self.feature_names(), schema.kinds, strict=True))
        ]

    def defaults(self) -> tuple[Any, Any]:
        """Return the mlp net, and the squared error, mixed with others where there are truth values or categories.

        Bins have the histogram likelihood instead.

        Numbers of the ``common`` scale lie in [0, 1], and so does their reconstruction.
        """
        booleans = len(self._known().places("boolean"))
        groups = [("squared", self._wide - booleans), ("bernoulli", booleans + len(self.gapped))]
        groups = [group for group in groups if group[1]] + [("categorical", width) for width in self._widths]
        if isinstance(self.scaler, Bins) and groups[0][0] == "squared":
            histogram = lookup("likelihood/histogram")(bins=tuple(self.scaler.count.tolist()))
            groups[0] = (histogram, groups[0][1])
        plain = [name for name, _ in groups] == ["squared"]
        bounds = (0.0, 1.0) if self.scale == "common" else None
        squared = lookup("likelihood/squared")(bounds=bounds)
        wide = (max(FINE, *self.shape),) if self.scale == "bins" else self.shape
        return mlp_for(wide), squared if plain else lookup("likelihood/mixed")(groups=tuple(groups))

    @property
    def summary(self) -> str:
        """One sentence on the columns and how they are scaled."""
        schema = self._known()
        counts = {kind: len(schema.places(kind)) for kind in KINDS}
        kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        gaps = sum(1 for count in schema.missing if count)
        missing = f"; cells are missing in {gaps} of them" if gaps else ""
        scale = f"scale={self.scale!r}: {SCALES[str(self.scale)]}"
        return f"a table of {len(schema.kinds)} columns ({kinds}){missing}; {scale}"


def gaps_of(columns: Columns) -> dict[str, Tensor]:
    """Return which numbers and which categories are missing, each of shape (n, columns)."""
    gaps = {"numbers": torch.isnan, "codes": _no_code}
    return {name: gap(columns[name]) for name, gap in gaps.items() if name in columns}


def _no_code(codes: Tensor) -> Tensor:
    return codes < 0
