"""Corruptions against closed forms, and JPEG against Pillow."""

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image

from isthmus.core.objective import Reconstruction
from isthmus.core.part import lookup
from isthmus.core.records import Batch
from isthmus.parts.corruptions.composed import Composed
from isthmus.parts.corruptions.folds import Folds
from isthmus.parts.corruptions.jpeg import Jpeg
from isthmus.parts.corruptions.lettering import Lettering
from isthmus.parts.corruptions.masking import Masking, PatchMasking
from isthmus.parts.corruptions.measured import Measured
from isthmus.parts.corruptions.measurements import PoissonGaussian
from isthmus.parts.corruptions.noise import GaussianNoise
from isthmus.parts.corruptions.one_of import OneOf
from isthmus.parts.corruptions.scratches import Scratches
from isthmus.parts.corruptions.stains import Stains
from isthmus.parts.corruptions.uneven_light import UnevenLight
from isthmus.support.errors import InputError
from isthmus.variants import Denoising


def corrupted(corruption, x):
    torch.manual_seed(0)
    return corruption(Batch(x, x)).corrupted


GREY = torch.full((4, 1, 100, 100), 0.4)


@pytest.mark.parametrize(
    ("name", "knobs", "mean", "variance"),
    [
        ("gaussian", {"level": 0.2}, 0.4, 0.2**2),
        ("poisson-gaussian", {"level": 0.1, "read": 0.0}, 0.4, 0.1**2 * 0.4),
        ("poisson-gaussian", {"level": 0.1, "read": 0.2}, 0.4, 0.1**2 * 0.4 + 0.2**2),
        ("poisson-gaussian", {"level": 0.0, "read": 0.05}, 0.4, 0.05**2),
        ("poisson-gaussian", {"level": 0.1, "read": 0.0}, -0.4, 0.1**2 * 0.4),
        ("speckle", {"level": 0.5}, 0.4, (0.5 * 0.4) ** 2),
        ("speckle", {"level": 1.0}, 0.4, 0.4**2),
    ],
)
def test_mean_and_variance_of_noise_are_those_of_its_closed_form(name, knobs, mean, variance):
    y = corrupted(lookup(f"corruption/{name}")(**knobs), torch.full_like(GREY, mean))
    assert abs(y.mean().item() - mean) < 4 * math.sqrt(variance / y.numel())
    assert abs(y.var().item() / variance - 1) < 0.05


def test_the_square_of_a_noisy_magnitude_is_larger_by_twice_the_variance():
    y = corrupted(lookup("corruption/rician")(level=0.3), GREY)
    assert (y >= 0).all()
    assert abs(y.square().mean().item() - (0.4**2 + 2 * 0.3**2)) < 0.005
    nothing = corrupted(lookup("corruption/rician")(level=0.3), torch.zeros_like(GREY))
    assert abs(nothing.mean().item() - 0.3 * math.sqrt(math.pi / 2)) < 0.005  # that of a Rayleigh distribution


def test_counts_are_multiples_of_a_photon():
    y = corrupted(PoissonGaussian(level=0.5, read=0.0), GREY) / 0.5**2
    torch.testing.assert_close(y, y.round())


@pytest.mark.parametrize("name", ["gaussian", "poisson-gaussian", "speckle", "rician", "blur"])
def test_each_row_draws_its_own_level(name):
    x = torch.rand(1, 1, 64, 64).expand(64, 1, 64, 64)
    y = corrupted(lookup(f"corruption/{name}")(level=(0.0, 0.8)), x)
    strength = (y - x).flatten(1).square().mean(1).sqrt()
    assert strength.min() < 0.2 * strength.max()


@pytest.mark.parametrize("shape", [(1, 40, 40), (3, 40, 40), (2, 400)])
def test_blur_is_a_convolution_with_a_bell(shape):
    bell = np.exp(-0.5 * (np.arange(-6, 7) / 2) ** 2)
    bell /= bell.sum()
    point = torch.zeros(2, *shape)
    middle = (20, 20) if len(shape) == 3 else (200,)
    point[(slice(None), slice(None), *middle)] = 1
    y = corrupted(lookup("corruption/blur")(level=2.0), point)
    expected = np.outer(bell, bell) if len(shape) == 3 else bell
    around = tuple(slice(at - 6, at + 7) for at in middle)
    np.testing.assert_allclose(y[(0, 0, *around)], expected, atol=1e-6)
    flat = torch.full((2, *shape), 0.3)
    torch.testing.assert_close(corrupted(lookup("corruption/blur")(level=2.0), flat), flat)
    torch.testing.assert_close(corrupted(lookup("corruption/blur")(level=0.0), point), point)


