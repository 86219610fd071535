"""What happens to sound: recorded noise, hum and clipping, of waveforms: windows of signals around zero."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, draw_level, ends
from isthmus.support.errors import InputError

LONGEST = 2**17
"""Samples of noise that a model file keeps, at most."""

DECIBELS = 100.0
"""Largest signal-to-noise ratio, and minus the smallest."""

SPEED, TILT, KNOTS = 0.1, 2.0, 6
"""Of varied noise: how much faster or slower it is at most, and the deviation in decibels at so many frequencies."""

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
        A clip of noise alone, at the rate of the rows; up to 131,072 samples.
    level : float or (float, float), default (0.0, 10.0)
        Signal-to-noise ratio in decibels: the lower, the noisier.
    vary : bool, default False
        Whether stretches are mixed, reversed, slower or faster, and somewhat brighter or darker: a model learns a short
        clip by heart otherwise.

    Raises
    ------
    InputError
        The clip is too short, too long, silent, or not finite; or the level is out of range.
    """

    def __init__(self, noise: Sequence[float], level: Level = (0.0, 10.0), vary: bool = False) -> None:
        if not isinstance(noise, (list, tuple)):
            raise InputError("noise is an array, but model files keep it as a list of numbers: give noise.tolist()")
        clip = np.asarray(noise, np.float32)
        if clip.ndim != 1 or not 2 <= len(clip) <= LONGEST:
            raise InputError(
                f"noise of shape {clip.shape}: expected one channel of 2 to {LONGEST:,} samples; cut it shorter"
            )
        if not (np.isfinite(clip).all() and clip.std() > 0):
            raise InputError("noise is silent, or holds NaN or infinity: give a clip in which there is noise to hear")
        self.noise, self.level, self.vary = tuple(clip.tolist()), decibels(level), vary

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with noise on ``corrupted``."""
        return batch.with_(corrupted=at_ratio(batch.x, self._stretches(batch.x), self.level))

    def _stretches(self, x: Tensor) -> Tensor:
        """Return a stretch of the clip for each row, broadcastable against x."""
        clip = torch.tensor(self.noise, dtype=x.dtype, device=x.device)
        taken = _varied(clip, len(x), x.shape[-1]) if self.vary else _taken(clip, len(x), x.shape[-1])
        return taken.view(len(x), *[1] * (x.ndim - 2), x.shape[-1])


def _taken(clip: Tensor, count: int, width: int) -> Tensor:
    """Return stretches of a clip, of shape (count, width)."""
    clip = clip.repeat(-(-width // len(clip)) + 1)
    starts = torch.randint(len(clip) - width + 1, (count,), device=clip.device)
    stretches: Tensor = clip.unfold(0, width, 1)[starts]
    return stretches


def _varied(clip: Tensor, count: int, width: int) -> Tensor:
    """Return stretches of a clip that are changed in many ways, of shape (count, width)."""
    wide = math.ceil(width * (1 + SPEED)) + 1
    one, other = _taken(clip, count, wide), _taken(clip, count, wide).flip(1)
    amount = torch.rand(count, 1, device=clip.device)
    mixed = _power_one(one) + _power_one(other) * (2 * amount - 1).clamp_min(0)
    mixed = torch.where(torch.rand_like(amount) < 0.5, mixed, mixed.flip(1))
    speed = 1 + SPEED * (2 * torch.rand(count, 1, device=clip.device) - 1)
    return _tilted(_faster(mixed, speed, width))


def _faster(x: Tensor, speed: Tensor, width: int) -> Tensor:
    """Return rows (n, longer) faster by a factor (n, 1), of shape (n, width)."""
    at = torch.arange(width, device=x.device) * speed
    before = at.long()
    return torch.lerp(x.gather(1, before), x.gather(1, before + 1), at - before)


def _tilted(x: Tensor) -> Tensor:
    """Return rows, some frequencies louder and others softer."""
    spectra = torch.fft.rfft(x)
    knots = TILT * torch.randn(len(x), 1, KNOTS, device=x.device)
    decibels = nn.functional.interpolate(knots, spectra.shape[-1], mode="linear", align_corners=True)
    tilted: Tensor = torch.fft.irfft(spectra * 10 ** (decibels[:, 0] / 20), x.shape[-1])
    return tilted


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


def at_ratio(x: Tensor, noise: Tensor, level: Level) -> Tensor:
    """Return rows with noise at a signal-to-noise ratio in decibels; silent rows stay silent."""
    ratio = torch.as_tensor(draw_level(level, x), dtype=x.dtype, device=x.device)
    return x + _power_one(noise) * (_power(x) / 10 ** (ratio / 10)).sqrt()


def _power(x: Tensor) -> Tensor:
    """Return the mean square of each row."""
    return x.square().mean(tuple(range(1, x.ndim)), keepdim=True)


def _power_one(x: Tensor) -> Tensor:
    """Return rows scaled to a mean square of 1; silent ones unchanged."""
    power = _power(x)
    return x / torch.where(power > 0, power, 1.0).sqrt()


def decibels(level: Level) -> Level:
    """Return a signal-to-noise ratio, or a range of them; raise an error where it is none."""
    low, high = ends(level)
    if not -DECIBELS <= low <= high <= DECIBELS:
        raise InputError(
            f"level={level!r}: expected decibels, or (low, high) in order, from -{DECIBELS:g} to {DECIBELS:g}"
        )
    return low if low == high else (low, high)
