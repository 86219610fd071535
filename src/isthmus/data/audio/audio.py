"""Audio: recordings of any length, as spectrograms."""

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
from isthmus.data.audio.recorded import HIGHEST, MAX_WINDOWS, Channels, Recorded, check_windows, in_form
from isthmus.data.audio.sounds import Sound, checked_rate
from isthmus.data.audio.stft import Stft, with_phase
from isthmus.data.sized import Shape, in_threads
from isthmus.data.tables.statistics import RunningStatistics
from isthmus.support.errors import InputError

POWER = 0.3
"""Magnitudes are raised to this power, as loudness grows: between the magnitudes themselves and their logarithms."""

NEAR = 5
"""Frames whose errors are averaged to say where an error lies."""

MEASURED = 2**12
"""Frames of a recording that are measured at a time."""


@dataclass(frozen=True)
class Learnt:
    """What was learnt about recordings, as plain values.

    Attributes
    ----------
    rate : int
        Samples a second.
    channels : int
        Channels that the model sees.
    count, mean, squares, low, high : tuple of float
        The fields of the `RunningStatistics` of the frequencies.
    """

    rate: int
    channels: int
    count: tuple[float, ...]
    mean: tuple[float, ...]
    squares: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def statistics(self) -> RunningStatistics:
        """The statistics of all frequencies."""
        return RunningStatistics(*map(np.array, (self.count, self.mean, self.squares, self.low, self.high)))


