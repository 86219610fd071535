"""Reservoir: the sample of the training rows that a score is fitted on, drawn in one pass."""

from __future__ import annotations

import numpy as np
import torch

from isthmus.core.data import Columns, join, take

FIT_ROWS = 20_000
"""Rows that a score is fitted on, at most; and training rows whose scores are kept."""
FIT_NUMBERS = 2**28
"""Numbers in these rows, at most."""


class Reservoir:
    """Some of the rows that it sees, each as likely as any other (Vitter 1985): those with the smallest random keys.

    Attributes
    ----------
    samples : list of Columns
        The rows that are kept, those of one size together.
    """

    def __init__(self) -> None:
        self._keys: list[np.ndarray] = []
        self.samples: list[Columns] = []

    def add(self, columns: Columns, keys: np.ndarray) -> None:
        """Add rows of one size, with their keys."""
        shapes = _shapes(columns)
        at = next((i for i, kept in enumerate(self.samples) if _shapes(kept) == shapes), None)
        if at is None:
            self.samples.append(columns)
            self._keys.append(keys)
        else:
            self.samples[at] = join([self.samples[at], columns])
            self._keys[at] = np.append(self._keys[at], keys)
        self._prune()

    def _prune(self) -> None:
        """Drop rows beyond the allowed number of rows or of elements."""
        keys = np.concatenate(self._keys)
        sizes = [sum(tensor[:1].numel() for tensor in kept.values()) for kept in self.samples]
        numbers = np.repeat(sizes, [len(own) for own in self._keys])
        order = np.argsort(keys)
        allowed = np.searchsorted(np.cumsum(numbers[order]), FIT_NUMBERS, side="right")
        max_rows = max(1, min(FIT_ROWS, int(allowed)))
        if len(keys) <= max_rows:
            return
        last = keys[order[max_rows - 1]]
        masks = [own <= last for own in self._keys]
        self.samples = [take(kept, torch.from_numpy(mask)) for kept, mask in zip(self.samples, masks, strict=True)]
        self._keys = [own[mask] for own, mask in zip(self._keys, masks, strict=True)]
        some = [i for i, own in enumerate(self._keys) if len(own)]
        self.samples, self._keys = [self.samples[i] for i in some], [self._keys[i] for i in some]


def _shapes(columns: Columns) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape[1:]) for name, tensor in columns.items()}
