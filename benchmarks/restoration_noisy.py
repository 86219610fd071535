"""A denoiser that learns from noisy photographs alone, beside one that also gets the clean version of each.

Both see the same 402 photographs in grey with Gaussian noise of σ 25, and are tried on kodim01 to 16 with such noise.
They are those that `Denoiser` makes by default, and train for as many steps.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.restoration import noisy, unit
from benchmarks.support.bm3d_peer import psnr
from benchmarks.support.data import found, quietly
from benchmarks.support.figures import Figure, Result
from benchmarks.support.rows import ours
from benchmarks.support.timing import say, timed
from isthmus import Denoiser

SIGMA = 25
FIRST = 1000
"""Seed of the noise of the first photograph to learn from: others than those of the images that are tried."""
WAYS = ("noisy images alone", "pairs")


def run(quick: bool) -> Result:
    side = 64 if quick else None
    train = [
        unit(path, "L")[:side, :side] for path in sorted(found("photos/train").glob("*.jpg"))[: 2 if quick else None]
    ]
    test = [unit(path, "L") for path in sorted(found("photos/kodak").glob("*.png"))[: 1 if quick else None]]
    shown = [noisy(x, FIRST + number, SIGMA) for number, x in enumerate(train)]
    tried = [noisy(x, number, SIGMA) for number, x in enumerate(test)]
    before = float(np.mean([psnr(y, x) for y, x in zip(tried, test, strict=True)]))
    rows = {}
    for way, clean in zip(WAYS, (None, train), strict=True):
        rows[way] = ours(way, partial(learnt, shown, clean, tried, test), *train, *test)
        say(f"{way}: {rows[way]}")
    alone, paired = (rows[way][0] for way in WAYS)
    figures = [
        Figure("noisy images alone: gain over the input", alone - before, "dB", least=6.0),
        Figure("noisy images alone: loss to pairs", paired - alone, "dB", most=1.0),
    ]
    table = [["learnt from", "PSNR", "minutes"], ["nothing: the input", before, 0.0], *([w, *rows[w]] for w in WAYS)]
    return Result(figures, table)


def learnt(
    shown: list[np.ndarray], clean: list[np.ndarray] | None, tried: list[np.ndarray], test: list[np.ndarray]
) -> list[float]:
    """Return the mean PSNR of restored images, and the minutes of the training."""
    denoiser = Denoiser(learn_from="noisy", random_state=0)
    seconds, _ = timed(lambda: denoiser.fit(shown, clean))
    restored = quietly(denoiser.transform, tried)
    return [float(np.mean([psnr(y, x) for y, x in zip(restored, test, strict=True)])), seconds / 60]
