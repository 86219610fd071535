"""Cleaning sound as it comes: block by block, so that a recording of any length takes little memory."""

from __future__ import annotations

from collections.abc import Callable
from math import gcd

import numpy as np
import torch

from isthmus.core.data import Columns
from isthmus.data.audio.resample import resampled
from isthmus.data.audio.sounds import check_finite
from isthmus.support.errors import InputError

BLOCK = 10.0
"""Seconds that are cleaned at a time, about."""
FILTER = 0.05
"""Seconds that resampling looks to each side, at most."""

Run = Callable[[Columns], Columns]
"""From columns with samples (channels, 1, time) at the model's rate to the same without noise."""


class Cleaning:
    """Removes the noise of a recording that comes in pieces; the pieces make no difference to what comes out.

    What the model takes away is computed at its own rate, channel by channel, and subtracted at that of the recording.
    As many samples come out as went in, later by about half a second and a block.

    Parameters
    ----------
    run : Run
    rate : int
        Samples a second of the recording.
    seen_rate : int
        Those of the model.
    reach, stride : int
        Of the model's net, in samples.
    strength : float, default 1.0
        How much of what the model takes away is taken away.
    block : float, default 10.0
        Seconds that are cleaned at a time: the fewer, the earlier they come, and the more is computed.

    Examples
    --------
    >>> cleaning = Cleaning(lambda columns: columns, 8000, 8000, 256, 64)
    >>> x = np.sin(np.arange(12_000) / 9)[:, None]
    >>> y = np.concatenate([cleaning.add(x[:5000]), cleaning.add(x[5000:]), cleaning.end()])
    >>> bool(np.array_equal(x, y))
    True
    """

    def __init__(
        self,
        run: Run,
        rate: int,
        seen_rate: int,
        reach: int,
        stride: int,
        strength: float = 1.0,
        block: float = BLOCK,
    ) -> None:
        self._run, self.rate, self.seen_rate, self.strength = run, rate, seen_rate, strength
        common = gcd(rate, seen_rate)
        step, seen_step = rate // common, seen_rate // common
        self._unit = step * (stride // gcd(stride, seen_step))
        self._margin = self._whole(reach / seen_rate + (0 if rate == seen_rate else FILTER))
        self._block = self._whole(block)
        self._kept = np.zeros((0, 0))
        self._before = self._count = 0

    def _whole(self, seconds: float) -> int:
        """Return samples of at least so many seconds that are whole strides of the net, too."""
        return max(1, -(-int(np.ceil(seconds * self.rate)) // self._unit)) * self._unit

    def add(self, samples: np.ndarray) -> np.ndarray:
        """Take the next samples (time, channels) in [-1, 1], and return what is clean of those before.

        Raises
        ------
        InputError
            The number of channels has changed, or there are NaN or infinite samples.
        """
        if samples.ndim != 2 or (self._kept.size and samples.shape[1] != self._kept.shape[1]):
            raise InputError(
                f"a piece of shape {samples.shape} of a recording with {self._kept.shape[1]} channels: expected (time, "
                "channels), with the same channels in all pieces"
            )
        check_finite(samples, "the recording", self._count)
        self._count += len(samples)
        self._kept = np.concatenate([self._kept, samples]) if self._kept.size else np.array(samples, np.float64)
        ready = []
        while len(self._kept) >= self._before + self._block + self._margin:
            ready.append(self._next(self._block))
        return np.concatenate([self._kept[:0], *ready])

    def end(self) -> np.ndarray:
        """Return what is left."""
        ready = []
        while len(self._kept) > self._before:
            ready.append(self._next(min(self._block, len(self._kept) - self._before)))
        rest = np.concatenate([self._kept[:0], *ready])
        self._kept, self._before, self._count = self._kept[:0], 0, 0
        return rest

    def _next(self, count: int) -> np.ndarray:
        """Return the next samples without noise, and forget those that no later ones depend on."""
        first = self._before
        piece = self._kept[: first + count + self._margin]
        clean: np.ndarray = piece[first : first + count] + self._change(piece)[first : first + count]
        forgotten = max(0, first + count - self._margin)
        self._kept, self._before = self._kept[forgotten:], first + count - forgotten
        return clean

    def _change(self, piece: np.ndarray) -> np.ndarray:
        """Return what the model adds to samples (time, channels)."""
        seen = max(1, round(len(piece) * self.seen_rate / self.rate))
        heard = resampled(piece.astype(np.float32), self.rate, self.seen_rate, seen)
        made = self._run({"samples": torch.from_numpy(np.ascontiguousarray(heard.T)[:, None])})["samples"]
        change: np.ndarray = resampled(made[:, 0].numpy().T - heard, self.seen_rate, self.rate, len(piece))
        return self.strength * change
