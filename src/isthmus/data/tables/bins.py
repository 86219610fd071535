"""Bins: numbers of any distribution as places in [0, 1], and back; spikes and gaps have places of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

MOST, FEWEST = 64, 8
"""Bins of a column."""
FEW = 32
"""Values that have a bin each, whatever the number of rows."""
ROWS_EACH = 50
"""Rows for each bin, where there are not enough for `MOST`."""
OUTPUTS = 8192
"""Bins of all columns together, which wide tables do not exceed unless `FEWEST` makes them."""
PARTS = 4
"""Pieces of equal count that each bin is divided into."""
RIM = 1e-3
"""Share of a bin at either side where no number lies, so that float32 keeps its ends apart from its neighbours."""

UNITS = (86400.0, 3600.0, 1000.0, 100.0, 60.0, 10.0, 1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
"""What numbers, and dates in seconds, may be multiples of."""

Bin = tuple[float | None, tuple[float, ...]]
"""The unit that its numbers are multiples of (None: no one of `UNITS`), and the ends of its pieces, ascending."""


def learn_bins(numbers: np.ndarray) -> tuple[tuple[Bin, ...], ...]:
    """Return the bins of each column.

    A value that would fill two bins or more gets one of its own, as does each value of a column that has few; the
    others share the rest in equal counts, none reaching across a value with its own.

    Parameters
    ----------
    numbers : ndarray of shape (n, p)
        NaN where a cell is missing.
    """
    n, columns = numbers.shape
    room = max(FEWEST, min(MOST, OUTPUTS // max(columns, 1)))
    most = max(FEWEST, min(room, n // ROWS_EACH))
    return tuple(_column_bins(column[~np.isnan(column)], most, max(most, min(room, FEW))) for column in numbers.T)


def _column_bins(values: np.ndarray, most: int, few: int) -> tuple[Bin, ...]:
    """Return the bins of one column; one bin at 0 where there is no value."""
    known, counts = np.unique(values, return_counts=True)
    if not len(known):
        return ((None, (0.0,) * (PARTS + 1)),)
    alone = np.full(len(known), True) if len(known) <= few else _heavy(counts, most)
    light = np.where(alone, 0, counts)
    quota = light.sum() / max(1, most - 2 * alone.sum() - 1)  # such a value parts a bin in two
    share = (np.cumsum(light) - light) // max(quota, 1)
    first = np.flatnonzero(alone | np.append(True, alone[:-1]) | np.append(True, np.diff(share) > 0))
    groups = np.split(np.repeat(known, counts), np.cumsum(counts)[first[1:] - 1])
    ends = np.linspace(0, 1, PARTS + 1)
    return tuple((_unit(group), tuple(np.quantile(group, ends).tolist())) for group in groups)


def _heavy(counts: np.ndarray, most: int) -> np.ndarray:
    """Return which values fill two bins or more of those that the values lighter than they would share."""
    alone = np.full(len(counts), False)
    while True:
        more = counts >= 2 * counts[~alone].sum() / most
        if more.sum() >= most // 2 or more.sum() == alone.sum():
            return alone
        alone = more


def _unit(values: np.ndarray) -> float | None:
    """Return the largest of `UNITS` that all values are multiples of.

    Examples
    --------
    >>> [_unit(np.array(values)) for values in ([1.0, 7.0], [1200.0, 500.0], [0.25, 0.5], [np.pi])]
    [1.0, 100.0, 0.01, None]
    """
    found = torch.from_numpy(values)
    same = (unit for unit in UNITS if torch.equal(rounded(found, torch.tensor(unit, dtype=torch.float64)), found))
    return next(same, None)


def rounded(numbers: Tensor, unit: Tensor) -> Tensor:
    """Return numbers rounded to multiples of units, those below 1 being decimals; as they are where a unit is NaN."""
    above, below = unit.clamp_min(1), (1 / unit).round().clamp_min(1)
    return torch.where(torch.isnan(unit), numbers, torch.round(numbers / above * below) / below * above)


class Bins(nn.Module):
    """The map between numbers and places in [0, 1]: bin i of m is [i / m, (i + 1) / m], a single value at its middle.

    Numbers beyond the learnt range lie beyond [0, 1], by their distance in units of `deviation`. Columns after those
    that have bins are left as they are: truth values.

    Parameters
    ----------
    bins : sequence of sequence of Bin
        As `learn_bins` returns them.
    deviation : sequence of float
        Of these columns, and maybe of more.
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
        for place, held in enumerate(bins):
            knots[place, : len(held)] = [ends for _, ends in held]
            units[place, : len(held)] = [np.nan if unit is None else unit for unit, _ in held]
        buffers = {
            "knots": knots,
            "unit": units,
            "count": np.array([len(held) for held in bins], dtype=np.int64),
            "deviation": np.array(deviation[: len(bins)]),
            "column": np.arange(len(bins)),
        }
        for name, values in buffers.items():
            self.register_buffer(name, torch.as_tensor(values, device="cpu"), persistent=False)

    def places(self, numbers: Tensor) -> Tensor:
        """Return the places of numbers of shape (n, p), float64; NaN stays NaN."""
        binned, truth = self._parted(numbers)
        first = self.knots[:, :, 0].contiguous()
        bin = torch.searchsorted(first, binned.T.contiguous(), right=True).T.clamp_min(1) - 1
        bin = torch.minimum(bin, self.count - 1)
        ends = self.knots[self.column, bin]
        start, width = ends[..., :-1], ends.diff(dim=-1)
        value = binned.unsqueeze(-1)
        share = torch.where(width > 0, (value - start) / width, 0.5 + torch.sign(value - start) / 2).clamp(0, 1)
        inside = bin + (RIM + (1 - 2 * RIM) * share.mean(2))  # of no rows, ONNX takes no axis from the end
        return torch.cat([inside / self.count + self._beyond(binned), truth], 1)

    def _parted(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return the columns with bins, and the truth values."""
        return x.split([len(self.count), x.shape[1] - len(self.count)], 1)

    def _beyond(self, numbers: Tensor) -> Tensor:
        """Return how far numbers lie outside the learnt range."""
        low, high = self.knots[:, 0, 0], self.knots[self.column, self.count - 1, -1]
        return ((numbers - high).clamp_min(0) - (low - numbers).clamp_min(0)) / self.deviation

    def numbers(self, places: Tensor) -> Tensor:
        """Return the numbers at places of shape (n, p), cut to [0, 1], in the units of their bins."""
        placed, truth = self._parted(places)
        at = placed.clamp(0, 1) * self.count
        bin = torch.minimum(at.long(), self.count - 1)
        along = ((at - bin - RIM) / (1 - 2 * RIM)).clamp(0, 1) * PARTS
        piece = along.long().clamp_max(PARTS - 1)
        ends = self.knots[self.column, bin]
        start, end = (ends.gather(-1, (piece + step).unsqueeze(-1)).squeeze(-1) for step in (0, 1))
        exact = start + (end - start) * (along - piece)
        return torch.cat([rounded(exact, self.unit[self.column, bin]), truth], 1)
