"""Contracts that every part keeps: a new part is tested by existing."""

import json

import pytest
import torch

from isthmus.core.interfaces import Sizes, per_sample
from isthmus.core.model import Model
from isthmus.core.part import arguments, build, describe, lookup, names, unbuilt_copy
from isthmus.core.records import Batch
from isthmus.parts.catalogue import load_all

load_all()

ARGUMENTS = {
    "likelihood/mixed": {"groups": (("squared", 3), ("categorical", 4), ("bernoulli", 1))},
}


def made(kind, name):
    return lookup(f"{kind}/{name}")(**ARGUMENTS.get(f"{kind}/{name}", {}))


def all_of(kind):
    return pytest.mark.parametrize("name", names(kind))


def rows_for(likelihood, n=16):
    """Return x that the likelihood can be asked about."""
    name = type(likelihood).part_name
    if name == "likelihood/categorical":
        return torch.nn.functional.one_hot(torch.randint(5, (n,)), 5).float()
    if name == "likelihood/mixed":
        one_hot = torch.nn.functional.one_hot(torch.randint(4, (n,)), 4).float()
        return torch.cat([torch.randn(n, 3), one_hot, torch.randint(2, (n, 1)).float()], 1)
    return torch.rand(n, 5)


@pytest.mark.parametrize(
    "kind", ["net", "bottleneck", "likelihood", "corruption", "penalty", "schedule", "prior", "score"]
)
def test_every_part_survives_json(kind):
    assert names(kind)
    for name in names(kind):
        part = made(kind, name)
        again = build(json.loads(json.dumps(describe(part))))
        assert type(again) is type(part)
        assert describe(again) == describe(part) == describe(unbuilt_copy(part))
        assert lookup(f"{kind}/{name}").__doc__


@all_of("net")
@pytest.mark.parametrize("x", [(1, 12, 12), (3, 9, 7), (1, 28, 28), (1, 1, 3), (2, 21)])
@pytest.mark.parametrize("condition", [0, 3])
def test_nets_join_the_sizes(name, x, condition):
    net = made("net", name)
    sizes = Sizes(x, 8, 4, (2 * x[0], *x[1:]), condition)
    net.build(sizes)
    image = torch.rand(6, *x)
    batch = Batch(image, image, condition={"c": torch.rand(6, 3)} if condition else {})
    h = net.encode(batch)
    y = net.decode(h[:, :4], batch)
    assert h.shape == (6, 8)
    assert y.shape == (6, *sizes.y)
    (h.sum() + y.sum()).backward()
    assert all(p.grad is not None for p in net.parameters())
    if condition:
        with pytest.raises(ValueError, match="condition"):
            net.decode(h[:, :4])


@all_of("net")
def test_nets_start_no_worse_than_the_mean_row(name):
    torch.manual_seed(0)
    net = made("net", name)
    x = torch.rand(200, 1, 8, 8)
    model = Model(net, lookup("bottleneck/plain")(), lookup("likelihood/squared")(), (1, 8, 8), 4)
    batch = Batch(x, x)
    model.initialize(batch)
    assert model.eval()(batch).terms["error"].mean() < per_sample((x - x.mean(0)).square()).mean()


@all_of("net")
def test_rows_do_not_see_each_other(name):
    net = made("net", name)
    net.build(Sizes((1, 8, 8), 4, 4, (1, 8, 8)))
    net.eval()
    x = torch.rand(5, 1, 8, 8)
    alone = torch.cat([net.decode(net.encode(Batch(row[None], row[None]))) for row in x])
    torch.testing.assert_close(net.decode(net.encode(Batch(x, x))), alone, rtol=1e-4, atol=1e-5)


@all_of("bottleneck")
def test_bottlenecks_give_codes(name):
    bottleneck = made("bottleneck", name)
    bottleneck.build(6)
    h = torch.randn(64, bottleneck.width(6))
    bottleneck.initialize(h)
    h.requires_grad_()
    code = bottleneck.train()(h)
    assert code.z.shape == (64, 6)
    assert all(term.shape == (64,) for term in code.terms.values())
    (code.z.sum() + sum(term.sum() for term in code.terms.values())).backward()
    assert torch.isfinite(h.grad).all()
    bottleneck.eval()
    assert torch.equal(bottleneck(h).z, bottleneck(h).z)


