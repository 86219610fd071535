"""Corruptions of sound: closed forms."""

import json

import numpy as np
import pytest
import torch

from isthmus import InputError
from isthmus.core.part import build, describe, lookup
from isthmus.core.records import Batch
from isthmus.parts.catalogue import load_all

load_all()
X = torch.sin(torch.arange(2 * 2 * 400.0).view(2, 2, 400) / 7) * torch.tensor([0.1, 3.0]).view(2, 1, 1)


def corrupted(name, x=X, **knobs):
    return lookup(f"corruption/{name}")(**knobs)(Batch(x, x)).corrupted


@pytest.mark.parametrize("clip", [17, 400, 5000])
@pytest.mark.parametrize("decibels", [-5.0, 0.0, 12.5])
def test_recorded_noise_has_exactly_the_ratio(clip, decibels):
    noise = np.random.default_rng(0).normal(size=clip).tolist()
    added = corrupted("recorded-noise", noise=noise, level=decibels) - X
    ratio = 10 * torch.log10(X.square().mean((1, 2)) / added.square().mean((1, 2)))
    torch.testing.assert_close(ratio, torch.full((2,), decibels), atol=2e-3, rtol=0)
    torch.testing.assert_close(added[:, 0], added[:, 1], atol=1e-5, rtol=1e-4)  # the same in all channels


def test_recorded_noise_draws_a_ratio_and_leaves_silence():
    torch.manual_seed(0)
    x = X[:1].repeat(500, 1, 1)
    added = corrupted("recorded-noise", x, noise=[1.0, -1.0, 0.5], level=(0.0, 10.0)) - x
    ratio = 10 * torch.log10(x.square().mean((1, 2)) / added.square().mean((1, 2)))
    assert 0 <= ratio.min() < 0.5 and 9.5 < ratio.max() <= 10.001
    assert not corrupted("recorded-noise", torch.zeros(2, 1, 9), noise=[1.0, -1.0]).any()


def test_the_clip_is_kept():
    part = lookup("corruption/recorded-noise")(noise=[0.5, -0.25], level=3)
    assert build(json.loads(json.dumps(describe(part)))).noise == (0.5, -0.25)


def test_a_hum_has_its_strength_and_its_tones():
    added = corrupted("hum", rate=4000, frequency=50.0, level=0.2) - X
    torch.testing.assert_close(added.square().mean((1, 2)).sqrt(), torch.full((2,), 0.2))
    size = torch.fft.rfft(added[0, 0]).abs()  # of 400 samples: steps of 10 Hz
    tones = size[[5, 10, 15, 20, 25]]
    torch.testing.assert_close(tones / tones[0], 0.5 ** torch.arange(5.0), atol=1e-3, rtol=0)
    assert size.sum() < tones.sum() * 1.01


def test_clipping_cuts_at_a_fraction_of_the_largest():
    result = corrupted("clipping", level=0.25)
    limit = 0.75 * X.abs().amax((1, 2), keepdim=True)
    assert torch.equal(result, torch.minimum(torch.maximum(X, -limit), limit))


@pytest.mark.parametrize(
    ("name", "knobs", "said"),
    [
        ("recorded-noise", {"noise": [0.0, 0.0]}, "silent"),
        ("recorded-noise", {"noise": [1.0, float("nan")]}, "NaN"),
        ("recorded-noise", {"noise": [1.0]}, "2 to 131,072"),
        ("recorded-noise", {"noise": np.ones(5)}, "give noise.tolist()"),
        ("recorded-noise", {"noise": [[1.0, 2.0]]}, "one channel"),
        ("recorded-noise", {"noise": [1.0, 2.0], "level": 200}, "decibels"),
        ("hum", {"rate": 80}, "less than half of rate=80"),
        ("clipping", {"level": 1.5}, "level=1.5"),
    ],
)
def test_settings_out_of_range_are_refused(name, knobs, said):
    with pytest.raises(InputError, match=said):
        lookup(f"corruption/{name}")(**knobs)
