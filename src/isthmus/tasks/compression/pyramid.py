"""Whole numbers along time, from coarse to fine: each is predicted from those on both sides that are known by then.

The first level has every 2^`LEVELS`-th number; each further level those halfway between. A level is predicted by a
linear filter of its neighbours, and of the other channels that are known, whose weights the encoder finds and writes.
How far off that is depends on how rough the neighbourhood is, in up to `CONTEXTS` classes, each with its own table.
All is whole numbers: what is read is what was written, on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np

from isthmus.tasks.compression.coder import Decoder, Encoder, Tables
from isthmus.tasks.compression.tables import LEVELS as SCALES
from isthmus.tasks.compression.tables import OFFSETS, REACH, SHAPES, low_bits

LEVELS = 6
TAPS = (1, 3)
"""Neighbours to each side, in steps of the level."""
ACROSS = (-1, 0, 1)
"""Of other channels, in steps of the level."""
WEIGHT, EIGHTHS = 128, 8
"""Weights are whole numbers of 1/128, what is predicted of 1/8."""
ROUGH = 32
"""Weights of roughness are whole numbers of 1/32."""
CONTEXTS, PER_CONTEXT = 16, 150
"""Classes of roughness, and how many numbers each has at least."""
WIDE = 0.03
"""How much of a wider shape each table has."""
ENOUGH = 8
"""How many numbers there are for each weight, at least."""
BITS_OF_WEIGHT, BITS_OF_CONTEXT = 7, 20
SAMPLE = 2**15
"""Numbers of a level from which its filter is fitted, about."""
SHORT = 4096
"""Logarithms of smaller numbers are looked up."""


class Filter(NamedTuple):
    """How a level of a channel is predicted, in whole numbers.

    Attributes
    ----------
    weights : tuple of int
        Of the neighbours, then of other channels; none: the mean of the two nearest.
    shift : int
        In 1/256.
    rough : tuple of int
        Weights of roughness; none: there is one context.
    edges : tuple of int
        Between the contexts.
    tables : tuple of int
        One for each context: ``shape * SCALES + scale``.
    """

    weights: tuple[int, ...] = ()
    shift: int = 0
    rough: tuple[int, ...] = ()
    edges: tuple[int, ...] = ()
    tables: tuple[int, ...] = (0,)


@cache
def tables() -> Tables:
    """Return the tables of all shapes."""
    weights = np.zeros((len(SHAPES), SCALES, len(SHAPES)), np.float32)
    for shape in range(len(SHAPES)):
        weights[shape, :, shape] = 1 - WIDE
        weights[shape, :, 2] += WIDE
    return Tables(*weights)


@cache
def _costs() -> np.ndarray:
    """Return the bits of each number under each table, of shape (shapes · scales, offsets · numbers)."""
    probabilities = tables().probabilities
    bits = -np.log2(probabilities / probabilities.sum(1, keepdims=True)) + tables().low_bits[:, None]
    costs: np.ndarray = bits.reshape(len(SHAPES) * SCALES, -1)
    return costs


@cache
def _thresholds() -> np.ndarray:
    """Return the whole numbers from which on the logarithm is another number of eighths of an octave."""
    from decimal import Context, Decimal

    context = Context(prec=30)
    return np.array([int(context.power(2, Decimal(j) / 8).to_integral_value("ROUND_CEILING")) for j in range(1, 257)])


@cache
def _short_logarithms() -> np.ndarray:
    return np.searchsorted(_thresholds(), np.arange(SHORT) + 1, side="right")


def logarithm(numbers: np.ndarray) -> np.ndarray:
    """Return the logarithm of 1 + |n| in whole eighths of an octave."""
    size = np.abs(numbers)
    short = _short_logarithms()
    result: np.ndarray = short[np.minimum(size, len(short) - 1)]
    large = size >= len(short)
    if large.any():
        result[large] = np.searchsorted(_thresholds(), size[large] + 1, side="right")
    return result


class Coder(Protocol):
    """Writes whole numbers, or reads them."""

    def start(self, count: int, values: np.ndarray) -> np.ndarray:
        """Return the numbers of the coarsest level, each less the one before it; `values` are those to write."""
        ...

    def level(self, level: Level, values: np.ndarray) -> np.ndarray:
        """Return the numbers of a level, and set how far off each was; `values` are those to write."""
        ...


class Level:
    """The neighbourhood of the numbers of a level, of which those of coarser levels are known.

    Parameters
    ----------
    k : int64 ndarray of shape (n, channels)
    channel : int
        Channels before it are known.
    step : int
        Between the numbers of this level and their nearest neighbours.
    errors : int64 ndarray of shape (n,)
        How far off each number of a coarser level was.
    every : int, default 1
        Take one of so many numbers.
    """

    def __init__(self, k: np.ndarray, channel: int, step: int, errors: np.ndarray, every: int = 1) -> None:
        self.k, self.channel, self.step, self.errors = k, channel, step, errors
        n = len(k)
        self.at = np.arange(step, n, 2 * step * every)
        self.last = (n - 1) // (2 * step) * 2 * step
        self.own = k[:, channel]
        self.sum = self._known(self.own, -1) + self._known(self.own, 1)

    def sample(self, every: int) -> Level:
        """Return one of so many numbers of the level."""
        return Level(self.k, self.channel, self.step, self.errors, every)

    def _known(self, values: np.ndarray, steps: int) -> np.ndarray:
        """Return what is so many steps on, among the numbers of coarser levels."""
        known: np.ndarray = values[(self.at + steps * self.step).clip(0, self.last)]
        return known

    def neighbours(self, count: int) -> np.ndarray:
        """Return what is around, in halves, less the mean of the two nearest; int64 of shape (numbers, count)."""
        columns = [self._known(self.own, side * tap) for tap in TAPS for side in (-1, 1)]
        end = len(self.k) - 1
        for other in range(self.channel):
            columns += [self.k[(self.at + steps * self.step).clip(0, end), other] for steps in ACROSS]
        apart: np.ndarray = 2 * np.stack(columns[:count], 1) - self.sum[:, None]
        return apart

    @property
    def counts(self) -> tuple[int, ...]:
        """How many neighbours a filter may have."""
        own = 2 * len(TAPS)
        return tuple(sorted({0, own, own + len(ACROSS) * self.channel}))

    def roughness(self) -> np.ndarray:
        """Return what tells how far off predictions are, int64 of shape (numbers, 6)."""
        near, far = self._known(self.own, 1) - self._known(self.own, -1), self._known(self.own, 3)
        wide = np.abs(far - self._known(self.own, 1)) + np.abs(self._known(self.own, -1) - self._known(self.own, -3))
        middle = (self.at // (2 * self.step) | 1) * 2 * self.step
        errors = [self.errors[(middle + 4 * side * self.step).clip(0, self.last)] for side in (0, -1, 1)]
        features = [near, wide, *errors, sum(errors)]
        return np.stack([logarithm(feature) for feature in features] + [np.full(len(self.at), EIGHTHS)], 1)

    def predicted(self, known: Filter) -> np.ndarray:
        """Return what is predicted, in eighths."""
        exact = self.sum * WEIGHT + known.shift
        if known.weights:
            exact = exact + self.neighbours(len(known.weights)) @ np.array(known.weights, np.int64)
        eighths: np.ndarray = (exact + 16) >> 5  # of 1/256
        return eighths

    def contexts(self, known: Filter) -> np.ndarray:
        """Return the class of roughness of each number."""
        if not known.rough:
            return np.zeros(len(self.at), np.int64)
        return np.searchsorted(np.array(known.edges), self.roughness() @ np.array(known.rough, np.int64), side="right")


def coded(k: np.ndarray, coder: Coder) -> None:
    """Write the whole numbers of some channels, or read them into place.

    Parameters
    ----------
    k : int64 ndarray of shape (n, channels)
    coder : Coder
    """
    top = max(0, min(LEVELS, (len(k) - 1).bit_length() - 2))
    for channel in range(k.shape[1]):
        own, errors = k[:, channel], np.zeros(len(k), np.int64)
        coarsest = own[:: 2**top]
        steps = coder.start(len(coarsest), np.diff(coarsest, prepend=0))
        own[:: 2**top] = np.cumsum(steps)
        errors[:: 2**top] = np.abs(steps)
        for step in (2**level for level in range(top - 1, -1, -1)):
            level = Level(k, channel, step, errors)
            own[level.at] = coder.level(level, own[level.at])


def distributions(level: Level, known: Filter) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the whole number next to each prediction, the table of what is left, and -1 where that is mirrored."""
    eighths = level.predicted(known)
    middle = (eighths + EIGHTHS // 2) // EIGHTHS
    offset = eighths - middle * EIGHTHS
    table = np.array(known.tables)[level.contexts(known)]
    which = (table * OFFSETS + np.abs(offset)).astype(np.uint16)
    return middle, which, np.where(offset < 0, -1, 1)


class Reader:
    """Reads whole numbers.

    Parameters
    ----------
    filters : iterator of Filter
        Of each level, one after the other; of the coarsest, its table alone.
    decoder : Decoder
    """

    def __init__(self, filters: Iterator[Filter], decoder: Decoder) -> None:
        self.filters, self.decoder = filters, decoder

    def start(self, count: int, values: np.ndarray) -> np.ndarray:
        """Return the numbers of the coarsest level, each less the one before it."""
        known = next(self.filters)
        steps = self.decoder.take(np.full(count, known.tables[0] * OFFSETS, np.uint16), tables())
        steps[0] += known.shift
        return steps

    def level(self, level: Level, values: np.ndarray) -> np.ndarray:
        """Return the numbers of a level."""
        middle, which, mirror = distributions(level, next(self.filters))
        numbers: np.ndarray = middle + self.decoder.take(which, tables()) * mirror
        level.errors[level.at] = np.abs(numbers - middle)
        return numbers


class Writer:
    """Finds the filters of whole numbers, and writes these.

    Attributes
    ----------
    filters : list of Filter
    encoder : Encoder
    """

    def __init__(self) -> None:
        self.filters: list[Filter] = []
        self.encoder = Encoder()

    def start(self, count: int, values: np.ndarray) -> np.ndarray:
        """Write the numbers of the coarsest level, each less the one before it."""
        left = values.copy()
        left[0] = 0
        table = best_table(left, np.zeros(count, np.int64))
        self.filters.append(Filter(shift=int(values[0]), tables=(table,)))
        self.encoder.put(left, np.full(count, table * OFFSETS, np.uint16), tables())
        return values

    def level(self, level: Level, values: np.ndarray) -> np.ndarray:
        """Write the numbers of a level."""
        known = fitted(level, values)
        self.filters.append(known)
        middle, which, mirror = distributions(level, known)
        self.encoder.put((values - middle) * mirror, which, tables())
        level.errors[level.at] = np.abs(values - middle)
        return values


def fitted(level: Level, values: np.ndarray) -> Filter:
    """Return the filter with which the numbers of a level take the fewest bits, about."""
    every = -(-len(values) // SAMPLE)
    some, of_some = level.sample(every), values[::every]
    each = [_linear(some, of_some, count) for count in level.counts if count * ENOUGH <= len(of_some)]
    known = min(each, key=lambda one: _bits(some, of_some, one))
    known = _with_roughness(some, of_some, known)
    eighths = level.predicted(known)
    middle = (eighths + EIGHTHS // 2) // EIGHTHS
    offset = eighths - middle * EIGHTHS
    left, classes = (values - middle) * np.where(offset < 0, -1, 1), level.contexts(known)
    costs = [table_costs(left[classes == c], np.abs(offset)[classes == c]) for c in range(len(known.edges) + 1)]
    runs = merged(costs)
    chosen = tuple(int(np.sum(costs[first : last + 1], 0).argmin()) for first, last in runs)
    edges = tuple(known.edges[first - 1] for first, _ in runs[1:])
    return known._replace(rough=known.rough if edges else (), edges=edges, tables=chosen)


def _linear(level: Level, values: np.ndarray, count: int) -> Filter:
    """Return the filter of the least squared error, with so many weights."""
    if not count:
        return Filter()
    x, y = level.neighbours(count).astype(np.float64), (2 * values - level.sum).astype(np.float64)
    x_mean, y_mean = x.mean(0), y.mean()
    gram = (x - x_mean).T @ (x - x_mean)
    gram[np.diag_indices(count)] *= 1 + 1e-6
    gram[np.diag_indices(count)] += 1e-3
    exact = np.linalg.solve(gram, (x - x_mean).T @ (y - y_mean))
    weights = np.rint(WEIGHT * exact).clip(-(2**15), 2**15)
    shift = WEIGHT * y_mean - x_mean @ weights
    return Filter(tuple(map(int, weights)), int(np.rint(np.clip(shift, -(2.0**50), 2.0**50))))


def _bits(level: Level, values: np.ndarray, known: Filter) -> float:
    """Return about what the numbers of a level take, and the weights."""
    left = np.abs(EIGHTHS * values - level.predicted(known)) / EIGHTHS
    return float(np.log2(0.3 + left).sum()) + BITS_OF_WEIGHT * len(known.weights)


def _with_roughness(level: Level, values: np.ndarray, known: Filter) -> Filter:
    """Return a filter with classes of roughness."""
    classes = min(CONTEXTS, len(values) // PER_CONTEXT)
    if classes < 2:
        return known
    rough = level.roughness()
    left = np.abs(EIGHTHS * values - level.predicted(known)) / EIGHTHS
    x = rough / EIGHTHS
    exact = np.linalg.solve(x.T @ x + 0.1 * np.eye(x.shape[1]), x.T @ np.log2(0.1 + left))
    weights = np.rint(ROUGH * exact).clip(-(2**15), 2**15).astype(np.int64)
    edges = np.unique(np.quantile(rough @ weights, np.arange(1, classes) / classes).round().astype(np.int64))
    return known._replace(rough=tuple(map(int, weights)), edges=tuple(map(int, edges)))


def best_table(left: np.ndarray, offset: np.ndarray) -> int:
    """Return the table under which some numbers take the fewest bits."""
    return int(table_costs(left, offset).argmin())


def table_costs(left: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Return the bits that some numbers take under each table."""
    scales = low_bits()
    costs = np.empty(len(_costs()))
    for bits in np.unique(scales):
        high = left >> bits
        near = high.clip(-REACH, REACH)
        counts = np.bincount(offset * (2 * REACH + 1) + near + REACH, minlength=OFFSETS * (2 * REACH + 1))
        beyond = np.abs(high[np.abs(near) == REACH]).astype(np.float64) - REACH
        same = np.flatnonzero(np.tile(scales == bits, len(SHAPES)))
        costs[same] = _costs()[same] @ counts + (5 + np.log2(1 + beyond)).sum()
    return costs


def merged(costs: list[np.ndarray]) -> list[tuple[int, int]]:
    """Return which neighbouring contexts have one table, as the first and the last of each.

    Two are merged as long as their own tables save fewer bits than it takes to write one more context.

    Parameters
    ----------
    costs : list of ndarray of shape (tables,)
        Bits of the numbers of each context under each table.
    """
    runs = [(at, at) for at in range(len(costs))]
    while len(runs) > 1:
        lost = [float((a + b).min() - a.min() - b.min()) for a, b in pairwise(costs)]
        at = int(np.argmin(lost))
        if lost[at] >= BITS_OF_CONTEXT:
            break
        costs = [*costs[:at], costs[at] + costs[at + 1], *costs[at + 2 :]]
        runs = [*runs[:at], (runs[at][0], runs[at + 1][1]), *runs[at + 2 :]]
    return runs
