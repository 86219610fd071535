"""Compressors that are trained on one's own images, beside WebP at equal PSNR: scans of text, and aerial pictures.

Scans: clean and dirty pages with one of two texts are learnt, those with the other are measured. Aerial pictures: six
are learnt and two measured, in four splits. All is by default: `Compressor().fit(images)`, which chooses the size of
blocks, and how much finer steps are where there is little texture, by the images that are learnt. The model that comes
with isthmus, which has seen photographs alone, stands beside.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.support.codec_peers import QUALITIES, Point, peers, points, saved
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result
from benchmarks.support.rows import ours, theirs
from benchmarks.support.timing import say
from isthmus import Autoencoder, Compressor
from isthmus.tasks.compression.comparison import own as codec_of
from isthmus.tasks.compression.default_model import default_autoencoder
from training.scan import left_out

OURS = (0, 12, 25, 38, 50, 62, 75, 88)
BARS = {"scans": -30.0, "aerial pictures": -12.0}
SPLITS = ((0, 4), (1, 5), (2, 6), (3, 7))


def run(quick: bool) -> Result:
    splits = {"scans": [scans()], "aerial pictures": list(aerials())}
    figures, table = [], [["images", "split", "BD-rate to WebP", "photo-1", "minutes of one core"]]
    for name, parts in splits.items():
        rates, minutes = [], []
        for number, (learnt, out) in enumerate(parts[: 1 if quick else None]):
            own = of_ours(f"{name}, {number + 1}", learnt, out[: 2 if quick else None], quick)
            webp = [of_webp(image) for image in out[: len(own["own"])]]
            rate, beside = (mean_of_each(own[way], webp) for way in ("own", "photo-1"))
            rates.append(rate)
            minutes.append(own["minutes"])
            table.append([name, number + 1, f"{rate:+.1f} %", f"{beside:+.1f} %", own["minutes"]])
            say(f"{name}, {number + 1}: {rate:+.1f} % to WebP, photo-1 {beside:+.1f} %, {own['minutes']:.1f} minutes")
        figures.append(Figure(f"{name}: BD-rate to WebP", float(np.mean(rates)), "%", most=BARS[name]))
        figures.append(Figure(f"{name}: training", float(np.mean(minutes)), "minutes of one core"))
    return Result(figures, table)


def mean_of_each(own: list[list[Point]], webp: list[list[Point]]) -> float:
    """Return the mean of the BD-rates of each image: clean pages become lossless, which would spoil a mean curve."""
    return float(np.nanmean([saved(*pair) for pair in zip(own, webp, strict=True)]))


def scans() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the pages to learn from, and those to measure, grey."""
    is_out = left_out("text")
    folders = [found(f"documents/{name}") for name in ("train_cleaned", "train")]
    pages = [(is_out(int(path.stem)), grey(path)) for folder in folders for path in sorted(folder.glob("*.png"))]
    return [page for out, page in pages if not out], [page for out, page in pages if out]


def grey(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("L"))


def aerials() -> Any:
    """Yield the images to learn from, and those to measure, of each split."""
    images = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(found("aerials").glob("*.png"))]
    for split in SPLITS:
        yield [x for at, x in enumerate(images) if at not in split], [images[at] for at in split]


def of_ours(name: str, learnt: list[np.ndarray], out: list[np.ndarray], quick: bool) -> dict[str, Any]:
    row = ours(name, partial(measured, learnt, out, quick), learnt, out)
    return {**row, **{way: [[Point(*point) for point in each] for each in row[way]] for way in ("own", "photo-1")}}


def measured(learnt: list[np.ndarray], out: list[np.ndarray], quick: bool) -> dict[str, Any]:
    """Return what a compressor that is trained, and the one that comes with isthmus, do with images."""
    start = time.process_time()
    compressor = Compressor(_short() if quick else None, random_state=0).fit(learnt)
    minutes = (time.process_time() - start) / 60
    ways = {"own": compressor, "photo-1": Compressor.shipped()}
    each = {way: [points(codec_of(one), image, OURS, False) for image in out] for way, one in ways.items()}
    return {**each, "minutes": minutes}


def _short() -> Autoencoder:
    from isthmus import Images

    return default_autoencoder().set_params(data=Images(crop=64, crops_per_image=1), epochs=1)


def of_webp(image: np.ndarray) -> list[Point]:
    webp = partial(points, peers()["WebP"], image, QUALITIES, False)
    return [Point(*point) for point in theirs("WebP", webp, "pillow", image, QUALITIES)]
