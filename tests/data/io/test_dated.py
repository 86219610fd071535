"""Dates in files of text: as they were read, else no finer than they are."""

import pandas as pd
import pyarrow
import pytest

from isthmus.data.io.dated import formats, with_text
from isthmus.data.io.files import read, write

DAYS = ["2024-01-05", "2024-02-29", None]


@pytest.mark.parametrize(
    ("times", "form", "first"),
    [
        (DAYS, "%Y-%m-%d", "2024-01-05"),
        (["2024-01-05 10:30", *DAYS], "%Y-%m-%d %H:%M:%S", "2024-01-05 10:30:00"),
        (["2024-01-05 10:30:00.25", *DAYS], "%Y-%m-%d %H:%M:%S.%f", "2024-01-05 10:30:00.250000"),
        (["2024-01-05 10:30+02:00"], "%Y-%m-%d %H:%M:%SZ", "2024-01-05 08:30:00Z"),
    ],
)
def test_what_is_not_there_is_not_written(times, form, first):
    table = pyarrow.table({"t": pyarrow.array(pd.to_datetime(pd.Series(times), format="ISO8601"))})
    assert formats(table) == {"t": form}
    assert with_text(table, formats(table))["t"].to_pylist()[0] == first


@pytest.mark.parametrize(
    ("form", "text"),
    [("%d.%m.%Y", "06.01.2024"), ("%m/%d/%Y %I:%M %p", "01/05/2024 05:30 PM"), ("%d %B %Y", "06 January 2024")],
)
def test_a_date_is_rounded_to_what_its_format_can_say(form, text):
    table = pyarrow.table({"t": pyarrow.array([pd.Timestamp("2024-01-05 17:29:45"), None])})
    assert with_text(table, formats(table, {"t": form}))["t"].to_pylist() == [text, None]


def test_nanoseconds_stay():
    table = pyarrow.table({"t": pyarrow.array([1], pyarrow.timestamp("ns"))})
    assert formats(table) == {}


def test_dates_of_a_file_come_back_from_csv(tmp_path):
    frame = pd.DataFrame({"day": pd.to_datetime(DAYS), "at": pd.to_datetime(["2024-01-05 10:30"] * 3), "x": [1, 2, 3]})
    write(tmp_path / "t.csv", frame)
    assert '"2024-01-05","2024-01-05 10:30:00",1' in (tmp_path / "t.csv").read_text()
    pd.testing.assert_frame_equal(read(tmp_path / "t.csv").X, frame, check_dtype=False)
