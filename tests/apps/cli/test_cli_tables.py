"""``isthmus impute`` and ``isthmus sample`` on tables: gaps filled, rows made up, types kept."""

import re

import numpy as np
import pandas as pd
import pytest

from isthmus import load
from isthmus.data.io import csv_stream
from isthmus.data.tables.integers import missing, whole_numbers
from isthmus.tasks.anomaly import detector
from isthmus.tasks.imputation import imputer


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A table with gaps in a whole number, a number and a category; the gaps can be told from the other columns."""
    draw, folder = np.random.default_rng(0), tmp_path_factory.mktemp("people")
    age = draw.integers(20, 70, 300)
    frame = pd.DataFrame({"name": [f"p{n}" for n in range(300)], "age": age, "year": 2000 - age, "height": age / 7})
    frame["old"] = np.where(age > 45, "yes", "no")
    frame.to_csv(folder / "whole.csv", index=False)
    holes = frame.astype({"year": object})
    for column, at in (("year", 3), ("height", 60), ("old", 120)):
        holes.loc[at : at + 9, column] = None
    holes.to_csv(folder / "gaps.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def filled(isthmus, people):
    arguments = ["--keep", "name", "-o", people / "filled.csv", "--save", people / "imputer"]
    return isthmus("impute", people / "gaps.csv", *arguments)


def test_gaps_are_filled_and_the_rest_stays(people, filled):
    gaps, found, truth = (pd.read_csv(people / f"{name}.csv") for name in ("gaps", "filled", "whole"))
    assert not found.isna().any().any() and list(found.columns) == list(truth.columns)
    there = gaps.notna()
    assert (found[there] == truth[there]).where(there, True).all().all()
    assert found.year.dtype == int and (found.year - truth.year).abs().max() <= 10
    assert (found.height - truth.height).abs().max() < 1.5 and (found.old == truth.old).mean() > 0.98
    assert "30 missing cells filled" in filled.out and "epoch " in filled.err


def test_settings_of_the_training_are_taken(isthmus, people, tmp_path):
    typed = ["impute", people / "gaps.csv", "--keep", "name", "-o", tmp_path / "f.csv", "--save", tmp_path / "i"]
    done = isthmus(*typed, "--epochs", 2, "--device", "cpu", "--latent-dim", 8)
    assert "epoch 2/2  loss " in done.err
    assert load(tmp_path / "i").autoencoder_.latent_dim == 8
    refused = isthmus(*typed[:-2], "--model", tmp_path / "i", "--epochs", 3, code=2)
    assert "is trained already: leave out --epochs" in refused.err
    assert "epoch" not in isthmus(*typed[:-2], "--model", tmp_path / "i", "--device", "cpu").err


def test_a_saved_imputer_fills_piece_by_piece(isthmus, people, filled, tmp_path, monkeypatch):
    monkeypatch.setattr(csv_stream, "PIECE_ROWS", 70)
    arguments = ["--model", people / "imputer", "--keep", "name", "-o", tmp_path / "f.parquet", "--json"]
    done = isthmus("impute", people / "gaps.csv", *arguments)
    found = pd.read_parquet(tmp_path / "f.parquet")
    assert found.year.dtype == int
    pd.testing.assert_frame_equal(found, pd.read_csv(people / "filled.csv"), check_dtype=False, rtol=1e-5)
    assert done.json["columns"] == {"age": 0, "year": 10, "height": 10, "old": 10} and done.json["rows"] == 300


def test_draws_are_tables_of_their_own(isthmus, people, tmp_path):
    arguments = ["--keep", "name", "--draws", 3, "-o", tmp_path / "f.csv"]
    done = isthmus("impute", people / "gaps.csv", *arguments)
    found = [pd.read_csv(tmp_path / f"f-{draw}.csv") for draw in (1, 2, 3)]
    assert len(list(tmp_path.iterdir())) == 3 and "f-3.csv" in done.out
    gaps = pd.read_csv(people / "gaps.csv").height.isna()
    assert all(not one.isna().any().any() for one in found)
    assert not found[0].height[gaps].equals(found[1].height[gaps]) and found[0].height[~gaps].equals(
        found[1].height[~gaps]
    )


def test_rows_are_made_up_with_the_types_of_the_table(isthmus, people, tmp_path):
    frame = pd.read_csv(people / "whole.csv").drop(columns="name").assign(member=lambda rows: rows.age > 30)
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    arguments = ["--variant", "variational", "--latent-dim", 2, "--epochs", 3, "-q"]
    isthmus("train", tmp_path / "t.parquet", "-o", tmp_path / "m", *arguments)
    isthmus("sample", tmp_path / "m", "-n", 50, "-o", tmp_path / "s.parquet")
    found = pd.read_parquet(tmp_path / "s.parquet")
    assert len(found) == 50 and found.dtypes.equals(frame.dtypes)
    assert set(found.old) <= {"yes", "no"} and found.age.between(20, 70).all()


CASES = {
    "a model and rows to train on": (
        ["-o", "f.csv", "--model", "{imputer}", "--train", "x.csv"],
        2,
        "leave out --train",
    ),
    "draws of a model without": (["-o", "f.csv", "--model", "{imputer}", "--draws", 3], 1, "draws=1"),
    "no table": (["-o", "f.npy"], 1, "kind of table"),
    "an autoencoder": (["-o", "f.csv", "--model", "{plain}"], 1, "an Imputer is needed"),
    "a column that is not there": (["-o", "f.csv", "--model", "{imputer}", "--keep", "nme"], 1, "'nme'"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_done_is_said(isthmus, people, filled, models, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    arguments, code, said = CASES[case]
    typed = (str(a).format(imputer=people / "imputer", plain=models["plain"]) for a in arguments)
    assert said in isthmus("impute", people / "gaps.csv", *typed, code=code).err
    assert not list(tmp_path.iterdir())


def test_images_have_no_cells(isthmus, tmp_path):
    done = isthmus("impute", "digits", "-o", tmp_path / "f.csv", code=1)
    assert "no table with named columns" in done.err


def test_whole_numbers_with_gaps_are_whole():
    frame = pd.DataFrame({"a": [1.0, None], "b": [1.5, None], "c": [2.0, 3.0], "d": ["x", None], "e": [None, np.nan]})
    found = whole_numbers(frame)
    assert found.dtypes.astype(str)[["a", "b", "c"]].tolist() == ["Int64", "float64", "float64"]
    assert missing(found) == {"a": 1, "b": 1, "c": 0, "d": 1, "e": 2}


def test_rare_categories_are_joined_and_said_by_all_that_train(isthmus, tmp_path, monkeypatch):
    for task in (imputer, detector):
        monkeypatch.setattr(task, "STEPS", 5)
    monkeypatch.setattr(detector, "EPOCHS", 1)
    draw = np.random.default_rng(0)
    pay = pd.DataFrame({"shop": draw.zipf(1.4, 400).clip(max=90).astype(str), "sum": draw.lognormal(size=400)})
    pay["shop"] = "s" + pay["shop"]
    pay.to_csv(tmp_path / "p.csv", index=False)
    pay.mask(draw.random(pay.shape) < 0.02).to_csv(tmp_path / "gaps.csv", index=False)
    few = ["--max-categories", 5]
    commands = {
        "train": [tmp_path / "p.csv", "-o", tmp_path / "m", "--epochs", 1],
        "detect": [tmp_path / "p.csv", "--train", tmp_path / "p.csv", "-o", tmp_path / "s.csv"],
        "impute": [tmp_path / "gaps.csv", "-o", tmp_path / "f.csv", "--save", tmp_path / "i"],
    }
    for command, arguments in commands.items():
        done = isthmus(command, *arguments, *few)
        assert done.err.count("the 5 most frequent are kept") == 1 and "--drop shop" in done.err
    filled, gaps = pd.read_csv(tmp_path / "f.csv"), pd.read_csv(tmp_path / "gaps.csv")["shop"].isna()
    assert filled["shop"][gaps].isin(pay["shop"].value_counts().index[:5]).all() and gaps.any()
    again = isthmus("impute", tmp_path / "gaps.csv", "-o", tmp_path / "f.csv", "--model", tmp_path / "i", *few, code=2)
    assert "is trained already: leave out --max-categories" in again.err


def test_other_columns_are_named_with_what_to_do(isthmus, tmp_path):
    rng = np.random.default_rng(0)
    known = pd.DataFrame(rng.normal(size=(40, 3)), columns=["price in €", "b", "c"])
    known.to_csv(tmp_path / "known.csv", index=False)
    isthmus("train", tmp_path / "known.csv", "--epochs", 1, "-o", tmp_path / "m")
    cases = {
        "more": (known.assign(**{"a note": 1.5}), "--label 'a note', else --drop 'a note'"),
        "renamed": (known.rename(columns={"b": "B"}), "lacks 'b'.*it has 'B'.*rename them"),
        "fewer": (known.drop(columns="price in €"), "lacks 'price in €', which"),
    }
    for name, (table, words) in cases.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        said = isthmus("encode", tmp_path / "m", tmp_path / f"{name}.csv", "-o", tmp_path / "z.npy", code=1).err
        assert re.search(words, said) and f"{name}.csv" in said


def test_each_fact_on_a_column_is_said_once(isthmus, tmp_path):
    draw, n = np.random.default_rng(0), 60
    frame = pd.DataFrame({"x": draw.normal(size=n), "zip": [f"{i:05d}" for i in draw.permutation(n) * 977]})
    frame["user"], frame["kind"] = [f"u{i}" for i in range(n)], draw.choice(["a", "b"], n)
    frame.loc[3:9, "x"] = None
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.assign(kind="new").to_csv(tmp_path / "new.csv", index=False)
    table, short = tmp_path / "t.csv", ["--epochs", 1]
    trained = isthmus("train", table, "-o", tmp_path / "m", *short)
    commands = (
        trained,
        isthmus("impute", table, "-o", tmp_path / "f.csv", *short),
        isthmus("detect", table, "--train", table, "-o", tmp_path / "s.csv", *short),
    )
    for done in commands:
        assert len(re.findall("'zip'.*codes", done.err)) == 1 and "looks like numbers" not in done.err
        assert done.err.count("--drop") == 1 and done.err.count("'user'") == 1
    joined = isthmus("train", table, "-o", tmp_path / "m2", "--max-categories", 5, *short)
    assert joined.err.count("--drop user") == 1
    said = isthmus("evaluate", tmp_path / "m", tmp_path / "new.csv").err
    assert said.count("unseen categories") == 1


def test_a_table_without_names_on_the_command_line(isthmus, tmp_path):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"x": draw.normal(size=60), "n": draw.integers(9, size=60), "kind": ["tcp", "udp"] * 30})
    frame.to_csv(tmp_path / "t.csv", index=False, header=False)
    assert "line 1 is a row" in isthmus("info", tmp_path / "t.csv").out
    done = isthmus("train", tmp_path / "t.csv", "--no-header", "-o", tmp_path / "m", "--epochs", 1)
    assert "line 1" not in done.err and "60 rows" in done.out
    frame[:1].to_csv(tmp_path / "one.csv", index=False, header=False)
    assert "1 row of" in isthmus("encode", tmp_path / "m", tmp_path / "one.csv", "-o", tmp_path / "z.csv").out
    named = isthmus("info", tmp_path / "t.csv", "--header").out
    assert "59 rows" in named and "line 1" not in named


def test_new_rows_unlike_those_of_training_are_said(isthmus, tmp_path):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"x": draw.uniform(3, 8, 60), "kind": ["tcp", "udp"] * 30})
    frame.to_csv(tmp_path / "t.csv", index=False)
    isthmus("train", tmp_path / "t.csv", "-o", tmp_path / "m", "--epochs", 1)

    def encoded(**options):
        new = tmp_path / "new.csv"
        frame.assign(**options).to_csv(new, index=False)
        return isthmus("encode", tmp_path / "m", new, "-o", tmp_path / "z.csv").err

    assert "warning" not in encoded()
    gaps = encoded(x=frame.x.where(frame.x > 4), kind=frame.kind.where(frame.index > 2))
    assert re.search(r"warning: .*new.csv: \d+ cells are missing in .*: 'x' \(\d+\), 'kind' \(3\)", gaps)
    assert "'x' (60, such as -999, where training had" in encoded(x=-999)
    frame.to_csv(tmp_path / "bare.csv", index=False, header=False)
    said = isthmus("encode", tmp_path / "m", tmp_path / "bare.csv", "-o", tmp_path / "z.csv", code=1).err
    assert "has no line that names its columns; it has 2, as" in said and "add the first line x,kind" in said


def test_a_column_read_as_text_is_said_once(isthmus, tmp_path):
    cells = ["TBD", "3.5", "4.1", "2.2"] * 15
    pd.DataFrame({"b": cells, "v": range(60), "day": ["01.02.2024"] * 60}).to_csv(tmp_path / "t.csv", index=False)
    for command in (["info"], ["train", "-o", tmp_path / "m", "--epochs", 1]):
        done = isthmus(command[0], tmp_path / "t.csv", *command[1:], "--text", "day")
        text = " ".join((done.out + done.err).split())
        assert "read as text (--missing TBD takes such cells as gaps, --drop b leaves it out)" in text
        assert "looks like" not in text and "in Python" not in text
