"""Inference: running a graph over rows, in pieces, on a device."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from isthmus.core import graphs
from isthmus.core.data import Columns, Data, Rows, join, rows, take
from isthmus.core.graphs import Graph, in_pieces
from isthmus.core.model import Model
from isthmus.core.records import Batch
from isthmus.core.tiles import in_tiles
from isthmus.data.sources.in_memory import is_stream, pieces

if TYPE_CHECKING:
    from isthmus.data.tables.conditions import Condition

Bound = Callable[[Model, Batch], Tensor]
"""A number for each row of a batch: a bound on log p(x)."""


class Bounded(Graph):
    """Columns to a bound on log p(x) of each row.

    Parameters
    ----------
    data : Data
        Fitted.
    model : Model
    bound : callable
    """

    def __init__(self, data: Data, model: Model, bound: Bound) -> None:
        super().__init__(data, model)
        self.bound = bound

    def forward(self, columns: Columns) -> Columns:
        """Return ``{"bound": (batch,)}``."""
        return {"bound": self.bound(self.model, self.data.batch(columns))}


@dataclass(frozen=True)
class Group:
    """Rows of one size, as read, or as a graph returned them.

    Attributes
    ----------
    index : int64 Tensor, or None
        Their indices among all rows; None: all rows in order.
    rows : rows
        In the user's form, without the condition.
    columns : Columns
    """

    index: Tensor | None
    rows: Rows
    columns: Columns


@dataclass(frozen=True)
class Inference:
    """A trained model, with everything needed to apply it to the user's rows.

    Attributes
    ----------
    data : Data
        Fitted.
    condition : Condition or None
        Fitted.
    model : Model
        On the CPU, in eval mode.
    device : torch.device
        Where graphs run.
    """

    data: Data
    condition: Condition | None
    model: Model
    device: torch.device

    def graphs(self) -> dict[str, Graph]:
        """Return the graphs of the model by name: modules from columns to columns, on the CPU, in eval mode."""
        kinds: dict[str, type[Graph]] = {
            "encode": graphs.Encode,
            "decode": graphs.Decode,
            "reconstruct": graphs.Reconstruct,
            "error": graphs.Error,
            "error_map": graphs.ErrorMap,
        }
        if self.model.has_posterior:
            kinds["posterior"] = graphs.Posterior
        if self.model.net.reconstructs_only:
            del kinds["decode"]
        return {name: kind(self.data, self.model).eval() for name, kind in kinds.items()}

    # -- the user's rows -----------------------------------------------------------------------------------------

    def without_condition(self, X: Rows) -> Rows:
        """Return X without the columns that are the condition."""
        return X if self.condition is None else self.condition.split(X, None)[0]

    def conditions(self, condition: Rows, n: int) -> Columns:
        """Return the columns with the condition of n rows; empty if the model has no condition."""
        return {} if self.condition is None else self.condition.encode(self.condition.read(condition), n)

    def columns(self, X: Rows, condition: Rows = None) -> Iterator[Columns]:
        """Yield the columns of X: of each piece of a stream, or of all rows; by size if rows differ in size."""
        return (group.columns for piece in pieces(X) for group in self.groups(piece, condition))

    def groups(self, X: Rows, condition: Rows = None) -> Iterator[Group]:
        """Yield the columns of rows in memory, grouped by size."""
        free = self.without_condition(X)
        if self.condition is not None and condition is None:
            condition = self.condition.split(X, None)[1]
        parts = iter(self.data.groups(free))
        first, second = next(parts), next(parts, None)
        if second is None:
            columns = self.data.read(first[1])
            yield Group(None, free, columns | self.conditions(condition, rows(columns)))
            return
        beside = self.conditions(condition, len(free))
        for index, some in chain([first, second], parts):  # a few images are decoded at a time
            assert index is not None  # there are several groups
            yield Group(index, some, self.data.read(some) | take(beside, index))

    # -- through a graph -----------------------------------------------------------------------------------------

    def run(self, graph: Graph, X: Rows, condition: Rows = None) -> dict[str, Any]:
        """Return the result of a graph for X, in the order of its rows, on the CPU.

        What differs in shape between rows of several sizes is a list, with a tensor for each row.
        """
        groups = self.run_groups(graph, X, condition)
        return {name: in_order([(group.index, group.columns[name]) for group in groups]) for name in groups[0].columns}

    def run_groups(self, graph: Graph, X: Rows, condition: Rows = None) -> list[Group]:
        """Return the results of a graph for X, on the CPU, one for each group of rows of one size.

        For a stream whose rows have one size, the rows themselves are not kept.
        """
        placed, whole, groups, start = self.placed(graph), [], [], 0
        for piece in pieces(X):
            seen = 0
            for group in self.groups(piece, condition):
                columns = self._run(placed, group.columns)
                if group.index is None:
                    whole.append(columns)
                else:
                    groups.append(Group(group.index + start, group.rows, columns))
                    seen += len(group.index)
            start += seen
        return [Group(None, None if is_stream(X) else self.without_condition(X), join(whole))] if whole else groups

    def run_columns(self, graph: Graph, columns: Columns) -> Columns:
        """Return the result of a graph for columns, on the CPU."""
        return self._run(self.placed(graph), columns)

    def placed(self, graph: Graph) -> Graph:
        """Return the graph on the device: itself on the CPU, a copy elsewhere."""
        return graph if self.device.type == "cpu" else copy.deepcopy(graph).to(self.device)

    def _run(self, graph: Graph, columns: Columns) -> Columns:
        whole_or_tiled = partial(in_tiles, graph) if self.data.any_size else graph

        def there_and_back(piece: Columns) -> Columns:
            return _on(whole_or_tiled(_on(piece, self.device)), torch.device("cpu"))

        elements = max(graph.elements, _elements(columns))
        return in_pieces(there_and_back, columns, elements, self.model.net.at_once)


def in_order(answers: list[tuple[Tensor | None, Any]]) -> Any:
    """Return the results for groups of rows in the order of the rows: an array if all have one shape, else a list.

    What is a list for some rows is a list for all: recordings, which know their rate.

    Parameters
    ----------
    answers : list of (index, answer)
        Each answer an array, tensor or list with the rows first; a single one is returned as it is.
    """
    if len(answers) == 1:
        return answers[0][1]
    numbers = torch.cat([index for index, _ in answers if index is not None])
    rows = [row for _, answer in answers for row in answer]
    ordered = [rows[at] for at in numbers.argsort().tolist()]
    if any(isinstance(answer, list) for _, answer in answers) or len({tuple(row.shape) for row in ordered}) > 1:
        return ordered
    return torch.stack(ordered) if torch.is_tensor(ordered[0]) else np.stack(ordered)


def _on(columns: Columns, device: torch.device) -> Columns:
    return {name: tensor.to(device) for name, tensor in columns.items()}


def _elements(columns: Columns) -> int:
    """Return the numbers in a row of the widest column."""
    return max((prod(tensor.shape[1:]) for tensor in columns.values()), default=1)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Use a random stream with this seed inside the block, and leave torch's global stream unchanged."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
