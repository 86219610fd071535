"""Sets of photographs of good and of faulty parts with their masks: what is trained on, and what is tested.

Patches of one page of paper are alike, and so are neighbouring cut-outs of one circuit board: the papers are split by
page, the boards by number, so that nothing in the test stands beside what was trained on. The tiles are of many sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.support.data import found

SEEDS = range(3)
TILES, BOARDS = "magnetic tiles", "DeepPCB"
PAPERS = ("BRG01_RL", "BRG03_TL", "BTN01_RL", "FVN01_TL")
PAPER = "paper {}"
BOARD_SIZE, BOARDS_TO_TRAIN = (640, 640), 60
QUICK = {"train": 8, "good": 3, "faulty": 4}
"""How many pictures of each a quick run has."""


@dataclass(frozen=True)
class Photos:
    """Good pictures to train on, and others to test with.

    Attributes
    ----------
    name : str
        Of the set.
    seed : int
    train : tuple of Path
        Good pictures.
    test : tuple of Path
        Good pictures, then faulty ones.
    masks : tuple of ndarray of shape (height, width)
        True where a picture of the test is faulty, in its file's size.
    """

    name: str
    seed: int
    train: tuple[Path, ...]
    test: tuple[Path, ...]
    masks: tuple[np.ndarray, ...]

    @property
    def faulty(self) -> np.ndarray:
        """Which pictures of the test are faulty."""
        return np.array([bool(mask.any()) for mask in self.masks])

    @property
    def good(self) -> tuple[Path, ...]:
        """The pictures of the test that are not."""
        return tuple(path for path, faulty in zip(self.test, self.faulty, strict=True) if not faulty)

    @property
    def inputs(self) -> list[Any]:
        """What a measurement with these pictures depends on."""
        return [self.seed, [path.name for path in (*self.train, *self.test)], *self.masks]

    def fewer(self) -> Photos:
        """Return a few of the pictures, for a quick run."""
        faulty = self.faulty
        kept = [*np.flatnonzero(~faulty)[: QUICK["good"]], *np.flatnonzero(faulty)[: QUICK["faulty"]]]
        test, masks = ([kind[index] for index in kept] for kind in (self.test, self.masks))
        return Photos(self.name, self.seed, self.train[: QUICK["train"]], tuple(test), tuple(masks))


def photos(name: str, seed: int, quick: bool = False) -> Photos:
    """Return one set, split by a seed: `TILES`, `BOARDS`, or one of `PAPERS`."""
    whole = papers(name, seed) if name in PAPERS else SETS[name](seed)
    return whole.fewer() if quick else whole


def tiles(seed: int) -> Photos:
    """Return the magnetic tiles: half of the good ones train, every second for seed 0, else random ones.

    The masks are anti-aliased: a pixel is faulty where its mask is brighter than half.
    """
    folder = found("defects/magnetic-tile")
    good, blowholes, cracks = (sorted((folder / f"MT_{kind}").glob("*.jpg")) for kind in ("Free", "Blowhole", "Crack"))
    order = np.r_[0 : len(good) : 2, 1 : len(good) : 2] if seed == 0 else shuffled(len(good), seed)
    train, fresh = parted(good, order, len(good) // 2)
    return split(TILES, seed, train, fresh, [*blowholes, *cracks], lambda path: path.with_suffix(".png"))


def papers(paper: str, seed: int) -> Photos:
    """Return one kind of paper, split by page: the good patches of half of the pages train."""
    folder = found("defects/piped") / f"PA_{paper}"
    good = sorted((folder / "good").glob("*.png"))
    pages = sorted({page(path) for path in good})
    training = {pages[index] for index in shuffled(len(pages), seed)[: len(pages) // 2]}
    train = [path for path in good if page(path) in training]
    fresh = [path for path in good if page(path) not in training]
    faulty = sorted((folder / "defect").glob("*.png"))
    return split(PAPER.format(paper), seed, train, fresh, faulty, lambda path: folder / "mask" / path.name)


def boards(seed: int) -> Photos:
    """Return the circuit boards: the first 60 templates train; boxes are the masks, so that AUPRO is a lower bound."""
    folder = found("defects/deep-pcb/92000")
    good, faulty = (sorted((folder / kind).glob("*.jpg")) for kind in ("good", "defect"))
    train, fresh, faulty = good[:BOARDS_TO_TRAIN], good[BOARDS_TO_TRAIN:], faulty[BOARDS_TO_TRAIN:]
    masks = tuple(boxed(folder / "boxes" / f"{path.stem}.txt") for path in faulty)
    return Photos(BOARDS, seed, tuple(train), (*fresh, *faulty), (*(np.zeros(BOARD_SIZE, bool) for _ in fresh), *masks))


SETS: dict[str, Callable[[int], Photos]] = {TILES: tiles, BOARDS: boards}


def split(
    name: str,
    seed: int,
    train: Sequence[Path],
    fresh: Sequence[Path],
    faulty: Sequence[Path],
    mask_of: Callable[[Path], Path],
) -> Photos:
    """Return a set whose faulty pictures have a file with their mask."""
    empty = (np.zeros(grey(path).shape, bool) for path in fresh)
    return Photos(
        name, seed, tuple(train), (*fresh, *faulty), (*empty, *(grey(mask_of(path)) > 127 for path in faulty))
    )


def boxed(path: Path) -> np.ndarray:
    """Return the mask of a file with a line ``x1 y1 x2 y2 kind`` for each box."""
    mask = np.zeros(BOARD_SIZE, bool)
    for left, top, right, bottom, _ in np.loadtxt(path, dtype=int, ndmin=2):
        mask[top : bottom + 1, left : right + 1] = True
    return mask


def grey(path: Path) -> np.ndarray:
    """Return a picture as uint8 (height, width)."""
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("L"))


def page(path: Path) -> str:
    """Return the page of PAGE_PATCH."""
    return path.stem.partition("_")[0]


def shuffled(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(count)


def parted(files: Sequence[Path], order: np.ndarray, count: int) -> tuple[list[Path], list[Path]]:
    """Return the first files of an order, and the others, each sorted."""
    return [files[index] for index in np.sort(order[:count])], [files[index] for index in np.sort(order[count:])]
