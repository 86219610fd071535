"""Settings: how to train."""

from __future__ import annotations

import math
from dataclasses import dataclass

SCHEDULES = {"cosine": 0.1, "one-cycle": 0.3, "constant": None}
"""The fraction of the steps during which the rate rises; None for a constant rate."""

FIRST_RATE = 0.04
"""Initial rate as a fraction of the highest rate."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes
    ----------
    epochs : int
    batch_size : int
    learning_rate : float
        The highest rate of the schedule.
    schedule : {"cosine", "one-cycle", "constant"}
        Cosine: a straight rise over a tenth of the steps, then half a cosine down to zero. One-cycle: the rise takes
        three tenths (Smith & Topin 2019).
    weight_decay : float
        Weight decay of AdamW, for matrices only.
    clip : float or None
        The longest gradient, as a multiple of the typical one; see `isthmus.core.training.clipping`.
    average : float or None
        Decay of the moving average of the weights that is evaluated and kept; None keeps the weights themselves.
    patience : int or None
        Epochs without a better validation loss after which training stops.
    precision : {"float32", "bfloat16"}
    threads : int or None
        Threads of the processor; None: as many as torch uses.
    seed : int
    """

    epochs: int
    batch_size: int
    learning_rate: float = 4e-3
    schedule: str = "cosine"
    weight_decay: float = 0.01
    clip: float | None = 1.0
    average: float | None = None
    patience: int | None = None
    precision: str = "float32"
    threads: int | None = None
    seed: int = 0

    def rate(self, t: float) -> float:
        """Return the learning rate at progress `t` in [0, 1]."""
        rise = SCHEDULES[self.schedule]
        if rise is None:
            return self.learning_rate
        if t < rise:
            return self.learning_rate * (FIRST_RATE + (1 - FIRST_RATE) * t / rise)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * (t - rise) / (1 - rise)))