@all_of("likelihood")
def test_likelihoods_compare_elementwise(name):
    likelihood = made("likelihood", name)
    x = rows_for(likelihood)
    likelihood.build(tuple(x.shape[1:]))
    y = torch.randn(len(x), *likelihood.shape(tuple(x.shape[1:])), requires_grad=True)
    error = likelihood.error(y, x)
    assert error.shape == x.shape
    error.sum().backward()
    assert torch.isfinite(y.grad).all()
    assert likelihood.mean(y).shape == likelihood.sample(y).shape == x.shape


@all_of("likelihood")
def test_the_link_leads_to_x(name):
    likelihood = made("likelihood", name)
    x = rows_for(likelihood)
    likelihood.build(tuple(x.shape[1:]))
    y = likelihood.link(x)
    assert y.shape == (len(x), *likelihood.shape(tuple(x.shape[1:])))
    torch.testing.assert_close(likelihood.mean(y), x, atol=0.03, rtol=0)


@all_of("likelihood")
def test_the_truth_has_the_least_error(name):
    likelihood = made("likelihood", name)
    x = rows_for(likelihood)
    likelihood.build(tuple(x.shape[1:]))
    right = likelihood.error(likelihood.link(x), x).sum()
    wrong = likelihood.error(likelihood.link(x.flip(0)), x).sum()
    assert right < wrong


@all_of("corruption")
@pytest.mark.parametrize("shape", [(3, 10, 10), (12,)])
def test_corruptions_spoil_only_what_the_encoder_sees(name, shape):
    corruption = made("corruption", name)
    x = torch.rand(50, *shape)
    feature = torch.arange(12) // 3 if len(shape) == 1 else None
    before = x.clone()
    batch = corruption(Batch(x, x, feature=feature))
    assert torch.equal(x, before)
    assert batch.corrupted.shape == x.shape
    assert not torch.equal(batch.corrupted, x)
    assert name == "binarize" or torch.equal(batch.x, x)
    if batch.masked is not None:
        assert torch.equal(batch.corrupted[~batch.masked], x[~batch.masked])
        assert (batch.corrupted[batch.masked] == 0).all()


@all_of("penalty")
def test_penalties_are_per_sample_and_pull(name):
    penalty = made("penalty", name)
    bottleneck = lookup("bottleneck/plain")(activation="sigmoid")
    model = Model(lookup("net/mlp")((8,)), bottleneck, lookup("likelihood/squared")(), (10,), 6)
    x = torch.rand(32, 10)
    model.initialize(Batch(x, x))
    term = penalty(model(Batch(x, x)), model)
    assert term.shape == (32,)
    assert (term >= 0).all()
    term.sum().backward()
    assert model.net.encoder.linear.weight.grad.abs().sum() > 0


@all_of("schedule")
def test_schedules_are_numbers_over_training(name):
    schedule = made("schedule", name)
    assert all(0 <= schedule(t / 20) <= 1 for t in range(21))


@all_of("prior")
@pytest.mark.parametrize("positions", [(), (5,), (4, 6)])
def test_priors_fit_draw_and_weigh_codes(name, positions):
    torch.manual_seed(0)
    unfitted = lookup(f"prior/{name}")()
    codes = torch.randn(400, *positions, 4)
    prior = unfitted.fit(codes, {"label": torch.zeros(400, 1)})
    assert type(prior) is type(unfitted) and prior is not unfitted
    assert prior.sample(7, positions).shape == (7, *positions, 4)
    assert prior.sample(2000, positions, temperature=0.1).std() < 0.9 * prior.sample(2000, positions).std()
    log_prob = prior.log_prob(codes)
    assert log_prob.shape == (400,)
    assert (prior.log_prob(codes + 5) < log_prob).all()
    one_by_one = prior.log_prob(codes.reshape(-1, 4)).reshape(400, -1).sum(1)
    torch.testing.assert_close(log_prob, one_by_one, msg="a prior of vectors sums over positions")
    again = build(describe(prior))
    again.load_state_dict(prior.state_dict())
    torch.testing.assert_close(again.log_prob(codes), log_prob)


def test_every_argument_is_documented():
    for kind in ("net", "bottleneck", "likelihood", "corruption", "penalty", "prior"):
        for name in names(kind):
            doc = lookup(f"{kind}/{name}").__doc__
            for argument in arguments(made(kind, name)):
                assert argument in doc, f"{kind}/{name} does not say what {argument} is"
