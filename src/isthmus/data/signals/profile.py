"""Profile: what rows are as a signal, without training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from isthmus.data.signals.recordings import recordings
from isthmus.data.signals.timeline import median_step, slots


@dataclass(frozen=True)
class SignalProfile:
    """A signal.

    Attributes
    ----------
    rows : int
    channels : tuple of str
    time : str or None
        The column with the times.
    step : float or None
        The median step, in seconds for dates, else in the unit of the times.
    dates : bool
        Whether the times are dates.
    missing : int
        Time steps that are missing between the first and the last.
    gaps : int
        Cells that are missing.
    """

    rows: int
    channels: tuple[str, ...]
    time: str | None
    step: float | None
    dates: bool
    missing: int
    gaps: int


def profile(X: Any) -> SignalProfile:
    """Return what X is as a signal.

    Raises
    ------
    InputError
        X is no signal: a channel holds no numbers, or its times are not increasing or irregular.

    Examples
    --------
    >>> profile([[0.0], [2.0], [np.nan]]).gaps
    1
    """
    (one,) = recordings(X, None, None)
    step, missing, dates = None, 0, False
    if one.stamps is not None:
        step, dates = median_step(one.stamps), one.stamps.dtype.kind == "M"
    if one.stamps is not None and step:
        at = slots(one.stamps, step, one.time)
        missing = int(at[-1]) + 1 - len(at)
    names = one.names or tuple(f"x{number}" for number in range(one.values.shape[1]))
    return SignalProfile(len(one), names, one.time, step, dates, missing, int(np.isnan(one.values).sum()))
