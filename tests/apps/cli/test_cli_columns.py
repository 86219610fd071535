"""Columns of a file for a model: in any order, too few, too many, and carried along."""

import numpy as np
import pandas as pd
import pytest

from isthmus import load


@pytest.fixture(scope="module")
def work(isthmus, tmp_path_factory):
    """A table, the same with its columns in another order, and models of it."""
    folder, draw = tmp_path_factory.mktemp("columns"), np.random.default_rng(0)
    rows = pd.DataFrame({"id": np.arange(60), "a": draw.normal(size=60), "b": draw.normal(size=60)})
    rows["c"], rows["kind"] = rows.a + rows.b, draw.choice(["x", "y"], 60)
    rows.loc[3:6, "b"] = np.nan
    rows.to_csv(folder / "rows.csv", index=False)
    rows[["kind", "c", "id", "b", "a"]].to_csv(folder / "other.csv", index=False)
    rows[["kind", "c", "id", "b", "a"]].to_parquet(folder / "other.parquet", index=False)
    quick = ["--drop", "id", "--epochs", 1, "-q"]
    isthmus("train", folder / "rows.csv", "-o", folder / "m", *quick, "--latent-dim", 2)
    saved = ["--model", folder / "m", "-o", folder / "s.csv", "--save", folder / "d"]  # one small net, no ensemble
    isthmus("detect", folder / "rows.csv", "--train", folder / "rows.csv", *saved, *quick)
    isthmus("impute", folder / "rows.csv", "-o", folder / "f.csv", "--save", folder / "i", *quick)
    return folder


OUTPUTS = {
    "encode": (["{m}", "{data}"], "rows.csv"),
    "reconstruct": (["{m}", "{data}"], "rows.csv"),
    "detect": (["{data}", "--model", "{d}"], "rows.csv"),
    "impute": (["{data}", "--model", "{i}"], "rows.csv"),
}


def typed(work, words, data):
    return [word.format(m=work / "m", d=work / "d", i=work / "i", data=work / data) for word in words]


@pytest.mark.parametrize("command", OUTPUTS)
@pytest.mark.parametrize("data", ["other.csv", "other.parquet"])
def test_columns_are_taken_by_their_names(isthmus, work, tmp_path, command, data):
    words, original = OUTPUTS[command]
    for name, source in (("a.csv", original), ("b.csv", data)):
        isthmus(command, *typed(work, words, source), "-o", tmp_path / name)
    a, b = (pd.read_csv(tmp_path / name) for name in ("a.csv", "b.csv"))
    pd.testing.assert_frame_equal(a, b[list(a.columns)], rtol=1e-6)


def test_a_filled_table_has_its_columns_in_the_order_of_the_file(isthmus, work, tmp_path):
    isthmus("impute", work / "other.csv", "--model", work / "i", "--keep", "id", "-o", tmp_path / "f.csv")
    assert list(pd.read_csv(tmp_path / "f.csv").columns) == ["kind", "c", "id", "b", "a"]


def test_a_model_is_trained_further_and_measured_on_columns_in_another_order(isthmus, work, tmp_path):
    isthmus("train", work / "other.csv", "--from", work / "m", "--epochs", 1, "-o", tmp_path / "n", "-q")
    assert list(load(tmp_path / "n").feature_names_in_) == ["a", "b", "c", "kind"]
    one, two = (isthmus("evaluate", work / "m", work / name, "--json").json for name in ("rows.csv", "other.csv"))
    assert one["error"] == two["error"]
    compared = isthmus("compare", work / "m", tmp_path / "n", work / "other.csv", "--json").json
    assert compared["models"][0]["error"] == one["error"]
    arguments = ["--model", work / "d", "--recalibrate", work / "other.csv", "-o", tmp_path / "s.csv", "--keep", "a"]
    isthmus("detect", work / "other.csv", *arguments)


