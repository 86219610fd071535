"""Measured: another corruption, and how much it did to each row."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from isthmus.core.interfaces import Corruption
from isthmus.core.part import kind_and_name, part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.noise import GaussianNoise
from isthmus.parts.noise_level import NoiseLevel
from isthmus.support.errors import InputError

FAINTEST = 1 / 128
"""Weaker corruptions count as if they were so strong, in the units of x."""


@part("corruption/measured")
class Measured(Corruption):
    """Corrupts as another does, and measures how strongly: by the root mean square of what it changed in a row.

    Errors under strong noise are large however good a model is, and under faint noise they are small. If one model is
    to handle both, faint noise needs more emphasis.

    Parameters
    ----------
    corruption : Corruption or None, default None
        None: Gaussian noise of its default level.
    balance : float, default 1.5
        The loss of a row is divided by the strength to this power; 2 would count ratios of signal to noise alone.
    known : bool, default False
        Whether a net that asks for a noise level gets that of what was changed, and none larger than what it would
        estimate; else it estimates one. This is right for crops of much larger rows, over which it is estimated in use.

    Raises
    ------
    InputError
        `balance` is negative, or the other corruption measures too.
    """

    measures = True

    def __init__(self, corruption: Corruption | None = None, balance: float = 1.5, known: bool = False) -> None:
        if balance < 0:
            raise InputError(f"balance={balance} of the corruption 'measured': expected at least 0")
        self.corruption, self.balance, self.known = corruption or GaussianNoise(), balance, known
        self.masks, self.replicable = self.corruption.masks, self.corruption.replicable
        refuse_measured((self.corruption,), self)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch corrupted, with its emphasis and, if it is known, its noise."""
        batch = self.corruption(batch)
        change = batch.corrupted - batch.x
        strength = change.flatten(1).square().mean(1).sqrt()
        emphasis = strength.clamp_min(FAINTEST) ** -self.balance
        return batch.with_(emphasis=emphasis, noise=noise_level(change, batch.corrupted) if self.known else batch.noise)


def noise_level(change: Tensor, corrupted: Tensor) -> Tensor:
    """Return about what would be estimated on the whole of large rows, for crops of them that may have no smooth part.

    That is the noise of what was changed; but where JPEG has cut off all that is faint, only what it has left.
    """
    level = NoiseLevel(change.shape[1], change.ndim - 2).to(change.device)
    return torch.minimum(*(level(level.readings(x)) for x in (change, corrupted)))


def refuse_measured(corruptions: Iterable[Corruption], outer: Corruption) -> None:
    """Raise an error for a corruption inside another whose measure of noise and emphasis would be lost.

    Raises
    ------
    InputError
        The message says which to put outside.
    """
    if any(corruption.measures for corruption in corruptions):
        raise InputError(
            f"the corruption {kind_and_name(outer)[1]!r} changes what 'measured' inside it has measured: put "
            "'measured' around all others, once"
        )
