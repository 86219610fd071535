"""Data sets by name: found, downloaded from a local server, and checked."""

import gzip
import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from isthmus.data.io import datasets, files
from isthmus.data.io.datasets import PARTS, PUBLISHED, Published, cache, label_of, load
from isthmus.support.errors import InputError

IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
LABELS = np.array([2, 0, 1], dtype=np.uint8)
FILES = {
    "train-images-idx3-ubyte": bytes([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5]) + IMAGES.tobytes(),
    "train-labels-idx1-ubyte": bytes([0, 0, 8, 1, 0, 0, 0, 3]) + LABELS.tobytes(),
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Keep all tests away from the user's data and cache, and give "mnist" a small content."""
    monkeypatch.delenv("ISTHMUS_DATA", raising=False)
    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path / "cache"))
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    monkeypatch.setitem(PUBLISHED, "mnist", Published(("a", "b", "c"), ("http://127.0.0.1:9/none",), sha256))


class Quiet(SimpleHTTPRequestHandler):
    asked: list[str] = []

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def server(tmp_path):
    """Serve the folder ``served`` and give its address."""
    folder = tmp_path / "served"
    for place in ("good", "tampered", "plain"):
        (folder / place).mkdir(parents=True)
    for name, content in FILES.items():
        (folder / "good" / f"{name}.gz").write_bytes(gzip.compress(content))
        (folder / "tampered" / f"{name}.gz").write_bytes(gzip.compress(content[:-1] + b"!"))
        (folder / "plain" / f"{name}.gz").write_bytes(content)
    Quiet.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def check(loaded):
    np.testing.assert_array_equal(loaded.X, IMAGES)
    np.testing.assert_array_equal(loaded.y, LABELS)
    assert loaded.classes == ("a", "b", "c") and loaded.X.dtype == np.uint8 and loaded.y.dtype == np.int64


def test_the_first_mirror_that_has_the_right_file_counts_and_the_cache_keeps_it(server, tmp_path):
    mirrors = [f"{server}/{place}/" for place in ("absent", "tampered", "plain", "good")]
    check(load("mnist", mirrors=mirrors))
    assert sorted(p.name for p in (cache() / "mnist").iterdir()) == [f"{name}.gz" for name in FILES]
    asked = len(Quiet.asked)
    check(load("mnist", mirrors=mirrors))
    assert asked == 8 == len(Quiet.asked)


def test_nothing_is_kept_of_a_wrong_download_and_all_that_was_tried_is_named(server):
    with pytest.raises(InputError) as error:
        load("mnist", mirrors=[f"{server}/tampered", f"{server}/absent", f"{server}/plain"])
    message = str(error.value)
    assert "tampered" in message and "checksum differs" in message and "not gzipped" in message and "404" in message
    assert str(cache() / "mnist") in message and "set ISTHMUS_DATA" in message
    assert not cache().exists()


def test_without_a_network_all_that_was_tried_is_named():
    with pytest.raises(InputError, match=r"not found in .*cache/mnist.*http://127.0.0.1:9/none/train-images.*refused"):
        load("mnist")


def test_a_download_that_does_not_end_is_broken_off(server, monkeypatch):
    monkeypatch.setattr(datasets, "LARGEST", 10)
    with pytest.raises(InputError, match="larger than 10 bytes"):
        load("mnist", mirrors=[f"{server}/good"])


