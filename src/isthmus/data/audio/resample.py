"""Resampling: recordings at another rate, exactly aligned."""

from __future__ import annotations

import numpy as np

from isthmus.support.errors import extra


def resampled(samples: np.ndarray, rate: int, wanted: int, count: int) -> np.ndarray:
    """Return samples at another rate.

    Parameters
    ----------
    samples : float32 ndarray of shape (time, channels)
    rate, wanted : int
        Samples a second, before and after.
    count : int
        How many samples there are afterwards; what rounding lacks is zero.
    """
    if rate == wanted:
        return samples
    made = extra("soxr", "audio").resample(samples, rate, wanted)[:count]
    return np.pad(made, ((0, count - len(made)), (0, 0)))
