"""Metrics of waveforms: how much of what a reconstruction sounds like is the recording."""

from __future__ import annotations

import numpy as np


def si_sdr(reference: np.ndarray, estimate: np.ndarray) -> float:
    """Return the scale-invariant signal-to-distortion ratio in decibels (Le Roux 2019), the mean over channels.

    Means are removed first. It does not change if the estimate is louder or softer; what is perfect has infinity.

    Parameters
    ----------
    reference, estimate : ndarray of shape (time,) or (time, channels)

    Returns
    -------
    float
        NaN of a reference that is silent in all channels.

    Examples
    --------
    >>> t = np.arange(1000)
    >>> tone, other = np.sin(0.02 * np.pi * t), np.cos(0.02 * np.pi * t)
    >>> round(si_sdr(tone, 3 * tone + 0.3 * other), 6)
    20.0
    """
    x, y = (np.asarray(one, np.float64).reshape(len(one), -1) for one in (reference, estimate))
    x, y = x - x.mean(0), y - y.mean(0)
    sounding = np.square(x).sum(0) > 0
    if not sounding.any():
        return float("nan")
    x, y = x[:, sounding], y[:, sounding]
    target = (x * y).sum(0) / np.square(x).sum(0) * x
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = 10 * np.log10(np.square(target).sum(0) / np.square(y - target).sum(0))
    return float(ratios.mean())
