"""What people have in Python is taken, or refused with a message that says what to give."""

import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from scipy import sparse
from torch.utils.data import DataLoader, Dataset, IterableDataset, SubsetRandomSampler, TensorDataset

from isthmus import AnomalyDetector, Autoencoder, Imputer
from isthmus.data import inputs
from isthmus.data.inputs import labelled, taken
from isthmus.data.sources import loaders
from isthmus.data.tables import records
from isthmus.support.errors import DataWarning, InputError

N = 24
X = (np.round(8 * np.random.default_rng(0).normal(size=(N, 3))) / 8).astype(np.float32)  # exact in bfloat16 too
ROWS = torch.from_numpy(X)
GAPS = np.arange(N * 3).reshape(N, 3) % 11 == 0
HOLES = np.where(GAPS, np.nan, X)
NAMES = ["a", "b", "c"]
TABLE = pd.DataFrame(X, columns=NAMES)


class Pairs(Dataset):
    def __len__(self):
        return N

    def __getitem__(self, index):
        return X[index], f"class {index % 2}"


class Stream(IterableDataset):
    def __iter__(self):
        return iter(ROWS)


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield torch.zeros(1000)


class Dicts(Pairs):
    def __getitem__(self, index):
        return {"pixels": X[index], "label": 1}


TAKEN = {
    "DataLoader": DataLoader(TensorDataset(ROWS), batch_size=5),
    "DataLoader of pairs": DataLoader(TensorDataset(ROWS, torch.arange(N)), batch_size=5),
    "DataLoader that shuffles and drops": DataLoader(TensorDataset(ROWS), batch_size=5, shuffle=True, drop_last=True),
    "Dataset": TensorDataset(ROWS),
    "Dataset of pairs with names": Pairs(),
    "IterableDataset": Stream(),
    "bfloat16": ROWS.bfloat16(),
    "float16": ROWS.half(),
    "float16 array": X.astype(np.float16),
    "a tensor with a gradient": ROWS.clone().requires_grad_(),
    "a sparse tensor": ROWS.to_sparse(),
    "rows that are tensors": list(ROWS),
    "csr": sparse.csr_matrix(X),
    "coo array": sparse.coo_array(X),
    "a masked array without gaps": np.ma.masked_array(X),
    "list of rows": X.tolist(),
    "tuple of arrays": tuple(X),
    "text that are numbers in objects": X.astype(object),
}
FRAMES = {
    "list of dicts": TABLE.to_dict("records"),
    "dict of lists": TABLE.to_dict("list"),
    "dict of arrays": {name: X[:, at] for at, name in enumerate(NAMES)},
    "dict of tensors": {name: ROWS[:, at] for at, name in enumerate(NAMES)},
    "sparse columns": TABLE.astype(pd.SparseDtype(np.float32, 0.0)),
}
MASKED = {
    "masked": np.ma.masked_array(X, GAPS),
    "masked whole numbers": np.ma.masked_array((10 * X).astype(int), GAPS),
    "masked text": np.ma.masked_array(X.astype(str), GAPS),
}
REFUSED = {
    "generator": ((row for row in X), "X is a generator, which yields its rows once only: give an array"),
    "map": (map(list, X), "X is a map, which yields"),
    "path": ("cells.csv", "X is the text 'cells.csv': read the file first"),
    "nothing": (None, "X is None .a NoneType.: give an array, a DataFrame, a tensor"),
    "a number": (7, "X is 7 .a int.: give an array"),
    "a set": ({1, 2}, "a set.: give an array"),
    "an object": (object(), "a object.: give an array"),
    "0-d": (np.array(5.0), "Expected 2D array, got scalar array instead"),
    "0-d tensor": (torch.tensor(5.0), "Expected 2D array, got scalar array instead"),
    "1-d": (X[0], "Expected 2D array, got 1D array instead"),
    "a list of numbers": ([1.0, 2.0], "Expected 2D array, got 1D array instead"),
    "empty": (X[:0], "0 sample"),
    "an empty list": ([], "Expected 2D array"),
    "an empty dict": ({}, "0 feature|0 sample"),
    "ragged": ([[1.0, 2.0], [3.0]], "the rows of X differ in length"),
    "ragged tensors": ([torch.zeros(2), torch.zeros(3)], "the rows of X differ in length"),
    "complex": (X + 1j, "Complex data not supported: give real and imaginary parts as columns"),
    "complex tensor": (ROWS + 1j, "Complex data not supported"),
    "bytes": (np.array([[b"a"], [b"b"]]), "array of .S1, which a table cannot hold"),
    "mixed objects": (np.array([[1.0, {}], [2.0, {}]], dtype=object), "column 'x1', row 0: the argument must be a"),
    "text among numbers": ([[1.0, "a"], [2.0, 3.0]], "column 'x1', row 0: 'a' is text in a column of numbers"),
    "a record": ({"a": 1, "b": 2}, "column 'a' of X is 1, a single value: give a column .* or a list of records"),
    "unequal columns": ({"a": [1, 2], "b": [1]}, "the columns of X differ in length: {'a': 2, 'b': 1}"),
    "records and rows": ([{"a": 1}, [2]], "row 1 of X is a list, but those before it are dicts"),
    "columns of images": ({"a": np.zeros((4, 2, 2))}, "X cannot be read as columns of cells"),
    "masked images": (np.ma.masked_array(np.zeros((4, 3, 3)), np.ones((4, 3, 3))), "36 pixels of X are masked"),
    "DataLoader of dicts": (DataLoader(Dicts()), "the DataLoader yields a dict of 'pixels', 'label': it must yield"),
    "Dataset of numbers": (DataLoader([1, 2]), "Expected 2D array, got 1D array instead"),
    "triples": (TensorDataset(ROWS, ROWS, ROWS), "yields a list of Tensor, Tensor, Tensor: it must yield"),
    "an empty DataLoader": (DataLoader(TensorDataset(ROWS[:0])), "the DataLoader yields no rows"),
    "batches of shapes": (DataLoader([np.zeros((2, 2)), np.zeros((3, 2))]), r"several shapes, such as \(2, 2\)"),
}


