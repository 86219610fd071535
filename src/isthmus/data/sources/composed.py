"""Rows to train on that are made of other rows: pairs of noisy and clean ones, or noisy ones alone."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from isthmus.core.data import Data, Rows, Source
from isthmus.core.records import Batch
from isthmus.data.images.pixels import kind_of
from isthmus.data.images.sequence import ImageSequence
from isthmus.data.infer import axes
from isthmus.data.sources.in_memory import pieces
from isthmus.data.sources.order import NEIGHBOURS, generator
from isthmus.data.sources.shards import Shard
from isthmus.data.sources.training_rows import Prepared, TrainingRows, training_rows

FIRST = (0, 1, 2, 3, 0, 2, 1, 3)
SECOND = (1, 0, 3, 2, 2, 0, 3, 1)
"""Pairs of neighbours in a cell of 2 x 2 pixels, which are numbered row by row."""

ALL_EPOCHS = 0
"""The key of neighbours that do not depend on the epoch; epochs are counted from 1 in these keys."""


class ComposedStream(Prepared):
    """A stream of rows that are made of others (abstract).

    Parameters
    ----------
    rows : rows, or a stream
        Those whose number counts.
    """

    def __init__(self, rows: Rows) -> None:
        self.rows, self.ndim = rows, axes(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def chunks(self) -> Iterator[Any]:
        """Yield the rows, for `Data.learn`."""
        yield from pieces(self.rows)

    def training_rows(self, data: Data) -> TrainingRows:
        """Return what is trained on."""
        return ComposedRows(self, data)

    @abstractmethod
    def source(self, data: Data, **settings: Any) -> Source:
        """Return a source of batches; `settings` are those of `Memory`."""


class ComposedRows:
    """Composed rows as training rows, whose number depends on the data: crops of images count.

    Parameters
    ----------
    composed : ComposedStream
    data : Data
        Fitted.
    """

    def __init__(self, composed: ComposedStream, data: Data) -> None:
        self._composed, self._count = composed, data.samples(composed.rows)

    def __len__(self) -> int:
        return self._count

    def source(self, data: Data, **settings: Any) -> Source:
        """Return a source of batches of these rows."""
        return self._composed.source(data, **settings)


class Pairs(ComposedStream):
    """Clean rows, each with a noisy version of it, which is what the encoder sees.

    Parameters
    ----------
    noisy, clean : rows, or streams
        As many of both, of the same shapes and type.
    """

    def __init__(self, noisy: Rows, clean: Rows) -> None:
        super().__init__(clean)
        self.noisy = noisy

    def source(self, data: Data, **settings: Any) -> PairSource:
        """Return a source of batches of pairs."""
        clean, noisy = (training_rows(side, data).source(data, **settings) for side in (self.rows, self.noisy))
        return PairSource(clean, noisy)


class PairSource:
    """Two sources as one: ``x`` comes from the first, ``corrupted`` from the second.

    Both have the same order, since that is a function of (seed, epoch): rows, crops, flips and turns are alike.

    Parameters
    ----------
    clean, noisy : Source
        With the same numbers of rows, and the same settings.

    Attributes
    ----------
    rows : int
        The number of pairs, including those for validation.
    """

    def __init__(self, clean: Source, noisy: Source) -> None:
        self.rows = clean.rows
        self._clean, self._noisy = clean, noisy

    def batches(self, split: str, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of a split, from batch number `start` on."""
        sides = (side.batches(split, epoch, start) for side in (self._clean, self._noisy))
        return (_paired(clean, noisy) for clean, noisy in zip(*sides, strict=True))

    def steps(self, split: str) -> int:
        """Return the number of batches of a split per epoch; 0 if the split is empty."""
        return self._clean.steps(split)

    def sample(self, rows: int) -> Batch:
        """Return one batch of at most `rows` training rows, the same on each call."""
        return _paired(self._clean.sample(rows), self._noisy.sample(rows))

    def fingerprint(self) -> str:
        """Return a short string that changes with the rows of either side, the order and the batch size."""
        return _hashed(self._clean.fingerprint(), self._noisy.fingerprint())

    def shard(self, rank: int, world: int) -> Shard:
        """Return the part of each batch that one of several processes trains on."""
        return Shard(self, rank, world)