def photo(channels, height=83, width=117):
    """Return an image with edges, waves and colours in 8 bits."""
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(rows / (4 + c)) + np.cos(columns / (6 - c)) + ((rows + columns) // 30 % 2) for c in range(channels)]
    return np.clip(np.stack(waves, -1) * 45 + 110, 0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("quality", [30, 50, 75, 90])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_what_pillow_makes_of_it(channels, quality):
    pixels, file = photo(channels), io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, "jpeg", quality=quality, subsampling="4:2:0")
    expected = np.asarray(Image.open(file)).astype(float).reshape(pixels.shape)
    x = torch.from_numpy(pixels).movedim(-1, 0)[None] / 255
    y = corrupted(Jpeg(quality), x)[0].movedim(0, -1).numpy() * 255
    np.testing.assert_allclose(y, y.round(), atol=1e-3)
    differences = np.abs(y - expected)
    lost = np.abs(pixels - expected).mean()
    assert differences.mean() < 0.1 * lost
    assert (differences < 0.5).mean() > 0.85  # all but those of coefficients in the middle of two steps


def test_jpeg_of_low_quality_loses_more():
    x = torch.from_numpy(photo(3)).movedim(-1, 0)[None] / 255
    lost = [(corrupted(Jpeg(quality), x) - x).square().mean().item() for quality in (10, 30, 60, 100)]
    assert lost == sorted(lost, reverse=True)


@pytest.mark.parametrize("level", [0.02, 0.14, 0.5])
def test_scratches_take_away_a_fraction_of_the_pixels(level):
    x = torch.rand(20, 3, 128, 160)
    torch.manual_seed(0)
    batch = Scratches(level)(Batch(x, x))
    fraction = batch.masked.float().mean((1, 2, 3))
    assert (fraction >= level).all() and (fraction < level + 0.05).all()
    assert (batch.masked[:, 0] == batch.masked[:, 2]).all()


def test_composed_corruptions_follow_each_other_each_by_chance():
    torch.manual_seed(0)
    x = torch.full((400, 1, 16, 16), 0.5)
    noise = GaussianNoise(0.1)
    batch = Composed((noise, noise, Masking(0.5)), (0.8, 0.5, 0.25))(Batch(x, x))
    assert torch.equal(batch.x, x)
    variance = torch.stack([row[~masked].var() for row, masked in zip(batch.corrupted, batch.masked, strict=True)])
    counts = [(abs(variance / 0.1**2 - times) < 0.5).float().mean().item() for times in (0, 1, 2)]
    np.testing.assert_allclose(counts, [0.2 * 0.5, 0.8 * 0.5 + 0.2 * 0.5, 0.8 * 0.5], atol=0.08)
    assert abs(batch.masked.flatten(1).any(1).float().mean() - 0.25) < 0.08
    assert (batch.corrupted[batch.masked] == 0).all()


def test_each_row_is_corrupted_by_one_of_several():
    torch.manual_seed(0)
    x = torch.full((400, 1, 16, 16), 0.5)
    batch = OneOf((GaussianNoise(0.1), GaussianNoise(0.2), Masking(0.5)), (5, 3, 2))(Batch(x, x))
    masked = batch.masked.flatten(1).any(1)
    spread = batch.corrupted.flatten(1).std(1)
    fractions = [(~masked & (abs(spread - level) < 0.03)).float().mean().item() for level in (0.1, 0.2)]
    np.testing.assert_allclose([*fractions, masked.float().mean()], (0.5, 0.3, 0.2), atol=0.08)
    assert (batch.corrupted[batch.masked] == 0).all() and torch.equal(batch.x, x)


def test_a_composed_corruption_may_be_due_on_no_row():
    x = torch.rand(3, 1, 16, 16)
    for name in ("blur", "jpeg", "salt-and-pepper", "speckle", "scratches"):
        corruption = lookup(f"corruption/{name}")()
        for never in (Composed((corruption,), (0.0,)), OneOf((corruption, GaussianNoise(0.0)), (0, 1))):
            batch = never(Batch(x, x))
            assert torch.equal(batch.corrupted, x) and batch.masked is None


def test_blocks_of_a_jpeg_that_was_cut_start_anywhere():
    torch.manual_seed(3)
    x = 0.3 + 0.4 * torch.rand(2, 1, 40, 40)
    cut = Jpeg(20, aligned=False)(Batch(x, x)).corrupted
    again = [
        (Jpeg(20)(Batch(part, part)).corrupted - part).square().mean()
        for part in (cut[..., top : top + 24, left : left + 24] for top in range(8) for left in range(8))
    ]
    assert again[0] > 0.001 and min(again) < 1e-5


def test_a_measured_corruption_says_how_strong_it_was_and_puts_emphasis_on_faint_ones():
    torch.manual_seed(0)
    x = torch.rand(8, 1, 64, 64)
    inner = GaussianNoise((0.0, 0.4))
    batch = Measured(inner, balance=1.5, known=True)(Batch(x, x))
    actual = (batch.corrupted - x).flatten(1).std(1)
    torch.testing.assert_close(batch.noise, actual, rtol=0.1, atol=1e-3)
    torch.testing.assert_close(batch.emphasis, actual.clamp_min(1 / 128) ** -1.5, rtol=1e-3, atol=0)
    assert Measured(inner)(Batch(x, x)).noise is None


def test_a_known_level_is_none_that_would_not_be_estimated():
    torch.manual_seed(0)
    x = torch.nn.functional.avg_pool2d(torch.rand(2, 1, 72, 72), 9, 1, 4)  # smooth, so that JPEG leaves no high waves
    batch = Measured(Jpeg(20), known=True)(Batch(x, x))
    assert (batch.corrupted - x).flatten(1).std(1).min() > 0.01
    assert batch.noise.max() < 0.002


def test_the_loss_of_a_row_is_multiplied_by_its_emphasis():
    torch.manual_seed(0)
    x = torch.rand(30, 12)
    parts = lookup("net/mlp")((8,)), lookup("bottleneck/plain")(), lookup("likelihood/squared")(), (12,), 3
    objective = Reconstruction(lookup("model/autoencoder")(*parts), Measured(GaussianNoise(0.1), balance=2.0))
    objective.initialize(Batch(x, x))
    torch.manual_seed(1)
    [(_, loss, terms)] = objective.steps(Batch(x, x), 0.0)
    torch.manual_seed(1)
    batch = objective.corrupt(Batch(x, x))
    errors = objective.model(batch).terms["error"]
    torch.testing.assert_close(terms["error"], errors)
    torch.testing.assert_close(loss, (errors * batch.emphasis).mean() / 12)
    objective.eval()
    plain = Reconstruction(objective.model, GaussianNoise(0.1)).eval()
    assert (objective.evaluate(Batch(x, x)) > 10 * plain.evaluate(Batch(x, x))).all()


def test_the_variant_balances():
    assert type(Denoising(balance=1.5)._corruption()) is Measured
    assert type(Denoising()._corruption()) is GaussianNoise
    with pytest.raises(InputError, match="balance=-1"):
        Denoising(balance=-1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Jpeg(0), "level=0: .*1 <= low <= high <= 100"),
        (lambda: Jpeg((30, 101)), "1 <= low <= high <= 100"),
        (lambda: Scratches(0.6), "high <= 0.5"),
        *(
            (lambda level=level: GaussianNoise(level), "expected a number, or")
            for level in ("12", (0.1,), None, math.nan)
        ),
        (lambda: Folds(width="wide"), "width=wide .*above 0"),
        (lambda: Lettering(scale=1.5), "scale=1.5 .*whole numbers from 1"),
        (lambda: UnevenLight(bumps=2.5), "bumps=2.5 .*whole number of at least 2"),
        (lambda: PatchMasking(0.5, 2.5), "size=2.5 of a patch is no whole number"),
        (lambda: Scratches(thickness=(0.5, 2)), r"thickness=\(0.5, 2\)"),
        (lambda: Composed(()), "at least one corruption"),
        (lambda: Composed((GaussianNoise(),), (1.5,)), r"probabilities=\(1.5,\) of 1 corruptions"),
        (lambda: Composed((GaussianNoise(),), ()), r"probabilities=\(\) of 1"),
        (lambda: OneOf(()), "at least one corruption"),
        (lambda: OneOf((GaussianNoise(),), (0,)), r"weights=\(0,\) of 1 corruptions"),
        (lambda: OneOf((Measured(), Jpeg())), "'one-of' changes what 'measured' inside it"),
        (lambda: Measured(balance=-1), "balance=-1"),
        (lambda: Composed((Measured(), Jpeg())), "'composed' changes what 'measured' inside it"),
        (lambda: Measured(Measured()), "put 'measured' around all others"),
    ],
)
def test_knobs_out_of_range_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_levels_may_be_numbers_of_numpy():
    assert GaussianNoise(np.float32(0.5)).level == 0.5 and Stains(radius=np.int64(9)).radius == (9, 9)
