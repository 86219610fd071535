"""DataFrames to files and back: every cell and every type."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from isthmus import Compressor, InputError
from isthmus.support.errors import InputTypeError
from isthmus.tasks.compression.about import about
from isthmus.tasks.compression.chunks import DamagedFileError


def frame(n=60):
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": random.normal(size=n),
            "single": random.normal(size=n).astype(np.float32),
            "large": random.integers(2**62, 2**63, n, dtype=np.int64),
            "gaps": np.where(random.random(n) < 0.3, np.nan, random.normal(size=n)),
            "text": [None if at % 7 == 0 else "" if at % 7 == 1 else f'a,"b"\n{at % 5}' for at in range(n)],
            "kind": pd.Categorical(random.choice(["low", "high"], n), ["low", "high", "never"], ordered=True),
            "when": pd.date_range("2026-01-01", periods=n, freq="h", tz="Europe/Berlin"),
            "flag": random.random(n) < 0.5,
            "whole": pd.array(random.integers(0, 5, n), "Int8"),
            "n": random.integers(0, 9, n),
        },
        index=pd.Index(random.permutation(n), name="id"),
    )


def test_all_comes_back_to_pandas():
    before = frame()
    content = Compressor().compress(before)
    pd.testing.assert_frame_equal(Compressor().decompress(content), before)
    known = about(content)
    assert (known["holds"], known["rows"]) == ("a DataFrame", 60)


@pytest.mark.parametrize("rows", [0, 1, 60])
def test_all_comes_back_to_polars_and_arrow(rows):
    before = pl.DataFrame(
        {
            "x": [0.1 * at if at % 3 else None for at in range(rows)],
            "nan": [float("nan"), -0.0, float("inf"), 5e-324, None][:rows] * (rows // 5) or [1.0] * rows,
            "name": ["\\N" if at % 2 else None for at in range(rows)],
            "day": [datetime.date(2026, 1, 1 + at % 28) for at in range(rows)],
            "lists": [[at, at + 1] for at in range(rows)],
        },
        schema={"x": pl.Float64, "nan": pl.Float64, "name": pl.String, "day": pl.Date, "lists": pl.List(pl.Int64)},
    )
    back = Compressor().decompress(Compressor().compress(before))
    assert back.equals(before, null_equal=True) and back.schema == before.schema
    if rows == 60:
        assert np.signbit(back["nan"][1])
    assert Compressor().decompress(Compressor().compress(before.to_arrow())).schema == before.to_arrow().schema


def test_numbers_within_a_bound():
    before = frame()
    content = Compressor().compress(before, max_error={"x": 0.01})
    after = Compressor().decompress(content)
    off = (after["x"] - before["x"]).abs()
    assert 0.005 < off.max() <= 0.01
    pd.testing.assert_frame_equal(after.drop(columns="x"), before.drop(columns="x"))
    assert len(content) < len(Compressor().compress(before))


def test_a_table_takes_less_than_a_file_of_parquet():
    random = np.random.default_rng(0)
    kind = random.integers(0, 12, 4000)
    before = pd.DataFrame(
        {"kind": [f"kind {k}" for k in kind], "of": [f"of {k // 3}" for k in kind], "n": kind * 3 + 1}
    )
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_pandas(before), sink, compression="zstd", compression_level=19)
    assert len(Compressor().compress(before)) < 0.9 * sink.getvalue().size


def test_what_cannot_be_written_is_refused():
    with pytest.raises(InputTypeError, match="cannot be written"):
        Compressor().compress(pd.DataFrame({"a": [1, "x", object()]}))
    with pytest.raises(InputTypeError, match="mixed type"):
        Compressor().compress(pd.DataFrame({"a": [1], 7: [2]}))
    with pytest.raises(InputError, match="with columns"):
        Compressor().compress(pd.DataFrame())
    with pytest.raises(InputError, match="about images"):
        Compressor().compress(frame(), quality=50)
    with pytest.raises(InputError, match="column 'y'"):
        Compressor().compress(frame(), max_error={"y": 1.0})
    content = bytearray(Compressor().compress(frame()))
    content[60] ^= 1
    with pytest.raises(DamagedFileError):
        Compressor().decompress(bytes(content))
