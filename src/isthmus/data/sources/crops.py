"""Crops: a source of crops of pictures of any size, in memory or in a folder; each picture is decoded once an epoch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Columns, Source, join, rows, take
from isthmus.core.records import Batch
from isthmus.data.images.crops import cut, turned
from isthmus.data.images.images import Images
from isthmus.data.images.pictures import Pictures, in_threads
from isthmus.data.sources.memory import moved, on
from isthmus.data.sources.order import CROP, EPOCH, MIX, SAMPLE, Split, generator, permutation, steps
from isthmus.data.sources.shards import Shard
from isthmus.data.sources.streams import ahead, regroup

MIXED = 64
"""Pictures whose crops are shuffled together, at least."""

SHUFFLED = 2048
"""Crops that are shuffled together, at least, where they are not too large."""

ROOM = 64 * 2**20
"""Bytes of the crops that are shuffled together, at most; but always those of one picture."""

SAMPLED = 2**24
"""Pixels of a sample, at most."""

ALL_EPOCHS = 0
"""Where crops do not depend on the epoch: the epochs themselves are counted from 1 in the keys of crops."""


class Crops:
    """Rows that are crops of pictures: what training on pictures of any size counts.

    Parameters
    ----------
    pictures : Pictures
    data : Images
        Fitted, with `crop`.
    beside : Columns
        The weight and conditions of each picture, which are those of its crops.
    """

    def __init__(self, pictures: Pictures, data: Images, beside: Columns) -> None:
        self.pictures, self.beside = pictures, beside
        self.counts = np.array([data.crops_of(shape) for shape in pictures.shapes], dtype=np.int64)

    def __len__(self) -> int:
        return int(self.counts.sum())

    def source(
        self,
        data: Any,
        *,
        batch_size: int,
        validation_fraction: float = 0.0,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> CropSource:
        """Return a source of batches of crops; see `CropSource`."""
        return CropSource(self, data, Split(len(self.pictures), validation_fraction, seed), batch_size, device)


class CropSource:
    """A source of crops.

    Pictures are shuffled, and then the crops of some pictures that follow each other. While batches of these are
    trained on, some threads decode the next pictures, each once an epoch, and cut crops out of them. Crop k of
    picture i is a function of (seed, epoch, i, k); of validation, and of `sample`, of (seed, i, k). A picture that is
    held out gives no crop to train on.

    Parameters
    ----------
    crops : Crops
    data : Images
        Fitted, with `crop`.
    split : Split
        Of the pictures.
    batch_size : int
        Crops in a batch; the last batch of an epoch may be smaller.
    device : str or torch.device, default "cpu"
        Where batches are wanted.

    Attributes
    ----------
    rows : int
        How many crops there are in an epoch, held out ones too.
    """

    def __init__(
        self, crops: Crops, data: Images, split: Split, batch_size: int, device: torch.device | str = "cpu"
    ) -> None:
        self.rows = len(crops)
        steps(self.rows, batch_size)
        self.batch_size, self.seed = int(batch_size), split.seed
        self._pictures, self._beside = crops.pictures, crops.beside
        self._counts = torch.from_numpy(crops.counts)
        self._split, self._device = split, torch.device(device)
        self._images, self._data = data, on(data, device)

    def batches(self, split: str, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of a split, from batch number `start` on; each is valid until the next."""
        order, key = self._split.indices(split), ALL_EPOCHS
        if split == "train":
            order, key = order[permutation(len(order), self.seed, EPOCH, epoch)], epoch + 1
        windows = ahead(self._cut_windows(order, split == "train", key, start * self.batch_size))
        return map(self._batch, regroup(windows, self.batch_size, rows, _joined, _part))

    def steps(self, split: str) -> int:
        """Return the number of batches of a split in one epoch; 0 where the split is empty."""
        return steps(int(self._counts[self._split.indices(split)].sum()), self.batch_size)

    def sample(self, rows: int) -> Batch:
        """Return one batch of at most `rows` crops of training pictures, the same at each call.

        They are of as many pictures as `MIXED`, or of more where each gives no more crops than in an epoch.
        """
        order = self._split.indices("train")
        order = order[permutation(len(order), self.seed, SAMPLE)]
        rows = min(rows, max(1, SAMPLED // int(np.prod(self._images.typical_shape))))
        enough = int((self._counts[order].cumsum(0) < rows).sum()) + 1
        order = order[: min(rows, max(MIXED, enough))]
        counts = self._counts[order].clamp(max=-(-rows // len(order)))
        crops = self._cut(order, counts, torch.arange(int(counts.sum())), ALL_EPOCHS)
        return self._batch(_part(crops, 0, rows))

    def fingerprint(self) -> str:
        """Return a short text that differs where the pictures, their crops, the order or the batch size differ."""
        images = self._images
        how = (images.crop, images.crops_per_image, images.flips, images.turns, self.batch_size, self._split.settings)
        return hashlib.sha256(f"{self._pictures.signature()} {how}".encode()).hexdigest()[:16]

    def shard(self, rank: int, world: int) -> Source:
        """Return the part of each batch that one of several processes trains on."""
        return Shard(self, rank, world)

    # -- windows -------------------------------------------------------------------------------------------------

    def _windows(self, order: Tensor) -> Iterator[Tensor]:
        """Yield runs of pictures whose crops are shuffled together."""
        size = int(np.prod(self._images.typical_shape)) * self._pictures.dtype.itemsize
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
        """Yield the crops of each window from crop number `skipped` on; no window before it is decoded."""
        for number, pictures in enumerate(self._windows(order)):
            counts = self._counts[pictures]
            count = int(counts.sum())
            if skipped < count:
                slots = permutation(count, self.seed, MIX, key, number) if shuffle else torch.arange(count)
                yield _part(self._cut(pictures, counts, slots, key), skipped, count)
            skipped = max(0, skipped - count)

    def _cut(self, pictures: Tensor, counts: Tensor, slots: Tensor, key: int) -> Columns:
        """Return crops of some pictures, so many of each; crop number j of all goes to ``slots[j]``."""
        images, crop, draws = self._images, self._images.typical_shape[-1], np.empty((len(slots), 2))
        pixels = np.empty((len(slots), crop, crop, images.typical_shape[0]), self._pictures.dtype)
        ends = counts.cumsum(0)

        def place(number: int) -> None:
            index, end = int(pictures[number]), int(ends[number])
            at = slots[end - int(counts[number]) : end].numpy()
            stream = generator(self.seed, CROP, key, index)
            drawn = torch.rand((len(at), 4), generator=stream, dtype=torch.float64).numpy()
            pixels[at], draws[at] = cut(images.canonical(self._pictures.at(index)), crop, drawn[:, :2]), drawn[:, 2:]

        in_threads(place, range(len(pictures)))
        owners = torch.empty_like(slots)
        owners[slots] = pictures.repeat_interleave(counts)
        columns = take(self._beside, owners) | {"pixels": torch.from_numpy(pixels).movedim(-1, 1)}
        return columns | self._turns(torch.from_numpy(draws))

    def _turns(self, draws: Tensor) -> Columns:
        """Return how each crop is turned and whether it is mirrored; nothing where none is."""
        images = self._images
        if not (images.turns or images.flips):
            return {}
        mirrored, turns = draws[:, 0] < 0.5 * images.flips, (4 * draws[:, 1] * images.turns).int()
        return {"mirrored": mirrored, "turns": turns}

    def _batch(self, columns: Columns) -> Batch:
        columns = moved(columns, self._device)
        if "turns" in columns:
            columns["pixels"] = turned(columns["pixels"], columns.pop("turns"), columns.pop("mirrored"))
        return self._data.batch(columns)


def _joined(pieces: list[Columns]) -> Columns:
    """Join pieces along the rows; no copy where only one has any."""
    some = [piece for piece in pieces if rows(piece)]
    return join(some) if len(some) > 1 else some[0]


def _part(columns: Columns, first: int, last: int) -> Columns:
    return take(columns, slice(first, last))
