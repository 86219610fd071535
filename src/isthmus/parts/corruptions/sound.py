"""What happens to sound: recorded noise, hum and clipping, of waveforms: windows of signals around zero."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, draw_level
from isthmus.support.errors import InputError

LONGEST = 2**16
"""Samples of noise that a model file keeps, at most."""

DECIBELS = 100.0
"""Largest signal-to-noise ratio, and minus the smallest."""

HARMONICS = 5
"""Multiples of the frequency of a hum, each half as strong as the one before."""


@part("corruption/recorded-noise")
class RecordedNoise(Corruption):
    """Adds recorded noise to waveforms, at exactly the drawn signal-to-noise ratio in each row.

    Each row gets another stretch of the clip, the same in all channels; a clip that is shorter than a row is repeated.
    Rows that are silent stay so. The clip is kept in model files.

    Parameters
    ----------
    noise : sequence of float
        A clip of noise alone, at the rate of the rows; up to 65,536 samples.
    level : float or (float, float), default (0.0, 10.0)
        Signal-to-noise ratio in decibels: the lower, the noisier.

    Raises
    ------
    InputError
        The clip is too short, too long, silent, or not finite; or the level is out of range.
    """

    def __init__(self, noise: Sequence[float], level: Level = (0.0, 10.0)) -> None:
        if not isinstance(noise, (list, tuple)):
            raise InputError("noise is an array, but model files keep it as a list of numbers: give noise.tolist()")
        clip = np.asarray(noise, np.float32)
        if clip.ndim != 1 or not 2 <= len(clip) <= LONGEST:
            raise InputError(
                f"noise of shape {clip.shape}: expected one channel of 2 to {LONGEST:,} samples; cut it shorter"
            )
        if not (np.isfinite(clip).all() and clip.std() > 0):
            raise InputError("noise is silent, or holds NaN or infinity: give a clip in which there is noise to hear")
        self.noise, self.level = tuple(clip.tolist()), _decibels(level)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with noise on ``corrupted``."""
        x = batch.x
        noise = _power_one(self._stretches(x))
        ratio = torch.as_tensor(draw_level(self.level, x), dtype=x.dtype, device=x.device)
        return batch.with_(corrupted=x + noise * (_power(x) / 10 ** (ratio / 10)).sqrt())

    def _stretches(self, x: Tensor) -> Tensor:
        """Return a stretch of the clip for each row, broadcastable against x."""
        clip, width = torch.tensor(self.noise, dtype=x.dtype, device=x.device), x.shape[-1]
        clip = clip.repeat(-(-width // len(clip)) + 1)
        starts = torch.randint(len(clip) - width + 1, (len(x),), device=x.device)
        return clip.unfold(0, width, 1)[starts].view(len(x), *[1] * (x.ndim - 2), width)


@part("corruption/hum")
class Hum(Corruption):
    """Adds the hum of electric mains to waveforms: a tone and its overtones, in another phase in each row.

    Parameters
    ----------
    rate : int
        Samples a second of the rows.
    frequency : float, default 50.0
        In Hz: 50 or 60.
    level : float or (float, float), default (0.01, 0.1)
        Root mean square of the hum, in the units of x.

    Raises
    ------
    InputError
        The rate is too low for the frequency, or the level is out of range.
    """

    def __init__(self, rate: int, frequency: float = 50.0, level: Level = (0.01, 0.1)) -> None:
        if not 0 < 2 * frequency < rate:
            raise InputError(
                f"frequency={frequency!r} Hz of a hum: expected more than 0, less than half of rate={rate}"
            )
        self.rate, self.frequency, self.level = rate, frequency, check_level(level)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with a hum on ``corrupted``."""
        x = batch.x
        orders = torch.arange(1, HARMONICS + 1, device=x.device)
        orders = orders[orders * self.frequency < self.rate / 2]
        steps = torch.arange(x.shape[-1], device=x.device) * (2 * math.pi * self.frequency / self.rate)
        phases = 2 * math.pi * torch.rand(len(x), len(orders), 1, device=x.device)
        tones = torch.sin(orders[:, None] * steps + phases) / 2.0 ** (orders[:, None] - 1)
        hum = tones.sum(1).view(len(x), *[1] * (x.ndim - 2), -1)
        return batch.with_(corrupted=x + draw_level(self.level, x) * _power_one(hum))


@part("corruption/clipping")
class Clipping(Corruption):
    """Clips waveforms, as an amplifier does that is turned up too far.

    Parameters
    ----------
    level : float or (float, float), default (0.1, 0.7)
        What is cut off: this fraction of the largest absolute value of a row, in [0, 1].
    """

    def __init__(self, level: Level = (0.1, 0.7)) -> None:
        self.level = check_level(level, 1)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with ``corrupted`` clipped."""
        x = batch.x
        limit = (1 - draw_level(self.level, x)) * x.abs().amax(tuple(range(1, x.ndim)), keepdim=True)
        return batch.with_(corrupted=torch.maximum(torch.minimum(x, limit), -limit))


def _power(x: Tensor) -> Tensor:
    """Return the mean square of each row."""
    return x.square().mean(tuple(range(1, x.ndim)), keepdim=True)


def _power_one(x: Tensor) -> Tensor:
    """Return rows scaled to a mean square of 1; silent ones unchanged."""
    power = _power(x)
    return x / torch.where(power > 0, power, 1.0).sqrt()


def _decibels(level: Level) -> Level:
    low, high = (level, level) if isinstance(level, (int, float)) else level
    if not -DECIBELS <= low <= high <= DECIBELS:
        raise InputError(f"level={level!r}: expected decibels, or (low, high), from -{DECIBELS:g} to {DECIBELS:g}")
    return low if low == high else (low, high)
