"""Cleaning sound files: block by block, in the format, with the bits and the texts that they have."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.data.audio.condition import CLIPPED, clipped_fraction, is_silent
from isthmus.data.audio.sound_files import head, open_sound, pieces
from isthmus.data.audio.sounds import Sound, check_finite
from isthmus.data.sized import in_threads
from isthmus.support.atomic import atomic
from isthmus.support.errors import InputError, extra
from isthmus.tasks.denoising.recordings import as_integers
from isthmus.tasks.denoising.sounding import Cleaning
from isthmus.tasks.denoising.targets import Target

PREVIEW = 10.0
"""Seconds at the start of a recording that figures show."""
PIECE = 2**18
"""Samples that are read at a time."""
BITS: dict[str, tuple[int, Any, int]] = {
    "PCM_S8": (8, np.int16, 8),
    "PCM_U8": (8, np.int16, 8),
    "PCM_16": (16, np.int16, 0),
    "PCM_24": (24, np.int32, 8),
    "PCM_32": (32, np.int32, 0),
}
"""Bits of whole numbers, the type that the library takes them in, and the bits that are empty there."""

LOSSY = ("MPEG_LAYER_III", "VORBIS", "OPUS")
"""Codecs that compress a second time: at their best, since a file does not say how well it was compressed."""

Restore = Callable[[int], Cleaning]
"""From the rate of a recording to what cleans it."""


@dataclass(frozen=True)
class CleanedFile:
    """A sound file that was cleaned, or could not be read.

    Attributes
    ----------
    source, path : Path
        What was read, and what was written.
    notes : tuple of str
        What a user should know of it.
    error : str or None
        Why it could not be read.
    before, after : Sound or None
        The start of the recording, as it was and as it is now.
    """

    source: Path
    path: Path
    notes: tuple[str, ...] = ()
    error: str | None = None
    before: Sound | None = None
    after: Sound | None = None


def cleaned_files(
    targets: Sequence[Target], restore: Restore | None, skip_broken: bool = False
) -> Iterator[CleanedFile]:
    """Clean files one after the other, and yield each once it is written.

    Before the first is written, the headers of all are looked at.

    Parameters
    ----------
    targets : sequence of Target
    restore : Restore or None
        None: files are copied as they are.
    skip_broken : bool, default False
        Leave out files that cannot be read, instead of raising an error.

    Raises
    ------
    InputError
        A file cannot be read or written; the message names it.
    """
    if not skip_broken:
        in_threads(head, [target.source for target in targets])
    for target in targets:
        if skip_broken and (error := _error_of(target.source)) is not None:
            yield CleanedFile(target.source, target.path, error=error)
            continue
        target.path.parent.mkdir(parents=True, exist_ok=True)
        before = _start(target.source)
        with atomic(target.path) as temporary:
            notes = _copied(target.source, temporary) if restore is None else _clean(target, temporary, restore)
        yield CleanedFile(target.source, target.path, notes, None, before, _start(target.path))


def _error_of(path: Path) -> str | None:
    """Return why a file cannot be read to its end, or cleaned; None where it can."""
    count = 0
    try:
        for samples in pieces(path, PIECE):
            check_finite(samples, repr(str(path)), count)
            count += len(samples)
    except InputError as error:
        return str(error)
    return None


def _start(path: Path) -> Sound:
    with open_sound(path) as sound:
        return Sound(sound.read(int(PREVIEW * sound.samplerate), dtype="float32"), sound.samplerate, str(path))


def _copied(source: Path, path: Path) -> tuple[str, ...]:
    shutil.copyfile(source, path)
    return ()


def _clean(target: Target, path: Path, restore: Restore) -> tuple[str, ...]:
    library, condition = extra("soundfile", "audio"), Condition(target.source)
    try:
        with library.SoundFile(target.source) as source:
            made = _like(source, path, library)
        with made:
            cleaning = restore(made.samplerate)
            for piece in _pieces(target.source, cleaning, condition):
                made.write(_encoded(piece, made.subtype))
    except (library.LibsndfileError, AssertionError) as error:
        raise InputError(
            f"cannot write {str(target.path)!r} as {target.source.name!r} was: {str(error) or 'the disk is full'}; "
            "nothing was changed"
        ) from error
    return condition.notes() + _above(target.source, cleaning)


def _above(source: Path, cleaning: Cleaning) -> tuple[str, ...]:
    """Say that the model does not hear all of a recording."""
    if cleaning.rate <= cleaning.seen_rate:
        return ()
    return (
        f"{str(source)!r} has {cleaning.rate:,} samples a second, and the denoiser learnt from {cleaning.seen_rate:,}: "
        f"noise above {cleaning.seen_rate // 2:,} Hz stays",
    )


def _like(source: Any, path: Path, library: Any) -> Any:
    """Return a sound file to write, of the same format, rate, channels and texts as another."""
    settings = {"format": source.format, "subtype": source.subtype, "endian": source.endian}
    if source.subtype in LOSSY:
        settings["compression_level"] = 0.0
    made = library.SoundFile(path, "w", source.samplerate, source.channels, **settings)
    for name, text in source.copy_metadata().items():
        setattr(made, name, text)
    return made


def _pieces(source: Path, cleaning: Cleaning, condition: Condition) -> Iterator[np.ndarray]:
    for samples in pieces(source, PIECE):
        check_finite(samples, repr(str(source)), condition.count)
        condition.add(samples)
        yield cleaning.add(samples)
    yield cleaning.end()


def _encoded(samples: np.ndarray, subtype: str) -> np.ndarray:
    """Return samples as the library writes them without changing them."""
    if subtype not in BITS:
        return samples
    bits, dtype, empty = BITS[subtype]
    return as_integers(samples, bits, dtype) << empty


class Condition:
    """What a user should know of a recording: that it is silent, or clipped.

    Parameters
    ----------
    source : Path
    """

    def __init__(self, source: Path) -> None:
        self.source, self.silent, self.clipped, self.count = source, True, False, 0

    def add(self, samples: np.ndarray) -> None:
        """Look at the next samples."""
        self.count += len(samples)
        self.silent = self.silent and is_silent(samples)
        self.clipped = self.clipped or clipped_fraction(samples) > CLIPPED

    def notes(self) -> tuple[str, ...]:
        """Return a sentence on each of them."""
        name = repr(str(self.source))
        silent = (f"{name} is silent: there is nothing to clean",) if self.silent else ()
        return silent + ((f"{name} is clipped: what was cut off does not come back",) if self.clipped else ())
