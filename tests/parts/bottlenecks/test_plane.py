"""Planes of whole numbers and their residuals."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.parts.bottlenecks.plane import numbers_of, residuals


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**31))
def test_residuals_give_the_numbers_back(height, width, seed):
    numbers = torch.randint(-500, 500, (2, 3, height, width), generator=torch.Generator().manual_seed(seed)).float()
    assert torch.equal(numbers_of(residuals(numbers)), numbers)


@pytest.mark.parametrize(("down", "right"), [(0, 3), (2, 0)])
def test_a_slope_along_an_axis_leaves_nothing_inside(down, right):
    rows, columns = torch.meshgrid(torch.arange(6.0), torch.arange(5.0), indexing="ij")
    left = residuals((7 + down * rows + right * columns)[None, None])
    assert left[0, 0, 0, 0] == 7
    assert not left[0, 0, 1:, 1:].any()


def test_gradients_pass_as_if_residuals_were_numbers():
    values = torch.tensor([[[[1.0, 2.0], [3.0, 5.0]]]], requires_grad=True)
    (numbers_of(values) * torch.arange(4.0).view(1, 1, 2, 2)).sum().backward()
    assert torch.equal(values.grad, torch.arange(4.0).view(1, 1, 2, 2))
