"""Data larger than memory: every row once an epoch, resuming skips, memory stays bounded."""

import subprocess
import sys
import threading
import time
import warnings
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.core.data import Data, Source
from isthmus.core.records import Batch
from isthmus.data.images.images import Images
from isthmus.data.sources.folders import ImageStream
from isthmus.data.sources.parquet import ParquetStream
from isthmus.data.sources.streams import ahead, regroup, take_turns
from isthmus.support.errors import InputError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
Image = pytest.importorskip("PIL.Image")


class Numbers(Data):
    """The columns of an Arrow table as they are."""

    def read(self, X):
        return {"numbers": torch.from_numpy(np.stack([c.to_numpy() for c in X.columns], axis=1))}

    def forward(self, columns):
        x = columns["numbers"].float()
        return Batch(x, x)


def written(path, n=1000, group=100, **more):
    table = pa.table({"id": np.arange(n, dtype=np.float64), "other": np.zeros(n), **more})
    pq.write_table(table, path, row_group_size=group)
    return path


def stream(path, piece=32, window=300) -> ParquetStream:
    """Return a stream with small pieces and windows."""
    found = ParquetStream(path)
    found.piece_rows, found.buffer_rows = piece, window
    found.pieces = list(found._cut())
    found._last = {pieces[-1].number for pieces in found.groups()}
    return found


def source(path, piece=32, window=300, **changes):
    options = {"batch_size": 30, "validation_fraction": 0.1, "seed": 1} | changes
    return stream(path, piece, window).source(Numbers(), **options)


def ids(batches) -> list[int]:
    return [int(v) for batch in batches for v in batch.x[:, 0]]


# -- helpers --------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(lengths=st.lists(st.integers(0, 7)), size=st.integers(1, 9))
def test_regrouping_keeps_all_in_order(lengths, size):
    items = iter(range(sum(lengths)))
    pieces = [[next(items) for _ in range(n)] for n in lengths]
    found = list(regroup(pieces, size, len, lambda ps: list(chain(*ps)), lambda p, a, b: p[a:b]))
    assert [i for piece in found for i in piece] == list(range(sum(lengths)))
    assert all(len(piece) == size for piece in found[:-1]) and all(found)


def test_turns_are_taken():
    assert list(take_turns([[1, 2, 3], [], [4, 5], [6]], lanes=2)) == [1, 2, 4, 3, 5, 6]


def test_reading_ahead_is_ahead_and_no_further():
    made = []

    def items():
        for i in range(5):
            made.append((i, threading.current_thread()))
            yield i

    reader = ahead(items(), depth=2)
    assert next(reader) == 0
    deadline = time.monotonic() + 10
    while len(made) < 3 and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.01)
    assert [i for i, _ in made] == [0, 1, 2] and made[0][1] is not threading.current_thread()
    assert list(reader) == [1, 2, 3, 4]


def test_an_error_ahead_is_raised_in_its_place():
    def items():
        yield 1
        raise InputError("broken")

    reader = ahead(items())
    assert next(reader) == 1
    with pytest.raises(InputError, match="broken"):
        next(reader)


# -- Parquet --------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(2, 400),
    group=st.integers(1, 150),
    piece=st.integers(1, 60),
    window=st.integers(1, 200),
    batch_size=st.integers(1, 50),
    fraction=st.sampled_from([0.0, 0.01, 0.3]),
)
def test_every_row_is_seen_once_an_epoch(tmp_path_factory, n, group, piece, window, batch_size, fraction):
    path = written(tmp_path_factory.mktemp("rows") / "a.parquet", n, group)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # some of these files are one huge group
        found = source(path, piece, window, batch_size=batch_size, validation_fraction=fraction)
    batches = {split: list(found.batches(split, 3)) for split in ("train", "validation")}
    assert sorted(ids(batches["train"]) + ids(batches["validation"])) == list(range(n))
    assert bool(batches["validation"]) == (fraction > 0)
    for split, of_split in batches.items():
        assert found.steps(split) == len(of_split)
        assert all(len(batch) == batch_size for batch in of_split[:-1])


def test_a_later_start_gives_the_tail(tmp_path):
    found = source(written(tmp_path / "a.parquet"))
    assert isinstance(found, Source)
    for split in ("train", "validation"):
        whole = [ids([batch]) for batch in found.batches(split, 2)]
        for start in range(len(whole) + 2):
            assert [ids([batch]) for batch in found.batches(split, 2, start)] == whole[start:]


