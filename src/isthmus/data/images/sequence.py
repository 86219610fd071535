"""Images: sequences of images that may differ in size, in memory or in files that are decoded on access."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from isthmus.data.images.pixels import ONE_SIZE, kind_of
from isthmus.data.images.resize import Size
from isthmus.data.sized import HASHED, SizedSequence, in_threads
from isthmus.support.errors import InputError


class ImageSequence(SizedSequence):
    """Images that may differ in size, each an array in the user's layout (abstract)."""

    @abstractmethod
    def some(self, indices: Sequence[int]) -> ImageSequence:
        """Return some of the images, without decoding them."""

    @abstractmethod
    def reduced(self, index: int, min_size: Size) -> Any:
        """Return one image, at a lower resolution if that is faster, but not below this height and width."""

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        """Return all images as one array."""
        self.check_one_size()
        stacked = np.empty((len(self), *self.shapes[0]), self.dtype if dtype is None else dtype)

        def fill(index: int) -> None:
            stacked[index] = self.at(index)

        in_threads(fill, range(len(self)))
        return stacked

    def check_one_size(self) -> None:
        """Raise an error if images differ in size.

        Raises
        ------
        InputError
            The message names the first image that differs, and the remedies.
        """
        other = next((i for i, shape in enumerate(self.shapes) if shape != self.shapes[0]), None)
        if other is not None:
            raise InputError(
                f"{self.name(other)} has the shape {self.shapes[other]}, {self.name(0)} has {self.shapes[0]}: "
                f"{ONE_SIZE}"
            )


class ImageArray(ImageSequence):
    """Images in memory.

    Parameters
    ----------
    arrays : sequence of arrays or tensors
    """

    def __init__(self, arrays: Sequence[Any]) -> None:
        self._arrays = arrays
        self.shapes = [tuple(np.shape(array)) for array in arrays]
        self.dtype = np.dtype(np.uint8 if kind_of(arrays)[1] == "uint8" else np.float32)

    def at(self, index: int) -> Any:
        """Return one image."""
        return self._arrays[index]

    def reduced(self, index: int, min_size: Size) -> Any:
        """Return one image at full resolution."""
        return self._arrays[index]

    def some(self, indices: Sequence[int]) -> ImageArray:
        """Return some of the images."""
        return ImageArray([self._arrays[i] for i in indices])

    def name(self, index: int) -> str:
        """Return the name of an image for messages."""
        return f"image {index}"

    def signature(self) -> str:
        """Return a hash of all shapes, and of evenly spaced pixels."""
        digest = hashlib.sha256(repr((self.shapes, self.dtype)).encode())
        for array in self._arrays:
            flat = np.asarray(array).reshape(-1)
            digest.update(np.ascontiguousarray(flat[:: max(1, len(flat) // HASHED)]).tobytes())
        return digest.hexdigest()
