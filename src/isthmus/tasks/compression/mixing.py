"""Columns of categories: each is predicted from some of those before it, from what was counted so far.

A distribution is a mixture of those in ever finer contexts: of no other column, of one, of two (a Pitman-Yor process
in each, by its mean; Teh 2006). Rows come in blocks that grow; what is counted in one tells of the next, so that no
counts are written. All are sums, products and quotients of float64, which are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from isthmus.tasks.compression.coder import constriction, decoded

FIRST, GROWTH = 64, 1.2
"""Rows of the first block, and how much longer each further one ends."""
DISCOUNT, STRENGTH = 0.5, 1.0
"""Of the Pitman-Yor processes."""
BINS = 24
"""Categories that a context tells apart, of one column."""
PARENTS = 4
CELLS = 2**23
"""Counts of one context, at most."""
SEEN, WORTH = 2**13, 40
"""Rows from which parents are chosen, and how many bits each must save on them."""
PIECE = 2**21
"""Probabilities at a time."""


class Coder(Protocol):
    """Writes symbols, or reads them."""

    def __call__(self, rows: slice, probabilities: np.ndarray) -> np.ndarray:
        """Return the symbols of some rows, for probabilities of shape (rows, symbols)."""
        ...


def coded(symbols: int, contexts: Sequence[np.ndarray], rows: int, coder: Coder) -> np.ndarray:
    """Write the symbols of a column, or read them.

    Parameters
    ----------
    symbols : int
        How many different ones there are.
    contexts : sequence of int64 ndarray of shape (rows,)
        From coarse to fine; whole numbers from 0 on.
    rows : int
    coder : Coder
    """
    column = np.zeros(rows, np.int64)
    if symbols < 2:
        return column
    counts = [np.zeros((int(context.max(initial=0)) + 1, symbols), np.int64) for context in contexts]
    done = 0
    for end in ends(rows, symbols):
        block = slice(done, end)
        column[block] = coder(block, _probabilities(counts, [context[block] for context in contexts], symbols))
        for count, context in zip(counts, contexts, strict=True):
            np.add.at(count, (context[block], column[block]), 1)
        done = end
    return column


def ends(rows: int, symbols: int) -> Iterator[int]:
    """Yield where blocks end."""
    end, chunk = min(FIRST, rows), max(1, PIECE // symbols)
    last = 0
    while last < rows:
        end = min(end, rows, last + chunk)
        yield end
        last, end = end, int(end * GROWTH) + 1


def _probabilities(counts: Sequence[np.ndarray], contexts: Sequence[np.ndarray], symbols: int) -> np.ndarray:
    """Return the probability of each symbol in each row."""
    mixed = np.full((len(contexts[0]), symbols), 1 / symbols)
    for count, context in zip(counts, contexts, strict=True):
        seen = count[context]
        total, kinds = seen.sum(1, keepdims=True), (seen > 0).sum(1, keepdims=True)
        own = np.maximum(seen - DISCOUNT, 0)
        mixed = (own + (STRENGTH + DISCOUNT * kinds) * mixed) / (total + STRENGTH)
    return mixed


def chosen_parents(column: np.ndarray, symbols: int, others: Sequence[np.ndarray]) -> list[int]:
    """Return the columns that tell the most of one, in the order in which contexts grow.

    Parameters
    ----------
    column : int64 ndarray of shape (rows,)
    symbols : int
    others : sequence of int64 ndarray of shape (rows,)
    """
    some, rows = column[:SEEN], min(SEEN, len(column))
    parents: list[int] = []
    fewest = _bits(some, symbols, contexts_of([], rows))
    while len(parents) < PARENTS:
        costs = {}
        for other in set(range(len(others))) - set(parents):
            contexts = contexts_of([others[at][:SEEN] for at in (*parents, other)], rows)
            if (int(contexts[-1].max(initial=0)) + 1) * symbols <= CELLS:
                costs[other] = _bits(some, symbols, contexts)
        if not costs or min(costs.values()) > fewest - WORTH:
            break
        parents.append(min(costs, key=costs.__getitem__))
        fewest = costs[parents[-1]]
    return parents


def _bits(column: np.ndarray, symbols: int, contexts: Sequence[np.ndarray]) -> float:
    """Return the bits that a column takes."""
    total = 0.0

    def count(rows: slice, probabilities: np.ndarray) -> np.ndarray:
        nonlocal total
        total -= float(np.log2(probabilities[np.arange(len(probabilities)), column[rows]]).sum())
        return column[rows]

    coded(symbols, contexts, len(column), count)
    return total


def contexts_of(parents: Sequence[np.ndarray], rows: int) -> list[np.ndarray]:
    """Return the contexts of no column, of the first, of the first two, and so on."""
    contexts = [np.zeros(rows, np.int64)]
    for parent in parents:
        both = contexts[-1] * BINS + binned(parent)
        contexts.append(np.unique(both, return_inverse=True)[1].astype(np.int64))
    return contexts


def binned(column: np.ndarray) -> np.ndarray:
    """Return a column in at most `BINS` classes, which follow the order of its symbols, about equally frequent."""
    if column.max(initial=0) < BINS:
        return column
    ordered = np.sort(column)
    edges = ordered[np.arange(1, BINS) * len(column) // BINS]
    return np.searchsorted(edges, column, side="right").astype(np.int64)


class Writer:
    """Writes the symbols of columns.

    Parameters
    ----------
    column : int64 ndarray of shape (rows,)
    coder : RangeEncoder
    """

    def __init__(self, column: np.ndarray, coder: object) -> None:
        self.column, self.coder = column, coder

    def __call__(self, rows: slice, probabilities: np.ndarray) -> np.ndarray:
        """Write the symbols of some rows."""
        family = constriction().stream.model.Categorical(perfect=False)
        self.coder.encode(self.column[rows].astype(np.int32), family, probabilities)  # type: ignore[attr-defined]
        return self.column[rows]


class Reader:
    """Reads the symbols of columns.

    Parameters
    ----------
    coder : RangeDecoder
    """

    def __init__(self, coder: object) -> None:
        self.coder = coder

    def __call__(self, rows: slice, probabilities: np.ndarray) -> np.ndarray:
        """Read the symbols of some rows."""
        family = constriction().stream.model.Categorical(perfect=False)
        return decoded(self.coder, family, probabilities)
