"""Nets that restore: their reach, tiles, noise levels, and what they do before the first step."""

import math
import sys
from functools import partial

import pytest
import torch

from isthmus import Images
from isthmus.core import part
from isthmus.core.graphs import Encode, Reconstruct
from isthmus.core.model import Model
from isthmus.core.part import lookup
from isthmus.core.records import Batch
from isthmus.core.tiles import in_tiles
from isthmus.parts.layers import dct
from isthmus.parts.nets.filling import filled
from isthmus.parts.nets.frame import Frame
from isthmus.parts.nets.lapped import Lapped
from isthmus.parts.nets.unet import UNet
from isthmus.parts.noise_level import NoiseLevel
from isthmus.support.errors import InputError

NETS = {
    "lapped 2": partial(Lapped, 2, (4,), (1,)),
    "lapped 4": partial(Lapped, 4, (4, 5), (0, 1)),
    "lapped 8": partial(Lapped, 8, (4,), (0,)),
    "lapped without gains": partial(Lapped, 4, (4,), (1,), gains=False),
    "unet": partial(UNet, (4, 5, 6), (1, 0, 1)),
    "unet that fills": partial(UNet, (4,), (1,), fill=True),
    "unet that sees noise": partial(UNet, (4,), (1,), noise=True),
    "absolute unet": partial(UNet, (4, 5), (1, 1), noise=True, absolute=True),
}
EACH = pytest.mark.parametrize("name", NETS)


def model(name, channels=1, std=0.2):
    """Return a model whose layers all do something, if `std` is not None."""
    torch.manual_seed(0)
    shape, likelihood = (channels, None, None), lookup("likelihood/squared")()
    made = Model(NETS[name](), lookup("bottleneck/plain")(), likelihood, shape, 3, typical_shape=(channels, 32, 32))
    for weight in [] if std is None else made.parameters():
        torch.nn.init.normal_(weight, std=std)
    return made.eval()


def smooth(height=64, width=80, channels=1):
    rows, columns = torch.arange(float(height))[:, None], torch.arange(float(width))
    image = 0.5 + 0.2 * torch.sin(rows / 9) + 0.2 * torch.cos(columns / 7)
    return torch.stack([image.roll(5 * channel, 0) for channel in range(channels)])[None]


def noisy(x, level=0.1, seed=0):
    return x + level * torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", sorted(NETS.keys() - {"unet that fills"}))  # that one reaches far for large holes only
def test_what_is_within_reach_is_all_that_a_pixel_depends_on(name):
    made = model(name)
    net, side = made.net, 2 * made.net.reach + 3 * made.net.stride
    side -= side % net.stride
    start = side // 2 // net.stride * net.stride
    x = torch.rand(1, 1, side, side, requires_grad=True)
    batch = Batch(x, x, noise=torch.tensor([0.1]))
    made(batch).y[0, 0, start : start + net.stride, start : start + net.stride].sum().backward()
    seen = (x.grad != 0)[0, 0]
    for found in (seen.any(1).nonzero(), seen.any(0).nonzero()):
        first, last = start - found.min().item(), found.max().item() - (start + net.stride - 1)
        assert net.reach - net.stride - 8 < max(first, last) <= net.reach


