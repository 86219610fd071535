"""The entropy bottleneck: what its bits are, for each predictor, and that what reads can follow what writes."""

import numpy as np
import pytest
import torch

from isthmus.core.part import lookup
from isthmus.parts.bottlenecks.entropy import PREDICTORS, Entropy, octaves
from isthmus.parts.bottlenecks.hyperprior import doubled, halved
from isthmus.parts.bottlenecks.rounding import bits
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import InputError
from isthmus.tasks.compression.calibration import untaught
from isthmus.tasks.compression.coder import Tables
from isthmus.tasks.compression.symbols import Reader, Writer
from isthmus.tasks.compression.tables import mixed

load_all()

STEP = torch.tensor([0.05, 0.2])
ANY_SHAPE = ("factorized", "hyperprior")
MADE = {**{name: {"predictor": name} for name in PREDICTORS}, "small slots": {"predictor": "slots", "block": 4}}
NUMBERS = {"slots": 1024, "small slots": 256}
POSITIONS = {
    "slots": [(2, 3)],
    "small slots": [(2, 3)],
    "factorized": [(), (5,), (3, 4)],
    "hyperprior": [(), (5,), (3, 4)],
}
CASES = [(name, positions) for name in MADE for positions in POSITIONS[name]]


def bottleneck(name, h, std=0.3, train=False):
    """Give one as if it were trained: with random weights."""
    torch.manual_seed(0)
    made = Entropy(**MADE[name], width=8)
    made.build(h.shape[-1])
    with torch.no_grad():
        made.initialize(h)
        for parameter in made.parameters():
            parameter.add_(torch.randn(parameter.shape) * std)
    return made.train(train)


def codes(name, positions, n=2):
    torch.manual_seed(1)
    return torch.randn(n, *positions, NUMBERS.get(name, 6))


def tables_for(made):
    return [Tables(weights) for weights in untaught(len(made.predictor.worth()))]


@pytest.mark.parametrize(("name", "positions"), CASES)
def test_what_is_written_is_read_again(name, positions):
    h = codes(name, positions, 1)
    made = bottleneck(name, h)
    tables = tables_for(made)
    writer = Writer(tables)
    step = STEP[:1]
    with torch.no_grad():
        code = made.code(h, step, 0.13, writer)
        reader = Reader(tables, writer.encoder.words())
        symbols = made.predictor(reader, positions, octaves(step))
        z = made.predictor.whole(symbols, step.view(-1, *[1] * (h.ndim - 1)))
    assert reader.checksum == writer.checksum
    assert torch.equal(z, code.z)
    for one, other in zip(symbols, code.symbols, strict=True):
        assert torch.equal(one.long(), other)


@pytest.mark.parametrize(("name", "positions"), CASES)
def test_words_are_about_as_long_as_the_bits_say(name, positions):
    h = codes(name, [4 * side for side in positions], 1)
    made = bottleneck(name, h, 0.03)
    writer = Writer(tables_for(made))
    with torch.no_grad():
        made.code(h, STEP[:1], 0.0, writer)
        ideal = made.code(h, STEP[:1], 0.0).terms["bits"].item()
    assert 32 * len(writer.encoder.words()) <= 1.02 * ideal + 96


@pytest.mark.parametrize(("name", "positions"), CASES)
def test_codes_are_near_and_nearer_with_finer_steps(name, positions):
    made, h = bottleneck(name, codes(name, positions, 8), 0), codes(name, positions)
    h[1] = h[0]
    with torch.no_grad():
        code = made(h, False, STEP)
    off = (code.z - h).abs().flatten(1).amax(1)
    assert (off <= STEP / 2 + 1e-5).all()
    assert code.terms["bits"][0] > code.terms["bits"][1] > 0
    torch.testing.assert_close(code.terms["coding"], 0.13 * STEP.square() * code.terms["bits"])


@pytest.mark.parametrize("name", MADE)
def test_gradients_reach_the_encoder_and_all_layers(name):
    h = codes(name, POSITIONS[name][-1])
    made = bottleneck(name, h, train=True)
    h.requires_grad_()
    code = made(h, None, STEP)
    (code.terms["coding"].sum() + (code.z - h.detach()).square().sum()).backward()
    assert torch.isfinite(h.grad).all()
    assert h.grad.abs().sum() > 0
    assert not [name for name, parameter in made.named_parameters() if parameter.grad is None]


def test_bits_are_those_of_the_laplace_distribution():
    mean, spread = torch.tensor([0.25]), torch.tensor([1.5])
    symbols = torch.arange(-60.0, 61.0)
    probability = 2 ** -bits(symbols, mean, spread).double()
    assert abs(probability[30:-30].sum() - 1) < 1e-4
    laplace = torch.distributions.Laplace(mean, spread)
    expected = laplace.cdf(symbols + 0.5) - laplace.cdf(symbols - 0.5)
    torch.testing.assert_close(probability[50:-50].float(), expected[50:-50], rtol=1e-4, atol=1e-6)


def test_a_hyperprior_learns_how_sizes_vary_and_a_factorized_predictor_cannot():
    generator = torch.Generator().manual_seed(0)
    sizes = torch.exp2(torch.randint(-2, 4, (400, 1), generator=generator).float()) * 0.2
    cost = {}
    for name in ANY_SHAPE:
        torch.manual_seed(0)
        made = Entropy(name, width=16).train()
        made.build(24)
        made.initialize(torch.randn(400, 24) * sizes)
        optimizer = torch.optim.Adam(made.parameters(), 0.01)
        for _ in range(200):
            h = torch.randn(400, 24) * sizes
            code = made(h, None, torch.full((400,), 0.1))
            loss = (code.terms["coding"] + (code.z - h).square().sum(1)).mean()
            cost[name] = loss.item()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert cost["hyperprior"] < 0.92 * cost["factorized"]


def test_halves_and_doubles():
    x = torch.arange(10.0).view(1, 1, 2, 5)
    assert halved(x).tolist() == [[[[3.0, 5.0, 6.5]]]]
    assert doubled(torch.tensor([[[1.0, 2.0]]]), [3]).tolist() == [[[1.0, 1.0, 2.0]]]
    assert halved(torch.ones(2, 3)).shape == (2, 3)


def test_what_does_not_go_together_is_refused():
    with pytest.raises(InputError, match="factorised"):
        Entropy("factorised")
    with pytest.raises(InputError, match="choose 'factorized' or 'hyperprior'"):
        Entropy("slots").build(48)
    with pytest.raises(InputError, match="width=1"):
        Entropy(width=1)
    assert mixed(untaught(1)[0]).min() >= 1
    assert lookup("bottleneck/entropy") is Entropy
    assert np.isfinite(untaught(2)).all()
