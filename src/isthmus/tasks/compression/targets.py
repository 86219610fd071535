"""From what a user asks for, a quality, a size or an error, to the step of the code."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from isthmus.support.errors import InputError

OCTAVE = 32
"""Levels in one doubling of the step."""
COARSEST, PER_OCTAVE = 7.0, 25.0
"""Quality 0 has steps of 2 to this power of 255; 25 more halve them."""
QUALITY = 75.0
LEVELS = (-256, 256)
"""The least and the greatest level."""


def level_of_quality(quality: float) -> int:
    """Return the level of a quality from 0 to 100.

    Raises
    ------
    InputError
        It is none.
    """
    if not 0 <= quality <= 100:
        raise InputError(f"quality={quality}: expected 0 to 100, about as of JPEG; the default is {QUALITY:g}")
    return round(OCTAVE * (COARSEST - quality / PER_OCTAVE))


def quality_of_level(level: int) -> float:
    """Return the quality of a level."""
    return PER_OCTAVE * (COARSEST - level / OCTAVE)


def search(measure: Callable[[int], float], target: float, rising: bool) -> int:
    """Return the coarsest level at which a measure is at least `target`, or the finest at which it is at most that.

    Parameters
    ----------
    measure : callable
        From a level to a number: of bits, which fall with the level, or of an error in decibels, which falls too.
    target : float
    rising : bool
        True: at least `target`, with the coarsest level. False: at most, with the finest.
    """
    low, high = LEVELS
    seen: dict[int, float] = {}

    def value(level: int) -> float:
        if level not in seen:
            seen[level] = measure(level)
        return seen[level]

    at = level_of_quality(QUALITY)
    while high - low > 1:
        enough = value(at) >= target if rising else value(at) > target
        low, high = (at, high) if enough else (low, at)
        at = _next(seen, target, low, high)
    return low if rising else high


def _next(seen: dict[int, float], target: float, low: int, high: int) -> int:
    """Return the next level between two: by a line through the two measures that are nearest, or the middle."""
    known = sorted(seen, key=lambda level: abs(seen[level] - target))[:2]
    guess: float = (low + high) // 2
    if len(known) == 2 and seen[known[0]] != seen[known[1]]:
        a, b = known
        slope = (seen[b] - seen[a]) / (b - a)
        guess = a + (target - seen[a]) / slope
    elif len(known) == 1:
        guess = known[0] + (OCTAVE if low == known[0] else -OCTAVE)
    return math.floor(min(max(guess, low + 1), high - 1))  # which may be infinite


def psnr(parts: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    """Return the peak signal-to-noise ratio of two images in [0, 1], in decibels.

    Parameters
    ----------
    parts : iterable of (ndarray, ndarray)
        Of the one and of the other.
    """
    squared, count = 0.0, 0
    for one, other in parts:
        squared += float(np.square(one.astype(np.float64) - other).sum())
        count += one.size
    return math.inf if squared == 0 else -10 * math.log10(squared / count)