@part("data/audio")
class Audio(Recorded):
    """Recordings of any length; ``Batch.x`` is float32 (n, frequencies, frames).

    A recording is a `Sound`, which knows its rate, or an array of shape (time,) or (time, channels). X is a list of
    them, an array of several of one length, or what `isthmus.data.io.files.read` made of a file or folder. The model
    sees the magnitudes of a spectrogram, each frequency less its mean and divided by its deviation. It is trained on
    windows, and applied to whole recordings.

    A reconstruction has exactly as many samples and channels as the recording, and its rate. It has the phases of the
    recording; what the model does not see is left as it is: frequencies above half of its rate, and how channels
    differ that are mixed.

    Parameters
    ----------
    rate : int or None, default None
        Samples a second that the model sees: other recordings are resampled; None: the rate of the first recording, at
        most 16000. Arrays have this rate.
    window : float, default 0.5
        Seconds of a recording that are trained on at a time.
    frame : float, default 0.032
        Seconds of a frame of the spectrogram, rounded to a power of two of samples.
    hop : float, default 0.008
        Seconds from one frame to the next, rounded so that they divide a frame; at most half of `frame`.
    channels : {"mix", "each"}, default "mix"
        ``"mix"``: the model sees the mean of the channels. ``"each"``: it sees all, which must be equally many.
    windows_per_recording : int or None, default None
        Windows of each recording per epoch; None: as many as cover it, from 1 to 256.
    learnt : dict or None
        Learnt: the fields of a `Learnt`. None if not fitted.

    Raises
    ------
    InputError
        A setting is out of range.

    Examples
    --------
    >>> tone = np.sin(np.arange(4000) / 3).astype(np.float32)
    >>> audio = Audio(rate=8000).learn([[tone]])
    >>> audio.batch(audio.read([tone])).x.shape
    torch.Size([1, 129, 64])
    >>> restored = audio.write(audio.read([tone]), like=[tone])
    >>> bool(np.allclose(restored, tone, atol=1e-5))
    True
    """

    column = "magnitudes"
    locates = True
    offset: Tensor
    divisor: Tensor

    def __init__(
        self,
        rate: int | None = None,
        window: float = 0.5,
        frame: float = 0.032,
        hop: float = 0.008,
        channels: Channels = "mix",
        windows_per_recording: int | None = None,
        learnt: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.rate = None if rate is None else checked_rate(rate, "Audio")
        self.window, self.frame, self.hop = float(window), float(frame), float(hop)
        self.channels, self.windows_per_recording = channels, windows_per_recording
        _check(self)
        self.learnt = None if learnt is None else Learnt(**learnt)
        if self.learnt is not None:
            self.stft = self._stft(self.learnt.rate)
            self.shape = (self.learnt.channels * self.stft.bins, None)  # type: ignore[assignment]  # None where free
            statistics = self.learnt.statistics
            for name, values in (("offset", statistics.centre), ("divisor", statistics.deviation)):
                self.register_buffer(name, torch.from_numpy(values).float()[:, None], persistent=False)

    def _stft(self, rate: int) -> Stft:
        length = max(4, 1 << round(np.log2(self.frame * rate)))
        return Stft(length, length // max(2, round(self.frame / self.hop)) or 1)

    @property
    def fitted(self) -> bool:
        """Whether the rate and the frequencies have been learnt."""
        return self.learnt is not None

    @property
    def seen_rate(self) -> int:
        """Samples a second that the model sees."""
        return self._known().rate

    @property
    def seen_channels(self) -> int:
        """Channels that the model sees."""
        return self._known().channels

    @property
    def window_frames(self) -> int:
        """The frames of a window."""
        return max(1, round(self.window * self._known().rate / self.stft.hop))

    @property
    def typical_shape(self) -> tuple[int, ...]:
        """The shape of a window: (frequencies, frames)."""
        return (self.shape[0], self.window_frames)

    @property
    def summary(self) -> str:
        """A one-sentence description of what the model sees of recordings."""
        known, stft = self._known(), self.stft
        seen = "the mean of their channels" if self.channels == "mix" else f"{known.channels} channels"
        milliseconds = [f"{1000 * samples / known.rate:.3g}" for samples in (stft.length, stft.hop)]
        return (
            f"recordings of any length at {known.rate:,} Hz ({seen}), as magnitudes of {stft.bins} frequencies in "
            f"frames of {milliseconds[0]} ms, one every {milliseconds[1]} ms; windows of {self.window:g} s"
        )

    # -- learning ------------------------------------------------------------------------------------------------

    def learn(self, chunks: Iterable[Any]) -> Audio:
        """Return a fitted copy after one pass over pieces of recordings; memory use is bounded by the longest one.

        Raises
        ------
        InputError
            There are no recordings; one holds no samples, or NaN; or their channels differ with ``channels="each"``.
        """
        started: Audio | None = None
        statistics = RunningStatistics.none(0)
        for one, samples in self.listened(chunks):
            if started is None:
                started = self._started(one.rate, samples.shape[1])
                statistics = started._known().statistics
            statistics = statistics.merge(started._measured(one, samples))
        assert started is not None  # there is a recording, or an error was raised
        return started._with(started.seen_rate, started._known().channels, statistics)

    def _started(self, rate: int, channels: int) -> Audio:
        """Return a copy that knows its rate, and has seen nothing."""
        rate = self.rate or min(rate, HIGHEST)
        seen = 1 if self.channels == "mix" else channels
        return self._with(rate, seen, RunningStatistics.none(seen * self._stft(rate).bins))

    def _with(self, rate: int, channels: int, statistics: RunningStatistics) -> Audio:
        kept = {name: tuple(values.tolist()) for name, values in vars(statistics).items()}
        return Audio(**{**arguments(self), "learnt": asdict(Learnt(rate, channels, **kept))})

    def _measured(self, one: Sound, samples: np.ndarray) -> RunningStatistics:
        """Return the statistics of a recording."""
        heard, statistics = self.at_seen_rate(one, samples), RunningStatistics.none(self.shape[0])
        frames = self.stft.frames(heard.shape[1])
        for first in range(0, frames, MEASURED):
            levels = self._magnitudes(heard, first, min(MEASURED, frames - first)) ** POWER
            statistics = statistics.merge(RunningStatistics.of(levels.T))
        return statistics

    def merge(self, other: Data) -> Audio:
        """Return the result of `learn` for the recordings of both.

        Raises
        ------
        InputError
            The rates or the channels differ.
        """
        assert isinstance(other, Audio)  # recordings are learnt from recordings
        one, two = self._known(), other._known()
        if (one.rate, one.channels) != (two.rate, two.channels):
            raise InputError(
                f"these recordings were learnt at {one.rate:,} Hz with {one.channels} channels, the others at "
                f"{two.rate:,} Hz with {two.channels}: give Audio(rate={one.rate}, channels='mix') for both"
            )
        return self._with(one.rate, one.channels, one.statistics.merge(two.statistics))

    def _known(self) -> Learnt:
        if self.learnt is None:
            raise InputError("this Audio is not fitted: call learn(chunks), or fit, first")
        return self.learnt

    def keeps(self) -> list[str]:
        """Describe what a model file stores about the recordings."""
        return [f"the rate, and mean, deviation and range of {len(self._known().mean):,} frequencies"]

    # -- the host's side -----------------------------------------------------------------------------------------

    def read(self, X: Any) -> Columns:
        """Return ``{"magnitudes": (n, frequencies, frames)}``, float32, of recordings of one length and rate.

        Raises
        ------
        InputError
            A recording holds no samples, or NaN; they differ in length; or their channels are not those learnt.
        """
        recordings = self.sequence(X)
        if len({self.frames_of(shape) for shape in recordings.shapes}) > 1:
            raise InputError("these recordings differ in length: read those of one length together; see groups")
        parts = in_threads(lambda at: self._magnitudes(self.heard(recordings.at(at))), range(len(recordings)))
        return {"magnitudes": torch.from_numpy(np.stack(parts))}

    def frames_of(self, shape: Shape) -> int:
        """Return the number of frames of a recording of this shape: time, channels and rate."""
        return self.stft.frames(round(shape[0] * self._known().rate / shape[2]))

    def _magnitudes(self, heard: np.ndarray, first: int = 0, count: int | None = None) -> np.ndarray:
        """Return the magnitudes of some frames: (frequencies, frames), the channels one below the other."""
        return np.abs(self.stft.spectra(heard, first, count)).reshape(self.shape[0], -1)

    def write(self, columns: Columns, like: Rows = None) -> Any:
        """Return recordings with these magnitudes, in the form of `like`, and with its phases.

        Without `like`, return a list of `Sound` at the learnt rate, with phases that fit the magnitudes.
        """
        magnitudes = columns["magnitudes"].detach().cpu().unflatten(1, (-1, self.stft.bins)).numpy()
        if like is None:
            return in_threads(self._sounding, list(magnitudes))
        recordings = self.sequence(like)
        made = in_threads(lambda at: self._changed(recordings.at(at), magnitudes[at]), range(len(recordings)))
        rows = [in_form(samples, one) for samples, one in zip(made, like, strict=True)]
        return np.stack(rows) if isinstance(like, np.ndarray) else rows

    def _sounding(self, magnitudes: np.ndarray) -> Sound:
        """Return a recording of which only the magnitudes are known."""
        count = max(1, (magnitudes.shape[-1] - 1) * self.stft.hop)
        return Sound(self.stft.guessed(magnitudes, count).T, self._known().rate)

    def _changed(self, one: Sound, magnitudes: np.ndarray) -> np.ndarray:
        """Return a recording with other magnitudes: the difference is what is added, at its own rate."""
        heard = self.heard(one)
        made = self.stft.samples(with_phase(magnitudes, self.stft.spectra(heard)), heard.shape[1])
        return self.changed(one, made, heard)

    # -- windows -------------------------------------------------------------------------------------------------

    def crops_of(self, shape: Shape) -> int:
        """Return the number of windows per epoch of a recording of this shape."""
        covering = self.frames_of(shape) // self.window_frames
        return self.windows_per_recording or min(MAX_WINDOWS, max(1, covering))

    def crop_buffers(self, count: int, dtype: np.dtype[Any]) -> dict[str, np.ndarray]:
        """Return an array for so many windows."""
        return {"magnitudes": np.empty((count, *self.typical_shape), np.float32)}

    def crops(self, row: Any, draws: np.ndarray) -> dict[str, np.ndarray]:
        """Return windows of a recording; one that is shorter is continued by its last frame."""
        heard, width = self.heard(row), self.window_frames
        frames = self.stft.frames(heard.shape[1])
        starts = np.floor(draws[:, 0] * max(1, frames - width + 1)).astype(int)
        windows = np.stack([self._magnitudes(heard, first, min(width, frames)) for first in starts.tolist()])
        return {"magnitudes": np.pad(windows, ((0, 0), (0, 0), (0, width - windows.shape[2])), mode="edge")}

    @property
    def crop_settings(self) -> tuple[object, ...]:
        """What windows depend on, beside the recordings."""
        known = self._known()
        return known.rate, known.channels, self.window, self.frame, self.hop, self.windows_per_recording

    # -- in the graph --------------------------------------------------------------------------------------------

    def forward(self, columns: Columns) -> Batch:
        """Return x float32 (n, frequencies, frames)."""
        x = (columns["magnitudes"] ** POWER - self.offset) / self.divisor
        return Batch(x, x)

    def invert(self, mean: Tensor) -> Columns:
        """Return ``{"magnitudes": …}``, at least 0."""
        return {"magnitudes": (mean * self.divisor + self.offset).clamp_min(0) ** (1 / POWER)}

    def located(self, error: Tensor) -> dict[str, float]:
        """Return the stretch around the largest error: as far as errors, means over neighbours, are half as large.

        ``from`` and ``to`` are in seconds; ``hertz`` is the frequency with the largest error between them.
        """
        by_frame = _smoothed(error.clamp_min(0).sum(1))
        strong = by_frame >= by_frame.max() / 2
        peak = int(by_frame.argmax())
        weak = (~strong).nonzero().flatten()
        first = int(max([-1, *weak[weak < peak].tolist()])) + 1
        last = int(min([len(strong), *weak[weak > peak].tolist()]))
        step = self.stft.hop / self.seen_rate
        frequency = int(error[first:last].sum(0).argmax()) % self.stft.bins
        return {"from": first * step, "to": last * step, "hertz": float(self.frequencies()[frequency])}

    # -- what it is ----------------------------------------------------------------------------------------------

    def typical_magnitudes(self) -> float:
        """Return a magnitude as the loudest frequency has it on average."""
        return float(self._known().statistics.mean.max() ** (1 / POWER))

    def frequencies(self) -> np.ndarray:
        """Return the frequencies in Hz, of one channel."""
        return np.fft.rfftfreq(self.stft.length, 1 / self._known().rate)

    def feature_names(self) -> list[str]:
        """Return the frequencies, such as ``"250 Hz"``, of each channel if there are several."""
        count = self._known().channels
        names = [f"{hertz:g} Hz" for hertz in self.frequencies().tolist()]
        return names if count == 1 else [f"channel {c}, {name}" for c in range(count) for name in names]

    def defaults(self) -> Defaults:
        """Return the feature-map net, the squared error and its score."""
        return Defaults(lookup("net/feature-map")(), lookup("likelihood/squared")(), score="error")


def _smoothed(values: Tensor) -> Tensor:
    """Return the means over each value and its neighbours, fewer at the ends."""
    row = torch.nn.functional.avg_pool1d(values[None], NEAR, 1, NEAR // 2, count_include_pad=False)
    return row[0]


def _check(audio: Audio) -> None:
    """Raise an error for settings out of range."""
    for name in ("window", "frame", "hop"):
        if not 0 < getattr(audio, name) < np.inf:
            raise InputError(f"{name}={getattr(audio, name)!r}: expected seconds, above 0")
    if audio.hop > audio.frame / 2:
        raise InputError(f"hop={audio.hop:g}: frames must overlap by half; at most {audio.frame / 2:g} (half a frame)")
    if audio.window < audio.hop:
        raise InputError(f"window={audio.window:g}: shorter than a hop of {audio.hop:g} s; give 0.5, say")
    check_windows(audio.windows_per_recording)
    if audio.channels not in ("mix", "each"):
        raise InputError(f"unknown channels {audio.channels!r}. Known: mix, each")
