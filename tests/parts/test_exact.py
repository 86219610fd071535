"""Exact layers: every way to compute them gives the same numbers."""

import numpy as np
import pytest
import torch

from isthmus.parts.exact import (
    ACTIVATION,
    MAX_ACTIVATION,
    WEIGHT,
    ExactConv,
    activated,
    rounded,
    single_is_exact,
    table_of,
)


def whole(x, parts):
    numbers = np.asarray(x.detach(), np.float64) * parts
    assert (numbers == np.round(numbers)).all()
    return numbers.astype(np.int64)


def by_hand(layer, x):
    """The sums of a layer over one axis, in whole numbers."""
    inputs = whole(x, ACTIVATION)
    weight = whole(rounded(layer.weight.clamp(-127 / WEIGHT, 127 / WEIGHT), WEIGHT), WEIGHT)
    bias = whole(rounded(layer.bias, WEIGHT * ACTIVATION), WEIGHT * ACTIVATION)
    margin = layer.side // 2
    padded = np.pad(inputs, ((0, 0), (0, 0), (margin, margin)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, layer.side, axis=2)
    return np.einsum("nctk,ock->not", windows, weight) + bias[:, None]


@pytest.mark.parametrize(("side", "spread"), [(1, 0.1), (3, 0.3), (5, 20.0)])
def test_sums_are_those_of_whole_numbers(side, spread):
    torch.manual_seed(0)
    layer = ExactConv(300, 40, side, axes=1)
    with torch.no_grad():
        layer.weight.mul_(spread / layer.weight.std())
        layer.bias.copy_(torch.randn(40))
        x = table_of(torch.rand(3, 300, 50) * 2 * MAX_ACTIVATION - MAX_ACTIVATION)
        sums = layer.eval()(x)
        np.testing.assert_array_equal(whole(sums, WEIGHT * ACTIVATION), by_hand(layer, x))
        assert sums.dtype == (torch.float32 if spread < 1 and single_is_exact(1, side, x.device) else torch.float64)


@pytest.mark.parametrize("axes", [1, 2])
def test_training_computes_what_is_used(axes):
    torch.manual_seed(0)
    layer = ExactConv(16, 8, 3, axes)
    x = table_of(torch.rand(2, 16, *[9, 7][:axes]) * 8)
    trained = activated(layer.train()(x))
    assert torch.equal(trained, activated(layer.eval()(x)))
    trained.sum().backward()
    assert layer.weight.grad.abs().sum() > 0


@pytest.mark.filterwarnings("ignore:TF32 acceleration")
def test_threads_and_order_in_memory_change_nothing():
    torch.manual_seed(0)
    layer = ExactConv(96, 64, 3, 2).eval()
    x = table_of(torch.rand(1, 96, 40, 56) * 16)
    before = torch.get_num_threads()
    with torch.no_grad():
        try:
            results = []
            for threads in (1, 2):
                torch.set_num_threads(threads)
                for each in (x, x.contiguous(memory_format=torch.channels_last)):
                    results.append(layer(each))
                    with torch.backends.mkldnn.flags(enabled=False):
                        results.append(layer(each))
        finally:
            torch.set_num_threads(before)
    assert all(torch.equal(result, results[0]) for result in results)


def test_activations_are_whole_numbers_in_bounds():
    sums = torch.tensor([-3.0, 0.03, 0.04, 1.0, 17.0])
    torch.testing.assert_close(activated(sums), torch.tensor([0.0, 0.0, 0.0625, 1.0, MAX_ACTIVATION]), rtol=0, atol=0)
