"""Denoiser on files and folders: pairs by their names, what is written, and originals that are not harmed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from isthmus import Autoencoder, Denoiser, Denoising, Images, InputError
from isthmus.core.part import lookup
from isthmus.data.images.original import open_original
from isthmus.data.sources.composed import Pairs
from isthmus.data.sources.folders import ImageStream
from isthmus.support.errors import DataWarning
from isthmus.tasks.denoising.images import paired_streams
from isthmus.tasks.denoising.masks import read_mask, with_masks
from isthmus.tasks.denoising.restored import restored_files
from isthmus.tasks.denoising.targets import output_beside, targets

RNG = np.random.default_rng(0)
FIT = {"epochs": 1, "batch_size": 16, "random_state": 0, "verbose": False}


def clean(height, width):
    waves = np.add.outer(np.sin(np.arange(height) / 5), np.cos(np.arange(width) / 7))
    return np.rint(127 + 40 * waves).astype(np.uint8)


def noisy(image):
    return np.rint(np.clip(image + 12 * RNG.normal(size=image.shape), 0, 255)).astype(np.uint8)


@pytest.fixture
def folders(tmp_path):
    """Two folders of eight pairs of three sizes."""
    for name in ("noisy", "clean"):
        (tmp_path / name).mkdir()
    for number in range(8):
        image = clean(20 + 4 * (number % 3), 26)
        Image.fromarray(image).save(tmp_path / "clean" / f"{number}.png")
        Image.fromarray(noisy(image)).save(tmp_path / "noisy" / f"{number}.png")
    return tmp_path / "noisy", tmp_path / "clean"


@pytest.fixture(scope="module")
def grey():
    return fitted([clean(24, 26) for _ in range(4)])


@pytest.fixture(scope="module")
def colour():
    return fitted([np.stack([clean(24, 26)] * 3, axis=-1) for _ in range(4)])


def small(variant):
    net = lookup("net/feature-map")(stride=2, width=8, blocks=1)
    return Autoencoder(variant, 6, net=net, data=Images(crop=12, crops_per_image=2, flips=True, turns=True), **FIT)


def fitted(images):
    return Denoiser(small(Denoising(level=0.05))).fit(images)


def pixels(path):
    original = open_original(path)
    return original.colour if original.colour.dtype == np.uint8 else original.colour * 255


# -- pairs -------------------------------------------------------------------------------------------------------


def test_pairs_are_cropped_and_turned_alike(folders):
    _, images = paired_streams(*folders)
    data = Images(crop=12, flips=True, turns=True, crops_per_image=4).learn(images.chunks())
    source = Pairs(images, images).source(data, batch_size=5, validation_fraction=0.25, seed=3, device="cpu")
    for split in ("train", "validation"):
        batches = list(source.batches(split, epoch=1))
        assert len(batches) == source.steps(split) > 1
        assert all((batch.x == batch.corrupted).all() for batch in batches)
        first = next(source.batches(split, 1, start=1))
        assert (first.x == batches[1].x).all()
    sample = source.sample(7)
    assert len(sample) == 7 and (sample.x == sample.corrupted).all()


def test_pairs_of_folders_are_streamed(folders):
    denoiser = Denoiser(small("denoising"))
    lesson = denoiser._lesson(*folders, noise=None, callbacks=())
    assert lesson.learnt_from == "pairs" and isinstance(lesson.rows.noisy, ImageStream)
    denoiser.fit(*folders)
    stacked = ([np.asarray(Image.open(path).copy()) for path in sorted(folder.iterdir())] for folder in folders)
    same = Denoiser(small("denoising")).fit(*stacked)
    np.testing.assert_array_equal(denoiser.transform(folders[0])[0], same.transform(folders[0])[0])


def test_pairs_may_differ_in_format(folders):
    for path in list(folders[0].iterdir()):
        Image.open(path).save(path.with_suffix(".jpg"))
        path.unlink()
    one, other = paired_streams(*folders)
    assert one.shapes == other.shapes and [name[:-4] for name in one.names] == [name[:-4] for name in other.names]


BAD_PAIRS = {
    "another name": (
        lambda a, b: (a / "3.png").rename(a / "x.png"),
        "holds x.png, but .*clean' holds no image of that name",
    ),
    "one more": (lambda a, b: Image.fromarray(clean(9, 9)).save(b / "9.png"), "holds 9.png, but .*8 and 9 images"),
    "another size": (lambda a, b: Image.fromarray(clean(9, 9)).save(a / "2.png"), r"2.png' is noisy and .*\(9, 9\)"),
    "an empty folder": (lambda a, b: [path.unlink() for path in b.iterdir()], "holds no images"),
    "a broken file": (lambda a, b: (a / "2.png").write_bytes(b"nothing"), "2.png"),
}


@pytest.mark.parametrize("name", BAD_PAIRS)
def test_folders_that_are_no_pairs_are_refused(folders, name):
    change, said = BAD_PAIRS[name]
    change(*folders)
    with pytest.raises(InputError, match=said):
        Denoiser(small("denoising")).fit(*folders)


def test_a_folder_and_a_file_are_no_pairs(folders):
    with pytest.raises(InputError, match="give two folders, or two files"):
        Denoiser().fit(folders[0], folders[1] / "0.png")


def test_folders_that_teach_nothing_are_refused(folders, tmp_path):
    with pytest.raises(InputError, match="named as the noisy and as the clean images"):
        Denoiser(small("denoising")).fit(folders[0], folders[0])
    Image.fromarray(clean(1, 9)).save(folders[0] / "0.png")
    with pytest.raises(InputError, match="a side of 1 pixel: noisy images alone"):
        Denoiser(learn_from="noisy").fit(folders[0])
    (folders[0] / "0.wav").write_bytes(b"RIFF")
    with pytest.raises(InputError, match="holds sounds and images"):
        Denoiser().fit(folders[0])


# -- what is written ---------------------------------------------------------------------------------------------


def test_a_folder_comes_out_in_its_order_and_stays_as_it_was(grey, folders, tmp_path):
    before = {path: path.read_bytes() for path in folders[0].iterdir()}
    written = grey.transform_files(folders[0], tmp_path / "out")
    assert [path.name for path in written] == [f"{number}.png" for number in range(8)]
    assert {path: path.read_bytes() for path in folders[0].iterdir()} == before
    restored = grey.transform(folders[0])
    for image, path in zip(restored, written, strict=True):
        np.testing.assert_array_equal(pixels(path)[..., 0], image)


def test_subfolders_are_kept(grey, tmp_path):
    for name in ("cats", "dogs"):
        (tmp_path / "in" / name).mkdir(parents=True)
        Image.fromarray(clean(12, 12)).save(tmp_path / "in" / name / "1.png")
    written = grey.transform_files(tmp_path / "in", tmp_path / "out")
    assert [str(path.relative_to(tmp_path)) for path in written] == ["out/cats/1.png", "out/dogs/1.png"]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_no_strength_copies_the_file(grey, tmp_path, name):
    Image.fromarray(noisy(clean(20, 20))).convert("RGB").save(tmp_path / name)
    [path] = grey.transform_files(tmp_path / name, tmp_path / f"b{name}", strength=0)
    assert path.read_bytes() == (tmp_path / name).read_bytes()


def test_strength_goes_from_the_file_to_what_the_model_gives(grey, tmp_path):
    Image.fromarray(noisy(clean(20, 20))).save(tmp_path / "a.png")
    for strength in (0.5, 1.0):
        grey.transform_files(tmp_path / "a.png", tmp_path / f"{strength}.png", strength=strength)
    x, half, full = (pixels(tmp_path / name).astype(float) for name in ("a.png", "0.5.png", "1.0.png"))
    assert np.abs(half - (x + full) / 2).max() <= 1


def test_a_grey_model_restores_each_channel_by_itself(grey, tmp_path):
    image = noisy(np.stack([clean(20, 22), clean(20, 22).T[:20, :20].repeat(2, 1)[:, :22], clean(20, 22)[::-1]], -1))
    Image.fromarray(image).save(tmp_path / "a.png")
    [path] = grey.transform_files(tmp_path / "a.png", tmp_path / "b.png")
    for channel in range(3):
        np.testing.assert_array_equal(pixels(path)[..., channel], grey.transform(image[None, ..., channel])[0])


def test_a_colour_model_restores_a_grey_image_as_colour(colour, tmp_path):
    image = noisy(clean(20, 22))
    Image.fromarray(image).save(tmp_path / "a.png")
    [path] = colour.transform_files(tmp_path / "a.png", tmp_path / "b.png")
    mean = colour.transform(np.stack([image] * 3, -1)[None] / np.float32(255)).mean(-1)[0]
    assert pixels(path).shape == (20, 22, 1) and np.abs(pixels(path)[..., 0] - 255 * mean).max() <= 0.51


def test_sixteen_bits_stay_sixteen_bits(grey, tmp_path):
    x = np.clip(clean(20, 22) / 255 + 0.05 * RNG.normal(size=(20, 22)), 0, 1)
    tifffile.imwrite(tmp_path / "a.tif", np.rint(65535 * x).astype(np.uint16))
    [path] = grey.transform_files(tmp_path / "a.tif", tmp_path / "b.tif")
    restored, expected = tifffile.imread(path), grey.transform(x[None].astype(np.float32))[0]
    assert restored.dtype == np.uint16 and len(np.unique(restored)) > 256
    np.testing.assert_allclose(restored / 65535, expected, atol=2e-5)


def test_black_and_white_stays_black_and_white(grey, tmp_path):
    page = np.kron(np.arange(16).reshape(4, 4) % 3 == 0, np.ones((6, 6))) > 0
    Image.fromarray(page).save(tmp_path / "a.png")
    [path] = grey.transform_files(tmp_path / "a.png", tmp_path / "b.png")
    with Image.open(path) as image:
        assert image.mode == "1" and (np.asarray(image) == page).mean() > 0.8


# -- what is refused ---------------------------------------------------------------------------------------------


def test_an_output_that_could_harm_the_input_is_refused(grey, folders, tmp_path):
    source = folders[0]
    one = source / "0.png"
    refused = {
        (source, source): "is there already: .*0.png",
        (source, source / "out"): "is inside the input",
        (source, source / "a" / "b"): "is inside the input",
        (one, one): "is there already",
        (one, source): "is there already",
        (one, tmp_path / "0.jpg"): "format of the input '0.png'",
        (one, tmp_path / "nowhere" / "0.png"): "no folder",
        (source, tmp_path / "nowhere" / "out"): "no folder",
        (source, folders[1] / "0.png"): "the output is one too",
        (tmp_path / "nothing", tmp_path / "out"): "there is no file or folder",
    }
    before = {path: path.read_bytes() for path in source.iterdir()}
    for (where, output), said in refused.items():
        with pytest.raises(InputError, match=said):
            grey.transform_files(where, output)
    assert {path: path.read_bytes() for path in source.iterdir()} == before


def test_a_link_to_the_input_is_the_input(grey, folders, tmp_path):
    (tmp_path / "link").symlink_to(folders[0])
    with pytest.raises(InputError, match="is there already"):
        grey.transform_files(folders[0], tmp_path / "link")
    with pytest.raises(InputError, match="is inside the input"):
        grey.transform_files(folders[0], tmp_path / "link" / "out")


@pytest.mark.parametrize(
    ("link", "leads_to", "output", "said"),
    [
        ("noisy/link.png", "noisy/0.png", "noisy", "0.png' and .*link.png' would both be written to .*0.png'"),
        ("out/0.png", "noisy/1.png", "out", "out/0.png' leads to .*noisy/1.png', which is another input"),
        ("out/0.png", "clean/1.png", "out", "out/0.png' is a link to .*clean/1.png', which would be replaced"),
    ],
)
def test_a_link_writes_no_file_twice_and_over_no_other_input(grey, folders, tmp_path, link, leads_to, output, said):
    (tmp_path / "out").mkdir()
    (tmp_path / link).symlink_to(tmp_path / leads_to)
    before = (tmp_path / leads_to).read_bytes()
    with pytest.raises(InputError, match=said):
        grey.transform_files(folders[0], tmp_path / output, overwrite=True)
    assert (tmp_path / leads_to).read_bytes() == before


def test_all_folders_in_a_folder_are_restored_and_the_rest_is_named(grey, folders, tmp_path):
    (folders[0] / "a" / "b").mkdir(parents=True)
    (folders[0] / "7.png").rename(folders[0] / "a" / "b" / "7.png")
    (folders[0] / "6.png").rename(folders[0] / "a" / "6.png")
    (folders[0] / "a" / "loop").symlink_to(tmp_path)
    (folders[0] / "notes.txt").write_text("of the camera")
    (folders[0] / ".DS_Store").write_bytes(b"")
    with pytest.warns(DataWarning, match="noisy' also holds a/loop, notes.txt: no images, left out"):
        written = grey.transform_files(folders[0], tmp_path / "out")
    names = [str(path.relative_to(tmp_path / "out")) for path in written]
    assert names == [*(f"{number}.png" for number in range(6)), "a/6.png", "a/b/7.png"]


def test_headers_of_all_files_are_looked_at_before_one_is_written(grey, folders, tmp_path):
    (folders[0] / "7.png").write_text("no image")
    with pytest.raises(InputError, match="7.png"):
        grey.transform_files(folders[0], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_mask_may_have_any_mode(tmp_path, mode):
    marked = np.zeros((12, 9), dtype=bool)
    marked[3:5, 2:8] = True
    grey = Image.fromarray(marked.astype(np.uint8) * 255)
    image = grey.convert("I").point(lambda value: value * 257) if mode == "I;16" else grey
    image.convert(mode).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png", (12, 9)), marked)


@pytest.mark.parametrize(
    ("tones", "said"),
    [
        ((0, 1), "marks nothing: its brightest pixel is 1 of 255"),
        ((255, 255), "marks every pixel of its image, so that nothing is left to fill from"),
        ((0, 255), "is 12 x 9 pixels, but its image is 9 x 12 pixels, turned upright"),
    ],
)
def test_a_mask_that_says_nothing_is_refused_by_its_name(tmp_path, tones, said):
    Image.fromarray(np.linspace(*tones, 12 * 9).round().reshape(12, 9).astype(np.uint8)).save(tmp_path / "mask.png")
    with pytest.raises(InputError, match=f"the mask '.*mask.png' {said}"):
        read_mask(tmp_path / "mask.png", (9, 12) if tones == (0, 255) else (12, 9))


def test_what_the_model_cannot_restore_and_broken_masks_are_left_out_if_so_asked(colour, folders, tmp_path):
    source, masks = folders
    files = sorted(source.iterdir())
    bands = np.zeros((9, 9, 5), np.uint8)
    tifffile.imwrite(source / "bands.tif", bands, photometric="minisblack", planarconfig="contig")
    (masks / files[0].name).write_bytes(b"no image")
    Image.fromarray(np.zeros(pixels(files[1]).shape[:2], np.uint8)).save(masks / files[1].name)
    every = [
        replace(one, mask=masks / one.source.name) if one.source in files[:2] else one
        for one in targets(source, tmp_path / "out")
    ]
    restore = colour.restoring()
    done = list(restored_files(every, lambda image, mask: restore(image, None), skip_broken=True))
    broken = {one.source.name: one.error for one in done if one.error}
    assert broken.keys() == {files[0].name, "bands.tif"} and "5 channels" in broken["bands.tif"]
    assert "black all over" in next(one for one in done if one.source == files[1]).notes[0]
    assert all(one.path.exists() != bool(one.error) for one in done) and len(done) == len(files) + 1


def test_a_mask_is_that_of_the_same_name_or_the_only_one_with_another_ending(folders):
    source, masks = folders
    every = targets(source, source.with_name("out"))
    assert [one.mask.name for one in with_masks(every, source, masks)] == [one.source.name for one in every]
    (masks / "3.png").rename(masks / "3.jpg")
    assert with_masks(every, source, masks)[3].mask == masks / "3.jpg"
    Image.fromarray(clean(9, 9)).save(masks / "3.bmp")
    with pytest.raises(InputError, match="3.bmp' and '3.jpg', either of which may be the mask of '3.png'"):
        with_masks(every, source, masks)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("model", ["grey", "colour"])
def test_eight_bits_are_restored_to_eight_bits_the_nearest_to_what_floats_give(request, model, channels):
    image = noisy(np.stack([clean(21, 34)] * channels, axis=-1))
    restore = request.getfixturevalue(model).restoring(0.7)
    of_bytes, of_floats = restore(image, None), restore(image.astype(np.float32) / 255, None)
    assert of_floats.dtype == np.float32 and of_bytes.shape == of_floats.shape == image.shape
    assert of_bytes.dtype == (np.float32 if (model, channels) == ("colour", 1) else np.uint8)
    unit = of_bytes / 255 if of_bytes.dtype == np.uint8 else of_bytes
    np.testing.assert_allclose(unit, of_floats, atol=0.5 / 255 + 1e-5)
    assert not np.array_equal(unit, image / 255)


def test_the_input_is_replaced_where_that_is_asked_for(grey, folders):
    before = pixels(folders[0] / "0.png")
    grey.transform_files(folders[0], folders[0], overwrite=True)
    assert (pixels(folders[0] / "0.png") != before).any()


def test_a_file_that_cannot_be_restored_is_named(grey, tmp_path):
    tifffile.imwrite(
        tmp_path / "bands.tif", np.zeros((9, 9, 5), np.uint8), photometric="minisblack", planarconfig="contig"
    )
    colour = Denoiser(Autoencoder(Denoising(level=0.1), 4, **FIT)).fit(np.zeros((4, 9, 9, 3), np.float32) + 0.5)
    with pytest.raises(InputError, match="bands.tif.*has 5 channels.*with 3"):
        colour.transform_files(tmp_path / "bands.tif", tmp_path / "b.tif")
    Image.fromarray(clean(10, 10)).save(tmp_path / "large.png")
    with pytest.raises(InputError, match=r"large.png.*\(10, 10"):
        colour.transform_files(tmp_path / "large.png", tmp_path / "b.png")
    assert not (tmp_path / "b.png").exists() and not (tmp_path / "b.tif").exists()


def test_the_output_of_the_working_folder_is_beside_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert output_beside(Path(".")) == tmp_path.with_name(f"{tmp_path.name}-denoised")
