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
    assert read(path, reading=Reading(units={"r": "%"})).reading.kept()["units"] == {"r": "%", "v": "none"}


def test_units_are_kept_and_come_back(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("rate,price,v\n12%,$5,1.5\n3%,$6,2.5\n")
    loaded = read(path)
    kept = json.loads(json.dumps(loaded.reading.kept()))
    assert kept == {"units": {"rate": "%", "price": "$", "v": "none"}} and Reading.of(kept).kept() == kept
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
    assert Reading.of(loaded.reading.kept()).units == {"r": "kg", "v": "none"}


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["63 kg", "150 lb", "70 kg"], "line 3, column 'r': '150 lb' is in lb, but other cells are in kg: .*--text r"),
        (
            ["63 kg", "64", "70 kg"],
            "line 3, column 'r': '64' has no unit, but other cells are in kg: --units r=kg says",
        ),
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


def test_a_named_physical_unit_is_remembered_for_what_the_cells_show(tmp_path):
    path = table(tmp_path / "t.csv", "150 lb", "160 lb", "170 lb", "180 lb")
    kept = read(path, reading=Reading(units={"r": "kg"})).reading.kept()
    assert kept == {"units": {"r": "kg", "v": "none"}, "signs": {"r": ["lb"]}}
    chunks = list(CSVStream(path, rows=2, reading=Reading(before=Reading.of(kept))).chunks())
    assert [value for chunk in chunks for value in chunk["r"]] == [150, 160, 170, 180]


def test_numbers_without_the_unit_of_the_first_file_are_taken_alike_in_all_pieces(tmp_path):
    stream = CSVStream(table(tmp_path / "t.csv", "63", "64", "65", "66"), rows=2, reading=Reading(before=before("kg")))
    assert [value for chunk in stream.chunks() for value in chunk["r"]] == [63, 64, 65, 66]


def test_a_column_that_a_model_needs_can_only_have_gaps(tmp_path):
    path = table(tmp_path / "t.csv", "1", "hot", "3", "4")
    with pytest.raises(
        InputError, match="'hot' is no number, in a column .*; correct it, or --missing hot takes"
    ) as error:
        read(path, reading=Reading(numbers=("r", "v")))
    assert "--drop" not in str(error.value) and "--text" not in str(error.value)


def test_two_spellings_of_a_currency_are_one_and_a_named_unit_settles_others(tmp_path):
    path = table(tmp_path / "t.csv", "$1", "2 USD")
    assert read(path).X["r"].tolist() == [1, 2]
    path = table(tmp_path / "t.csv", "$1", "2 EUR")
    with pytest.raises(InputError, match="line 3, column 'r': '2 EUR' is of another currency.*--units 'r=[$]' says"):
        read(path)
    assert read(path, reading=Reading(units={"r": "$"})).X["r"].tolist() == [1, 2]


def test_a_sign_that_others_lack_names_the_option(tmp_path):
    path = table(tmp_path / "t.csv", *["7"] * 30, "102%")
    with pytest.raises(InputError, match="'7' has no percent sign.*: --units r=% says that all cells are in %"):
        read(path)
    with pytest.raises(InputError, match="'102%' has a percent sign.*: --units r=% says that all cells are in %"):
        list(CSVStream(path, rows=30).chunks())


def saved(path, cells, plain):
    """A file of a kind; its column has percent signs where the kind can have them and `plain` is false."""
    frame = pd.DataFrame({"r": [float(cell.rstrip("%")) for cell in cells] if plain else cells, "v": range(len(cells))})
    write = {
        ".csv": lambda: frame.to_csv(path, index=False),
        ".parquet": lambda: frame.to_parquet(path),
        ".feather": lambda: frame.to_feather(path),
        ".xlsx": lambda: frame.to_excel(path, index=False),
        ".jsonl": lambda: frame.to_json(path, orient="records", lines=True),
    }
    write[path.suffix]()
    return path


