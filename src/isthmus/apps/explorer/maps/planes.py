"""Planes: the maps of one model's codes, each made on first use."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus import InputError
from isthmus.apps.explorer.maps import maps, umap
from isthmus.apps.explorer.maps.near import Nearest
from isthmus.apps.explorer.once import once

KEPT = 8
"""Maps of two numbers of the code that are kept: one of 100,000 points takes a megabyte."""


class Planes:
    """The maps of codes.

    Parameters
    ----------
    codes : float32 ndarray of shape (n, d)
    """

    def __init__(self, codes: NDArray[np.float32]) -> None:
        self.codes, self.nearest = codes, Nearest(codes)
        self.latent_dim = codes.shape[1]
        self._umap: umap.Background | None = None
        self._numbered: dict[tuple[int, int], maps.Flat] = {}
        self._lock = Lock()

    def about(self) -> list[dict[str, str]]:
        """Return ids and titles of the maps, the one to begin with first."""
        titles = {"codes": "Codes", "pca": "PCA"}
        if self.latent_dim > 2:
            titles = {"pca": "PCA", **({"umap": "UMAP"} if umap.installed() else {}), "codes": "Codes"}
        return [{"id": id, "title": title} for id, title in titles.items()]

    def named(self, name: str, x: int = 0, y: int = 1) -> maps.Map | None:
        """Return a map by its id; None while it is being made.

        Raises
        ------
        InputError
            These codes have no such map.
        """
        if name == "umap":
            return self.umap()
        return self.pca if name == "pca" else self.numbered(x, y)

    @once
    def pca(self) -> maps.Flat:
        """The map along the two directions in which codes vary most."""
        return maps.principal(self.codes)

    def umap(self) -> maps.Free | None:
        """Return the map of UMAP; None while it is computed, which the first call starts.

        Raises
        ------
        InputError
            It is not installed, or cannot be made.
        """
        if not umap.installed() or self.latent_dim <= 2:
            raise InputError("map: UMAP needs codes of 3 numbers or more, and the package: pip install 'isthmus[umap]'")
        with self._lock:
            self._umap = self._umap or umap.Background(self.codes)
        if self._umap.failure:
            raise InputError(f"map: UMAP could not be made of these codes: {self._umap.failure}")
        return None if self._umap.positions is None else self.free

    @property
    def progress(self) -> dict[str, Any]:
        """The progress of the map of UMAP."""
        assert self._umap is not None
        return self._umap.progress

    @once
    def free(self) -> maps.Free:
        """The map of UMAP, once it is complete."""
        assert self._umap is not None and self._umap.positions is not None
        return maps.Free(self.nearest, self._umap.positions)

    def numbered(self, x: int, y: int) -> maps.Flat:
        """Return the map of two numbers of the code.

        Raises
        ------
        InputError
            The code has no such number.
        """
        for name, index in {"x": x, "y": y if self.latent_dim > 1 else 0}.items():
            if not 0 <= index < self.latent_dim:
                raise InputError(f"{name}: a code has the numbers 0 to {self.latent_dim - 1}, not {index}")
        with self._lock:
            if (x, y) not in self._numbered:
                if len(self._numbered) >= KEPT:
                    del self._numbered[next(iter(self._numbered))]
                self._numbered[x, y] = maps.numbers(self.codes, x, y)
            return self._numbered[x, y]
