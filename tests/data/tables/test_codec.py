"""The codec of cells: one way to read dates and durations, and one to write them."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from isthmus.data.tables import codec

NOON = datetime(2024, 5, 31, 12, 0)


@pytest.mark.parametrize(
    "cell",
    [
        "2024-05-31T12:00:00",
        "2024-05-31 12:00:00Z",
        "2024-05-31T14:00:00+02:00",
        NOON,
        NOON.replace(tzinfo=UTC),
        np.datetime64("2024-05-31T12"),
        np.datetime64("2024-05-31T12:00:00.000000000"),
        pd.Timestamp("2024-05-31 14:00", tz="Europe/Berlin"),
    ],
)
def test_a_date_in_any_form_is_the_same(cell):
    assert codec.to_date(cell) == NOON
    assert codec.to_seconds(cell) == NOON.replace(tzinfo=UTC).timestamp()


def test_a_day_begins_at_midnight():
    assert codec.to_date(date(2024, 5, 31)) == codec.to_date("2024-05-31") == datetime(2024, 5, 31)


@pytest.mark.parametrize(
    "cell", ["soon", "", None, 20240531, 1.5, True, np.datetime64("NaT"), "0001-01-01T00:00+14:00"]
)
def test_what_is_no_date_is_refused(cell):
    with pytest.raises(ValueError, match="date|isoformat|is out of range|no date"):
        codec.to_date(cell)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e13, -1e13])
def test_durations_that_no_table_holds_are_refused(seconds):
    with pytest.raises(ValueError, match="not a duration"):
        codec.to_duration(seconds)


@pytest.mark.parametrize("seconds", [0.0, 86400.25, -1e9, 1.7e9])
def test_dates_come_back_from_their_text(seconds):
    assert codec.to_seconds(codec.date_text(seconds)) == seconds
    assert codec.to_seconds(codec.to_json(codec.to_date(codec.date_text(seconds)))) == seconds


def test_durations_come_back_from_json():
    span = timedelta(days=3, microseconds=5)
    assert codec.to_duration(codec.to_json(span)) == span


@pytest.mark.parametrize("gap", [None, float("nan"), float("inf"), np.datetime64("NaT"), pd.NaT])
def test_gaps_and_what_json_cannot_hold_are_null(gap):
    assert codec.to_json(gap) is None
