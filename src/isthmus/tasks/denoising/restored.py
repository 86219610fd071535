"""Restoring image files: in order, the next one decoded meanwhile, everything but the pixels as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isthmus.data.images.original import examined, open_original
from isthmus.data.sized import in_threads
from isthmus.data.sources.streams import ahead
from isthmus.support.errors import InputError
from isthmus.tasks.denoising.masks import read_mask
from isthmus.tasks.denoising.targets import Target

Restore = Callable[[np.ndarray, np.ndarray | None], np.ndarray]
"""From an image of shape (height, width, channels), uint8 or floats, and what is to be filled of it, True in an array
(height, width), if anything, to the restored one: uint8 where the image is, else floats."""


@dataclass(frozen=True)
class Restored:
    """A file that was restored, or could not be.

    Attributes
    ----------
    source, path : Path
        What was read, and what was written.
    before, after : ndarray of shape (height, width, channels), or None
        The pixels without an alpha channel, upright; None if the file could not be read.
    notes : tuple of str
        What a user should know of it.
    error : str or None
        Why it could not be restored.
    """

    source: Path
    path: Path
    before: np.ndarray | None = None
    after: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    error: str | None = None


def restored_files(targets: Sequence[Target], restore: Restore | None, skip_broken: bool = False) -> Iterator[Restored]:
    """Restore files one after the other, and yield each once it is written.

    Before the first is written, the headers of all are looked at.

    Parameters
    ----------
    targets : sequence of Target
    restore : Restore or None
        None: files are copied as they are.
    skip_broken : bool, default False
        Leave out files that cannot be read, or that the model cannot restore, instead of raising an error.

    Raises
    ------
    InputError
        A file cannot be read, written, or restored by the model; the message names it.
    """
    if not skip_broken:
        in_threads(examined, [path for one in targets for path in (one.source, one.mask) if path is not None])

    def read(target: Target) -> SourceFile | InputError:
        try:
            return SourceFile(target)
        except InputError as error:
            if not skip_broken:
                raise
            return error

    for target, file in zip(targets, ahead(map(read, targets)), strict=True):
        try:
            if isinstance(file, InputError):
                raise file
            after = None if restore is None else file.restored(restore)
        except InputError as error:
            if not skip_broken:
                raise
            yield Restored(target.source, target.path, error=str(error))
        else:
            yield _written(file, after)


class SourceFile:
    """A file with its mask, if any, decoded.

    Parameters
    ----------
    target : Target
    """

    def __init__(self, target: Target) -> None:
        self.target, self.original = target, open_original(target.source)
        size = self.original.colour.shape[:2]
        self.mask = None if target.mask is None else read_mask(target.mask, size)

    def restored(self, restore: Restore) -> np.ndarray:
        """Return the restored pixels; an error names the file."""
        try:
            return restore(self.original.colour, self.mask)
        except InputError as error:
            raise InputError(f"{str(self.target.source)!r}: {error}") from error

    def notes(self) -> tuple[str, ...]:
        """Return what a user should know of the file."""
        nothing = self.mask is not None and not self.mask.any()
        unmarked = f"{str(self.target.source)!r} stays as it is: its mask {str(self.target.mask)!r} is black all over"
        return (unmarked, *self.original.notes) if nothing else self.original.notes


def _written(file: SourceFile, after: np.ndarray | None) -> Restored:
    """Write the pixels, or a copy of the file where there are none."""
    target, original = file.target, file.original
    target.path.parent.mkdir(parents=True, exist_ok=True)
    if after is None:
        original.copy(target.path)
        return Restored(target.source, target.path, original.colour, original.colour)
    original.write(after, target.path)
    return Restored(target.source, target.path, original.colour, after, file.notes())
