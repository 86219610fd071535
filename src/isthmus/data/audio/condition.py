"""The condition of recordings: which are silent, clipped, or resampled."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from isthmus.data.audio.sounds import Sound
from isthmus.support.errors import DataWarning, counted, listed

NAMED = 3
"""Maximum number of recordings that a message names."""

RUN = 3
"""Successive samples at the largest value from which a recording counts as clipped there."""

CLIPPED = 1e-3
"""Fraction of clipped samples from which it is said."""


def is_silent(samples: np.ndarray) -> bool:
    """Tell whether no sample (time, channels) differs from the one before it: silence, or a constant."""
    return bool(np.ptp(samples, axis=0).max() == 0)


def clipped_fraction(samples: np.ndarray) -> float:
    """Return the fraction of samples (time, channels) that are in a run at the largest or the smallest value.

    Examples
    --------
    >>> wave = np.sin(np.arange(1000) / 10)[:, None]
    >>> clipped_fraction(wave), round(clipped_fraction(wave.clip(-0.7, 0.7)), 1)
    (0.0, 0.5)
    """
    if len(samples) < RUN or is_silent(samples):
        return 0.0
    extreme = (samples == samples.max(0)) | (samples == samples.min(0))
    runs = extreme[2:] & extreme[1:-1] & extreme[:-2]
    inside = np.zeros_like(extreme)
    for shift in range(RUN):
        inside[shift : len(runs) + shift] |= runs
    return float(inside.mean(0).max())


@dataclass
class Conditions:
    """Counts the recordings that are silent, clipped, or of another rate.

    Attributes
    ----------
    silent, clipped : list of str
        Their names.
    rates : dict of int to int
        How many recordings have each rate but the model's.
    """

    total: int = 0
    rate: int = 0
    silent: list[str] = field(default_factory=list)
    clipped: list[str] = field(default_factory=list)
    rates: dict[int, int] = field(default_factory=dict)

    def add(self, one: Sound, samples: np.ndarray, rate: int) -> None:
        """Count a recording; `rate` is the model's."""
        self.total, self.rate = self.total + 1, rate
        if is_silent(samples):
            self.silent.append(one.name)
        if clipped_fraction(samples) > CLIPPED:
            self.clipped.append(one.name)
        if one.rate != rate:
            self.rates[one.rate] = self.rates.get(one.rate, 0) + 1

    def notes(self) -> list[str]:
        """Return a sentence on each of them."""
        said = []
        if self.silent:
            said.append(f"{self._some(self.silent)} silent: nothing but one value")
        if self.clipped:
            said.append(f"{self._some(self.clipped)} clipped: the model learns this distortion too")
        for rate, count in sorted(self.rates.items()):
            is_or_are = "is" if count == 1 else "are"
            said.append(
                f"{counted(count, 'recording')} of {self.total:,} {is_or_are} resampled from {rate:,} to "
                f"{self.rate:,} Hz for the model"
            )
        return said

    def _some(self, names: Sequence[str]) -> str:
        return f"{listed(names, NAMED)} of {self.total:,} {'is' if len(names) == 1 else 'are'}"

    def warn(self) -> None:
        """Issue them as warnings."""
        for note in self.notes():
            warnings.warn(note, DataWarning, stacklevel=5)
