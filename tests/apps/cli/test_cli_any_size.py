"""Every command on images of several sizes, and on codes that have a vector in each of several positions."""

import numpy as np
import pandas as pd
import pytest

import isthmus as package
from isthmus.data.io import files

Image = pytest.importorskip("PIL.Image")


def write_images(folder, shapes):
    """Write an image of coloured blocks for each (height, width)."""
    folder.mkdir()
    for i, (height, width) in enumerate(shapes):
        blocks = np.random.default_rng(i).integers(0, 256, (3, 3, 3), dtype=np.uint8)
        Image.fromarray(blocks).resize((width, height)).save(folder / f"p{i}.jpg")
    return folder


def size(path):
    with Image.open(path) as picture:
        return picture.size


def train(isthmus, folder, *options):
    model = folder.parent / "m.safetensors"
    isthmus("train", folder, "-q", "-o", model, "--epochs", 2, "--latent-dim", 4, *options)
    return model


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos") / "photos"
    return write_images(folder, [(24, 32), (32, 24), (24, 32), (17, 19), (32, 24), (24, 32)])


@pytest.fixture(scope="module")
def any_size(isthmus, photos):
    return train(isthmus, photos, "--crop", 16, "--crops-per-image", 2)


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("scans") / "scans", [(16, 24)] * 8)


@pytest.fixture(scope="module")
def positions(isthmus, scans):
    return train(isthmus, scans, "--net", "feature-map")


def test_several_sizes_are_evaluated_and_compared(isthmus, any_size, photos):
    figures = isthmus("evaluate", any_size, photos, "--json").json
    model, pictures = package.load(any_size), files.read(photos).X
    assert (figures["rows"], figures["units"]) == (6, 4)
    assert figures["error"]["mean"] == pytest.approx(model.reconstruction_error(pictures).mean(), rel=1e-5)
    assert "0.0" in isthmus("compare", any_size, photos).out


def test_the_error_of_each_image_has_the_name_of_its_file(isthmus, any_size, photos, tmp_path):
    isthmus("evaluate", any_size, photos, "-o", tmp_path / "rows.csv")
    found, expected = pd.read_csv(tmp_path / "rows.csv"), package.load(any_size)
    assert list(found.file) == [f"p{i}.jpg" for i in range(6)]
    np.testing.assert_allclose(found.error, expected.reconstruction_error(files.read(photos).X), rtol=1e-5)


def test_pooled_codes_of_several_sizes_are_written(isthmus, any_size, photos, tmp_path):
    isthmus("encode", any_size, photos, "--pool", "mean", "-o", tmp_path / "z.npy")
    codes = package.load(any_size).transform(files.read(photos).X, pool="mean")
    np.testing.assert_allclose(np.load(tmp_path / "z.npy"), codes)
    isthmus("encode", any_size, photos, "--pool", "mean", "-o", tmp_path / "z.csv")
    table = pd.read_csv(tmp_path / "z.csv")
    assert list(table["file"]) == sorted(path.name for path in photos.iterdir()) and table.shape == (6, 1 + 4)


def test_codes_of_several_sizes_name_the_way_out(isthmus, any_size, photos, tmp_path):
    assert "--pool mean" in isthmus("encode", any_size, photos, "-o", tmp_path / "z.npy", code=1).err
    first = ("encode", any_size, photos, "--rows", "0:1", "-o")
    assert "2 x 3" not in isthmus(*first, tmp_path / "z.npy").err
    assert "only .npy" in isthmus(*first, tmp_path / "z.csv", code=1).err


def test_codes_of_one_image_come_back(isthmus, any_size, photos, tmp_path):
    isthmus("encode", any_size, photos, "--rows", "0:1", "-o", tmp_path / "z.npy")
    isthmus("decode", any_size, tmp_path / "z.npy", "-o", tmp_path / "x.npy")
    model, first = package.load(any_size), files.read(photos).X[:1]
    np.testing.assert_allclose(np.load(tmp_path / "x.npy"), model.reconstruct(first)[0][None], atol=1e-5)


def test_means_over_positions_are_not_decoded(isthmus, any_size, photos, tmp_path):
    isthmus("encode", any_size, photos, "--pool", "mean", "-o", tmp_path / "z.npy")
    refused = isthmus("decode", any_size, tmp_path / "z.npy", "-o", tmp_path / "x.npy", code=1).err
    assert "(n, any, any, 4)" in refused and "mean over positions cannot be decoded" in refused


def test_reconstructions_have_sizes_and_names_of_the_originals(isthmus, any_size, photos, tmp_path):
    isthmus("reconstruct", any_size, photos, "-o", tmp_path / "new")
    sizes = {path.stem: size(path) for path in photos.iterdir()}
    assert {path.stem: size(path) for path in (tmp_path / "new").glob("*.png")} == sizes


@pytest.mark.parametrize("name", ["x.png", "x.npy", "x.csv"])
def test_several_sizes_do_not_go_into_one_file(isthmus, any_size, photos, tmp_path, name):
    refused = isthmus("reconstruct", any_size, photos, "-o", tmp_path / name, code=1).err
    assert "several" in refused and "into a folder" in refused and not (tmp_path / name).exists()


