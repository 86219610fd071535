"""The split and the order of rows, as functions of (seed, epoch)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from isthmus.support.errors import InputError, unknown

SPLIT, EPOCH, SAMPLE, CROP, MIX, NEIGHBOURS = range(6)
"""The purpose of random numbers: the first key of `generator`."""


def generator(seed: int, *keys: int) -> torch.Generator:
    """Return a generator whose stream is a function of a seed and some keys, all at least 0."""
    state = np.random.SeedSequence(seed, spawn_key=keys).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) >> 1)


def permutation(rows: int, seed: int, *keys: int) -> Tensor:
    """Return the numbers below `rows`, shuffled by a seed and some keys."""
    return torch.randperm(rows, generator=generator(seed, *keys))


def validation_rows(rows: int, fraction: float) -> int:
    """Return how many of `rows` are for validation: at least one and not all, if the fraction is not 0.

    Raises
    ------
    InputError
        There are no rows, or the fraction is outside [0, 1).

    Examples
    --------
    >>> [validation_rows(*pair) for pair in ((100, 0.1), (3, 0.01), (2, 0.99), (1, 0.5), (9, 0))]
    [10, 1, 1, 0, 0]
    """
    if rows == 0:
        raise InputError("there are no rows: the data is empty; give at least one")
    if not 0 <= fraction < 1:
        raise InputError(f"validation_fraction={fraction} is outside [0, 1); 0 trains on all rows")
    return min(max(1, round(rows * fraction)), rows - 1) if fraction else 0


def steps(rows: int, batch_size: int) -> int:
    """Return the number of batches of `rows` rows; the last one may be smaller.

    Raises
    ------
    InputError
        The batch size is not a whole number of at least 1.
    """
    if batch_size < 1 or int(batch_size) != batch_size:
        raise InputError(f"batch_size={batch_size} is not a whole number of at least 1")
    return -(-rows // int(batch_size))


def check_split(split: str) -> str:
    """Return `split`; raise InputError if there is no such split."""
    if split not in ("train", "validation"):
        raise InputError(unknown("split", split, ("train", "validation")))
    return split


class Split:
    """The split into training and validation rows, chosen at random by the seed.

    Parameters
    ----------
    rows : int
    validation_fraction : float in [0, 1)
    seed : int
        At least 0.
    among : int64 Tensor of shape (rows,), or None, default None
        The indices of the rows, where they are some of more.

    Raises
    ------
    InputError
        There are no rows, or the fraction is out of range.

    Attributes
    ----------
    settings : tuple
        Everything that determines the split.
    """

    def __init__(self, rows: int, validation_fraction: float, seed: int, among: Tensor | None = None) -> None:
        count = validation_rows(rows, validation_fraction)
        self.seed, self.settings = seed, (rows, validation_fraction, seed)
        shuffled = permutation(rows, seed, SPLIT)
        shuffled = shuffled if among is None else among[shuffled]
        self._rows = {"train": shuffled[count:].sort().values, "validation": shuffled[:count].sort().values}

    def indices(self, split: str) -> Tensor:
        """Return the row indices of a split, ascending."""
        return self._rows[check_split(split)]


class Order:
    """The split and the order of rows that can be read by index.

    Parameters
    ----------
    rows : int
        The number of rows.
    batch_size : int
        Rows per batch; the last batch of an epoch may be smaller.
    validation_fraction : float in [0, 1)
        Fraction of the rows for validation, chosen at random by the seed.
    seed : int
        At least 0.
    among : int64 Tensor of shape (rows,), or None, default None
        The indices of the rows, where they are some of more.

    Raises
    ------
    InputError
        There are no rows, or a setting is out of range.

    Attributes
    ----------
    settings : tuple
        Everything that determines the split and the order, but `among`.
    """

    def __init__(
        self, rows: int, batch_size: int, validation_fraction: float, seed: int, among: Tensor | None = None
    ) -> None:
        self._split = Split(rows, validation_fraction, seed, among)
        steps(rows, batch_size)
        self.batch_size, self.seed = int(batch_size), seed
        self.settings = (rows, self.batch_size, validation_fraction, seed)

    def batches(self, split: str, epoch: int, start: int = 0, device: torch.device | str = "cpu") -> Iterator[Tensor]:
        """Yield the row indices of each batch, from batch number `start` on: shuffled in training, else ascending."""
        order = self._split.indices(split)
        if split == "train":
            order = order[permutation(len(order), self.seed, EPOCH, epoch)]
        order = order[start * self.batch_size :]
        yield from order.to(device).split(self.batch_size) if len(order) else ()

    def steps(self, split: str) -> int:
        """Return the number of batches of a split."""
        return steps(len(self._split.indices(split)), self.batch_size)

    def sample(self, rows: int) -> Tensor:
        """Return at most `rows` row indices of the training split, the same on each call."""
        train = self._split.indices("train")
        return train[permutation(len(train), self.seed, SAMPLE)[:rows]]