KINDS = (".csv", ".parquet", ".feather", ".xlsx", ".jsonl")


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("signs", [".csv", ".xlsx", ".jsonl"])
def test_fractions_and_percentages_are_not_joined_in_any_order(tmp_path, first, signs):
    pytest.importorskip("openpyxl")
    fractions = saved(tmp_path / f"fractions{first}", ["0.125", "0.5"], plain=True)
    percentages = saved(tmp_path / f"percentages{signs}", ["12.5%", "50%"], plain=False)
    for one, other, said in ((fractions, percentages, "in %, but"), (percentages, fractions, "without a unit, but")):
        with pytest.raises(InputError, match=f"column 'r': .* {said}"):
            read(other, reading=Reading(before=read(one).reading.merged()))
    again = read(fractions, reading=Reading(before=read(fractions).reading.merged()))
    assert again.reading.units == {"r": "none", "v": "none"}


def test_a_named_table_has_units_too(tmp_path):
    loaded = read("iris", reading=Reading())
    assert set(loaded.reading.units.values()) == {"none"} and len(loaded.reading.units) == 4


@pytest.mark.parametrize("suffix", KINDS)
def test_a_unit_that_was_named_is_remembered_for_what_the_cells_show(tmp_path, suffix):
    pytest.importorskip("openpyxl")
    path = saved(tmp_path / f"t{suffix}", ["12.5", "50"], plain=True)
    kept = json.loads(json.dumps(read(path, reading=Reading(units={"r": "%"})).reading.kept()))
    assert kept == {"units": {"r": "%", "v": "none"}, "signs": {"r": ["none"]}}
    loaded = read(path, reading=Reading(before=Reading.of(kept)))
    assert loaded.X["r"].tolist() == [12.5, 50] and loaded.reading.units["r"] == "%"
    signs = saved(tmp_path / "signs.csv", ["12.5%", "50%"], plain=False)
    assert read(signs, reading=Reading(before=Reading.of(kept))).reading.units["r"] == "%"
    euros = saved(tmp_path / "euros.csv", ["€1", "€2"], plain=False)
    with pytest.raises(InputError, match="'€1' is in €, but the column was in %"):
        read(euros, reading=Reading(before=Reading.of(kept)))
    with pytest.raises(FileFormatError, match=r"reading\['signs'\]={'r': 'none'}, which is not a mapping"):
        Reading.of({"signs": {"r": "none"}})


@pytest.mark.parametrize("suffix", [".parquet", ".feather"])
def test_a_column_that_is_not_there_or_not_read_has_no_unit(tmp_path, suffix):
    path = saved(tmp_path / f"t{suffix}", ["12.5", "50"], plain=True)
    earlier = Reading(units={"other": "%"})
    assert list(read(path, reading=Reading(before=earlier)).X.columns) == ["r", "v"]
    assert read(path, reading=Reading(drop=("r",), before=before("%"))).reading.units == {"v": "none"}


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("values", [["x", "y"], ["2020-01-01", "2020-02-02"], [True, False]])
def test_a_unit_of_a_column_without_numbers_is_refused(tmp_path, suffix, values):
    pytest.importorskip("openpyxl")
    path = saved(tmp_path / f"t{suffix}", values, plain=False)
    with pytest.raises(InputError, match="column 'r': --units r=% does not apply, since the column holds no numbers"):
        read(path, reading=Reading(units={"r": "%"}))


def test_units_apply_neither_to_images_nor_to_columns_that_are_left_out(tmp_path):
    with pytest.raises(InputError, match="does not apply to the data set 'digits'"):
        read("digits", reading=Reading(units={"foo": "none"}))
    for suffix in (".csv", ".parquet", ".jsonl"):
        path = saved(tmp_path / f"t{suffix}", ["12.5", "50"], plain=True)
        with pytest.raises(InputError, match="column 'r': --units r=% does not apply"):
            read(path, reading=Reading(drop=("r",), units={"r": "%"}))


def test_a_unit_that_nobody_knows_and_no_cell_shows_is_refused(tmp_path):
    path = table(tmp_path / "t.csv", "63", "64.5")
    with pytest.raises(InputError, match="column 'r', of which no cell is in 'klm': unknown unit 'klm'; did you mean"):
        read(path, reading=Reading(units={"r": "klm"}))
    shown = table(tmp_path / "u.csv", "63 pcs", "64 pcs")
    assert read(shown, reading=Reading(units={"r": "pcs"})).reading.units["r"] == "pcs"
    assert read(path, reading=Reading(units={"r": "pcs"}, before=before("pcs"))).reading.units["r"] == "pcs"
