"""Folders of recordings, decoded when they are needed."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from isthmus.core.data import Data
from isthmus.data.audio.sound_files import SOUNDS, Head, decode, head
from isthmus.data.audio.sounds import Sound, Sounds
from isthmus.data.listing import Listing, joined_listing
from isthmus.data.sized import Croppable, in_threads
from isthmus.data.sources.crops import Crops, CropSource
from isthmus.support.errors import InputError, listed

NAMED = 3
"""Maximum number of files that a message names."""


@dataclass(frozen=True)
class SoundSurvey:
    """Sound files, and what their headers say.

    Attributes
    ----------
    files : Listing
    heads : list of Head
    left_out : int
        How many files could not be read, and were left out.
    """

    files: Listing
    heads: list[Head]
    left_out: int = 0

    def some(self, indices: Sequence[int]) -> SoundSurvey:
        """Return the survey of some of the files."""
        y = None if self.files.y is None else self.files.y[list(indices)]
        files = Listing([self.files.paths[i] for i in indices], y, self.files.classes)
        return SoundSurvey(files, [self.heads[i] for i in indices])


def sound_survey(paths: Sequence[Path], skip_broken: bool = False) -> SoundSurvey:
    """Read the header of every sound in files and folders, whose subfolders may be classes.

    Parameters
    ----------
    paths : sequence of Path
    skip_broken : bool, default False
        Skip files that cannot be read, with a warning; this decodes every sound once.

    Raises
    ------
    InputError
        There are no sounds, or one cannot be read.
    """
    files = joined_listing(paths, SOUNDS)
    whole = _whole(files) if skip_broken else files
    return SoundSurvey(whole, in_threads(head, whole.paths), len(files.paths) - len(whole.paths))


def sound_error(path: Path) -> str | None:
    """Return why a sound cannot be read; None where it can."""
    try:
        decode(path)
    except InputError as error:
        return str(error)
    return None


def _whole(files: Listing) -> Listing:
    """Return the files that can be read."""
    errors = in_threads(sound_error, files.paths)
    broken = [path.name for path, error in zip(files.paths, errors, strict=True) if error is not None]
    if not broken:
        return files
    what = f"{len(broken):,} of the {len(errors):,} sounds cannot be read"
    if len(broken) == len(errors):
        raise InputError(f"{what}: {errors[0]}")
    warnings.warn(f"{what}, and were left out: {listed(broken, NAMED)}", stacklevel=4)
    kept = [i for i, error in enumerate(errors) if error is None]
    return Listing([files.paths[i] for i in kept], None if files.y is None else files.y[kept], files.classes)


class SoundStream(Sounds):
    """The recordings of files, which are decoded when they are needed.

    Parameters
    ----------
    survey : SoundSurvey
    """

    def __init__(self, survey: SoundSurvey) -> None:
        self.survey = survey
        self.shapes = [(one.samples, one.channels, one.rate) for one in survey.heads]

    @property
    def bytes(self) -> int:
        """The bytes of memory that all recordings would take."""
        return sum(map(self.nbytes, self.shapes))

    @property
    def names(self) -> tuple[str, ...]:
        """The file of each recording, within its folder."""
        paths, classes = self.survey.files.paths, self.survey.files.classes
        return tuple(f"{path.parent.name}/{path.name}" if classes else path.name for path in paths)

    def at(self, index: int) -> Sound:
        """Return one recording, decoded.

        Raises
        ------
        InputError
            It cannot be read.
        """
        return decode(self.survey.files.paths[index])

    def some(self, indices: Sequence[int]) -> SoundStream:
        """Return some of the recordings, without decoding them."""
        return SoundStream(self.survey.some(indices))

    def name(self, index: int) -> str:
        """Return the name of a recording for messages."""
        return f"the sound {str(self.survey.files.paths[index])!r}"

    def chunks(self) -> Iterator[Any]:
        """Yield all recordings in the order of their names, as streams."""
        for part in self.slices():
            yield self[part]

    def source(self, data: Data, **settings: Any) -> CropSource:
        """Return a source of batches of windows of these recordings."""
        return Crops(self, cast(Croppable, data), {}).source(data, **settings)

    def signature(self) -> str:
        """Return a hash of the names and sizes of all files."""
        digest = hashlib.sha256()
        for path in self.survey.files.paths:
            digest.update(f"{path.parent.name}/{path.name} {path.stat().st_size}\n".encode())
        return digest.hexdigest()
