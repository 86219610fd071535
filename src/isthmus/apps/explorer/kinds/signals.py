"""Examples that are windows of a signal."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus import InputError
from isthmus.apps.explorer.kinds.base import Kind, Number, largest
from isthmus.apps.explorer.lazy_rows import Columns
from isthmus.apps.export.page.tape import packed
from isthmus.data.signals.signals import Signals


class Curves(Kind):
    """Windows, a curve for each channel.

    Parameters
    ----------
    data : Signals
        Fitted.
    """

    name = "signal"
    key = "curve"
    accepts = list[list[Number | None]]
    windowed = True

    def __init__(self, data: Signals) -> None:
        self.data = data
        self.channels, self.window = data.shape

    def about(self, columns: Columns | None) -> dict[str, Any]:
        """Return the length of a window, and the names of the channels and the range in which most of each lies."""
        low, high = (None, None) if columns is None else _normal_range(columns["windows"])
        names = self.data.channel_names()
        deviation = self.data.divisor.flatten().tolist()
        return {"signal": {"window": self.window, "channels": names, "low": low, "high": high, "deviation": deviation}}

    def values(self, columns: Columns) -> list[dict[str, Any]]:
        """Return the curves of each window; None where a value is missing."""
        return [{"curve": [finite(line) for line in window]} for window in columns["windows"].tolist()]

    def packed(self, columns: Columns) -> dict[str, Any]:
        """Return the values of all windows."""
        return {"curves": packed(columns["windows"].numpy().astype(np.float32))}

    def layout(self) -> dict[str, Any]:
        """Return the sizes of x̂, and the scale of each channel."""
        scale, offset = self.data.divisor.flatten().tolist(), self.data.offset.flatten().tolist()
        sizes = {"channels": self.channels, "window": self.window}
        return {"kind": self.name, **sizes, "scale": scale, "offset": offset}

    def contributions(self, error_map: Tensor) -> dict[str, Any]:
        """Return the contributions of each time step, for each channel."""
        return {"curve": [finite(line) for line in error_map.T.tolist()]}

    def contributors(self, error_map: Tensor, count: int) -> list[dict[str, Any]]:
        """Return the channels that contribute most."""
        return largest(error_map.sum(0), self.data.channel_names(), count)

    def read(self, value: Any) -> Columns:
        """Return the window of a list of numbers for each channel."""
        if len(value) != self.channels or any(len(line) != self.window for line in value):
            raise InputError(f"curve: expected {self.channels} lists of {self.window} numbers, one for each channel")
        lines = [[float("nan") if number is None else number for number in line] for line in value]
        return {"windows": torch.tensor(lines, dtype=torch.float64)[None]}

    def corrupted(
        self,
        columns: Columns,
        noise: float,
        erase: float,
        deviation: Columns,
        random: torch.Generator,
    ) -> Columns:
        """Add noise in units of each channel's deviation, and remove that fraction of the time steps."""
        windows = columns["windows"]
        noisy = windows + noise * deviation["windows"] * torch.randn(windows.shape, generator=random)
        gone = torch.rand(windows.shape, generator=random) < erase
        return {**columns, "windows": torch.where(gone, torch.nan, noisy)}

    def deviation(self, columns: Columns) -> Columns:
        """Return the deviation of each channel."""
        windows = _some(columns["windows"]).double()
        there = ~torch.isnan(windows)
        count = there.sum((0, 2)).clamp_min(1)
        mean = windows.nan_to_num().sum((0, 2)) / count
        squares = torch.where(there, (windows - mean[:, None]).square(), 0.0).sum((0, 2)) / count
        return {"windows": squares.sqrt()[:, None]}

    def flat(self, columns: Columns) -> dict[str, list[Any]]:
        """Return a column for each time step of each channel."""
        steps = columns["windows"].transpose(1, 2).flatten(1).T.tolist()
        return dict(zip(self.data.feature_names(), map(finite, steps), strict=True))


def _some(windows: Tensor) -> Tensor:
    """Return about a thousand windows."""
    return windows[:: max(1, len(windows) // 1000)]


def _normal_range(windows: Tensor) -> list[list[float | None]]:
    """Return the 1 % and the 99 % quantile of each channel; None where it holds no value."""
    values = _some(windows).transpose(0, 1).flatten(1)
    return [finite(ends) for ends in np.stack([_ends(line[~np.isnan(line)]) for line in values.numpy()], 1).tolist()]


def _ends(values: np.ndarray) -> np.ndarray:
    return np.quantile(values, (0.01, 0.99)) if len(values) else np.full(2, np.nan)


def finite(numbers: list[float]) -> list[float | None]:
    """Return numbers with None in place of NaN."""
    return [None if number != number else number for number in numbers]
