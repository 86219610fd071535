"""IDX files."""

import contextlib
import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from isthmus.data.io import idx
from isthmus.support.errors import InputError

CODES = {np.dtype(name): code for code, name in idx.TYPES.items()}


def encoded(array: np.ndarray) -> bytes:
    head = bytes([0, 0, CODES[array.dtype], array.ndim])
    return head + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


ARRAYS = st.sampled_from(list(CODES)).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
)


@settings(max_examples=100, deadline=None)
@given(array=ARRAYS)
def test_what_is_written_is_read(array):
    found = idx.parse(encoded(array), "a.idx")
    assert found.dtype == array.dtype.newbyteorder("=") and found.dtype.isnative
    np.testing.assert_array_equal(found, array)


@settings(max_examples=100, deadline=None)
@given(array=ARRAYS, cut=st.integers(1, 40))
def test_a_truncated_file_is_an_error(array, cut):
    content = encoded(array)
    with pytest.raises(InputError, match=r"'a.idx' (is not an IDX file|holds)"):
        idx.parse(content[: max(0, len(content) - cut)], "a.idx")


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=60) | st.binary(max_size=20).map(lambda tail: b"\0\0\x08\x01" + tail))
def test_any_content_is_an_array_or_an_input_error(content):
    with contextlib.suppress(InputError):
        found = idx.parse(content, "a.idx")
        assert encoded(found.astype(idx.TYPES[content[2]])) == content


def test_gzipped_or_not(tmp_path):
    array = np.arange(24, dtype=">u1").reshape(2, 3, 4)
    (tmp_path / "a.idx").write_bytes(encoded(array))
    (tmp_path / "a.idx.gz").write_bytes(gzip.compress(encoded(array)))
    np.testing.assert_array_equal(idx.read(tmp_path / "a.idx"), idx.read(tmp_path / "a.idx.gz"))


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b"whole", mtime=0)[:-9], b""], ids=["no gzip", "cut off", "empty"]
)
def test_damaged_gzip_is_named(tmp_path, content):
    (tmp_path / "a.idx.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"a.idx.gz' (is truncated or not gzipped|is not an IDX)"):
        idx.read(tmp_path / "a.idx.gz")


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*a.idx"):
        idx.read(tmp_path / "a.idx")


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz"),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte"),
    ],
)
def test_labels_are_found_beside_the_images(tmp_path, images, labels):
    assert idx.labels_beside(tmp_path / images) is None
    (tmp_path / labels).write_bytes(b"")
    assert idx.labels_beside(tmp_path / images) == tmp_path / labels
    assert idx.labels_beside(tmp_path / labels) is None
