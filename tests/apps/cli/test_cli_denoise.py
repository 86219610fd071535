"""``isthmus denoise``: files and folders, models of either kind, and denoisers that are trained on the way."""

import json
import re

import numpy as np
import pytest
from PIL import Image

import isthmus as package
from isthmus.core.part import lookup
from isthmus.data.io import files

RNG = np.random.default_rng(0)
TRAIN = ("--epochs", 1, "--latent-dim", 4, "--batch-size", 64, "-q")


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """A folder with noisy and clean versions of six images, of two sizes."""
    folder = tmp_path_factory.mktemp("scans")
    for name in ("noisy", "clean"):
        (folder / name).mkdir()
    for number in range(6):
        image = np.rint(127 + 60 * np.sin(np.add.outer(np.arange(24), np.arange(24 + number % 2)) / 4)).astype(np.uint8)
        noisy = np.clip(image + 20 * RNG.normal(size=image.shape), 0, 255).astype(np.uint8)
        Image.fromarray(image).save(folder / "clean" / f"{number}.png")
        Image.fromarray(noisy).save(folder / "noisy" / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def denoiser(isthmus, scans):
    path = scans / "pairs.safetensors"
    learn = ("--noisy", scans / "noisy", "--clean", scans / "clean", "--save", path)
    isthmus("denoise", scans / "noisy", *learn, *TRAIN, "-o", scans / "out")
    return path


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_pairs_teach_a_denoiser_that_is_saved(denoiser, scans):
    known = package.load(denoiser)
    assert known.learnt_from_ == "pairs" and known.autoencoder_.info_["epochs"] == 1
    for path in sorted((scans / "noisy").iterdir()):
        np.testing.assert_array_equal(read(scans / "out" / path.name), known.transform([read(path)])[0])


@pytest.mark.parametrize("kind", ["pairs", "autoencoder"])
def test_a_model_is_trained_further_on_pairs(isthmus, denoiser, scans, tmp_path, kind):
    start = {"pairs": denoiser, "autoencoder": tmp_path / "a.safetensors"}[kind]
    if kind == "autoencoder":
        isthmus("train", scans / "clean", "--crop", 16, "--variant", "denoising", *TRAIN, "-o", start)
    line = ("train", scans / "noisy", "--clean", scans / "clean", "--from", start, "--variant", "denoising")
    done = isthmus(*line, "--epochs", 1, "-o", tmp_path / "m.safetensors", "-q", "--json").json
    further, known = package.load(tmp_path / "m.safetensors"), package.load(start)
    assert done["variant"] == "denoising" and further.learnt_from_ == "pairs" and not further.adds_noise
    assert len(further.autoencoder_.history_) == len(known.autoencoder_.history_) + 1
    isthmus("denoise", scans / "noisy" / "0.png", "--model", tmp_path / "m.safetensors", "-o", tmp_path / "0.png")


def test_a_name_stands_for_a_denoiser_that_comes_with_the_package(isthmus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = ("export", "scan", "-o", "m.onnx", "--part", "score")
    assert "this Denoiser has no part 'score'" in isthmus(*line, code=1).err
    (tmp_path / "scan").write_text("a file of the user's")
    assert "is not a whole isthmus file" in isthmus(*line, code=1).err


def test_pairs_need_a_start_and_two_folders(isthmus, denoiser, scans, tmp_path):
    line = ("train", scans / "noisy", "--clean", scans / "clean", "-o", tmp_path / "m.safetensors")
    assert "isthmus denoise INPUT --noisy FOLDER --clean FOLDER --save MODEL" in isthmus(*line, code=2).err
    assert "leave out --latent-dim" in isthmus(*line, "--from", denoiser, "--latent-dim", 3, code=2).err
    for options in (("--label", "x"), ("--rows", "0:3"), ("--skip-broken",)):
        assert f"{options[0]}" in isthmus(*line, "--from", denoiser, *options, code=2).err
    both = ("train", scans / "noisy", scans / "noisy", *line[2:], "--from", denoiser)
    assert "put the noisy files into one folder" in isthmus(*both, code=1).err
    other = ("train", scans / "noisy" / "0.png", *line[2:], "--from", denoiser)
    assert "are not pairs" in isthmus(*other, code=1).err


@pytest.mark.parametrize("side", ["clean", "noisy"])
def test_one_folder_teaches_too(isthmus, scans, tmp_path, side):
    line = ("denoise", scans / "noisy" / "0.png", f"--{side}", scans / side, "--save", tmp_path / "d.safetensors")
    isthmus(*line, *TRAIN, "-o", tmp_path / "0.png")
    assert package.load(tmp_path / "d.safetensors").learnt_from_ == side and (tmp_path / "0.png").exists()


def test_the_output_is_beside_the_input_unless_named(isthmus, denoiser, scans, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes((scans / "noisy" / "0.png").read_bytes())
    one = isthmus("denoise", tmp_path / "in" / "a.png", "--model", denoiser, "--before-after", "--json").json
    assert one["files"] == [str(tmp_path / "in" / "a-denoised.png")] and one["images"] == 1
    assert read(tmp_path / "in" / "a-denoised-before-after.png").ndim == 3
    said = isthmus("denoise", tmp_path / "in", "--model", denoiser, "--strength", 0.5)
    assert said.out.strip() == f"{tmp_path / 'in-denoised'}: 3 images without noise"


def test_a_broken_file_says_how_many_were_written_and_how_to_go_on(isthmus, denoiser, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("1.png", "2.png"):
        Image.fromarray(RNG.integers(0, 256, (24, 24), np.uint8)).save(tmp_path / "in" / name)
    whole = (tmp_path / "in" / "2.png").read_bytes()
    (tmp_path / "in" / "2.png").write_bytes(whole[: len(whole) // 2])
    line = ("denoise", tmp_path / "in", "--model", denoiser)
    said = isthmus(*line, code=1).err
    assert "2.png" in said and "1 file was written before; --skip-broken leaves out" in said
    assert "1 image cannot be read, and was left out: 2.png" in isthmus(*line, "--skip-broken", "--overwrite").err


def test_figures_of_files_that_differ_in_their_ending_have_two_names(isthmus, denoiser, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("1.png", "1.tif", "2-before-after.png"):
        Image.fromarray(RNG.integers(0, 256, (24, 24), np.uint8)).save(tmp_path / "in" / name)
    line = ("denoise", tmp_path / "in", "--model", denoiser, "--before-after", "-o", tmp_path / "out")
    isthmus(*line)
    assert {"1-png-before-after.png", "1-tif-before-after.png"} < {path.name for path in (tmp_path / "out").iterdir()}
    (tmp_path / "in" / "2-before-after.png").with_name("2.png").write_bytes((tmp_path / "in" / "1.png").read_bytes())
    assert "2-before-after.png would be a figure, and an output" in isthmus(*line, "--overwrite", code=1).err


def test_images_of_a_folder_that_holds_sounds_too_are_cleaned(isthmus, denoiser, tmp_path):
    (tmp_path / "in").mkdir()
    Image.fromarray(RNG.integers(0, 256, (24, 24), np.uint8)).save(tmp_path / "in" / "1.png")
    (tmp_path / "in" / "1.wav").write_bytes(b"RIFF")
    done = isthmus("denoise", tmp_path / "in", "--kind", "scan", "-o", tmp_path / "out", "--json")
    assert done.json["images"] == 1 and "also holds 1.wav: no images, left out" in done.err


def test_a_model_that_train_wrote_is_a_denoiser(isthmus, scans, tmp_path):
    path = tmp_path / "m.safetensors"
    isthmus("train", scans / "clean", "--crop", 16, "--variant", "denoising", "--level", "0,0.2", *TRAIN, "-o", path)
    isthmus("denoise", scans / "noisy", "--model", path, "-o", tmp_path / "out")
    expected = package.Denoiser.of(package.load(path)).transform(scans / "noisy")
    for number, image in enumerate(expected):
        np.testing.assert_array_equal(read(tmp_path / "out" / f"{number}.png"), image)
    line = ("denoise", scans / "noisy", "--model", path, "-o", tmp_path / "other", "--sigma", 0.1)
    assert "leave sigma out" in isthmus(*line, code=1).err


def test_the_noise_level_is_estimated_unless_it_is_known(isthmus, denoiser, scans, tmp_path):
    line = ("denoise", scans / "noisy" / "0.png", "--model", denoiser)
    isthmus(*line, "-o", tmp_path / "estimated.png")
    for sigma in (0.0, 0.2):
        isthmus(*line, "-o", tmp_path / f"{sigma}.png", "--sigma", sigma)
    images = [read(tmp_path / f"{name}.png").astype(float) for name in ("0.0", "estimated", "0.2")]
    roughness = [np.abs(np.diff(image)).mean() for image in images]
    assert roughness == sorted(roughness, reverse=True) and roughness[0] > 1.5 * roughness[2]


def test_models_of_other_data_clean_it(isthmus, wine, models, tmp_path):
    table = tmp_path / "t.safetensors"
    isthmus("train", wine, "--label", "kind", "--variant", "denoising", *TRAIN, "-o", table)
    isthmus("denoise", wine, "--label", "kind", "--model", table, "-o", tmp_path / "clean.csv")
    assert len((tmp_path / "clean.csv").read_text().splitlines()) == 121
    line = ("denoise", wine, "--label", "kind", "--model", table, "-o", tmp_path / "clean.csv")
    assert "about images" in isthmus(*line, "--strength", 0.5, code=2).err
    assert "name the file" in isthmus(*line[:-2], code=2).err
    digits = ("denoise", "digits", "--rows", "0:5", "-o", tmp_path / "d.npy", "--model", models["denoising"])
    isthmus(*digits, "--strength", 0)
    np.testing.assert_array_equal(np.load(tmp_path / "d.npy"), files.read("digits").X[:5])


def test_broken_files_are_left_out_where_that_is_asked_for(isthmus, denoiser, scans, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes((scans / "noisy" / "0.png").read_bytes())
    (tmp_path / "in" / "b.png").write_bytes((scans / "noisy" / "1.png").read_bytes()[:100])
    line = ("denoise", tmp_path / "in", "--model", denoiser, "-o", tmp_path / "out")
    assert "b.png" in isthmus(*line, code=1).err
    done = isthmus(*line, "--skip-broken", "--overwrite", "--json")
    assert done.json["left_out"] == ["b.png"] and "left out: b.png" in done.err
    (tmp_path / "in" / "a.png").unlink()
    assert "none of its images can be read" in isthmus(*line, "--skip-broken", "--overwrite", code=1).err


def test_what_a_user_should_know_of_a_file_is_said(isthmus, denoiser, tmp_path):
    Image.fromarray(RNG.integers(0, 255, (20, 20, 3), np.uint8)).quantize(8).save(tmp_path / "a.png")
    assert "palette" in isthmus("denoise", tmp_path / "a.png", "--model", denoiser, "-o", tmp_path / "b.png").err


def test_the_former_order_names_the_new_line(isthmus, denoiser):
    said = isthmus("denoise", "m.safetensors", "new scans/", "-o", "out", code=2).err
    assert "isthmus denoise 'new scans/' --model m.safetensors -o out" in said
    assert "one INPUT at a time" in isthmus("denoise", "a.png", "b.png", "--model", denoiser, code=2).err


def test_a_denoiser_that_comes_with_the_package_is_chosen_by_its_kind(isthmus, scans, tmp_path):
    isthmus("denoise", scans / "noisy", "--kind", "scan", "-o", tmp_path / "out")
    expected = package.Denoiser.shipped("scan").transform(scans / "noisy")
    for number, image in enumerate(expected):
        np.testing.assert_array_equal(read(tmp_path / "out" / f"{number}.png"), image)
    assert "scan" in isthmus("denoise", scans / "noisy", "--kind", "scans", code=2).err


def test_images_are_photographs_unless_it_is_said(isthmus, scans, tmp_path):
    isthmus("denoise", scans / "noisy", "-o", tmp_path / "out")
    expected = package.Denoiser.shipped("photo", 1).transform(scans / "noisy")
    for number, image in enumerate(expected):
        np.testing.assert_array_equal(read(tmp_path / "out" / f"{number}.png"), image)


REFUSED = {
    "a denoiser and images to learn from": (["--model", "MODEL", "--clean", "IN"], 2, "leave out --clean"),
    "a denoiser and settings": (["--model", "MODEL", "--epochs", 3], 2, "leave out --epochs"),
    "a kind and a denoiser": (["--kind", "scan", "--model", "MODEL"], 2, "leave one out"),
    "a kind and images to learn from": (["--kind", "scan", "--clean", "IN"], 2, "--kind scan is trained already"),
    "an output inside the input": (["--model", "MODEL", "-o", "IN/out"], 1, "inside the input"),
    "an output that is there": (["--model", "MODEL", "-o", "IN"], 1, "--overwrite)"),
    "options of rows": (["--model", "MODEL", "--rows", "0:1"], 2, "--rows is not about files"),
    "options of tables": (["--model", "MODEL", "--drop", "a"], 2, "--drop is not about files"),
    "a strength above 1": (["--model", "MODEL", "--strength", 2], 2, "0<=x<=1"),
    "a noise level in steps of grey": (["--model", "MODEL", "--sigma", 25], 1, "25 of 255 is 0.098"),
    "no pairs": (["--noisy", "IN", "--clean", "EMPTY", *TRAIN], 1, "holds no images"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_lines_that_cannot_be_right_are_refused(isthmus, denoiser, scans, tmp_path, name):
    typed, code, said = REFUSED[name]
    paths = {"MODEL": denoiser, "IN": scans / "noisy", "IN/out": scans / "noisy" / "out", "EMPTY": tmp_path}
    before = {path: path.read_bytes() for path in (scans / "noisy").iterdir()}
    done = isthmus("denoise", scans / "noisy", *(paths.get(one, one) for one in typed), code=code)
    assert said in done.err
    assert {path: path.read_bytes() for path in (scans / "noisy").iterdir()} == before


def test_of_a_table_it_is_said_what_cleans_it(isthmus, tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    said = isthmus("denoise", tmp_path / "t.csv", code=2).err
    assert "holds a table, and --kind photo is for images" in said and "--model MODEL" in said


def test_other_commands_know_a_denoiser(isthmus, denoiser, scans):
    assert json.loads(isthmus("info", denoiser, "--json").out)["model"]["estimator"] == "Denoiser"
    said = isthmus("encode", denoiser, scans / "noisy", "-o", "z.npy", code=1).err
    assert (
        f"holds a Denoiser, where an Autoencoder is needed: use it with isthmus denoise DATA --model {denoiser}" in said
    )
    said = isthmus("train", scans / "noisy", "--from", denoiser, "-o", "m.safetensors", code=1).err
    assert "it holds a Denoiser" in said and "isthmus denoise DATA --clean FOLDER" in said


def test_a_denoiser_that_adds_noise_is_trained_further(isthmus, scans, tmp_path, monkeypatch):
    ours = tmp_path / "models"
    ours.mkdir()
    isthmus(
        "denoise",
        scans / "noisy",
        "--clean",
        scans / "clean",
        "--save",
        ours / "photo.safetensors",
        *TRAIN,
        "-o",
        tmp_path / "o",
    )
    monkeypatch.setattr("isthmus.tasks.denoising.shipped.MODELS", ours)
    further = ("train", scans / "clean", "--from", "photo", "--epochs", 1, "-o", tmp_path / "mine.safetensors")
    isthmus(*further, "--variant", "denoising")
    mine, start = package.load(tmp_path / "mine.safetensors"), package.load(ours / "photo.safetensors").autoencoder_
    assert mine.history_[: len(start.history_)] == start.history_ and len(mine.history_) == len(start.history_) + 1
    isthmus("denoise", scans / "noisy", "--model", tmp_path / "mine.safetensors", "-o", tmp_path / "cleaned")
    assert "leave out --variant" in isthmus(*further, "--variant", "plain", code=2).err


def test_what_a_mask_marks_is_filled(isthmus, scans, tmp_path):
    net = lookup("net/unet")((8,), (1,), fill=True)
    model = package.Autoencoder(package.Denoising("masking", 0.3), 8, net=net, data=package.Images(crop=16), epochs=2)
    package.Denoiser(model.set_params(verbose=False)).fit(scans / "clean").save(tmp_path / "fill.safetensors")
    masks, holed = tmp_path / "masks", tmp_path / "holed"
    masks.mkdir()
    holed.mkdir()
    for path in sorted((scans / "clean").iterdir()):
        image = read(path).copy()
        mask = np.zeros_like(image)
        mask[8:11, 5:15] = 255
        Image.fromarray(mask).save(masks / f"{path.stem}.bmp")
        Image.fromarray(np.where(mask > 0, 0, image).astype(np.uint8)).save(holed / path.name)
    line = ("denoise", holed, "--model", tmp_path / "fill.safetensors", "-o", tmp_path / "filled")
    isthmus(*line, "--mask", masks)
    for path in (scans / "clean").iterdir():
        clean, filled = (read(one).astype(float) for one in (path, tmp_path / "filled" / path.name))
        hole = read(masks / f"{path.stem}.bmp") > 0
        np.testing.assert_array_equal(filled[~hole], clean[~hole])
        assert np.abs(filled - clean)[hole].mean() < 0.5 * clean[hole].mean()
    assert "fills what a mask marks" in isthmus(*line, "--overwrite", code=1).err
    (masks / "0.bmp").unlink()
    assert "holds no mask of 0" in isthmus(*line, "--mask", masks, "--overwrite", code=1).err
    one = ("denoise", holed / "1.png", "--model", tmp_path / "fill.safetensors", "-o", tmp_path / "one.png")
    assert "there is no mask" in isthmus(*one, "--mask", tmp_path / "none.png", code=1).err
    assert "its image is 24 x 25 pixels" in isthmus(*one, "--mask", masks / "2.bmp", code=1).err
    isthmus(*one, "--mask", masks / "1.bmp")
    np.testing.assert_array_equal(read(tmp_path / "one.png"), read(tmp_path / "filled" / "1.png"))


def test_saving_a_denoiser_harms_no_file(isthmus, scans, tmp_path):
    image, model = tmp_path / "x.png", tmp_path / "m.safetensors"
    Image.fromarray(read(scans / "noisy" / "0.png")).save(image)
    model.write_text("what was there")
    for path, said in (
        (image, "by its name another kind of file"),
        (model, "--save: .* is there already; --overwrite"),
    ):
        before = path.read_bytes()
        assert re.search(said, isthmus("denoise", image, "--save", path, "-o", tmp_path / "y.png", code=1).err)
        assert path.read_bytes() == before
    isthmus("denoise", image, "--save", model, "-o", tmp_path / "y.png", "--overwrite")
    assert package.load(model).learnt_from_ == package.Denoiser.shipped("photo").learnt_from_


@pytest.mark.parametrize("wrong", ["no input", "output is there", "output inside", "other format"])
def test_what_cannot_be_read_or_written_is_said_before_anything_is_learnt(isthmus, scans, tmp_path, wrong):
    model = tmp_path / "m.safetensors"
    source, output, said = {
        "no input": (tmp_path / "nothing", tmp_path / "out", "there is no file or folder"),
        "output is there": (scans / "noisy", scans / "clean", "is there already"),
        "output inside": (scans / "noisy", scans / "noisy" / "out", "is inside the input"),
        "other format": (scans / "noisy" / "0.png", tmp_path / "0.jpg", "is to have the format of the input"),
    }[wrong]
    done = isthmus("denoise", source, "--clean", scans / "clean", *TRAIN, "--save", model, "-o", output, code=1)
    assert said in done.err and "training on" not in done.err and not model.exists()


def test_fractions_are_numbers_from_0_to_1(isthmus, scans):
    line = ("denoise", scans / "noisy" / "0.png", "-o", scans / "never.png")
    for typed in ("nan", -1, 2):
        assert "not in the range 0<=x<=1" in isthmus(*line, "--strength", typed, code=2).err
        assert "is no number in [0, 1]" in isthmus(*line, "--sigma", typed, code=1).err
    assert "25 of 255 is 0.098" in isthmus("denoise", scans / "noisy", "-o", scans / "o", "--sigma", 25, code=1).err
    assert not (scans / "o").exists()


def test_rows_are_written_over_no_file_and_filled_by_one_mask(isthmus, tmp_path):
    stack, mask, output = tmp_path / "stack.npy", tmp_path / "mask.png", tmp_path / "out.npy"
    images = RNG.integers(0, 256, (2, 40, 48, 3)).astype(np.uint8)
    np.save(stack, images)
    marked = np.zeros((40, 48), bool)
    marked[10:14, 20:30] = True
    Image.fromarray(marked).save(mask)
    line = ("denoise", stack, "-o", output)
    isthmus(*line, "--kind", "inpaint", "--mask", mask)
    filled = np.load(output)
    np.testing.assert_array_equal(filled[:, ~marked], images[:, ~marked])
    assert (filled[:, marked] != images[:, marked]).mean() > 0.9
    assert "is there already; --overwrite replaces it" in isthmus(*line, code=1).err
    np.testing.assert_array_equal(np.load(output), filled)
    assert "does not fill what a mask marks" in isthmus(*line, "--mask", mask, "--overwrite", code=1).err
    assert "is no file" in isthmus(*line, "--mask", tmp_path / "none.png", "--overwrite", code=1).err


def test_colours_that_are_not_red_green_and_blue_are_refused(isthmus, tmp_path):
    Image.fromarray(RNG.integers(0, 256, (9, 12, 3)).astype(np.uint8)).convert("LAB").save(tmp_path / "lab.tif")
    for command in (("denoise", tmp_path / "lab.tif", "-o", tmp_path / "out.tif"), ("info", tmp_path / "lab.tif")):
        assert "not red, green and blue: save it as RGB first" in isthmus(*command, code=1).err
    assert not (tmp_path / "out.tif").exists()


def test_a_tiff_that_was_cut_short_is_said_to_be_so(isthmus, tmp_path):
    Image.fromarray(RNG.integers(0, 256, (90, 120, 3)).astype(np.uint8)).save(
        tmp_path / "x.tif", compression="tiff_lzw"
    )
    (tmp_path / "x.tif").write_bytes((tmp_path / "x.tif").read_bytes()[:20000])
    said = isthmus("denoise", tmp_path / "x.tif", "-o", tmp_path / "out.tif", code=1).err
    assert "cut short" in said and "tifffile" not in said


def test_a_model_that_stands_behind_the_input_is_said_to_need_its_option(isthmus, denoiser, scans):
    said = isthmus("denoise", scans / "noisy", denoiser, code=2).err
    assert f"isthmus denoise {scans / 'noisy'} --model {denoiser}" in said


def test_a_name_that_is_nearly_that_of_a_denoiser_is_answered_with_it(isthmus, scans, tmp_path):
    line = ("train", scans / "clean", "--epochs", 1, "-o", tmp_path / "m.safetensors", "--from")
    assert "there is no model file 'foto'; did you mean 'photo'?" in isthmus(*line, "foto", code=1).err
    assert "did you mean" not in isthmus(*line, "nothing.safetensors", code=1).err
