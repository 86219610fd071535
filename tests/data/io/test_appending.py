"""Tables written piece by piece, and CSV files read piece by piece."""

import gzip

import numpy as np
import pandas as pd
import pytest

from isthmus import Autoencoder, InputError, Table
from isthmus.data.io.appending import appending
from isthmus.data.io.csv_stream import CSVStream
from isthmus.data.io.files import open_as_read, read
from isthmus.data.io.reading import Reading, text_columns
from isthmus.data.sources.in_memory import is_stream
from isthmus.data.sources.parquet import ParquetStream

READ = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".feather": pd.read_feather}
FRAME = pd.DataFrame({"a": [1, 2, 3, 4], "b": [0.5, np.nan, 1.5, 2.0], "c": ["x", "y", None, "x"]})


@pytest.mark.parametrize("suffix", READ)
def test_pieces_become_one_file(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    with appending(path) as append:
        append(FRAME[:1])
        append({"a": np.array([2, 3, 4]), "b": np.array([np.nan, 1.5, 2.0]), "c": np.array(["y", None, "x"], object)})
        assert not path.exists()
    pd.testing.assert_frame_equal(READ[suffix](path), FRAME, check_dtype=False)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", READ)
def test_what_stood_there_stays_when_a_piece_fails(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    path.write_text("mine")
    with pytest.raises(InputError, match="one type"), appending(path) as append:
        append(FRAME)
        append(FRAME.assign(a=["p", "q", "r", "s"]))
    assert path.read_text() == "mine" and len(list(tmp_path.iterdir())) == 1


def test_categories_are_written_to_csv_as_what_they_stand_for(tmp_path):
    with appending(tmp_path / "t.csv") as append:
        append(FRAME.astype({"c": "category"}))
    assert pd.read_csv(tmp_path / "t.csv").c.tolist()[:2] == ["x", "y"]


def test_an_unknown_kind_of_table(tmp_path):
    with pytest.raises(InputError, match=r"\.xls"), appending(tmp_path / "t.xls"):
        pass


@pytest.fixture
def table(tmp_path):
    frame = pd.DataFrame({"x": np.arange(25) / 4, "code": ["7"] * 20 + ["A"] * 5})
    frame.loc[3, "x"] = None
    frame.to_csv(tmp_path / "t.csv", index=False, sep=";")
    return tmp_path / "t.csv"


def test_a_stream_gives_the_rows_of_the_file(table):
    stream = CSVStream(table, Reading(text=("code",)), rows=10)
    pieces = list(stream.chunks())
    assert [len(piece) for piece in pieces] == [10, 10, 5] and len(stream) == 25 and stream.columns == ["x", "code"]
    pd.testing.assert_frame_equal(pd.concat(pieces), read(table).X, check_dtype=False)
    assert all(isinstance(code, str) for piece in pieces for code in piece.code)


def test_lines_are_counted_without_a_last_break_and_gzipped(tmp_path):
    (tmp_path / "bare.csv").write_text("1,2\n3,4\n5,6")
    with gzip.open(tmp_path / "t.csv.gz", "wt") as file:
        file.write("a,b\n1,2\n3,4\n")
    assert len(CSVStream(tmp_path / "bare.csv")) == 3
    assert len(CSVStream(tmp_path / "t.csv.gz")) == 2
    assert [len(piece) for piece in CSVStream(tmp_path / "t.csv.gz").chunks()] == [2]


def test_a_head_without_rows(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n")
    with pytest.raises(InputError, match="holds no rows"):
        CSVStream(tmp_path / "t.csv")


def test_what_is_opened_is_a_stream_where_it_can_be(table, tmp_path):
    FRAME.to_parquet(tmp_path / "t.parquet")
    np.save(tmp_path / "t.npy", np.zeros((3, 2)))
    assert isinstance(open_as_read(str(table))[0], CSVStream) and isinstance(
        open_as_read(str(tmp_path / "t.parquet"))[0], ParquetStream
    )
    assert open_as_read(str(tmp_path / "t.npy"))[0].shape == (3, 2)
    with pytest.raises(InputError, match=r"did you mean 't\.csv'"):
        open_as_read(str(tmp_path / "t.cvs"))[0]


def test_columns_of_text_are_those_whose_categories_are_words(table):
    frame = read(table).X.assign(grade=pd.Categorical([1, 2, 3, 4, 5] * 5))
    assert text_columns(Table().learn([frame])) == ["code"]
    assert text_columns(Table().learn([np.zeros((3, 2))])) == []


def test_a_csv_stream_is_not_trained_on(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    stream = CSVStream(tmp_path / "t.csv")
    assert is_stream(stream)
    with pytest.raises(InputError, match=r"t.csv' cannot be trained on piece by piece.*Parquet"):
        Autoencoder(latent_dim=1, epochs=1).fit(stream)


def test_a_table_with_columns_of_those_names_is_no_stream():
    assert not is_stream(pd.DataFrame({"chunks": [1.0], "source": [2.0]}))
