"""Clipping: gradients come out as long as typical, whatever their scale."""

import pytest
import torch

from isthmus.core.training.clipping import Clipping


def lengths_after(gradients, longest=1.0, replicas=1):
    """Return the length of each gradient after clipping, those of replicas apart."""
    clipping, found = Clipping(longest), []
    for step, gradient in enumerate(gradients):
        weight = torch.nn.Parameter(torch.zeros_like(gradient))
        weight.grad = gradient.clone()
        clipping("model", [weight], replicas, step)
        found.append(weight.grad.reshape(replicas, -1).norm(dim=1))
    return torch.stack(found)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_what_is_longer_than_typical_is_shortened_whatever_its_unit(scale):
    typical, long, short = (scale * length * torch.tensor([0.6, 0.8]) for length in (1, 100, 0.5))
    found = lengths_after([typical] * 60 + [long, short]) / scale
    assert torch.allclose(found[:60], torch.ones(60, 1))
    assert found[60] == pytest.approx(100 ** (1 / 50), rel=1e-4)  # the geometric mean, this gradient included
    assert found[61] == pytest.approx(0.5)


def test_a_direction_is_kept():
    clipping, weights = Clipping(1.0), [torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(1))]
    for step, gradient in enumerate(([0.0, 1.0, 0.0], [30.0, 0.0, 40.0])):
        weights[0].grad, weights[1].grad = torch.tensor(gradient[:2]), torch.tensor(gradient[2:])
        clipping("model", weights, 1, step)
    joined = torch.cat([weight.grad for weight in weights])
    assert torch.allclose(joined / joined.norm(), torch.tensor([0.6, 0.0, 0.8]))
    assert joined.norm() == pytest.approx(50**0.5)


def test_each_replica_is_clipped_by_itself():
    first, second = torch.tensor([[3.0, 4.0], [0.3, 0.4]]), torch.tensor([[0.3, 0.4], [3.0, 4.0]])
    found = lengths_after([first, second], replicas=2)
    assert torch.allclose(found, torch.tensor([[5.0, 0.5], [0.5, 2.5**0.5]]))


def test_gradients_of_zero_change_nothing():
    zero, one = torch.zeros(2), torch.tensor([0.6, 0.8])
    assert lengths_after([zero, zero, one, zero, 3 * one])[:, 0] == pytest.approx([0, 0, 1, 0, 3**0.2])
