"""Bins: a map from numbers of any distribution to [0, 1] and back, with bins of their own for frequent values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

MAX_BINS, MIN_BINS = 64, 8
"""Limits on the number of bins of a column."""
FEW = 32
"""Columns with at most this many values get one bin per value, whatever the number of rows."""
ROWS_EACH = 50
"""Rows per bin if there are too few rows for `MAX_BINS`."""
OUTPUTS = 8192
"""Limit on the bins of all columns together, unless `MIN_BINS` per column exceed it."""
PARTS = 4
"""Pieces of equal count into which each bin is divided."""
RIM = 1e-3
"""Fraction of a bin left empty at either side, so that float32 can tell its ends from the neighbouring bins."""

MULTIPLES = (86400.0, 3600.0, 1000.0, 100.0, 60.0, 10.0, 1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
"""Units that numbers, and dates in seconds, may be multiples of."""

Bin = tuple[float | None, tuple[float, ...]]
"""The unit of which its numbers are multiples (None if none of `MULTIPLES`), and the ends of its pieces, ascending."""


def learn_bins(numbers: np.ndarray) -> tuple[tuple[Bin, ...], ...]:
    """Return the bins of each column.

    A value that would fill two or more bins gets a bin of its own, as does each value of a column with few distinct
    values. The other values are divided into bins of equal counts, and no bin spans a value that has its own.

    Parameters
    ----------
    numbers : ndarray of shape (n, p)
        NaN for missing cells.
    """
    n, columns = numbers.shape
    room = max(MIN_BINS, min(MAX_BINS, OUTPUTS // max(columns, 1)))
    max_bins = max(MIN_BINS, min(room, n // ROWS_EACH))
    return tuple(
        _column_bins(column[~np.isnan(column)], max_bins, max(max_bins, min(room, FEW))) for column in numbers.T
    )


def _column_bins(values: np.ndarray, max_bins: int, few: int) -> tuple[Bin, ...]:
    """Return the bins of one column; a single bin at 0 if it has no values."""
    known, counts = np.unique(values, return_counts=True)
    if not len(known):
        return ((None, (0.0,) * (PARTS + 1)),)
    alone = np.full(len(known), True) if len(known) <= few else _heavy(counts, max_bins)
    light = np.where(alone, 0, counts)
    quota = light.sum() / max(1, max_bins - 2 * alone.sum() - 1)  # such a value splits a bin in two
    quantile_bin = (np.cumsum(light) - light) // max(quota, 1)
    first = np.flatnonzero(alone | np.append(True, alone[:-1]) | np.append(True, np.diff(quantile_bin) > 0))
    groups = np.split(np.repeat(known, counts), np.cumsum(counts)[first[1:] - 1])
    ends = np.linspace(0, 1, PARTS + 1)
    return tuple((_unit(group), tuple(np.quantile(group, ends).tolist())) for group in groups)


def _heavy(counts: np.ndarray, max_bins: int) -> np.ndarray:
    """Return which values would fill two or more of the bins that are left for less frequent values."""
    alone = np.full(len(counts), False)
    while True:
        more = counts >= 2 * counts[~alone].sum() / max_bins
        if more.sum() >= max_bins // 2 or more.sum() == alone.sum():
            return alone
        alone = more


def _unit(values: np.ndarray) -> float | None:
    """Return the largest of `MULTIPLES` that all values are multiples of.

    Examples
    --------
    >>> [_unit(np.array(values)) for values in ([1.0, 7.0], [1200.0, 500.0], [0.25, 0.5], [np.pi])]
    [1.0, 100.0, 0.01, None]
    """
    numbers = torch.from_numpy(values)
    same = (
        unit for unit in MULTIPLES if torch.equal(rounded(numbers, torch.tensor(unit, dtype=torch.float64)), numbers)
    )
    return next(same, None)


def rounded(numbers: Tensor, unit: Tensor) -> Tensor:
    """Return numbers rounded to multiples of units (units below 1 are decimals); unchanged where the unit is NaN."""
    above, below = unit.clamp_min(1), (1 / unit).round().clamp_min(1)
    return torch.where(torch.isnan(unit), numbers, torch.round(numbers / above * below) / below * above)


class Bins(nn.Module):
    """The map between numbers and [0, 1]: bin i of m is [i / m, (i + 1) / m], and a single value is at its middle.

    Numbers outside the learnt range map to values outside [0, 1], by their distance in units of `deviation`. Columns
    after those with bins are booleans and stay unchanged.

    Parameters
    ----------
    bins : sequence of sequence of Bin
        As `learn_bins` returns them.
    deviation : sequence of float
        Of these columns, possibly followed by others.
    """

    knots: Tensor
    unit: Tensor
    count: Tensor
    deviation: Tensor
    column: Tensor

    def __init__(self, bins: Sequence[Sequence[Bin]], deviation: Sequence[float]) -> None:
        super().__init__()
        widest = max(map(len, bins))
        knots, units = np.full((len(bins), widest, PARTS + 1), np.inf), np.full((len(bins), widest), np.nan)
        for index, column_bins in enumerate(bins):
            knots[index, : len(column_bins)] = [ends for _, ends in column_bins]
            units[index, : len(column_bins)] = [np.nan if unit is None else unit for unit, _ in column_bins]
        buffers = {
            "knots": knots,
            "unit": units,
            "count": np.array([len(column_bins) for column_bins in bins], dtype=np.int64),
            "deviation": np.array(deviation[: len(bins)]),
            "column": np.arange(len(bins)),
        }
        for name, values in buffers.items():
            self.register_buffer(name, torch.as_tensor(values, device="cpu"), persistent=False)

    def scaled(self, numbers: Tensor) -> Tensor:
        """Return x of numbers of shape (n, p), float64; NaN stays NaN."""
        binned, truth = self._split(numbers)
        first = self.knots[:, :, 0].contiguous()
        bin = torch.searchsorted(first, binned.T.contiguous(), right=True).T.clamp_min(1) - 1
        bin = torch.minimum(bin, self.count - 1)
        ends = self.knots[self.column, bin]
        start, width = ends[..., :-1], ends.diff(dim=-1)
        value = binned.unsqueeze(-1)
        fraction = torch.where(width > 0, (value - start) / width, 0.5 + torch.sign(value - start) / 2).clamp(0, 1)
        inside = bin + (RIM + (1 - 2 * RIM) * fraction.mean(2))  # of no rows, ONNX takes no axis from the end
        return torch.cat([inside / self.count + self._beyond(binned), truth], 1)

    def _split(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the columns with bins, and the booleans."""
        return x.split([len(self.count), x.shape[1] - len(self.count)], 1)

    def _beyond(self, numbers: Tensor) -> Tensor:
        """Return how far numbers lie outside the learnt range."""
        low, high = self.knots[:, 0, 0], self.knots[self.column, self.count - 1, -1]
        return ((numbers - high).clamp_min(0) - (low - numbers).clamp_min(0)) / self.deviation

    def numbers(self, scaled: Tensor) -> Tensor:
        """Return the numbers of x of shape (n, p), clipped to [0, 1], rounded to the units of their bins."""
        binned, truth = self._split(scaled)
        at = binned.clamp(0, 1) * self.count
        bin = torch.minimum(at.long(), self.count - 1)
        along = ((at - bin - RIM) / (1 - 2 * RIM)).clamp(0, 1) * PARTS
        piece = along.long().clamp_max(PARTS - 1)
        ends = self.knots[self.column, bin]
        start, end = (ends.gather(-1, (piece + step).unsqueeze(-1)).squeeze(-1) for step in (0, 1))
        exact = start + (end - start) * (along - piece)
        return torch.cat([rounded(exact, self.unit[self.column, bin]), truth], 1)
