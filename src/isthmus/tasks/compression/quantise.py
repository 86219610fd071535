"""Numbers to whole numbers and back, within a bound that holds on every machine.

What comes back is computed by single steps of float64 (a product, a sum, a quotient), which are rounded in one way
everywhere; it is computed at once, in the type of the numbers, and what is not within the bound is kept as it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

DECIMALS = range(10)
"""Digits behind the point, of numbers that were written with as many."""
LARGEST = 2**30
"""Whole numbers are smaller than this."""
CLOSE = 1 - 2.0**-20
"""Of a step: what comes back is rounded too."""
PALETTE, FEW = 256, 16
"""The greatest number of values that are numbered, and how often each comes at least, on the mean."""


class Scale(NamedTuple):
    """What whole numbers stand for: ``(k * step + origin) / divisor``, or, of whole numbers, ``k * step + origin``.

    Attributes
    ----------
    step, origin, divisor : int or float
    palette : tuple of int
        If it is not empty, k is the place in it of a whole number.
    """

    step: float
    origin: float = 0.0
    divisor: float = 1.0
    palette: tuple[int, ...] = ()

    def numbers(self, k: np.ndarray, dtype: np.dtype) -> np.ndarray:
        """Return the numbers that whole numbers stand for."""
        if self.palette:
            k = np.array(self.palette, np.int64)[k.clip(0, len(self.palette) - 1)]
        if dtype.kind in "iub":
            wrapped: np.ndarray = (k * np.int64(self.step) + np.array(int(self.origin)).astype(np.int64)).astype(dtype)
            return wrapped
        values = k.astype(np.float64) * self.step
        values = (values + self.origin) / self.divisor
        with np.errstate(over="ignore"):
            typed: np.ndarray = values.astype(dtype)
        return typed


def quantised(x: np.ndarray, bound: float) -> tuple[Scale, np.ndarray]:
    """Return a scale, and the whole numbers of numbers; where these are too large or no numbers, those before them.

    Parameters
    ----------
    x : ndarray of shape (n,)
    bound : float
        The greatest error; 0: none.
    """
    if x.dtype.kind in "iub":
        return _whole(x, bound)
    finite = np.isfinite(x)
    seen = x[finite].astype(np.float64)
    bound = max(bound - _rounding(x, seen), 0.0)
    scale = _lattice(x[finite], seen, bound)
    if scale is None:
        scale = Scale(2 * bound * CLOSE or 1.0)
    with np.errstate(invalid="ignore", over="ignore"):
        k = np.rint((np.where(finite, x, 0).astype(np.float64) * scale.divisor - scale.origin) / scale.step)
    near = finite & (np.abs(k) < LARGEST)
    k = _kept_near(np.where(near, k, 0).astype(np.int64), near)
    return _numbered(scale, k)


def _whole(x: np.ndarray, bound: float) -> tuple[Scale, np.ndarray]:
    """Return a scale, and the whole numbers, of whole numbers; computed in those."""
    numbers = x.astype(np.int64)  # those of uint64 wrap around, and back
    low = int(numbers.min())
    with np.errstate(over="ignore"):
        above = numbers - low
    near = (above >= 0) & (above < LARGEST * np.int64(2**20))
    apart = int(np.gcd.reduce(np.where(near, above, 0))) or 1
    step = apart * (2 * int(bound / apart) + 1)
    k = (above + step // 2) // step
    near &= k < LARGEST
    return _numbered(Scale(step, low, 1), _kept_near(np.where(near, k, 0), near))


def _rounding(x: np.ndarray, seen: np.ndarray) -> float:
    """Return by how much numbers are rounded in their type, at most."""
    if x.dtype.kind != "f" or not len(seen):
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        apart = float(np.spacing(np.abs(seen).max().astype(x.dtype)))
    return apart if np.isfinite(apart) else float(np.abs(seen).max())


def _kept_near(k: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Return whole numbers with those before them where there are none."""
    last = np.maximum.accumulate(np.where(near, np.arange(len(k)), 0))
    return k[last]


def _lattice(x: np.ndarray, seen: np.ndarray, bound: float) -> Scale | None:
    """Return the scale of numbers that were written with few digits; None if they were not, or it is finer."""
    if not len(x) or np.abs(seen).max() >= LARGEST:
        return None
    for decimals in DECIMALS:
        divisor = 10.0**decimals
        whole = np.rint(seen * divisor)
        if np.abs(whole).max() >= 2**52:
            return None
        if ((whole / divisor).astype(x.dtype) == x).all():
            break
    else:
        return None
    origin = whole.min()
    apart = int(np.gcd.reduce((whole - origin).astype(np.int64))) or 1
    together = 2 * int(bound * divisor / apart * CLOSE) + 1
    step = float(together * apart)
    return Scale(step, float(origin), divisor) if step >= 2 * bound * divisor * CLOSE else None


def _numbered(scale: Scale, k: np.ndarray) -> tuple[Scale, np.ndarray]:
    """Return whole numbers by their place among those that occur, where these are few and far apart."""
    palette = np.unique(k[:: max(1, len(k) // 65536)])
    if len(palette) > PALETTE:
        return scale, k
    palette, indices = np.unique(k, return_inverse=True)
    span = int(palette[-1] - palette[0]) + 1
    if len(palette) > PALETTE or len(palette) * FEW > len(k) or span < 2 * len(palette):
        return scale, k
    return scale._replace(palette=tuple(palette.tolist())), indices.astype(np.int64)