def small(**knobs):
    return Autoencoder("denoising", 2, epochs=1, batch_size=64, random_state=0, verbose=False, **knobs)


@pytest.fixture(scope="module")
def of_array():
    return small().fit(X)


@pytest.fixture(scope="module")
def of_frame():
    return small().fit(TABLE)


@pytest.fixture(scope="module")
def detector():
    return AnomalyDetector(small(), scorer="residual", contamination=0.1, random_state=0).fit(TABLE)


@pytest.mark.parametrize("name", TAKEN)
def test_what_holds_rows_is_taken_to_fit_and_to_transform(name, of_array):
    np.testing.assert_allclose(of_array.transform(TAKEN[name]), of_array.transform(X), atol=1e-3)
    np.testing.assert_allclose(of_array.score_samples(TAKEN[name]), of_array.score_samples(X), atol=1e-3)
    assert np.asarray(of_array.reconstruct(TAKEN[name])).shape == X.shape
    fitted = small().fit(TAKEN[name])
    np.testing.assert_allclose(fitted.transform(X), of_array.transform(X), atol=1e-2)


@pytest.mark.parametrize("name", FRAMES)
def test_what_holds_columns_is_taken_to_fit_and_to_score(name, of_frame, detector):
    np.testing.assert_array_equal(of_frame.transform(FRAMES[name]), of_frame.transform(TABLE))
    np.testing.assert_array_equal(detector.predict(FRAMES[name]), detector.predict(TABLE))
    np.testing.assert_array_equal(detector.detect(FRAMES[name])["score"], detector.anomaly_score(TABLE))
    assert list(small().fit(FRAMES[name]).feature_names_in_) == NAMES
    again = AnomalyDetector(small(), scorer="residual", contamination=0.1, random_state=0).fit(FRAMES[name])
    np.testing.assert_allclose(again.anomaly_score(TABLE), detector.anomaly_score(TABLE), rtol=1e-4)


@pytest.mark.parametrize("name", MASKED)
def test_masked_cells_are_missing(name):
    model = small().fit(MASKED[name])
    read = model.data_.read(taken(MASKED[name]))
    gaps = torch.isnan(read["numbers"]) if "numbers" in read else read["codes"] < 0
    np.testing.assert_array_equal(gaps.numpy(), GAPS)
    assert model.transform(MASKED[name]).shape == (N, 2)


def test_gaps_of_a_masked_array_are_filled():
    filled = Imputer(small()).fit_transform(np.ma.masked_array(X, GAPS))
    assert np.isfinite(filled).all() and not np.ma.isMaskedArray(filled)
    np.testing.assert_array_equal(filled[~GAPS], X[~GAPS])


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_rows_is_refused_to_fit_and_to_score(name, of_array, detector):
    what, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        small().fit(what)
    for use in (of_array.transform, of_array.score_samples, detector.anomaly_score):
        with pytest.raises(InputError):
            use(what)


