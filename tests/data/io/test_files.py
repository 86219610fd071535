"""Files: what is written is read; what cannot be is said."""

import gzip
import warnings

import numpy as np
import pytest
import torch

from isthmus import Sound
from isthmus.data.io import files
from isthmus.data.io.files import read, write
from isthmus.data.sources.folders import ImageStream
from isthmus.data.sources.parquet import ParquetStream
from isthmus.support.errors import InputError

pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")
Image = pytest.importorskip("PIL.Image")

NUMBERS = np.random.default_rng(0).normal(size=(12, 3))
PICTURES = np.random.default_rng(0).integers(0, 256, (6, 4, 5), dtype=np.uint8)
FRAME = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, None, 1.5], "c": ["x", "y, z", 'q"r'], "flag": [True, False, True]})


# -- round trips ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".feather"])
def test_tables_come_back(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write(path, FRAME)
    loaded = read(path)
    pd.testing.assert_frame_equal(loaded.X, FRAME, check_dtype=suffix != ".csv")
    assert loaded.y is None and loaded.classes == () and loaded.path == str(path)
    labelled = read(path, label="c")
    assert list(labelled.X.columns) == ["a", "b", "flag"] and labelled.y.tolist() == FRAME["c"].tolist()


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".feather"])
@pytest.mark.parametrize("columns", [None, ["p", "q", "r"]])
def test_arrays_are_written_as_tables(tmp_path, suffix, columns):
    path = tmp_path / f"a{suffix}"
    write(path, torch.from_numpy(NUMBERS), columns)
    frame = read(path).X
    assert list(frame.columns) == (columns or ["column_0", "column_1", "column_2"])
    np.testing.assert_array_equal(frame.to_numpy(), NUMBERS)
    write(path, NUMBERS[:, 0])
    assert read(path).X.shape == (12, 1)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".feather"])
def test_frames_of_other_libraries_are_written(tmp_path, suffix):
    polars = pytest.importorskip("polars")
    for frame in (polars.DataFrame({"a": [1, 2], "c": ["x", "y"]}), pa.table({"a": [1, 2], "c": ["x", "y"]})):
        write(tmp_path / f"a{suffix}", frame)
        assert read(tmp_path / f"a{suffix}").X.to_dict("list") == {"a": [1, 2], "c": ["x", "y"]}


def test_categories_are_written(tmp_path):
    frame = pd.DataFrame({"c": pd.Categorical(["x", None, "y"])})
    for suffix in (".csv", ".parquet"):
        write(tmp_path / f"a{suffix}", frame)
        assert read(tmp_path / f"a{suffix}").X["c"].astype(object).where(frame["c"].notna(), None).tolist() == [
            "x",
            None,
            "y",
        ]
    assert read(tmp_path / "a.parquet").X["c"].dtype == "category"


@pytest.mark.parametrize("array", [NUMBERS, PICTURES, NUMBERS.astype(np.float32)[::2, ::-1]])
def test_arrays_come_back(tmp_path, array):
    write(tmp_path / "a.npy", array)
    found = read(tmp_path / "a.npy").X
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_images_come_back(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    write(folder, PICTURES)
    loaded = read(folder)
    np.testing.assert_array_equal(loaded.X, PICTURES)
    assert loaded.y is None
    write(tmp_path / "one.png", PICTURES[:1] / 255)
    np.testing.assert_array_equal(read(tmp_path / "one.png").X, PICTURES[:1])
    write(tmp_path / "grid.png", PICTURES)
    assert read(tmp_path / "grid.png").X.shape == (1, 9, 17)


# -- formats --------------------------------------------------------------------------------------------------------


def csv(tmp_path, text, name="a.csv", **more):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode("utf-8"))
    return read(path, **more).X


def test_gaps_and_spaces_of_csv(tmp_path):
    frame = csv(tmp_path, "\ufeffa, b,c\n1, ?,x\n2, 3,NA\n")
    assert list(frame.columns) == ["a", "b", "c"]
    assert frame["b"].isna().tolist() == [True, False] and frame["c"].isna().tolist() == [False, True]


@pytest.mark.parametrize("separator", list(",;\t|"))
def test_the_separator_is_found(tmp_path, separator):
    text = "a,b,c\n1,2.5,x\n".replace(",", separator)
    for name in ("a.csv", "a.tsv", "A.CSV", "a.csv.gz"):
        assert csv(tmp_path, text, name).to_dict("list") == {"a": [1], "b": [2.5], "c": ["x"]}


