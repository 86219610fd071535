"""Conformal thresholds: bounds on the fraction of false alarms among future normal rows."""

from __future__ import annotations

import warnings
from math import ceil, floor

import numpy as np
from scipy.special import betaincinv

from isthmus.support.errors import InputError

BAND = 0.95
"""The probability of a `band`."""


def p_values(scores: np.ndarray, calibration: np.ndarray) -> np.ndarray:
    """Return the p-value of each score: (1 + calibration scores at least as high) / (1 + calibration scores).

    Of normal rows that are exchangeable with those of the calibration, at most a fraction α has p ≤ α (Vovk 2005).

    Examples
    --------
    >>> p_values(np.array([0.5, 2.5, 9.0]), np.array([1.0, 2.0, 3.0]))
    array([1.  , 0.5 , 0.25])
    """
    below = np.searchsorted(np.sort(calibration), scores, side="left")
    return (len(calibration) - below + 1) / (len(calibration) + 1)


def min_rate(calibration: int) -> float:
    """Return the smallest possible false-alarm rate."""
    return 1 / (calibration + 1)


def required_rows(rate: float) -> int:
    """Return the number of calibration scores that a false-alarm rate needs."""
    return max(1, ceil(round(1 / rate - 1, 9)))


def suffice(calibration: int, rate: float) -> bool:
    """Return whether so many calibration scores are enough for a false-alarm rate.

    Examples
    --------
    >>> suffice(99, 0.01), suffice(98, 0.01)
    (True, False)
    """
    return calibration >= required_rows(rate)


def threshold(calibration: np.ndarray, rate: float, where: str = "") -> float:
    """Return the score above which a row has p ≤ `rate`; `where` names the rows in a warning.

    Warns
    -----
    UserWarning
        There are too few calibration scores: the threshold is the largest of them.
    """
    n = len(calibration)
    alarms = floor(round(rate * (n + 1), 9))
    if not suffice(n, rate):
        warnings.warn(
            f"false_alarm_rate={rate:g} asks for {required_rows(rate)} calibration rows, but there are {n}{where}: the "
            f"threshold is their largest score; the smallest possible rate is {min_rate(n):.3g}",
            stacklevel=4,
        )
    return float(np.sort(calibration)[n - max(alarms, 1)])


def band(calibration: np.ndarray, threshold: float) -> tuple[float, float]:
    """Return the limits between which the fraction of future normal rows above a threshold lies, with 95 % probability.

    Above the k-th highest of n calibration scores the fraction has the distribution Beta(k, n + 1 - k) (Vovk 2012). A
    threshold between two of them has the lower limit of the higher one, and the upper limit of the lower one.

    Examples
    --------
    >>> [round(limit, 4) for limit in band(np.arange(199.0), 197.0)]
    [0.0012, 0.0277]
    >>> [round(limit, 4) for limit in band(np.arange(199.0), 197.5)]
    [0.0001, 0.0277]
    """
    above = int((calibration > threshold).sum())
    return _quantile(calibration, above + (threshold in calibration), 0), _quantile(calibration, above + 1, 1)


def _quantile(calibration: np.ndarray, k: int, side: int) -> float:
    """Return the lower (0) or upper (1) limit of the fraction above the k-th highest score, 0 and 1 beyond all."""
    n = len(calibration)
    if not 1 <= k <= n:
        return float(k > n)
    return float(betaincinv(k, n + 1 - k, (1 - BAND) / 2 + side * BAND))


def fraction_threshold(scores: np.ndarray, fraction: float) -> float:
    """Return the score above which a fraction of these scores lies, as near as ties allow."""
    flagged = round(fraction * len(scores))
    if flagged < 1:
        return float(np.max(scores))
    if flagged >= len(scores):
        return float(np.nextafter(np.min(scores), -np.inf))
    return float(np.sort(scores)[len(scores) - flagged - 1])


def check_fraction(name: str, value: object, limit: float, inclusive: bool = False) -> float:
    """Return a fraction for a threshold, checked; `inclusive`: it may be `limit`.

    Raises
    ------
    InputError
        It is not a number between 0 and `limit`.
    """
    if not isinstance(value, bool) and isinstance(value, (int, float, np.number)):
        number = float(value)
        if 0 < number < limit or (inclusive and number == limit):
            return number
    raise InputError(f"{name}={value!r}: expected a number above 0 and {'at most' if inclusive else 'below'} {limit:g}")
