"""Dataset: the result of reading a file, a folder or a named data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from isthmus.data.io.reading import Reading


@dataclass(frozen=True)
class Dataset:
    """Data and its labels.

    Attributes
    ----------
    X : ndarray, DataFrame, ParquetStream or PictureStream
        The rows; a stream if they take more memory than allowed.
    y : ndarray of shape (n,), or None
        The labels, if any; indices into `classes` if the classes have names.
    classes : tuple of str
        Names of the classes; empty if they have none.
    path : str
        Where the rows come from.
    names : tuple of str
        Of the pictures of a folder, their paths in it; else empty.
    notes : tuple of str
        What was converted or assumed while reading, a sentence each, for the user to see.
    reading : Reading
        How a table was read: what was asked for, and what was recognised.
    """

    X: Any
    y: np.ndarray | None
    classes: tuple[str, ...]
    path: str
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reading: Reading = Reading()
