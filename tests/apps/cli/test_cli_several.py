"""Several files trained on as one, and models that are trained further."""

import numpy as np
import pandas as pd
import pytest

from isthmus import AnomalyDetector, Autoencoder, Imputer, load

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
