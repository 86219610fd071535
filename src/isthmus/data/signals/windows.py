"""Windows: where they stand on the time steps of recordings, and the way back from windows to time steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool1d


@dataclass(frozen=True)
class Layout:
    """Where windows stand. All recordings lie one behind the other on a tape of time steps.

    Attributes
    ----------
    window : int
        Time steps of a window.
    row : int64 ndarray of shape (m,)
        The user's row at each time step of the tape, counted over all recordings; -1: the time step is missing.
    starts : int64 ndarray of shape (w,)
        Where each window begins on the tape, rising.
    regular : bool ndarray of shape (w,)
        False for a window that stands off the stride, at the end of a stretch: it counts only where no other is.
    stretches : int64 ndarray of shape (s,)
        Where each stretch begins on the tape; no window crosses from one to the next.
    rows : int
        The user's rows.
    """

    window: int
    row: np.ndarray
    starts: np.ndarray
    regular: np.ndarray
    stretches: np.ndarray
    rows: int

    def cut(self, values: np.ndarray) -> Tensor:
        """Return the windows (w, channels, window) of values (rows, channels); a view where that can be."""
        tape = torch.from_numpy(np.require(self._on_tape(values), requirements=["C", "W"]))
        every = tape.unfold(0, self.window, 1)
        step = int(self.starts[1] - self.starts[0]) if len(self.starts) > 1 else 1
        if np.array_equal(self.starts, np.arange(len(self.starts)) * step):
            return every[:: max(step, 1)][: len(self.starts)]
        return every[torch.from_numpy(self.starts)]

    def _on_tape(self, values: np.ndarray) -> np.ndarray:
        if len(self.row) == len(values) and np.array_equal(self.row, np.arange(len(values))):
            return values
        return np.where((self.row >= 0)[:, None], values[self.row], np.nan).astype(values.dtype, copy=False)

    def mean(self, found: Tensor) -> Tensor:
        """Return for each row the mean over the windows that cover it.

        Parameters
        ----------
        found : Tensor of shape (w,) or (w, window, ...)
            What was found for each window, or for each of its time steps.

        Returns
        -------
        float64 Tensor of shape (rows,) or (rows, ...)
        """
        starts, regular = torch.from_numpy(self.starts), torch.from_numpy(self.regular)
        mean, count = self._mean(found[regular], starts[regular])
        if not self.regular.all():
            tail, _ = self._mean(found[~regular], starts[~regular])
            mean = torch.where(_like(count > 0, mean), mean, tail)
        there = torch.from_numpy(np.flatnonzero(self.row >= 0))
        out = mean.new_full((self.rows, *mean.shape[1:]), torch.nan)
        out[torch.from_numpy(self.row)[there]] = mean[there]
        return out

    def _mean(self, found: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean and the number of windows at each time step of the tape."""
        total = torch.zeros(len(self.row), *found.shape[2:], dtype=torch.float64)
        count = torch.zeros(len(self.row), dtype=torch.float64)
        for offset in range(self.window):
            total.index_add_(0, starts + offset, (found if found.ndim == 1 else found[:, offset]).double())
            count.index_add_(0, starts + offset, torch.ones(len(starts), dtype=torch.float64))
        return total / _like(count.clamp_min(1), total), count

    def last(self, found: Tensor) -> Tensor:
        """Return for each row what was found for the last window that ends at it or before, NaN where there is none.

        Windows of an earlier stretch do not count; `found` has the shape (w,).
        """
        ends = np.full(len(self.row), -1)
        ends[self.starts[self.regular] + self.window - 1] = np.flatnonzero(self.regular)
        latest = np.maximum.accumulate(ends)
        stretch = np.searchsorted(self.stretches, np.arange(len(self.row)), side="right") - 1
        known = (latest >= 0) & (self.starts[latest] >= self.stretches[stretch])
        out = torch.full((self.rows,), torch.nan, dtype=torch.float64)
        kept = np.flatnonzero((self.row >= 0) & known)
        out[torch.from_numpy(self.row[kept])] = found.double()[torch.from_numpy(latest[kept])]
        return out

    def window_max(self, found: Tensor) -> Tensor:
        """Return for each window the greatest of what was found for its rows, of shape (rows,); float64."""
        there = torch.from_numpy(self.row >= 0)
        tape = torch.full((len(self.row),), -torch.inf, dtype=torch.float64)
        tape[there] = found.double()[torch.from_numpy(self.row)[there]]
        return max_pool1d(tape[None], self.window, stride=1)[0, torch.from_numpy(self.starts)]

    def last_row_index(self) -> Tensor:
        """Return the last of the user's rows in each window, of shape (w,)."""
        return torch.from_numpy(np.maximum.accumulate(self.row)[self.starts + self.window - 1])


def _like(steps: Tensor, of: Tensor) -> Tensor:
    """Return a tensor of time steps with as many axes as another."""
    return steps.view(-1, *[1] * (of.ndim - 1))


def layout(slots: list[np.ndarray], window: int, stride: int) -> Layout:
    """Lay windows over recordings; none crosses the border of two, nor a gap as long as a window.

    Parameters
    ----------
    slots : list of int64 ndarray of shape (n,)
        For each recording the number of steps from its first time step to each of its rows, rising from 0.
    window : int
    stride : int
        Time steps from one window to the next. Where that leaves time steps at the end of a stretch, one more window
        ends with it. A stretch between long gaps that is shorter than a window is filled up with missing time steps.
    """
    tapes, starts, regular, stretches, rows, length = [], [], [], [], 0, 0
    for places in slots:
        for stretch in np.split(np.arange(len(places)), np.flatnonzero(np.diff(places) > window) + 1):
            at = places[stretch] - places[stretch[0]]
            tape = np.full(max(int(at[-1]) + 1, window), -1, dtype=np.int64)
            tape[at] = rows + stretch
            last = len(tape) - window
            first = np.append(np.arange(0, last + 1, stride), [last] if last % stride else [])
            starts.append(length + first.astype(np.int64))
            regular.append(first % stride == 0)
            stretches.append(length)
            tapes.append(tape)
            length += len(tape)
        rows += len(places)
    row, start, on_stride = (np.concatenate(found) for found in (tapes, starts, regular))
    return Layout(window, row, start, on_stride, np.array(stretches), rows)


def carried(x: Tensor) -> Tensor:
    """Fill NaN along the last axis with the number before it, at the start with the first one, and 0 if there is none.

    In a number of steps that depends on the shape only: each fills gaps twice as long as the one before.
    """
    for side in (1, -1):
        reach = 1
        while reach < x.shape[-1]:
            pad = torch.full_like(x[..., :reach], torch.nan)
            near = torch.cat([pad, x[..., :-reach]], -1) if side == 1 else torch.cat([x[..., reach:], pad], -1)
            x = torch.where(torch.isnan(x), near, x)
            reach *= 2
    return torch.where(torch.isnan(x), 0.0, x)
