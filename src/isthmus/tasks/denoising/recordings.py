"""Recordings to learn from: lists of them, files and folders, pairs, and clips of noise alone."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from isthmus.core.data import Rows
from isthmus.data.audio.resample import resampled
from isthmus.data.audio.sound_files import SOUNDS, decode
from isthmus.data.audio.sounds import Sound, Sounds, are_sounds, is_sound, scaled, sounds
from isthmus.data.images.files import IMAGES
from isthmus.data.listing import are_files
from isthmus.data.sources.sound_folders import SoundStream, sound_survey
from isthmus.parts.corruptions.sound import LONGEST
from isthmus.support.errors import DataWarning, InputError
from isthmus.tasks.denoising.pairing import existing, is_path, paired_files

SHORT = 0.5
"""Seconds of noise below which it is said that there is little of it."""


def are_recordings(X: object) -> bool:
    """Tell whether X is recordings with their rates, or the path of a sound file, or of a folder of them.

    Raises
    ------
    InputError
        There is no such file or folder, or it holds images too.
    """
    if not is_path(X):
        return are_sounds(X)
    audible = are_files([existing(X)], SOUNDS)
    if audible and existing(X).is_dir() and IMAGES.holds(existing(X)):
        raise InputError(
            f"{str(existing(X))!r} holds sounds and images, of which only one kind is learnt: put them into two folders"
        )
    return audible


def recordings_of(X: Rows) -> Sounds:
    """Return recordings in memory, or the stream of a file or folder.

    Raises
    ------
    InputError
        A file cannot be read, or X is empty.
    """
    return SoundStream(sound_survey([existing(X)])) if is_path(X) else sounds(X, None)


def paired_recordings(noisy: Any, clean: Any) -> tuple[Sounds, Sounds]:
    """Return noisy recordings, and the clean version of each.

    Raises
    ------
    InputError
        They differ in number or in names; or two of a pair in length, channels or rate.
    """
    if is_path(noisy) and is_path(clean):
        sides: list[Sounds] = [SoundStream(sound_survey(files)) for files in paired_files(noisy, clean, SOUNDS)]
    else:
        sides = [recordings_of(noisy), recordings_of(clean)]
    first, second = sides
    if len(first) != len(second):
        raise InputError(
            f"{len(first):,} noisy recordings and {len(second):,} clean ones are not pairs: each noisy one needs its "
            "clean one"
        )
    for at, (one, other) in enumerate(zip(first.shapes, second.shapes, strict=True)):
        if one != other:
            raise InputError(
                f"{first.name(at)} is noisy and has (samples, channels, rate) {one}, its clean version has {other}: "
                "the two are of one length, aligned"
            )
    return first, second


def noise_clip(noise: Any, rate: int) -> list[float]:
    """Return noise alone as one channel at a rate, in full or the middle of it.

    Parameters
    ----------
    noise : Sound, or path of a sound file
    rate : int

    Raises
    ------
    InputError
        It is no recording, or cannot be read.
    """
    if not is_path(noise) and not is_sound(noise):
        raise InputError("noise is a recording of noise alone: the path of a sound file, or a Sound, which has a rate")
    if is_path(noise) and existing(noise).is_dir():
        raise InputError(
            f"noise is the path of one sound file, but {os.fspath(noise)!r} is a folder: name a file in it"
        )
    one = decode(existing(noise)) if is_path(noise) else sounds([noise], None).at(0)
    _warn_of_clip(one, rate)
    mono = scaled(one).mean(1, keepdims=True)
    made = resampled(mono, one.rate, rate, max(1, round(len(mono) * rate / one.rate)))[:, 0]
    room = max(0, len(made) - LONGEST) // 2
    clip: list[float] = made[room : room + LONGEST].tolist()
    return clip


def _warn_of_clip(one: Sound, rate: int) -> None:
    """Warn of noise that tells little: it is short, or has no high frequencies."""
    if one.seconds < SHORT:
        warnings.warn(
            f"the noise is {one.seconds:.2g} s long: from a second or more, more of it is learnt", DataWarning, 4
        )
    if one.rate < rate:
        warnings.warn(
            f"the noise was recorded at {one.rate:,} Hz, so that nothing is known of it above {one.rate // 2:,} Hz: "
            f"noise there stays; record it at {rate:,} Hz",
            DataWarning,
            4,
        )


def part_of(path: Path, first: float, last: float) -> Sound:
    """Return a stretch of a sound file, in seconds.

    Raises
    ------
    InputError
        The file ends before.
    """
    whole = decode(path)
    if not 0 <= first < last <= whole.seconds:
        raise InputError(
            f"{first:g}:{last:g} is no stretch of {str(path)!r}, which is {whole.seconds:.3g} s long: expected "
            "seconds from and to, such as 0:2"
        )
    return Sound(whole.samples[round(first * whole.rate) : round(last * whole.rate)], whole.rate, f"noise of {path}")


def sound_like(samples: np.ndarray, like: Sound) -> Sound:
    """Return floats (time, channels) in [-1, 1] as a recording of the form and the type of another.

    Whole numbers are rounded, and limited to what their type can express.
    """
    shaped = samples[:, 0] if like.ndim == 1 else samples
    dtype = np.dtype(str(like.dtype).removeprefix("torch."))
    if dtype.kind == "f":
        return like.with_samples(shaped.astype(dtype))
    return like.with_samples(as_integers(shaped, 8 * dtype.itemsize, dtype))


def as_integers(samples: np.ndarray, bits: int, dtype: Any) -> np.ndarray:
    """Return floats as whole numbers of so many bits; those of unsigned bytes lie around 128.

    Examples
    --------
    >>> as_integers(np.array([-1.0, 0.5, 2.0]), 16, np.int16).tolist()
    [-32768, 16384, 32767]
    """
    top = 2.0 ** (bits - 1)
    whole = np.clip(np.rint(samples * top), -top, top - 1)
    return (whole + (128 if np.dtype(dtype).kind == "u" else 0)).astype(dtype)
