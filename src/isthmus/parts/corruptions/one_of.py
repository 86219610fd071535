"""One of several: each row is corrupted by one corruption, which is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.composed import after, blanked
from isthmus.parts.corruptions.measured import refuse_measured
from isthmus.support.errors import InputError


@part("corruption/one-of")
class OneOf(Corruption):
    """Corrupts each row as one of several corruptions does: Gaussian noise, or that of photons.

    Parameters
    ----------
    corruptions : sequence of Corruption
        At least one.
    weights : sequence of float, or None, default None
        How often each is drawn, relative to the others; None: equally often.

    Raises
    ------
    InputError
        There are no corruptions, there is no weight for each, or one of them measures what it does.
    """

    replicable = False  # which rows each corrupts is known as it runs only, and vmap must know their number before

    def __init__(self, corruptions: Sequence[Corruption] = (), weights: Sequence[float] | None = None) -> None:
        self.corruptions = tuple(corruptions)
        self.weights = (1.0,) * len(self.corruptions) if weights is None else tuple(weights)
        fit = len(self.weights) == len(self.corruptions) and all(weight >= 0 for weight in self.weights)
        if not fit or not sum(self.weights) > 0:
            raise InputError(
                f"weights={weights} of {len(self.corruptions)} corruptions: expected a number of at least 0 for each, "
                "not all 0, and at least one corruption, as in OneOf((GaussianNoise(), PoissonGaussian()), (3, 1))"
            )
        self.masks = any(corruption.masks for corruption in self.corruptions)
        refuse_measured(self.corruptions, self)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with what each row is due on ``corrupted``."""
        weights = torch.tensor(self.weights, dtype=torch.float32, device=batch.x.device)
        drawn = torch.multinomial(weights, len(batch), replacement=True)
        for number, corruption in enumerate(self.corruptions):
            batch = after(batch, corruption, drawn == number)
        return blanked(batch)
