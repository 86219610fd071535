"""Statistics of each unit of a code: of vector codes, and of codes with a vector at each of several positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from isthmus.core.data import Rows
    from isthmus.estimators.autoencoder import Autoencoder
    from isthmus.tasks.base import Labels

ACTIVE = 0.01
"""Variance of a unit's posterior mean above which it counts as active, beside a prior of variance 1 (Burda 2016)."""

INACTIVE = 1e-4
"""Fraction of the most varying unit's variance up to which a unit counts as inactive, where there is no prior."""


class CodeStatistics:
    """Vectors of codes by row, and sums over rows and positions, from which follows how each unit varies.

    Parameters
    ----------
    model : Autoencoder
        Fitted; the model that encodes the rows.
    """

    def __init__(self, model: Autoencoder) -> None:
        self.model = model
        self._vectors: list[np.ndarray] = []
        self._count = 0
        self._start = self._total = self._squares = self._used = np.zeros(model.model_.latent_dim)

    def add(self, X: Rows, condition: Labels = None) -> None:
        """Add rows in memory."""
        codes = self.model.transform(X, condition)
        vectors = [by_position(one, self.model.model_.latent_dim) for one in _apart(self.model, codes)]
        positions = self.model.positions_
        self._vectors += [np.stack([one.mean(0) for one in vectors])] if positions else vectors
        for one in vectors:
            self._add(one.astype(np.float64))

    def _add(self, vectors: np.ndarray) -> None:
        """Add vectors to the sums, which start from the first so that large means lose no digits."""
        if not self._count:
            self._start = vectors[0]
        moved = vectors - self._start
        self._count += len(vectors)
        self._total, self._squares = self._total + moved.sum(0), self._squares + (moved**2).sum(0)
        self._used = self._used + (vectors != 0).sum(0)

    @property
    def vectors(self) -> np.ndarray:
        """The code of each row, (n, latent_dim): the mean over its positions where it has several."""
        return np.concatenate(self._vectors)

    @property
    def variance(self) -> np.ndarray:
        """Variance of each unit over rows and positions."""
        variance: np.ndarray = np.maximum(self._squares / self._count - (self._total / self._count) ** 2, 0.0)
        return variance

    @property
    def usage(self) -> np.ndarray:
        """Fraction of the rows and positions in which each unit is not zero."""
        usage: np.ndarray = self._used / self._count
        return usage

    def active(self) -> np.ndarray:
        """Return which units vary."""
        return varies(self.variance, "posterior" in self.model.graphs())


def by_position(code: np.ndarray, width: int) -> np.ndarray:
    """Return the vectors of a code, or of several, one below the other: (positions, latent_dim)."""
    return np.asarray(code).reshape(-1, width)


def _apart(model: Autoencoder, codes: np.ndarray | list[np.ndarray]) -> np.ndarray | list[np.ndarray]:
    """Return vector codes as a single array of all rows, and others row by row."""
    return codes if model.positions_ else [np.asarray(codes)]


def varies(variance: np.ndarray, posterior: bool) -> np.ndarray:
    """Return which units of that variance are active.

    Examples
    --------
    >>> varies(np.array([0.0, 0.25]), posterior=False).tolist()
    [False, True]
    """
    above: np.ndarray = variance > (ACTIVE if posterior else INACTIVE * variance.max(initial=0.0))
    return above


def divergence(model: Autoencoder, X: Rows, condition: Labels = None) -> np.ndarray:
    """Return KL from q(z|x) to N(0, 1) of each unit in nats: the mean over rows, and over positions."""
    sides = model.posterior(X, condition)
    mean, variance = (
        np.concatenate([by_position(one, model.model_.latent_dim) for one in _apart(model, side)]).astype(float)
        for side in sides
    )
    kl: np.ndarray = 0.5 * (variance + mean**2 - 1 - np.log(variance)).mean(0)
    return kl
