"""Sounds: recordings that may differ in length, channels and rate."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike

from isthmus.data.sized import HASHED, Shape, SizedSequence
from isthmus.support.errors import InputError

MANY = 32
"""Channels beyond which an array with fewer time steps is taken to have its axes the wrong way round."""

WHOLE = {"int8": 2.0**7, "int16": 2.0**15, "int32": 2.0**31}
"""What whole numbers are divided by; unsigned bytes lie around 128."""

SLOWEST, FASTEST = 100, 1_000_000
"""Samples a second that a recording may have."""


@dataclass(frozen=True, eq=False)
class Sound:
    """One recording.

    Parameters
    ----------
    samples : array of shape (time,) or (time, channels)
        Floats, as a rule in [-1, 1]; or whole numbers as sound files hold them, which are brought to [-1, 1].
    rate : int
        Samples a second.
    name : str, default ""
        Its name in messages, such as that of its file.

    Examples
    --------
    >>> Sound(np.zeros((8000, 2)), rate=16000).seconds
    0.5
    """

    samples: Any
    rate: int
    name: str = ""

    def __len__(self) -> int:
        return len(self.samples)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.samples, dtype)

    @property
    def shape(self) -> Shape:
        """The shape of its samples."""
        return tuple(self.samples.shape)

    @property
    def ndim(self) -> int:
        """The number of axes of its samples."""
        return len(self.shape)

    @property
    def dtype(self) -> Any:
        """The data type of its samples."""
        return self.samples.dtype

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self) / self.rate

    def with_samples(self, samples: np.ndarray) -> Sound:
        """Return other samples as a recording of this name and rate."""
        return Sound(samples, self.rate, self.name)


class Sounds(SizedSequence):
    """Recordings (abstract).

    Attributes
    ----------
    shapes : list of (int, int, int)
        Time, channels and rate of each.
    dtype : numpy.dtype
        float32.
    """

    dtype: np.dtype[Any] = np.dtype(np.float32)

    @abstractmethod
    def at(self, index: int) -> Sound:
        """Return one recording."""

    def nbytes(self, shape: Shape) -> int:
        """Return the bytes of a recording."""
        return shape[0] * shape[1] * self.dtype.itemsize


class SoundList(Sounds):
    """Recordings in memory.

    Parameters
    ----------
    recordings : sequence of Sound
    """

    def __init__(self, recordings: Sequence[Sound]) -> None:
        self._recordings = recordings
        self.shapes = [(len(one), one.shape[1] if one.ndim == 2 else 1, one.rate) for one in recordings]

    def at(self, index: int) -> Sound:
        """Return one recording."""
        return self._recordings[index]

    def some(self, indices: Sequence[int]) -> SoundList:
        """Return some of the recordings."""
        return SoundList([self._recordings[i] for i in indices])

    def name(self, index: int) -> str:
        """Return the name of a recording for messages."""
        return self._recordings[index].name or f"recording {index}"

    def signature(self) -> str:
        """Return a hash of all shapes, and of evenly spaced samples."""
        digest = hashlib.sha256(repr(self.shapes).encode())
        for one in self._recordings:
            digest.update(np.ascontiguousarray(np.asarray(one)[:: max(1, len(one) // HASHED)]).tobytes())
        return digest.hexdigest()


def is_sound(x: Any) -> bool:
    """Tell whether x is a recording with a rate."""
    return issubclass(type(x), Sound)


def are_sounds(X: Any) -> bool:
    """Tell whether X is recordings with rates."""
    return issubclass(type(X), Sounds) or (isinstance(X, list | tuple) and len(X) > 0 and all(map(is_sound, X)))


def sounds(X: Any, rate: int | None) -> Sounds:
    """Return recordings in any of the user's forms as a sequence.

    Parameters
    ----------
    X : Sounds, list of Sound, list of arrays, or array of shape (n, time) or (n, time, channels)
    rate : int or None
        Of arrays, which do not know theirs.

    Raises
    ------
    InputError
        There are no recordings, or something else; or arrays without a rate.
    """
    if issubclass(type(X), Sounds):
        return X
    if is_sound(X):
        raise InputError("X is one recording: give a list of recordings, [x]")
    if len(X) == 0:
        raise InputError("there are no recordings: X is empty; give at least one")
    return SoundList([_checked(one, number, rate) for number, one in enumerate(X)])


def _checked(one: Any, number: int, rate: int | None) -> Sound:
    """Return a recording with its name and rate."""
    name = getattr(one, "name", "") or f"recording {number}"
    if not is_sound(one):
        if getattr(one, "ndim", np.ndim(one)) not in (1, 2):
            raise InputError(
                f"{name} of X has {np.ndim(one)} axes: give a list of recordings, each an array of shape (time,) or "
                "(time, channels); a single one as [x]"
            )
        if rate is None:
            raise InputError(f"{name} is an array, which has no rate: give Audio(rate=16000), say, or Sound(x, 16000)")
        one = Sound(np.asarray(one), rate)
    samples = one.samples.detach().cpu().numpy() if torch.is_tensor(one.samples) else np.asarray(one.samples)
    sound = Sound(samples, checked_rate(one.rate, name), name)
    check_shape(sound)
    return sound


def checked_rate(rate: Any, name: str) -> int:
    """Return a rate as a whole number; raise an error where it is none."""
    if not (isinstance(rate, int | float | np.number) and rate == int(rate) and SLOWEST <= rate <= FASTEST):
        raise InputError(
            f"{name}: rate={rate!r}; expected a whole number of samples a second, {SLOWEST} to {FASTEST:,}"
        )
    return int(rate)


def check_shape(one: Sound) -> None:
    """Raise an error unless the shape is that of a recording."""
    if one.ndim not in (1, 2):
        raise InputError(f"{one.name} has the shape {one.shape}: expected (time,) or (time, channels)")
    if 0 in one.shape:
        raise InputError(f"{one.name} has the shape {one.shape}: it holds no samples; leave it out")
    if one.ndim == 2 and one.shape[1] > MANY and one.shape[1] > one.shape[0]:
        raise InputError(
            f"{one.name} has the shape {one.shape}, which would be {one.shape[1]:,} channels: expected (time, "
            "channels); give x.T"
        )


def scaled(one: Sound, dtype: DTypeLike = np.float32) -> np.ndarray:
    """Return the samples of a recording as floats (time, channels), whole numbers brought to [-1, 1].

    In float64, no whole number loses a bit.

    Raises
    ------
    InputError
        They are no numbers; or NaN or infinite: the message names the first.
    """
    samples = np.asarray(one.samples)
    kind = samples.dtype.name
    if kind == "uint8":
        samples = (samples.astype(np.float32) - 128) / 128
    elif kind in WHOLE:
        samples = (samples / WHOLE[kind]).astype(dtype)
    elif samples.dtype.kind != "f":
        raise InputError(f"{one.name} holds {kind}: expected floats, or whole numbers of 8, 16 or 32 bits")
    samples = np.asarray(samples, dtype).reshape(len(samples), -1)
    check_finite(samples, one.name)
    return samples


def check_finite(samples: np.ndarray, name: str, before: int = 0) -> None:
    """Raise an error for NaN and infinite samples, and for those too large to compute with.

    Parameters
    ----------
    samples : ndarray of shape (time, channels)
    name : str
        Of the recording.
    before : int, default 0
        Samples of the recording that came before these.
    """
    with np.errstate(over="ignore"):
        finite = np.isfinite(samples.astype(np.float32, copy=False))
    if not finite.all():
        at, channel = np.argwhere(~finite)[0].tolist()
        raise InputError(
            f"{name}: sample {before + at:,} of channel {channel} is {samples[at, channel]}: cut this part out, or "
            "interpolate it"
        )
