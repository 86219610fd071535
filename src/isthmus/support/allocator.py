"""How the C library keeps memory that was freed."""

from __future__ import annotations

import ctypes
import sys

MMAP_THRESHOLD = -3
"""The option of that name of ``mallopt``."""
LARGE = 2**22


def return_large_blocks() -> None:
    """Have blocks of 4 MB and more returned to the system as soon as they are freed, where glibc allocates.

    By itself it comes to keep blocks of up to 32 MB for later, and those of a large image, which differ in size, leave
    gaps between them: 50 megapixels took half a gigabyte more.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(MMAP_THRESHOLD, LARGE)
