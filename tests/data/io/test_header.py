"""Tables whose first line is a row, names that look like a row, or a title: never taken for another in silence."""

import json

import numpy as np
import pandas as pd
import pytest

from isthmus import Autoencoder
from isthmus.data.io.csv_stream import CSVStream
from isthmus.data.io.files import read
from isthmus.data.io.header import names_columns
from isthmus.data.io.json_tables import read_records
from isthmus.data.io.reading import Notes, Reading
from isthmus.support.errors import InputError

pytest.importorskip("pyarrow")
RNG = np.random.default_rng(0)
N = 40
FLOATS = [f"{x:.2f}" for x in RNG.normal(size=N)]
HUNDREDS = [str(n) for n in RNG.integers(100, 999, N)]
WORDS = RNG.choice(["tcp", "udp"], N).tolist()
IDS = [f"host{n}" for n in range(N)]
DAYS = [f"2024-01-{1 + n % 28:02d}" for n in range(N)]
YES_NO = RNG.choice(["yes", "no"], N).tolist()

# the first line, the columns below, and what it is: "names" and "row" are said, "" is usual, None is refused
LINES = {
    "a number and a known word": (["0.61", "5", "tcp"], [FLOATS, HUNDREDS, WORDS], "row"),
    "numbers and a word of its own": (["0.61", "5", "hostx"], [FLOATS, HUNDREDS, IDS], "row"),
    "a date": (["2023-12-31", "hostx"], [DAYS, IDS], "row"),
    "numbers": (["0.61", "512"], [FLOATS, HUNDREDS], "row"),
    "the same number twice": (["label_of", "0", "0"], [IDS, HUNDREDS, HUNDREDS], "row"),
    "words that come again": (["tcp", "yes"], [WORDS, YES_NO], "row"),
    "names": (["loss", "packets", "protocol"], [FLOATS, HUNDREDS, WORDS], ""),
    "names of words": (["protocol", "answer"], [WORDS, YES_NO], ""),
    "names in a file without rows": (["a", "b"], [[], []], ""),
    "years": (["2019", "2020", "2021"], [HUNDREDS, HUNDREDS, HUNDREDS], "names"),
    "years beside a name": (["country", "2019", "2021"], [IDS, HUNDREDS, HUNDREDS], "names"),
    "years beside a name over numbers": (["id", "2019"], [HUNDREDS, HUNDREDS], ""),
    "counted columns": (["0", "1", "2", "3"], [FLOATS] * 4, "names"),
    "wavelengths": (["850.5", "852.5", "854.5"], [FLOATS] * 3, "names"),
    "numbers over text": (["kind", "1", "2"], [WORDS, YES_NO, IDS], "names"),
    "days over numbers": (["country", "1/22/2020", "1/23/2020"], [IDS, HUNDREDS, HUNDREDS], "names"),
    "doses": (["gene", "1", "5", "20", "100"], [IDS, HUNDREDS, HUNDREDS, HUNDREDS, HUNDREDS], None),
    "rows that rise, as the first": (["1", "2", "3"], [["1", "4", "7"], ["2", "5", "8"], ["3", "6", "9"]], "row"),
}


@pytest.mark.parametrize("what", LINES)
def test_a_first_line_is_what_it_looks_like(what):
    first, columns, expected = LINES[what]
    rows, notes = list(zip(*columns, strict=True)), Notes()
    if expected is None:
        with pytest.raises(InputError, match="line 1, 'gene', '1'.*--header .*--no-header"):
            names_columns(first, rows, Reading(), "line 1", notes)
    else:
        assert names_columns(first, rows, Reading(), "line 1", notes) == (expected != "row")
        said = {"row": "is a row.*(--header if", "names": "names the columns (--no-header if", "": ""}[expected]
        assert all(part in " ".join(notes) for part in said.split(".*")) and bool(notes) == bool(expected)
    for header in (True, False):
        assert names_columns(first, rows, Reading(header=header), "line 1", said := Notes()) == header and not said


