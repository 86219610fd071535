"""Contracts that every part keeps: a new part is tested by existing."""

import json

import pytest
import torch

from isthmus.core.graphs import Scored
from isthmus.core.interfaces import Sizes, per_sample
from isthmus.core.model import Model
from isthmus.core.objective import Reconstruction
from isthmus.core.part import arguments, build, describe, lookup, names, unbuilt_copy
from isthmus.core.records import Batch
from isthmus.data.images.images import Images
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import InputError

load_all()

ARGUMENTS = {
    "likelihood/mixed": {"groups": (("squared", 3), ("categorical", 4), ("bernoulli", 1))},
    "corruption/recorded-noise": {"noise": (0.5, -0.25, 0.125)},
    "corruption/hum": {"rate": 8000},
    "corruption/composed": {"corruptions": (lookup("corruption/salt-and-pepper")(), lookup("corruption/gaussian")())},
    "corruption/one-of": {"corruptions": (lookup("corruption/salt-and-pepper")(), lookup("corruption/gaussian")())},
    "features/module": {"module": lookup("features/pixels")(), "maps": 192, "stride": 4},
}


def made(kind, name):
    return lookup(f"{kind}/{name}")(**ARGUMENTS.get(f"{kind}/{name}", {}))


def all_of(kind):
    return pytest.mark.parametrize("name", names(kind))


SPECIAL = ("windows_only", "images_only")
each_net = pytest.mark.parametrize(
    "name", [name for name in names("net") if not any(getattr(lookup(f"net/{name}"), what) for what in SPECIAL)]
)
"""Those of waveforms or of images alone are in tests/parts/nets, test_spectral.py and test_lapped_transform.py."""


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
    "kind", ["net", "bottleneck", "likelihood", "corruption", "penalty", "schedule", "prior", "score", "features"]
)
def test_every_part_survives_json(kind):
    assert names(kind)
    for name in names(kind):
        part = made(kind, name)
        again = build(json.loads(json.dumps(describe(part))))
        assert type(again) is type(part)
        assert describe(again) == describe(part) == describe(unbuilt_copy(part))
        assert lookup(f"{kind}/{name}").__doc__


@each_net
@pytest.mark.parametrize("x", [(1, 12, 12), (3, 9, 7), (1, 28, 28), (1, 1, 3), (2, 21)])
@pytest.mark.parametrize("condition", [0, 3])
def test_nets_join_the_sizes(name, x, condition):
    net = made("net", name)
    sizes = Sizes(x, 8, 4, (2 * x[0], *x[1:]), condition)
    net.build(sizes)
    image = torch.rand(6, *x)
    batch = Batch(image, image, condition={"c": torch.rand(6, 3)} if condition else {})
    h, *skips = encoded(net, batch)
    y = net.decode(h[..., :4], batch, *skips)
    assert h.shape == (6, *net.positions(x), 8)
    assert y.shape == (6, *sizes.y)
    (h.sum() + y.sum()).backward()
    assert all(p.grad is not None for p in net.parameters())
    if condition:
        with pytest.raises(ValueError, match="condition"):
            net.decode(h[..., :4], None, *skips)


def encoded(net, batch):
    """Return h, and the skip connections of nets that have them."""
    h = net.encode(batch)
    assert isinstance(h, tuple) == net.reconstructs_only
    return h if net.reconstructs_only else (h,)


@each_net
def test_nets_start_no_worse_than_the_mean_row(name):
    torch.manual_seed(0)
    net = made("net", name)
    x = torch.rand(200, 1, 8, 8)
    model = Model(net, lookup("bottleneck/plain")(), lookup("likelihood/squared")(), (1, 8, 8), 4)
    batch = Batch(x, x)
    model.initialize(batch)
    assert model.eval()(batch).terms["error"].mean() < per_sample((x - x.mean(0)).square()).mean()


@each_net
def test_rows_do_not_see_each_other(name):
    net = made("net", name)
    net.build(Sizes((1, 8, 8), 4, 4, (1, 8, 8)))
    net.eval()
    x = torch.rand(5, 1, 8, 8)

    def passed(x):
        h, *skips = encoded(net, batch := Batch(x, x))
        return net.decode(h, batch, *skips)

    alone = torch.cat([passed(row[None]) for row in x])
    torch.testing.assert_close(passed(x), alone, rtol=1e-4, atol=1e-5)


POSITIONS = pytest.mark.parametrize("positions", [(), (5,), (4, 6)])


