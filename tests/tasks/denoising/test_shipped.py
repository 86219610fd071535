"""The denoisers that come with the package: they load, are small, say what they are, and clean what they are for."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_sample_images

from isthmus import Denoiser, InputError
from isthmus.parts.nets.filling import filled
from isthmus.tasks.denoising import shipped

HEADINGS = ("## Data", "## Licence", "## Figures", "## Limits")
LARGEST = 3e6


def page(height=200, width=320):
    """Return a clean page, and the same page with a stain and in uneven light."""
    image = Image.new("L", (width, height), 255)
    font = ImageFont.load_default(15)
    for line in range(10):
        ImageDraw.Draw(image).text((8, 6 + 19 * line), "the quick brown fox jumps over the lazy dog", 0, font)
    clean = np.asarray(image) / 255
    rows, columns = np.mgrid[:height, :width]
    ring = np.exp(-(((np.hypot(rows - 90, columns - 150) - 60) / 5) ** 2))
    rough = gaussian_filter(np.random.default_rng(0).normal(size=clean.shape), 1)
    return clean, (0.05 + 0.9 * clean) * (0.9 - 0.4 * ring) * (0.75 + 0.25 * columns / width) + 0.03 * rough


def rmse(x, y):
    return np.sqrt(np.square(x - y).mean())


@pytest.mark.parametrize("kind", shipped.kinds())
def test_each_loads_is_small_and_has_a_card(kind):
    for channels in (1, 3):
        assert isinstance(Denoiser.shipped(kind, channels), Denoiser)
        assert shipped.path_of(kind, channels).stat().st_size <= LARGEST
    card = (shipped.MODELS / f"{kind}.md").read_text()
    assert [line for line in card.splitlines() if line.startswith("## ")] == list(HEADINGS)


def test_there_is_no_card_without_a_model():
    assert {path.stem.removesuffix(shipped.GREY) for path in shipped.MODELS.glob("*.*")} == set(shipped.kinds())
    assert {path.stem for path in shipped.MODELS.glob("*.md")} == set(shipped.kinds())


def test_grey_images_have_their_own_denoiser_where_there_are_two(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "MODELS", tmp_path)
    for name in ("photo", "photo-grey", "scan-grey"):
        (tmp_path / f"{name}.safetensors").touch()
    assert shipped.kinds() == ("photo", "scan")
    names = [shipped.path_of(kind, channels).stem for kind in shipped.kinds() for channels in (1, 3, 4)]
    assert names == ["photo-grey", "photo", "photo", "scan-grey", "scan-grey", "scan-grey"]


def test_each_image_is_restored_by_the_denoiser_for_its_channels():
    asked = []

    def of(channels):
        asked.append(channels)
        return lambda strength, sigma: (lambda image, mask: image * strength * channels) if strength else None

    restore = shipped.restoring_by_channels(of)(0.5, None)
    for channels in (1, 3, 1):
        image = np.ones((2, 2, channels))
        np.testing.assert_array_equal(restore(image, None), image * 0.5 * channels)
    assert asked == [1, 3]
    assert shipped.restoring_by_channels(of)(0.0, None) is None


def test_an_unknown_kind_names_those_that_there_are():
    with pytest.raises(InputError, match=r"unknown kind 'scans'; did you mean 'scan'\?"):
        Denoiser.shipped("scans")


def test_a_dirty_page_comes_out_clean():
    clean, dirty = page()
    cleaned = Denoiser.shipped("scan").transform([dirty])[0]
    assert rmse(cleaned, clean) < 0.15 * rmse(dirty, clean)
    paper = clean == 1
    assert np.std(cleaned[paper]) < 0.25 * np.std(dirty[paper])


def test_a_clean_page_stays_clean():
    clean, _ = page()
    cleaned = Denoiser.shipped("scan").transform([(clean * 255).astype(np.uint8)])[0]
    assert cleaned.dtype == np.uint8 and rmse(cleaned / 255, clean) < 0.06


def photograph():
    return load_sample_images().images[0][120:248, 240:432]


def decibels(x, clean):
    return -10 * np.log10(np.square(x / 255 - clean / 255.0).mean())


@pytest.mark.parametrize("sigma", [10, 25, 50])
def test_the_model_for_photographs_takes_noise_of_any_strength_away(sigma):
    clean = photograph().mean(2).round()
    noisy = (clean + np.random.default_rng(0).normal(0, sigma, clean.shape)).clip(0, 255).round().astype(np.uint8)
    restored = Denoiser.shipped("photo", 1).transform([noisy])[0]
    assert restored.dtype == np.uint8
    assert decibels(restored, clean) > decibels(noisy, clean) + {10: 2, 25: 4, 50: 6}[sigma]


def test_the_model_for_photographs_in_colour_does_better_than_that_for_grey_ones_on_each_channel():
    clean = photograph().astype(float)
    noisy = (clean + np.random.default_rng(0).normal(0, 25, clean.shape)).clip(0, 255).round().astype(np.uint8)
    grey = np.stack(Denoiser.shipped("photo", 1).transform(list(np.moveaxis(noisy, 2, 0))), 2)
    assert decibels(Denoiser.shipped("photo").transform([noisy])[0], clean) > decibels(grey, clean) + 0.5


@pytest.mark.parametrize("channels", [1, 3])
def test_the_model_for_photographs_leaves_a_clean_one_as_it_is(channels):
    clean = (photograph() if channels == 3 else photograph().mean(2).round()).astype(np.uint8)
    assert decibels(Denoiser.shipped("photo", channels).transform([clean])[0], clean) > 40


def test_the_model_for_missing_pixels_fills_better_than_a_smooth_continuation():
    clean = photograph()
    rows, columns = np.mgrid[:128, :192]
    missing = ((rows // 8 + columns // 8) % 4 == 0) | ((rows - columns) % 40 < 3)
    holed = np.where(missing[..., None], 0, clean)
    pixels, mask = (
        torch.from_numpy(a)[None] for a in ((holed / 255).transpose(2, 0, 1).astype(np.float32), missing[None])
    )
    smooth = 255 * filled(pixels, mask)[0].movedim(0, -1).numpy()
    restored = Denoiser.shipped("inpaint").transform([holed.astype(np.uint8)], mask=[missing])[0]
    np.testing.assert_array_equal(restored[~missing], clean[~missing])
    assert decibels(restored, clean) > decibels(smooth, clean) + 0.5
