"""Plane: the two directions in which codes are shown."""

from __future__ import annotations

from itertools import product

import numpy as np

REACH = 0.02
"""Fraction of the rows on each side that a grid over the plane leaves out."""


class Plane:
    """The code itself where it has at most two units, else its first two principal directions.

    Parameters
    ----------
    codes : ndarray of shape (n, units)

    Attributes
    ----------
    points : ndarray of shape (n, 1 or 2)
    names : list of str
        Of the axes.
    direct : bool
        Whether the axes are units.
    """

    def __init__(self, codes: np.ndarray) -> None:
        self.mean = codes.mean(0)
        self.direct = codes.shape[1] <= 2
        if self.direct:
            self.axes = np.eye(codes.shape[1])
            self.mean, self.names = 0 * self.mean, [f"unit {k}" for k in range(codes.shape[1])]
        else:
            from sklearn.decomposition import PCA

            pca = PCA(2, random_state=0).fit(codes)
            self.axes = pca.components_
            fractions = np.nan_to_num(pca.explained_variance_ratio_)
            self.names = [f"direction {k + 1} ({fraction:.0%} of the variance)" for k, fraction in enumerate(fractions)]
        self.points = self.positions(codes)

    @property
    def flat(self) -> bool:
        """Whether there are two directions, not one."""
        return len(self.axes) == 2

    def positions(self, codes: np.ndarray) -> np.ndarray:
        """Return where codes are on the plane, of shape (n, 1 or 2)."""
        return (codes - self.mean) @ self.axes.T

    def grid(self, side: int) -> np.ndarray:
        """Return codes on a grid over the middle of the points, from the top left; on a line, `side` of them."""
        across, *down = (np.linspace(a, b, side) for a, b in zip(*self._middle(), strict=True))
        positions = product(down[0][::-1], across) if down else ((value,) for value in across)
        return self._codes(np.array([position[::-1] for position in positions]))

    def anywhere(self, n: int, seed: int = 0) -> np.ndarray:
        """Return `n` codes at random positions among the points, which are those of no row."""
        low, high = self._middle()
        return self._codes(np.random.default_rng(seed).uniform(low, high, (n, len(low))))

    def _middle(self) -> tuple[np.ndarray, np.ndarray]:
        low, high = np.quantile(self.points, [REACH, 1 - REACH], axis=0)
        return low, high

    def _codes(self, at: np.ndarray) -> np.ndarray:
        return self.mean + at @ self.axes
