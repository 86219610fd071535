"""Inference: the one way to run a graph over rows, in pieces, on a device."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import prod

import torch
from torch import Tensor

from isthmus.core import graphs
from isthmus.core.data import Columns, Data, Rows, join, rows, take
from isthmus.core.graphs import Graph, in_pieces
from isthmus.core.model import Model
from isthmus.core.records import Batch
from isthmus.core.tiles import in_tiles
from isthmus.data.sources.in_memory import pieces
from isthmus.data.tables.conditions import Condition
from isthmus.support.errors import InputError

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
class Inference:
    """A trained model, and what brings the user's rows to it.

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
        """Return what the model can do, by name: modules from columns to columns, on the CPU, in eval mode."""
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
        """Return the columns that carry the condition of n rows; none where the model has no condition."""
        return {} if self.condition is None else self.condition.encode(self.condition.read(condition), n)

    def columns(self, X: Rows, condition: Rows = None) -> Iterator[Columns]:
        """Yield what is read of X: of each piece of a stream, or of all rows."""
        for piece in pieces(X):
            yield self.read(piece, condition)

    def read(self, X: Rows, condition: Rows = None) -> Columns:
        """Return the columns of rows in memory, their condition beside them."""
        columns = self.data.read(self.without_condition(X))
        if self.condition is not None and condition is None:
            condition = self.condition.split(X, None)[1]
        return columns | self.conditions(condition, rows(columns))

    # -- through a graph -----------------------------------------------------------------------------------------

    def run(self, graph: Graph, X: Rows, condition: Rows = None) -> Columns:
        """Return what a graph makes of X, in the order of its rows, on the CPU.

        Raises
        ------
        InputError
            X has rows of several sizes, and what the graph makes of them cannot be joined.
        """
        placed = self.placed(graph)
        results = [
            self._in_order([(at, self._run(placed, self.read(group, condition))) for at, group in self._groups(piece)])
            for piece in pieces(X)
        ]
        return join(results)

    def run_columns(self, graph: Graph, columns: Columns) -> Columns:
        """Return what a graph makes of columns that were read, on the CPU."""
        return self._run(self.placed(graph), columns)

    def placed(self, graph: Graph) -> Graph:
        """Return the graph on the device: itself on the CPU, a copy elsewhere."""
        return graph if self.device.type == "cpu" else copy.deepcopy(graph).to(self.device)

    def _run(self, graph: Graph, columns: Columns) -> Columns:
        whole_or_tiled = partial(in_tiles, graph) if self.data.any_size else graph

        def there_and_back(piece: Columns) -> Columns:
            return _on(whole_or_tiled(_on(piece, self.device)), torch.device("cpu"))

        return in_pieces(there_and_back, columns, max(graph.elements, _elements(columns)))

    def _groups(self, X: Rows) -> Iterator[tuple[Tensor | None, Rows]]:
        """Yield rows of one size, and their numbers."""
        return self.data.groups(X)

    @staticmethod
    def _in_order(groups: list[tuple[Tensor | None, Columns]]) -> Columns:
        """Join what was made of each group of rows, in the order of the rows."""
        numbers, results = [at for at, _ in groups if at is not None], [made for _, made in groups]
        if len(results) == 1 and not numbers:
            return results[0]
        shapes = {tuple(tensor.shape[1:]) for made in results for tensor in made.values()}
        if len(shapes) > len(results[0]):
            raise InputError(f"rows of several sizes give results of the shapes {sorted(shapes)}: run each size apart")
        return take(join(results), torch.cat(numbers).argsort())


def _on(columns: Columns, device: torch.device) -> Columns:
    return {name: tensor.to(device) for name, tensor in columns.items()}


def _elements(columns: Columns) -> int:
    """Return the numbers in a row of the widest column."""
    return max((prod(tensor.shape[1:]) for tensor in columns.values()), default=1)


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Draw from a stream of its own inside the block, and leave torch's as it was."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
