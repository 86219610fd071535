"""Default nets for data of a given size."""

from __future__ import annotations

from math import prod
from typing import Any

from isthmus.core.part import lookup

NARROWEST, WIDEST = 64, 512


def mlp_for(shape: tuple[int, ...]) -> Any:
    """Return the mlp net for rows of this shape, with its knobs set explicitly, so that a model file stores them.

    Only wide nets get LayerNorm: without it, narrow nets have a third of the error on 9 columns (shuttle).
    """
    widths = widths_for(prod(shape))
    return lookup("net/mlp")(widths=widths, norm=widths[0] >= WIDEST)


def widths_for(elements: int) -> tuple[int, ...]:
    """Return hidden widths for rows of some number of elements: about twice as wide as the row, then halved.

    Wider nets fit narrow tables worse: on 9 columns (shuttle), 64-32 has a twentieth of the error of 512-256-128.

    Examples
    --------
    >>> [widths_for(n) for n in (9, 64, 200, 784)]
    [(64, 32), (128, 64), (512, 256, 128), (512, 256, 128)]
    """
    first = min(WIDEST, max(NARROWEST, 1 << (2 * elements - 1).bit_length()))
    return (512, 256, 128) if first == WIDEST else (first, first // 2)
