"""The spectral net: what it starts as, and what it promises of waveforms of any length."""

import pytest
import torch

from isthmus.core.graphs import Reconstruct
from isthmus.core.interfaces import Sizes
from isthmus.core.model import Model
from isthmus.core.part import lookup
from isthmus.core.records import Batch
from isthmus.core.tiles import in_tiles
from isthmus.data.audio.sounds import Sound
from isthmus.data.audio.waveforms import Waveforms
from isthmus.parts.nets.spectra import Spectra
from isthmus.parts.nets.spectral import Spectral
from isthmus.support.errors import InputError

SMALL = {"frame": 32, "width": 8, "dilations": (1, 2), "after": (1,), "nearby": 3}


def model(channels=1, likelihood="squared"):
    parts = Spectral(**SMALL), lookup("bottleneck/plain")(), lookup(f"likelihood/{likelihood}")()
    return Model(*parts, (channels, None), 4, typical_shape=(channels, 400))


def trained():
    """Return a model whose layers all do something."""
    torch.manual_seed(0)
    made = model()
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    return made.eval()


def noisy(count=32, steps=400):
    torch.manual_seed(1)
    x = torch.sin(torch.arange(steps) * torch.rand(count, 1, 1)) * (torch.arange(steps) > steps // 2)
    return Batch(x, x + 0.3 * torch.randn_like(x))


@pytest.mark.parametrize("steps", [1, 31, 32, 100, 333])
def test_spectra_come_back(steps):
    spectra, x = Spectra(32, 8), torch.rand(3, steps)
    made = spectra(x)
    assert made.shape == (3, 34, -(-steps // 8))
    torch.testing.assert_close(spectra.inverse(made)[:, :steps], x, atol=1e-5, rtol=0)


@pytest.mark.parametrize("x", [(1, 400), (2, 333), (1, 3)])
@pytest.mark.parametrize("condition", [0, 3])
def test_it_joins_the_sizes(x, condition):
    net = Spectral(**SMALL)
    net.build(sizes := Sizes(x, 8, 4, (2 * x[0], x[1]), condition))
    rows = torch.rand(6, *x)
    batch = Batch(rows, rows, condition={"c": torch.rand(6, 3)} if condition else {})
    h, *skips = net.encode(batch)
    y = net.decode(h[..., :4], batch, *skips)
    assert h.shape == (6, *net.positions(x), 8) and y.shape == (6, *sizes.y)
    (h.sum() + y.sum()).backward()
    assert all(weight.grad is not None for weight in net.parameters())


def test_images_are_refused():
    with pytest.raises(InputError, match="'spectral' takes waveforms"):
        Spectral().build(Sizes((1, 8, 8), 4, 4, (1, 8, 8)))


@pytest.mark.parametrize("knobs", [{"frame": 12}, {"width": 0}, {"dilations": (0,)}])
def test_knobs_out_of_range_are_refused(knobs):
    with pytest.raises(InputError, match="of the net 'spectral'"):
        Spectral(**knobs)


def test_it_starts_as_a_gate_that_takes_noise_away():
    made, batch = model(), noisy()
    made.initialize(batch)
    y = made.eval()(batch).y
    assert (y - batch.x).square().mean() < 0.5 * (batch.corrupted - batch.x).square().mean()


def test_without_noise_it_starts_all_the_same():
    made, batch = model(), noisy()
    made.initialize(Batch(batch.x, batch.x))
    assert torch.isfinite(made.eval()(batch).y).all()


def test_what_is_twice_as_loud_comes_out_twice_as_loud():
    made, x = trained(), noisy().corrupted
    torch.testing.assert_close(made(Batch(2 * x, 2 * x)).y, 2 * made(Batch(x, x)).y, atol=1e-4, rtol=1e-3)


def test_rows_do_not_see_each_other():
    made, x = trained(), noisy(5).corrupted
    alone = torch.cat([made(Batch(row[None], row[None])).y for row in x])
    torch.testing.assert_close(made(Batch(x, x)).y, alone, atol=1e-5, rtol=1e-4)


def test_tiles_are_the_whole():
    data = Waveforms(1000).learn([[Sound(torch.rand(900).numpy(), 1000)]])
    graph, columns = Reconstruct(data, trained()).eval(), {"samples": noisy(2, 1501).corrupted}
    whole = graph(columns)["samples"]
    torch.testing.assert_close(in_tiles(graph, columns, 200)["samples"], whole, atol=1e-5, rtol=0)


def test_layers_that_mix_maps_are_trained_by_orthogonal_steps_and_those_of_one_map_each_are_not():
    net = model().net
    apart = set(map(id, net.orthogonal()))
    ours = {name for name, weight in net.named_parameters() if id(weight) in apart}
    of_one_map = {
        f"{blocks}.blocks.{at}.layers.2.weight" for blocks, at in (("before", 0), ("before", 1), ("behind", 0))
    }
    assert {"before.first.weight", "code.weight", "behind.first.weight", "gates.0.weight"} < ours
    assert of_one_map <= set(dict(net.named_parameters())) - ours
    assert not {"threshold", "steepness", "trust"} & ours
