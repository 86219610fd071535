"""Crops of images of any size, in memory or in a folder, as a source; each image is decoded once per epoch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Columns, Data, Source, join, rows, take
from isthmus.core.records import Batch
from isthmus.data.images.crops import cut, turned
from isthmus.data.images.sequence import ImageSequence, in_threads
from isthmus.data.sources.memory import moved, on
from isthmus.data.sources.order import CROP, EPOCH, MIX, SAMPLE, Split, generator, permutation, steps
from isthmus.data.sources.shards import Shard
from isthmus.data.sources.streams import ahead, regroup

if TYPE_CHECKING:
    from isthmus.data.images.images import Images

MIXED = 64
"""Minimum number of images whose crops are shuffled together."""

SHUFFLED = 2048
"""Minimum number of crops that are shuffled together, unless they are too large."""

ROOM = 64 * 2**20
"""Maximum bytes of crops that are shuffled together; but always at least those of one image."""

SAMPLED = 2**24
"""Maximum number of pixels of a sample."""

ALL_EPOCHS = 0
"""The key of crops that do not depend on the epoch; epochs are counted from 1 in these keys."""


class Crops:
    """Rows that are crops of images, for training on images of any size.

    Parameters
    ----------
    images : ImageSequence
    data : Images
        Fitted, with `crop`.
    beside : Columns
        The weight and conditions of each image, which apply to all its crops.
    """

    def __init__(self, images: ImageSequence, data: Images, beside: Columns) -> None:
        self.images, self.beside = images, beside
        self.counts = np.array([data.crops_of(shape) for shape in images.shapes], dtype=np.int64)

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
        return CropSource(
            self, cast("Images", data), Split(len(self.images), validation_fraction, seed), batch_size, device
        )


class CropSource:
    """A source of crops.

    Images are shuffled, then the crops of neighbouring images together. During training on one group, several
    threads decode the next images, each once per epoch, and cut crops out of them. Crop k of image i is a function
    of (seed, epoch, i, k); for validation and `sample`, of (seed, i, k). No crop of a validation image is trained on.

    Parameters
    ----------
    crops : Crops
    data : Images
        Fitted, with `crop`.
    split : Split
        The split of the images.
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
        self, crops: Crops, data: Images, split: Split, batch_size: int, device: torch.device | str = "cpu"
    ) -> None:
        self.rows = len(crops)
        steps(self.rows, batch_size)
        self.batch_size, self.seed = int(batch_size), split.seed
        self._images, self._beside = crops.images, crops.beside
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
        """Return one batch of at most `rows` crops of training images, the same on each call.

        They come from at least `MIXED` images if there are as many, and from more if one epoch has too few crops.
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
        """Return a short string that changes with the images, their crops, the order and the batch size."""
        data = self._kind
        how = (data.crop, data.crops_per_image, data.flips, data.turns, self.batch_size, self._split.settings)
        return hashlib.sha256(f"{self._images.signature()} {how}".encode()).hexdigest()[:16]

    def shard(self, rank: int, world: int) -> Source:
        """Return the part of each batch that one of several processes trains on."""
        return Shard(self, rank, world)

    # -- windows -------------------------------------------------------------------------------------------------

    def _windows(self, order: Tensor) -> Iterator[Tensor]:
        """Yield the indices of images whose crops are shuffled together."""
        size = int(np.prod(self._kind.typical_shape)) * self._images.dtype.itemsize
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
        for number, images in enumerate(self._windows(order)):
            counts = self._counts[images]
            count = int(counts.sum())
            if skipped < count:
                slots = permutation(count, self.seed, MIX, key, number) if shuffle else torch.arange(count)
                yield _part(self._cut(images, counts, slots, key), skipped, count)
            skipped = max(0, skipped - count)

    def _cut(self, images: Tensor, counts: Tensor, slots: Tensor, key: int) -> Columns:
        """Return crops of some images, `counts` of each; crop number j goes to ``slots[j]``."""
        data, crop, draws = self._kind, self._data.typical_shape[-1], np.empty((len(slots), 2))
        pixels = np.empty((len(slots), crop, crop, data.typical_shape[0]), self._images.dtype)
        ends = counts.cumsum(0)

        def fill(number: int) -> None:
            index, end = int(images[number]), int(ends[number])
            at = slots[end - int(counts[number]) : end].numpy()
            stream = generator(self.seed, CROP, key, index)
            drawn = torch.rand((len(at), 4), generator=stream, dtype=torch.float64).numpy()
            pixels[at], draws[at] = cut(data.canonical(self._images.at(index)), crop, drawn[:, :2]), drawn[:, 2:]

        in_threads(fill, range(len(images)))
        owners = torch.empty_like(slots)
        owners[slots] = images.repeat_interleave(counts)
        columns = take(self._beside, owners) | {"pixels": torch.from_numpy(pixels).movedim(-1, 1)}
        return columns | self._turns(torch.from_numpy(draws))

    def _turns(self, draws: Tensor) -> Columns:
        """Return how each crop is rotated, and whether it is mirrored; empty if crops are neither."""
        data = self._kind
        if not (data.turns or data.flips):
            return {}
        mirrored, turns = draws[:, 0] < 0.5 * data.flips, (4 * draws[:, 1] * data.turns).int()
        return {"mirrored": mirrored, "turns": turns}

    def _batch(self, columns: Columns) -> Batch:
        columns = moved(columns, self._device)
        if "turns" in columns:
            columns["pixels"] = turned(columns["pixels"], columns.pop("turns"), columns.pop("mirrored"))
        return self._data.batch(columns)


def _joined(pieces: list[Columns]) -> Columns:
    """Join pieces along the rows, without copying if only one has rows."""
    non_empty = [piece for piece in pieces if rows(piece)]
    return join(non_empty) if len(non_empty) > 1 else non_empty[0]


def _part(columns: Columns, first: int, last: int) -> Columns:
    return take(columns, slice(first, last))
