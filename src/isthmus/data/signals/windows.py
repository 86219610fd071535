"""Windows: their positions on the time steps of recordings, and the way back from windows to time steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool1d


@dataclass(frozen=True)
class Layout:
    """The positions of windows. All recordings are concatenated to one tape of time steps.

    Attributes
    ----------
    window : int
        Length of a window in time steps.
    row : int64 ndarray of shape (m,)
        The index of the user's row at each time step of the tape, over all recordings; -1 for missing time steps.
    starts : int64 ndarray of shape (w,)
        The first time step of each window on the tape, increasing.
    regular : bool ndarray of shape (w,)
        False for an extra window at the end of a stretch, off the stride: it counts only where no other window is.
    stretches : int64 ndarray of shape (s,)
        The first time step of each stretch on the tape; no window crosses from one stretch to the next.
    rows : int
        The number of the user's rows.
    """

    window: int
    row: np.ndarray
    starts: np.ndarray
    regular: np.ndarray
    stretches: np.ndarray
    rows: int

    def cut(self, values: np.ndarray) -> Tensor:
        """Return the windows (w, channels, window) of values (rows, channels); a view if possible."""
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

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean over the windows that cover each row.

        Parameters
        ----------
        values : Tensor of shape (w,) or (w, window, ...)
            The values of each window, or of each of its time steps.

        Returns
        -------
        float64 Tensor of shape (rows,) or (rows, ...)
        """
        starts, regular = torch.from_numpy(self.starts), torch.from_numpy(self.regular)
        mean, count = self._mean(values[regular], starts[regular])
        if not self.regular.all():
            tail, _ = self._mean(values[~regular], starts[~regular])
            mean = torch.where(_like(count > 0, mean), mean, tail)
        present = torch.from_numpy(np.flatnonzero(self.row >= 0))
        out = mean.new_full((self.rows, *mean.shape[1:]), torch.nan)
        out[torch.from_numpy(self.row)[present]] = mean[present]
        return out

    def _mean(self, values: Tensor, starts: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean over the windows, and their number, at each time step of the tape."""
        total = torch.zeros(len(self.row), *values.shape[2:], dtype=torch.float64)
        count = torch.zeros(len(self.row), dtype=torch.float64)
        for offset in range(self.window):
            total.index_add_(0, starts + offset, (values if values.ndim == 1 else values[:, offset]).double())
            count.index_add_(0, starts + offset, torch.ones(len(starts), dtype=torch.float64))
        return total / _like(count.clamp_min(1), total), count

    def last(self, values: Tensor) -> Tensor:
        """Return the value of the last window that ends at or before each row; NaN if there is none.

        Windows of earlier stretches do not count; `values` has the shape (w,).
        """
        ends = np.full(len(self.row), -1)
        ends[self.starts[self.regular] + self.window - 1] = np.flatnonzero(self.regular)
        latest = np.maximum.accumulate(ends)
        stretch = np.searchsorted(self.stretches, np.arange(len(self.row)), side="right") - 1
        known = (latest >= 0) & (self.starts[latest] >= self.stretches[stretch])
        out = torch.full((self.rows,), torch.nan, dtype=torch.float64)
        kept = np.flatnonzero((self.row >= 0) & known)
        out[torch.from_numpy(self.row[kept])] = values.double()[torch.from_numpy(latest[kept])]
        return out

    def window_max(self, values: Tensor) -> Tensor:
        """Return the largest value of the rows in each window, float64; `values` has the shape (rows,)."""
        present = torch.from_numpy(self.row >= 0)
        tape = torch.full((len(self.row),), -torch.inf, dtype=torch.float64)
        tape[present] = values.double()[torch.from_numpy(self.row)[present]]
        return max_pool1d(tape[None], self.window, stride=1)[0, torch.from_numpy(self.starts)]

    def last_row_index(self) -> Tensor:
        """Return the index of the user's last row in each window, of shape (w,)."""
        return torch.from_numpy(np.maximum.accumulate(self.row)[self.starts + self.window - 1])


def _like(steps: Tensor, of: Tensor) -> Tensor:
    """Return a tensor of time steps with as many axes as another."""
    return steps.view(-1, *[1] * (of.ndim - 1))


def layout(slots: list[np.ndarray], window: int, stride: int) -> Layout:
    """Return the positions of windows; none crosses from one recording to the next, nor a gap as long as a window.

    Parameters
    ----------
    slots : list of int64 ndarray of shape (n,)
        For each recording, the number of steps from its first time to each of its rows, increasing from 0.
    window : int
    stride : int
        Time steps from one window to the next. If that leaves time steps at the end of a stretch, an extra window ends
        with it. A stretch between long gaps that is shorter than a window is padded with missing time steps.
    """
    tapes, starts, regular, stretches, rows, length = [], [], [], [], 0, 0
    for steps in slots:
        for stretch in np.split(np.arange(len(steps)), np.flatnonzero(np.diff(steps) > window) + 1):
            at = steps[stretch] - steps[stretch[0]]
            tape = np.full(max(int(at[-1]) + 1, window), -1, dtype=np.int64)
            tape[at] = rows + stretch
            last = len(tape) - window
            first = np.append(np.arange(0, last + 1, stride), [last] if last % stride else [])
            starts.append(length + first.astype(np.int64))
            regular.append(first % stride == 0)
            stretches.append(length)
            tapes.append(tape)
            length += len(tape)
        rows += len(steps)
    row, start, on_stride = (np.concatenate(arrays) for arrays in (tapes, starts, regular))
    return Layout(window, row, start, on_stride, np.array(stretches), rows)


def carried(x: Tensor) -> Tensor:
    """Fill NaN along the last axis with the number before it; at the start with the first number, 0 if there is none.

    The number of steps depends only on the shape: each step fills gaps twice as long as the one before.
    """
    for side in (1, -1):
        reach = 1
        while reach < x.shape[-1]:
            pad = torch.full_like(x[..., :reach], torch.nan)
            near = torch.cat([pad, x[..., :-reach]], -1) if side == 1 else torch.cat([x[..., reach:], pad], -1)
            x = torch.where(torch.isnan(x), near, x)
            reach *= 2
    return torch.where(torch.isnan(x), 0.0, x)
