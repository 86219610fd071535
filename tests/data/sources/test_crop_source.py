"""Crops as a source: of images in memory and in a folder, in an order that is a function of (seed, epoch)."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from isthmus import Images
from isthmus.core.data import Source
from isthmus.data.sources import crops as module
from isthmus.data.sources.folders import ImageStream
from isthmus.data.sources.training_rows import training_rows
from isthmus.data.tables.conditions import Condition
from isthmus.support.errors import InputError

Image = pytest.importorskip("PIL.Image")

SIZES = [(8 + i % 5, 9 + i % 3) for i in range(23)]


def pictures() -> list[np.ndarray]:
    """Return images whose pixels tell which they are, and where in it they lie."""
    found = []
    for i, (height, width) in enumerate(SIZES):
        rows, columns = np.mgrid[:height, :width]
        found.append(np.stack([np.full_like(rows, i), rows, columns], -1).astype(np.uint8))
    return found


X = pictures()


def source(X=X, knobs=None, **changes):
    images = Images(**({"crop": 4, "crops_per_image": 3} | (knobs or {}))).learn([X])
    options = {"batch_size": 10, "validation_fraction": 0.2, "seed": 1} | changes
    return training_rows(X, images).source(images, **options)


def seen(batches) -> list[tuple[int, ...]]:
    """Return (image, top, left) of each crop."""
    corners = [torch.round(batch.x[:, :, 0, 0] * 255).int().tolist() for batch in batches]
    return [tuple(corner) for batch in corners for corner in batch]


def test_every_image_gives_its_crops_once_an_epoch():
    found = source()
    assert isinstance(found, Source) and found.rows == 69
    train, held = seen(found.batches("train", 0)), seen(found.batches("validation", 0))
    counts = np.bincount([picture for picture, *_ in train + held])
    assert counts.tolist() == [3] * 23
    assert len(held) == 15 and not {p for p, *_ in train} & {p for p, *_ in held}
    assert found.steps("train") == len(list(found.batches("train", 0))) == 6 and found.steps("validation") == 2


def test_crops_are_whole_and_lie_within_their_image():
    for batch in source().batches("train", 0):
        pixels = torch.round(batch.x * 255).int()
        assert pixels.shape[1:] == (3, 4, 4) and batch.corrupted is batch.x
        assert (pixels[:, 0] == pixels[:, 0, :1, :1]).all()
        assert (pixels[:, 1].diff(dim=1) == 1).all() and (pixels[:, 2].diff(dim=2) == 1).all()


def test_crops_of_an_epoch_are_those_of_the_seed_and_others_in_the_next():
    first = seen(source().batches("train", 0))
    assert first == seen(source().batches("train", 0))
    assert first != seen(source().batches("train", 1)) != seen(source(seed=2).batches("train", 1))
    assert sorted(first) != sorted(seen(source().batches("train", 1)))


def test_crop_k_of_a_image_does_not_depend_on_the_others():
    few, many = (seen(source(knobs={"crops_per_image": n}, validation_fraction=0).batches("train", 4)) for n in (2, 5))
    for picture in range(23):
        assert {c for c in few if c[0] == picture} <= {c for c in many if c[0] == picture}
    alone = seen(source(X=X[:9], validation_fraction=0, batch_size=64).batches("train", 4))
    whole = seen(source(validation_fraction=0, batch_size=8).batches("train", 4))
    assert sorted(alone) == sorted(c for c in whole if c[0] < 9)


def test_validation_and_the_sample_are_the_same_in_every_epoch():
    found = source()
    assert seen(found.batches("validation", 0)) == seen(found.batches("validation", 7))
    sample = seen([found.sample(30)])
    assert sample == seen([source().sample(30)]) and len(sample) == 30
    held = {picture for picture, *_ in seen(found.batches("validation", 0))}
    assert not held & {picture for picture, *_ in sample} and len({picture for picture, *_ in sample}) >= 15
    assert len(found.sample(1000)) == 54


@pytest.mark.parametrize(("mixed", "shuffled"), [(64, 2048), (4, 5), (1, 1)])
def test_a_later_start_gives_the_tail_and_decodes_no_window_before(monkeypatch, mixed, shuffled):
    monkeypatch.setattr(module, "MIXED", mixed)
    monkeypatch.setattr(module, "SHUFFLED", shuffled)
    found = source()
    for split in ("train", "validation"):
        whole = [seen([batch]) for batch in found.batches(split, 2)]
        for start in range(len(whole) + 2):
            assert [seen([batch]) for batch in found.batches(split, 2, start)] == whole[start:]


def test_a_later_start_decodes_only_what_it_needs(monkeypatch):
    monkeypatch.setattr(module, "MIXED", 4)
    monkeypatch.setattr(module, "SHUFFLED", 5)
    found = source()
    decoded = []
    at = found._sequence.at
    monkeypatch.setattr(found._sequence, "at", lambda index: decoded.append(index) or at(index))
    list(found.batches("train", 0, 5))
    assert 0 < len(decoded) <= 8
    decoded.clear()
    list(found.batches("train", 0))
    assert len(decoded) == len(set(decoded)) == 18


def test_a_batch_mixes_crops_of_different_images():
    first = next(iter(source(knobs={"crops_per_image": 20}).batches("train", 0)))
    assert len({picture for picture, *_ in seen([first])}) >= 5


def test_flips_and_turns_are_drawn_for_each_crop():
    plain = [batch.x for batch in source().batches("train", 0)]
    moved = [batch.x for batch in source(knobs={"flips": True, "turns": True}).batches("train", 0)]
    kinds = set()
    for was, now in zip(torch.cat(plain), torch.cat(moved), strict=True):
        turned = [torch.rot90(was, k, (-2, -1)) for k in range(4)]
        every = [*turned, *(one.flip(-1) for one in turned)]
        kinds.add(next(i for i, one in enumerate(every) if torch.equal(one, now)))
    assert kinds == set(range(8))
    mirrored = torch.cat([batch.x for batch in source(knobs={"flips": True}).batches("train", 0)])
    same = torch.tensor([torch.equal(a, b) for a, b in zip(torch.cat(plain), mirrored, strict=True)])
    assert 0.2 < same.float().mean() < 0.8
    torch.testing.assert_close(mirrored[~same], torch.cat(plain)[~same].flip(-1))


def test_a_folder_gives_the_crops_of_its_arrays(tmp_path):
    for i, picture in enumerate(X):
        Image.fromarray(picture).save(tmp_path / f"{i:02}.png")
    stream = ImageStream(tmp_path)
    images = Images(crop=4, crops_per_image=3).learn(stream.chunks())
    found = training_rows(stream, images).source(images, batch_size=10, validation_fraction=0.2, seed=1)
    assert seen(found.batches("train", 3)) == seen(source().batches("train", 3))
    prints = {
        found.fingerprint(),
        source().fingerprint(),
        source(seed=2).fingerprint(),
        source(batch_size=9).fingerprint(),
    }
    assert len(prints | {source(knobs={"flips": True}).fingerprint()}) == 5
    (tmp_path / "07.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="07.png"):
        list(found.batches("train", 3)), list(found.batches("validation", 3))


def test_floats_stay_floats():
    floats = [picture.astype(np.float64) / 255 for picture in X]
    assert seen(source(floats).batches("train", 0)) == seen(source().batches("train", 0))


def test_small_images_are_padded():
    with pytest.warns(UserWarning, match="smaller than crop=30"):
        found = source(knobs={"crop": 30})
    assert next(iter(found.batches("train", 0))).x.shape == (10, 3, 30, 30)


def test_crops_carry_weight_and_condition_of_their_image():
    images = Images(crop=4, crops_per_image=3).learn([X])
    labels = np.arange(23.0)[:, None]
    condition = Condition("y").learn(labels)
    rows = training_rows(X, images, np.arange(1, 24), condition, labels)
    assert len(rows) == 69
    for batch in rows.source(images, batch_size=10, seed=0).batches("train", 0):
        numbers = torch.round(batch.x[:, 0, 0, 0] * 255)
        torch.testing.assert_close(batch.weight, numbers + 1)
        (given,) = batch.condition.values()
        assert torch.corrcoef(torch.stack([given[:, 0], numbers]))[0, 1] > 0.999


def test_one_image_is_enough_and_is_not_held_out():
    found = source(X[:1], {"crops_per_image": 12}, validation_fraction=0.5)
    assert found.steps("validation") == 0 and len(seen(found.batches("train", 0))) == 12


def test_a_fraction_out_of_range_is_refused():
    with pytest.raises(InputError, match="validation_fraction=1"):
        source(validation_fraction=1)
    with pytest.raises(InputError, match="batch_size=0"):
        source(batch_size=0)


def test_memory_stays_bounded(tmp_path):
    for i in range(48):
        noise = np.random.default_rng(i).integers(0, 256, (25, 25, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((2000, 2000)).save(tmp_path / f"{i}.jpg")
    code = f"""
import re, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from isthmus import Images
from isthmus.data.sources.folders import ImageStream
from isthmus.data.sources.training_rows import training_rows
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024
stream = ImageStream({str(tmp_path)!r})
images = Images(crop=64).learn([stream])
source = training_rows(stream, images).source(images, batch_size=128, seed=0)
before = peak()
print(sum(len(b) for b in source.batches("train", 0)), peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, cwd=Path.cwd())
    assert done.returncode == 0, done.stderr
    count, grown = map(int, done.stdout.split())
    assert count == 48 * 32 and grown < 300  # 550 MB of pixels