@torch.no_grad()
@EACH
@pytest.mark.parametrize("graph", [Encode, Reconstruct])
def test_tiles_give_the_numbers_of_the_whole_though_the_noise_level_is_that_of_all(name, graph):
    made, data = model(name, channels=3, std=0.15), Images().learn([torch.rand(2, 16, 16, 3).numpy()])
    part = graph(data, made).eval()
    x = noisy(smooth(83, 101, 3))
    x[..., :60] = noisy(x[..., :60])  # the level of parts of it differs from that of the whole
    columns = {"pixels": x}
    whole, apart = part(columns), in_tiles(part, columns, 24)
    for key, tensor in whole.items():
        torch.testing.assert_close(apart[key], tensor, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_tiles_of_a_net_that_fills_give_the_numbers_of_the_whole():
    made, data = model("unet that fills"), Images().learn([torch.rand(2, 16, 16).numpy()])
    generator = torch.Generator().manual_seed(0)
    x, observed = (torch.rand(1, 1, 40, 700, generator=generator) for _ in range(2))
    columns = {"pixels": x, "observed": observed > 0.3}
    columns["observed"][..., 300:360] = False
    part = Reconstruct(data, made).eval()
    [whole], [apart] = part(columns).values(), in_tiles(part, columns, 64).values()
    torch.testing.assert_close(apart, whole, rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("name", [name for name in NETS if name != "absolute unet"])
def test_what_is_three_times_as_bright_comes_out_three_times_as_bright(name):
    made, x = model(name, std=0.1), noisy(smooth())
    torch.testing.assert_close(made(Batch(3 * x, 3 * x)).y, 3 * made(Batch(x, x)).y, rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_an_absolute_unet_knows_how_bright_it_is():
    made, x = model("absolute unet", std=0.1), noisy(smooth())
    once, thrice = (made(Batch(times * x, times * x, noise=torch.zeros(1))).y for times in (1, 3))
    assert not torch.allclose(thrice, 3 * once, rtol=0.01, atol=0.01)


@torch.no_grad()
@EACH
def test_before_the_first_step_they_add_next_to_nothing_to_a_clean_image(name):
    made, x = model(name, channels=3, std=None), smooth(channels=3)
    made.initialize(Batch(x, x))
    assert (made(Batch(x, x)).y - x).square().mean() < 1e-5  # a PSNR of 50


@torch.no_grad()
@pytest.mark.parametrize("stride", [2, 4, 8])
def test_the_lapped_net_starts_as_a_denoiser(stride):
    x = smooth(channels=3)
    made = Model(
        Lapped(stride, (4,), (0,)),
        lookup("bottleneck/plain")(),
        lookup("likelihood/squared")(),
        (3, None, None),
        3,
        typical_shape=(3, 64, 64),
    )
    made.initialize(Batch(x, x))
    y = made.eval()(Batch(x, noisy(x))).y
    assert (y - x).square().mean() < 0.1**2 / 5


@torch.no_grad()
@pytest.mark.parametrize("gain", [-1.0, 0.0, 1.0])
def test_gains_say_how_much_comes_back_of_what_the_gates_removed(gain):
    net, x = model("lapped 2", channels=3).net, noisy(smooth(channels=3))
    _, passed, removed, noise = net.analysed(x, Batch(x, x))
    said = torch.cat([torch.zeros_like(passed), torch.full_like(passed, 99 * gain)], 1)  # tanh(99) is 1
    torch.testing.assert_close(net.corrected(said, passed, removed, noise), passed + gain * removed)
    torch.testing.assert_close(net.joined(passed + removed), x, atol=1e-5, rtol=0)


@torch.no_grad()
def test_convolutions_are_trained_by_orthogonal_steps_and_gates_are_not():
    net = model("lapped 4", 3).net
    apart = set(map(id, net.orthogonal()))
    others = {name for name, weight in net.named_parameters() if id(weight) not in apart}
    assert others == {"threshold"} and len(apart) == len(list(net.parameters())) - 1


def test_a_lapped_net_of_a_file_without_gains_has_none():
    older = {"part": "net/lapped", "arguments": {"stride": 2, "widths": [4], "blocks": [1]}}
    assert part.build(older).numbers_each == 1
    assert part.build(part.describe(Lapped(2, (4,), (1,)))).numbers_each == 2


@torch.no_grad()
def test_a_known_noise_level_takes_the_place_of_the_estimate():
    made, x = model("lapped 4", std=None), noisy(smooth())
    estimate = made.net.noise(made.net.readings(Batch(x, x)))
    assert 0.09 < estimate.item() < 0.11
    blind = made(Batch(x, x)).y
    torch.testing.assert_close(made(Batch(x, x, noise=estimate)).y, blind)
    kept = made(Batch(x, x, noise=torch.zeros(1))).y
    assert (kept - x).square().mean() < 0.1 * (blind - x).square().mean()


@torch.no_grad()
@pytest.mark.parametrize("level", [0.02, 0.1, 0.2])
@pytest.mark.parametrize("channels", [1, 3])
def test_noise_levels_are_found_though_half_of_the_image_is_texture_and_a_quarter_is_cut_off(level, channels):
    x = smooth(256, 256, channels)
    x[..., :128, :] += 0.3 * torch.rand_like(x[..., :128, :])
    x = noisy(x, level)
    x[..., 192:, :] = 1.0
    measure = NoiseLevel(channels, 2)
    assert 0.95 * level < measure(measure.readings(x)).item() < 1.2 * level


@torch.no_grad()
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("beyond", range(8))
def test_noise_levels_are_found_whatever_the_sides(channels, beyond):
    measure = NoiseLevel(channels, 2)
    for side in (64 + beyond, 256 + beyond):
        found = measure(measure.readings(noisy(torch.zeros(4, channels, side, side), 0.1)))
        assert 0.09 < found.min().item() <= found.max().item() < 0.11


def test_noise_levels_of_signals():
    measure, x = NoiseLevel(2, 1), noisy(torch.zeros(1, 2, 4096), 0.3)
    assert 0.28 < measure(measure.readings(x)).item() < 0.32


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("stride", [2, 4, 8])
def test_the_frame_gives_back_what_it_transforms(stride, axes):
    basis = dct(axes).flatten(1)
    torch.testing.assert_close(basis @ basis.T, torch.eye(8**axes), atol=1e-6, rtol=0)
    frame, x = Frame(stride, axes), torch.rand(2, 3, *[24, 16][:axes])
    coefficients = frame(x)
    assert coefficients.shape == (2, 3, 8**axes, *[side // stride for side in x.shape[2:]])
    torch.testing.assert_close(frame.inverse(coefficients), x, atol=1e-5, rtol=0)


def test_colours_are_rotated_to_their_principal_axes():
    x = torch.randn(1, 1, 32, 32) * torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1) + 0.1 * torch.randn(1, 3, 32, 32)
    made = model("lapped 8", channels=3)
    made.initialize(Batch(x, x))
    colours = made.net.colours
    torch.testing.assert_close(colours @ colours.T, torch.eye(3))
    apart = torch.cov(torch.einsum("cd,ndhw->cnhw", colours, x).flatten(1))
    assert (apart - apart.diag().diag()).abs().max() < 1e-3


@torch.no_grad()
def test_of_each_axis_of_colours_the_gates_are_chosen_that_restore_it_best():
    torch.manual_seed(0)
    shade, fine = smooth(64, 64), 0.3 * torch.randn(1, 1, 64, 64)
    clean = torch.cat([shade + fine, shade + fine, 0.9 * shade + fine], 1)  # fine in brightness, smooth in colour
    batch = Batch(clean, clean + 0.1 * torch.randn_like(clean))
    made = model("lapped 2", channels=3, std=None)
    made.net.initialize_encoder(batch)
    *colour, brightness = made.net.threshold[:, 0, 0, 0].exp().tolist()
    assert min(colour) >= 4 and brightness == pytest.approx(2)
    started = (made.eval()(batch).y - clean).square().mean()
    made.net.threshold.fill_(math.log(2.7))
    assert started < 0.8 * (made(batch).y - clean).square().mean()


@EACH
def test_building_without_memory_imports_no_compiler(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)  # importing it, which takes longer than all else, fails
    with torch.device("meta"):
        assert model(name, std=None).net.body.last.weight is not None


def test_a_likelihood_of_logits_starts_at_the_logits_of_x():
    torch.manual_seed(0)
    x = torch.rand(20, 3, 16, 16)
    for name in ("bernoulli", "gaussian"):
        likelihood = lookup(f"likelihood/{name}")(**{"variance": "output"} if name == "gaussian" else {})
        made = Model(UNet((4,), (1,)), lookup("bottleneck/plain")(), likelihood, (3, 16, 16), 4)
        made.initialize(Batch(x, x))
        mean = likelihood.mean(made.eval()(Batch(x, x)).y)
        assert (mean - x).square().mean() < 0.1 * x.var(), name


@torch.no_grad()
@pytest.mark.parametrize("axes", [1, 2])
def test_what_is_missing_is_continued_from_around(axes):
    steps = torch.linspace(0, 1, 90)
    x = (steps if axes == 1 else (steps[:, None] + steps[:70]) / 2)[None, None].repeat(1, 2, *[1] * axes)
    missing = torch.rand(x[:, :1].shape, generator=torch.Generator().manual_seed(0)) < 0.4
    missing[..., 40:50] = True
    y = filled(x.masked_fill(missing, 7.0), missing)
    known = ~missing.expand_as(x)
    assert torch.equal(y[known], x[known]) and (y - x).abs().max() < 0.15
    assert torch.equal(filled(x, torch.zeros_like(missing)), x)
    constant = torch.full_like(x, 0.3)
    torch.testing.assert_close(filled(constant.masked_fill(missing, 0.0), missing), constant)


@torch.no_grad()
def test_a_net_that_fills_starts_from_what_is_around():
    made, x = model("unet that fills", std=None), smooth()
    missing = torch.zeros_like(x, dtype=torch.bool)
    missing[..., 20:26, 30:36] = True
    y = made(Batch(x, x.masked_fill(missing, 0.0), masked=missing)).y
    assert (y - x).abs().max() < 0.1
    observed = made(Batch(x.masked_fill(missing, 0.0), x.masked_fill(missing, 0.0), observed=~missing)).y
    torch.testing.assert_close(observed, y)


def test_a_channel_that_is_the_same_in_all_rows_of_the_start_passes_later():
    blank, x = torch.ones(2, 1, 16, 16), torch.rand(2, 1, 16, 16)
    made = model("unet", std=None)
    made.initialize(Batch(blank, blank))
    torch.testing.assert_close(made(Batch(x, x)).y, x, atol=1e-2, rtol=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Lapped(3), "stride=3 of the lapped net: choose 2, 4 or 8"),
        (lambda: Lapped(widths=(8,)), r"widths=\(8,\), blocks=\(1, 1, 1\) of the net 'lapped'"),
        (lambda: UNet((), ()), "expected a width"),
        (lambda: UNet((8,), (-1,)), r"blocks=\(-1,\)"),
        (lambda: model_of_rows(UNet()), r"the net 'unet' takes images.*\(9,\)"),
    ],
)
def test_knobs_and_rows_that_do_not_fit_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()


def model_of_rows(net):
    return Model(net, lookup("bottleneck/plain")(), lookup("likelihood/squared")(), (9,), 4)