def test_labels_of_a_loader_are_the_condition():
    loader = DataLoader(Pairs(), batch_size=7, shuffle=True)
    assert labelled(loader).y.tolist() == [f"class {n % 2}" for n in range(N)]
    assert labelled(loader, "mine").y == "mine"
    model = small(condition="y").fit(loader)
    assert set(model.condition_.table.schema.categories[0]) == {"class 0", "class 1"}


def test_a_sampler_of_its_own_is_followed_and_said():
    loader = DataLoader(TensorDataset(ROWS), batch_size=2, sampler=SubsetRandomSampler(range(6)))
    with pytest.warns(DataWarning, match="rows come as the SubsetRandomSampler of the DataLoader draws them"):
        assert len(taken(loader)) == 6


def test_usual_things_pass_unchanged():
    for usual in (X, TABLE, ROWS, [[1.0, 2.0]], [np.zeros((3, 4)), np.zeros((5, 4))], pa.table(TABLE)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            kept = taken(usual)
        assert kept is usual or (torch.is_tensor(usual) and kept.data_ptr() == usual.data_ptr())


def test_what_does_not_fit_in_memory_is_refused(monkeypatch):
    wide = sparse.coo_array(([1.0], ([0], [0])), shape=(10**6, 10**7))
    with pytest.raises(InputError, match=r"would take 80,000.0 GB as a dense array, but .*TruncatedSVD"):
        taken(wide)
    monkeypatch.setattr(inputs, "SAID_FROM", 100)
    with pytest.warns(DataWarning, match="X is sparse: as a dense array it takes"):
        taken(sparse.csr_array(X))
    monkeypatch.setattr(loaders, "ROOM", 1e-6)
    with pytest.raises(InputError, match="the Endless yields more than .* GB, which do not fit in memory: write its"):
        taken(Endless())


@pytest.mark.parametrize(
    ("missing", "library"), [((), "pandas"), (("pandas",), "pyarrow"), (("pandas", "pyarrow"), "polars")]
)
def test_records_need_one_of_three_libraries(missing, library, monkeypatch):
    monkeypatch.setattr(records, "find_spec", lambda name: name not in missing)
    mixed = [{"a": 1, "b": "x"}, {"b": None, "a": 2.5, "c": True}]
    table = taken(mixed)
    assert type(table).__module__.split(".")[0] == library
    assert small().fit(mixed * 10).data_.schema.kinds == ("float", "category", "boolean")


def test_columns_of_a_library_keep_their_types():
    grades = pd.Categorical(["low", "high"] * 12, categories=["low", "mid", "high"], ordered=True)
    whole = pd.Series(pd.array([2**60 + 1, None] * 12, dtype="Int64"), index=range(7, 7 + N))
    sparse_cells = pd.Series(pd.arrays.SparseArray([0.0, 1.0] * 12))
    table = taken({"grade": grades, "whole": whole, "zeros": sparse_cells, "list": list(range(N)), "array": X[:, 0]})
    assert list(table["grade"].cat.categories) == ["low", "mid", "high"] and table["grade"].cat.ordered
    assert table["whole"].dtype == "Int64" and table["whole"][0] == 2**60 + 1 and table["zeros"].dtype == float
    assert list(table.index) == list(range(N)) and table["list"].tolist() == list(range(N))
    polars = pytest.importorskip("polars")
    cells = polars.Series(["a", "b"] * 12, dtype=polars.Enum(["b", "a"]))
    assert taken({"cells": cells, "array": X[:, 0]}).schema["cells"] == cells.dtype
    assert taken({"cells": pa.array(["a", "b"]).dictionary_encode()}).schema[0].type == pa.dictionary("int32", "utf8")


def test_masked_columns_and_tensors_in_a_dict_are_taken():
    table = taken({"a": np.ma.masked_array(X[:, 0], GAPS[:, 0]), "b": ROWS[:, 1].bfloat16().requires_grad_()})
    np.testing.assert_array_equal(table["a"].isna(), GAPS[:, 0])
    np.testing.assert_array_equal(table["b"], X[:, 1])


def test_intervals_are_not_taken_for_sparse_columns():
    frame = TABLE.assign(i=pd.arrays.IntervalArray.from_breaks(np.arange(N + 1.0)))
    assert taken(frame) is frame
    both = taken(frame.astype({"a": pd.SparseDtype(np.float32, 0.0)}))
    assert both.dtypes["i"] == frame.dtypes["i"] and both.dtypes["a"] == np.float32
