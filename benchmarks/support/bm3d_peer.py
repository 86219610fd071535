"""BM3D, which takes half a minute an image: what it gave is kept with a hash of what it got.

Its licence is non-commercial: it is used here only, and no extra of the package installs it (``pip install bm3d``).
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np

from benchmarks.support.figures import Skip
from benchmarks.support.timing import say

KEPT = Path(__file__).parents[1] / "results" / "peers" / "bm3d.json"


def psnr(x: np.ndarray, clean: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio of an image with black at 0 and white at 1, in dB."""
    return float(-10 * math.log10(np.square(x - clean, dtype=np.float64).mean()))


def key_of(noisy: np.ndarray, sigma: float) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(noisy, dtype=np.float32).tobytes()).hexdigest()[:20]
    return f"{digest} {sigma:.5f}"


def bm3d_psnr(noisy: np.ndarray, clean: np.ndarray, sigma: float) -> float:
    """Return the PSNR of an image, (height, width) or (height, width, 3), after BM3D that knows the level of noise.

    Raises
    ------
    Skip
        It was not computed before, and bm3d is not installed.
    """
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    key = key_of(noisy, sigma)
    if key not in kept:
        kept[key] = round(psnr(_restored(noisy, sigma), clean), 4)
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps(kept, indent=0, sort_keys=True) + "\n")
        say(f"BM3D: {len(kept)} images so far")
    return float(kept[key])


def _restored(noisy: np.ndarray, sigma: float) -> np.ndarray:
    try:
        import bm3d
    except ImportError as error:
        raise Skip("bm3d is not installed: pip install bm3d (its licence is non-commercial)") from error
    restored: np.ndarray = (bm3d.bm3d_rgb if noisy.ndim == 3 else bm3d.bm3d)(noisy, sigma)
    return restored
