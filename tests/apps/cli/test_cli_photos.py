"""Photographs of many sizes on the command line."""

import numpy as np
import pytest
from click.testing import CliRunner

import isthmus
from isthmus.apps.cli.main import main
from isthmus.apps.cli.settings import OF_ARRAYS, image_settings

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(6):
        noise = np.random.default_rng(i).integers(0, 256, (3, 4, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((40 + i, 30 + i % 2)).save(folder / f"{i}.png")
    return folder


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def train(photos, *options, code=0):
    model = photos.parent / "m.safetensors"
    done = run("train", photos, "-q", "-o", model, "--epochs", 1, "--latent-dim", 4, *options)
    assert done.exit_code == code, done.output
    return done.output if code else isthmus.load(model)


def test_photos_are_trained_on_by_crops(photos):
    found = train(photos, "--crop", 16, "--crops-per-image", 3, "--flips", "--turns")
    assert found.data_.shape == (3, None, None) and found.info_["rows"] == 18 and found.n_features_in_ == 3
    assert found.data_.flips and found.data_.turns and not train(photos, "--crop", 16).data_.flips


def test_photos_are_trained_on_at_one_size(photos):
    assert train(photos, "--resize", "20x16", "--how", "stretch").data_.shape == (3, 16, 20)
    assert train(photos, "--resize", 16).data_.shape == (3, 16, 16)


def test_without_either_both_are_named(photos):
    assert "--crop 64 or --resize 128" in train(photos, code=1)


def test_broken_photos_are_left_out_by_an_option(photos):
    (photos / "7.jpg").write_text("no image")
    assert "7.jpg" in train(photos, "--crop", 16, code=1)
    done = run("train", photos, "-o", photos.parent / "m.safetensors", "--epochs", 1, "--crop", 16, "--skip-broken")
    assert done.exit_code == 0 and "1 of the 7 images" in done.output and "left out: 7.jpg" in done.output


def test_an_alpha_channel_is_kept_by_an_option(photos):
    Image.fromarray(np.zeros((32, 32, 4), np.uint8)).save(photos / "8.png")
    assert train(photos, "--crop", 16).data_.shape[0] == 3
    assert train(photos, "--crop", 16, "--alpha", "keep").data_.shape[0] == 4


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--crop", 8, "--resize", 8), 1, "choose one"),
        (("--crop", 8, "--scale", "column"), 2, "--scale is about tables, --crop about images"),
        (("--flips",), 1, "flips=True is about crops"),
        (("--resize", "8x"), 2, "is no SIZE"),
        (("--crop", 8, "--net", "conv"), 1, "feature-map"),
    ],
)
def test_options_that_do_not_go_together_are_refused(photos, options, code, message):
    assert message in " ".join(train(photos, *options, code=code).split())


def test_a_model_is_not_built_otherwise_when_trained_further(photos):
    train(photos, "--crop", 16)
    output = train(photos, "--from", photos.parent / "m.safetensors", "--crop", 8, code=2)
    assert "as it was built: leave out" in output and "--crop" in output


def test_every_parameter_of_images_has_its_option():
    known = set(isthmus.Images.__init__.__wrapped__.__annotations__) - {"return"}
    assert known == {*image_settings(), *OF_ARRAYS}
    text = run("train", "--help").output
    for name in image_settings():
        assert "--" + name.replace("_", "-") in text