def test_names_follow_the_rows_that_are_chosen(isthmus, any_size, photos, tmp_path):
    isthmus("reconstruct", any_size, photos, "--rows", "3:5", "-o", tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["p3.png", "p4.png"]


def test_rows_that_are_no_images_leave_no_folder(isthmus, positions, scans, tmp_path):
    assert "unknown kind of output" in isthmus("encode", positions, scans, "-o", tmp_path / "codes", code=1).err
    assert not (tmp_path / "codes").exists()


def test_two_images_of_one_size_are_interpolated(isthmus, any_size, photos, tmp_path):
    isthmus("interpolate", any_size, photos, "--from", 0, "--to", 2, "--steps", 3, "-o", tmp_path / "w.npy")
    assert np.load(tmp_path / "w.npy").shape == (3, 24, 32, 3)
    other = ("interpolate", any_size, photos, "--from", 0, "--to", 1, "-o", tmp_path / "w.png")
    assert "give two of one size" in isthmus(*other, code=1).err


def test_samples_and_facts_of_a_model_of_any_size(isthmus, any_size, tmp_path):
    isthmus("sample", any_size, "-n", 3, "-o", tmp_path / "s.npy")
    assert np.load(tmp_path / "s.npy").shape == (3, 16, 16, 3)
    assert "3 x any x any" in isthmus("info", any_size).out
    isthmus("sample", any_size, "-n", 2, "--size", "40x30", "-o", tmp_path / "s.npy")
    assert np.load(tmp_path / "s.npy").shape == (2, 30, 40, 3)
    assert "expected height and width" in isthmus("sample", any_size, "--size", 0, "-o", tmp_path / "s.npy", code=1).err


@pytest.mark.parametrize("shape", [(1, 1), (3, 5000), (5000, 3)])
def test_images_of_strange_sizes(isthmus, any_size, tmp_path, shape):
    folder = write_images(tmp_path / "strange", [shape, (20, 30)])
    assert isthmus("evaluate", any_size, folder, "--json").json["rows"] == 2
    isthmus("reconstruct", any_size, folder, "-o", tmp_path / "new")
    assert size(tmp_path / "new" / "p0.png") == shape[::-1]


def test_a_net_for_one_size_is_refused(isthmus, photos, tmp_path):
    refused = isthmus("train", photos, "--crop", 16, "--net", "mlp", "-o", tmp_path / "m", code=1).err
    assert "nets for any size: feature-map" in refused and "Images(resize=" in refused


def test_codes_with_positions_of_one_size(isthmus, positions, scans, tmp_path):
    figures = isthmus("evaluate", positions, scans, "--json").json
    assert (figures["rows"], figures["units"]) == (8, 4)
    isthmus("encode", positions, scans, "-o", tmp_path / "z.csv")
    assert pd.read_csv(tmp_path / "z.csv").shape == (8, 1 + 2 * 3 * 4)
    isthmus("decode", positions, tmp_path / "z.csv", "-o", tmp_path / "x.npy")
    isthmus("reconstruct", positions, scans, "-o", tmp_path / "y.npy")
    np.testing.assert_allclose(np.load(tmp_path / "x.npy"), np.load(tmp_path / "y.npy"), atol=1e-4)
    isthmus("interpolate", positions, scans, "--from", 0, "--to", 1, "-o", tmp_path / "w.png")
    isthmus("encode", positions, scans, "--pool", "mean", "-o", tmp_path / "p.npy")
    assert np.load(tmp_path / "p.npy").shape == (8, 4)
    assert "(n, 2, 3, 4)" in isthmus("decode", positions, tmp_path / "p.npy", "-o", tmp_path / "x.npy", code=1).err


def test_a_detector_of_images_of_any_size(isthmus, photos, tmp_path, monkeypatch):
    monkeypatch.setattr("isthmus.tasks.anomaly.detector.STEPS", 4)
    monkeypatch.setattr("isthmus.tasks.anomaly.detector.EPOCHS", 1)
    model, output = tmp_path / "d.safetensors", tmp_path / "v.csv"
    isthmus("detect", photos, "--train", photos, "--crop", 16, "--save", model, "-o", output, "-q")
    scores = pd.read_csv(output)
    assert scores["file"].tolist() == sorted(path.name for path in photos.iterdir())
    assert np.isfinite(scores["score"]).all()
    isthmus("detect", photos, "--model", model, "-o", tmp_path / "again.csv", "-q")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "again.csv"), scores)
    assert "leave it out" in isthmus("detect", photos, "--model", model, "--explain", "-o", output, code=1).err
    isthmus("report", model, photos, "-o", tmp_path / "d.html")
    assert 'id="latent"' in (tmp_path / "d.html").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--explain",), "--explain names columns, and images have none: leave it out. Where"),
        (("--window", 8), "--window is about signals, --crop about images"),
        (("--model", "m.safetensors"), "knows how it takes images: leave out --crop"),
    ],
)
def test_options_of_images_that_do_not_go_with_others_are_refused(isthmus, photos, tmp_path, options, message):
    refused = isthmus("detect", photos, "--crop", 16, *options, "-o", tmp_path / "v.csv", code=2).err
    assert message in " ".join(refused.split())


def test_too_few_rows_are_said_of_their_file(isthmus, tmp_path):
    folder = write_images(tmp_path / "scans", [(16, 16)])
    (folder / "broken.png").write_text("no image")
    how = ("--epochs", 1, "-o", tmp_path / "m")
    refused = isthmus("train", folder, "--skip-broken", *how, code=1).err
    assert "scans' holds 1 row, since 1 could not be read and were left out: training needs at least 2" in refused
