"""Folders of images larger than memory, decoded by several threads ahead of the training loop."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Columns, Data
from isthmus.core.records import Batch
from isthmus.data.images.decode import decode
from isthmus.data.images.head import Alpha
from isthmus.data.images.resize import Size
from isthmus.data.images.sequence import ImageSequence
from isthmus.data.images.survey import Survey, survey
from isthmus.data.sources.memory import moved, on
from isthmus.data.sources.order import Order
from isthmus.data.sources.shards import Shard
from isthmus.data.sources.streams import ahead
from isthmus.support.errors import InputError

DEPTH = 2
"""Number of batches decoded ahead."""


class ImageStream(ImageSequence):
    """The images of a folder, without loading them: only their names, sizes and common form.

    Parameters
    ----------
    path : str, Path or Survey
        A folder of images, or of class subfolders; or the survey of any files.
    alpha : {"white", "keep"}, default "white"
        Whether to blend an alpha channel with white, or keep it as a fourth channel.
    skip_broken : bool, default False
        Skip files that cannot be read, with a warning, instead of raising an error.

    Raises
    ------
    InputError
        There are no images, one cannot be read, or their channels differ.

    Attributes
    ----------
    shapes : list of tuple
        The shape of each image: (height, width), or (height, width, channels).
    shape : tuple of int or None
        (n, height, width) or (n, height, width, channels); None for sides that differ between images.
    """

    def __init__(self, path: str | Path | Survey, alpha: Alpha = "white", skip_broken: bool = False) -> None:
        self.survey = path if isinstance(path, Survey) else survey(Path(path), alpha, skip_broken)
        self.shapes, self.dtype = self.survey.shapes, self.survey.form.dtype
        sides = zip(*(shape[:2] for shape in self.shapes), strict=True)
        height, width = (side[0] if len(set(side)) == 1 else None for side in sides)
        self.shape = (len(self.shapes), height, width, *self.shapes[0][2:])

    @property
    def one_size(self) -> bool:
        """Whether all images have the same size."""
        return None not in self.shape

    @property
    def ndim(self) -> int:
        """The number of axes of the images as one array."""
        return len(self.shape)

    @property
    def bytes(self) -> int:
        """The bytes of memory that all images would take."""
        return sum(map(self.nbytes, self.shapes))

    def at(self, index: int) -> np.ndarray:
        """Return one image, decoded.

        Raises
        ------
        InputError
            It cannot be read, or was changed on disk.
        """
        image = decode(self.survey.paths[index], self.survey.form)
        if image.shape != self.shapes[index]:
            raise InputError(
                f"{self.name(index)} changed on disk: it had the shape {self.shapes[index]}; read it again"
            )
        return image

    def reduced(self, index: int, min_size: Size) -> np.ndarray:
        """Return one image; a JPEG at a lower resolution if that is enough."""
        return decode(self.survey.paths[index], self.survey.form, min_size=min_size)

    def some(self, indices: Sequence[int]) -> ImageStream:
        """Return some of the images, without decoding them."""
        return ImageStream(self.survey.some(indices))

    def name(self, index: int) -> str:
        """Return the name of an image for messages."""
        return f"the image {str(self.survey.paths[index])!r}"

    @property
    def names(self) -> tuple[str, ...]:
        """The file of each image, within the folder."""
        return tuple(f"{p.parent.name}/{p.name}" if self.survey.classes else p.name for p in self.survey.paths)

    def chunks(self) -> Iterator[Any]:
        """Yield all images in the order of their names: as arrays if all have one size, else as streams."""
        for part in self.slices():
            yield np.asarray(self[part]) if self.one_size else self[part]

    def source(
        self,
        data: Data,
        *,
        batch_size: int,
        validation_fraction: float = 0.0,
        seed: int = 0,
        device: torch.device | str = "cpu",
    ) -> ImageSource:
        """Return a source of batches of these images; see `ImageSource`."""
        return ImageSource(self, data, Order(len(self), batch_size, validation_fraction, seed), device)

    def signature(self) -> str:
        """Return a hash of the names and sizes of all files."""
        digest = hashlib.sha256()
        for path in self.survey.paths:
            digest.update(f"{path.parent.name}/{path.name} {path.stat().st_size}\n".encode())
        return digest.hexdigest()


class ImageSource:
    """A source of the images of a folder: their order is shuffled, and a few batches are decoded ahead.

    Parameters
    ----------
    stream : ImageStream
    data : Data
        Fitted.
    order : Order
        The order of the images.
    device : str or torch.device, default "cpu"
        The device of the batches.

    Attributes
    ----------
    rows : int
        The number of images, including those for validation.
    """

    def __init__(self, stream: ImageStream, data: Data, order: Order, device: torch.device | str = "cpu") -> None:
        self.rows = len(stream)
        self._stream, self._order, self._device = stream, order, torch.device(device)
        self._read, self._data = data.read, on(data, device)

    def batches(self, split: str, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of a split, from batch number `start` on."""
        return map(self._batch, ahead(map(self._columns, self._order.batches(split, epoch, start)), DEPTH))

    def steps(self, split: str) -> int:
        """Return the number of batches of a split per epoch; 0 if the split is empty."""
        return self._order.steps(split)

    def sample(self, rows: int) -> Batch:
        """Return one batch of at most `rows` training images, the same on each call."""
        return self._batch(self._columns(self._order.sample(rows)))

    def fingerprint(self) -> str:
        """Return a short string that changes with the files, the order and the batch size."""
        return hashlib.sha256(f"{self._stream.signature()} {self._order.settings}".encode()).hexdigest()[:16]

    def shard(self, rank: int, world: int) -> Shard:
        """Return the part of each batch that one of several processes trains on."""
        return Shard(self, rank, world)

    def _columns(self, index: Tensor) -> Columns:
        return self._read(self._stream.some(index.tolist()))

    def _batch(self, columns: Columns) -> Batch:
        return self._data.batch(moved(columns, self._device))
