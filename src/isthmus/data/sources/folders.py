"""Folders of pictures larger than memory: decoded by some threads, ahead of the loop."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Columns, Data
from isthmus.core.records import Batch
from isthmus.data.images.files import Listing, decode, decode_all, listing
from isthmus.data.sources.memory import moved, on
from isthmus.data.sources.order import Order
from isthmus.data.sources.shards import Shard
from isthmus.data.sources.streams import ahead

DEPTH = 2
"""Batches that are decoded ahead."""

CHUNK = 64 * 2**20
"""Bytes of decoded pictures in a chunk."""


class PictureStream:
    """The pictures of a folder, without holding them: only their names.

    Parameters
    ----------
    path : str, Path or Listing
        A folder of pictures, or of class subfolders.

    Raises
    ------
    InputError
        There are no pictures, or the first one cannot be read.

    Attributes
    ----------
    shape : tuple of int
        (n, height, width) or (n, height, width, 3); that of the first picture counts for all.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, path: str | Path | Listing) -> None:
        self.listing = path if isinstance(path, Listing) else listing(Path(path))
        self.shape = (len(self.listing.paths), *decode(self.listing.paths[0]).shape)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """How many axes the pictures would have as one array."""
        return len(self.shape)

    @property
    def bytes(self) -> int:
        """What all pictures would take in memory."""
        return int(np.prod(self.shape, dtype=np.int64))

    def take(self, index: Tensor) -> np.ndarray:
        """Return some pictures as uint8.

        Raises
        ------
        InputError
            A picture cannot be read, or its size or number of channels differs from the first one's.
        """
        return decode_all([self.listing.paths[i] for i in index.tolist()], self.shape[1:])

    def chunks(self) -> Iterator[np.ndarray]:
        """Yield all pictures, in the order of their names."""
        step = max(1, CHUNK * len(self) // self.bytes)
        return map(self.take, torch.arange(len(self)).split(step))

    def source(
        self,
        data: Data,
        *,
        batch_size: int,
        validation_fraction: float = 0.0,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> PictureSource:
        """Return a source of batches of these pictures; see `PictureSource`."""
        return PictureSource(self, data, Order(len(self), batch_size, validation_fraction, seed), device)

    def signature(self) -> str:
        """Return a hash of the names and sizes of all files."""
        digest = hashlib.sha256()
        for path in self.listing.paths:
            digest.update(f"{path.parent.name}/{path.name} {path.stat().st_size}\n".encode())
        return digest.hexdigest()


class PictureSource:
    """A source of the pictures of a folder: their names are shuffled, a few batches are decoded ahead.

    Parameters
    ----------
    stream : PictureStream
    data : Data
        Fitted.
    order : Order
        Of the pictures.
    device : str or torch.device, default "cpu"
        Where batches are wanted.

    Attributes
    ----------
    rows : int
        How many pictures there are, held out ones too.
    """

    def __init__(self, stream: PictureStream, data: Data, order: Order, device: torch.device | str = "cpu") -> None:
        self.rows = len(stream)
        self._stream, self._order, self._device = stream, order, torch.device(device)
        self._read, self._data = data.read, on(data, device)

    def batches(self, split: str, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of a split, from batch number `start` on."""
        return map(self._batch, ahead(map(self._columns, self._order.batches(split, epoch, start)), DEPTH))

    def steps(self, split: str) -> int:
        """Return the number of batches of a split in one epoch; 0 where the split is empty."""
        return self._order.steps(split)

    def sample(self, rows: int) -> Batch:
        """Return one batch of at most `rows` training pictures, the same at each call."""
        return self._batch(self._columns(self._order.sample(rows)))

    def fingerprint(self) -> str:
        """Return a short text that differs where the files, the order or the batch size differ."""
        return hashlib.sha256(f"{self._stream.signature()} {self._order.settings}".encode()).hexdigest()[:16]

    def shard(self, rank: int, world: int) -> Shard:
        """Return the part of each batch that one of several processes trains on."""
        return Shard(self, rank, world)

    def _columns(self, index: Tensor) -> Columns:
        return self._read(self._stream.take(index))

    def _batch(self, columns: Columns) -> Batch:
        return self._data.batch(moved(columns, self._device))
