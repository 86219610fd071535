"""kodim01 to 16 in files of the model that comes with isthmus, beside JPEG, WebP and AVIF: real bytes, in the same run.

BD-rate says how much larger files are at equal PSNR over the three colours, from 27 to 39 dB, and at equal MS-SSIM in
decibels. JPEG is 4:2:0, optimised and progressive; WebP has method 6; AVIF is 4:2:0, speed 6. Published models of
CompressAI stand below with their BD-rates to their own JPEG, over all 24 images of Kodak.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.support.codec_peers import QUALITIES, Codec, Point, mean, peers, points, saved, saved_of_structure
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result
from benchmarks.support.rows import ours, theirs
from benchmarks.support.timing import say
from isthmus import Compressor
from isthmus.tasks.compression.comparison import own
from isthmus.tasks.compression.shipped import path_of

OURS = (0, 12, 25, 38, 50, 62, 75, 88)
BARS = {"JPEG": (-38.0, -25.0, 16), "WebP": (-8.0, -5.0, 12)}
"""The most BD-rate by PSNR, by MS-SSIM, and on how many images it is at least less than 0."""
PUBLISHED = {
    "bmshj2018-factorized": -44,
    "bmshj2018-hyperprior": -55,
    "mbt2018-mean": -58,
    "cheng2020-anchor": -65,
    "WebP, there": -36,
}
SPEED = 1.0


def run(quick: bool) -> Result:
    paths = sorted(found("photos/kodak").glob("*.png"))[: 2 if quick else 16]
    compressor = Compressor.shipped()
    each = {"isthmus": [of_ours(compressor, path) for path in paths]}
    for name, codec in peers().items():
        each[name] = [of_peer(name, codec, path) for path in paths]
        say(f"{name}: BD-rate {saved(mean(each['isthmus']), mean(each[name])):+.1f} %")
    figures = [figure for name in BARS for figure in beside(name, each["isthmus"], each[name])]
    figures += [
        Figure("BD-rate to AVIF", saved(mean(each["isthmus"]), mean(each["AVIF"])), "%"),
        *speeds(compressor, paths),
    ]
    return Result(figures, [*table(each), *published(each)])


def of_ours(compressor: Compressor, path: Path) -> list[Point]:
    image = pixels(path)
    found = ours(path.stem, partial(points, own(compressor), image, OURS), image, path_of("photo-1").read_bytes())
    return [Point(*point) for point in found]


def of_peer(name: str, codec: Codec, path: Path) -> list[Point]:
    image = pixels(path)
    row = theirs(f"{name}, {path.stem}", partial(points, codec, image, QUALITIES), "pillow", name, image, QUALITIES)
    return [Point(*point) for point in row]


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def beside(name: str, own: list[list[Point]], peer: list[list[Point]]) -> list[Figure]:
    """Return how much larger our files are than a peer's."""
    by_psnr, by_structure, images = BARS[name]
    smaller = sum(saved(*pair) < 0 for pair in zip(own, peer, strict=True))
    return [
        Figure(f"BD-rate to {name}", saved(mean(own), mean(peer)), "%", most=by_psnr),
        Figure(f"BD-rate to {name}, by MS-SSIM", saved_of_structure(mean(own), mean(peer)), "%", most=by_structure),
        Figure(f"images whose BD-rate to {name} is below 0", smaller, f"of {len(own)}", least=min(images, len(own))),
    ]


def speeds(compressor: Compressor, paths: list[Path]) -> list[Figure]:
    """Return how many megapixels are written and read in a second, at the default quality."""
    images = [pixels(path) for path in paths[:4]]
    files = [compressor.compress(image) for image in images]
    area = sum(image.shape[0] * image.shape[1] for image in images) / 1e6
    ways = {"writing": (compressor.compress, images), "reading": (compressor.decompress, files)}
    return [
        Figure(f"{way}: megapixels a second", area / least_time(function, some), "Mpx/s", least=SPEED)
        for way, (function, some) in ways.items()
    ]


def least_time(function: Any, some: list[Any]) -> float:
    """Return the fewest seconds of three runs."""
    runs = []
    for _ in range(3):
        start = time.perf_counter()
        for one in some:
            function(one)
        runs.append(time.perf_counter() - start)
    return min(runs)


def table(each: dict[str, list[list[Point]]]) -> list[list[Any]]:
    """Return the points of each codec, each the mean over the images."""
    rows: list[list[Any]] = [["codec", "setting", "bits per pixel", "PSNR", "MS-SSIM, dB"]]
    for name, some in each.items():
        settings = OURS if name == "isthmus" else QUALITIES
        rows += [[name, str(setting), *point] for setting, point in zip(settings, mean(some), strict=True)]
    return rows


def published(each: dict[str, list[list[Point]]]) -> list[list[Any]]:
    own = saved(mean(each["isthmus"]), mean(each["JPEG"]))
    ranked = sorted({**PUBLISHED, "isthmus, here": own}.items(), key=lambda item: -item[1])
    return [[f"BD-rate to JPEG: {name}", f"{rate:.1f} %", "", "", ""] for name, rate in ranked]