def test_a_csv_without_a_head_loses_no_row(tmp_path):
    frame = csv(tmp_path, "1,2\n3,4\n")
    assert frame.to_dict("list") == {"column_0": [1, 3], "column_1": [2, 4]}


def test_empty_lines_are_gaps_only_in_a_single_column(tmp_path):
    assert csv(tmp_path, "a\n1\n\n2\n")["a"].isna().tolist() == [False, True, False]
    assert csv(tmp_path, "\na,b\n\n1,2\n").to_dict("list") == {"a": [1], "b": [2]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.csv' is empty"),
        (b"a,b\n", "a.csv' holds no rows"),
        (b"a,b\n1,2\n1,2,3,4\n", r"not a regular table.*line 3"),
        ("ä,b\n1,2\n".encode("latin-1") + b"\x81", "line 3: neither Windows-1252 nor UTF-8; .* --encoding"),
    ],
)
def test_a_csv_that_cannot_be_read_is_named(tmp_path, content, message):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(tmp_path / "a.csv")


def test_an_npz_gives_x_and_y(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, X=NUMBERS, y=np.arange(12), extra=NUMBERS)
    loaded = read(path)
    np.testing.assert_array_equal(loaded.X, NUMBERS)
    assert loaded.y.tolist() == list(range(12))


def test_an_npz_gives_the_array_that_is_named(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(
        path,
        train=PICTURES,
        test=PICTURES[:2],
        who=np.arange(6)[:, None],
        names=np.array(["a", object()], dtype=object),
    )
    for loaded in (read(f"{path}:train", label="who"), read(path, label="who", part="train")):
        assert loaded.X.shape == (6, 4, 5) and loaded.y.tolist() == list(range(6))
    assert read(f"{path}:test").y is None
    for wrong, message in [
        ({}, r"several arrays: name one, such as 'a.npz:train'"),
        ({"part": "tset"}, "unknown array 'tset'; did you mean 'test'"),
        ({"part": "train", "label": "whom"}, "unknown array 'whom'; did you mean 'who'"),
        ({"part": "test", "label": "who"}, r"'who' of shape \(6, 1\) does not have one label per row"),
        ({"part": "names"}, "pickles.*never read"),
    ]:
        with pytest.raises(InputError, match=message):
            read(path, **wrong)


def test_the_only_large_array_of_an_npz_counts(tmp_path):
    np.savez(tmp_path / "a.npz", images=PICTURES, subject=np.arange(6))
    assert read(tmp_path / "a.npz").X.shape == (6, 4, 5)


def test_idx_files_bring_their_labels(tmp_path):
    head = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in PICTURES.shape)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(head + PICTURES.tobytes()))
    assert read(path).y is None
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 6, *range(6)]))
    loaded = read(path)
    np.testing.assert_array_equal(loaded.X, PICTURES)
    assert loaded.y.tolist() == list(range(6)) and loaded.y.dtype == np.int64
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 1, 9]))
    with pytest.raises(InputError, match="holds 1 labels, but .* holds 6 images"):
        read(path)


def test_class_subfolders_are_labels(tmp_path):
    for i, picture in enumerate(PICTURES):
        folder = tmp_path / ("odd" if i % 2 else "even")
        folder.mkdir(exist_ok=True)
        Image.fromarray(picture).save(folder / f"{i}.png")
    for budget in (None, 10):
        loaded = read(tmp_path, budget=budget)
        assert loaded.classes == ("even", "odd") and loaded.y.tolist() == [0, 0, 0, 1, 1, 1]
    assert isinstance(loaded.X, ImageStream) and loaded.X.shape == (6, 4, 5)


def test_a_parquet_file_over_the_budget_is_streamed(tmp_path):
    path = tmp_path / "a.parquet"
    write(path, FRAME)
    loaded = read(path, label="c", budget=10)
    assert isinstance(loaded.X, ParquetStream) and loaded.X.columns == ["a", "b", "flag"]
    assert loaded.y.tolist() == FRAME["c"].tolist()


def test_a_folder_of_parquet_files_is_one_table(tmp_path):
    write(tmp_path / "1.parquet", FRAME)
    write(tmp_path / "2.parquet", FRAME)
    assert len(read(tmp_path).X) == 6
    assert len(read(tmp_path, budget=10).X) == 6


