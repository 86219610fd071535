"""Bits against errors: what a codec does at several qualities, and how much smaller its files are than another's."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.interpolate import PchipInterpolator

DECIBELS = (27.0, 39.0)
"""Between which rates are compared, as far as both codecs reach."""
EVERYTHING = (0.0, 100.0)
"""The same by MS-SSIM: all that both reach."""


class Rates(NamedTuple):
    """What a codec does at each quality: the mean over images.

    Attributes
    ----------
    bpp : ndarray of shape (qualities,)
        Bits per pixel.
    psnr : ndarray of shape (qualities,)
        In decibels.
    """

    bpp: np.ndarray
    psnr: np.ndarray


def bd_rate(one: Rates, other: Rates, decibels: tuple[float, float] = DECIBELS) -> float:
    """Return how much larger files are than those of another codec at equal errors, as a fraction (Bjøntegaard 2001).

    It is the mean of the difference between the logarithms of both rates, each interpolated piecewise by cubics, over
    the decibels that both reach; NaN where there are none.
    """
    curves = [_increasing(rates) for rates in (one, other)]
    low = max(decibels[0], *(points[0].min() for points in curves))
    high = min(decibels[1], *(points[0].max() for points in curves))
    if low >= high or min(len(points[0]) for points in curves) < 2:
        return float("nan")
    areas = [PchipInterpolator(*points).integrate(low, high) for points in curves]
    return float(np.exp((areas[0] - areas[1]) / (high - low)) - 1)


def _increasing(rates: Rates) -> tuple[np.ndarray, np.ndarray]:
    """Return the decibels, without repetition, and the logarithm of the rate of each."""
    decibels, first = np.unique(rates.psnr, return_index=True)
    return decibels, np.log(rates.bpp[first])
