"""What recordings are, without training: their lengths, rates and channels."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from isthmus.data.audio.condition import Conditions
from isthmus.data.audio.sounds import scaled, sounds


@dataclass(frozen=True)
class Described:
    """Recordings.

    Attributes
    ----------
    count : int
    seconds, shortest, longest : float
        Their length in all, and that of the shortest and the longest one.
    rates, channels : dict of int to int
        How many recordings have each rate, and number of channels; the most frequent first.
    notes : tuple of str
        Which are silent or clipped.
    """

    count: int
    seconds: float
    shortest: float
    longest: float
    rates: dict[int, int]
    channels: dict[int, int]
    notes: tuple[str, ...]


def described(X: Any) -> Described:
    """Return what recordings are; each is decoded once.

    Examples
    --------
    >>> import numpy as np
    >>> from isthmus.data.audio.sounds import Sound
    >>> described([Sound(np.zeros(800), 8000), Sound(np.ones((1600, 2)), 8000)]).channels
    {1: 1, 2: 1}
    """
    recordings, conditions = sounds(X, None), Conditions()
    for one in map(recordings.at, range(len(recordings))):
        conditions.add(one, scaled(one), one.rate)
    lengths = [samples / rate for samples, _, rate in recordings.shapes]
    rates, channels = (Counter(shape[axis] for shape in recordings.shapes) for axis in (2, 1))
    return Described(
        len(lengths),
        sum(lengths),
        min(lengths),
        max(lengths),
        dict(rates.most_common()),
        dict(channels.most_common()),
        tuple(conditions.notes()),
    )
