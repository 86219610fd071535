"""Tables of probabilities, the same on every machine.

What a C library returns for an exponential may differ in its last digit from machine to machine, and a table with it.
Here exponentials are those of `decimal`, which are rounded correctly, and all else are sums and products of float64.
"""

from __future__ import annotations

from decimal import Context, Decimal
from functools import cache
from typing import NamedTuple

import numpy as np

REACH = 32
"""Numbers from -31 to 31 have a probability each, and those beyond one for each side."""
SMALLEST, LEVELS, PARTS = -4.5, 64, 4
"""Scales are powers of two, from this exponent on, in quarters of one."""
OFFSETS, EIGHTHS = 5, 8
"""Means are whole numbers and 0 to 4 eighths: what is below is mirrored."""
SPACIOUS = 1.5
"""Of numbers with a scale above 2 to this power, low bits are written as they are."""
WHOLE = 2.0**30


class Shape(NamedTuple):
    """A family of distributions around 0.

    Attributes
    ----------
    shift : int
        Its scale is that of the level so many levels on.
    logistic : bool
        Of 0.75 times that scale; else it is Laplace's.
    """

    shift: int
    logistic: bool = False


SHAPES = (Shape(0), Shape(-4), Shape(4), Shape(8), Shape(0, True), Shape(4, True))
"""What the distributions of symbols are mixed from; the first is what is trained with."""
LOGISTIC = Decimal("0.75")


@cache
def low_bits() -> np.ndarray:
    """Return how many low bits of a number of each level are written as they are."""
    exponents = SMALLEST + np.arange(LEVELS) / PARTS
    return np.maximum(0, np.floor(exponents - SPACIOUS)).astype(np.int64)


@cache
def basis() -> np.ndarray:
    """Return the probabilities of each shape, float64 of shape (shapes, levels, offsets, 2 · REACH + 1)."""
    return np.stack([np.stack([_of_level(shape, level) for level in range(LEVELS)]) for shape in SHAPES])


def mixed(weights: np.ndarray) -> np.ndarray:
    """Return tables, in whole numbers that are proportional to probabilities.

    Parameters
    ----------
    weights : ndarray of shape (levels, shapes)

    Returns
    -------
    float64 ndarray of shape (levels, offsets, 2 · REACH + 1)
        At least 1.
    """
    total = np.zeros(basis().shape[1:])
    for shape, probabilities in enumerate(basis()):
        total = total + weights[:, shape, None, None].astype(np.float64) * probabilities
    return np.floor(total * WHOLE) + 1


def _of_level(shape: Shape, level: int) -> np.ndarray:
    """Return the probabilities of a shape at a level, of shape (offsets, 2 · REACH + 1)."""
    wide = 2.0 ** int(low_bits()[level])
    return np.array([_row(_tail(shape, level, offset), wide, offset) for offset in range(OFFSETS)])


def _tail(shape: Shape, level: int, offset: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability to be beyond each border: above those of positive numbers, below those of others."""
    context = Context(prec=30)
    exponent = Decimal(str(SMALLEST)) + Decimal(level + shape.shift) / PARTS
    scale = context.power(2, exponent) * (LOGISTIC if shape.logistic else 1)
    wide = 2 ** int(low_bits()[level])
    one = float(context.exp(-wide / scale))
    near = Decimal(EIGHTHS // 2 + offset) / EIGHTHS
    powers = [1.0]
    for _ in range(REACH):
        powers.append(powers[-1] * one)
    above = np.array(powers[1:]) * float(context.exp(near / scale))
    below = np.array(powers[:REACH]) * float(context.exp(-near / scale))
    return _beyond(above, shape), _beyond(below, shape)


def _beyond(exponentials: np.ndarray, shape: Shape) -> np.ndarray:
    return exponentials / (1 + exponentials) if shape.logistic else exponentials / 2


def _row(tail: tuple[np.ndarray, np.ndarray], wide: float, offset: int) -> np.ndarray:
    """Return the probabilities of -REACH to REACH; the ends stand for all that is beyond."""
    above, below = tail  # borders below 1, 2, …, REACH, and below 0, -1, …, 1 - REACH
    middle = 1 - above[0] - below[0]
    left = np.append(below[:-1] - below[1:], below[-1])[::-1]
    right = np.append(above[:-1] - above[1:], above[-1])
    return np.concatenate([left, [middle], right])