def test_data_sets_have_names(tmp_path, monkeypatch):
    assert read("digits").X.shape == (1797, 8, 8)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").mkdir()
    with pytest.raises(InputError, match="'digits' holds no images"):
        read("./digits")
    with pytest.raises(InputError, match="unknown part 'test'"):
        read("digits:test")


# -- what cannot be read --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.parquet", "a.feather", "a.png", "a.idx", "a.csv.gz"])
@pytest.mark.parametrize("content", [b"", b"\x93NUMPYno", b"PK\x03\x04 no archive", b"something else altogether"])
def test_foreign_content_is_an_error_that_names_the_file(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name):
        read(tmp_path / name)


def test_pickles_are_never_read(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"a.npy': it holds Python objects \(pickles\), which are never read"):
        read(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dta.csv", r"there is no file .*did you mean 'data.csv'"),
        ("a.xml", r"a.xml' is of an unknown kind; known: \*.npy"),
        ("a.xls", r"a.xls' is a table of an older kind: save it as .xlsx"),
    ],
)
def test_unknown_files_and_kinds_are_said(tmp_path, name, message):
    (tmp_path / "data.csv").write_text("a\n1\n")
    (tmp_path / "a.xml").write_text("")
    (tmp_path / "a.xls").write_text("")
    with pytest.raises(InputError, match=message):
        read(tmp_path / name)


def test_a_mistyped_data_set_is_said():
    with pytest.raises(InputError, match=r"there is no file 'fashon-mnist' \(did you mean 'fashion-mnist'\?\)"):
        read("fashon-mnist")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.npy", {"label": "y"}, "label='y' does not apply to"),
        ("a.csv", {"part": "test"}, "part='test' does not apply to"),
        ("digits", {"label": "y"}, "label='y' does not apply to the data set 'digits'"),
        ("a.csv", {"label": "bb"}, "unknown column 'bb'; did you mean 'b'"),
    ],
)
def test_options_that_mean_nothing_are_refused(tmp_path, monkeypatch, name, options, message):
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", NUMBERS)
    write("a.csv", NUMBERS[:, :2], ["a", "b"])
    with pytest.raises(InputError, match=message):
        read(name, **options)


def test_a_file_larger_than_memory_is_not_begun(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", NUMBERS)
    monkeypatch.setattr(files, "available", lambda: 100)
    with pytest.raises(InputError, match="larger than the free memory: convert it to Parquet"):
        read(tmp_path / "a.npy")


# -- what cannot be written -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "X", "columns", "message"),
    [
        ("a.xlsx", NUMBERS, None, "unknown kind of output '.xlsx'"),
        ("absent/a.npy", NUMBERS, None, "there is no folder"),
        ("a.csv", PICTURES, None, r"shape \(6, 4, 5\) is not a table"),
        ("a.csv", NUMBERS, ["a"], "1 names for 3 columns"),
        ("a.npy", np.array([object()]), None, "Python objects cannot be written"),
        ("a.parquet", pd.DataFrame({"a": [1, "x"]}), None, "convert each column to one type"),
        ("a.png", NUMBERS, None, "cannot be drawn"),
    ],
)
def test_outputs_that_cannot_be_written_leave_nothing(tmp_path, name, X, columns, message):
    with pytest.raises(InputError, match=message):
        write(tmp_path / name, X, columns)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", files.WRITERS)
def test_a_full_disk_is_said_and_the_old_output_kept(tmp_path, suffix):
    resource = pytest.importorskip("resource")
    path = tmp_path / f"a{suffix}"
    path.write_text("old")
    rng = np.random.default_rng(0)
    others = {".png": rng.random((40, 60, 60)), ".wav": [Sound(rng.random(40_000), 8000)]}
    X = others.get(suffix, rng.random((3000, 40)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 15, before[1]))
        with pytest.raises(InputError, match=f"cannot write .*a{suffix}.*nothing was changed"):
            write(path, X)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


# -- real files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "shape", "labels"),
    [
        ("adbench/32_shuttle.npz", (49097, 9), 2),
        ("faces/orl_faces.npz", (400, 112, 92), None),
        ("cifar10/cifar10_subset.npz:train_images", (1500, 32, 32, 3), None),
        ("mnist/t10k-images-idx3-ubyte.gz", (10_000, 28, 28), 10),
    ],
)
def test_real_files_are_read(real_data, path, shape, labels):
    name, _, part = path.partition(":")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = read(real_data(name), part=part or None)
    assert loaded.X.shape == shape
    assert (None if loaded.y is None else len(np.unique(loaded.y))) == labels
