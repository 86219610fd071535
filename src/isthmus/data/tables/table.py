"""Table: columns of numbers, booleans, dates and categories, with missing cells."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import MANY, Columns, Data, Defaults, Field, Fillable, Note, RowLayout, Rows, rows
from isthmus.core.interfaces import Likelihood
from isthmus.core.part import lookup, part
from isthmus.core.records import Batch
from isthmus.data.defaults import mlp_for
from isthmus.data.tables.arrays import array
from isthmus.data.tables.bins import Bins
from isthmus.data.tables.clipping import near, settled
from isthmus.data.tables.decode import columns_of, form_of, frame, restored
from isthmus.data.tables.doubts import doubts
from isthmus.data.tables.encode import codes, numbers
from isthmus.data.tables.learner import Learner, learnt
from isthmus.data.tables.scale_names import SCALES
from isthmus.data.tables.scales import automatic, scaler
from isthmus.data.tables.schema import KINDS, Schema, sheet
from isthmus.support.errors import InputError, counted, listed, unknown

ARRAYS = ("array", "tensor")
FINE = 128
"""A net for bins is at least as wide as one for this many elements: it learns densities, not values."""
INDEX_BUFFERS = ("owner", "slot", "feature", "order", "gapped")


@part("data/table")
class Table(Fillable):
    """Rows of a table; ``Batch.x`` is float32 (n, D): numbers, booleans, missing-cell flags, then one-hot categories.

    A missing cell (None, NaN, NA, NaT) is filled with the mean of its column, a missing category with zeros; both are
    False in ``Batch.observed``, which is always set, since any cell may be missing in new rows. An unseen category is
    encoded in a slot of its own, the last of its column; what comes back is always a category that was seen. Dates and
    durations are numbers of seconds.

    Parameters
    ----------
    scale : {"column", "common", "centre", "none", "bins"} or None, default None
        How numbers are scaled. ``"column"``: each column minus its mean, divided by its standard deviation.
        ``"common"``: one offset and one divisor for all columns, which map them to [0, 1]: 0 and 1 if they are in
        [0, 1] already, 0 and 255 for uint8, else from the smallest and the largest number. ``"centre"``: each column
        minus its mean, and one divisor for all (that of ``"common"`` for uint8 and numbers in [0, 1], else the root
        mean square deviation), which preserves principal components. ``"none"``: unchanged. ``"bins"``: each column
        mapped to [0, 1] by bins of about equal counts, with bins of their own for frequent values, and a boolean for
        each column with missing cells that says whether the cell is missing; suited to sampling new rows. None:
        ``"common"`` for an array, tensor or list of uint8 or of values in [0, 1], else ``"column"``. Dates and
        durations are always scaled by column (or by bins), booleans never.
    columns : dict or None
        Learnt: the fields of a `Schema`. None if not fitted.
    max_categories : int, default 1000
        Maximum number of categories of a column. In a column with more, the most frequent are kept, and the others are
        joined: they are encoded as unseen categories are, and reconstructed as the most probable of those kept.

    Attributes
    ----------
    scale : str or None
        The scale in use, once fitted.
    schema : Schema or None
        The learnt schema, once fitted.

    Raises
    ------
    InputError
        `scale` is not one of these, or `max_categories` not a whole number of at least 1.

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
    gapped: Tensor

    def __init__(
        self, scale: str | None = None, columns: dict[str, Any] | None = None, max_categories: int = 1000
    ) -> None:
        super().__init__()
        if scale is not None and scale not in SCALES:
            raise InputError(unknown("scale", scale, SCALES))
        if isinstance(max_categories, bool) or not isinstance(max_categories, (int, np.integer)) or max_categories < 1:
            raise InputError(f"max_categories={max_categories!r}: expected a whole number of at least 1")
        self.scale, self.max_categories = scale, max_categories
        self.schema = None if columns is None else Schema(**columns)
        self._learner: Learner | None = None  # what was counted and sampled, for `merge`; never saved
        if self.schema is not None:
            self._lay_out(self.schema)

    def _lay_out(self, schema: Schema) -> None:
        """Assign the positions of all columns in x; the buffers follow from the arguments and are not saved."""
        self.scale = self.scale or automatic(schema)
        self._wide = len(schema.numbers)
        self.scaler = scaler(self.scale, schema)
        gapped = [index for index, count in enumerate(schema.missing) if count and self.scale == "bins"]
        self._widths = [len(known) + 1 for known in schema.categories]
        self.layout = _layout(self._wide, len(schema.indices("boolean")), len(gapped), self._widths)
        self.shape = (self._wide + len(gapped) + sum(self._widths),)
        categorical = schema.indices("category")
        owner = np.repeat(np.arange(len(categorical)), self._widths)
        slots = [np.arange(width) for width in self._widths]
        mean = torch.tensor([schema.mean], dtype=torch.float64, device="cpu")
        buffers = {
            "fill": self.scaler.scaled(mean)[0].nan_to_num().float(),
            "gapped": gapped,
            "owner": owner,
            "slot": np.concatenate([np.arange(0), *slots]),
            "feature": np.concatenate([schema.numbers, gapped, np.array(categorical)[owner]]),
            "order": np.argsort(schema.numbers + categorical),
        }
        for name, values in buffers.items():
            dtype = torch.int64 if name in INDEX_BUFFERS else None
            self.register_buffer(name, torch.as_tensor(values, dtype=dtype, device="cpu"), persistent=False)

    @property
    def fitted(self) -> bool:
        """Whether the columns have been learnt."""
        return self.schema is not None

    def with_scale(self, scale: str | None) -> Table:
        """Return an unfitted table scaled in this way, or this one if its scale was chosen."""
        return self if self.scale else Table(scale, max_categories=self.max_categories)

    def learn(self, chunks: Iterable[Any]) -> Table:
        """Return a fitted copy after one pass over pieces of a table.

        Parameters
        ----------
        chunks : iterable of DataFrame, array, tensor or list of rows
            All with the same columns. Memory use is bounded by the largest piece and the categories.

        Raises
        ------
        InputError
            There are no pieces, their columns differ, or one of them cannot be read.
        """
        return self._fitted(self.scale, learnt(chunks, self.max_categories, bins=self.scale == "bins"))

    def merge(self, other: Data) -> Table:
        """Return the table that `learn` would return for the rows of both; if their scales differ, it is chosen anew.

        Raises
        ------
        InputError
            The columns differ; or one comes from a file that lacks the statistics that merging needs.
        """
        assert isinstance(other, Table)  # a table is learnt from the rows of a table
        learner, more = (one._learner or Learner.of(one._known(), one.max_categories) for one in (self, other))
        learner = copy.deepcopy(learner)
        learner.merge(more)
        return self._fitted(self.scale if self.scale == other.scale else None, learner)

    def _fitted(self, scale: str | None, learner: Learner) -> Table:
        schema = learner.schema()
        for doubt in doubts(schema, learner.counted(schema), learner.rising, learner.sentinels(schema), learner.empty):
            warnings.warn(doubt, stacklevel=4)
        fitted = Table(scale or automatic(schema), asdict(schema), self.max_categories)
        fitted._learner = learner
        return fitted

    def _known(self) -> Schema:
        if self.schema is None:
            raise InputError("this Table is not fitted: call learn(chunks), or fit, first")
        return self.schema

    # -- the host's side -----------------------------------------------------------------------------------------

    def read(self, X: Any) -> Columns:
        """Return ``{"numbers": float (n, p), "codes": int64 (n, q)}``, without keys that have no columns.

        Numbers are float32 if that is exact for the types of X, else float64; NaN is a missing cell. Codes are
        indices of the learnt categories: -1 is a missing cell, one past the last a joined category or an unseen one,
        which is counted in a warning.

        Raises
        ------
        InputError
            The columns are not those learnt, there are no rows, or a column of numbers holds infinity or text.
        """
        schema, input_sheet = self._known(), sheet(X)
        schema.check(input_sheet)
        columns = {}
        if schema.numbers:
            columns["numbers"] = numbers(input_sheet, schema)
        if schema.categories:
            columns["codes"] = codes(input_sheet, schema)
        return columns

    def write(self, columns: Columns, like: Rows = None) -> Any:
        """Return a DataFrame, array or tensor, like `like`; by default, like the training data.

        A DataFrame has the learnt types (integers are rounded and clipped to the range of their type), and the row
        labels of `like` if it has as many rows. An array is float32 if that is exact for the type of `like`, or of
        the training data, else float64; with categories it is an array of objects.
        """
        schema = self._known()
        form, names = form_of(like, schema)
        host = {name: tensor.detach().cpu().numpy() for name, tensor in columns.items() if name in ("numbers", "codes")}
        dtype = schema.dtypes[0][0] if like is None else str(getattr(like, "dtype", "float64")).removeprefix("torch.")
        if form in ARRAYS and not schema.categories:
            return array(host["numbers"][:, self.order.numpy()], dtype, form)
        written = columns_of(schema, host, names, native=form == schema.form)
        if form in ARRAYS:
            return array(np.stack([restored(column).astype(object) for column in written], axis=1), dtype, form)
        return frame(written, form, like)

    def checks(self, columns: Columns | None = None) -> list[Note]:
        """Return notes on columns that were empty in training; or, for new rows, on what differs from training.

        For new rows: empty rows, columns that are missing throughout, and numbers that were constant in training and
        no longer are.
        """
        return self._empty() if columns is None else [*_empty_rows(columns), *self._novelties(columns)]

    def _empty(self) -> list[Note]:
        schema = self._known()
        empty = [schema.name(index) for index in schema.indices("empty")]
        text = f"the columns {empty} are empty, so nothing can be learnt from them: leave them out (--drop)"
        return [Note(text, fatal=True)] if empty else []

    def _novelties(self, columns: Columns) -> list[Note]:
        names = {
            f"columns that are missing in all {rows(columns)} rows": [repr(name) for name in self._gone(columns)],
            "columns that were constant in training, but are not now": self._varying(columns),
        }
        return [Note(f"{what}: {listed(which)}") for what, which in names.items() if which]

    def _varying(self, columns: Columns) -> list[str]:
        """Describe the columns that were constant in training and have another value now."""
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
        """Return the names of columns that are missing in all of many rows, but not in the training rows."""
        if rows(columns) < MANY:
            return []
        schema = self._known()
        indices = {"numbers": schema.numbers, "codes": schema.indices("category")}
        gone = {
            indices[name][at]
            for name, gaps in gaps_of(columns).items()
            for at in torch.nonzero(gaps.all(0)).flatten().tolist()
        }
        return [schema.name(index) for index in sorted(gone - set(schema.indices("empty")))]

    def keeps(self) -> list[str]:
        """Describe what a model file stores about the columns."""
        schema = self._known()
        numbers = f"names and types of {counted(len(schema.kinds), 'column')}, mean, deviation and range of each number"
        categories = sum(map(len, schema.categories))
        said = f"{counted(categories, 'category')}, word for word, and how often each occurs"
        return [numbers, *([said] if categories else [])]

    # -- in the graph --------------------------------------------------------------------------------------------

    def forward(self, columns: Columns) -> Batch:
        """Return a batch with x float32 (n, D), and which of its elements were observed."""
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
        x = self.scaler.scaled(numbers.double()).float()
        present = ~torch.isnan(x)
        return torch.where(present, x, self.fill), present

    def _gaps(self, columns: Columns) -> tuple[Tensor, Tensor]:
        """Return which cells are missing in the columns that had missing cells in training."""
        missing = torch.cat(list(gaps_of(columns).values()), 1)
        gaps = missing[:, self.order[self.gapped]].float()
        return gaps, torch.ones_like(gaps, dtype=torch.bool)

    def _one_hot(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        spread = codes[:, self.owner]
        return (spread == self.slot).float(), spread >= 0

    def invert(self, mean: Tensor) -> Columns:
        """Return numbers in the user's units (booleans as probabilities) and the most probable known categories."""
        columns = {}
        numbers, _, *blocks = self._split(mean)
        if self._wide:
            columns["numbers"] = self.scaler.numbers(numbers.double())
        if blocks:
            columns["codes"] = torch.stack([block[:, :-1].argmax(1) for block in blocks], 1)
        return columns

    def _split(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the numbers, the missing-cell flags, and the block of each categorical column."""
        return x.split([self._wide, len(self.gapped), *self._widths], 1)

    def filled(self, x: Tensor) -> Tensor:
        """Return x as if no cell were missing: without the missing-cell flags of a table scaled by bins."""
        numbers, gaps, *blocks = self._split(x)
        return torch.cat([numbers, torch.zeros_like(gaps), *blocks], 1)

    def per_feature(self, error: Tensor) -> Tensor:
        """Return the error of each of the user's columns, summed over its elements: (n, columns)."""
        numbers, gaps, *blocks = self._split(error)
        by_column = torch.cat([numbers, *(block.sum(1, keepdim=True) for block in blocks)], 1)[:, self.order]
        return by_column.index_add(1, self.gapped, gaps)

    def quantities(self, columns: Columns) -> Tensor:
        """Return the numbers of the user's columns, (n, columns): dates in seconds; NaN for booleans and categories."""
        both = columns["numbers" if self._wide else "codes"].double()
        numbers = both[:, self.layout.numbers]
        others = numbers.new_full((len(numbers), len(self.order) - numbers.shape[1]), torch.nan)
        return torch.cat([numbers, others], 1)[:, self.order]

    def certainty(self, mean: Tensor) -> Tensor:
        """Return how probable the boolean or category is that `invert` gives, (n, columns); NaN for numbers."""
        _, _, *blocks = self._split(mean)
        truths = mean[:, self.layout.booleans].clamp(0, 1)
        numbers = truths.new_full((len(mean), self.layout.booleans.start), torch.nan)
        chosen = [block[:, :-1].amax(1, keepdim=True).clamp(0, 1) for block in blocks]
        return torch.cat([numbers, torch.maximum(truths, 1 - truths), *chosen], 1)[:, self.order]

    def draw(self, y: Tensor, likelihood: Likelihood) -> Columns:
        """Return rows sampled from the likelihood, each number within the learnt range and rounded to its unit.

        If the table is scaled by bins, cells are missing as often as in training.
        """
        x = likelihood.sample(y)
        _, gaps, *_ = self._split(x)
        columns = self.invert(self.known(x, likelihood.mean(y)))
        missing = x.new_zeros(len(x), len(self.order)).index_copy(1, self.gapped, gaps) > 0.5
        return settled(columns, missing, self._known())

    def near(self, columns: Columns) -> Columns:
        """Return columns whose numbers are clipped to the learnt ranges and half as much on either side."""
        return near(columns, self._known())

    def known(self, x: Tensor, mean: Tensor) -> Tensor:
        """Return a sample x whose unseen, or joined, categories give way to known ones, drawn by their probability.

        Parameters
        ----------
        x : Tensor of shape (n, D)
            A sample of the likelihood: its categories are one-hot.
        mean : Tensor of shape (n, D)
            The mean of the likelihood: the probabilities of the categories.
        """
        race = mean[:, self._wide :] / (torch.empty_like(mean[:, self._wide :]).exponential_() + 1e-9)
        return torch.cat([x[:, : self._wide], x[:, self._wide :] + 1e-3 * race / (1 + race)], 1)

    # -- what it is ----------------------------------------------------------------------------------------------

    def feature_names(self) -> list[str]:
        """Return the names of the columns; x0, x1 … if they have none."""
        schema = self._known()
        return [str(schema.name(index)) for index in range(len(schema.kinds))]

    def fields(self) -> list[Field]:
        """Return a field for each column."""
        schema = self._known()
        ranges = dict(zip(schema.numbers, zip(schema.lows, schema.highs, strict=True), strict=False))
        categories = dict(zip(schema.indices("category"), schema.categories, strict=True))
        return [
            Field(name, kind, (), categories.get(index, ()), *ranges.get(index, (None, None)))
            for index, (name, kind) in enumerate(zip(self.feature_names(), schema.kinds, strict=True))
        ]

    def column_names(self, *kinds: str) -> list[str]:
        """Return the names of columns of some kinds, or of all; nothing if the columns have no names."""
        schema = self._known()
        return [] if schema.names is None else [str(schema.name(index)) for index in schema.indices(*(kinds or KINDS))]

    def defaults(self) -> Defaults:
        """Return the mlp net, and the squared error, mixed with other likelihoods for booleans and categories.

        Tables scaled by bins have the histogram likelihood instead, and a mixture as the prior. Numbers of the
        ``common`` scale are in [0, 1], and so are their reconstructions. Masked rows get an ensemble of small nets that
        see the bin of each number.
        """
        wide = (max(FINE, *self.shape),) if self.scale == "bins" else self.shape
        score = "residual" if self.categorical else "joined"  # distances mean little between one-hot codes
        prior = "mixture" if self.scale == "bins" else None
        masked = lookup("net/masked-ensemble")(numbers=self.layout.scalars.stop)
        return Defaults(mlp_for(wide), self._likelihood(), score, prior, masked)

    def _likelihood(self) -> Likelihood:
        booleans = len(self._known().indices("boolean"))
        groups = [("squared", self._wide - booleans), ("bernoulli", booleans + len(self.gapped))]
        groups = [group for group in groups if group[1]] + [("categorical", width) for width in self._widths]
        if isinstance(self.scaler, Bins) and groups[0][0] == "squared":
            histogram = lookup("likelihood/histogram")(bins=tuple(self.scaler.count.tolist()))
            groups[0] = (histogram, groups[0][1])
        plain = [name for name, _ in groups] == ["squared"]
        bounds = (0.0, 1.0) if self.scale == "common" else None
        chosen: Likelihood = lookup("likelihood/squared")(bounds=bounds)
        return chosen if plain else lookup("likelihood/mixed")(groups=tuple(groups))

    @property
    def summary(self) -> str:
        """A one-sentence description of the columns and how they are scaled."""
        schema = self._known()
        counts = {kind: len(schema.indices(kind)) for kind in KINDS}
        kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        gaps = sum(1 for count in schema.missing if count)
        missing = f"; cells are missing in {gaps} of them" if gaps else ""
        scale = f"scale={self.scale!r}: {SCALES[str(self.scale)]}"
        return f"a table of {counted(len(schema.kinds), 'column')} ({kinds}){missing}; {scale}"


def _layout(numbers: int, booleans: int, gaps: int, categories: list[int]) -> RowLayout:
    """Return the layout of a row; `numbers` includes the booleans, which are the last of them."""
    ends = np.cumsum([numbers + gaps, *categories]).tolist()
    blocks = tuple(slice(start, stop) for start, stop in pairwise(ends))
    first = numbers - booleans
    return RowLayout(slice(0, first), slice(first, numbers), slice(numbers, ends[0]), blocks)


def _empty_rows(columns: Columns) -> list[Note]:
    """Return a note if there are rows without any value."""
    empty = torch.stack([gaps.all(1) for gaps in gaps_of(columns).values()]).all(0)
    if not empty.any():
        return []
    row, count = int(torch.nonzero(empty)[0]), int(empty.sum())
    return [Note(f"row {row} has no value at all ({count} rows have none): leave them out", fatal=True)]


def gaps_of(columns: Columns) -> dict[str, Tensor]:
    """Return which numbers and which categories are missing, each of shape (n, columns)."""
    gaps = {"numbers": torch.isnan, "codes": _no_code}
    return {name: gap(columns[name]) for name, gap in gaps.items() if name in columns}


def _no_code(codes: Tensor) -> Tensor:
    return codes < 0
