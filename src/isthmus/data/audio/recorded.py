"""Recorded: what both ways of looking at recordings, as spectrograms and as waveforms, have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Columns, Field
from isthmus.data.audio.condition import Conditions
from isthmus.data.audio.resample import resampled
from isthmus.data.audio.sounds import Sound, Sounds, is_sound, scaled, sounds
from isthmus.data.sized import Croppable
from isthmus.support.errors import InputError

HIGHEST = 16_000
"""The default rate at most: what lies above half of it is left as it is."""

MAX_WINDOWS = 256
"""Maximum number of windows of one recording per epoch, unless the user sets it."""

Channels = Literal["mix", "each"]


class Recorded(Croppable):
    """Recordings of any length, which are trained on in windows (abstract).

    Attributes
    ----------
    rate : int or None
        Samples a second that the user chose.
    channels : {"mix", "each"}
        Whether the mean of the channels is seen, or all.
    column : str
        Name of what is read of a recording: (n, channels, time).
    """

    named_columns = False
    any_size = audible = True
    rate: int | None
    channels: Channels
    column: str

    @property
    def seen_rate(self) -> int:
        """Samples a second that the model sees."""
        raise NotImplementedError

    @property
    def seen_channels(self) -> int:
        """Channels that the model sees."""
        raise NotImplementedError

    def listened(self, chunks: Iterable[Any]) -> Iterator[tuple[Sound, np.ndarray]]:
        """Yield each recording with its samples (time, channels), then warn of the condition of all.

        Raises
        ------
        InputError
            There are no recordings; or one holds no samples, or NaN.
        """
        conditions, rate = Conditions(), self.rate
        for recordings in (sounds(chunk, self.rate) for chunk in chunks):
            for one in map(recordings.at, range(len(recordings))):
                rate, samples = rate or min(one.rate, HIGHEST), scaled(one)
                conditions.add(one, samples, rate)
                yield one, samples
        if not conditions.total:
            raise InputError("there are no recordings to learn from: X is empty; give at least one")
        conditions.warn()

    # -- the user's rows -----------------------------------------------------------------------------------------

    def sequence(self, X: Any) -> Sounds:
        """Return recordings as a sequence; arrays have the learnt rate."""
        return sounds(X, self.seen_rate)

    def samples(self, X: Any) -> int:
        """Return how many windows an epoch shows."""
        return sum(map(self.crops_of, self.sequence(X).shapes))

    def groups(self, X: Any) -> Iterator[tuple[Tensor | None, Any]]:
        """Yield indices and recordings of one length and rate, a bounded number at a time.

        Raises
        ------
        InputError
            X is empty, or an item is no recording.
        """
        recordings = self.sequence(X)
        if isinstance(X, np.ndarray):
            yield None, X
            return
        for indices in recordings.groups():
            yield torch.tensor(indices), _like_rows(recordings.decoded(indices), X, indices)

    def heard(self, one: Sound) -> np.ndarray:
        """Return what the model sees of a recording: samples at its rate, float32 (channels, time)."""
        return self.at_seen_rate(one, scaled(one))

    def at_seen_rate(self, one: Sound, samples: np.ndarray) -> np.ndarray:
        """Return samples (time, channels) of a recording as the model sees them: float32 (channels, time)."""
        if self.channels == "mix":
            samples = samples.mean(1, keepdims=True)
        if samples.shape[1] != self.seen_channels:
            raise InputError(
                f"{one.name} has {samples.shape[1]} channels, but this Audio has learnt {self.seen_channels}: give as "
                "many, or train with channels='mix' (--channels mix), which takes any number"
            )
        count = round(len(samples) * self.seen_rate / one.rate)
        return np.ascontiguousarray(resampled(samples, one.rate, self.seen_rate, max(1, count)).T)

    def waveforms(self, X: Any) -> list[np.ndarray]:
        """Return the samples of each recording at its own rate, as the model sees its channels."""
        recordings = self.sequence(X)
        whole = [scaled(recordings.at(at)) for at in range(len(recordings))]
        return [one.mean(1, keepdims=True) if self.channels == "mix" else one for one in whole]

    def numbers(self, X: Any) -> np.ndarray:
        """Return the samples of all recordings, one after the other: (samples, channels)."""
        return np.concatenate(self.waveforms(X)).astype(np.float64)

    def changed(self, one: Sound, made: np.ndarray, heard: np.ndarray) -> np.ndarray:
        """Return a recording with what was made of what is heard: the difference is added, at its own rate."""
        own = scaled(one)
        return own + resampled((made - heard).T, self.seen_rate, one.rate, len(own))

    def space(self, columns: Columns) -> tuple[int, ...]:
        """Return the number of time steps: of samples, or of frames."""
        return tuple(columns[self.column].shape[2:])

    def cut(self, columns: Columns, spans: Sequence[tuple[int, int]]) -> Columns:
        """Return the time steps of a span; a view."""
        [(first, last)] = spans
        return {**columns, self.column: columns[self.column][:, :, first:last]}

    def per_feature(self, error: Tensor) -> Tensor:
        """Return the error of each time step: (n, time, features)."""
        return error.movedim(1, -1)

    def by_feature(self, error: Tensor) -> Tensor:
        """Return the mean over time: (n, features)."""
        return error.mean(1)

    def fields(self) -> list[Field]:
        """Return one field: the samples of a recording."""
        return [Field("samples", "sound", (None,), low=-1.0, high=1.0)]  # type: ignore[arg-type]  # None where free


def check_windows(count: object) -> None:
    """Refuse a number of windows per recording that is none.

    Raises
    ------
    InputError
        It is neither None nor a whole number of at least 1.
    """
    if count is not None and (type(count) is not int or count < 1):
        raise InputError(f"windows_per_recording={count!r}: expected a whole number of at least 1")


def _like_rows(decoded: list[Sound], X: Any, indices: list[int]) -> list[Any]:
    """Return decoded recordings, in the form in which X holds them."""
    return [one if is_sound(X[at]) else X[at] for one, at in zip(decoded, indices, strict=True)]


def in_form(samples: np.ndarray, like: Any) -> Any:
    """Return samples (time, channels) in the form of one recording."""
    shaped = samples[:, 0] if np.ndim(like) == 1 else samples
    if is_sound(like):
        return like.with_samples(shaped)
    return shaped.astype(like.dtype) if getattr(like, "dtype", np.dtype(int)).kind == "f" else shaped
