"""What each command does, and what it leaves."""

import numpy as np
import pandas as pd
import pytest

from isthmus import load
from isthmus.data.io import files


def picture(path):
    from PIL import Image

    return np.asarray(Image.open(path))


def load_digits(first, last):
    from sklearn.datasets import load_digits

    return (load_digits().images[first:last] / 16).astype(np.float32)


def test_train_says_what_it_made_and_the_file_loads(isthmus, tmp_path):
    done = isthmus("train", "digits", "--rows", "0:200", "-o", tmp_path / "m", "--net", "linear", "--epochs", 1)
    assert "plain" in done.out and "validation loss" in done.out and str(tmp_path / "m") in done.out
    assert "epoch 1/1" in done.err
    assert load(tmp_path / "m").card().latent_dim == 32  # half of 64


def test_quiet_says_nothing(isthmus, tmp_path):
    done = isthmus("train", "digits", "--rows", "0:100", "-o", tmp_path / "m", "--net", "linear", "--epochs", 1, "-q")
    assert (done.out, done.err) == ("", "")


def test_train_as_json(isthmus, tmp_path):
    options = ["--variant", "topk", "--k", 3, "--net", "linear", "--epochs", 1, "--json"]
    said = isthmus("train", "digits", "--rows", "0:100", "-o", tmp_path / "m", *options).json
    assert (said["variant"], said["rows"], said["interrupted"]) == ("topk", 100, False)
    assert load(tmp_path / "m").variant.k == 3


def test_the_same_command_gives_the_same_model(isthmus, tmp_path):
    for name in ("a", "b"):
        isthmus("train", "digits", "--rows", "0:100", "-o", tmp_path / name, "--net", "linear", "--epochs", 2, "-q")
    X = np.random.default_rng(0).random((5, 8, 8), np.float32)
    np.testing.assert_array_equal(load(tmp_path / "a").transform(X), load(tmp_path / "b").transform(X))


def test_widths_of_an_mlp(isthmus, tmp_path):
    isthmus("train", "digits", "--rows", "0:100", "-o", tmp_path / "m", "--net", "24,12", "--epochs", 1, "-q")
    assert load(tmp_path / "m").net == (24, 12)


def test_a_model_is_trained_further(isthmus, models, tmp_path):
    before = load(models["plain"])
    isthmus("train", "digits", "--rows", "0:100", "-o", tmp_path / "m", "--from", models["plain"], "--epochs", 1, "-q")
    after = load(tmp_path / "m")
    assert len(after.history_) == len(before.history_) + 1
    assert after.latent_dim == before.latent_dim


def test_a_model_that_is_trained_further_keeps_its_shape(isthmus, models, tmp_path):
    wish = ["--from", models["plain"], "--latent-dim", 3, "--variant", "sparse", "--target", 0.1]
    done = isthmus("train", "digits", "-o", tmp_path / "m", *wish, code=2)
    assert "--variant, --latent-dim, --target" in done.err


def test_resuming_other_settings_is_refused(isthmus, tmp_path):
    digits = [
        "train",
        "digits",
        "--rows",
        "0:100",
        "--net",
        "linear",
        "-o",
        tmp_path / "m",
        "--checkpoint",
        tmp_path / "c",
    ]
    isthmus(*digits, "--epochs", 1, "-q")
    assert "--from MODEL --epochs 1" in isthmus(*digits, "--epochs", 2, "--resume", code=1).err
    assert "--checkpoint" in isthmus("train", "digits", "-o", tmp_path / "m", "--resume", code=2).err


def test_logs_hold_a_line_for_each_epoch(isthmus, tmp_path):
    logs = ["--log", tmp_path / "log.csv", "--log", tmp_path / "board"]
    isthmus("train", "digits", "--rows", "0:100", "-o", tmp_path / "m", "--net", "linear", "--epochs", 3, "-q", *logs)
    assert len(pd.read_csv(tmp_path / "log.csv")) == 3
    assert list((tmp_path / "board").iterdir())


def test_evaluate_measures(isthmus, models):
    said = isthmus("evaluate", models["plain"], "digits", "--rows", "400:800", "--json").json
    X = load_digits(400, 800)
    mse = float(np.mean((load(models["plain"]).reconstruct(X) - X) ** 2))
    assert said["rows"] == 400
    assert said["mse"] == pytest.approx(mse, rel=1e-4)
    assert said["error"]["5 %"] < said["error"]["median"] < said["error"]["largest"]
    assert 0.3 < said["probe"] <= 1 and "elbo" not in said
    assert "elbo" in isthmus("evaluate", models["variational"], "digits", "--rows", "0:50", "--json").json