def _paired(clean: Batch, noisy: Batch) -> Batch:
    return clean.with_(corrupted=noisy.x)


class Neighbours(ComposedStream):
    """Noisy images without clean ones: of each, one of two sub-images is restored from the other (Huang 2021).

    The noise of a pixel must not tell that of its neighbours.
    """

    def chunks(self) -> Iterator[Any]:
        """Yield the images within [0, 1], as if noise had not taken them further."""
        for piece in super().chunks():
            yield _clipped(piece)

    def source(self, data: Data, **settings: Any) -> NeighbourSource:
        """Return a source of batches of sub-images."""
        return NeighbourSource(training_rows(self.rows, data).source(data, **settings), settings["seed"])


def _clipped(images: Rows) -> Rows:
    """Return floats clipped to [0, 1]; those of files are within."""
    if isinstance(images, list | tuple):
        return [_clipped(image) for image in images]
    return images if isinstance(images, ImageSequence) or kind_of(images)[1] in ("uint8", "bool") else images.clip(0, 1)


class NeighbourSource:
    """Batches of images of half the size: ``corrupted`` and ``x`` are pixels that were neighbours.

    From each cell of 2 x 2 pixels two neighbours are drawn, one for either image. Which ones is a function of (seed,
    epoch, batch).

    Parameters
    ----------
    source : Source
        Of noisy images.
    seed : int

    Attributes
    ----------
    rows : int
        The number of images, including those for validation.
    """

    def __init__(self, source: Source, seed: int) -> None:
        self.rows = source.rows
        self._source, self._seed = source, seed

    def batches(self, split: str, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of a split, from batch number `start` on."""
        key = epoch + 1 if split == "train" else ALL_EPOCHS
        for number, batch in enumerate(self._source.batches(split, epoch, start), start):
            yield self._drawn(batch, key, number)

    def steps(self, split: str) -> int:
        """Return the number of batches of a split per epoch; 0 if the split is empty."""
        return self._source.steps(split)

    def sample(self, rows: int) -> Batch:
        """Return one batch of at most `rows` training rows, the same on each call."""
        return self._drawn(self._source.sample(rows), ALL_EPOCHS, 0)

    def fingerprint(self) -> str:
        """Return a short string that changes with the images, the order and the batch size."""
        return _hashed("neighbours", self._source.fingerprint())

    def shard(self, rank: int, world: int) -> Shard:
        """Return the part of each batch that one of several processes trains on."""
        return Shard(self, rank, world)

    def _drawn(self, batch: Batch, key: int, number: int) -> Batch:
        first, second = neighbours(batch.x, generator(self._seed, NEIGHBOURS, key, number))
        return batch.with_(x=second, corrupted=first)


def neighbours(x: Tensor, stream: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return two images of half the size, whose pixels are neighbours in x; an odd last row or column is left out.

    Parameters
    ----------
    x : Tensor of shape (n, channels, height, width)
    stream : torch.Generator
    """
    height, width = x.shape[2] // 2, x.shape[3] // 2
    cells = nn.functional.pixel_unshuffle(x[:, :, : 2 * height, : 2 * width], 2)
    cells = torch.unflatten(cells, 1, (x.shape[1], 4))
    drawn = torch.randint(len(FIRST), (len(x), 1, 1, height, width), generator=stream).to(x.device)
    first, second = (_chosen(cells, torch.tensor(table, device=x.device)[drawn]) for table in (FIRST, SECOND))
    return first, second


def _chosen(cells: Tensor, index: Tensor) -> Tensor:
    return cells.gather(2, index.expand(-1, cells.shape[1], -1, -1, -1)).squeeze(2)


def _hashed(*texts: str) -> str:
    return hashlib.sha256(" ".join(texts).encode()).hexdigest()[:16]
