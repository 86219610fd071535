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


def default_epochs(rows: int, batch_size: int, steps: int = 4000) -> int:
    """Return passes over the rows that make about `steps` steps: from 8 to 200.

    Examples
    --------
    >>> [default_epochs(n, default_batch_size(n)) for n in (10, 1_000, 5_000, 60_000, 10**7)]
    [200, 125, 100, 17, 8]
    """
    return min(200, max(8, round(steps * batch_size / max(rows, 1))))