def test_a_later_start_does_not_convert_what_it_skips(tmp_path, monkeypatch):
    found = source(written(tmp_path / "a.parquet", 3000))
    read = []
    monkeypatch.setattr(found, "_read", lambda table: read.append(len(table)) or Numbers().read(table))
    tail = ids(found.batches("train", 0, found.steps("train") - 1))
    assert 0 < sum(read) < 400 and len(tail) <= 30


def test_the_order_is_a_function_of_seed_and_epoch(tmp_path):
    path = written(tmp_path / "a.parquet")
    first = ids(source(path).batches("train", 0))
    assert first == ids(source(path).batches("train", 0)) != sorted(first)
    assert first != ids(source(path).batches("train", 1))
    assert sorted(first) == sorted(ids(source(path).batches("train", 1)))
    assert sorted(first) != sorted(ids(source(path, seed=2).batches("train", 0)))
    held = ids(source(path).batches("validation", 0))
    assert held == sorted(held) == ids(source(path).batches("validation", 5))


def test_a_window_mixes_row_groups(tmp_path):
    found = source(written(tmp_path / "a.parquet"), validation_fraction=0.0)
    groups = [{i // 100 for i in ids([batch])} for batch in found.batches("train", 0)]
    assert np.mean([len(g) for g in groups[:5]]) > 3


def test_the_sample_is_of_training_rows_and_always_the_same(tmp_path):
    found = source(written(tmp_path / "a.parquet", 4000))
    sample = ids([found.sample(100)])
    assert len(set(sample)) == 100 and sample == ids([found.sample(100)])
    assert set(sample) <= set(ids(found.batches("train", 0)))
    assert np.std(sample) > 500
    assert len(ids([found.sample(10_000)])) < 4000


def test_the_fingerprint_tells_what_matters(tmp_path):
    path = written(tmp_path / "a.parquet")
    other = written(tmp_path / "b.parquet", third=np.arange(1000))
    prints = [
        source(path).fingerprint(),
        source(other).fingerprint(),
        source(path, batch_size=31).fingerprint(),
        source(path, seed=2).fingerprint(),
        source(path, window=90).fingerprint(),
    ]
    assert len(set(prints)) == 5 and prints[0] == source(path).fingerprint()


def test_one_huge_row_group_is_warned_of(tmp_path):
    path = written(tmp_path / "a.parquet", 1000, group=1000)
    with pytest.warns(UserWarning, match=r"1000 rows are in 1 row group.*row_group_size"):
        found = source(path, window=300)
    order = ids(found.batches("train", 0))
    assert order != sorted(order) and max(order[:270]) < 400


def test_a_folder_of_files_is_read_as_one(tmp_path):
    for i in range(3):
        pq.write_table(pa.table({"id": np.arange(100.0) + 100 * i}), tmp_path / f"part-{i}.parquet", row_group_size=40)
    found = source(tmp_path, validation_fraction=0.0)
    assert sorted(ids(found.batches("train", 0))) == list(range(300))
    pq.write_table(pa.table({"id": ["text"]}), tmp_path / "part-3.parquet")
    with pytest.raises(InputError, match=r"part-3.*other columns or types"):
        ParquetStream(tmp_path)


def test_chunks_give_all_rows_in_order_without_label_and_index(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": range(50), "label": ["x", "y"] * 25}, index=pd.Index(range(50, 100), name="key"))
    frame.to_parquet(tmp_path / "a.parquet")
    found = ParquetStream(tmp_path / "a.parquet", leave_out=["label"])
    assert found.columns == ["a"] and found.shape == (50, 1) and len(found) == 50
    assert pa.concat_tables(found.chunks()).to_pydict() == {"a": list(range(50))}


def test_unknown_columns_are_named_with_the_nearest(tmp_path):
    with pytest.raises(InputError, match="unknown column 'othr'; did you mean 'other'"):
        ParquetStream(written(tmp_path / "a.parquet"), leave_out=["othr"])


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*absent.parquet"):
        ParquetStream(tmp_path / "absent.parquet")
    (tmp_path / "text.parquet").write_text("id,other\n1,2\n")
    with pytest.raises(InputError, match=r"cannot read .*text.parquet"):
        ParquetStream(tmp_path / "text.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no \*.parquet"):
        ParquetStream(tmp_path / "empty")
    with pytest.raises(InputError, match="has 0 rows"):
        ParquetStream(written(tmp_path / "none.parquet", n=0))


def test_a_damaged_page_is_named(tmp_path):
    path = written(tmp_path / "a.parquet", 5000, group=5000)
    content = bytearray(path.read_bytes())
    content[200:6000] = b"\xff" * 5800
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"cannot read .*a.parquet"):
        list(ParquetStream(path).chunks())


def test_a_file_that_shrinks_meanwhile_is_said(tmp_path):
    found = stream(written(tmp_path / "a.parquet"))
    found._cut = None
    last = found.pieces[-1]
    with pytest.raises(InputError, match=r"a.parquet' was changed while it was read"):
        list(found.read([last._replace(rows=last.rows + 1)]))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from Linux's /proc")
def test_memory_stays_bounded(tmp_path):
    """One epoch over 200 MB in one row group takes far less than that, beyond what importing takes."""
    path = tmp_path / "large.parquet"
    table = pa.table({f"c{i}": np.arange(i, 2_500_000.0 + i) for i in range(10)})
    pq.write_table(table, path, row_group_size=len(table), compression="none", use_dictionary=False)
    code = f"""
import re, warnings
from pathlib import Path
from tests_of_streams import Numbers, ParquetStream
warnings.simplefilter("ignore")
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024
found = ParquetStream({str(path)!r}, shuffle_buffer=8 * 2**20)
before = peak()
seen = sum(len(b) for b in found.source(Numbers(), batch_size=1000, validation_fraction=0.1).batches("train", 0))
print(seen, peak() - before)
"""
    (tmp_path / "tests_of_streams.py").write_text(Path(__file__).read_text())
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    seen, grown = map(int, done.stdout.split())
    assert seen == 2_250_000 and grown < 250


# -- images -------------------------------------------------------------------------------------------------------


def gallery(folder, n=23, size=(4, 6)):
    for i in range(n):
        Image.fromarray(np.full(size, 10 * i, np.uint8)).save(folder / f"{i:03}.png")
    return folder


def greys(batches) -> list[int]:
    return [round(float(v) * 255) // 10 for batch in batches for v in batch.x[:, 0, 0, 0]]


def pictures(folder, **changes):
    found = ImageStream(folder)
    options = {"batch_size": 5, "validation_fraction": 0.2, "seed": 1} | changes
    return found.source(Images().learn(found.chunks()), **options)


def test_every_image_is_seen_once_an_epoch_and_resuming_skips(tmp_path):
    found = pictures(gallery(tmp_path))
    assert isinstance(found, Source)
    train = greys(found.batches("train", 0))
    assert sorted(train + greys(found.batches("validation", 0))) == list(range(23))
    assert train != sorted(train) and train == greys(pictures(tmp_path).batches("train", 0))
    assert train != greys(found.batches("train", 1))
    assert found.steps("train") == 4 and found.steps("validation") == 1
    for start in range(6):
        assert greys(found.batches("train", 0, start)) == train[5 * start :]
    assert len(set(greys([found.sample(7)]))) == 7


def test_a_image_stream_says_what_it_holds(tmp_path):
    found = ImageStream(gallery(tmp_path))
    assert found.shape == (23, 4, 6) and found.ndim == 3 and len(found) == 23 and found.bytes == 23 * 24
    chunks = list(found.chunks())
    assert np.concatenate(chunks).shape == (23, 4, 6)
    prints = {pictures(tmp_path).fingerprint(), pictures(tmp_path, seed=2).fingerprint()}
    (tmp_path / "022.png").unlink()
    assert len(prints | {pictures(tmp_path).fingerprint()}) == 3


def test_a_image_that_changed_on_disk_is_named_while_streaming(tmp_path):
    found = pictures(gallery(tmp_path))
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(tmp_path / "007.png")
    with pytest.raises(InputError, match=r"007.png' changed on disk: it had the shape \(4, 6\)"):
        list(found.batches("train", 0))


def test_a_signal_is_not_read_piece_by_piece(tmp_path):
    from isthmus import Autoencoder, Signals

    pq.write_table(pa.table({"a": np.arange(50.0)}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match="windows would be cut"):
        Autoencoder(data=Signals(8)).fit(ParquetStream(tmp_path / "a.parquet"))


def test_columns_of_a_stream_have_the_order_of_a_model(tmp_path):
    pq.write_table(pa.table({"a": [1.0, 2.0, 3.0], "label": [0, 1, 0], "b": [4.0, 5.0, 6.0]}), tmp_path / "t.parquet")
    stream = ParquetStream(tmp_path / "t.parquet", ["label"]).in_order(["b", "a"])
    assert stream.columns == ["b", "a"]
    (table,) = stream.chunks()
    assert table.column_names == ["b", "a"] and table["b"].to_pylist() == [4.0, 5.0, 6.0]
    source = stream.source(Numbers(), batch_size=3)
    assert sorted(next(source.batches("train", 0)).x.tolist()) == [[4.0, 1.0], [5.0, 2.0], [6.0, 3.0]]
    assert stream.without(["b"]).columns == ["a"]
