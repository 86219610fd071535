"""``isthmus info DATA``: how data would be read, without training."""

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from isthmus import Table
from isthmus.apps.cli import about_data
from isthmus.data.io import files
from isthmus.data.io.dataset import Dataset

RNG = np.random.default_rng(0)
N = 60


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    frame = pd.DataFrame(
        {
            "id": np.arange(100, 100 + N),
            "size": np.where(np.arange(N) < 7, np.nan, 0.5 * np.arange(N)),
            "member": RNG.random(N) < 0.5,
            "kind": ["red"] * 45 + ["green"] * 15,
            "price": ["3.5", "n. a."] + ["7.25"] * (N - 2),
            "when": pd.date_range("2024-05-01", periods=N, freq="D"),
            "note": [f"bought by customer number {n} in the shop" for n in range(N)],
        }
    )
    path = tmp_path_factory.mktemp("info") / "t.parquet"
    frame.to_parquet(path)
    return path


def test_each_column_is_shown_with_kind_gaps_range_and_examples(isthmus, table):
    lines = isthmus("info", table).out.splitlines()
    assert lines[0] == f"{table}: a table" and "  60 rows, 7 columns: 1 integer, 2 float" in lines[3]
    shown = {name: cells for name, *cells in (re.split(r"\s{2,}", line) for line in lines[6:13])}
    assert shown["id"] == ["integer", "–", "100 to 159", "100, 101, 102"]
    assert shown["size"] == ["float", "7", "3.5 to 29.5", "3.5, 4, 4.5"]
    assert shown["kind"] == ["category", "–", "2 values, red 75%"]
    assert shown["when"][2] == "2024-05-01 to 2024-06-29" and "% true" in shown["member"][2]
    assert max(map(len, lines[1:])) <= 79


def test_what_may_be_wrong_is_said_with_the_option(isthmus, table):
    done = isthmus("info", table)
    text = " ".join(done.out.split())
    for said in (
        "column 'price': 98 % of the cells are numbers, the others are 'n. a.': taken as gaps",
        "number the rows: 'id' (100 to 159)",
    ):
        assert said in text
    assert "--drop note" in text and done.err == ""


def test_json_has_all_of_each_column(isthmus, table):
    said = isthmus("info", table, "--json").json
    assert (said["kind"], said["rows"], len(said["notes"])) == ("a table", N, 3)
    columns = {column["name"]: column for column in said["columns"]}
    assert columns["size"] == {
        "name": "size",
        "kind": "float",
        "type": "float64",
        "gaps": 7,
        "low": 3.5,
        "high": 29.5,
        "mean": 16.5,
        "categories": 0,
        "common": [],
        "examples": [3.5, 4.0, 4.5],
    }
    assert columns["kind"]["common"] == [["red", 45], ["green", 15]]
    assert columns["when"]["low"] == "2024-05-01 00:00:00" and said["signal"]["refused"].startswith("column 'kind'")


def test_it_says_what_training_learns(isthmus, table):
    said = isthmus("info", table, "--json").json
    learnt = Table().learn([files.read(table).X])
    assert [column["kind"] for column in said["columns"]] == list(learnt.schema.kinds)
    assert [column["gaps"] for column in said["columns"]] == list(learnt.schema.missing)


def test_labels_are_counted_and_taken_out(isthmus, table):
    done = isthmus("info", table, "--label", "kind")
    assert "labels\n  2: red (45), green (15)" in done.out and "6 columns" in done.out


def test_what_was_converted_is_shown(isthmus, table, monkeypatch):
    frame = pd.read_parquet(table)[["size"]]
    read = Dataset(frame, None, (), "t.csv", notes=("column 'size': decimal comma",))
    monkeypatch.setattr(files, "read", lambda *_, **__: read)
    assert "notes\n  - column 'size': decimal comma" in isthmus("info", "t.csv").out
    assert isthmus("info", "t.csv", "--json").json["notes"] == ["column 'size': decimal comma"]


