"""Members: each learns from its own copy of a batch, and what they rebuild is averaged."""

import pytest
import torch

from isthmus import Autoencoder, Denoising, InputError
from isthmus.core.interfaces import Sizes, UserNet
from isthmus.core.model import Model
from isthmus.core.objective import Reconstruction
from isthmus.core.part import lookup
from isthmus.core.records import Batch
from isthmus.parts.catalogue import load_all

load_all()


@pytest.fixture
def members():
    torch.manual_seed(0)
    made = lookup("net/ensemble")(lookup("net/mlp")((8,)), 3)
    made.build(Sizes((5,), 2, 2, (5,), members=3))
    for weight in made.parameters():
        torch.nn.init.normal_(weight)
    return made


def test_the_mean_of_the_members_is_rebuilt(members):
    members.eval()
    batch = Batch(x := torch.randn(7, 5), x)
    each = [net.decode(net.encode(batch)) for net in members.nets]
    found = members.decode(members.encode(batch))
    torch.testing.assert_close(found, sum(each) / 3)
    assert not torch.allclose(each[0], each[1])


def test_a_copy_of_the_batch_is_seen_by_its_member_alone(members):
    rows = torch.randn(4, 5)
    batch = Batch(rows, rows).repeated(members.copies)
    found = members.decode(members.encode(batch), batch)
    each = [net.decode(net.encode(Batch(rows, rows))) for net in members.nets]
    torch.testing.assert_close(found, torch.cat(each))
    found[4:8].sum().backward()
    moved = [any(weight.grad.abs().sum() > 0 for weight in net.parameters()) for net in members.nets]
    assert moved == [False, True, False]


def test_a_step_counts_each_row_once():
    x = torch.randn(6, 5)
    seen = []

    def corrupted(batch):
        seen.append(len(batch))
        return batch

    known = Autoencoder(Denoising(members=2), 2, epochs=1, verbose=False).fit(x)
    objective = Reconstruction(known.objective_.model.train(), corrupted)
    [(_, loss, terms)] = objective.steps(Batch(x, x), 0.0)
    assert seen == [12]
    assert terms["error"].shape == (6,)
    torch.testing.assert_close(loss, terms["error"].mean() / 5)


def test_as_many_members_as_divide_the_code():
    parts = lookup("net/ensemble")(members=4), lookup("bottleneck/plain")(), lookup("likelihood/squared")()
    model = Model(*parts, (5,), 6)
    assert model.net.copies == len(model.net.nets) == 2
    assert model.sizes.z == 3


def test_several_rebuild_better_than_one():
    torch.manual_seed(0)
    X = torch.sin(torch.randn(400, 2) @ torch.randn(2, 6))
    errors = {}
    for count in (1, 4):
        model = Autoencoder(Denoising(level=0.3, members=count), 2, epochs=20, random_state=0, verbose=False)
        errors[count] = model.fit(X[:300]).reconstruction_error(X[300:]).mean()
        assert model.transform(X).shape == (400, 2 * count)
    assert errors[4] < errors[1]


@pytest.mark.parametrize("knobs", [{"members": 0}, {"members": 1.5}, {"members": True}, {"net": UserNet}])
def test_wrong_members_are_named(knobs):
    if knobs.get("net"):
        knobs = {"net": UserNet(Both())}
    with pytest.raises(InputError, match="member"):
        lookup("net/ensemble")(**knobs)


class Both(torch.nn.Module):
    """A user's own module."""

    def encode(self, x):
        return x

    def decode(self, z):
        return z


def test_the_prior_draws_codes_as_long_as_those_of_all_members():
    x = torch.randn(20, 5)
    known = Autoencoder(Denoising(members=2), 2, epochs=1, verbose=False).fit(x)
    assert known.prior_.sample(3).shape == known.transform(x[:3]).shape
