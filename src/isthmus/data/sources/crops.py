"""Crops of rows of any size, in memory or in a folder, as a source; each row is decoded once per epoch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Columns, Data, Source, join, rows, take
from isthmus.core.records import Batch
from isthmus.data.sized import Croppable, SizedSequence, in_threads
from isthmus.data.sources.memory import moved, on
from isthmus.data.sources.order import CROP, EPOCH, MIX, SAMPLE, Split, generator, permutation, steps
from isthmus.data.sources.shards import Shard
from isthmus.data.sources.streams import ahead, regroup

MIXED = 64
"""Minimum number of rows whose crops are shuffled together."""

SHUFFLED = 2048
"""Minimum number of crops that are shuffled together, unless they are too large."""

ROOM = 64 * 2**20
"""Maximum bytes of crops that are shuffled together; but always at least those of one row."""

SAMPLED = 2**24
"""Maximum number of elements of a sample."""

ALL_EPOCHS = 0
"""The key of crops that do not depend on the epoch; epochs are counted from 1 in these keys."""


class Crops:
    """Crops of rows that may differ in size, such as images or recordings.

    Parameters
    ----------
    sequence : SizedSequence
    data : Croppable
        Fitted, and of any size.
    beside : Columns
        The weight and conditions of each row, which apply to all its crops.
    """

    def __init__(self, sequence: SizedSequence, data: Croppable, beside: Columns) -> None:
        self.sequence, self.beside = sequence, beside
        self.counts = np.array([data.crops_of(shape) for shape in sequence.shapes], dtype=np.int64)

    def __len__(self) -> int:
        return int(self.counts.sum())

    def source(
        self,
        data: Data,
        *,
        batch_size: int,
        validation_fraction: float = 0.0,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> CropSource:
        """Return a source of batches of crops; see `CropSource`."""
        split = Split(len(self.sequence), validation_fraction, seed)
        return CropSource(self, cast(Croppable, data), split, batch_size, device)


class CropSource:
    """A source of crops.

    Rows are shuffled, then the crops of neighbouring rows together. During training on one group, several threads
    decode the next rows, each once per epoch, and cut crops out of them. Crop k of row i is a function of
    (seed, epoch, i, k); for validation and `sample`, of (seed, i, k). No crop of a validation row is trained on.

    Parameters
    ----------
    crops : Crops
    data : Croppable
        Fitted, and of any size.
    split : Split
        The split of the rows.
    batch_size : int
        Crops in a batch; the last batch of an epoch may be smaller.
    device : str or torch.device, default "cpu"
        The device of the batches.

    Attributes
    ----------
    rows : int
        The number of crops per epoch, including those for validation.
    """

    def __init__(
        self, crops: Crops, data: Croppable, split: Split, batch_size: int, device: torch.device | str = "cpu"
    ) -> None:
        self.rows = len(crops)
        steps(self.rows, batch_size)
        self.batch_size, self.seed = int(batch_size), split.seed
        self._sequence, self._beside = crops.sequence, crops.beside
        self._counts = torch.from_numpy(crops.counts)
        self._split, self._device = split, torch.device(device)
        self._kind, self._data = data, on(data, device)

    def batches(self, split: str, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of a split, from batch number `start` on; each is valid until the next."""
        order, key = self._split.indices(split), ALL_EPOCHS
        if split == "train":
            order, key = order[permutation(len(order), self.seed, EPOCH, epoch)], epoch + 1
        windows = ahead(self._cut_windows(order, split == "train", key, start * self.batch_size))
        return map(self._batch, regroup(windows, self.batch_size, rows, _joined, _part))

    def steps(self, split: str) -> int:
        """Return the number of batches of a split per epoch; 0 if the split is empty."""
        return steps(int(self._counts[self._split.indices(split)].sum()), self.batch_size)

    def sample(self, rows: int) -> Batch:
        """Return one batch of at most `rows` crops of training rows, the same on each call.

        They come from at least `MIXED` rows if there are as many, and from more if one epoch has too few crops.
        """
        order = self._split.indices("train")
        order = order[permutation(len(order), self.seed, SAMPLE)]
        rows = min(rows, max(1, SAMPLED // int(np.prod(self._kind.typical_shape))))
        enough = int((self._counts[order].cumsum(0) < rows).sum()) + 1
        order = order[: min(rows, max(MIXED, enough))]
        counts = self._counts[order].clamp(max=-(-rows // len(order)))
        crops = self._cut(order, counts, torch.arange(int(counts.sum())), ALL_EPOCHS)
        return self._batch(_part(crops, 0, rows))

    def fingerprint(self) -> str:
        """Return a short string that changes with the rows, their crops, the order and the batch size."""
        how = (*self._kind.crop_settings, self.batch_size, self._split.settings)
        return hashlib.sha256(f"{self._sequence.signature()} {how}".encode()).hexdigest()[:16]

    def shard(self, rank: int, world: int) -> Source:
        """Return the part of each batch that one of several processes trains on."""
        return Shard(self, rank, world)

    # -- windows -------------------------------------------------------------------------------------------------

    def _windows(self, order: Tensor) -> Iterator[Tensor]:
        """Yield the indices of rows whose crops are shuffled together."""
        size = int(np.prod(self._kind.typical_shape)) * self._sequence.dtype.itemsize
        start = crops = 0
        for i, count in enumerate(self._counts[order].tolist()):
            full = i - start >= MIXED and crops >= SHUFFLED
            if i > start and (full or (crops + count) * size > ROOM):
                yield order[start:i]
                start, crops = i, 0
            crops += count
        if start < len(order):
            yield order[start:]

    def _cut_windows(self, order: Tensor, shuffle: bool, key: int, skipped: int) -> Iterator[Columns]:
        """Yield the crops of each window, from crop number `skipped` on, without decoding the windows before it."""
        for number, chosen in enumerate(self._windows(order)):
            counts = self._counts[chosen]
            count = int(counts.sum())
            if skipped < count:
                slots = permutation(count, self.seed, MIX, key, number) if shuffle else torch.arange(count)
                yield _part(self._cut(chosen, counts, slots, key), skipped, count)
            skipped = max(0, skipped - count)

    def _cut(self, chosen: Tensor, counts: Tensor, slots: Tensor, key: int) -> Columns:
        """Return crops of some rows, `counts` of each; crop number j goes to ``slots[j]``."""
        buffers = self._kind.crop_buffers(len(slots), self._sequence.dtype)
        ends = counts.cumsum(0)

        def fill(number: int) -> None:
            index, end = int(chosen[number]), int(ends[number])
            at = slots[end - int(counts[number]) : end].numpy()
            stream = generator(self.seed, CROP, key, index)
            drawn = torch.rand((len(at), 4), generator=stream, dtype=torch.float64).numpy()
            crops = self._kind.crops(self._sequence.at(index), drawn)
            for name, buffer in buffers.items():
                buffer[at] = crops[name]

        in_threads(fill, range(len(chosen)))
        owners = torch.empty_like(slots)
        owners[slots] = chosen.repeat_interleave(counts)
        return take(self._beside, owners) | {name: torch.from_numpy(buffer) for name, buffer in buffers.items()}

    def _batch(self, columns: Columns) -> Batch:
        return self._data.batch(self._kind.varied(moved(columns, self._device)))


def _joined(pieces: list[Columns]) -> Columns:
    """Join pieces along the rows, without copying if only one has rows."""
    non_empty = [piece for piece in pieces if rows(piece)]
    return join(non_empty) if len(non_empty) > 1 else non_empty[0]


def _part(columns: Columns, first: int, last: int) -> Columns:
    return take(columns, slice(first, last))
