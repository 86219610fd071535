"""The graph of denoising: a row, moved towards its restoration."""

from __future__ import annotations

import torch
from torch import Tensor

from isthmus.core.data import Columns, Data
from isthmus.core.graphs import Graph
from isthmus.core.model import Model
from isthmus.core.records import Batch


class Denoise(Graph):
    """Columns to the same columns without noise: x + strength (y - x).

    Parameters
    ----------
    data : Data
        Fitted, with `restorable`.
    model : Model
    strength : float in (0, 1], default 1
        1: y, the reconstruction.
    """

    axis = 2

    def __init__(self, data: Data, model: Model, strength: float = 1.0) -> None:
        super().__init__(data, model)
        self.strength = strength

    def forward(self, columns: Columns) -> Columns:
        """Return the user's columns, restored."""
        batch, y = self.reconstruction(columns)
        restored = self.data.invert(self.model.likelihood.mean(y))
        return {name: self._moved(batch, column) for name, column in restored.items()}

    def _moved(self, batch: Batch, restored: Tensor) -> Tensor:
        """Return x moved towards its restoration; where elements are missing, those restored, and x elsewhere."""
        if self.strength < 1:
            restored = torch.lerp(batch.x, restored, self.strength)
        return restored if batch.observed is None else torch.where(batch.observed, batch.x, restored)


class DenoiseBytes(Denoise):
    """Columns of images to the same without noise, as uint8: for files of 8 bits, in a quarter of the memory."""

    def forward(self, columns: Columns) -> Columns:
        """Return the user's columns, restored, from black at 0 to white at 255."""
        return {name: column.mul(255).round_().byte() for name, column in super().forward(columns).items()}
