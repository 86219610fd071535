"""Shards: the rows of a source, distributed over several processes."""

from __future__ import annotations

from collections.abc import Iterator

from isthmus.core.data import Source
from isthmus.core.records import Batch
from isthmus.support.errors import InputError


class Shard:
    """Every `world`-th row of each batch of a source, from row number `rank` on.

    The batches of all shards together are those of the source, so that with averaged gradients training is the same in
    any number of processes. If a batch has fewer rows than there are processes, those without a row get its first row
    with weight 0. The sample is that of the source, so that all processes start alike.

    Parameters
    ----------
    source : Source
    rank : int
        Index of the process, from 0.
    world : int
        The number of processes.

    Raises
    ------
    InputError
        `rank` is not from 0 to world - 1.
    """

    def __init__(self, source: Source, rank: int, world: int) -> None:
        if not 0 <= rank < world:
            raise InputError(f"rank={rank} of world={world} processes: expected a number from 0 to {world - 1}")
        self.rows = source.rows
        self._source, self._rank, self._world = source, rank, world

    def batches(self, split: str, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield this process's part of each batch of a split, from batch number `start` on."""
        return map(self._part, self._source.batches(split, epoch, start))

    def _part(self, batch: Batch) -> Batch:
        if self._rank < len(batch):
            return batch[self._rank :: self._world]
        first = batch[:1]
        return first.with_(weight=first.x.new_zeros(1))

    def steps(self, split: str) -> int:
        """Return the number of batches of a split per epoch: that of the source."""
        return self._source.steps(split)

    def sample(self, rows: int) -> Batch:
        """Return the source's sample, the same in all processes."""
        return self._source.sample(rows)

    def fingerprint(self) -> str:
        """Return the source's fingerprint: a checkpoint continues in any number of processes."""
        return self._source.fingerprint()

    def shard(self, rank: int, world: int) -> Source:
        """Return a shard of this shard."""
        return Shard(self, rank, world)
