"""Calibration: how the symbols of each slot are really distributed, once a model is trained."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from isthmus.core.records import Batch
from isthmus.tasks.compression.codec import Codec
from isthmus.tasks.compression.symbols import tables_of
from isthmus.tasks.compression.tables import LEVELS, OFFSETS, REACH, SHAPES, basis, low_bits

ROUNDS = 200
"""Of expectation and maximisation (Dempster 1977)."""
DOUBT = 200.0
"""Symbols that the first shape is taken to have had before."""
PARTS = 256
"""Weights are whole numbers of 1 / PARTS."""


class Counter:
    """Counts the symbols of each slot by their table; it watches `isthmus.parts.bottlenecks.rounding.Rounding`."""

    def __init__(self, slots: int) -> None:
        self.counts = np.zeros((slots, LEVELS, OFFSETS, 2 * REACH + 1))

    def __call__(self, slot: int, symbols: Tensor, mean: Tensor, scale: Tensor, board: Tensor | None) -> None:
        """Count the symbols of a slot."""
        which, middle, mirror = tables_of(mean, scale, board)
        chosen = symbols if board is None else symbols[board.expand_as(symbols)]
        numbers = (chosen.flatten().cpu().numpy().astype(np.int64) - middle) * mirror
        near = (numbers >> np.repeat(low_bits(), OFFSETS)[which]).clip(-REACH, REACH) + REACH
        width = 2 * REACH + 1
        flat = np.bincount(which.astype(np.int64) * width + near, minlength=LEVELS * OFFSETS * width)
        self.counts[slot] += flat.reshape(LEVELS, OFFSETS, width)


@torch.no_grad()
def calibrated(codec: Codec, batches: Iterable[Batch]) -> np.ndarray:
    """Return how much of each shape the symbols of each slot have, of shape (slots, levels, shapes).

    Parameters
    ----------
    codec : Codec
    batches : iterable of Batch
        With steps.
    """
    counter = Counter(len(codec.tables))
    for batch in batches:
        codec.entropy.code(codec.model.encode(batch), batch.step, codec.entropy.trade, counter)
    return np.stack([fitted(counts) for counts in counter.counts])


def fitted(counts: np.ndarray) -> np.ndarray:
    """Return the weights of shapes, of (levels, shapes), that are most likely for counts (levels, offsets, numbers)."""
    shapes = basis()
    weights = np.zeros((LEVELS, len(SHAPES)))
    for level in range(LEVELS):
        weights[level] = _fitted_mixture(counts[level].ravel(), shapes[:, level].reshape(len(SHAPES), -1))
    return whole(weights)


def _fitted_mixture(counts: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    seen = counts > 0
    counts, shapes = counts[seen], shapes[:, seen]
    prior = np.eye(len(shapes))[0] * DOUBT
    weights = np.full(len(shapes), 1 / len(shapes))
    for _ in range(ROUNDS):
        mixed = weights[:, None] * shapes
        expected = (mixed / np.maximum(mixed.sum(0), 1e-30)) @ counts + prior
        weights = expected / expected.sum()
    return weights


def whole(weights: np.ndarray) -> np.ndarray:
    """Return weights as whole numbers of 1 / PARTS that sum to 1, in float32."""
    parts = np.floor(weights * PARTS)
    parts[np.arange(len(parts)), weights.argmax(1)] += PARTS - parts.sum(1)
    rounded: np.ndarray = (parts / PARTS).astype(np.float32)
    return rounded


def untaught(slots: Sequence[object] | int) -> np.ndarray:
    """Return the weights of models that are not calibrated: the first shape alone."""
    count = slots if isinstance(slots, int) else len(slots)
    weights = np.zeros((count, LEVELS, len(SHAPES)), np.float32)
    weights[..., 0] = 1
    return weights
