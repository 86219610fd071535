"""Several files trained on as one, and models that are trained further."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from isthmus import AnomalyDetector, Autoencoder, Imputer, InputError, load
from isthmus.apps.cli.command import Failure
from isthmus.apps.cli.inputs import read
from isthmus.apps.cli.several import read_all
from isthmus.data.io.reading import Reading

QUICK = ["--net", "linear", "--latent-dim", 2, "--epochs", 2, "-q"]


@pytest.fixture
def months(wine, tmp_path):
    frame = pd.read_csv(wine)
    frame[:60].to_csv(tmp_path / "jan.csv", index=False)
    frame[60:][[*reversed(frame.columns)]].to_csv(tmp_path / "feb.csv", index=False)
    frame.rename(columns={"sugar": "suger"}).to_csv(tmp_path / "mar.csv", index=False)
    return tmp_path


def test_rows_of_several_files_are_joined(isthmus, months, wine, tmp_path):
    paths = [months / "jan.csv", months / "feb.csv"]
    isthmus("train", *paths, "--label", "kind", "-o", tmp_path / "two", *QUICK)
    isthmus("train", wine, "--label", "kind", "-o", tmp_path / "one", *QUICK)
    X = pd.read_csv(wine).drop(columns="kind")
    np.testing.assert_allclose(load(tmp_path / "two").transform(X), load(tmp_path / "one").transform(X), rtol=1e-4)


def test_files_that_are_not_alike_are_refused_by_name(isthmus, months, tmp_path):
    done = isthmus("train", months / "jan.csv", months / "mar.csv", "-o", tmp_path / "m", *QUICK, code=1)
    assert "jan.csv' has the column 'sugar', but" in done.err and "mar.csv' has none" in done.err
    np.save(tmp_path / "a.npy", np.zeros((5, 3)))
    np.save(tmp_path / "b.npy", np.zeros((5, 4)))
    done = isthmus("train", tmp_path / "a.npy", tmp_path / "b.npy", "-o", tmp_path / "m", *QUICK, code=1)
    assert "a.npy' holds rows of 3, but" in done.err and "b.npy' of 4" in done.err
    assert not (tmp_path / "m").exists()


def test_a_model_is_trained_further_on_data_of_its_kind(isthmus, models, wine, tmp_path):
    typed = ["--from", models["table"], "-o", tmp_path / "m", "--epochs", 1, "-q"]
    isthmus("train", wine, "--label", "kind", *typed)
    assert len(load(tmp_path / "m").history_) == 3
    assert "was trained on a table" in isthmus("train", "digits", *typed, code=1).err


def test_a_detector_and_an_imputer_are_not_trained_further_and_it_is_said_how(isthmus, wine, tmp_path):
    X = np.random.default_rng(0).normal(size=(60, 3))
    tiny = Autoencoder(latent_dim=1, epochs=1, verbose=False)
    AnomalyDetector(tiny, contamination=0.1).fit(X).save(tmp_path / "d")
    Imputer(tiny).fit(X).save(tmp_path / "i")
    for name, said in (("d", ["isthmus detect DATA --train ROWS", "--recalibrate"]), ("i", ["isthmus impute DATA"])):
        done = isthmus("train", wine, "--from", tmp_path / name, "-o", tmp_path / "m", code=1)
        assert all(part in done.err for part in said)


def test_more_epochs_than_the_checkpoint_has_name_the_remedy(isthmus, wine, tmp_path):
    typed = ["train", wine, "--label", "kind", "-o", tmp_path / "m", "--checkpoint", tmp_path / "c", *QUICK]
    isthmus(*typed)
    done = isthmus(*typed, "--resume", "--epochs", 5, code=1)
    assert "--epochs 2, then --from MODEL --epochs 3" in done.err


ALIKE = {
    "a decimal comma": ("a;b\n1000,5;1\n2,5;2\n", "a;b\n1.100;3\n2.200;4\n", "a", [1000.5, 2.5, 1100, 2200]),
    "codes": ("zip,b\n00001,1\n00002,2\n", "zip,b\n10999,3\n10998,4\n", "zip", ["00001", "00002", "10999", "10998"]),
    "gaps": ("a,b\nx,1\ny,2\n", "a,b\n,3\n,4\n", "a", ["x", "y", None, None]),
    "dates": (
        "d,b\n13/01/2020,1\n14/01/2020,2\n",
        "d,b\n01/02/2020,3\n03/02/2020,4\n",
        "d",
        [pd.Timestamp(text) for text in ("2020-01-13", "2020-01-14", "2020-02-01", "2020-02-03")],
    ),
}


@pytest.fixture
def two(tmp_path, monkeypatch):
    monkeypatch.setattr("isthmus.apps.cli.several.read", partial(read, say=[].append))

    def written(first, second):
        (tmp_path / "one.csv").write_text(first)
        (tmp_path / "two.csv").write_text(second)
        return str(tmp_path / "one.csv"), str(tmp_path / "two.csv")

    return written


@pytest.mark.parametrize("case", ALIKE)
def test_the_first_file_decides_what_others_leave_open(two, case):
    first, second, name, cells = ALIKE[case]
    rows = read_all(two(first, second), reading=Reading())
    assert [None if pd.isna(cell) else cell for cell in rows.X[name]] == cells
    assert Reading.of(rows.reading.merged().kept()) == Reading.of(
        read_all(two(first, first), reading=Reading()).reading.merged().kept()
    )


DIFFERENT = {
    "codes": (
        "zip,b\n10999,3\n10998,4\n",
        "zip,b\n00001,1\n00002,2\n",
        "'zip' holds numbers in .*one.csv', but text.*two.csv.*--text zip",
    ),
    "text": (
        "a,b\nx,1\ny,2\n",
        "a,b\n1,3\n2,4\n",
        "'a' holds text in .*but numbers in .*such as 'x': --text a .*--missing x .*--drop a",
    ),
    "dates": (
        "d,b\n13/01/2020,1\n14/01/2020,2\n",
        "d,b\n01/13/2020,3\n03/14/2020,4\n",
        "'d' holds dates of the format %d/%m/%Y in .*one.csv', but %m/%d/%Y in .*two.csv.*--dates d=%d/%m/%Y",
    ),
    "a decimal comma that comes later": (
        "a;b\n1.100;1\n2.200;2\n",
        "a;b\n1000,5;3\n2,5;4\n",
        "'a' was read.*one.csv.*two.csv.*--decimal ,",
    ),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_columns_that_differ_between_files_are_refused(two, case):
    first, second, words = DIFFERENT[case]
    with pytest.raises(Failure, match=words):
        read_all(two(first, second), reading=Reading())


def test_columns_left_out_of_a_model_that_reads_some_only(isthmus, wine, tmp_path):
    isthmus("train", wine, "--only", "acid,sugar,kind", "-o", tmp_path / "o", *QUICK)
    isthmus("train", wine, "--from", tmp_path / "o", "--drop", "alcohol", "-o", tmp_path / "p", "--epochs", 1, "-q")
    assert load(tmp_path / "p").info_["reading"]["only"] == ["acid", "sugar", "kind"]
    isthmus("encode", tmp_path / "p", wine, "-o", tmp_path / "z.npy")


def test_images_of_several_files_and_folders_are_read_as_one_folder(isthmus, tmp_path):
    image = pytest.importorskip("PIL.Image")
    pixels, same = np.random.default_rng(0).integers(0, 256, (40, 44, 3), dtype=np.uint8), tmp_path / "same"
    same.mkdir()
    for name in ("a.png", "b.png"):
        image.fromarray(pixels[:24]).save(same / name)
    image.fromarray(pixels).save(tmp_path / "c.jpg")
    image.fromarray(pixels[..., 0].astype(np.uint16) * 256).save(tmp_path / "d.png")
    paths = [tmp_path / "c.jpg", tmp_path / "d.png", same]
    how = ["--epochs", 1, "--latent-dim", 4, "-o", tmp_path / "m"]
    done = isthmus("train", *paths, "--crop", 16, *how)
    assert "1 of 4 images are grey" in done.err and "1 of 4 images have more than 8 bits" in done.err
    assert load(tmp_path / "m").data_.shape == (3, None, None)
    with pytest.warns(UserWarning, match="1 of 4 images are grey"):
        rows = read_all(tuple(map(str, paths)), span=slice(1, 3), reading=Reading())
    assert [one.shape for one in rows.X] == [(40, 44, 3), (24, 44, 3)] and rows.names[1] == str(same / "a.png")
    assert "label='kind' does not apply" in isthmus("train", *paths, "--label", "kind", *how, code=1).err


def test_classes_of_several_folders_are_joined_by_name(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for name in ("one/cat/a.png", "one/dog/b.png", "two/ape/c.png", "two/cat/d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / name)
    folders = str(tmp_path / "one"), str(tmp_path / "two")
    assert read_all(folders, reading=Reading()).y.tolist() == ["cat", "dog", "ape", "cat"]
    with pytest.raises(InputError, match=r"one' has class subfolders, but .*c\.png' has none"):
        read_all((folders[0], str(tmp_path / "two" / "ape" / "c.png")), reading=Reading())
