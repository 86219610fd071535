"""Text in Parquet and Feather files: the table is the same as that of a CSV file with the same cells."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal
from pyarrow import parquet

from isthmus import Autoencoder
from isthmus.data.io.files import open_as_read, read
from isthmus.data.io.reading import Reading
from isthmus.support.errors import InputError

COLUMNS = {
    "comma": ["1,5", "2,25", "-", "4,5"],
    "money": ["$5,473.94", "$1.00", "$20.50", "$3.00"],
    "percent": ["12.5%", "3%", "0%", "100%"],
    "weight": ["63 kg", "70.5 kg", "n/a", "81 kg"],
    "day": ["31.05.2024", "01.06.2024", "02.06.2024", "13.06.2024"],
    "time": ["2024-05-31 10:00:00", "2024-05-31 11:00:00", "2024-05-31 12:30:00", "2024-06-01 00:00:00"],
    "whole": ["1", "20", "3", "44"],
    "zip": ["01234", "99999", "00501", "10001"],
    "word": ["red", "blue", "red", "green"],
    "marked": ["5", "bad", "7", "8"],
}
KINDS = ("parquet", "feather")


@pytest.fixture
def same(tmp_path):
    """Give ``same(columns) -> {kind: path}``: files of each kind with the same cells, as text."""

    def write(columns, times=1, group=2):
        frame = pd.DataFrame(columns)
        frame = pd.concat([frame] * times, ignore_index=True)
        frame.to_csv(tmp_path / "a.csv", index=False, sep="\t")
        parquet.write_table(pa.Table.from_pandas(frame), tmp_path / "a.parquet", row_group_size=group)
        frame.to_feather(tmp_path / "a.feather")
        return {kind: str(tmp_path / f"a.{kind}") for kind in ("csv", *KINDS)}

    return write


def both(files, kind, reading):
    """Return the datasets of the CSV file and another one."""
    return read(files["csv"], reading=reading), read(files[kind], reading=reading)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "reading",
    [
        Reading(missing=("bad",)),
        Reading(missing=("bad", "20"), text=("day", "whole"), units={"weight": "kg"}),
        Reading(missing=("bad",), dates={"day": "%d.%m.%Y"}, drop=("word",)),
        Reading(text=("marked",), unchanged=("day",)),
    ],
    ids=["recognised", "text and units", "dates", "carried"],
)
def test_the_table_is_that_of_a_csv_file(same, kind, reading):
    csv, typed = both(same(COLUMNS), kind, reading)
    assert_frame_equal(typed.X, csv.X, check_dtype=True)
    about = [
        {note for note in one.notes if "decimal comma" not in note and "'n/a'" not in note} for one in (typed, csv)
    ]
    assert about[0] == about[1] and len(about[0]) > 2  # a file of text has one mark, and takes n/a for a gap anyhow
    ours, theirs = typed.reading.kept(), csv.reading.kept()
    assert {**ours, "text": 0} == {**theirs, "text": 0}  # a file of text is known to have codes


@pytest.mark.parametrize("kind", KINDS)
def test_columns_of_numbers_have_gaps_and_dates_as_options_say(tmp_path, kind):
    frame = pd.DataFrame(
        {"n": [1, -999, 3], "x": [0.5, 2.5, -999.0], "t": [0, 86_400, 172_800], "b": [True, False, True]}
    )
    getattr(frame, f"to_{kind}")(tmp_path / f"a.{kind}")
    frame.to_csv(tmp_path / "a.csv", index=False)
    files = {one: str(tmp_path / f"a.{one}") for one in ("csv", kind)}
    csv, typed = both(files, kind, Reading(missing=("-999",), dates={"t": "epoch"}))
    assert_frame_equal(typed.X, csv.X)
    assert typed.X["n"].isna().tolist() == [False, True, False] and typed.X["t"].dt.day.tolist() == [1, 2, 3]


@pytest.mark.parametrize("kind", KINDS)
def test_categories_labels_and_what_has_a_type_stay_as_they_are(tmp_path, kind):
    frame = pd.DataFrame(
        {"c": pd.Categorical(["1", "2", "1"]), "n": [1, 2, 3], "t": pd.to_datetime(["2024-05-31"] * 3)}
    )
    frame = frame.assign(y=["1", "0", "1"])
    getattr(frame, f"to_{kind}")(tmp_path / f"a.{kind}")
    loaded = read(str(tmp_path / f"a.{kind}"), label="y")
    assert_frame_equal(loaded.X, frame.drop(columns="y"))
    assert loaded.y.tolist() == ["1", "0", "1"] and not loaded.notes


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_that_does_not_fit_is_named_with_its_row(same, kind):
    files = same({"a": [*map(str, range(30)), "bad"]})
    with pytest.raises(
        InputError, match=f"a.{kind}', row 30, column 'a': 'bad' is no number, while 97 % .* --missing bad"
    ):
        read(files[kind])
    with pytest.raises(InputError, match="column 'b'.*'%Y'.*does not apply, since its cells are of the type bool"):
        frame = pd.DataFrame({"b": [True, False]})
        getattr(frame, f"to_{kind}")(files[kind])
        read(files[kind], reading=Reading(dates={"b": "%Y"}))


def test_a_stream_gives_the_same_piece_by_piece(same):
    reading = Reading(missing=("bad",))
    files = same(COLUMNS, times=3)
    whole = read(files["parquet"], reading=reading)
    X, known = open_as_read(files["parquet"], reading)
    pieces = [piece.to_pandas() for piece in X.without(["word"]).chunks()]
    assert len(pieces) == 6 and known == whole.reading
    assert_frame_equal(
        pd.concat(pieces, ignore_index=True), whole.X.drop(columns="word"), check_dtype=False, check_column_type=False
    )


def test_a_stream_trains_as_the_rows_in_memory_do(same):
    files = same(COLUMNS | {"late": ["1", "2", "3", "4"]}, times=15, group=25)
    reading = Reading(missing=("bad",), drop=("word", "zip"))
    streamed, whole = (read(files["parquet"], budget=budget, reading=reading).X for budget in (0, 10**9))
    ours, theirs = (Autoencoder(latent_dim=2, epochs=1, random_state=0).fit(X) for X in (streamed, whole))
    assert ours.data_.fields() == theirs.data_.fields()
    assert ours.transform(streamed).shape == ours.transform(whole).shape == (60, 2)
    np.testing.assert_allclose(ours.transform(streamed), ours.transform(whole), rtol=1e-5, atol=1e-6)


def test_what_a_later_piece_shows_is_known_from_the_start(same):
    files = same({"a": ["1,5", "2,5"] * 4 + ["-", "3,5"]})
    notes = []
    X, known = open_as_read(files["parquet"], say=notes.append)
    assert "decimal comma" in notes[0] and "'-': taken as gaps" in notes[1] and known.decimal == ","
    assert sum(piece["a"].null_count for piece in X.chunks()) == 1
    with pytest.raises(InputError, match="row 8, column 'a': 'x' is no number"):
        open_as_read(same({"a": ["1,5", "2,5"] * 4 + ["x", "3,5"]})["parquet"])
