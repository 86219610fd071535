"""How long to train, where the user does not say: by the number of rows."""

from __future__ import annotations


def default_batch_size(rows: int) -> int:
    """Return a power of two from 16 to 256, about a fortieth of the rows.

    Examples
    --------
    >>> [default_batch_size(n) for n in (10, 1_000, 5_000, 60_000)]
    [16, 32, 128, 256]
    """
    return min(256, max(16, 1 << (rows // 40).bit_length()))


def default_epochs(rows: int, batch_size: int, steps: int = 5000) -> int:
    """Return passes over the rows that make about `steps` steps: from 12 to 50.

    Examples
    --------
    >>> [default_epochs(n, default_batch_size(n)) for n in (10, 1_000, 5_000, 60_000, 10**6)]
    [50, 50, 50, 21, 12]
    """
    return min(50, max(12, round(steps * batch_size / max(rows, 1))))
