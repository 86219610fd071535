"""Binarize: x itself is drawn anew at each look."""

from __future__ import annotations

import torch

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch


@part("corruption/binarize")
class Binarize(Corruption):
    """Draws x itself anew at each look: every element is 1 with probability x (Salakhutdinov & Murray 2008).

    Elements that are 0 or 1 already stay as they are, so a binary test set is left alone.
    """

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with a binary ``x``, which is also what the encoder sees."""
        x = (torch.rand_like(batch.x) < batch.x).to(batch.x.dtype)
        return batch.with_(x=x, corrupted=x)
