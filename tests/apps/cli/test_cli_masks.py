"""``isthmus evaluate`` of a detector of images beside a folder of masks, laid out as MVTec AD is."""

import shutil

import numpy as np
import pytest

from isthmus import AnomalyDetector, Autoencoder, Images
from isthmus.data.io import files

Image = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)
SIZES = {"good": [(16, 24), (24, 16), (20, 20)], "crack": [(16, 24), (33, 19)], "stain": [(24, 16)]}
pytestmark = pytest.mark.filterwarnings("ignore:false_alarm_rate")


def image(size, stained=False):
    pixels = RNG.normal(128, 10, size).clip(0, 255)
    if stained:
        pixels[4:10, 5:11] = 0
    return pixels.astype(np.uint8)


def mask(size):
    marked = np.zeros(size, np.uint8)
    marked[4:10, 5:11] = 255
    return marked


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "line3.safetensors"
    data = Images(crop=16, crops_per_image=1)
    made = Autoencoder("denoising", 4, data=data, epochs=1, verbose=False)
    normal = [image(size) for size in 4 * SIZES["good"]]
    AnomalyDetector(made, false_alarm_rate=0.1, random_state=0).fit(normal).save(path)
    return path


@pytest.fixture
def part(tmp_path):
    """Lay out ``test/KIND/NAME.png`` and ``ground_truth/KIND/NAME_mask.png``, without masks of good images."""
    for kind, sizes in SIZES.items():
        for number, size in enumerate(sizes):
            write(tmp_path / "test" / kind / f"{number:03}.png", image(size, kind != "good"))
            if kind != "good":
                write(tmp_path / "ground_truth" / kind / f"{number:03}_mask.png", mask(size))
    return tmp_path


def evaluate(isthmus, model, part, *typed, **settings):
    return isthmus("evaluate", model, part / "test", "--masks", part / "ground_truth", *typed, **settings)


def test_mvtec_like_folders_are_recognised(isthmus, model, part):
    figures = evaluate(isthmus, model, part, "--json").json
    assert (figures["rows"], figures["abnormal"]) == (6, 3)
    X = files.read(part / "test").X
    masks = [mask(one.shape) for one in X[:2]] + [None] * 3 + [mask(X[5].shape)]
    expected = AnomalyDetector.load(model).evaluate(X, [1, 1, 0, 0, 0, 1], masks)
    assert {name: figures[name] for name in expected} == pytest.approx(expected)
    said = evaluate(isthmus, model, part).out
    for name in ("AUROC of pixels", "AUPRO, up to 30 %", "flagged regions outside the masks, an image"):
        assert name in said


def test_the_subfolder_good_is_normal_without_masks_too(isthmus, model, part):
    assert isthmus("evaluate", model, part / "test", "--json").json["abnormal"] == 3
    assert isthmus("evaluate", model, part / "test", "--normal", "stain", "--json").json["abnormal"] == 5


def test_masks_may_have_the_names_of_their_images(isthmus, model, part):
    before = evaluate(isthmus, model, part, "--json").json
    for path in part.glob("ground_truth/*/*"):
        path.rename(path.with_name(path.name.replace("_mask", "")))
    assert evaluate(isthmus, model, part, "--json").json == before


def test_a_folder_without_kinds_is_labelled_by_its_masks(isthmus, model, part):
    for kind, sizes in SIZES.items():
        for number, size in enumerate(sizes):
            write(part / "flat" / f"{kind}{number}.png", image(size, kind != "good"))
            write(part / "masks" / f"{kind}{number}.png", mask(size) if kind != "good" else np.zeros(size, np.uint8))
    figures = isthmus("evaluate", model, part / "flat", "--masks", part / "masks", "--json").json
    assert (figures["abnormal"], figures["pixel_auroc"] > 0.9) == (3, True)
    (part / "masks/good1.png").unlink()
    said = isthmus("evaluate", model, part / "flat", "--masks", part / "masks", code=1).err
    assert "holds no mask of good1.png: 1 of 6 images have none" in said
    picked = isthmus("evaluate", model, part / "flat", "--masks", part / "masks", "--rows", "0:3", "--json").json
    assert picked["rows"] == 3


def test_inverted_masks_are_refused_or_said(isthmus, model, part):
    before = evaluate(isthmus, model, part, "--json").json
    for path in part.glob("ground_truth/*/*"):
        write(path, 255 - np.asarray(Image.open(path)))
    assert "--inverted-masks" in evaluate(isthmus, model, part, code=1).err
    assert evaluate(isthmus, model, part, "--inverted-masks", "--json").json == before
    assert evaluate(isthmus, model, part, "--no-inverted-masks", "--json").json != before


WRONG = {
    "a missing mask": (
        lambda part: (part / "ground_truth/crack/001_mask.png").unlink(),
        "holds no mask of crack/001.png: 1 of 3 images have none; a mask is called crack/001_mask.png or crack/001.png",
    ),
    "another size": (
        lambda part: write(part / "ground_truth/crack/001_mask.png", mask((30, 40))),
        "001_mask.png' is 40 x 30 pixels (width x height), but its image is 19 x 33 pixels",
    ),
    "a good image with a mask": (
        lambda part: write(part / "ground_truth/good/001_mask.png", mask((24, 16))),
        "good/001_mask.png' marks something, but the image is normal by its label",
    ),
    "no masks": (lambda part: shutil.rmtree(part / "ground_truth"), "there is no folder of masks"),
    "a dark mask": (
        lambda part: write(part / "ground_truth/stain/000_mask.png", mask((24, 16)) // 3),
        "stain/000_mask.png' marks nothing: its brightest pixel is 85 of 255",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_masks_that_cannot_be_right_end_with_1(isthmus, model, part, case):
    change, said = WRONG[case]
    change(part)
    assert said in evaluate(isthmus, model, part, code=1).err


def test_masks_are_about_folders_of_images_and_detectors(isthmus, model, models, part, tmp_path):
    np.savez(tmp_path / "x.npz", X=np.stack([image((16, 24)) for _ in range(3)]), y=[0, 0, 1])
    done = isthmus("evaluate", model, f"{tmp_path / 'x.npz'}:X", "--label", "y", "--masks", part, code=1)
    assert "masks are recognised by the names of images" in done.err
    assert "--masks is about detectors" in isthmus("evaluate", models["plain"], "digits", "--masks", part, code=1).err
    assert "name their folder" in isthmus("evaluate", model, part / "test", "--inverted-masks", code=2).err
