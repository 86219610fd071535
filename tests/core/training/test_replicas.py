import copy

import numpy as np
import pandas as pd
import pytest
import torch

from isthmus import Autoencoder
from isthmus.core.interfaces import UserNet
from isthmus.core.part import lookup, names
from isthmus.core.training.loop import Training
from isthmus.core.training.replicas import Replicas
from isthmus.data.sources.dealt import Dealt
from isthmus.estimators.run import prepare
from isthmus.parts.catalogue import load_all
from isthmus.variants import Denoising, variants

load_all()
RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(40, 6)).astype(np.float32)
IMAGES = RNG.random((24, 8, 8)).astype(np.float32)
MIXED = pd.DataFrame({"a": RNG.normal(size=40), "b": list("uvw") * 13 + ["u"], "c": [True, False] * 20})
MIXED.loc[3, "a"] = np.nan
NETS = {
    "mlp": ((16, 8), TABLE),
    "linear": ("linear", TABLE),
    "ensemble": ("ensemble", TABLE),
    "masked-ensemble": (lookup("net/masked-ensemble")(dropout=0.0), TABLE),
    "conv": ("conv", IMAGES),
    "feature-map": ("feature-map", IMAGES),
    "lapped": (lookup("net/lapped")(4, (4,), (1,)), IMAGES),
    "unet": (lookup("net/unet")((4, 5), (1, 1), noise=True), IMAGES),
}


class Own(torch.nn.Module):
    def encode(self, x):
        return x[:, :4]

    def decode(self, z):
        return torch.cat([z, z[:, :2]], 1)


def run_of(X, seed=0, **settings):
    chosen = {"latent_dim": 4, "batch_size": 16, "validation_fraction": 0.0, "epochs": 2, **settings}
    return prepare(Autoencoder(**chosen, random_state=seed, device="cpu"), X)


def started(run):
    run.objective.train()
    run.objective.initialize(run.source.sample(run.objective.sample_rows()))
    for weight in run.objective.parameters():  # layers that start at zero would hide a wrong gradient
        weight.data += 0.05 * torch.randn_like(weight)
    return run.objective


def gradients(objective, batch):
    objective.zero_grad()
    [(_, loss, terms)] = objective.steps(batch, 0.5)
    loss.backward()
    terms = {name: term.detach() for name, term in terms.items()}
    return float(loss.detach()), terms, [weight.grad for weight in objective.parameters()]


def agrees(runs):
    """Check loss, terms and gradients of replicas against those of each objective by itself."""
    objectives = [started(run) for run in runs]
    batches = [next(iter(run.source.batches("train", 0))) for run in runs]
    joined = batches[0]
    columns = {name: torch.cat([batch.columns()[name] for batch in batches]) for name in joined.columns()}
    loss, terms, grads = gradients(Replicas(objectives), type(joined).of(columns, joined.feature))
    each = [gradients(objective, batch) for objective, batch in zip(objectives, batches, strict=True)]
    assert loss == pytest.approx(sum(one[0] for one in each), rel=1e-4)
    for name, term in terms.items():
        torch.testing.assert_close(term, torch.cat([one[1][name] for one in each]), rtol=1e-3, atol=1e-5)
    for index, grad in enumerate(grads):
        own = torch.stack([torch.zeros_like(grad[0]) if one[2][index] is None else one[2][index] for one in each])
        torch.testing.assert_close(grad, own, rtol=1e-3, atol=1e-5)


def test_every_net_is_tried():
    assert NETS.keys() == {name for name in names("net") if lookup(f"net/{name}").replicable}


@pytest.mark.parametrize("name", NETS)
def test_replicas_of_every_net_have_the_gradients_of_each(name):
    net, X = NETS[name]
    agrees([run_of(X, seed, net=copy.deepcopy(net)) for seed in range(2)])


@pytest.mark.parametrize("name", [name for name in variants() if name not in ("denoising", "masked", "repairing")])
@pytest.mark.parametrize("X", [TABLE, MIXED], ids=["numbers", "mixed"])
def test_replicas_of_every_variant_have_the_gradients_of_each(name, X):
    runs = [run_of(X, seed, variant=name) for seed in range(3)]
    if runs[0].objective.replicable:
        agrees(runs)
    else:
        assert name in ("variational", "contractive", "compressive")


@pytest.mark.parametrize(
    "corruption", [name for name in names("corruption") if lookup(f"corruption/{name}").replicable]
)
def test_replicas_are_corrupted_each_by_itself(corruption):
    needed = {"recorded-noise": [(0.5, -0.25, 0.125)], "hum": [8000]}
    run = run_of(IMAGES, variant=Denoising(lookup(f"corruption/{corruption}")(*needed.get(corruption, []))))
    objective = started(run)
    batch = next(iter(run.source.batches("train", 0)))
    [(_, loss, terms)] = Replicas([objective, objective]).steps(batch.repeated(2), 0.5)
    assert torch.isfinite(loss)
    first, second = terms["error"].chunk(2)
    assert not torch.equal(first, second)


def test_training_together_is_training_apart():
    runs = [run_of(TABLE, seed, net=(16, 8)) for seed in range(3)]
    sources = [run.source.only(torch.arange(40), seed) for seed, run in enumerate(runs)]
    objectives = [started(run) for run in runs]
    apart = [copy.deepcopy(objective) for objective in objectives]
    settings = runs[0].settings
    for objective, source in zip(apart, sources, strict=True):
        Training(objective, settings, initialize=False).run(source)
    replicas = Replicas(objectives)
    progress = Training(replicas, settings, initialize=False).run(Dealt(sources, settings.batch_size))
    replicas.distribute()
    for own, other in zip(objectives, apart, strict=True):
        assert not own.training
        for name, tensor in own.state_dict().items():
            torch.testing.assert_close(tensor, other.state_dict()[name], rtol=1e-3, atol=1e-4)
    assert progress.history[-1]["loss"] == pytest.approx(progress.history[-1]["error"] / 6, rel=1e-4)


def test_a_part_that_cannot_be_batched_says_so():
    assert not UserNet(Own()).replicable
    assert not run_of(TABLE, variant="variational").objective.replicable
    assert run_of(TABLE, variant="denoising").objective.replicable
    gaussian, speckle = lookup("corruption/gaussian")(), lookup("corruption/speckle")()
    composed, measured = lookup("corruption/composed")((gaussian,)), lookup("corruption/measured")(speckle)
    for corruption in (composed, speckle, measured):
        assert not run_of(IMAGES, variant=Denoising(corruption)).objective.replicable


def test_evaluation_gives_the_loss_of_each_sample():
    runs = [run_of(TABLE, seed, net=(16, 8)) for seed in range(2)]
    objectives = [started(run) for run in runs]
    batch = next(iter(runs[0].source.batches("train", 0)))
    found = Replicas(objectives).evaluate(batch.repeated(2))
    expected = torch.cat([objective.eval().evaluate(batch) for objective in objectives])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)
