"""Salt and pepper: some elements become the lowest or the highest value."""

from __future__ import annotations

import torch

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, draw_mask


@part("corruption/salt-and-pepper")
class SaltAndPepper(Corruption):
    """Sets a fraction of the elements to the lowest or the highest value, by a fair coin (Vincent 2010).

    The lowest and highest are those of the batch: of each column for tables, over all pixels for images.

    Parameters
    ----------
    level : float or (float, float), default 0.3
        Fraction that is corrupted, in [0, 1].
    """

    def __init__(self, level: Level = 0.3) -> None:
        self.level = check_level(level, 1)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch corrupted; ``masked`` stays unset, since the encoder does not know which elements are."""
        x = batch.x
        low, high = (x.amin(0), x.amax(0)) if x.ndim == 2 else (x.amin(), x.amax())
        extreme = torch.where(torch.rand_like(x) < 0.5, low, high)
        return batch.with_(corrupted=torch.where(draw_mask(batch, self.level), extreme, x))
