"""Threads: one where a step is so small that sharing it costs more than it wins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

SMALL = 2**25
"""Multiplications in a step up to which one thread is used."""


def choose_threads(multiplications: int, batch_size: int) -> int | None:
    """Return 1 for small steps, None for as many as torch uses.

    Two threads that wait for each other at every small operation are slower than one even on an idle machine, and ten
    times slower on a busy one.
    """
    return 1 if multiplications * batch_size < SMALL else None


@contextmanager
def threads(number: int | None) -> Iterator[None]:
    """Compute in so many threads inside the block; None: as many as before."""
    before = torch.get_num_threads()
    if number is not None:
        torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