def test_evaluate_writes_the_error_of_each_row(isthmus, models, wine, tmp_path):
    typed = ["evaluate", models["table"], wine, "--label", "kind", "--rows", "20:60"]
    done, rows = isthmus(*typed, "-o", tmp_path / "rows.csv", "--json"), pd.read_csv(wine)[20:60]
    found, model = pd.read_csv(tmp_path / "rows.csv"), load(models["table"])
    assert list(found.columns) == ["row", "kind", "error"] and list(found.row) == list(range(40))
    assert list(found.kind) == list(rows.kind)
    np.testing.assert_allclose(found.error, model.reconstruction_error(rows.drop(columns="kind")), rtol=1e-4)
    assert done.json["output"] == str(tmp_path / "rows.csv")
    assert done.json["error"]["mean"] == pytest.approx(found.error.mean(), rel=1e-5)
    isthmus("evaluate", models["variational"], "digits", "--rows", "0:9", "-o", tmp_path / "rows.parquet")
    assert list(pd.read_parquet(tmp_path / "rows.parquet").columns) == ["row", "label", "error", "elbo"]
    assert "unknown kind of table '.npy'" in isthmus(*typed, "-o", tmp_path / "rows.npy", code=1).err


def test_evaluate_a_table_column_by_column(isthmus, models, wine):
    said = isthmus("evaluate", models["table"], wine, "--label", "kind", "--json").json
    columns = {line["column"]: line for line in said["columns"]}
    assert list(columns) == ["acid", "sugar", "alcohol", "region", "organic"]
    frame = pd.read_csv(wine).drop(columns="kind")
    rebuilt = load(models["table"]).reconstruct(frame)
    assert columns["acid"]["rmse"] == pytest.approx(float(((rebuilt.acid - frame.acid) ** 2).mean() ** 0.5), rel=1e-4)
    assert columns["organic"]["right"] == pytest.approx(float((rebuilt.organic == frame.organic).mean()))
    assert "region" in isthmus("evaluate", models["table"], wine, "--label", "kind").out


def test_columns_that_are_given_are_not_measured(isthmus, models, wine):
    said = isthmus("evaluate", models["region"], wine, "--label", "kind", "--json").json
    assert [line["column"] for line in said["columns"]] == ["acid", "sugar", "alcohol"]


def test_compare_sets_models_side_by_side(isthmus, models):
    both = [models["plain"], models["variational"], "digits", "--rows", "0:100"]
    lines = isthmus("compare", *both).out.splitlines()
    assert [line.split()[0] for line in lines] == ["model", "plain", "variational"]
    assert len({len(line) for line in lines}) == 1
    said = isthmus("compare", *both, "--json").json
    assert [model["variant"] for model in said["models"]] == ["plain", "variational"]


def test_info_says_what_the_file_is_and_holds(isthmus, models):
    said = isthmus("info", models["table"], "--json").json
    assert said["model"]["variant"] == "plain" and said["file"]["format version"] == 1
    assert any("2 categories, word for word" in text for text in said["holds"])
    text = isthmus("info", models["denoising"]).out
    assert "masking(level=0.1,0.6)" in text and "no training row" in text
    assert any("labels" in text for text in isthmus("info", models["labelled"], "--json").json["holds"])


def test_codes_go_out_and_come_back(isthmus, models, tmp_path):
    model = load(models["plain"])
    for name in ("codes.npy", "codes.csv", "codes.parquet"):
        isthmus("encode", models["plain"], "digits", "--rows", "0:30", "-o", tmp_path / name)
        isthmus("decode", models["plain"], tmp_path / name, "-o", tmp_path / "rows.npy")
        expected = model.inverse_transform(model.transform(load_digits(0, 30)))
        np.testing.assert_allclose(np.load(tmp_path / "rows.npy"), expected, atol=1e-5)
    assert list(pd.read_csv(tmp_path / "codes.csv").columns) == ["label", *model.get_feature_names_out()]


def test_codes_must_be_numbers(isthmus, models, wine, tmp_path):
    done = isthmus("decode", models["table"], wine, "-o", tmp_path / "x.csv", code=1)
    assert "codes are numbers" in done.err and not (tmp_path / "x.csv").exists()


def test_reconstruct_a_table_keeps_its_columns(isthmus, models, wine, tmp_path):
    isthmus("reconstruct", models["table"], wine, "--label", "kind", "-o", tmp_path / "w.csv")
    frame = pd.read_csv(tmp_path / "w.csv")
    assert list(frame.columns) == ["acid", "sugar", "alcohol", "region", "organic"] and len(frame) == 120
    assert set(frame.region) <= {"north", "south"} and not frame.acid.isna().any()


def test_denoise_warns_of_a_model_that_was_not_trained_to(isthmus, models, tmp_path):
    rows = ["denoise", "digits", "--rows", "0:9", "--overwrite", "-o", tmp_path / "n.npy", "--model"]
    assert isthmus(*rows, models["denoising"]).err == ""
    assert "not trained to clean" in isthmus(*rows, models["plain"]).err
    assert np.load(tmp_path / "n.npy").shape == (9, 8, 8)


