"""Masks of labelled images, and what they say of heat maps: AUROC of pixels, AUPRO, and false alarms."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.data.images.masks import marked_in
from isthmus.support.errors import DataWarning, InputError
from isthmus.tasks.evaluation.localisation import Localisation, regions_of

MOSTLY, NEARLY_ALL = 0.5, 0.9
"""Where more than this fraction of the pixels is marked, in this fraction of the masks, they look inverted."""


@dataclass(frozen=True)
class Masks:
    """The masks of images, read when they are needed.

    Parameters
    ----------
    masks : sequence
        For each image an array of shape (height, width), True where it is abnormal; the path of an image file, bright
        where it is; or None if nothing is marked.
    inverted : bool or None, default None
        Whether masks mark what is normal instead; None: masks that look so are refused.
    """

    masks: Sequence[Any]
    inverted: bool | None = None

    def __len__(self) -> int:
        return len(self.masks)

    def at(self, index: int) -> np.ndarray | None:
        """Return a mask, True where the image is abnormal; None if nothing is marked.

        Raises
        ------
        InputError
            It cannot be read, or is no mask.
        """
        mask = self.masks[index]
        if mask is None:
            return None
        marked = marked_in(Path(mask), numbers=True) if _is_path(mask) else _bools(mask, self.name(index))
        return ~marked if self.inverted else marked

    def name(self, index: int) -> str:
        """Return what a mask is called in messages."""
        mask = self.masks[index]
        return f"the mask {str(mask)!r}" if _is_path(mask) else f"the mask of image {index}"

    @cached_property
    def fractions(self) -> np.ndarray:
        """The fraction of the pixels of each image that is marked, of shape (n,)."""
        return np.array([0.0 if (mask := self.at(index)) is None else mask.mean() for index in range(len(self))])

    @property
    def abnormal(self) -> np.ndarray:
        """Which images are abnormal: those of which something is marked."""
        return self.fractions > 0

    def check(self, images: int, abnormal: np.ndarray | None = None) -> None:
        """Refuse masks that cannot be those of the images, of which some are known to be abnormal.

        Raises
        ------
        InputError
            There is not one for each image, they look inverted, or one marks something in a normal image.
        """
        if len(self) != images:
            raise InputError(f"{len(self)} masks for {images} images: give one for each, None where nothing is marked")
        if abnormal is not None and len(abnormal) != images:
            raise InputError(f"y has {len(abnormal)} labels, but there are {images} images: one for each is needed")
        self._check_inverted()
        if abnormal is not None:
            self._check_labels(abnormal)

    def metrics(self, maps: Iterable[np.ndarray]) -> dict[str, float]:
        """Return what the masks say of heat maps, whose threshold is 1.

        Returns
        -------
        dict of str to float
            ``pixel_auroc`` and ``aupro``, see `isthmus.tasks.evaluation.localisation.Localisation`;
            ``false_alarms_per_image``: how many regions above the threshold touch no marked pixel, a mean over images.

        Raises
        ------
        InputError
            A mask has another size than its image.
        """
        measured, false_alarms = Localisation(), 0
        for index, heat in enumerate(maps):
            mask = self.at(index)
            mask = np.zeros(heat.shape, bool) if mask is None else mask
            self._check_size(index, mask.shape, heat.shape)
            measured.add(heat, mask)
            false_alarms += false_regions(heat > 1, mask)
        return {**measured.metrics(), "false_alarms_per_image": false_alarms / len(self)}

    def _check_inverted(self) -> None:
        there = np.array([mask is not None for mask in self.masks])
        mostly = self.fractions[there] > MOSTLY
        if self.inverted is None and there.any() and mostly.mean() >= NEARLY_ALL:
            raise InputError(
                f"more than half of all pixels are marked in {mostly.sum()} of {len(mostly)} masks, as if they were "
                "bright where images are normal: say inverted_masks=True (--inverted-masks) if they are, else "
                "inverted_masks=False (--no-inverted-masks)"
            )

    def _check_labels(self, abnormal: np.ndarray) -> None:
        marked = np.flatnonzero(~abnormal & self.abnormal).tolist()
        if marked:
            raise InputError(
                f"{self.name(marked[0])} marks something, but the image is normal by its label, and so it is with "
                f"{len(marked)} of {len(abnormal) - abnormal.sum()} normal images: empty the mask, or give the image "
                "another label"
            )
        empty = np.flatnonzero(abnormal & ~self.abnormal)
        if len(empty):
            warnings.warn(
                f"{len(empty)} of {abnormal.sum()} abnormal images have no marked pixel, such as image {empty[0]}: all "
                "their pixels count as normal",
                DataWarning,
                stacklevel=3,
            )

    def _check_size(self, index: int, mask: tuple[int, ...], image: tuple[int, ...]) -> None:
        if mask != image:
            sizes = [" x ".join(map(str, shape[::-1])) for shape in (mask, image)]
            raise InputError(
                f"{self.name(index)} is {sizes[0]} pixels (width x height), but its image is {sizes[1]} pixels, turned "
                "upright: a mask is as large as its image"
            )


def false_regions(flagged: np.ndarray, mask: np.ndarray) -> int:
    """Return how many connected regions of flagged pixels touch no marked one.

    Examples
    --------
    >>> false_regions(np.array([[True, True, False, True]]), np.array([[False, True, False, False]]))
    1
    """
    labels, count = regions_of(flagged)
    return count - len(np.unique(labels[flagged & mask]))


def _is_path(mask: Any) -> bool:
    return isinstance(mask, str | os.PathLike)


def _bools(mask: Any, name: str) -> np.ndarray:
    """Return a mask in memory as bools.

    Raises
    ------
    InputError
        It has other axes than height and width, or other numbers than 0 and one more.
    """
    marked = np.asarray(mask)
    if marked.ndim != 2:
        raise InputError(f"{name} has the shape {marked.shape}: a mask is (height, width), without channels")
    if marked.dtype != bool and len(values := np.unique(marked[marked != 0])) > 1:
        raise InputError(
            f"{name} holds {len(values):,} values beside 0, such as {values[0]} and {values[-1]}: give bools, True "
            "where the image is abnormal, such as mask > 127"
        )
    return np.asarray(marked != 0)
