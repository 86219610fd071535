"""The splits of the benchmarks with faulty pictures, on folders laid out as the real ones are."""

import numpy as np
import pytest

from benchmarks import image_anomalies, image_false_alarms
from benchmarks.support import defects
from benchmarks.support.defects import BOARDS, PAPERS, SEEDS, TILES, grey, page, photos

Image = pytest.importorskip("PIL.Image")


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("ISTHMUS_DATA", str(tmp_path))
    monkeypatch.setattr(defects, "BOARDS_TO_TRAIN", 6)
    rng = np.random.default_rng(0)

    def picture(height=20, width=24):
        return rng.integers(0, 256, (height, width), dtype=np.uint8)

    for number in range(12):
        write(tmp_path / f"defects/magnetic-tile/MT_Free/{number:02}.jpg", picture(18 + number))
        for kind in ("good", "defect"):
            write(tmp_path / f"defects/deep-pcb/92000/{kind}/{number:02}.jpg", picture())
            for paper in PAPERS:
                write(tmp_path / f"defects/piped/PA_{paper}/{kind}/{number // 2}_{number % 2}.png", picture())
                mask = np.zeros((20, 24), np.uint8)
                mask[3:5, 4:9] = 255
                write(tmp_path / f"defects/piped/PA_{paper}/mask/{number // 2}_{number % 2}.png", mask)
        boxes = tmp_path / f"defects/deep-pcb/92000/boxes/{number:02}.txt"
        boxes.parent.mkdir(exist_ok=True)
        boxes.write_text("2 3 5 4 1\n7 8 7 8 6\n")
    for kind in ("Blowhole", "Crack"):
        write(tmp_path / f"defects/magnetic-tile/MT_{kind}/0.jpg", picture())
        mask = np.full((20, 24), 120, np.uint8)
        mask[0, :3] = 200
        write(tmp_path / f"defects/magnetic-tile/MT_{kind}/0.png", mask)
    return tmp_path


@pytest.mark.parametrize("name", [TILES, BOARDS, *PAPERS])
@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_that_is_tested_was_trained_on(data, name, seed):
    split = photos(name, seed)
    assert not set(split.train) & set(split.test)
    assert len(split.train) == len(split.good) == 6 and len(split.test) == len(split.masks) == len(split.faulty)
    for path, mask in zip(split.test, split.masks, strict=True):
        assert name == BOARDS or grey(path).shape == mask.shape
    if name in PAPERS:
        assert not {page(path) for path in split.train} & {page(path) for path in split.good}


def test_seeds_differ_where_splits_are_drawn(data):
    for name in (TILES, *PAPERS):
        assert len({photos(name, seed).train for seed in range(4)}) > 1
    assert [path.stem for path in photos(TILES, 0).train] == ["00", "02", "04", "06", "08", "10"]
    assert photos(TILES, 1).train == photos(TILES, 1).train


def test_masks_are_thresholded_and_boxes_drawn(data):
    assert photos(TILES, 0).masks[-1].sum() == 3
    board = photos(BOARDS, 0)
    assert board.masks[-1].sum() == 4 * 2 + 1 and board.masks[-1][3:5, 2:6].all() and board.masks[-1][8, 7]
    assert [path.stem for path in board.train] == [f"{number:02}" for number in range(6)]


class Bright:
    """Finds bright pixels abnormal."""

    def __init__(self, *_, **__):
        pass

    def fit(self, paths):
        return self

    def scores(self, paths):
        maps = [grey(path).astype(np.float32) for path in paths]
        return [(heat.mean(), heat) for heat in maps]

    def flagged(self, paths, rate):
        return 1


def test_the_benchmarks_run_quickly(data, monkeypatch):
    monkeypatch.setattr(image_anomalies, "needs", lambda library: None)
    monkeypatch.setattr(image_anomalies.rows, "theirs", lambda row, measure, *_: measure())
    monkeypatch.setattr(defects, "BOARD_SIZE", (20, 24))
    for module, name in ((image_anomalies, "Ours"), (image_anomalies, "theirs"), (image_false_alarms, "Ours")):
        monkeypatch.setattr(module, name, Bright)
    result = image_anomalies.run(quick=True)
    assert len(result.table) == 1 + 3 * (2 + len(PAPERS) + 1)
    assert all(0 <= value <= 1 for row in result.table[1:] for value in row[1:])
    alarms = image_false_alarms.run(quick=True)
    assert [row[1] for row in alarms.table[1:]] == pytest.approx([1 / 3] * 5)
