"""What images are of, as far as the names of their files say: several pieces of one page, or views of one part."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePath

import numpy as np

FEWEST = 3
"""Units from which each can be held out from others."""
FEW = 9
"""Images of one unit, where there are fewer units."""
PARTS = re.compile(r"(.+)[-_. ]([^-_. ]+)")
"""The stem of a name: what an image is of, and which of its images it is."""


def units_of(names: Sequence[str]) -> np.ndarray | None:
    """Return what each image is of, such as a page of which it is a piece; None if names do not say so.

    They do where they end in what tells images of one unit apart, and the same few endings come back: ``7_1``,
    ``7_2``, ``8_1``, ``8_2``. There are nine images of a unit at most, or as many as there are units: hundreds of
    frames of three cameras are not taken for three units.

    Parameters
    ----------
    names : sequence of str
        Of files, with their folders if they have some.

    Returns
    -------
    ndarray of str of shape (n,), or None

    Examples
    --------
    >>> units_of(["7_1.png", "7_2.png", "8_1.png", "8_2.png", "9_1.png"]).tolist()
    ['7', '7', '8', '8', '9']
    >>> units_of(["good_1.png", "good_2.png", "good_3.png"]), units_of(["a.png", "b.png", "c.png"])
    (None, None)
    """
    stems = [PurePath(name).with_suffix("") for name in names]
    parts = [PARTS.fullmatch(stem.name) for stem in stems]
    if not all(parts):
        return None
    pairs = [(str(stem.parent / part[1]), part[2]) for stem, part in zip(stems, parts, strict=True) if part]
    members: dict[str, set[str]] = defaultdict(set)
    for unit, ending in pairs:
        members[unit].add(ending)
    endings, largest = len({ending for _, ending in pairs}), max(map(len, members.values()), default=0)
    if largest < 2 or endings > largest or len(members) < FEWEST or largest > max(FEW, len(members)):
        return None
    return np.array([unit for unit, _ in pairs])
