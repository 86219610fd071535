"""Dealt: batches for replicas, each of which trains on rows of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

import torch
from torch import Tensor

from isthmus.core.records import Batch
from isthmus.data.sources.memory import Memory
from isthmus.data.sources.order import check_split, steps
from isthmus.support.errors import InputError


class Dealt:
    """Batches of as many rows of each of several sources, one after the other, for `isthmus.core.training.replicas`.

    Sources with fewer rows than the longest begin anew in the same epoch, in the same order. There is no validation.

    Parameters
    ----------
    sources : sequence of Memory
        Of the same rows: results of `Memory.only` of one source.
    batch_size : int
        Rows of each source in a batch; fewer in the last one.
    """

    def __init__(self, sources: Sequence[Memory], batch_size: int) -> None:
        self._sources, self._batch_size = sources, batch_size
        self.rows = sum(source.rows for source in sources)
        self._longest = max(source.rows for source in sources)

    def batches(self, split: str, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches from number `start` on."""
        if check_split(split) == "train":
            order = torch.stack([_repeated(source.order(epoch), self._longest) for source in self._sources])
            for index in order[:, start * self._batch_size :].split(self._batch_size, 1):
                yield self._sources[0].gather(index.flatten())

    def steps(self, split: str) -> int:
        """Return the number of batches of an epoch; none are for validation."""
        return steps(self._longest, self._batch_size) if check_split(split) == "train" else 0

    def sample(self, rows: int) -> Batch:
        """Return some rows of the first source."""
        return self._sources[0].sample(rows)

    def fingerprint(self) -> str:
        """Return a string that changes with the rows of each source."""
        return "-".join(source.fingerprint() for source in self._sources)

    def shard(self, rank: int, world: int) -> NoReturn:
        """Raise an error: a part of a batch would not have as many rows of each source."""
        raise InputError(f"replicas train in one process, not in {world}: train them one after the other")


def _repeated(index: Tensor, length: int) -> Tensor:
    """Return an index repeated up to a length."""
    return index.repeat(-(-length // len(index)))[:length]
