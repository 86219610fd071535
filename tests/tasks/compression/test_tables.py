"""Tables of probabilities: right, and the same on every machine."""

import hashlib

import numpy as np
import pytest
from scipy import stats

from isthmus.tasks.compression.calibration import fitted
from isthmus.tasks.compression.tables import LEVELS, OFFSETS, REACH, SHAPES, SMALLEST, basis, low_bits, mixed

DIGEST = "cb97c1532fb3662a43db4cb29a7074f25f98c7f209ca705c9f36c39b10f776b1"
"""Of the tables of equal weights: files that are written today are read by them for ever."""


def test_probabilities_are_those_of_the_distributions():
    for shape, known in zip(SHAPES, basis(), strict=True):
        for level in range(LEVELS):
            scale = 2.0 ** (SMALLEST + (level + shape.shift) / 4)
            family = stats.logistic(scale=0.75 * scale) if shape.logistic else stats.laplace(scale=scale)
            borders = np.arange(1 - REACH, REACH + 1) * 2.0 ** low_bits()[level] - 0.5
            for offset in range(OFFSETS):
                cumulative = family.cdf(borders - offset / 8)
                expected = np.diff(np.concatenate([[0], cumulative, [1]]))
                np.testing.assert_allclose(known[level, offset], expected, rtol=0, atol=1e-14)


def test_they_do_not_change():
    weights = np.full((LEVELS, len(SHAPES)), 1 / 8, np.float32)
    assert hashlib.sha256(mixed(weights).astype("<f8").tobytes()).hexdigest() == DIGEST


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_calibrated_tables_cost_as_much_as_the_shape_that_symbols_have(shape):
    level = 20
    counts = np.zeros((LEVELS, OFFSETS, 2 * REACH + 1))
    counts[level] = basis()[shape, level]
    weights = fitted(1e6 * counts)
    tables = mixed(weights)[level]
    cost = -(counts[level] * np.log2(tables / tables.sum(1, keepdims=True))).sum() / OFFSETS
    least = -(counts[level] * np.log2(np.maximum(counts[level], 1e-30))).sum() / OFFSETS
    assert least <= cost < least + 0.003
    assert weights[0, 0] == 1  # nothing was counted
    assert (weights.sum(1) == 1).all()
