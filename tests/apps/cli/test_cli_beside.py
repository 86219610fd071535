"""Codes beside what they are of, their map, and originals beside reconstructions."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from isthmus import Autoencoder, Signals, load


def picture(path):
    return np.asarray(Image.open(path))


def test_columns_and_labels_stand_beside_the_codes(isthmus, models, wine, tmp_path):
    frame = pd.read_csv(wine)
    frame.insert(0, "bottle", range(1000, 1120))
    frame.to_csv(tmp_path / "new.csv", index=False)
    typed = ["encode", models["table"], tmp_path / "new.csv", "--keep", "bottle", "--label", "kind"]
    isthmus(*typed, "-o", tmp_path / "z.csv")
    codes, model = pd.read_csv(tmp_path / "z.csv"), load(models["table"])
    names = list(model.get_feature_names_out())
    assert list(codes.columns) == ["bottle", "kind", *names]
    assert list(codes.bottle) == list(frame.bottle) and list(codes.kind) == list(frame.kind)
    expected = model.transform(frame.drop(columns=["bottle", "kind"]))
    np.testing.assert_allclose(codes[names], expected, rtol=1e-4, atol=1e-5)
    isthmus("decode", models["table"], tmp_path / "z.csv", "-o", tmp_path / "x.csv")
    assert list(pd.read_csv(tmp_path / "x.csv").columns) == list(model.feature_names_in_)
    assert "give .csv" in isthmus(*typed, "-o", tmp_path / "z.npy", code=1).err
    refused = isthmus("encode", models["plain"], "digits", "--keep", "id", "-o", tmp_path / "y.csv", code=1)
    assert "holds no table" in refused.err


@pytest.mark.parametrize("name", ["codes.xlsx", "codes", "codes.txt"])
def test_codes_go_to_files_that_can_hold_them(isthmus, models, tmp_path, name):
    said = isthmus("encode", models["plain"], "digits", "-o", tmp_path / name, code=1).err
    assert "unknown kind of output" in said and "Known: .npy, .csv, .parquet, .feather; for a map of the" in said


@pytest.mark.parametrize("name", ["map.png", "map.svg"])
def test_the_map_of_codes(isthmus, models, tmp_path, name):
    done = isthmus("encode", models["plain"], "digits", "--rows", "0:200", "-o", tmp_path / name)
    assert "a map of 200 codes of 4 numbers" in done.out
    if name.endswith(".svg"):
        text = (tmp_path / name).read_text()
        assert "PCA, direction 1 (" in text and ">9</text>" in text and ">label</text>" in text
    else:
        assert len(Image.open(tmp_path / name).getcolors(2**20)) > 10


def test_images_beside_their_reconstructions(isthmus, models, tmp_path):
    typed = ["reconstruct", models["plain"], "digits", "--rows", "0:3", "--beside", "-o"]
    assert "3 rows" in isthmus(*typed, tmp_path / "sheet.png").out
    height, width, _ = picture(tmp_path / "sheet.png").shape
    assert width > 3 * 128 and height > 128, "eight pixels are enlarged"
    isthmus(*typed, tmp_path / "folder")
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == ["0.png", "1.png", "2.png"]
    assert "should be a folder" in isthmus(*typed, tmp_path / "x.npy", code=1).err


def test_images_of_one_name_do_not_overwrite_each_other(isthmus, models, tmp_path):
    (tmp_path / "in" / "a").mkdir(parents=True)
    for name in ("a/1.png", "a/2.png", "a/2.tif"):
        Image.fromarray(np.full((8, 8), 7, np.uint8)).save(tmp_path / "in" / name)
    isthmus("reconstruct", models["plain"], tmp_path / "in", "--beside", "-o", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out" / "a").iterdir()) == ["1.png", "2.png.png", "2.tif.png"]


def test_columns_beside_their_reconstructions(isthmus, models, wine, tmp_path):
    typed = ["reconstruct", models["table"], wine, "--label", "kind", "--beside", "-o"]
    isthmus(*typed, tmp_path / "b.csv")
    both, frame = pd.read_csv(tmp_path / "b.csv"), pd.read_csv(wine)
    assert list(both.columns[:6]) == [f"{name}{what}" for name in ("acid", "sugar") for what in ("", *WHAT)]
    np.testing.assert_allclose(both["sugar difference"], both["sugar reconstructed"] - frame.sugar)
    assert both["acid difference"].isna().sum() == 5, "of a missing cell nothing is known"
    assert (both["region difference"] == (both["region reconstructed"] != frame.region)).all()
    assert "should end with .csv" in isthmus(*typed, tmp_path / "b.png", code=1).err


WHAT = (" reconstructed", " difference")


def test_lines_beside_their_reconstructions(isthmus, tmp_path):
    signal = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=120, freq="1min")})
    signal["flow"] = np.sin(np.arange(120) / 5)
    signal.to_csv(tmp_path / "s.csv", index=False)
    model = Autoencoder(latent_dim=2, data=Signals(window=8), epochs=1, verbose=False, random_state=0).fit(signal)
    model.save(tmp_path / "m")
    isthmus("reconstruct", tmp_path / "m", tmp_path / "s.csv", "--beside", "-o", tmp_path / "s.svg")
    text = (tmp_path / "s.svg").read_text()
    assert "flow: difference" in text and "reconstruction" in text and "01:00" in text
    isthmus("reconstruct", tmp_path / "m", tmp_path / "s.csv", "--beside", "-o", tmp_path / "b.csv")
    assert list(pd.read_csv(tmp_path / "b.csv").columns) == ["time", "flow", *(f"flow{what}" for what in WHAT)]
