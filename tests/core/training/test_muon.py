"""Muon: orthogonal steps for hidden layers, AdamW's for all others."""

import copy

import pytest
import torch

from isthmus import Autoencoder, Images
from isthmus.core.training.muon import SIZE, Muon, orthogonal
from isthmus.parts.nets.unet import UNet

KNOBS = {"lr": 0.01, "betas": (0.9, 0.99), "weight_decay": 0.1}


def weights(*shapes, seed=0):
    torch.manual_seed(seed)
    return [torch.nn.Parameter(torch.randn(shape)) for shape in shapes]


def stepped(optimizer, weights, seed=1, steps=3):
    torch.manual_seed(seed)
    for _ in range(steps):
        for weight in weights:
            weight.grad = torch.randn(weight.shape)
        optimizer.step()
    return [weight.detach().clone() for weight in weights]


@pytest.mark.parametrize("shape", [(1, 20, 90), (3, 90, 20)])
def test_a_matrix_becomes_nearly_orthogonal_with_its_own_axes(shape):
    torch.manual_seed(0)
    matrices = torch.randn(shape)
    matrices[:, 0] *= 30
    made = orthogonal(matrices)
    values = torch.linalg.svdvals(made)
    assert values.min() > 0.6 and values.max() < 1.3
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    assert torch.cosine_similarity(made.flatten(1), (u @ v).flatten(1)).min() > 0.98
    torch.testing.assert_close(orthogonal(1000 * matrices), made, atol=1e-4, rtol=0)
    assert torch.equal(orthogonal(torch.zeros(1, 3, 4)), torch.zeros(1, 3, 4))


def test_groups_that_are_not_hidden_take_the_steps_of_adamw():
    ours, theirs = weights((4, 5), (6,)), weights((4, 5), (6,))
    made = stepped(Muon([{"params": ours}], **KNOBS), ours)
    for one, other in zip(made, stepped(torch.optim.AdamW(theirs, **KNOBS), theirs), strict=True):
        assert torch.equal(one, other)


def test_a_step_of_a_hidden_layer_has_the_size_that_is_said_and_decays_it():
    (weight,) = weights((8, 6, 3, 3))
    before = weight.detach().clone()
    (after,) = stepped(Muon([{"params": [weight], "hidden": True}], **KNOBS), [weight], steps=1)
    step = (after - (1 - KNOBS["lr"] * KNOBS["weight_decay"]) * before) / KNOBS["lr"]
    assert step.square().mean().sqrt() == pytest.approx(SIZE, rel=0.15)


def test_replicas_take_the_steps_that_each_would_take():
    (stacked,) = weights((3, 8, 6, 3, 3))
    apart = [torch.nn.Parameter(one.detach().clone()) for one in stacked]
    torch.manual_seed(1)
    stacked.grad = torch.randn(stacked.shape)
    for one, gradient in zip(apart, stacked.grad.clone(), strict=True):
        one.grad = gradient
    Muon([{"params": [stacked], "hidden": True, "stacked": True}], **KNOBS).step()
    Muon([{"params": apart, "hidden": True}], **KNOBS).step()
    torch.testing.assert_close(stacked, torch.stack([one.detach() for one in apart]))


def test_it_continues_from_its_state():
    ours = weights((8, 6, 3, 3), (4, 5))
    groups = [{"params": ours[:1], "hidden": True}, {"params": ours[1:]}]
    first = Muon(groups, **KNOBS)
    stepped(first, ours)
    copies = [torch.nn.Parameter(weight.detach().clone()) for weight in ours]
    second = Muon([{"params": copies[:1], "hidden": True}, {"params": copies[1:]}], **KNOBS)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for one, other in zip(stepped(first, ours, seed=2), stepped(second, copies, seed=2), strict=True):
        assert torch.equal(one, other)


def test_a_net_that_restores_names_the_weights_between_its_first_layer_and_its_last():
    ae = Autoencoder("denoising", 3, net=UNet((4, 5), (1, 1)), data=Images(crop=16), epochs=1, random_state=0)
    objective = ae.set_params(verbose=False).fit(torch.rand(4, 16, 16).numpy()).objective_
    matrices, vectors, hidden = objective.players()["model"]
    counted = [weight for group in (matrices, vectors, hidden) for weight in group["params"]]
    assert len(counted) == len({id(weight) for weight in counted}) == len(list(objective.parameters()))
    assert hidden["hidden"] and len(hidden["params"]) == 2 * 2 * 2 + 2
    body = objective.model.net.body
    assert not {id(body.first.weight), id(body.last.weight)} & {id(weight) for weight in hidden["params"]}