def test_wide_tables_are_summarised(isthmus, tmp_path):
    wide = pd.DataFrame(RNG.normal(size=(20, 500)), columns=[f"gene_{n}" for n in range(500)])
    wide.iloc[2, 100:110] = np.nan
    wide.assign(tissue=["a", "b"] * 10).to_parquet(tmp_path / "w.parquet")
    lines = isthmus("info", tmp_path / "w.parquet").out.splitlines()
    assert [line.split("  ")[0] for line in lines[6:10]] == [
        "gene_0 … gene_99",
        "gene_100 … gene_109",
        "gene_110 … gene_499",
        "tissue",
    ]
    assert lines[10] == "--json has each column"
    assert len(isthmus("info", tmp_path / "w.parquet", "--json").json["columns"]) == 501


def test_a_table_with_times_is_shown_as_a_signal_too(isthmus, tmp_path):
    times = pd.date_range("2024-01-01", periods=N, freq="10min").delete([20, 21, 22])
    log = pd.DataFrame({"time": times, "speed": RNG.normal(size=N - 3), "load": RNG.normal(size=N - 3)})
    log.to_parquet(tmp_path / "log.parquet")
    text = isthmus("info", tmp_path / "log.parquet").out
    for said in ("as a signal", "2: speed, load", "600 s (median)", "missing time steps  3", "--window N"):
        assert said in text
    said = isthmus("info", tmp_path / "log.parquet", "--json").json["signal"]
    assert (said["time"], said["step"], said["missing"], said["channels"]) == ("time", 600, 3, ["speed", "load"])


def test_one_number_a_row_is_a_signal(isthmus, tmp_path):
    np.save(tmp_path / "x.npy", np.arange(50.0))
    said = isthmus("info", tmp_path / "x.npy", "--json").json
    assert (said["kind"], said["rows"], said["time"]) == ("a signal", 50, None)


def test_images_are_counted_by_size_and_format_and_the_broken_named(isthmus, tmp_path):
    for number, (suffix, size) in enumerate([("png", (8, 6)), ("png", (8, 6)), ("jpg", (5, 4))]):
        folder = tmp_path / "photos" / ("cat" if number else "dog")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 255, (*size, 3), dtype=np.uint8)).save(folder / f"{number}.{suffix}")
    (tmp_path / "photos" / "cat" / "no.png").write_bytes(b"no image")
    text = isthmus("info", tmp_path / "photos").out
    for said in (
        "2 sizes, most often 8 x 6 (2 images)",
        "2 png, 1 jpg",
        "2: cat (2), dog (1)",
        "cat/no.png: cannot read",
    ):
        assert said in text
    said = isthmus("info", tmp_path / "photos", "--json").json
    assert (said["count"], said["channels"], list(said["broken"])) == (3, 3, ["cat/no.png"])
    assert said["sizes"][0] == {"height": 8, "width": 6, "images": 2}
    assert "10: 3 (183)" in isthmus("info", "digits").out


def test_a_model_is_known_by_its_content(isthmus, models, tmp_path):
    renamed = tmp_path / "model.csv"
    renamed.write_bytes(models["plain"].read_bytes())
    assert about_data.is_model(str(renamed)) and not about_data.is_model(str(tmp_path))
    assert "variant" in isthmus("info", renamed).out
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    assert "a table" in isthmus("info", tmp_path / "t.csv").out
    refused = isthmus("info", renamed, "--label", "a", code=2)
    assert "--label is about data, but" in refused.err


def test_line_breaks_in_cells_and_names_are_shown_as_they_are_typed(isthmus, tmp_path):
    frame = pd.DataFrame({"two\nlines": ["a\nb"] * 30 + ["c\td"] * 10, "label": ["x\r\ny"] * 40, "n": range(40)})
    frame.to_parquet(tmp_path / "t.parquet")
    out = isthmus("info", tmp_path / "t.parquet", "--label", "label").out
    (line,) = (line for line in out.splitlines() if line.startswith("two"))
    assert r"two\nlines" in line and r"2 values, a\nb 75%" in line
    assert r"1: x\r\ny (40)" in out


def test_one_row_of_one_column_is_singular(isthmus, tmp_path):
    (tmp_path / "one.csv").write_text("kind\nx\n")
    assert "  1 row, 1 column: " in isthmus("info", tmp_path / "one.csv").out