def test_small_images_are_drawn_large_enough_to_see(isthmus, models, tmp_path):
    isthmus("sample", models["variational"], "-n", 9, "-o", tmp_path / "s.png")
    assert picture(tmp_path / "s.png").shape == (3 * 48 + 2, 3 * 48 + 2)
    isthmus("interpolate", models["plain"], "digits", "--from", 0, "--to", 1, "--steps", 5, "-o", tmp_path / "i.png")
    assert picture(tmp_path / "i.png").shape == (48, 5 * 48)


def test_a_sheet_shows_not_too_many_images_and_says_so(isthmus, models, tmp_path):
    done = isthmus("reconstruct", models["plain"], "digits", "--rows", "0:500", "-o", tmp_path / "r.png")
    assert "first 400 of 500" in done.err and "--rows" in done.err


def test_a_folder_takes_a_image_for_each_row(isthmus, models, tmp_path):
    isthmus("reconstruct", models["plain"], "digits", "--rows", "0:5", "-o", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{i}.png" for i in range(5)]
    assert picture(tmp_path / "0.png").shape == (8, 8)


def test_interpolation_ends_at_the_two_rows(isthmus, models, wine, tmp_path):
    ends = ["--from", 3, "--to", 7, "--steps", 4]
    isthmus("interpolate", models["plain"], "digits", *ends, "-o", tmp_path / "i.npy")
    rebuilt = load(models["plain"]).reconstruct(load_digits(3, 8))
    np.testing.assert_allclose(np.load(tmp_path / "i.npy")[[0, -1]], rebuilt[[0, -1]], atol=1e-5)
    isthmus("interpolate", models["table"], wine, "--label", "kind", *ends, "-o", tmp_path / "i.csv")
    assert len(pd.read_csv(tmp_path / "i.csv")) == 4


def test_samples_are_the_same_for_a_seed(isthmus, models, tmp_path):
    for name, seed in {"a": 1, "b": 1, "c": 2}.items():
        isthmus("sample", models["variational"], "-n", 4, "--seed", seed, "-o", tmp_path / f"{name}.npy")
    a, b, c = (np.load(tmp_path / f"{name}.npy") for name in "abc")
    assert (a == b).all() and (a != c).any()


def test_conditions_are_labels_or_columns(isthmus, models, tmp_path):
    isthmus("sample", models["labelled"], "--condition", 3, "-n", 2, "-o", tmp_path / "s.npy")
    assert np.load(tmp_path / "s.npy").shape == (2, 8, 8)
    isthmus("evaluate", models["labelled"], "digits", "--rows", "0:50")
    given = ["--condition", "region=north,organic=1", "-n", 2]
    isthmus("sample", models["region"], *given, "-o", tmp_path / "s.csv")
    assert list(pd.read_csv(tmp_path / "s.csv").columns) == ["acid", "sugar", "alcohol"]


@pytest.mark.parametrize(
    ("model", "given", "said"),
    [
        ("plain", ["--condition", 3], "without a condition"),
        ("labelled", [], "--condition LABEL"),
        ("region", ["--condition", "region=north"], "region=VALUE,organic=VALUE"),
    ],
)
def test_a_wrong_condition_is_told_the_right_one(isthmus, models, tmp_path, model, given, said):
    assert said in isthmus("sample", models[model], *given, "-o", tmp_path / "s.npy", code=1).err


def test_writing_commands_speak_json(isthmus, models, tmp_path):
    said = isthmus("sample", models["plain"], "-n", 3, "-o", tmp_path / "s.npy", "--json").json
    assert said == {"output": str(tmp_path / "s.npy"), "shape": [3, 8, 8]}


def test_report_is_one_page(isthmus, models, tmp_path):
    isthmus("report", models["plain"], "digits", "--rows", "0:60", "-o", tmp_path / "r.html", "--title", "My digits")
    assert "My digits" in (tmp_path / "r.html").read_text()


def test_data_larger_than_memory_stream(isthmus, wine, tmp_path, monkeypatch):
    frame = pd.read_csv(wine).drop(columns=["kind"])
    frame.to_parquet(tmp_path / "wine.parquet", row_group_size=30)
    options = ["--net", "linear", "--latent-dim", 2, "--epochs", 2, "-q"]
    isthmus("train", tmp_path / "wine.parquet", "-o", tmp_path / "held", *options)
    monkeypatch.setattr("isthmus.data.io.files.STREAMED_FROM", 0.0)
    assert hasattr(files.read(tmp_path / "wine.parquet").X, "chunks")
    isthmus("train", tmp_path / "wine.parquet", "-o", tmp_path / "m", *options)
    said = isthmus("evaluate", tmp_path / "m", tmp_path / "wine.parquet", "--json").json
    assert said["rows"] == 120 and len(said["columns"]) == 5
    isthmus("encode", tmp_path / "m", tmp_path / "wine.parquet", "-o", tmp_path / "z.npy")
    isthmus("reconstruct", tmp_path / "m", tmp_path / "wine.parquet", "--rows", "20:50", "-o", tmp_path / "r.csv")
    assert np.load(tmp_path / "z.npy").shape == (120, 2) and len(pd.read_csv(tmp_path / "r.csv")) == 30
