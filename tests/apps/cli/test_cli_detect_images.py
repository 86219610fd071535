"""``isthmus detect`` on folders of images: scores, overlays, masks and a report in a folder."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from isthmus import load
from isthmus.apps.report.scans import Seen, moved
from isthmus.data.io.files import read

Image = pytest.importorskip("PIL.Image")
QUICK = ["--epochs", 1, "--latent-dim", 4, "--false-alarm-rate", 0.1]


def image(seed, height=24, width=32, stain=False):
    pixels = np.random.default_rng(seed).normal(130, 8, (height, width, 3))
    if stain:
        pixels[6:14, 8:18] = 0
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def opened(path):
    with Image.open(path) as one:
        one.load()
    return one


def write(folder, names, start=0):
    for number, name in enumerate(names, start):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        image(number, 24 + number % 3).save(folder / name)
    return folder


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with good images of three sizes, and new ones: turned by EXIF, and of names that collide."""
    folder = tmp_path_factory.mktemp("images")
    write(folder / "good", [f"{number:02d}.png" for number in range(12)])
    new = folder / "new"
    write(new, ["a/x.png", "b/x.png", "b/x.jpg"], 100)
    image(7, 24, 40, stain=True).save(new / "b" / "stained.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    image(8, 24, 40).save(new / "a" / "turned.jpg", exif=exif)
    return folder


@pytest.fixture(scope="module")
def done(isthmus_once, work):
    out = work / "result"
    model = ["--save", work / "d.safetensors"]
    return isthmus_once(
        "detect", work / "new", "--train", work / "good", "-o", f"{out}/", *model, *QUICK, "--plot"
    ), out


@pytest.fixture(scope="module")
def isthmus_once():
    from click.testing import CliRunner

    from isthmus.apps.cli.main import main

    def run(*arguments):
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="isthmus")
        assert result.exit_code == 0, f"{result.stdout}\n{result.stderr}"
        return result

    return run


NAMES = ["a/turned.jpg", "a/x.png", "b/stained.png", "b/x.jpg", "b/x.png"]
DRAWN = ["a/turned.png", "a/x.png", "b/stained.png", "b/x.jpg.png", "b/x.png.png"]


def test_the_folder_holds_scores_overlays_masks_and_a_report(work, done):
    result, out = done
    assert {path.name for path in out.iterdir()} == {"scores.csv", "maps", "masks", "report.html", "scores.svg"}
    for kind in ("maps", "masks"):
        assert sorted(str(path.relative_to(out / kind)) for path in (out / kind).rglob("*.png")) == DRAWN
    table = pd.read_csv(out / "scores.csv")
    assert list(table) == ["file", "score", "p_value", "flagged", "regions", "largest_region"]
    assert table.file.tolist() == NAMES
    stream = read(work / "new", budget=0).X
    detector = load(work / "d.safetensors")
    np.testing.assert_allclose(table.score, detector.anomaly_score(stream), rtol=1e-5)
    np.testing.assert_array_equal(table.flagged, detector.predict(stream) < 0)
    np.testing.assert_allclose(table.p_value, detector.p_values(stream))
    regions = detector.regions(stream)
    assert table.regions.tolist() == [sum(one.image == row for one in regions) for row in range(5)]
    largest = [max((one.area for one in regions if one.image == row), default=0) for row in range(5)]
    assert table.largest_region.tolist() == largest and largest[2] > 0
    assert "what is abnormal is located, trained on by crops of 24 x 24 pixels (--crop)" in result.stderr
    assert re.search(r"b/stained.png +\d", result.stdout) and "report.html" in result.stdout


def test_masks_are_black_and_white_and_have_the_size_that_a_person_sees(work, done):
    _, out = done
    detector, stream = load(work / "d.safetensors"), read(work / "new", budget=0).X
    for name, drawn, heat in zip(NAMES, DRAWN, detector.heat_map(stream), strict=True):
        mask, overlay, original = (
            opened(out / "masks" / drawn),
            opened(out / "maps" / drawn),
            opened(work / "new" / name),
        )
        size = original.size[::-1] if "turned" in name else original.size
        assert mask.size == overlay.size == size and mask.mode == "L" and overlay.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(mask), np.where(heat > 1, 255, 0))
    assert opened(out / "masks" / "a" / "turned.png").size == (24, 40)


