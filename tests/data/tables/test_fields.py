"""Fields: what a row consists of, for programs that ask."""

import numpy as np
import pandas as pd

from isthmus import Images, Signals, Table
from isthmus.data.io.reading import Reading


def test_a_table_has_a_field_for_each_column():
    frame = pd.DataFrame(
        {
            "kind": ["a", "b", None],
            "count": [3, 1, 2],
            "up": [True, False, True],
            "size": [0.5, np.nan, 2.5],
        }
    )
    fields = {field.name: field for field in Table().learn([frame]).fields()}
    assert list(fields) == ["kind", "count", "up", "size"]
    assert [field.kind for field in fields.values()] == ["category", "integer", "boolean", "float"]
    assert fields["kind"].categories == ("a", "b")
    assert (fields["count"].low, fields["count"].high) == (1, 3)
    assert (fields["size"].low, fields["size"].high) == (0.5, 2.5)
    assert all(field.shape == () for field in fields.values())


def test_arrays_images_and_signals():
    assert [field.name for field in Table().learn([np.eye(3)]).fields()] == ["x0", "x1", "x2"]
    (pixels,) = Images().learn([np.zeros((2, 8, 6, 3), np.uint8) + 9]).fields()
    assert (pixels.kind, pixels.shape, pixels.high) == ("pixels", (8, 6, 3), 255)
    (signal,) = Signals(window=5).learn([np.random.default_rng(0).normal(size=(20, 2))]).fields()
    assert (signal.kind, signal.shape) == ("signal", (5, 2))


def test_columns_are_named_by_kind_where_they_have_names():
    frame = pd.DataFrame({"time": pd.date_range("2024", periods=20), "a": np.arange(20), "b": np.arange(20) / 7})
    table, signals = Table().learn([frame]), Signals(window=5).learn([frame])
    assert table.column_names() == ["time", "a", "b"] and table.column_names("integer", "date") == ["time", "a"]
    assert signals.column_names() == ["time", "a", "b"] and signals.column_names("integer", "float") == ["a", "b"]
    assert signals.column_names("date") == []
    for data in (Table(), Signals(window=5)):
        assert data.learn([np.eye(20)]).column_names() == data.learn([np.eye(20)]).column_names("float") == []
    assert Images().learn([np.zeros((2, 8, 6, 3), np.uint8) + 9]).column_names() == []


def test_channels_and_times_of_a_signal_are_read_as_such_though_they_are_carried_along():
    frame = pd.DataFrame({"time": pd.date_range("2024", periods=20), "a": np.arange(20), "b": np.arange(20) / 7})
    how = Reading(unchanged=("a", "time", "note")).after(Signals(window=5).learn([frame]), {})
    assert how.unchanged == ("note",) and how.numbers == ("a", "b")
