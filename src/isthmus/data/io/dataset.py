"""Dataset: what reading a file, a folder or a named data set gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Dataset:
    """Data and its labels.

    Attributes
    ----------
    X : ndarray, DataFrame, ParquetStream or PictureStream
        The rows; a stream where they take more memory than was allowed.
    y : ndarray of shape (n,), or None
        The labels, where there are any; numbers of `classes` where these are known.
    classes : tuple of str
        Names of the classes in the order of their numbers; empty where they have none.
    path : str
        Where the rows come from.
    names : tuple of str
        Of the pictures of a folder, their paths in it; else empty.
    """

    X: Any
    y: np.ndarray | None
    classes: tuple[str, ...]
    path: str
    names: tuple[str, ...] = ()
