"""``isthmus compress`` and ``isthmus decompress``, as they are typed."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from PIL import Image
from pyarrow import parquet

from isthmus import Autoencoder, Compressive, Compressor, Images
from isthmus.apps.cli.main import main
from isthmus.tasks.compression import shipped

pytest.importorskip("constriction")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (6, 6, 3), np.uint8).repeat(12, 0).repeat(12, 1) for _ in range(3)]
    own = Autoencoder(Compressive(width=16), data=Images(crop=64), epochs=1, random_state=0, verbose=False)
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    Compressor(own).fit(images).save(path)
    return str(path)


@pytest.fixture
def photo(tmp_path):
    rows, columns = np.mgrid[:80, :100] / 30
    pixels = 120 + 60 * np.sin(rows + columns)[..., None] + np.random.default_rng(0).normal(0, 12, (80, 100, 3))
    path = tmp_path / "in" / "photo.png"
    path.parent.mkdir()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
    return path


def run(*arguments, code=0):
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return result


def test_one_of_ones_own_is_trained_kept_and_used(photo, tmp_path):
    model, small = tmp_path / "own.safetensors", tmp_path / "small"
    run("compress", photo.parent, "--train", photo.parent, "--epochs", 1, "--save", model, "-o", small)
    assert "own" in run("info", small / "photo.isth").output
    run("decompress", small, "-o", tmp_path / "back", "--model", model)
    with Image.open(tmp_path / "back" / "photo.png") as image:
        assert image.size == (100, 80)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--save", "m.safetensors"], "--train FOLDER"),
        (["--epochs", "3"], "--train FOLDER"),
        (["--train", "in", "--model", "m.safetensors"], "leave out --train"),
        (["--train", "nowhere"], "there is no folder 'nowhere'"),
    ],
)
def test_what_is_said_of_training(photo, tmp_path, monkeypatch, typed, said):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["compress", str(photo), *typed])
    assert result.exit_code and said in result.output


def test_training_for_tables_alone_is_refused(photo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("x\n1\n2\n")
    result = CliRunner().invoke(main, ["compress", "a.csv", "--train", str(photo.parent)])
    assert result.exit_code == 2 and "leave it out, or --save MODEL" in result.output


def test_an_image_goes_and_comes(photo, model, tmp_path):
    said = json.loads(run("compress", photo, "--model", model, "--json").stdout)["files"][0]
    small = photo.with_suffix(".isth")
    assert said["file"] == str(small) and said["bytes"] == small.stat().st_size and said["PSNR"] > 25
    assert "80 pixels" in run("decompress", small, "--model", model, "-o", tmp_path / "back.png").output
    with Image.open(photo) as before, Image.open(tmp_path / "back.png") as after:
        assert before.size == after.size and before.mode == after.mode


def test_a_compressor_that_comes_with_isthmus_is_named(photo, model, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "FOLDER", Path(model).parent)
    run("compress", photo, "--model", "m")
    run("decompress", photo.with_suffix(".isth"), "--model", model, "-o", tmp_path / "back.png")
    assert "did you mean 'm'" in run("compress", photo, "--model", "mn", "--overwrite", code=1).output


def test_a_folder_goes_to_a_folder_with_everything_in_its_place(photo, model, tmp_path):
    (photo.parent / "sub").mkdir()
    with Image.open(photo) as image:
        image.save(photo.parent / "sub" / "other.png")
    out = run("compress", photo.parent, "-o", tmp_path / "small", "--model", model, "--quality", 40).output
    assert "2 files" in out and (tmp_path / "small" / "sub" / "other.isth").exists()
    run("decompress", tmp_path / "small", "-o", tmp_path / "back", "--model", model, "--as", "jpg")
    assert (tmp_path / "back" / "sub" / "other.jpg").exists()


def test_profile_exif_and_alpha_are_carried_along(model, tmp_path):
    image = Image.fromarray(np.random.default_rng(0).integers(90, 110, (40, 50, 4)).astype(np.uint8), "RGBA")
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    image.save(tmp_path / "a.png", exif=exif, icc_profile=b"profile")
    run("compress", tmp_path / "a.png", "--model", model)
    run("decompress", tmp_path / "a.isth", "--model", model, "-o", tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as back:
        assert back.info["icc_profile"] == b"profile" and back.getexif()[0x010F] == "a maker"
        np.testing.assert_array_equal(np.asarray(back)[..., 3], np.asarray(image)[..., 3])


def test_tables_and_arrays_need_no_model(tmp_path):
    table = b"a,b\n" + b"".join(b"%d,%s\n" % (row % 7, [b"x", b"y"][row % 2]) for row in range(500))
    (tmp_path / "t.csv").write_bytes(table)
    x = np.sin(np.arange(3000) / 20)
    np.save(tmp_path / "x.npy", x)
    run("compress", tmp_path / "t.csv")
    run("compress", tmp_path / "x.npy", "--max-error", 0.01)
    assert (tmp_path / "x.isth").stat().st_size < 2500
    run("decompress", tmp_path / "t.isth", tmp_path / "x.isth", "-o", tmp_path / "back")
    assert (tmp_path / "back" / "t.csv").read_bytes() == table
    assert np.abs(np.load(tmp_path / "back" / "x.npy") - x).max() <= 0.01


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (["x.npy"], "--max-error, or --lossless", 2),
        (["x.npy", "--quality", "50"], "about images", 2),
        (["t.csv", "--max-error", "c=1"], "column 'c'", 1),
        (["t.csv", "--max-error", "a:1"], "expected a number", 2),
        (["x.npy", "--max-error", "a=1"], "no names", 2),
        (["photo.png", "--lossless"], "about tables and arrays", 2),
        (["photo.png", "--quality", "50", "--target-bpp", "1"], "choose one", 2),
        (["nothing.png"], "there is no file", 1),
        (["photo.png", "t.csv", "-o", "t.csv"], "go to a folder", 1),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(arguments, said, code, tmp_path, photo, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photo.rename(tmp_path / "photo.png")
    (tmp_path / "t.csv").write_text("a\n1\n")
    np.save(tmp_path / "x.npy", np.zeros(3))
    result = run("compress", *arguments, code=code)
    assert said in result.output
    assert not list(tmp_path.glob("*.isth"))


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n")
    run("compress", tmp_path / "t.csv")
    assert "--overwrite replaces it" in run("compress", tmp_path / "t.csv", code=1).output
    run("compress", tmp_path / "t.csv", "--overwrite")
    assert "there already" in run("decompress", tmp_path / "t.isth", code=1).output


def test_a_damaged_file_is_said(tmp_path):
    (tmp_path / "t.csv").write_text("a\n1\n")
    run("compress", tmp_path / "t.csv")
    content = (tmp_path / "t.isth").read_bytes()
    (tmp_path / "t.isth").write_bytes(content[:-5])
    assert "truncated" in run("decompress", tmp_path / "t.isth", "-o", tmp_path / "b.csv", code=1).output
    assert not (tmp_path / "b.csv").exists()


def test_info_says_what_a_file_holds(photo, model, tmp_path):
    run("compress", photo, "--model", model, "--quality", 40)
    small = photo.with_suffix(".isth")
    known = json.loads(run("info", small, "--json").stdout)
    assert (known["width"], known["height"], known["channels"], known["type"]) == (100, 80, 3, "uint8")
    assert known["quality"] == 40 and known["model"].startswith("own (")
    assert known["parts"]["TILE"]["number"] == 1
    text = run("info", small).output
    assert "an image" in text and "TILE" in text and "damaged" not in text
    content = bytearray(small.read_bytes())
    content[-30] ^= 1
    small.write_bytes(content)
    assert "damaged parts" in run("info", small).output
    np.save(tmp_path / "log.npy", np.arange(60.0).reshape(20, 3))
    run("compress", tmp_path / "log.npy", "--lossless")
    assert "20, 3" in run("info", tmp_path / "log.isth").output
    (tmp_path / "t.csv").write_text("a,b\n1,x\n2,y\n")
    run("compress", tmp_path / "t.csv")
    assert json.loads(run("info", tmp_path / "t.isth", "--json").stdout)["columns"] == 2
    assert "leave it out" in run("info", tmp_path / "t.isth", "--rows", "0:3", code=2).output


def test_codecs_are_compared_on_a_folder(photo, model, tmp_path):
    with Image.open(photo) as image:
        image.convert("L").save(photo.parent / "grey.png")
    known = json.loads(run("compare-codecs", photo.parent, "--model", model, "--json").stdout)
    assert known["images"] == 2 and {"isthmus", "JPEG", "WebP"} <= set(known["codecs"])
    for codec in known["codecs"].values():
        assert codec["bpp"] == sorted(codec["bpp"])
    text = run("compare-codecs", photo.parent, "--model", model, "--limit", 1, "-o", tmp_path / "r.svg").output
    assert "to JPEG" in text and "<svg" in (tmp_path / "r.svg").read_text()
    assert "no folder" in run("compare-codecs", photo, "--model", model, code=1).output
    (tmp_path / "empty").mkdir()
    assert "no images" in run("compare-codecs", tmp_path / "empty", "--model", model, code=1).output


def test_a_log_is_off_by_the_bound_at_most(tmp_path):
    walk = np.cumsum(np.random.default_rng(0).normal(size=300))
    path = tmp_path / "log.csv"
    path.write_text("t,x\n" + "".join(f"{at},{x!r}\n" for at, x in enumerate(walk.tolist())))
    said = json.loads(run("compress", path, "--max-error", "x=0.01", "--json").stdout)["files"][0]
    assert 0.005 < said["greatest error"] <= 0.01 and said["bytes"] < path.stat().st_size / 8
    run("decompress", tmp_path / "log.isth", "-o", tmp_path / "back.csv")
    back = np.loadtxt(tmp_path / "back.csv", delimiter=",", skiprows=1)
    assert np.abs(back[:, 1] - walk).max() <= 0.01 and (back[:, 0] == np.arange(300)).all()


def test_a_parquet_file_goes_and_comes(tmp_path):
    table = pa.table({"a": list(range(50)), "b": [None, "x"] * 25})
    parquet.write_table(table, tmp_path / "t.parquet")
    run("compress", tmp_path / "t.parquet")
    assert "50 rows" in run("decompress", tmp_path / "t.isth", "-o", tmp_path / "back.parquet").output
    assert parquet.read_table(tmp_path / "back.parquet").equals(table)
    (tmp_path / "no.parquet").write_bytes(b"no")
    assert "no Parquet file" in run("compress", tmp_path / "no.parquet", code=1).output
