"""Units of columns: they are kept, and no number is taken for one in another unit without a word."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from isthmus.data.io.csv_stream import CSVStream
from isthmus.data.io.files import read
from isthmus.data.io.reading import Reading
from isthmus.data.tables.table import Table
from isthmus.support.errors import FileFormatError, InputError

pa = pytest.importorskip("pyarrow")
TRAINED = "the rows that the model was trained on"


def table(path, *cells):
    path.write_text("r;v\n" + "".join(f"{cell};{i}\n" for i, cell in enumerate(cells)))
    return path


def before(unit):
    return Reading(units={"r": unit})


# the unit of the rows before, cells, what is wrong with them
REFUSED = {
    "fractions after percentages": (
        "%",
        ["0", "0.125", "0.5"],
        f"line 3, column 'r': '0.125' is without a unit, but the column was in % in {TRAINED}: give --units r=% if its "
        "numbers mean the same here and there (12.5, not 0.125), else convert the column first",
    ),
    "percentages after numbers": (
        "none",
        ["12.5%"],
        f"'12.5%' is in %, but the column was without a unit in {TRAINED}",
    ),
    "euros after dollars": (
        "$",
        ["€5", "€3"],
        f"line 2, column 'r': '€5' is in €, but the column was in $ in {TRAINED}",
    ),
    "euros in letters after dollars": ("$", ["5 EUR"], "give --units 'r=$' if its numbers mean the same"),
    "dollars after percentages": ("%", ["$5"], "'$5' is in $, but the column was in %"),
}
TAKEN = {
    "percentages after percentages": ("%", ["12.5%", "0"], "%", "percentages"),
    "dollars in letters": ("$", ["5 USD"], "USD", "currency"),
    "no currency after dollars": ("$", ["5", "6"], "$", "'5' is without a unit, but the column was in $.*as the same"),
    "dollars after no currency": (
        "none",
        ["5", "$6"],
        "$",
        "'$6' is in $, but the column was without a unit.*the same",
    ),
    "zeros after percentages": ("%", ["0", "0"], "%", None),
    "gaps after percentages": ("%", ["-", "0"], "%", "gaps"),
    "numbers after numbers": ("none", ["0.5", "1"], "none", None),
}


@pytest.mark.parametrize("what", REFUSED)
def test_another_unit_is_an_error_that_an_option_settles(tmp_path, what):
    unit, cells, words = REFUSED[what]
    path = table(tmp_path / "t.csv", *cells)
    with pytest.raises(InputError, match=re.escape(words)):
        read(path, reading=Reading(before=before(unit)))
    loaded = read(path, reading=Reading(units={"r": unit}, before=before(unit)))
    assert loaded.X["r"].tolist() == [float(re.sub(r"[^\d.]", "", cell)) for cell in cells]
    assert loaded.reading.units["r"] == unit
    other = "none" if unit == "%" else "%"
    with pytest.raises(InputError, match=rf"units={{'r': '{other}'}}: the column was"):
        read(path, reading=Reading(units={"r": other}, before=before(unit)))


@pytest.mark.parametrize("what", TAKEN)
def test_the_same_unit_is_taken_and_an_assumption_said(tmp_path, what):
    unit, cells, kept, says = TAKEN[what]
    loaded = read(table(tmp_path / "t.csv", *cells), reading=Reading(before=before(unit)))
    notes = "; ".join(loaded.notes)
    assert re.search(says.replace("$", "[$]"), notes) if says else not notes
    assert loaded.reading.merged().units["r"] == kept


def test_a_later_piece_has_the_unit_of_the_first(tmp_path):
    path = table(tmp_path / "t.csv", *["$5"] * 40, "€5")
    with pytest.raises(InputError, match="line 42, column 'r': '€5' is of another currency than cells with [$]"):
        list(CSVStream(path, rows=40).chunks())


def test_a_unit_that_is_named_counts_for_mixed_cells(tmp_path):
    path = table(tmp_path / "t.csv", "12%", "3")
    with pytest.raises(InputError, match="line 3, column 'r': '3' has no percent sign"):
        read(path)
    assert read(path, reading=Reading(units={"r": "%"})).reading.kept()["units"] == {"r": "%"}


def test_units_are_kept_and_come_back(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("rate,price,v\n12%,$5,1.5\n3%,$6,2.5\n")
    loaded = read(path)
    kept = json.loads(json.dumps(loaded.reading.kept()))
    assert kept == {"units": {"rate": "%", "price": "$"}} and Reading.of(kept).kept() == kept
    later = Reading().after(Table().learn([loaded.X]), kept)
    assert later.before.units == {"rate": "%", "price": "$", "v": "none"}
    path.write_text("rate,price,v\n12%,$5,1.5%\n")
    with pytest.raises(InputError, match="column 'v': '1.5%' is in %, but the column was without a unit"):
        read(path, reading=later)
    with pytest.raises(
        FileFormatError, match=r"reading\['units'\]={'a': '3 miles'}, which is not a mapping of columns"
    ):
        Reading.of({"units": {"a": "3 miles"}})
    with pytest.raises(InputError, match="units={'a': '3 miles'}: a unit is one of %, "):
        Reading(units={"a": "3 miles"})


@pytest.mark.parametrize("suffix", [".parquet", ".feather", ".xlsx", ".json"])
def test_files_whose_numbers_have_no_signs(tmp_path, suffix):
    frame, path = pd.DataFrame({"r": [0.125, 0.5]}), tmp_path / f"t{suffix}"
    write = {
        ".parquet": lambda: frame.to_parquet(path),
        ".feather": lambda: frame.to_feather(path),
        ".xlsx": lambda: frame.to_excel(path, index=False),
        ".json": lambda: frame.to_json(path, orient="records"),
    }
    if suffix == ".xlsx":
        pytest.importorskip("openpyxl")
    write[suffix]()
    with pytest.raises(InputError, match="column 'r': .* without a unit, but the column was in %.*--units r=%"):
        read(path, reading=Reading(before=before("%")))
    loaded = read(path, reading=Reading(units={"r": "%"}, before=before("%")))
    np.testing.assert_array_equal(loaded.X["r"], frame["r"])


def test_a_physical_unit_that_all_cells_have_is_taken_off_and_kept(tmp_path):
    loaded = read(table(tmp_path / "t.csv", "63 kg", "n/a", "70.5 kg", "81kg"))
    assert loaded.X["r"].tolist()[2:] == [70.5, 81.0] and loaded.X["r"].isna().tolist()[1]
    assert loaded.reading.units == {"r": "kg", "v": "none"}
    assert "column 'r': numbers in kg, '63 kg' is read as 63" in loaded.notes
    assert Reading.of(loaded.reading.kept()).units == {"r": "kg"}


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["63 kg", "150 lb", "70 kg"], "line 3, column 'r': '150 lb' is in lb, but other cells are in kg: .*--text r"),
        (["63 kg", "64", "70 kg"], "line 3, column 'r': '64' has no unit, but other cells are in kg; --text r"),
        (["63 kg", "64 kg", "65 kg", "hot"], "line 5, column 'r': 'hot' is no number, while 75 % of the cells"),
    ],
)
def test_a_cell_in_another_unit_or_none_is_an_error(tmp_path, cells, words):
    with pytest.raises(InputError, match=words):
        read(table(tmp_path / "t.csv", *cells))


@pytest.mark.parametrize(
    "cells",
    [["12A", "12B", "14A", "15C"], ["12a", "14a", "15", "16a"], ["1st", "2nd", "4th", "5th"], ["3 B", "Unit 4"]],
)
def test_numbers_with_letters_that_are_no_units_stay_text(tmp_path, cells):
    assert read(table(tmp_path / "t.csv", *cells)).X["r"].tolist() == cells


def test_a_later_file_is_in_the_unit_of_the_first(tmp_path):
    loaded = read(table(tmp_path / "t.csv", "63", "64.5"), reading=Reading(before=before("kg")))
    assert "'63.0' is without a unit, but the column was in kg in" in loaded.notes[0]
    path = table(tmp_path / "u.csv", "150 lb", "160 lb")
    with pytest.raises(
        InputError, match="'150 lb' is in lb, but the column was in kg in .*--units r=kg if its numbers"
    ):
        read(path, reading=Reading(numbers=("r",), before=before("kg")))
    assert read(path, reading=Reading(units={"r": "kg"}, before=before("kg"))).X["r"].tolist() == [150, 160]


def test_a_later_piece_of_a_file_is_in_the_unit_of_the_first(tmp_path):
    stream = CSVStream(table(tmp_path / "t.csv", "63 kg", "64 kg", "65 kg", "9 lb"), rows=2)
    with pytest.raises(InputError, match="line 5, column 'r': '9 lb' is no number, as all cells before are"):
        list(stream.chunks())


def test_a_column_that_a_model_needs_can_only_have_gaps(tmp_path):
    path = table(tmp_path / "t.csv", "1", "hot", "3", "4")
    with pytest.raises(
        InputError, match="'hot' is no number, in a column .*; correct it, or --missing hot takes"
    ) as error:
        read(path, reading=Reading(numbers=("r", "v")))
    assert "--drop" not in str(error.value) and "--text" not in str(error.value)
