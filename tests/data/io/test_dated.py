"""Dates in files of text: as they were read, else no finer than they are."""

import pandas as pd
import pyarrow
import pytest

from isthmus.data.io.appending import appending
from isthmus.data.io.dated import Forms, formats, with_text
from isthmus.data.io.files import read, write
from isthmus.data.tables.dates import DAYS, EPOCHS, FORMS, ISO, parse, written

SOME_DAYS = ["2024-01-05", "2024-02-29", None]


@pytest.mark.parametrize(
    ("times", "form", "first"),
    [
        (SOME_DAYS, "%Y-%m-%d", "2024-01-05"),
        (["2024-01-05 10:30", *SOME_DAYS], "%Y-%m-%d %H:%M:%S", "2024-01-05 10:30:00"),
        (["2024-01-05 10:30:00.25", *SOME_DAYS], "%Y-%m-%d %H:%M:%S.%f", "2024-01-05 10:30:00.250000"),
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
    frame = pd.DataFrame(
        {"day": pd.to_datetime(SOME_DAYS), "at": pd.to_datetime(["2024-01-05 10:30"] * 3), "x": [1, 2, 3]}
    )
    write(tmp_path / "t.csv", frame)
    assert '"2024-01-05","2024-01-05 10:30:00",1' in (tmp_path / "t.csv").read_text()
    pd.testing.assert_frame_equal(read(tmp_path / "t.csv").X, frame, check_dtype=False)


TIMES = ["1999-12-31 23:59:58.25", "2024-02-29 00:00:00", "2024-01-05 14:07:00", None]


EACH = {"ISO": [ISO], "epochs": [*EPOCHS, *(f"{form}.%f" for form in EPOCHS)]}
EACH |= {
    formats[0]: [f for forms in FORMS if forms[0].startswith(formats[0]) for f in forms] for _, formats in DAYS[1:]
}


@pytest.mark.parametrize("what", EACH)
def test_each_format_is_read_as_it_is_written(what):
    dates = pd.Series(pd.to_datetime(TIMES, format="ISO8601")).dt.as_unit("us")
    for form in EACH[what]:
        texts = written(dates, form)
        again = parse(pyarrow.array(texts, pyarrow.string()), form.removesuffix(".%f") if "epoch" in form else form)
        assert again.isna().tolist() == [False] * 3 + [True], form
        assert written(again, form).tolist() == texts.tolist()
        apart = (again if again.dt.tz is None else again.dt.tz_localize(None)) - dates
        fine = form == ISO or form.endswith("%f") or form == "epoch-ms"
        assert abs(apart.dropna()).max() <= pd.Timedelta(0 if fine else "12h"), form


def test_counts_before_1970_and_fractions_of_seconds():
    dates = pd.Series(pd.to_datetime(["1969-12-31 23:59:58.5", "1970-01-01 00:00:00.25"], format="ISO8601"))
    assert written(dates, "epoch.%f").tolist() == ["-1.5", "0.25"]
    assert written(dates, "epoch-ms").tolist() == ["-1500", "250"]
    table = pyarrow.table({"t": pyarrow.array(dates)})
    assert formats(table, {"t": "epoch"}) == {"t": "epoch.%f"} and formats(table, {"t": "epoch-ms"}) == {
        "t": "epoch-ms"
    }


def piece(*times):
    return pyarrow.table({"t": pyarrow.array(pd.to_datetime(pd.Series(times), format="ISO8601"))})


def test_pieces_have_one_format():
    forms = Forms(rows=3)
    assert [forms.of(piece("2024-01-05")), forms.of(piece("2024-01-05 10:30")), forms.of(piece("2024-01-06"))] == [
        {"t": "%Y-%m-%d %H:%M:%S"}
    ] * 3
    assert forms.of(piece("2024-01-05 10:30:00.5")) == {"t": "%Y-%m-%d %H:%M:%S.%f"}  # nothing is cut off
    assert Forms(rows=1).of(piece("2024-01-05")) == {"t": "%Y-%m-%d"}


@pytest.mark.parametrize(
    ("pieces", "lines"), [(1, ["2024-01-05"]), (2, ["2024-01-05 00:00:00", "2024-01-23 12:30:00"])]
)
def test_dates_of_appended_pieces(tmp_path, pieces, lines):
    with appending(tmp_path / "t.csv") as append:
        for one in [piece("2024-01-05"), piece("2024-01-23 12:30")][:pieces]:
            append(one.to_pandas())
    assert (tmp_path / "t.csv").read_text().replace('"', "").split("\n")[1:-1] == lines
