"""Threads: a single one if steps are too small to be worth sharing."""

from __future__ import annotations

SMALL = 2**25
"""Maximum multiplications in a step for a single thread."""


def choose_threads(multiplications: int, batch_size: int) -> int | None:
    """Return 1 for small steps, None for as many as torch uses.

    Two threads that wait for each other at every small operation are slower than one even on an idle machine, and ten
    times slower on a busy one.
    """
    return 1 if multiplications * batch_size < SMALL else None