@all_of("bottleneck")
@POSITIONS
@pytest.mark.parametrize("latent_dim", [5, 6])  # 5 and 6 are lengths of axes of positions too
def test_bottlenecks_give_codes(name, positions, latent_dim):
    bottleneck = made("bottleneck", name)
    bottleneck.build(latent_dim)
    h = torch.randn(64, *positions, bottleneck.width(latent_dim))
    bottleneck.initialize(h)
    h.requires_grad_()
    code = bottleneck.train()(h)
    assert code.z.shape == (64, *positions, latent_dim)
    assert all(term.shape == (64,) for term in code.terms.values())
    (code.z.sum() + sum(term.sum() for term in code.terms.values())).backward()
    assert torch.isfinite(h.grad).all()
    bottleneck.eval()
    assert torch.equal(bottleneck(h).z, bottleneck(h).z)


@all_of("bottleneck")
@pytest.mark.parametrize("positions", [(5,), (4, 6)])
def test_in_eval_mode_a_position_is_coded_as_a_vector_code_is(name, positions):
    bottleneck = made("bottleneck", name)
    bottleneck.build(6)
    h = torch.randn(32, *positions, bottleneck.width(6))
    bottleneck.initialize(h)
    bottleneck.eval()
    flat = bottleneck(h.flatten(0, -2))
    code = bottleneck(h)
    torch.testing.assert_close(code.z.flatten(0, -2), flat.z)
    for term, value in code.terms.items():
        torch.testing.assert_close(value, flat.terms[term].view(32, -1).sum(1))


