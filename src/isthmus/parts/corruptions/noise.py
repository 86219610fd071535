"""Noise: something is added to x before the encoder looks at it."""

from __future__ import annotations

import torch

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, draw_level


@part("corruption/gaussian")
class GaussianNoise(Corruption):
    """Adds noise of standard deviation `level`, in the units of x (Vincent 2010).

    Parameters
    ----------
    level : float or (float, float), default 0.5
        Standard deviation: 0.5 is half of black to white, or half a standard deviation of a standardised column.
    """

    def __init__(self, level: Level = 0.5) -> None:
        self.level = check_level(level)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with noise on ``corrupted``."""
        noise = torch.randn_like(batch.x, memory_format=torch.contiguous_format)  # six times as fast as channels last
        return batch.with_(corrupted=batch.x + draw_level(self.level, batch.x) * noise)
