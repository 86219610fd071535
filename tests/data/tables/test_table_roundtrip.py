"""Any DataFrame comes back: the same values, gaps, names and types."""

import datetime as dt
import json
import warnings

import numpy as np
import pandas as pd
import polars as pl
import polars.testing
import pyarrow as pa
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from isthmus.core.part import build, describe
from isthmus.data.tables.table import Table

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
UTC = dt.UTC
MOMENTS = st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2050, 1, 1))
FLOATS = st.floats(-1e6, 1e6, allow_subnormal=False)
INTEGERS = st.integers(-5000, 5000)
TEXTS = st.sampled_from(["a", "B", "žluť", " ", "0", "nan"])

PANDAS = {
    "float64": FLOATS,
    "float32": st.floats(-1e3, 1e3, width=32, allow_subnormal=False),
    "Float64": FLOATS | st.none(),
    "double[pyarrow]": FLOATS | st.none(),
    "int64": INTEGERS,
    "uint8": st.integers(0, 255),
    "Int16": INTEGERS | st.none(),
    "int32[pyarrow]": INTEGERS | st.none(),
    "bool": st.booleans(),
    "boolean": st.booleans() | st.none(),
    "bool[pyarrow]": st.booleans() | st.none(),
    "object": TEXTS | st.none(),
    "str": TEXTS | st.none(),
    "string[python]": TEXTS | st.none(),
    "category": TEXTS | st.none(),
    "datetime64[us]": MOMENTS | st.none(),
    "datetime64[ns, Europe/Paris]": MOMENTS.map(lambda m: m.replace(tzinfo=UTC)) | st.none(),
    "timedelta64[us]": st.timedeltas(dt.timedelta(-900), dt.timedelta(900)) | st.none(),
}
POLARS = {
    pl.Float64: FLOATS | st.none(),
    pl.Float32: st.floats(-1e3, 1e3, width=32, allow_subnormal=False) | st.none(),
    pl.Int64: INTEGERS | st.none(),
    pl.UInt8: st.integers(0, 255) | st.none(),
    pl.Boolean: st.booleans() | st.none(),
    pl.String: TEXTS | st.none(),
    pl.Categorical: TEXTS | st.none(),
    pl.Enum(["nan", "0", " ", "žluť", "B", "a"]): TEXTS | st.none(),
    pl.Date: st.dates(dt.date(1950, 1, 1), dt.date(2050, 1, 1)) | st.none(),
    pl.Datetime("ms"): MOMENTS.map(lambda m: m.replace(microsecond=0)) | st.none(),
    pl.Datetime("us", "Europe/Paris"): MOMENTS.map(lambda m: m.replace(tzinfo=UTC)) | st.none(),
    pl.Duration("us"): st.timedeltas(dt.timedelta(-900), dt.timedelta(900)) | st.none(),
}


def columns(types):
    """Draw rows, and for each of some types a list of cells."""
    return st.integers(1, 12).flatmap(
        lambda n: st.lists(st.sampled_from(list(types)), min_size=1, max_size=6).flatmap(
            lambda chosen: st.tuples(
                st.just(chosen), st.tuples(*(st.lists(types[t], min_size=n, max_size=n) for t in chosen))
            )
        )
    )


def pandas_frame(drawn):
    made = {f"c{at}": pd.Series(cells, dtype=kind) for at, (kind, cells) in enumerate(zip(*drawn, strict=True))}
    return pd.DataFrame(made).set_axis([f"row {i}" for i in range(len(drawn[1][0]))])


def polars_frame(drawn):
    return pl.DataFrame([pl.Series(f"c{at}", cells, dtype=t) for at, (t, cells) in enumerate(zip(*drawn, strict=True))])


def learn(frame):
    """Return a table that went through JSON; columns and rows of gaps alone are warned of elsewhere."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* has no value|.* have no value")
        warnings.filterwarnings("ignore", "the columns .* are empty")
        return build(json.loads(json.dumps(describe(Table().learn([frame])))))


def as_pandas(frame):
    return frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()


def assert_close_where_observed(frame, found):
    """Compare what is there; numbers may lose what float32 cannot hold of their column's spread."""
    for name in frame.columns:
        left, right = as_pandas(frame)[name], as_pandas(found)[name]
        there = left.notna().to_numpy()
        left, right = left[there], right[there]
        if pd.api.types.is_datetime64_any_dtype(left) or pd.api.types.is_timedelta64_dtype(left):
            left, right = (s.astype("int64") for s in (left, right))
        elif not pd.api.types.is_float_dtype(left):
            assert left.astype(object).tolist() == right.astype(object).tolist()
            continue
        left, right = (s.to_numpy(dtype=float) for s in (left, right))
        spread = float(np.ptp(left)) if len(left) else 0.0
        np.testing.assert_allclose(right, left, rtol=1e-12, atol=1e-6 * spread + 1e-9)


def assert_comes_back(frame, equal):
    table = learn(frame)
    columns = table.read(frame)
    equal(table.write(columns, like=frame), frame)
    batch = table(columns)
    assert torch.isfinite(batch.x).all()
    found = table.write(table.invert(batch.x), like=frame)
    assert list(found.dtypes) == list(frame.dtypes)
    assert_close_where_observed(frame, found)


