"""Schedules: a weight as a function of training progress t in [0, 1]."""

import math

from isthmus.core.part import part
from isthmus.support.errors import InputError


class Schedule:
    """A weight as a function of training progress."""

    def __call__(self, t: float) -> float:
        """Return the weight at progress `t`."""
        raise NotImplementedError


@part("schedule/constant")
class Constant(Schedule):
    """The same weight all along."""

    def __init__(self, value: float = 1.0) -> None:
        self.value = value

    def __call__(self, t: float) -> float:
        """Return the value."""
        return self.value


@part("schedule/warmup", renamed={"share": "fraction"})
class Warmup(Schedule):
    """A weight that rises in a straight line from 0 to `value` over the first `fraction` of training (Bowman 2016).

    Examples
    --------
    >>> [Warmup(2.0, fraction=0.5)(t) for t in (0, 0.25, 0.5, 1)]
    [0.0, 1.0, 2.0, 2.0]
    """

    def __init__(self, value: float = 1.0, fraction: float = 0.3) -> None:
        if not 0 < fraction <= 1:
            raise InputError(
                f"fraction={fraction} is outside (0, 1]: the weight rises during that fraction of training"
            )
        self.value, self.fraction = value, fraction

    def __call__(self, t: float) -> float:
        """Return the weight at progress `t`."""
        return self.value * min(1.0, t / self.fraction)


@part("schedule/cyclical")
class Cyclical(Schedule):
    """Several warm-ups one after the other; each rises over the first half of its cycle (Fu 2019).

    Examples
    --------
    >>> [Cyclical(1.0, cycles=2)(t) for t in (0, 0.25, 0.5, 0.625, 1)]
    [0.0, 1.0, 0.0, 0.5, 1.0]
    """

    def __init__(self, value: float = 1.0, cycles: int = 4) -> None:
        if cycles < 1:
            raise InputError(f"cycles={cycles} is less than 1")
        self.value, self.cycles = value, cycles

    def __call__(self, t: float) -> float:
        """Return the weight at progress `t`."""
        phase = 1.0 if t >= 1 else math.modf(t * self.cycles)[0]
        return self.value * min(1.0, 2 * phase)


@part("schedule/cosine")
class Cosine(Schedule):
    """A weight that goes from `start` to `end` along half a cosine."""

    def __init__(self, start: float = 0.0, end: float = 1.0) -> None:
        self.start, self.end = start, end

    def __call__(self, t: float) -> float:
        """Return the weight at progress `t`."""
        return self.end + (self.start - self.end) * (1 + math.cos(math.pi * min(t, 1.0))) / 2
