"""Waveforms: recordings of any length as their samples, for what happens to sound before it is analysed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.core.data import Columns, Data, Defaults, Rows
from isthmus.core.part import arguments, lookup, part
from isthmus.core.records import Batch
from isthmus.data.audio.recorded import HIGHEST, MAX_WINDOWS, Recorded, check_windows, in_form
from isthmus.data.audio.sounds import Sound, checked_rate
from isthmus.data.sized import Shape, in_threads
from isthmus.support.errors import InputError

FRAME = 0.032
"""Seconds of a frame of the default net, rounded to a power of two of samples."""

FASTER = 7 / 6
"""How much faster or slower varied windows are, at most."""

SILENT = 1e-6
"""The least deviation of samples that they are divided by."""


@dataclass(frozen=True)
class Learnt:
    """What was learnt about recordings, as plain values.

    Attributes
    ----------
    rate : int
        Samples a second.
    count : int
        Samples in all.
    energy : float
        The sum of their squares.
    """

    rate: int
    count: int
    energy: float


@part("data/waveforms")
class Waveforms(Recorded):
    """Recordings of any length; ``Batch.x`` is float32 (n, 1, time): samples over their root mean square.

    It takes what `Audio` takes. The model sees the mean of the channels, in training one of them, and is applied to
    whole recordings. A reconstruction has exactly as many samples and channels as the recording, and its rate; what
    lies above half of the model's rate is left as it is.

    Parameters
    ----------
    rate : int or None, default None
        Samples a second that the model sees: other recordings are resampled; None: the rate of the first recording, at
        most 16000. Arrays have this rate.
    window : float, default 0.5
        Seconds of a recording that are trained on at a time.
    windows_per_recording : int or None, default None
        Windows of each recording per epoch; None: as many as cover it, from 1 to 256.
    vary : bool, default False
        Whether windows are up to a sixth slower or faster, and inverted by chance: as other voices are.
    learnt : dict or None
        Learnt: the fields of a `Learnt`. None if not fitted.

    Raises
    ------
    InputError
        A setting is out of range.
    """

    restorable = True
    shape = (1, None)  # type: ignore[assignment]  # None where free
    channels, column = "mix", "samples"

    def __init__(
        self,
        rate: int | None = None,
        window: float = 0.5,
        windows_per_recording: int | None = None,
        vary: bool = False,
        learnt: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.rate = None if rate is None else checked_rate(rate, "Waveforms")
        self.window, self.windows_per_recording, self.vary = float(window), windows_per_recording, vary
        if not 0 < self.window < np.inf:
            raise InputError(f"window={window!r}: expected seconds, above 0")
        check_windows(windows_per_recording)
        self.learnt = None if learnt is None else Learnt(**learnt)

    @property
    def fitted(self) -> bool:
        """Whether rate and loudness have been learnt."""
        return self.learnt is not None

    @property
    def seen_rate(self) -> int:
        """Samples a second that the model sees."""
        return self._known().rate

    @property
    def seen_channels(self) -> int:
        """Channels that the model sees."""
        return 1

    @property
    def deviation(self) -> float:
        """The root mean square of the samples."""
        known = self._known()
        return max(SILENT, float(np.sqrt(known.energy / known.count)))

    @property
    def typical_shape(self) -> tuple[int, ...]:
        """The shape of a window: (1, time)."""
        return (1, max(1, round(self.window * self.seen_rate)))

    @property
    def summary(self) -> str:
        """A one-sentence description of what the model sees of recordings."""
        return f"waveforms of any length at {self.seen_rate:,} Hz, channel by channel; windows of {self.window:g} s"

    def _known(self) -> Learnt:
        if self.learnt is None:
            raise InputError("this Waveforms is not fitted: call learn(chunks), or fit, first")
        return self.learnt

    def keeps(self) -> list[str]:
        """Describe what a model file stores about the recordings."""
        return ["the rate and the root mean square of the samples"]

    # -- learning ------------------------------------------------------------------------------------------------

    def learn(self, chunks: Iterable[Any]) -> Waveforms:
        """Return a fitted copy after one pass over pieces of recordings; memory use is bounded by the longest one.

        Raises
        ------
        InputError
            There are no recordings; or one holds no samples, or NaN.
        """
        known = None
        for one, samples in self.listened(chunks):
            rate = self.rate or min(one.rate, HIGHEST) if known is None else known.rate
            count, energy = (0, 0.0) if known is None else (known.count, known.energy)
            known = Learnt(rate, count + samples.size, energy + float(np.square(samples, dtype=np.float64).sum()))
        assert known is not None  # there is a recording, or an error was raised
        return self._with(known)

    def merge(self, other: Data) -> Waveforms:
        """Return the result of `learn` for the recordings of both.

        Raises
        ------
        InputError
            The rates differ.
        """
        assert isinstance(other, Waveforms)  # waveforms are learnt from waveforms
        one, two = self._known(), other._known()
        if one.rate != two.rate:
            raise InputError(
                f"these recordings were learnt at {one.rate:,} Hz, the others at {two.rate:,} Hz: give "
                f"Waveforms(rate={one.rate}) for both"
            )
        return self._with(Learnt(one.rate, one.count + two.count, one.energy + two.energy))

    def _with(self, known: Learnt) -> Waveforms:
        return Waveforms(**{**arguments(self), "learnt": asdict(known)})

    # -- the host's side -----------------------------------------------------------------------------------------

    def read(self, X: Any) -> Columns:
        """Return ``{"samples": (n, 1, time)}``, float32, of recordings of one length and rate.

        Raises
        ------
        InputError
            A recording holds no samples, or NaN; or they differ in length.
        """
        recordings = self.sequence(X)
        parts = in_threads(lambda at: self.heard(recordings.at(at)), range(len(recordings)))
        if len({part.shape for part in parts}) > 1:
            raise InputError("these recordings differ in length: read those of one length together; see groups")
        return {"samples": torch.from_numpy(np.stack(parts))}

    def write(self, columns: Columns, like: Rows = None) -> Any:
        """Return recordings with these samples, in the form of `like`; without it a list of `Sound`."""
        made = columns["samples"].detach().cpu().numpy()
        if like is None:
            return [Sound(one.T, self.seen_rate) for one in made]
        recordings = self.sequence(like)
        rows = [in_form(self._changed(recordings.at(at), made[at]), one) for at, one in enumerate(like)]
        return np.stack(rows) if isinstance(like, np.ndarray) else rows

    def _changed(self, one: Sound, made: np.ndarray) -> np.ndarray:
        return self.changed(one, made, self.heard(one))

    # -- windows -------------------------------------------------------------------------------------------------

    def crops_of(self, shape: Shape) -> int:
        """Return the number of windows per epoch of a recording of this shape: time, channels and rate."""
        covering = int(shape[0] / shape[2] / self.window)
        return self.windows_per_recording or min(MAX_WINDOWS, max(1, covering))

    def crop_buffers(self, count: int, dtype: np.dtype[Any]) -> dict[str, np.ndarray]:
        """Return an array for so many windows."""
        return {"samples": np.empty((count, *self.typical_shape), np.float32)}

    def crops(self, row: Any, draws: np.ndarray) -> dict[str, np.ndarray]:
        """Return windows of a recording, each of the mean of its channels; shorter ones have silence around them."""
        heard = self.heard(row)[0]
        return {"samples": np.stack([self._window(heard, *draw) for draw in draws[:, :3].tolist()])[:, None]}

    def _window(self, heard: np.ndarray, start: float, speed: float, sign: float) -> np.ndarray:
        width = self.typical_shape[1]
        length = max(1, round(len(heard) * FASTER ** (1 - 2 * speed))) if self.vary else len(heard)
        room = max(0, width - length)
        first = int(start * (length + 2 * room - width + 1)) - room
        inside = slice(max(first, 0), min(first + width, length))
        part = heard[inside] if length == len(heard) else _resampled(heard, length, inside)
        window = np.zeros(width, heard.dtype)
        window[inside.start - first : inside.stop - first] = part if not self.vary or sign < 0.5 else -part
        return window

    @property
    def crop_settings(self) -> tuple[object, ...]:
        """What windows depend on, beside the recordings."""
        return self.seen_rate, self.window, self.windows_per_recording, self.vary

    # -- in the graph --------------------------------------------------------------------------------------------

    def forward(self, columns: Columns) -> Batch:
        """Return x float32 (n, 1, time)."""
        x = columns["samples"] / self.deviation
        return Batch(x, x)

    def invert(self, mean: Tensor) -> Columns:
        """Return ``{"samples": …}``."""
        return {"samples": mean * self.deviation}

    def feature_names(self) -> list[str]:
        """Return the name of the channel."""
        return ["samples"]

    def defaults(self) -> Defaults:
        """Return the spectral net, the squared error and its score."""
        frame = max(8, 1 << round(np.log2(FRAME * self.seen_rate)))
        return Defaults(lookup("net/spectral")(frame=frame), lookup("likelihood/squared")(), score="error")


def _resampled(heard: np.ndarray, length: int, part: slice) -> np.ndarray:
    """Return a part of a recording that is brought to another length, linearly between samples."""
    at = np.arange(part.start, part.stop) * ((len(heard) - 1) / max(length - 1, 1))
    low = int(at[0])
    near = heard[low : int(at[-1]) + 2]
    return np.interp(at - low, np.arange(len(near)), near)
