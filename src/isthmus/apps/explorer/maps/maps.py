"""Maps: positions of codes in a plane, and codes of positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from isthmus.apps.explorer.maps.near import Nearest

Floats = NDArray[np.float32]

NEAR = 8
"""Points that a position between them is taken from, where a map has no inverse."""
FEW, FAR = 0.002, 2.5
"""The fraction of positions at each end that may lie outside a frame, and how much smaller it must be without them."""


@dataclass(frozen=True)
class Frame:
    """Scales positions on a map to the page, most of them to [-1, 1]: ``(position - offset) * scale``.

    Attributes
    ----------
    offset : ndarray of shape (2,)
    scale : float
        One for both axes.
    """

    offset: Floats
    scale: float

    @classmethod
    def around(cls, positions: Floats) -> Frame:
        """Return the frame of all positions, or of most of them if a few lie far away."""
        low, high = positions.min(0), positions.max(0)
        inner = np.quantile(positions, [FEW, 1 - FEW], axis=0)
        if 0 < FAR * np.ptp(inner, axis=0).max() < (high - low).max():
            low, high = inner
        reach = float((high - low).max()) or 1.0
        return cls(((low + high) / 2).astype(np.float32), 2 / reach)

    def scaled(self, positions: Floats) -> Floats:
        """Return positions on the page."""
        return ((positions - self.offset) * self.scale).astype(np.float32)

    def positions(self, scaled: Floats) -> Floats:
        """Return positions on the map."""
        return (scaled / self.scale + self.offset).astype(np.float32)


class Map(Protocol):
    """A plane on which the codes of one model are drawn."""

    frame: Frame
    points: Floats
    """Where the examples are on the page, of shape (n, 2)."""

    def at(self, codes: Floats) -> Floats:
        """Return the positions on the page of codes of shape (k, d)."""
        ...

    def codes(self, points: Floats, rest: Floats | None = None) -> Floats:
        """Return codes for points on the page; `rest` has the directions that the map does not show."""
        ...


class Flat:
    """A map along straight axes: principal directions, or numbers of the code itself.

    Parameters
    ----------
    codes : ndarray of shape (n, d)
    origin : ndarray of shape (d,)
        The code at (0, 0); codes of points lie in the plane through it, unless `rest` is another code.
    axes : ndarray of shape (1 or 2, d)
        Of unit length, at right angles.
    """

    def __init__(self, codes: Floats, origin: Floats, axes: Floats) -> None:
        self.origin, self.axes = origin, axes
        positions = self._positions(codes)
        self.frame = Frame.around(positions)
        self.points = self.frame.scaled(positions)

    def _positions(self, codes: Floats) -> Floats:
        positions = (codes - self.origin) @ self.axes.T
        return np.pad(positions, ((0, 0), (0, 2 - len(self.axes)))).astype(np.float32)

    def at(self, codes: Floats) -> Floats:
        """Return where codes are."""
        return self.frame.scaled(self._positions(codes))

    def codes(self, points: Floats, rest: Floats | None = None) -> Floats:
        """Return codes at points; in directions off the plane they are as `rest` (None: the origin)."""
        along = self.frame.positions(points)[:, : len(self.axes)] @ self.axes
        rest = self.origin if rest is None else rest
        beside = (rest - self.origin) - (rest - self.origin) @ self.axes.T @ self.axes
        return (self.origin + along + beside).astype(np.float32)


def principal(codes: Floats) -> Flat:
    """Return the map along the two directions in which codes vary most."""
    mean, exact = codes.mean(0), codes.astype(np.float64)
    if len(codes) < codes.shape[1]:  # where codes are long, their covariance is large
        axes = np.linalg.svd(exact - exact.mean(0), full_matrices=False)[2][:2]
    else:
        axes = np.linalg.eigh(np.atleast_2d(np.cov(exact.T)))[1].T[::-1][:2]
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(1)])[:, None]
    return Flat(codes, mean, (axes * signs).astype(np.float32))


def numbers(codes: Floats, x: int, y: int) -> Flat:
    """Return the map of two numbers of the code."""
    chosen = list(dict.fromkeys(number for number in (x, y) if number < codes.shape[1]))
    axes = np.eye(codes.shape[1], dtype=np.float32)[chosen]
    origin = codes.mean(0)
    origin[chosen] = 0
    return Flat(codes, origin, axes)


class Free:
    """A map with arbitrary positions, such as UMAP's; codes between them are interpolated from the nearest ones.

    Parameters
    ----------
    codes : Nearest
        The codes.
    positions : ndarray of shape (n, 2)
    """

    def __init__(self, codes: Nearest, positions: Floats) -> None:
        self.among_codes = codes
        self.frame = Frame.around(positions)
        self.points = self.frame.scaled(positions)
        self.among_points = Nearest(self.points)

    def at(self, codes: Floats) -> Floats:
        """Return the mean position of the nearest codes, weighted by nearness."""
        return self._blend(self.among_codes, codes, self.points)

    def codes(self, points: Floats, rest: Floats | None = None) -> Floats:
        """Return the mean code of the nearest points, weighted by nearness."""
        return self._blend(self.among_points, points, self.among_codes.points)

    @staticmethod
    def _blend(known: Nearest, wanted: Floats, values: Floats) -> Floats:
        result = []
        for one in wanted:
            index, distance = known.to(one, NEAR)
            weight = 1 / (distance + 1e-6 * (distance.max() + 1e-6))
            result.append(weight @ values[index] / weight.sum())
        return np.array(result, dtype=np.float32).reshape(-1, values.shape[1])
