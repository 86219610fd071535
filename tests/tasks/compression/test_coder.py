"""The coder gives back what was written, in about as many bits as the tables say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("constriction")

from isthmus.tasks.compression.coder import Decoder, Encoder, Tables
from isthmus.tasks.compression.tables import LEVELS, OFFSETS, SHAPES, SMALLEST

WEIGHTS = np.full((LEVELS, len(SHAPES)), 1 / len(SHAPES), np.float32)
TABLES = Tables(WEIGHTS)


def through(parts):
    encoder = Encoder()
    for numbers, which in parts:
        encoder.put(numbers, which, TABLES)
    words = encoder.words()
    decoder = Decoder(words)
    return words, [decoder.take(which, TABLES) for _, which in parts]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(-(2**31), 2**31), st.integers(0, LEVELS * OFFSETS - 1)), max_size=20), max_size=4
    )
)
def test_numbers_come_back(parts):
    arrays = [
        (np.array([number for number, _ in part], np.int64), np.array([table for _, table in part], np.uint16))
        for part in parts
    ]
    _, back = through(arrays)
    for (numbers, _), read in zip(arrays, back, strict=True):
        np.testing.assert_array_equal(read, numbers)


def test_the_length_is_that_of_the_tables():
    random = np.random.default_rng(0)
    which = random.integers(0, LEVELS * OFFSETS, 200_000).astype(np.uint16)
    scales = 2.0 ** (SMALLEST + np.arange(LEVELS) / 4)
    numbers = np.round(random.laplace(0, 1, len(which)) * scales[which // OFFSETS]).astype(np.int64)
    words, (read,) = through([(numbers, which)])
    np.testing.assert_array_equal(read, numbers)
    length = TABLES.bits(numbers, which) / 8
    assert length < words.nbytes < 1.001 * length + 8


@pytest.mark.parametrize("level", [0, 20, 40, 63])
def test_a_table_costs_little_more_than_the_distribution_that_it_is_for(level):
    random = np.random.default_rng(1)
    scale, offset = 2.0 ** (SMALLEST + level / 4), 3
    numbers = np.round(random.laplace(offset / 8, scale, 400_000)).astype(np.int64)
    tables = Tables(np.eye(len(SHAPES), dtype=np.float32)[np.zeros(LEVELS, int)])
    cost = tables.bits(numbers, np.full(len(numbers), level * OFFSETS + offset, np.uint16)) / len(numbers)
    counts = np.unique(numbers, return_counts=True)[1] / len(numbers)
    assert cost < -(counts * np.log2(counts)).sum() * 1.02 + 0.001