def test_the_report_is_one_file_with_the_worst_first(done):
    _, out = done
    page = (out / "report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    table = pd.read_csv(out / "scores.csv").sort_values("score", ascending=False)
    cards = re.findall(r"<h3>(.*?)</h3>", page)
    assert [name for name in cards if name in NAMES] == table.file.tolist()
    assert len(re.findall(r"data:image/jpeg;base64", page)) == 5
    assert f"{int(table.flagged.sum())} of 5" in page and "10.00 %" in page
    assert "cross-conformal" in page and "times the threshold" in page and "0.1 of future normal images flagged" in page


def test_a_saved_detector_writes_the_same(isthmus, work, done, tmp_path):
    again = isthmus("detect", work / "new", "--model", work / "d.safetensors", "-o", tmp_path / "again", "--json")
    document = json.loads(again.out)
    assert document["rows"] == 5 and document["report"] == str(tmp_path / "again" / "report.html")
    assert {line["name"] for line in document["worst"]} == set(NAMES)
    for name in ["scores.csv", *(f"masks/{one}" for one in DRAWN), *(f"maps/{one}" for one in DRAWN)]:
        assert (tmp_path / "again" / name).read_bytes() == (done[1] / name).read_bytes()
    write(tmp_path / "others", ["z.png"])
    more = isthmus("detect", tmp_path / "others", "--model", work / "d.safetensors", "-o", tmp_path / "again")
    assert "10 files of other images" in more.err and "are kept" in more.err


def test_one_image_and_some_rows(isthmus, work, done, tmp_path):
    model = ["--model", work / "d.safetensors"]
    isthmus("detect", work / "new" / "b" / "stained.png", *model, "-o", tmp_path / "one")
    assert pd.read_csv(tmp_path / "one" / "scores.csv").file.tolist() == ["stained.png"]
    assert [path.name for path in (tmp_path / "one" / "masks").iterdir()] == ["stained.png"]
    isthmus("detect", work / "new", *model, "--rows", "1:3", "-o", tmp_path / "rows")
    assert pd.read_csv(tmp_path / "rows" / "scores.csv").file.tolist() == NAMES[1:3]
    assert "picks no row" in isthmus("detect", work / "new", *model, "--rows", "9:", "-o", tmp_path / "n", code=1).err


def test_a_table_of_scores_stays_one(isthmus, work, done, tmp_path):
    isthmus("detect", work / "new", "--model", work / "d.safetensors", "-o", tmp_path / "s.csv")
    table, whole = pd.read_csv(tmp_path / "s.csv"), pd.read_csv(done[1] / "scores.csv")
    assert list(table) == ["file", "score", "p_value", "flagged"] and [path.name for path in tmp_path.iterdir()] == [
        "s.csv"
    ]
    np.testing.assert_allclose(table.score, whole.score, rtol=1e-5)


@pytest.mark.parametrize("output", ["new", "new/a", "new/found", "good/", "."])
def test_an_output_among_the_images_is_refused(isthmus, work, output, monkeypatch):
    monkeypatch.chdir(work)
    code = 0 if output == "." else 1
    if code:
        done = isthmus("detect", "new", "--train", "good", "-o", output, *QUICK, code=1)
        assert "lie one within the other" in done.err and "choose another folder" in done.err
    assert "maps" not in {path.name for path in (work / "new").iterdir()}


def test_drawn_images_are_not_read_again(isthmus, work, done):
    err = isthmus("detect", done[1] / "maps", "--model", work / "d.safetensors", "-o", done[1], code=1).err
    assert "lie one within the other" in err


def test_kinds_of_defects_are_not_trained_on(isthmus, work, tmp_path):
    write(tmp_path / "parts", ["good/1.png", "good/2.png", "crack/1.png", "scratch/1.png"])
    command = ["detect", work / "new", "--train", tmp_path / "parts", "-o", tmp_path / "r"]
    err = isthmus(*command, *QUICK, code=1).err
    assert "beside 'good' there are 'crack', 'scratch'" in err and f"--train {tmp_path / 'parts' / 'good'}" in err


def test_equal_images_are_named(isthmus, work, tmp_path):
    folder = write(tmp_path / "good", [f"{number}.png" for number in range(6)])
    opened(folder / "3.png").save(folder / "copy.bmp")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "seen.png").write_bytes((folder / "5.png").read_bytes())
    err = isthmus("detect", tmp_path / "new", "--train", folder, "-o", tmp_path / "r", *QUICK).err
    assert "1 training image of 7 equal another one: 3.png = copy.bmp" in err and err.count("equal another one") == 1
    assert "seen.png = " in err and "are also trained on" in err
    apart = isthmus("detect", folder, "--train", folder, "-o", tmp_path / "s.csv", *QUICK, "-q").err
    assert f"7 of the images to score are also trained on: {folder / '0.png'}" in apart


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--scorer", "neighbours", "--resize", 16], "the scorer 'neighbours' has no map of pixels"),
        (["--explain"], "--explain names columns, and images have none"),
    ],
)
def test_what_has_no_map_is_refused_before_training(isthmus, work, tmp_path, options, said):
    done = isthmus("detect", work / "new", "--train", work / "good", "-o", tmp_path / "r", *options, code=1)
    assert said in done.err and "epoch" not in done.err and not (tmp_path / "r").exists()


