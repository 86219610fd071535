"""Coloured noise: noise of random spectra that swells and fades, for sound whose noise is not known."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level
from isthmus.parts.corruptions.sound import at_ratio, decibels

SLOPE = (-9.0, 3.0)
"""Decibels by which the noise of a row grows from an octave to the next."""
ROUGH, FREQUENCIES = 4.0, 10
"""The deviation in decibels from that slope, at so many frequencies."""
SWELL, TIMES = 8.0, 12
"""How much it swells and fades at most: the deviation in decibels at so many time steps."""


@part("corruption/coloured-noise")
class ColouredNoise(Corruption):
    """Adds noise of another spectrum to each row, at exactly the drawn signal-to-noise ratio.

    Some rows get steady noise, as of wind or a fan, some noise that swells and fades, as of a street.

    Parameters
    ----------
    level : float or (float, float), default (0.0, 10.0)
        Signal-to-noise ratio in decibels: the lower, the noisier.

    Raises
    ------
    InputError
        The level is out of range.
    """

    def __init__(self, level: Level = (0.0, 10.0)) -> None:
        self.level = decibels(level)

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with noise on ``corrupted``."""
        x = batch.x
        spectra = torch.fft.rfft(torch.randn_like(x))
        noise = torch.fft.irfft(spectra * _colour(len(x), spectra.shape[-1], x), x.shape[-1])
        return batch.with_(corrupted=at_ratio(x, noise * _swelling(x), self.level))


def _colour(count: int, bins: int, like: Tensor) -> Tensor:
    """Return how loud each frequency is, of shape (count, 1, …, bins)."""
    octaves = torch.arange(bins, device=like.device).clamp_min(1).log2()
    low, high = SLOPE
    slope = low + (high - low) * torch.rand(count, 1, device=like.device)
    rough = ROUGH * torch.randn(count, FREQUENCIES, device=like.device)
    at = octaves / octaves[-1].clamp_min(1) * (FREQUENCIES - 1)
    before = at.long().clamp_max(FREQUENCIES - 2)
    between = torch.lerp(rough[:, before], rough[:, before + 1], (at - before).expand(count, -1))
    return _factor(slope * octaves + between, like)


def _swelling(x: Tensor) -> Tensor:
    """Return how loud each time step is, broadcastable against x."""
    deviation = SWELL * torch.rand(len(x), 1, 1, device=x.device).square()
    knots = deviation * torch.randn(len(x), 1, TIMES, device=x.device)
    width = x.shape[-1]
    return _factor(nn.functional.interpolate(knots, width, mode="linear", align_corners=True)[:, 0], x)


def _factor(db: Tensor, like: Tensor) -> Tensor:
    """Return decibels of rows (n, elements) as factors, with the axes of others."""
    return torch.exp(db * (math.log(10) / 20)).view(len(db), *[1] * (like.ndim - 2), -1)
