"""The histogram likelihood against its closed forms."""

import math

import pytest
import torch

from isthmus.parts.likelihoods.histogram import OUTSIDE, Histogram
from isthmus.support.errors import InputError


def built(bins, x_shape=(1,)):
    likelihood = Histogram(bins)
    likelihood.build(x_shape)
    return likelihood


def test_the_density_integrates_to_one():
    likelihood, y = built(5), 2 * torch.randn(1, 5)
    x = torch.linspace(-15, 16, 310_001, dtype=torch.float64)[:, None]
    density = torch.exp(-likelihood.error(y.double().expand(len(x), -1), x))
    assert torch.trapezoid(density[:, 0], x[:, 0]).item() == pytest.approx(1, abs=1e-3)


def test_inside_it_is_the_bar_and_outside_it_falls():
    likelihood, y = built(4), torch.log(torch.tensor([[0.1, 0.2, 0.3, 0.4]]))
    inside = likelihood.error(y.expand(2, -1), torch.tensor([[0.3], [1.0]]))
    expected = -torch.log(torch.tensor([[0.2], [0.4]]) * 4 * (1 - OUTSIDE))
    torch.testing.assert_close(inside, expected)
    outside = likelihood.error(y.expand(2, -1), torch.tensor([[-2.0], [4.0]]))
    torch.testing.assert_close(outside, torch.tensor([[2.0], [3.0]]) - math.log(OUTSIDE / 2))


def test_draws_and_mean_are_those_of_the_density():
    likelihood = built(4)
    p = torch.tensor([0.1, 0.2, 0.3, 0.4])
    y = torch.log(p).expand(40_000, -1)
    drawn = likelihood.sample(y)
    assert drawn.min() >= 0 and drawn.max() <= 1
    torch.testing.assert_close(torch.histc(drawn, 4, 0, 1) / len(y), p, atol=0.01, rtol=0)
    assert drawn.mean().item() == pytest.approx(likelihood.mean(y[:1]).item(), abs=0.01)


def test_elements_may_differ_in_their_bars():
    likelihood = built((2, 5), (2,))
    assert likelihood.shape((2,)) == (10,)
    y = torch.randn(2000, 10)
    x = likelihood.sample(y)
    assert torch.isfinite(likelihood.error(y, x)).all()
    y = torch.full((4000, 10), -30.0)
    y[:, [1, 2, 3, 4]], y[:, 7] = 30.0, 30.0  # of the first element only two bars are there: logit 1 is the upper one
    x = likelihood.sample(y)
    assert x[:, 0].min() >= 0.5
    assert x[:, 1].min() >= 0.4 and x[:, 1].max() <= 0.6


def test_pixels_have_bars_too():
    likelihood = built(3, (2, 4, 5))
    assert likelihood.shape((2, 4, 5)) == (6, 4, 5)
    y, x = torch.randn(7, 6, 4, 5), torch.rand(7, 2, 4, 5)
    error = likelihood.error(y, x)
    assert error.shape == likelihood.mean(y).shape == likelihood.sample(y).shape == x.shape
    assert likelihood.link(x).shape == y.shape
    probabilities = torch.softmax(y[0, 3:, 1, 2], 0)
    bar = min(int(3 * x[0, 1, 1, 2]), 2)
    assert error[0, 1, 1, 2].item() == pytest.approx(-math.log(probabilities[bar] * 3 * (1 - OUTSIDE)), abs=1e-5)


def test_bars_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="bins=0 .* at least one bar"):
        Histogram(0)
    with pytest.raises(InputError, match="bars of 2 elements, but the rows have shape"):
        built((2, 5), (3,))
