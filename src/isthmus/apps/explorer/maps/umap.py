"""UMAP: a map that is computed in the background."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.support.errors import extra

FITTED = 20_000
"""Codes that it is fitted on; the others are laid among them."""

PIECE = 10_000
"""Of the others, that are laid in at a time."""

Tell = Callable[[str, int, int], object]
"""Is called with what is being done, how much of it is done, and of how much; 0 of 0 where that is not known."""


def installed() -> bool:
    """Tell whether the extra is installed, without importing it."""
    return find_spec("umap") is not None


class Background:
    """Computes positions of codes in a thread of its own.

    Parameters
    ----------
    codes : float32 ndarray of shape (n, d)

    Attributes
    ----------
    positions : ndarray of shape (n, 2), or None
        None until they are computed.
    failure : str or None
        Why they cannot be computed.
    progress : dict
        The current step, how much of it is done and of how much, and the seconds since the start.
    """

    def __init__(self, codes: NDArray[np.float32]) -> None:
        self.positions: NDArray[np.float32] | None = None
        self.failure: str | None = None
        self._codes = codes
        self._began, self._stage = time.monotonic(), ("", 0, 0)
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def progress(self) -> dict[str, Any]:
        """The progress."""
        stage, done, total = self._stage
        return {"stage": stage, "done": done, "total": total, "seconds": time.monotonic() - self._began}

    def _tell(self, *stage: Any) -> None:
        self._stage = stage

    def wait(self) -> None:
        """Return once it has ended."""
        self._thread.join()

    def _run(self) -> None:
        try:
            self.positions = laid_out(self._codes, self._tell)
        except Exception as error:  # noqa: BLE001  # a thread has nobody above it to tell
            self.failure = f"{type(error).__name__}: {error}"


class Rounds:
    """A file for the progress bar of UMAP, which writes ``"84/200"`` into it."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell

    def write(self, text: str) -> None:
        """Note how many rounds are done."""
        result = re.search(r"(\d+)/(\d+)", text)
        if result:
            self.tell("UMAP: placing the points, round by round", int(result[1]), int(result[2]))

    def flush(self) -> None:
        """Do nothing."""


def laid_out(codes: NDArray[np.float32], tell: Tell, limit: int = FITTED) -> NDArray[np.float32]:
    """Return positions of shape (n, 2); of more than `limit` codes a sample is fitted, and the others are added."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what its libraries will change
        tell("UMAP: loading the library", 0, 0)
        library = extra("umap", "umap")
        n = len(codes)
        order = np.random.default_rng(0).permutation(n)
        fitted, others = np.sort(order[:limit]), np.sort(order[limit:])
        plane = library.UMAP(
            n_neighbors=max(2, min(15, len(fitted) - 1)),
            random_state=0,
            n_jobs=1,
            tqdm_kwds={"file": Rounds(tell), "bar_format": "{n}/{total}", "disable": False},
        )
        positions = np.empty((n, 2), np.float32)
        tell(f"UMAP: finding the neighbours of {len(fitted):,} points", 0, 0)
        positions[fitted] = plane.fit_transform(codes[fitted])
        plane.tqdm_kwds = {"disable": True}
        for at in range(0, len(others), PIECE):
            tell("UMAP: laying the other points among them", at, len(others))
            piece = others[at : at + PIECE]
            positions[piece] = plane.transform(codes[piece])
    return positions