def write(path, first, columns, sep=","):
    path.write_text("\n".join(sep.join(cells) for cells in [first, *zip(*columns, strict=True)]) + "\n")
    return path


def test_decimal_commas_in_every_cell_without_names(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("\n".join(f"{n},5;-{n},25;{n + 1},125" for n in range(9)))
    table = read(path).X
    assert table.shape == (9, 3) and table.iloc[2].tolist() == [2.5, -2.25, 3.125]


def test_a_column_that_an_option_names_is_a_name(tmp_path):
    path = write(tmp_path / "t.csv", ["host", "5"], [IDS, HUNDREDS])
    assert list(read(path).X.columns) == ["column_0", "column_1"]
    assert list(read(path, reading=Reading(drop=("host",))).X.columns) == ["5"]


def test_a_table_without_names_is_read_alike_by_a_model(tmp_path):
    path = write(tmp_path / "t.csv", ["0.61", "5", "tcp"], [FLOATS, HUNDREDS, WORDS])
    loaded = read(path)
    assert len(loaded.X) == N + 1 and loaded.reading.asked("header", "text") == {"header": False}
    model = Autoencoder(latent_dim=2, epochs=1, verbose=False).fit(loaded.X)
    after = Reading().after(model.data_, json.loads(json.dumps(loaded.reading.kept())))
    later = write(tmp_path / "later.csv", ["2019", "2020", "new"], [["1.5"], ["7"], ["tcp"]])
    assert read(later, reading=after).X["column_1"].tolist() == [2020, 7] and not read(later, reading=after).notes
    written = tmp_path / "written.csv"
    loaded.X.to_csv(written, index=False)
    pd.testing.assert_frame_equal(read(written, reading=after).X, loaded.X)
    write(later, ["loss", "n", "kind"], [["1.5"], ["7"], ["tcp"]])
    with pytest.raises(InputError, match=r"later.csv': line 1 seems to name the columns.*--skip-rows.*--no-header"):
        read(later, reading=after)


def test_names_that_were_asked_for_are_kept(tmp_path):
    path = write(tmp_path / "t.csv", ["5", "7"], [FLOATS, HUNDREDS])
    loaded = read(path, reading=Reading(header=True))
    assert list(loaded.X.columns) == ["5", "7"] and loaded.reading.asked("header", "text") == {"header": True}
    later = Reading(before=Reading.of(loaded.reading.kept()))
    assert list(read(path, reading=later).X.columns) == ["5", "7"]


def test_a_log_without_names(real_data):
    train = read(real_data("intrusion/nsl_kdd/KDDTrain+_20Percent.txt"))
    assert train.X.shape == (25192, 43)
    assert train.notes == ("line 1 is a row: the columns are called column_0 to column_42 (--header if it names them)",)
    test = read(real_data("intrusion/nsl_kdd/KDDTest+.txt"), reading=Reading(header=False))
    assert len(test.X) == 22544 and not test.notes and list(test.X.columns) == list(train.X.columns)


# -- titles ----------------------------------------------------------------------------------------------------------

BODY = [f"{a};{n};{w}" for a, n, w in zip(FLOATS, HUNDREDS, WORDS, strict=True)]
TITLES = {
    "padded": (["Report 2024;;", "a;b;c"], "'Report 2024', seems to be a title, and line 2 to.*'a'.*--skip-rows 1,"),
    "padded lines": (["Report;;", "of me;;", ";;", "a;b;c"], "line 4 to name the columns.*--skip-rows 3, or --header"),
    "two cells": (["Station: 5;Date: 2024;", "a;b;c"], "'Station: 5', seems to be a title, and line 2 .*--skip-rows 1"),
    "padded above years": (["Report;;", "2019;2020;2021"], "line 2 to name the columns, '2019'.*--skip-rows 1"),
    "not padded": (["Report 2024", "", "a;b;c"], "line 1 has 1 cell, but line 3 has 3.*--skip-rows 2"),
    "below a comment": (["# by me", "Report;;", "a;b;c"], "line 2, 'Report', seems.*line 3 to name.*--skip-rows 2"),
}


@pytest.mark.parametrize("what", TITLES)
def test_a_title_is_named_with_the_line_of_the_names(tmp_path, what):
    above, message = TITLES[what]
    path = tmp_path / "t.csv"
    path.write_text("\n".join([*above, *BODY]))
    with pytest.raises(InputError, match=message):
        read(path)
    skipped = read(path, reading=Reading(skip_rows=len(above) - 1))
    assert list(skipped.X.columns) == above[-1].split(";") and len(skipped.X) == N


def test_a_title_of_as_many_lines_as_the_table_is_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("Report\nof me\na,b\n1,2\n")
    with pytest.raises(InputError, match="line 3 has 2; if the table begins there, give --skip-rows 2"):
        read(path)


@pytest.mark.parametrize("above", ["a;;c", ";b;c", "a;b;"])
def test_columns_without_a_name_are_no_title(tmp_path, above):
    path = tmp_path / "t.csv"
    path.write_text("\n".join([above, *BODY]))
    assert len(read(path).X) == N


def test_sheets_are_looked_at_alike(tmp_path):
    pytest.importorskip("openpyxl")
    rows = [[float(a), int(n), w] for a, n, w in zip(FLOATS, HUNDREDS, WORDS, strict=True)]
    path = tmp_path / "t.xlsx"
    pd.DataFrame(rows).to_excel(path, index=False, header=False)
    loaded = read(path)
    assert len(loaded.X) == N and list(loaded.X.columns) == ["column_0", "column_1", "column_2"]
    assert "row 1 is a row" in loaded.notes[0] and loaded.reading.asked("header", "text") == {"header": False}
    assert len(read(path, reading=Reading(header=True)).X) == N - 1
    pd.DataFrame([["Report", None, None], [None] * 3, ["a", "b", "c"], *rows]).to_excel(path, index=False, header=False)
    with pytest.raises(InputError, match=r"row 1, 'Report', seems to be a title, and row 3 .*--skip-rows 2"):
        read(path)
    assert list(read(path, reading=Reading(skip_rows=2)).X.columns) == ["a", "b", "c"]


def test_records_and_typed_files_have_names(tmp_path):
    path = tmp_path / "t.json"
    path.write_text('[{"a": 1}]')
    with pytest.raises(InputError, match="header=False does not apply to"):
        read_records(path, reading=Reading(header=False))
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match="header=False does not apply to"):
        read(tmp_path / "t.parquet", reading=Reading(header=False))