@QUICK
@given(columns(PANDAS).map(pandas_frame))
def test_pandas_comes_back(frame):
    assume(not frame.select_dtypes("category").isna().all().any())  # an empty column forgets what it declared
    assert_comes_back(frame, lambda a, b: pd.testing.assert_frame_equal(a, b, check_exact=False, rtol=1e-12))


@QUICK
@given(columns(POLARS).map(polars_frame))
def test_polars_comes_back(frame):
    assume(not any(s.is_null().all() for s in frame if s.dtype == pl.Enum))
    assert_comes_back(frame, lambda a, b: pl.testing.assert_frame_equal(a, b, rel_tol=1e-12))


def test_arrow_comes_back():
    frame = pa.table(
        {
            "n": pa.array([1, None, 3], pa.uint8()),
            "t": pa.array(["x", None, "y"]),
            "d": pa.array([0, None, 10**9], pa.timestamp("ms", "UTC")),
            "b": pa.array([True, None, False]),
        }
    )
    table = learn(frame)
    found = table.write(table.read(frame))
    assert found.to_pydict() == frame.to_pydict()
    assert [field.type for field in found.schema if field.name != "t"] == [
        pa.uint8(),
        pa.timestamp("ms", "UTC"),
        pa.bool_(),
    ]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["x", None, "y"], dtype=pd.ArrowDtype(pa.string())),
        pd.Series(pd.Categorical(["z", "a", None], categories=["z", "q", "a"], ordered=True)),
        pd.Series(pd.Categorical([30, 10, 30])),
        pd.Series([True, None, False], dtype=object),
        pd.Series([1, None, 7], dtype=object),
        pd.Series([1.5, 2.5, 3.0], dtype="float16"),
        pd.Series([dt.date(2020, 1, 1), None, dt.date(2021, 1, 1)], dtype=pd.ArrowDtype(pa.date32())),
    ],
    ids=lambda column: str(column.dtype),
)
def test_unusual_pandas_types_come_back(column):
    frame = column.to_frame("c")
    table = learn(frame)
    pd.testing.assert_frame_equal(table.write(table.read(frame)), frame)


def test_decimals_stay_within_their_type():
    frame = pl.DataFrame({"d": pl.Series([1.25, 99.5, None]).cast(pl.Decimal(4, 2))})
    table = learn(frame)
    assert table.write(table.read(frame)).equals(frame)
    high = table.write({"numbers": torch.tensor([[500.0]])})
    assert float(high["d"][0]) == pytest.approx(99.99)


def test_names_that_are_no_text_come_back():
    frame = pd.DataFrame(np.eye(3))
    assert learn(frame).write(learn(frame).read(frame)).columns.tolist() == [0, 1, 2]
    frame.columns = pd.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "x")])
    pd.testing.assert_frame_equal(learn(frame).write(learn(frame).read(frame)), frame)


def test_integers_are_rounded_and_kept_within_their_type():
    frame = pd.DataFrame({"u": np.array([0, 200], "uint8"), "i": [-3, 4]})
    numbers = torch.tensor([[300.0, 1.4], [-7.0, 1.6]], dtype=torch.float64)
    found = learn(frame).write({"numbers": numbers})
    assert found["u"].tolist() == [255, 0]
    assert found["i"].tolist() == [1, 2]


def test_a_gap_in_a_numpy_integer_column_needs_a_type_with_room():
    table = learn(pd.DataFrame({"i": [1, 2], "b": [True, False]}))
    found = table.write(table.read(pd.DataFrame({"i": [1.0, np.nan], "b": [None, True]})))
    assert found.dtypes.astype(str).tolist() == ["Int64", "boolean"]
    assert found["i"].isna().tolist() == [False, True]


def test_a_column_of_gaps_comes_back_empty():
    frame = pd.DataFrame({"n": [np.nan, np.nan], "t": pd.Series([None, None], dtype=object), "x": [1.0, 2.0]})
    with pytest.warns(UserWarning, match=r"the columns \['n', 't'\]"):
        table = Table().learn([frame])
    batch = table(table.read(frame))
    assert batch.observed.tolist() == [[False, False, True]] * 2
    pd.testing.assert_frame_equal(table.write(table.invert(batch.x)), frame)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.uint8, np.int64, bool])
def test_arrays_come_back_as_floats(dtype):
    X = np.array([[0, 1, 3], [1, 1, 7], [1, 0, 9]]).astype(dtype)
    table = learn(X)
    found = table.write(table.invert(table(table.read(X)).x))
    assert found.dtype == (np.float64 if dtype in (np.float64, np.int64) else np.float32)
    np.testing.assert_allclose(found, X.astype(float), atol=1e-5)


def test_like_says_what_comes_back():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    table = learn(frame)
    columns = table.read(frame)
    assert table.write(columns, like=np.zeros((1, 2), np.float32)).dtype == np.float32
    assert isinstance(table.write(columns, like=torch.zeros(1, 2)), torch.Tensor)
    assert table.write(columns, like=pl.DataFrame({"a": [1.0], "b": [1]})).dtypes == [pl.Float64, pl.Int64]
    assert table.write(columns, like=frame.set_axis(["p", "q"])).index.tolist() == ["p", "q"]


def test_tensors_lists_and_objects_come_back():
    X = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
    table = learn(X)
    assert torch.allclose(table.write(table.invert(table(table.read(X)).x)), X)
    rows = [["a", 1, None], ["b", 2, True]]
    mixed = learn(rows)
    assert mixed.write(mixed.read(rows)).tolist() == rows