def test_what_patches_are_looked_at_by_can_be_typed(isthmus, work, tmp_path):
    save = ["--save", tmp_path / "m.safetensors", "--features", "pixels,pixels", "--no-position", *QUICK]
    isthmus("detect", work / "new", "--train", work / "good", "-o", tmp_path / "r", *save)
    score = load(tmp_path / "m.safetensors").score_
    assert [type(part).__name__ for part in score.scores] == ["Repair", "Values", "Patches", "Patches"]
    assert not score.position


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--features", "pixel"], 1, "unknown features 'pixel'; did you mean 'pixels'"),
        (["--features", "pixels", "--scorer", "neighbours"], 2, "--features goes with --scorer defects"),
        (["--model", "m.safetensors", "--no-position"], 2, "knows its score: leave out --no-position"),
    ],
)
def test_what_patches_cannot_be_looked_at_by_is_said(isthmus, work, tmp_path, options, code, said):
    train = [] if "--model" in options else ["--train", work / "good"]
    done = isthmus("detect", work / "new", *train, "-o", tmp_path / "r", *options, code=code)
    assert said in " ".join(done.err.split()) and "epoch" not in done.err


def test_images_of_one_page_are_held_out_together(isthmus, work, tmp_path):
    folder = write(tmp_path / "pages", [f"{page}_{piece}.png" for page in range(4) for piece in range(3)])
    command = ["detect", work / "new", "--train", folder, "-o", tmp_path / "r", "--save", tmp_path / "m.safetensors"]
    err = " ".join(isthmus(*command, *QUICK).err.split())
    assert "the names say that these are images of 4 things, such as 0_0.png and 0_1.png of one" in err
    assert load(tmp_path / "m.safetensors").training_.endswith("held out by 4 units")
    assert "images of 3 things" in " ".join(isthmus(*command, *QUICK, "--train-rows", "0:9").err.split())
    assert "things" not in isthmus(*command, *QUICK, "--no-units").err
    assert load(tmp_path / "m.safetensors").training_ == "all rows as normal"
    said = isthmus("detect", work / "new", "--model", tmp_path / "m.safetensors", "--no-units", "-o", "s", code=2).err
    assert "is trained: leave out --no-units" in " ".join(said.split())


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "holds 1 image: training needs at least 2"),
        (2, "holds 2 images: a detector, which scores each image by a model of others, needs at least 3"),
    ],
)
def test_too_few_good_images_are_said(isthmus, work, tmp_path, number, said):
    folder = write(tmp_path / "good", [f"{index}.png" for index in range(number)])
    err = " ".join(isthmus("detect", work / "new", "--train", folder, "-o", tmp_path / "r", code=1).err.split())
    assert said in err


def test_other_channels_are_refused_before_training(isthmus, work, tmp_path):
    image(1).convert("L").save(tmp_path / "grey.png")
    done = isthmus("detect", tmp_path / "grey.png", "--train", work / "good", "-o", tmp_path / "r", *QUICK, code=1)
    assert "images have 1 channel, but those of --train" in done.err and "have 3 (1 is grey" in done.err
    assert "epoch" not in done.err


def test_a_table_has_no_folder(isthmus, tmp_path):
    pd.DataFrame({"a": range(60), "b": range(60)}).to_csv(tmp_path / "t.csv", index=False)
    np.save(tmp_path / "t.npy", np.random.default_rng(0).normal(size=(60, 3)))
    assert "end it in .csv" in isthmus("detect", tmp_path / "t.csv", "-o", tmp_path / "r", code=1).err
    done = isthmus("detect", tmp_path / "t.npy", "-o", tmp_path / "r", code=1)
    assert "an output folder (-o) is of images" in done.err and "epoch" not in done.err


def test_arrays_of_one_size_get_maps_by_their_numbers(isthmus, tmp_path):
    X = np.random.default_rng(0).integers(100, 140, (12, 20, 20), dtype=np.uint8)
    np.save(tmp_path / "x.npy", X)
    done = isthmus("detect", tmp_path / "x.npy", "--train", tmp_path / "x.npy", "-o", tmp_path / "r", *QUICK)
    assert "what is abnormal is located" in done.err
    assert sorted(path.name for path in (tmp_path / "r" / "maps").iterdir())[:2] == ["00.png", "01.png"]
    assert pd.read_csv(tmp_path / "r" / "scores.csv").row.tolist() == [*range(12)]


def test_a_moved_camera_is_said(isthmus, work, done, tmp_path):
    for number in range(12):
        array = np.asarray(image(number, 26, 30)).astype(int)
        array[::2] //= 3
        (tmp_path / "dark").mkdir(exist_ok=True)
        Image.fromarray(array.astype(np.uint8)).save(tmp_path / "dark" / f"{number}.png")
    err = isthmus("detect", tmp_path / "dark", "--model", work / "d.safetensors", "-o", tmp_path / "r").err
    assert "12 of 12 images are flagged, where 10.00 % of normal ones would be" in err and "--recalibrate" in err
    assert "the camera has moved" in (tmp_path / "r" / "report.html").read_text()
    csv = isthmus("detect", tmp_path / "dark", "--model", work / "d.safetensors", "-o", tmp_path / "s.csv").err
    assert "a camera that has moved" in csv and "12 of 12 images are flagged" in csv


def test_few_flagged_images_are_no_drift(work, done):
    detector, seen = load(work / "d.safetensors"), Seen()
    from isthmus.apps.report.scans import Line

    for score in detector.calibration_scores_:
        seen.lines.append(Line("x", float(score), 0.5, bool(score > detector.threshold_), 0, 0))
    assert moved(detector, seen) == []
