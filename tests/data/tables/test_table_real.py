"""Real tables come back."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from isthmus.data.tables.table import Table
from isthmus.support.errors import DataWarning

ADULT, HOUSING, TITANIC = (
    f"tabular_missing/{name}.csv" for name in ("adult_train", "california_housing", "titanic_train")
)


def rebuilt(table, frame):
    batch = table(table.read(frame))
    assert torch.isfinite(batch.x).all()
    return table.write(table.invert(batch.x), like=frame)


@pytest.mark.parametrize("path", [ADULT, HOUSING, TITANIC])
@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_values_types_and_gaps_come_back(real_data, path, library):
    frame = library.read_csv(real_data(path))
    table = Table().learn([frame])
    exact = table.write(table.read(frame))
    assert exact.equals(frame) if library is pd else exact.equals(frame, null_equal=True)
    found = rebuilt(table, frame)
    assert list(found.dtypes) == list(frame.dtypes)
    for name in frame.columns:
        left, right = (pd.Series(np.asarray(f[name])) for f in (frame, found))
        left, right = left[left.notna()], right[left.notna()]
        if pd.api.types.is_numeric_dtype(left):
            np.testing.assert_allclose(right, left, atol=1e-5 * float(np.ptp(left)))
        else:
            assert left.tolist() == right.tolist()


def test_pieces_of_adult_say_the_same_as_the_whole(real_data):
    path = real_data(ADULT)
    frame = pd.read_csv(path)
    whole = Table().learn([frame]).schema
    pieces = Table().learn(pd.read_csv(path, chunksize=5000)).schema
    assert pieces.categories == whole.categories
    assert pieces.missing == whole.missing == tuple(frame.isna().sum())
    np.testing.assert_allclose(pieces.deviation, whole.deviation, rtol=1e-10)
    np.testing.assert_allclose(whole.mean[0], frame["age"].mean(), rtol=1e-12)


def test_names_of_passengers_are_joined_and_said(real_data):
    frame = pd.read_csv(real_data(TITANIC))
    with pytest.warns(DataWarning) as caught:
        schema = Table(max_categories=500).learn([frame]).schema
    said = " ".join(str(warning.message) for warning in caught)
    assert "column 'Name' has 891 distinct values: the 500 most frequent are kept" in said
    assert "the others, 44% of its cells" in said and "--max-categories" in said
    assert "number the rows: 'PassengerId' (1 to 891)" in said
    assert "looks like numbers is taken for categories: 'Ticket' (74% of its cells, such as '" in said
    assert "'Name' (891 in 891 rows" not in said and "'Sex'" not in said, "it has been named"
    assert [len(known) for known in schema.categories] == [500, 2, 500, 147, 3]
