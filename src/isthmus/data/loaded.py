"""Loaded: what reading a file, a folder or a named data set gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Loaded:
    """Data and its labels.

    Attributes
    ----------
    X : ndarray, DataFrame, Parquet or Pictures
        The rows. A `Parquet` or `Pictures` where they take more memory than was allowed: these have ``chunks()``
        and ``source(...)``.
    y : ndarray of shape (n,), or None
        The labels, where there are any; numbers of `classes` where these are known.
    classes : tuple of str
        Names of the classes in the order of their numbers; empty where they have none.
    path : str
        Where the rows come from.
    """

    X: Any
    y: np.ndarray | None
    classes: tuple[str, ...]
    path: str
