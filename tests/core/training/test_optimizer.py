import pytest
import torch
from torch import nn

from isthmus.core.training.optimizer import LENGTH, AdamWithMuon, orthogonal
from isthmus.core.training.state import load_optimizer, optimizer_tensors, plain_groups
from isthmus.parts.layers import kernels

RATE = 0.01


def weights(*shape, seed=0):
    return nn.Parameter(torch.randn(shape, generator=torch.Generator().manual_seed(seed)))


def optimizer(*params, **group):
    return AdamWithMuon([{"params": list(params), **group}], lr=RATE, weight_decay=0.0)


def stepped(weight, gradients, **group):
    of, weight = {"orthogonal": True, **group}, nn.Parameter(weight.detach().clone())
    steps = optimizer(weight, **of)
    for gradient in gradients:
        weight.grad = gradient
        steps.step()
    return weight.detach()


@pytest.mark.parametrize("shape", [(5, 5), (4, 90), (90, 4), (3, 16, 32)])
def test_the_result_has_the_directions_of_a_matrix_and_each_about_as_strong(shape):
    matrices = weights(*shape).detach()
    u, _, vt = torch.linalg.svd(matrices, full_matrices=False)
    strengths = u.mT @ orthogonal(matrices) @ vt.mT
    each = strengths.diagonal(dim1=-2, dim2=-1)
    assert (strengths - torch.diag_embed(each)).abs().max() < 1e-4
    strong = each[torch.linalg.svdvals(matrices) > 0.1 * torch.linalg.matrix_norm(matrices)[..., None]]
    assert strong.min() > 0.6 and strong.max() < 1.3


def test_no_gradient_changes_nothing():
    assert not orthogonal(torch.zeros(3, 4)).any()
    weight = weights(3, 4)
    torch.testing.assert_close(stepped(weight, [torch.zeros(3, 4)]), weight.detach(), rtol=0, atol=0)
    assert torch.equal(stepped(weight, [None]), weight.detach())


@pytest.mark.parametrize("shape", [(48, 432), (64, 16, 2, 2), (16, 8, 3)])
def test_a_step_is_as_long_whatever_the_scale_of_the_gradient(shape):
    weight, gradient = weights(*shape), weights(*shape, seed=1).detach()
    step = stepped(weight, [gradient]) - weight.detach()
    assert step.square().mean().sqrt() == pytest.approx(LENGTH * RATE, rel=0.25)
    assert (step * gradient).sum() < 0
    torch.testing.assert_close(stepped(weight, [1000 * gradient]), weight.detach() + step, rtol=0, atol=1e-6)


def test_a_kernel_is_a_matrix_of_its_output_channels():
    kernel, gradient = weights(6, 3, 2, 2), weights(6, 3, 2, 2, seed=1).detach()
    matrix = stepped(nn.Parameter(kernel.detach().flatten(1)), [gradient.flatten(1)])
    torch.testing.assert_close(stepped(kernel, [gradient]), matrix.view_as(kernel))


def test_each_replica_has_a_matrix_of_its_own():
    both, gradients = weights(2, 6, 9), weights(2, 6, 9, seed=1).detach()
    alone = [stepped(both.detach()[at], [gradients[at]]) for at in range(2)]
    torch.testing.assert_close(stepped(both, [gradients], stacked=True), torch.stack(alone))


def test_other_groups_are_trained_by_adamw():
    ours, theirs, kernel = weights(4, 3), weights(4, 3), weights(5, 5)
    mixed = AdamWithMuon([{"params": [kernel], "orthogonal": True}, {"params": [ours]}], lr=RATE, weight_decay=0.1)
    adamw = torch.optim.AdamW([theirs], lr=RATE, weight_decay=0.1)
    for seed in range(3):
        ours.grad, theirs.grad = (weights(4, 3, seed=seed).detach() for _ in range(2))
        kernel.grad = weights(5, 5, seed=seed).detach()
        mixed.step()
        adamw.step()
    assert torch.equal(ours, theirs) and len(mixed.param_groups) == 2
    assert not torch.equal(kernel, weights(5, 5))


def test_weights_decay():
    weight = weights(4, 3)
    kept = stepped(weight, [torch.zeros(4, 3)], weight_decay=0.5)
    torch.testing.assert_close(kept, weight.detach() * (1 - RATE * 0.5))


def test_training_goes_on_bit_for_bit_from_saved_moments():
    gradients = [weights(4, 6, seed=seed).detach() for seed in range(4)]
    first = weights(4, 6)
    whole = stepped(first, gradients)
    begun = nn.Parameter(first.detach().clone())
    steps = optimizer(begun, orthogonal=True)
    for gradient in gradients[:2]:
        begun.grad = gradient
        steps.step()
    again = nn.Parameter(begun.detach().clone())
    resumed = optimizer(again, orthogonal=True)
    load_optimizer(resumed, plain_groups(steps), optimizer_tensors(steps))
    for gradient in gradients[2:]:
        again.grad = gradient
        resumed.step()
    assert torch.equal(again, whole)


def test_kernels_are_matrices_of_layers_and_nothing_else():
    layers = nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Linear(4, 1), nn.ConvTranspose1d(4, 2, 2), nn.BatchNorm2d(3)
    assert [tuple(weight.shape) for weight in kernels(nn.Sequential(*layers))] == [(4, 1, 3, 3), (4, 2, 2)]
