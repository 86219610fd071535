"""Nearest: exact nearest neighbours by brute force."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray


class Nearest:
    """Finds the nearest of some points.

    Parameters
    ----------
    points : float32 ndarray of shape (n, d)
    """

    def __init__(self, points: NDArray[np.float32]) -> None:
        self.points = points
        self._points = torch.from_numpy(np.require(points, requirements=["C", "W"]))

    def to(self, position: NDArray[np.float32], k: int, but: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the k nearest points to a position, and how far they are; without the point with the index `but`."""
        squares = (self._points - torch.from_numpy(position)).square_().sum(1)
        if but is not None:
            squares[but] = torch.inf
        result = squares.topk(min(k, len(squares) - (but is not None)), largest=False)
        return result.indices.numpy(), result.values.sqrt().numpy()
