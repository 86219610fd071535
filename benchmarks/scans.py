"""Dirty scans: the error that is left after cleaning, and how many words tesseract misreads.

`training/scan.py` trains as for the model that comes with isthmus, without the pages that are measured: two fonts of
twelve, or one text of two. Truth is the clean page, and for words what tesseract reads on it.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import grey_closing, median_filter

import training.pages
import training.scan
from benchmarks.support.data import found
from benchmarks.support.figures import Figure, Result
from benchmarks.support.rows import ours, theirs
from benchmarks.support.timing import say
from training.scan import EPOCHS, documents, fitted, left_out

BARS = {"blocks": 0.025, "text": 0.030}
AROUND = 23
"""Side of the square, in pixels, over which the peers look for paper."""
ENLARGED = 2
"""How much larger tesseract sees a page: its letters are small."""
Clean = Callable[[np.ndarray], np.ndarray]


def run(quick: bool) -> Result:
    found("documents/train")
    pairs = documents()
    splits = {split: part(pairs, left_out(split), quick) for split in BARS}
    measured = {
        split: {**of_peers(split, *some), "isthmus": of_ours(split, *some, quick)} for split, some in splits.items()
    }
    figures = [
        Figure(f"RMSE, split by {split}", measured[split]["isthmus"]["rmse"], most=bar) for split, bar in BARS.items()
    ]
    mine = measured["blocks"]["isthmus"]
    figures.append(Figure("a page", mine["seconds"], "s", most=1.0))
    figures += [Figure("training", mine["minutes"], "minutes of one core", most=180)]
    if mine["words"] is not None:
        best = min(row["words"] for way, row in measured["blocks"].items() if way != "isthmus")
        figures.append(Figure("words misread after cleaning, split by blocks", mine["words"], most=best))
    return Result(figures, table(measured), {split: measured[split] for split in BARS})


def part(pairs: dict[int, Any], is_out: Callable[[int], bool], quick: bool) -> tuple[dict[int, Any], dict[int, Any]]:
    """Return the pairs to learn from, and those to measure."""
    learnt = {number: pair for number, pair in pairs.items() if not is_out(number)}
    out = {number: pair for number, pair in pairs.items() if is_out(number)}
    return learnt, dict(list(out.items())[: 2 if quick else None])


def of_ours(split: str, learnt: dict[int, Any], out: dict[int, Any], quick: bool) -> dict[str, Any]:
    recipe = [Path(str(module.__file__)).read_text() for module in (training.scan, training.pages)]
    return ours(f"split by {split}", partial(trained, learnt, out, 1 if quick else EPOCHS), *recipe)


def trained(learnt: dict[int, Any], out: dict[int, Any], epochs: int) -> dict[str, Any]:
    """Return what a denoiser makes of pages that it has not seen, and the minutes of its training."""
    start = time.process_time()
    denoiser = fitted(learnt, epochs)
    minutes = (time.process_time() - start) / 60
    say(f"trained for {minutes:.1f} minutes")
    return {**quality(lambda noisy: denoiser.transform([noisy])[0], out), "minutes": minutes}


PEERS: dict[str, Clean] = {
    "nothing done": lambda noisy: noisy,
    "x / median around": lambda noisy: noisy / np.maximum(median_filter(noisy, AROUND), 1 / 255),
    "x / closing around": lambda noisy: noisy / np.maximum(grey_closing(noisy, (AROUND, AROUND)), 1 / 255),
}


def of_peers(split: str, learnt: dict[int, Any], out: dict[int, Any]) -> dict[str, dict[str, Any]]:
    pages = [page for pair in out.values() for page in pair]
    return {
        way: theirs(f"{way}, {split}", partial(quality, clean, out), "scipy", *pages) for way, clean in PEERS.items()
    }


def quality(clean: Clean, out: dict[int, Any]) -> dict[str, Any]:
    """Return the error of cleaned pages, the fraction of words that are misread, and the seconds of a page."""
    start = time.process_time()
    cleaned = [clean((noisy / 255).astype(np.float32)).clip(0, 1) for noisy, _ in out.values()]
    seconds = (time.process_time() - start) / len(cleaned)
    errors = [np.square(one - truth / 255).mean() for one, (_, truth) in zip(cleaned, out.values(), strict=True)]
    words = misread(cleaned, [truth / 255 for _, truth in out.values()]) if shutil.which("tesseract") else None
    return {
        "rmse": float(np.sqrt(np.mean(errors))),
        "worst": float(np.sqrt(max(errors))),
        "words": words,
        "seconds": seconds,
    }


def misread(pages: list[np.ndarray], truths: list[np.ndarray]) -> float:
    """Return how many words have to be changed, put in or taken out, as a fraction of the words of the clean pages."""
    texts = [(read(page), read(truth)) for page, truth in zip(pages, truths, strict=True)]
    return sum(distance(words, truth) for words, truth in texts) / sum(len(truth) for _, truth in texts)


def read(page: np.ndarray) -> tuple[str, ...]:
    """Return the words that tesseract reads on a page."""
    return words_on(np.rint(255 * page).astype(np.uint8).tobytes(), page.shape[1])


@cache
def words_on(pixels: bytes, width: int) -> tuple[str, ...]:
    import pytesseract

    image = Image.frombytes("L", (width, len(pixels) // width), pixels)
    large = image.resize((ENLARGED * image.width, ENLARGED * image.height), Image.Resampling.LANCZOS)
    return tuple(str(pytesseract.image_to_string(large, config="--psm 6")).split())


def distance(words: Sequence[str], truth: Sequence[str]) -> int:
    """Return the distance of Levenshtein between two texts, in words.

    >>> distance("a c d".split(), "a b c".split())
    2
    """
    row = list(range(len(truth) + 1))
    for number, word in enumerate(words, start=1):
        diagonal, row[0] = row[0], number
        for at, other in enumerate(truth, start=1):
            diagonal, row[at] = row[at], min(diagonal + (word != other), row[at] + 1, row[at - 1] + 1)
    return row[-1]


def table(measured: dict[str, dict[str, dict[str, Any]]]) -> list[list[Any]]:
    head = ["", *(f"{what}, by {split}" for split in measured for what in ("RMSE", "worst page", "words misread"))]
    ways = next(iter(measured.values()))
    return [
        head,
        *(
            [way, *(measured[split][way][key] for split in measured for key in ("rmse", "worst", "words"))]
            for way in ways
        ),
    ]
