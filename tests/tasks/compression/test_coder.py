"""The coder gives back what was written, in about as many bits as the tables say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("constriction")

from isthmus.tasks.compression.coder import REACH, Decoder, Encoder, Tables

SCALES = 2.0 ** np.arange(-4, 12)


def tables():
    low = np.maximum(0, np.floor(np.log2(SCALES / 3))).astype(np.int64)
    k = np.arange(-REACH, REACH + 1)
    weights = np.exp(-np.abs(k) / (SCALES / 2.0**low)[:, None].clip(0.2))
    return Tables(weights / weights.sum(1, keepdims=True), low)


def through(parts):
    encoder = Encoder(tables())
    for numbers, which in parts:
        encoder.put(numbers, which)
    words = encoder.words()
    decoder = Decoder(tables(), words)
    return words, [decoder.take(which) for _, which in parts]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(-(2**31), 2**31), st.integers(0, len(SCALES) - 1)), max_size=20), max_size=4
    )
)
def test_numbers_come_back(parts):
    arrays = [
        (np.array([number for number, _ in part], np.int64), np.array([table for _, table in part], np.uint8))
        for part in parts
    ]
    _, back = through(arrays)
    for (numbers, _), read in zip(arrays, back, strict=True):
        np.testing.assert_array_equal(read, numbers)


def test_the_length_is_that_of_the_tables():
    random = np.random.default_rng(0)
    which = random.integers(0, len(SCALES), 200_000).astype(np.uint8)
    numbers = np.round(random.laplace(0, 1, len(which)) * SCALES[which] / 2).astype(np.int64)
    words, (read,) = through([(numbers, which)])
    np.testing.assert_array_equal(read, numbers)
    known = tables()
    high = numbers >> known.low_bits[which]
    near = high.clip(-REACH, REACH)
    bits = -np.log2(known.probabilities[which, near + REACH]) + known.low_bits[which] + 32 * (np.abs(near) == REACH)
    assert bits.sum() / 8 < words.nbytes < 1.001 * bits.sum() / 8 + 8
