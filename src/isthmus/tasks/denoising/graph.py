"""The graph of denoising: a row, moved towards its restoration."""

from __future__ import annotations

import torch

from isthmus.core.data import Columns, Data
from isthmus.core.graphs import Graph
from isthmus.core.model import Model


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
        if self.strength == 1:
            return restored
        return {name: torch.lerp(batch.x, column, self.strength) for name, column in restored.items()}