# -- columns of gaps -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".csv", ".json"])
def test_a_column_of_markers_is_gaps_where_a_model_knows_no_text(tmp_path, ending):
    frame = pd.DataFrame({"x": FLOATS, "n": HUNDREDS, "day": DAYS, "kind": WORDS, "ok": [True, False] * (N // 2)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    loaded = read(tmp_path / "t.csv")
    model = Autoencoder(latent_dim=2, epochs=1, verbose=False).fit(loaded.X)
    after = Reading().after(model.data_, loaded.reading.kept())
    for name in ("x", "n", "day", "ok"):
        later = frame.assign(**{name: "-"})
        path = tmp_path / f"later{ending}"
        path.write_text(later.to_csv(index=False) if ending == ".csv" else later.to_json(orient="records"))
        found = read(path, reading=after)
        assert found.X[name].isna().all() and f"column '{name}': all cells are '-': taken as gaps" in found.notes
        assert np.isfinite(model.transform(found.X)).all()


def written(path, first, *rows):
    path.write_text("\n".join([first, *rows]) + "\n")
    return path


@pytest.mark.parametrize("first", ["a,b,c", "a,b,c,", "0,0.5,x,"], ids=["without", "with", "no names"])
def test_a_separator_at_the_end_of_each_line_makes_no_column(tmp_path, first):
    path = written(tmp_path / "t.csv", first, *(f"{n},{n + 0.5},x," for n in range(5)))
    loaded, stream = read(path), CSVStream(path, rows=2)
    names = ["a", "b", "c"] if first[0] == "a" else ["column_0", "column_1", "column_2"]
    assert list(loaded.X.columns) == stream.columns == names
    assert [list(piece.columns) for piece in stream.chunks()] == [names] * 3
    note = "each line ends in a separator: the empty column after it is left out"
    assert note in loaded.notes and note in stream.notes and "Unnamed" not in "".join(loaded.notes)


def test_a_last_column_without_a_name_stays_where_a_cell_is_filled_or_it_is_named(tmp_path):
    rows = [f"{n},{n + 0.5},x," for n in range(2000)]
    late = read(written(tmp_path / "t.csv", "a,b,c,", *rows, "1,2,x,7"))
    assert list(late.X.columns) == ["a", "b", "c", "Unnamed: 3"] and late.X["Unnamed: 3"].sum() == 7
    assert any("column 4 has no name: it is called 'Unnamed: 3'" in note for note in late.notes)
    path = written(tmp_path / "u.csv", "a,b,c,", *rows[:5])
    assert list(read(path, reading=Reading(only=("a", "Unnamed: 3"))).X.columns) == ["a", "Unnamed: 3"]
    assert list(read(path, reading=Reading(drop=("Unnamed: 3",))).X.columns) == ["a", "b", "c"]
    assert list(read(written(tmp_path / "v.csv", "a,b,c", *(f"{n},1," for n in range(5)))).X.columns) == ["a", "b", "c"]


def test_a_large_file_whose_lines_end_in_a_separator_is_read_alike(tmp_path, monkeypatch):
    monkeypatch.setattr("isthmus.data.io.tabular.AT_ONCE", 10)
    path = written(tmp_path / "t.csv", "a,b,c,", *(f"{n},{n + 0.5},x," for n in range(50)))
    assert list(read(path).X.columns) == ["a", "b", "c"]


def test_names_of_rows_without_a_name_are_an_index(tmp_path):
    loaded = read(written(tmp_path / "t.csv", "a,b", *(f"r{n},{n},{n + 0.5}" for n in range(5))))
    assert list(loaded.X.columns) == ["index", "a", "b"] and loaded.X["a"].tolist() == [*range(5)]
    assert "line 1 names 2 columns, but the rows have 3 cells: the first is called 'index'" in loaded.notes[0]
    with pytest.raises(InputError, match="line 4 has 3 cells"):
        read(written(tmp_path / "u.csv", "a,b", "1,2", "3,4", "5,6,7"))


def test_a_last_line_with_one_cell_is_said(tmp_path):
    rows = [f"{n},{n + 0.5},x" for n in range(5)]
    assert "line 7, the last one, has only one cell, 'Total'" in "; ".join(
        read(written(tmp_path / "t.csv", "k,b,c", *rows, "Total,,"), reading=Reading(text=("k",))).notes
    )
    assert "only one cell" not in "; ".join(read(written(tmp_path / "u.csv", "k,b,c", *rows, "7,,x")).notes)


@pytest.mark.parametrize("rows", [5, 1500])
def test_a_last_line_that_sums_up_the_others_is_said(tmp_path, rows):
    lines = [f"r{n},{n},{n + 0.5}" for n in range(rows)]
    notes = read(written(tmp_path / "t.csv", "k,b,c", *lines, "Total:,10,")).notes
    assert "the last line begins with 'Total:', and is read as a row" in "; ".join(notes)
    others = [["r9,10,"], ["Total,10,", "r9,3,4"], ["Total,1,2", "Total,3,4"]]
    assert all(not read(written(tmp_path / "u.csv", "k,b,c", *lines, *ends)).notes for ends in others)


def test_a_line_that_ends_the_file_is_shown(tmp_path):
    with pytest.raises(InputError, match="line 4 has 1 cell, .* names 2 columns: '# end of log'; it is the last one"):
        read(written(tmp_path / "t.csv", "a,b", "1,2", "3,4", "# end of log"))
    with pytest.raises(InputError, match="line 3 has 1 cell, .*: '# restart'; give all lines the same number"):
        read(written(tmp_path / "u.csv", "a,b", "1,2", "# restart", "3,4"))
