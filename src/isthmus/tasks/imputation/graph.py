"""The graph of imputation: fills missing cells with a model's reconstruction."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.data import Columns, Fillable
from isthmus.core.graphs import Graph
from isthmus.core.model import Model
from isthmus.core.records import Batch


class Impute(Graph):
    """Columns to columns without missing cells.

    Parameters
    ----------
    data : Fillable
    model : Model
    passes : int
        Number of passes of the filled row through the model.
    """

    data: Fillable

    def __init__(self, data: Fillable, model: Model, passes: int) -> None:
        super().__init__(data, model)
        self.passes = passes

    def forward(self, columns: Columns) -> Columns:
        """Return the user's columns, with missing cells filled by the model."""
        batch = self.data.batch(columns)
        mean = x = self.data.filled(batch.x)
        for _ in range(self.passes):
            mean = self.model.likelihood.mean(self.model(batch.with_(corrupted=x), False).y)
            x = self.data.filled(torch.where(observed(batch), batch.x, mean))
        return {name: _filled(columns[name], cells) for name, cells in self.data.invert(mean).items()}


def _filled(cells: Tensor, reconstruction: Tensor) -> Tensor:
    """Return cells, missing ones replaced by those of the reconstruction."""
    if cells.is_floating_point():
        return torch.where(torch.isnan(cells), reconstruction, cells.to(reconstruction.dtype))
    return torch.where(cells < 0, reconstruction, cells)


def observed(batch: Batch) -> Tensor:
    """Return which elements are observed, of the shape of x."""
    return torch.ones_like(batch.x, dtype=torch.bool) if batch.observed is None else batch.observed
