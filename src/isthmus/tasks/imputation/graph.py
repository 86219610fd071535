"""Fill: the graph that puts a model's reconstruction into the gaps of columns."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.data import Columns
from isthmus.core.graphs import Graph
from isthmus.core.model import Model
from isthmus.core.records import Batch
from isthmus.data.tables.table import Table


class Impute(Graph):
    """Columns to columns without gaps.

    Parameters
    ----------
    data : Table
    model : Model
    passes : int
        How often the filled row goes through the model.
    """

    data: Table

    def __init__(self, data: Table, model: Model, passes: int) -> None:
        super().__init__(data, model)
        self.passes = passes

    def forward(self, columns: Columns) -> Columns:
        """Return the user's columns: those cells that are there, and the model's in the gaps."""
        batch = self.data.batch(columns)
        mean = x = self.data.filled(batch.x)
        for _ in range(self.passes):
            mean = self.model.likelihood.mean(self.model(batch.with_(corrupted=x), False).y)
            x = self.data.filled(torch.where(observed(batch), batch.x, mean))
        return {name: _filled(columns[name], cells) for name, cells in self.data.invert(mean).items()}


def _filled(cells: Tensor, reconstruction: Tensor) -> Tensor:
    """Return cells, those of the reconstruction in the gaps."""
    if cells.is_floating_point():
        return torch.where(torch.isnan(cells), reconstruction, cells.to(reconstruction.dtype))
    return torch.where(cells < 0, reconstruction, cells)


def observed(batch: Batch) -> Tensor:
    """Return which elements are there, of the shape of x."""
    return torch.ones_like(batch.x, dtype=torch.bool) if batch.observed is None else batch.observed
