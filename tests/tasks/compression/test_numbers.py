"""Arrays of numbers to files and back: the bound holds for each, and what is no number comes back bit by bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from isthmus import Compressor, InputError
from isthmus.tasks.compression import varints
from isthmus.tasks.compression.chunks import DamagedFileError, read
from isthmus.tasks.compression.numbers import DTYPES, packed, unpacked
from isthmus.tasks.compression.pyramid import best_table, logarithm, merged, table_costs


def through(x, max_error=0.0):
    content = packed(x, max_error)
    return content, unpacked(read(content))


def same_bits(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def kept(x, back, bound):
    """Whether each number is within the bound, and what is none is the same, bit by bit."""
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.abs(x.astype(np.float64) - back.astype(np.float64))
    bits = f"u{x.dtype.itemsize}"
    return bool(((np.isfinite(x) & (off <= bound)) | (x.view(bits) == back.view(bits))).all())


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(DTYPES).flatmap(lambda dtype: arrays.arrays(dtype, arrays.array_shapes(max_dims=3, max_side=9))))
def test_without_a_bound_every_bit_comes_back(x):
    assert same_bits(x, through(x)[1])


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(("float16", "float32", "float64")).flatmap(
        lambda dtype: arrays.arrays(dtype, st.integers(0, 200), elements={"allow_subnormal": True})
    ),
    st.floats(1e-12, 1e12),
)
def test_a_bound_holds_for_any_numbers(x, bound):
    assert kept(x, through(x, bound)[1], bound)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_bound_holds_for_ten_million_numbers_of_all_kinds(dtype):
    random = np.random.default_rng(0)
    n = 10**5
    x = (np.cumsum(random.normal(size=n)) * 10.0 ** random.integers(-3, 3)).astype(dtype)
    odd = random.integers(0, n, 500)
    x[odd] = random.choice(np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-310, 1e-42, 3e38], dtype), 500)
    for bound in (1e-3, 0.1, 10.0):
        back = through(x, bound)[1]
        assert kept(x, back, bound)
        assert np.array_equal(np.signbit(x[x == 0]), np.signbit(back[x == 0]))


def test_numbers_of_few_digits_are_few_bits():
    random = np.random.default_rng(0)
    x = np.round(np.cumsum(random.normal(size=20_000)) / 200, 3).astype(np.float32)
    content, back = through(x)
    assert same_bits(x, back) and len(content) < 0.4 * x.nbytes
    steps = random.choice(np.array([-0.273216, 0.054711, 0.382638, 1.693], np.float32), 5000)
    content, back = through(steps)
    assert same_bits(steps, back) and len(content) < 5000 * 3 / 8 + 300


def test_one_channel_tells_of_another():
    random = np.random.default_rng(0)
    one = np.cumsum(random.normal(size=8000))
    both = np.stack([one, 2 * one + 0.02 * random.normal(size=8000)], 1)
    alone = sum(len(packed(both[:, at], 0.01)) for at in (0, 1))
    assert len(packed(both, 0.01)) < 0.8 * alone


def test_whole_numbers_beyond_those_of_a_float():
    x = 2**62 + 1000 * np.arange(500, dtype=np.int64)
    content, back = through(x)
    assert same_bits(x, back) and len(content) < 300
    wide = np.array([0, 2**63 - 1, -(2**63), 5, 5, 5], np.int64)
    assert same_bits(wide, through(wide)[1])
    assert np.abs(through(x, 700.0)[1] - x).max() <= 700


@pytest.mark.parametrize("shape", [(0,), (0, 3), (5, 0), (1,), (1, 1, 1), (3, 2, 4)])
def test_shapes_come_back(shape):
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    assert same_bits(x, through(x)[1])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_is_said(data):
    content = bytearray(packed(np.sin(np.arange(300) / 9), 1e-3))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="damaged|truncated|not a compressed"):
        unpacked(read(bytes(content)))


@pytest.mark.parametrize(
    ("x", "bound", "said"),
    [
        (np.array(["a"]), 0, "numbers of type"),
        (np.zeros(3, complex), 0, "numbers of type"),
        (np.zeros(3), -1, "at least 0"),
        (np.zeros(3), np.nan, "at least 0"),
        (np.zeros((3, 2)), [1, 2, 3], "one for each of 2 channels"),
    ],
)
def test_what_is_no_array_is_refused(x, bound, said):
    with pytest.raises(InputError, match=said):
        packed(x, bound)


@given(st.lists(st.integers(-(2**63), 2**63)))
def test_whole_numbers_come_back_from_bytes(numbers):
    assert list(varints.read(varints.written(numbers))) == numbers


def test_bytes_that_end_within_a_number_are_refused():
    with pytest.raises(DamagedFileError, match="too early"):
        list(varints.read(b"\x80"))


def test_a_compressor_that_was_never_fitted_writes_numbers():
    x = np.sin(np.arange(500) / 30)
    content = Compressor().compress(x, max_error=0.01)
    assert np.abs(Compressor().decompress(content) - x).max() <= 0.01 and len(content) < 500
    with pytest.raises(InputError, match="about images"):
        Compressor().compress(x, 50, max_error=0.01)


def test_logarithms_are_whole_eighths():
    numbers = np.array([0, 1, -1, 2, 3, 4095, 4096, 2**31])
    np.testing.assert_array_equal(logarithm(numbers), np.floor(8 * np.log2(1 + np.abs(numbers))))


def test_contexts_that_do_not_pay_are_merged():
    random = np.random.default_rng(0)
    quiet, loud = (np.rint(random.laplace(scale=scale, size=400)).astype(np.int64) for scale in (1, 30))
    none = np.zeros(400, np.int64)
    costs = [table_costs(part, none[: len(part)]) for part in (quiet[:200], quiet[200:], loud)]
    assert merged(costs) == [(0, 1), (2, 2)]
    assert merged(costs[:1]) == [(0, 0)]
    assert int(costs[2].argmin()) == best_table(loud, none)
