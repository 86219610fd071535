"""Dataset: the result of reading a file, a folder or a named data set."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from isthmus.data.io.reading import Reading


@dataclass(frozen=True)
class Dataset:
    """Data and its labels.

    Attributes
    ----------
    X : ndarray, DataFrame, ParquetStream or ImageStream
        The rows; a stream if they take more memory than allowed.
    y : ndarray of shape (n,), or None
        The labels, if any; indices into `classes` if the classes have names.
    classes : tuple of str
        Names of the classes; empty if they have none.
    path : str
        Where the rows come from.
    names : tuple of str
        Of the images of a folder, their paths in it; else empty.
    notes : tuple of str
        What was converted or assumed while reading, a sentence each, for the user to see.
    label : str or None
        What the column of labels of a named table is called.
    reading : Reading
        How a table was read: what was asked for, and what was recognised.
    left_out : int
        How many images could not be read, and were left out.
    """

    X: Any
    y: np.ndarray | None
    classes: tuple[str, ...]
    path: str
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reading: Reading = Reading()
    label: str | None = None
    left_out: int = 0

    @property
    def labels(self) -> np.ndarray | None:
        """The labels, as the names of their classes where they have names."""
        return self.y if self.y is None or not self.classes else np.asarray(self.classes)[self.y]

    def with_labels(self, names: Collection[str]) -> Any:
        """Return X; the labels of a named table are its last column if `names` has what they are called."""
        return self.X if self.label is None or self.label not in names else self.X.assign(**{self.label: self.labels})
