"""Tables as people have them on the command line: trained on, kept in the model, and read again."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import isthmus
from isthmus.apps.cli.main import main
from isthmus.data.io.files import read
from isthmus.data.io.reading import Reading

pytest.importorskip("pyarrow")

OLD = Path(__file__).parents[2] / "files" / "reading" / "without-units-v1.safetensors"
"""A model of a column of percentages, written before models kept the units of their columns."""

NAMES = "id;cement;share;day;kind"


def rows(n, seed=0):
    rng = np.random.default_rng(seed)
    cement = [
        f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".") for value in rng.uniform(500, 4000, n)
    ]
    share = ["-" if i % 9 == 4 else f"{value:.1f}%".replace(".", ",") for i, value in enumerate(rng.uniform(0, 99, n))]
    days = [f"{1 + i % 28:02d}/{1 + i % 12:02d}/2020" for i in range(n)]
    return [f"{i};{c};{s};{d};{'ab'[i % 2]}" for i, (c, s, d) in enumerate(zip(cement, share, days, strict=True))]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.csv").write_bytes("\n".join(["# größen", NAMES, *rows(80)]).encode("cp1252"))
    (tmp_path / "one.csv").write_text(f"{NAMES}\n7;1.234;12%;01/02/2020;b\n")
    return tmp_path


def run(*arguments, code=0):
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == code, done.output
    return done.stderr


TRAIN = ("train", "cells.csv", "-o", "m.safetensors", "--epochs", "1", "--latent-dim", "2", "--drop", "id")


def test_a_model_keeps_how_its_rows_were_read(folder):
    said = run(*TRAIN, "--label", "kind")
    for words in ("Windows-1252", "decimal comma", "percentages", "'-': taken as gaps", "dates, read as %d/%m/%Y"):
        assert said.count(words) == 1, words
    model = isthmus.load("m.safetensors")
    expected = {"decimal": ",", "dates": {"day": "%d/%m/%Y"}, "units": {"cement": "none", "share": "%"}}
    expected["drop"] = ["id"]
    assert model.info_["reading"] == expected
    run("reconstruct", "m.safetensors", "one.csv", "--label", "kind", "-o", "one.parquet")
    assert list(read("one.parquet").X.columns) == ["cement", "share", "day"]
    kept = Reading().after(model.data_, model.info_["reading"])
    row = read("one.csv", label="kind", reading=kept).X.iloc[0]
    assert (row.cement, row.share, str(row.day.date())) == (1234, 12, "2020-02-01")
    run("encode", "m.safetensors", "one.csv", "--drop", "kind", "-o", "codes.csv")
    (folder / "bad.csv").write_text(f"{NAMES}\n7;many;12%;01/02/2020;b\n")
    assert "'bad.csv', line 2, column 'cement': 'many' is no number, in a column that a model" in run(
        "encode", "m.safetensors", "bad.csv", "--label", "kind", "-o", "codes.csv", code=1
    )


def test_detectors_and_imputers_keep_it_too(folder):
    run("detect", "one.csv", "--train", "cells.csv", "--label", "kind", "--drop", "id", "-o", "s.csv", "--save", "d.st")
    run("detect", "one.csv", "--model", "d.st", "--keep", "kind", "-o", "again.csv")
    assert read("again.csv").X["score"].tolist() == pytest.approx(read("s.csv").X["score"].tolist(), rel=1e-6)
    said = run("impute", "cells.csv", "--keep", "kind", "--only", "cement,share", "-o", "f.csv", "--save", "i.st")
    assert said.count("taken as gaps") == 1  # in training, and not again in filling
    assert list(read("f.csv").X.columns) == ["cement", "share", "kind"] and read("f.csv").X["share"].notna().all()
    (folder / "gap.csv").write_text(f"{NAMES}\n7;n/a;12%;01/02/2020;b\n")
    run("impute", "gap.csv", "--model", "i.st", "--keep", "kind", "-o", "g.csv")
    assert 500 < read("g.csv").X["cement"][0] < 4000


def test_a_detector_of_the_settings_of_an_autoencoder_reads_as_it_did(folder):
    run("train", "cells.csv", "--only", "cement,share", *TRAIN[2:-2])
    run("detect", "one.csv", "--train", "cells.csv", "--model", "m.safetensors", "-o", "s.csv", "--save", "d.st")
    detector = isthmus.load("d.st").autoencoder_
    assert list(detector.feature_names_in_) == ["cement", "share"]
    assert detector.info_["reading"] == isthmus.load("m.safetensors").info_["reading"]


def test_what_tune_finds_keeps_it_too(folder):
    pytest.importorskip("optuna")
    run("tune", "cells.csv", "--only", "cement,share", "--over", "latent_dim=1|2", "--epochs", "1", "-o", "best.st")
    assert isthmus.load("best.st").info_["reading"] == {
        "decimal": ",",
        "units": {"cement": "none", "share": "%"},
        "only": ["cement", "share"],
    }
    run("encode", "best.st", "one.csv", "-o", "codes.csv")


@pytest.mark.parametrize("options", [["--missing", "0.2"], ["--text", "petal_width"], ["--dates", "petal_width=%d"]])
def test_options_about_text_are_refused_for_data_sets(options, tmp_path):
    said = run("train", "iris", *options, "-o", str(tmp_path / "m"), code=1)
    assert "does not apply to 'iris', whose cells have types" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--drop", "idd"], "unknown column 'idd'; did you mean 'id'"),
        (["--only", "cement,shre"], "unknown column 'shre'; did you mean 'share'"),
        (["--drop", "id", "--only", "cement"], "give one of them"),
        (["--encoding", "utf-9"], "encoding='utf-9' is not known"),
    ],
)
def test_wrong_options_are_refused(folder, options, message):
    assert message in run("train", "cells.csv", "-o", "m.safetensors", *options, code=1)
    assert not (folder / "m.safetensors").exists()


def test_percentages_are_not_taken_for_fractions(folder):
    run(*TRAIN[:-2], "--only", "cement,share")
    (folder / "fractions.csv").write_text("cement;share\n1234,5;0,125\n")
    encode = ("encode", "m.safetensors", "fractions.csv", "-o", "codes.csv")
    said = run(*encode, code=1)
    assert "'fractions.csv', line 2, column 'share': '0.125' is without a unit, but the column was in %" in said
    run(*encode, "--units", "share=%")
    assert "is no COLUMN=UNIT, such as rate=%" in run(*encode, "--units", "share", code=2)
    assert "a unit is one of %, $" in run(*encode, "--units", "share=3 miles", code=1)


def test_numbers_that_seem_to_be_dates_or_gaps_are_named_with_the_remedy(folder):
    days = [f"2024{month:02d}{day:02d}" for month in (1, 2) for day in range(1, 29)]
    lines = [f"{day},{-999 if i % 9 == 4 else i % 7 + 0.5}" for i, day in enumerate(days)]
    (folder / "t.csv").write_text("\n".join(["date,depth", *lines]))
    shown = CliRunner().invoke(main, ["info", "t.csv"]).stdout
    assert "--dates date=%Y%m%d" in shown and "--missing -999" in shown and "missing time steps" not in shown
    assert "days in digits, whose differences are no time steps" in " ".join(shown.split())
    options = ["--dates", "date=%Y%m%d", "--missing", "-999"]
    shown = CliRunner().invoke(main, ["info", "t.csv", *options]).stdout
    assert "notes" not in shown.replace("-999", "") and "3 of 59" not in shown and "missing time steps" in shown
    said = run("train", "t.csv", "-o", "m.safetensors", "--epochs", "1", "--latent-dim", "1")
    assert "--dates date=%Y%m%d" in said and "--missing -999" in said


def test_a_later_file_says_that_it_is_read_as_the_first(folder):
    (folder / "a.csv").write_text("x;y\n0,5;1,5\n1,25;2,5\n")
    (folder / "b.csv").write_text("x;y\n1;2\n3;1\n")
    said = run("train", "a.csv", "b.csv", "-o", "m.safetensors", "--epochs", "1", "--latent-dim", "1")
    assert "b.csv: decimal comma, as in the first file" in said
    (folder / "b.csv").write_text("x;y\n1%;2\n3%;1\n")
    said = run("train", "a.csv", "b.csv", "-o", "m.safetensors", code=1)
    assert "'b.csv', line 2, column 'x': '1%' is in %, but the column was without a unit in the first file" in said


def test_a_format_of_dates_is_checked(folder):
    assert "is no COLUMN=FORMAT, such as day=%d.%m.%Y" in run(*TRAIN, "--dates", "day", code=2)


def test_it_works_in_fresh_processes(folder):
    commands = [[*TRAIN[:-2], "--only", "cement,share"], ["encode", "m.safetensors", "one.csv", "-o", "codes.csv"]]
    for arguments in commands:
        done = subprocess.run(
            [sys.executable, "-m", "isthmus", *arguments], capture_output=True, text=True, env=os.environ
        )
        assert done.returncode == 0, done.stderr
    assert "decimal comma" in done.stderr and len(read("codes.csv").X) == 1


def test_a_model_of_before_units_were_kept_reads_the_rows_that_it_was_trained_on(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text("rate,size\n" + "".join(f"{i / 2}%,{i / 20 + i % 3}\n" for i in range(40)))
    run("encode", str(OLD), str(path), "-o", str(tmp_path / "z.csv"))
    path.write_text("rate,size\n1.5,2\n2.5,1\n")
    run("encode", str(OLD), str(path), "-o", str(tmp_path / "z.csv"))


def test_a_unit_that_was_named_once_holds_for_the_model(tmp_path):
    frame = pd.DataFrame({"rate": np.linspace(0, 50, 40), "size": np.linspace(2, 3, 40) ** 2})
    path, model = str(tmp_path / "r.parquet"), str(tmp_path / "m")
    frame.to_parquet(path)
    run("train", path, "--units", "rate=%", "--epochs", "1", "--latent-dim", "1", "-o", model)
    run("encode", model, path, "-o", str(tmp_path / "z.csv"))
    other = tmp_path / "r.csv"
    other.write_text("rate,size\n€1,2\n")
    assert "'€1' is in €, but the column was in %" in run("encode", model, str(other), "-o", str(other), code=1)


def test_fractions_of_a_typed_file_are_not_joined_with_percentages(tmp_path):
    typed, signs = str(tmp_path / "f.parquet"), tmp_path / "p.csv"
    pd.DataFrame({"r": [0.1, 0.2], "v": [1, 2]}).to_parquet(typed)
    signs.write_text("r,v\n10%,1\n20%,2\n")
    said = run("train", typed, str(signs), "-o", str(tmp_path / "m"), code=1)
    assert "'10%' is in %, but the column was without a unit in the first file" in said


def test_a_unit_where_there_are_no_numbers(tmp_path):
    said = run("train", "digits", "--units", "foo=none", "-o", str(tmp_path / "m"), code=1)
    assert "does not apply to the data set 'digits'" in said
