"""UMAP: a map that is made in the background."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from threading import Thread

import numpy as np
from numpy.typing import NDArray

MOST = 20_000
"""Codes that it is fitted on; the others are laid among them."""


def installed() -> bool:
    """Tell whether the extra is there; it is not imported."""
    return find_spec("umap") is not None


class Background:
    """Lays codes out in a thread of its own.

    Parameters
    ----------
    codes : float32 ndarray of shape (n, d)

    Attributes
    ----------
    places : ndarray of shape (n, 2), or None
        None until they are there.
    failure : str or None
        Why there will be none.
    """

    def __init__(self, codes: NDArray[np.float32]) -> None:
        self.places: NDArray[np.float32] | None = None
        self.failure: str | None = None
        self._codes = codes
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Return once it has ended."""
        self._thread.join()

    def _run(self) -> None:
        try:
            self.places = laid_out(self._codes)
        except Exception as error:  # noqa: BLE001  # a thread has nobody above it to tell
            self.failure = f"{type(error).__name__}: {error}"


def laid_out(codes: NDArray[np.float32], most: int = MOST) -> NDArray[np.float32]:
    """Return places of shape (n, 2); of more than `most` codes a random choice is fitted, the others are laid in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what its libraries will change
        n = len(codes)
        order = np.random.default_rng(0).permutation(n)
        fitted, others = np.sort(order[:most]), np.sort(order[most:])
        plane = import_module("umap").UMAP(n_neighbors=max(2, min(15, len(fitted) - 1)), random_state=0, n_jobs=1)
        places = np.empty((n, 2), np.float32)
        places[fitted] = plane.fit_transform(codes[fitted])
        if len(others):
            places[others] = plane.transform(codes[others])
    return places