def test_a_cache_that_cannot_be_made_is_named(server, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ISTHMUS_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(InputError, match=r"the cache .*cannot be made.*set ISTHMUS_CACHE"):
        load("mnist", mirrors=[f"{server}/good"])


@pytest.mark.parametrize("gzipped", [True, False])
def test_files_under_isthmus_data_come_first(tmp_path, monkeypatch, gzipped):
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        path = folder / (f"{name}.gz" if gzipped else name)
        path.write_bytes(gzip.compress(content) if gzipped else content)
    monkeypatch.setenv("ISTHMUS_DATA", str(tmp_path / "data"))
    check(load("mnist"))
    path.write_bytes(gzip.compress(b"other") if gzipped else b"other")
    with pytest.raises(InputError, match=rf"checksum differs: '.*{path.name}' \(delete it"):
        load("mnist")


def test_the_cache_is_where_the_system_wants_it(tmp_path, monkeypatch):
    assert cache() == tmp_path / "cache"
    monkeypatch.delenv("ISTHMUS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache() == tmp_path / "xdg" / "isthmus"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache() == tmp_path / ".cache" / "isthmus"


def test_the_digits_are_in_the_unit_interval():
    digits = load("digits")
    assert digits.X.shape == (1797, 8, 8) and digits.X.dtype == np.float32
    assert digits.X.min() == 0 and digits.X.max() == 1
    assert digits.y.shape == (1797,) and len(digits.classes) == 10


@pytest.mark.parametrize(
    ("name", "part", "message"),
    [
        ("mnits", "train", "unknown data set 'mnits'; did you mean 'mnist'"),
        ("mnist", "tests", "unknown part 'tests'; did you mean 'test'"),
        ("digits", "test", "unknown part 'test'.*of the data set 'digits'"),
        ("iris", "test", "unknown part 'test'.*of the data set 'iris'"),
    ],
)
def test_unknown_names_are_said(name, part, message):
    with pytest.raises(InputError, match=message):
        load(name, part)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("name", "mean"),
    [("mnist", {"train": 0.1307, "test": 0.1325}), ("fashion-mnist", {"train": 0.2860, "test": 0.2868})],
)
def test_the_published_data_are_read(name, mean, part, real_data, monkeypatch):
    monkeypatch.undo()  # the small content of "mnist", and the environment
    real_data(name)
    loaded = load(name, part)
    assert loaded.X.shape == ({"train": 60_000, "test": 10_000}[part], 28, 28) and loaded.X.dtype == np.uint8
    assert loaded.X.mean() / 255 == pytest.approx(mean[part], abs=1e-4)
    assert set(np.bincount(loaded.y)) == {len(loaded.y) // 10} or name == "mnist"
    assert len(loaded.classes) == 10 == len(np.unique(loaded.y))


@pytest.mark.parametrize(
    ("name", "shape", "label", "classes"),
    [
        ("iris", (150, 4), "species", ("setosa", "versicolor", "virginica")),
        ("wine", (178, 13), "cultivar", ("class_0", "class_1", "class_2")),
        ("breast-cancer", (569, 30), "diagnosis", ("malignant", "benign")),
        ("diabetes", (442, 10), "progression", ()),
        ("pumps", (1000, 7), "state", ("good", "leaking", "worn")),
        ("pump-log", (2000, 3), "fault", ()),
    ],
)
def test_a_named_table_is_a_frame_beside_its_labels(name, shape, label, classes):
    loaded = files.read(name)
    assert loaded.X.shape == shape and loaded.y.shape == shape[:1] and loaded.classes == classes
    assert label not in loaded.X.columns and label_of(name) == label == loaded.label
    whole = files.read(name, label=label).with_labels([label])
    assert list(whole.columns) == [*loaded.X.columns, label]
    assert set(whole[label]) == set(classes or loaded.y) and (whole[label] == loaded.labels).all()
    with pytest.raises(
        InputError, match=f"label='kind' does not apply to the data set '{name}', whose labels are apart"
    ):
        files.read(name, label="kind")


def test_the_pumps_have_gaps_categories_dates_and_rows_that_are_not_good():
    loaded = load("pumps")
    assert loaded.X.isna().mean().between(0, 0.06).all() and loaded.X["flow"].isna().any()
    assert loaded.X.dtypes["serviced"].kind == "M" and set(loaded.X["mode"]) == {"eco", "normal", "boost"}
    assert 0.05 < (loaded.labels != "good").mean() < 0.15
    assert load("pumps").X.equals(loaded.X)
