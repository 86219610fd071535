"""Sound files: reading WAV, FLAC, OGG and others, and writing WAV."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from isthmus.data.audio.sounds import Sound
from isthmus.data.listing import FileKind
from isthmus.support.errors import InputError, extra

SOUNDS = FileKind("sounds", (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64"))
"""Sound files; which format one has is detected from its content."""

OPEN_END = (0, 2**32 - 1)
"""Lengths in the header of a WAV file that was recorded to a pipe: up to its end."""


@dataclass(frozen=True)
class Head:
    """What the header of a sound file says.

    Attributes
    ----------
    samples, channels, rate : int
    form : str
        Format and type of its samples, such as ``"WAV PCM_16"``.
    """

    samples: int
    channels: int
    rate: int
    form: str


@contextmanager
def open_sound(path: Path) -> Iterator[Any]:
    """Open a sound file by its content."""
    library = extra("soundfile", "audio")
    try:
        with path.open("rb") as stream, library.SoundFile(stream) as sound:
            yield sound
    except (library.LibsndfileError, OSError, RuntimeError) as error:
        if path.stat().st_size == 0:
            raise InputError(f"cannot read the sound {str(path)!r}: the file is empty; take it out") from error
        raise InputError(
            f"cannot read the sound {str(path)!r}: {_reason(error)}; mend it or take it out (--skip-broken leaves out "
            "what cannot be read of a folder)"
        ) from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).rstrip(".")


def head(path: Path) -> Head:
    """Return what the header of a sound file says.

    Raises
    ------
    InputError
        It is no sound file, damaged, or holds no samples.
    """
    with open_sound(path) as sound:
        if sound.frames == 0:
            raise InputError(f"the sound {str(path)!r} holds no samples: take it out")
        form = f"{sound.format} {sound.subtype}"
        known = Head(sound.frames, sound.channels, sound.samplerate, form)
    _check_whole(path)
    return known


def _check_whole(path: Path) -> None:
    """Raise an error for a WAV file that is shorter than its header says: it would be read without a word."""
    with path.open("rb") as stream:
        start = stream.read(8)
    promised = int.from_bytes(start[4:], "little")
    size = path.stat().st_size
    if start[:4] == b"RIFF" and promised not in OPEN_END and promised + 8 > size + 1:
        raise InputError(
            f"cannot read the sound {str(path)!r}: it ends after {size:,} of {promised + 8:,} bytes; copy it again or "
            "take it out"
        )


def pieces(path: Path, size: int) -> Iterator[np.ndarray]:
    """Yield the samples of a sound file, float64 (time, channels), at most `size` at a time.

    Raises
    ------
    InputError
        As `head`; or the file is damaged.
    """
    expected, count = head(path), 0
    with open_sound(path) as sound:
        while len(samples := sound.read(size, dtype="float64", always_2d=True)):
            count += len(samples)
            yield samples
    _check_count(path, count, expected)


def _check_count(path: Path, count: int, expected: Head) -> None:
    """Raise an error for a file with fewer samples than its header says."""
    if count < expected.samples:
        raise InputError(
            f"cannot read the sound {str(path)!r}: it ends after {count:,} of {expected.samples:,} samples; copy it "
            "again or take it out"
        )


def decode(path: Path, name: str = "") -> Sound:
    """Return the sound in a file: float32 (time, channels), or (time,) if it has one channel.

    Raises
    ------
    InputError
        As `head`; or the file is damaged.
    """
    expected = head(path)
    with open_sound(path) as sound:
        samples = sound.read(dtype="float32")
    _check_count(path, len(samples), expected)
    return Sound(samples, expected.rate, name or str(path))


def write_wav(X: Any, columns: object, stream: BinaryIO) -> None:
    """Write one recording as a WAV file of 32-bit floats, which clip nothing; `columns` is for tables only.

    Raises
    ------
    InputError
        There is not exactly one recording, or it has no rate.
    """
    if len(X) != 1 or not hasattr(X[0], "rate"):
        raise InputError(
            f"a .wav file takes one recording, but there are {len(X):,} rows: write recordings into a folder"
            if len(X) != 1
            else "a .wav file takes a recording, which has a rate: write other rows to .npy"
        )
    encode(X[0], stream)


def encode(one: Sound, stream: BinaryIO) -> None:
    """Write a recording as a WAV file of 32-bit floats: made in memory, since the library hides what a disk says."""
    library, content = extra("soundfile", "audio"), BytesIO()
    library.write(content, np.asarray(one, np.float32), one.rate, format="WAV", subtype="FLOAT")
    stream.write(content.getbuffer())