@pytest.mark.parametrize("command", [*OUTPUTS, "evaluate", "train"])
def test_missing_columns_are_named(isthmus, work, tmp_path, command):
    words = OUTPUTS.get(command, (["{m}", "{data}"],))[0]
    words = ["{data}", "--from", "{m}"] if command == "train" else words
    name = "o.safetensors" if command == "train" else "o.csv"
    output = [] if command == "evaluate" else ["-o", tmp_path / name]
    said = isthmus(command, *typed(work, words, "rows.csv"), "--only", "a,c", *output, code=1).err
    assert "rows.csv' lacks 'b', 'kind', which" in said and "was trained on" in said


def test_what_is_typed_for_other_columns_is_what_the_command_takes(isthmus, work, tmp_path):
    frame = pd.read_csv(work / "rows.csv").assign(note=1.5)
    frame.to_csv(tmp_path / "more.csv", index=False)
    saids = {
        "encode": "else --drop note; --keep note writes it to the output",
        "impute": "does not know: --drop note; --keep note writes it",
        "evaluate": "if it holds labels, --label note, else --drop note\n",
    }
    for command, said in saids.items():
        words = OUTPUTS.get(command, (["{m}", "{data}"],))[0]
        words = [str(tmp_path / "more.csv") if word == "{data}" else word for word in words]
        output = [] if command == "evaluate" else ["-o", tmp_path / "o.csv"]
        assert said in isthmus(command, *typed(work, words, ""), *output, code=1).err


@pytest.mark.parametrize("command", ["encode", "detect"])
def test_a_column_that_was_trained_on_is_used_and_carried_along(isthmus, work, tmp_path, command):
    words, original = OUTPUTS[command]
    kept = ["--keep", "a", "--keep", "kind", "--keep", "id"]
    isthmus(command, *typed(work, words, original), *kept, "-o", tmp_path / "kept.csv")
    isthmus(command, *typed(work, words, original), "-o", tmp_path / "plain.csv")
    kept, plain, rows = (pd.read_csv(path) for path in (tmp_path / "kept.csv", tmp_path / "plain.csv", work / original))
    pd.testing.assert_frame_equal(kept[["id", "a", "kind"]], rows[["id", "a", "kind"]])
    pd.testing.assert_frame_equal(kept[list(plain.columns)], plain)


@pytest.mark.parametrize("command", ["encode", "detect", "impute"])
def test_a_column_that_is_named_twice_is_carried_along_once(isthmus, work, tmp_path, command):
    words, original = OUTPUTS[command]
    label = [] if command == "impute" else ["--label", "id"]
    isthmus(command, *typed(work, words, original), "--keep", "id", "--keep", "id", *label, "-o", tmp_path / "o.csv")
    kept, rows = (pd.read_csv(path) for path in (tmp_path / "o.csv", work / original))
    assert list(kept["id"]) == list(rows["id"]) and not [name for name in kept if name.startswith("id.")]


@pytest.mark.parametrize(
    "words",
    [
        ["encode", "{m}", "{data}"],
        ["detect", "{data}", "--model", "{d}"],
        ["impute", "{data}", "--model", "{i}"],
        ["detect", "{data}"],
        ["impute", "{data}"],
    ],
    ids=" ".join,
)
def test_a_mistyped_column_is_reported_with_its_file_before_any_training(isthmus, work, tmp_path, words):
    done = isthmus(*typed(work, words, "rows.csv"), "--keep", "di", "-o", tmp_path / "o.csv", code=1)
    assert f"'{work / 'rows.csv'}': unknown column 'di'" in done.err
    assert "training on" not in done.err and not (tmp_path / "o.csv").exists()


def test_labels_that_a_model_was_trained_on_are_refused_by_name(isthmus, work, tmp_path):
    words, original = OUTPUTS["encode"]
    said = isthmus("encode", *typed(work, words, original), "--label", "a", "-o", tmp_path / "o.csv", code=1).err
    assert "--label a: " in said and "leave it out" in said


def test_a_column_that_was_trained_on_is_used_and_its_gaps_stay(isthmus, work, tmp_path):
    arguments = ["--model", work / "i", "--keep", "b", "-o", tmp_path / "f.csv", "--json"]
    done = isthmus("impute", work / "rows.csv", *arguments)
    assert pd.read_csv(tmp_path / "f.csv").b.isna().sum() == 4 and done.json["filled"] == 0
