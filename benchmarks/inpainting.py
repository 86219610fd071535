"""Missing parts of photographs: 24 % of their blocks, and scratches over 14 % of their pixels, beside OpenCV.

kodim01 to 16, with the denoiser that comes with isthmus, beside the better of OpenCV's two ways on each image (Telea
2004; Bertalmio 2001). The PSNR is that of the whole image.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch

from benchmarks.restoration import unit
from benchmarks.support.bm3d_peer import psnr
from benchmarks.support.data import found, quietly
from benchmarks.support.figures import Figure, Result, Skip
from benchmarks.support.rows import ours
from benchmarks.support.timing import say
from isthmus import Denoiser
from isthmus.core.interfaces import Corruption
from isthmus.core.records import Batch
from isthmus.parts.corruptions.masking import PatchMasking
from isthmus.parts.corruptions.scratches import Scratches

HOLES: dict[str, tuple[Corruption, float]] = {
    "blocks of 8 x 8": (PatchMasking(0.24, 8), 1.0),
    "blocks of 16 x 16": (PatchMasking(0.24, 16), 1.0),
    "scratches": (Scratches(0.14), 1.5),
}
"""What is missing, and the bar of the gain."""
RADIUS = 3
"""Pixels around a hole that OpenCV looks at."""


def run(quick: bool) -> Result:
    denoiser = Denoiser.shipped("inpaint")
    photos = [unit(path, "RGB") for path in sorted(found("photos/kodak").glob("*.png"))[: 1 if quick else None]]
    figures, table = [], [["missing", "Telea", "Navier-Stokes", "isthmus", "gain over the better", "least gain"]]
    for name, (corruption, bar) in HOLES.items():
        each = [ours(f"{name}, {k}", partial(tried, denoiser, corruption, x, k), x) for k, x in enumerate(photos)]
        telea, stokes, after = np.array(each).T
        gain = after - np.maximum(telea, stokes)
        table.append([name, *map(float, (telea.mean(), stokes.mean(), after.mean(), gain.mean(), gain.min()))])
        say(str(table[-1]))
        figures.append(Figure(f"{name}: gain over the better of OpenCV's", float(gain.mean()), "dB", least=bar))
    return Result(figures, table)


def tried(denoiser: Denoiser, corruption: Corruption, x: np.ndarray, seed: int) -> list[float]:
    """Return the PSNR of what each way makes of an image."""
    missing = holes(corruption, x, seed)
    y = np.where(missing[..., None], 0, x).astype(np.float32)
    filled = quietly(partial(denoiser.transform, mask=[missing]), [y])[0]
    return [*(psnr(way, x) for way in peers(y, missing)), psnr(filled.clip(0, 1), x)]


def holes(corruption: Corruption, x: np.ndarray, seed: int) -> np.ndarray:
    """Return what is missing of an image, of shape (height, width)."""
    rows = torch.from_numpy(x).movedim(-1, 0)[None]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        masked = corruption(Batch(rows, rows)).masked
    assert masked is not None
    missing: np.ndarray = masked[0].any(0).numpy()
    return missing


def peers(y: np.ndarray, missing: np.ndarray) -> list[np.ndarray]:
    """Return what OpenCV makes of an image."""
    try:
        import cv2
    except ImportError as error:
        raise Skip("OpenCV is not installed: pip install 'isthmus[bench]'") from error
    pixels, mask = np.rint(255 * y).astype(np.uint8), missing.astype(np.uint8) * 255
    return [cv2.inpaint(pixels, mask, RADIUS, way) / 255 for way in (cv2.INPAINT_TELEA, cv2.INPAINT_NS)]