@all_of("bottleneck")
@pytest.mark.parametrize("net", ["ensemble", "masked-ensemble"])
def test_members_are_coded_each_by_itself_or_refused(name, net):
    torch.manual_seed(0)
    bottleneck, x = made("bottleneck", name), torch.rand(30, 7)
    parts = lookup(f"net/{net}")(members=2), bottleneck, lookup("likelihood/squared")(), (7,), 8
    if bottleneck.mixes_rows:
        with pytest.raises(InputError, match=f"the bottleneck '{name}' looks at all rows"):
            Model(*parts)
        return
    model = Model(*parts)
    model.initialize(Batch(x, x))
    assert model.positions() == () and model.code_size == model.latent_dim == 8
    model.eval()
    batch = Batch(x, x)
    h = model.encode(batch)
    assert h.shape == (30, 2, bottleneck.width(4))
    code = model.code(batch)
    torch.testing.assert_close(model.vectors(code.z), code.z.flatten(1))
    torch.testing.assert_close(model.shaped(model.vectors(code.z)), code.z)
    apart = [model.bottleneck(h[:, member]) for member in range(2)]
    torch.testing.assert_close(code.z, torch.stack([one.z for one in apart], 1))
    for term, value in code.terms.items():
        torch.testing.assert_close(value, sum(one.terms[term] for one in apart))
    model.train()
    output = model(batch.repeated(model.net.copies))
    assert output.code.z.shape == (30 * model.net.copies, 4)
    sum(term.sum() for term in output.terms.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@all_of("penalty")
def test_a_penalty_that_mixes_rows_takes_no_ensemble(name):
    penalty = made("penalty", name)
    model = Model(
        lookup("net/ensemble")(members=2), lookup("bottleneck/plain")(), lookup("likelihood/squared")(), (7,), 8
    )
    if penalty.mixes_rows:
        with pytest.raises(InputError, match=f"the penalty '{name}' looks at all rows"):
            Reconstruction(model, penalties={"it": penalty})
    else:
        Reconstruction(model, penalties={"it": penalty})


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


OF_IMAGES = (
    "blur",
    "jpeg",
    "scratches",
    "lettering",
    "stains",
    "folds",
    "bleed-through",
    "uneven-light",
    "pseudo-defects",
)


@all_of("corruption")
@pytest.mark.parametrize("shape", [(3, 10, 10), (12,)])
def test_corruptions_spoil_only_what_the_encoder_sees(name, shape):
    corruption = made("corruption", name)
    x = torch.rand(50, *shape)
    feature = torch.arange(12) // 3 if len(shape) == 1 else None
    before = x.clone()
    if name in OF_IMAGES and len(shape) == 1:
        with pytest.raises(InputError, match=rf"the corruption '{name}' is one of images.*\(12,\)"):
            corruption(Batch(x, x, feature=feature))
        return
    batch = corruption(Batch(x, x, feature=feature))
    assert torch.equal(x, before)
    assert batch.corrupted.shape == x.shape
    assert batch.step is not None or not torch.equal(batch.corrupted, x)  # or it leaves rows alone
    assert name == "binarize" or torch.equal(batch.x, x)
    if batch.masked is not None:
        assert torch.equal(batch.corrupted[~batch.masked], x[~batch.masked])
        assert (batch.corrupted[batch.masked] == 0).all()


@all_of("penalty")
def test_penalties_are_per_sample_and_pull(name):
    penalty = made("penalty", name)
    torch.manual_seed(0)
    bottleneck = lookup("bottleneck/plain")(activation="sigmoid")
    model = Model(lookup("net/mlp")((8,)), bottleneck, lookup("likelihood/squared")(), (10,), 6)
    x = torch.rand(32, 10)
    model.initialize(Batch(x, x))
    term = penalty(model(Batch(x, x + 0.1)), model)
    assert term.shape == (32,)
    assert (term >= 0).all()
    term.sum().backward()
    assert model.net.encoder.linear.weight.grad.abs().sum() > 0


@all_of("penalty")
@pytest.mark.parametrize("latent_dim", [2, 3])  # 3 is the length of an axis of positions too
@pytest.mark.parametrize("x", [(1, 12), (1, 12, 8)])
def test_penalties_take_codes_with_positions(name, x, latent_dim):
    penalty = made("penalty", name)
    bottleneck = lookup("bottleneck/plain")(activation="sigmoid")
    net = lookup("net/feature-map")(stride=4, width=8, blocks=1)
    model = Model(net, bottleneck, lookup("likelihood/squared")(), x, latent_dim)
    batch = Batch(rows := torch.rand(16, *x), rows + 0.1)
    model.initialize(batch)
    term = penalty(model(batch), model)
    assert term.shape == (16,)
    assert (term >= 0).all()
    term.sum().backward()
    assert model.net.encoder.linear.weight.grad.abs().sum() > 0
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


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


def feature_maps(x, typical=None, latent_dim=4):
    net = lookup("net/feature-map")(stride=4, width=8, blocks=1)
    model = Model(
        net, lookup("bottleneck/plain")(), lookup("likelihood/squared")(), x, latent_dim, typical_shape=typical
    )
    return model.eval()


@torch.no_grad()
@pytest.mark.parametrize("name", [name for name in names("score") if not lookup(f"score/{name}").images_only])
@pytest.mark.parametrize("x", [(2, 20), (2, 12, 16)])
def test_scores_take_codes_with_positions(name, x):
    model, rows = feature_maps(x), torch.rand(40, *x)
    output = model(Batch(rows, rows), False)
    if made("score", name).images_only and len(x) < 3:
        with pytest.raises(InputError, match=rf"the score '{name}' is one of images, but rows have the shape \("):
            made("score", name).fit_known([output], [output], model)
        return
    score = made("score", name).fit_known([output], [output], model)
    assert score(output, model).shape == (40,)
    contributions = score.contributions(output, model)
    assert contributions.shape == rows.shape and (contributions >= 0).all()


@torch.no_grad()
@all_of("score")
def test_scores_take_rows_of_any_size_or_are_refused(name):
    model = feature_maps((3, None, None), (3, 16, 16))
    score = made("score", name)
    if not score.any_size:
        with pytest.raises(InputError, match=f"the score '{name}' needs rows of one size.*error"):
            Scored(Images(), model, score)
        return
    outputs = [model(Batch(x, x), False) for x in (torch.rand(5, 3, 9, 21), torch.rand(4, 3, 30, 8))]
    fitted = score.fit(outputs, model)
    for output in outputs:
        assert fitted(output, model).shape == (len(output.batch),)
        assert fitted.contributions(output, model).shape == output.batch.x.shape
    bright = outputs[0].batch.x.clone()
    bright[0, 1, 4, 12] = 12.0  # beyond the range of its channel, also where it is averaged over 28 pixels
    found = fitted.contributions(model(Batch(bright, bright), False), model)[0]
    row, column = divmod(int((found.amax(0) if score.images_only else found[1]).argmax()), 21)
    near = 5 if score.images_only else 0
    assert max(abs(row - 4), abs(column - 12)) <= near


def test_every_argument_is_documented():
    for kind in ("net", "bottleneck", "likelihood", "corruption", "penalty", "prior", "features"):
        for name in names(kind):
            doc = lookup(f"{kind}/{name}").__doc__
            for argument in arguments(made(kind, name)):
                assert argument in doc, f"{kind}/{name} does not say what {argument} is"
