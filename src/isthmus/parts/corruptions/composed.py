"""Composed: several corruptions, one after the other, each by chance."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.measured import refuse_measured
from isthmus.support.errors import InputError


@part("corruption/composed")
class Composed(Corruption):
    """Corrupts each row as several corruptions do, in order, each with a probability: noise, then JPEG.

    Parameters
    ----------
    corruptions : sequence of Corruption
        At least one.
    probabilities : sequence of float, or None, default None
        How probable each is for a row, in [0, 1]; None: each is certain.

    Raises
    ------
    InputError
        There are no corruptions, there is no probability for each, or one of them measures what it does.
    """

    replicable = False  # which rows each corrupts is known as it runs only, and vmap must know their number before

    def __init__(self, corruptions: Sequence[Corruption] = (), probabilities: Sequence[float] | None = None) -> None:
        self.corruptions = tuple(corruptions)
        self.probabilities = (1.0,) * len(self.corruptions) if probabilities is None else tuple(probabilities)
        chances = len(self.probabilities) == len(self.corruptions) and all(0 <= p <= 1 for p in self.probabilities)
        if not self.corruptions or not chances:
            raise InputError(
                f"probabilities={probabilities} of {len(self.corruptions)} corruptions: expected a number from 0 to 1 "
                "for each, and at least one corruption, as in Composed((GaussianNoise(), Jpeg()), (1, 0.5))"
            )
        self.masks = any(corruption.masks for corruption in self.corruptions)
        refuse_measured(self.corruptions, self)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with all that its rows are due on ``corrupted``; x stays as it is."""
        for corruption, probability in zip(self.corruptions, self.probabilities, strict=True):
            chosen = torch.rand(len(batch), device=batch.x.device) < probability
            batch = after(batch, corruption, chosen)
        return blanked(batch)


def blanked(batch: Batch) -> Batch:
    """Return the batch with nothing on masked elements, whatever was added to them after they were masked."""
    if batch.masked is None:
        return batch
    return batch.with_(corrupted=batch.corrupted.masked_fill(batch.masked, 0.0))


def after(batch: Batch, corruption: Corruption, chosen: Tensor) -> Batch:
    """Return the batch with the chosen rows of what is corrupted already corrupted once more.

    `chosen` is True for those, of shape (batch,).
    """
    rows = chosen.nonzero().flatten()
    if not len(rows):
        return batch
    some = batch[rows]
    more = corruption(some.with_(x=some.corrupted))
    corrupted = batch.corrupted.index_copy(0, rows, more.corrupted)
    if more.masked is None:
        return batch.with_(corrupted=corrupted)
    before = torch.zeros_like(batch.x, dtype=torch.bool) if batch.masked is None else batch.masked
    masked = before.index_copy(0, rows, before[rows] | more.masked)
    return batch.with_(corrupted=corrupted, masked=masked)
