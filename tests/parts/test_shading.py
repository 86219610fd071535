"""Corruptions that darken a page, and letters over images, against what they say of themselves."""

import pytest
import torch

from isthmus.core.part import lookup
from isthmus.core.records import Batch
from isthmus.parts.catalogue import load_all
from isthmus.parts.corruptions.lettering import LETTERS, SPACES
from isthmus.support.errors import InputError

load_all()
PAPER = torch.full((40, 1, 90, 120), 0.8)
DIRT = ("stains", "folds", "uneven-light")


def corrupted(name, x=PAPER, **knobs):
    torch.manual_seed(0)
    return lookup(f"corruption/{name}")(**knobs)(Batch(x, x))


@pytest.mark.parametrize("name", DIRT)
@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_dirt_darkens_by_no_more_than_its_level(name, level):
    one = {} if name == "uneven-light" else {"number": 1}
    factor = corrupted(name, level=level, **one).corrupted / PAPER
    assert factor.max() <= 1 + 1e-6 and factor.min() >= 1 - level - 1e-6
    assert level == 0 or factor.min() < 1 - 0.8 * level


@pytest.mark.parametrize("name", DIRT)
def test_dirt_is_a_factor_alike_for_all_channels(name):
    x = torch.rand(6, 3, 50, 60) * torch.tensor([1.0, 0.5, 0.0]).view(3, 1, 1)
    x[:, 0, 0, 0] = 2.0  # brighter than the light of any fold
    x, y = (rows[..., 1:, 1:] for rows in (x, corrupted(name, x).corrupted))
    torch.testing.assert_close(y[:, 0] * x[:, 1], y[:, 1] * x[:, 0])
    assert (y[:, 2] == 0).all()


@pytest.mark.parametrize("name", DIRT)
def test_each_image_has_its_own_dirt(name):
    y = corrupted(name).corrupted
    assert all(not torch.equal(y[0], other) for other in y[1:])


def test_uneven_light_reaches_its_level_and_is_smooth():
    factor = corrupted("uneven-light", level=0.4).corrupted / PAPER
    torch.testing.assert_close(factor.amin((1, 2, 3)), torch.full((40,), 0.6))
    torch.testing.assert_close(factor.amax((1, 2, 3)), torch.ones(40))
    assert factor.diff(dim=3).abs().max() < 0.4 / 20


def test_more_stains_take_more_light():
    means = [corrupted("stains", level=0.5, number=number).corrupted.mean() for number in (1, 4, 10)]
    assert means[0] > means[1] > means[2]


def test_a_fold_is_darker_on_one_side_and_lighter_on_the_other():
    x = PAPER.clone()
    x[..., 0, 0] = 1.0  # so that there is light above the paper's
    factor = (corrupted("folds", x, level=0.4, number=1).corrupted / x)[..., 1:, 1:]
    assert (factor.amax((1, 2, 3)) > 1.01).float().mean() > 0.9 and (factor.amin((1, 2, 3)) < 0.8).float().mean() > 0.9


def test_the_back_of_a_page_is_its_mirror_image_somewhere_else():
    x = torch.ones(8, 1, 40, 50)
    x[..., 5:9, 10:30] = 0.0
    x[..., 5:20, 10:12] = 0.0
    y = corrupted("bleed-through", x, level=0.25, blur=0.0).corrupted
    seen = (y[0, 0] < 0.9) & (x[0, 0] == 1)
    assert torch.equal(y[x == 0], x[x == 0]) and y.min() == 0
    torch.testing.assert_close(y[0, 0][seen], torch.full_like(y[0, 0][seen], 0.75))
    mirrored = x[0, 0].flip(1)
    moves = [mirrored.roll((down, across), (0, 1)) for down in range(40) for across in range(50)]
    assert sum(torch.equal(x[0, 0] * (1 - 0.25 * (1 - move)), y[0, 0]) for move in moves) == 1


def test_a_blank_page_has_a_blank_back():
    assert torch.equal(corrupted("bleed-through").corrupted, PAPER)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_lettering_covers_as_many_lines_as_its_level_says(level):
    masked = corrupted("lettering", level=level, scale=(1, 1)).masked
    glyph = sum(letter.count("1") for letter in LETTERS) / (len(LETTERS) - 1) / (9 * 6)
    assert abs(masked.float().mean().item() - level * (1 - SPACES) * glyph) < 0.02


def test_letters_are_as_large_as_their_scale():
    for scale in (1, 2, 4):
        masked = corrupted("lettering", level=1.0, scale=(scale, scale)).masked[:, 0]
        runs = masked.float().diff(dim=2).ne(0).nonzero()
        inside = (
            runs[1:, 2][(runs[1:, :2] == runs[:-1, :2]).all(1)] - runs[:-1, 2][(runs[1:, :2] == runs[:-1, :2]).all(1)]
        )
        assert (inside % scale == 0).all() and inside.min() == scale


@pytest.mark.parametrize(
    ("name", "knobs", "message"),
    [
        ("stains", {"number": 0}, "at least one stain"),
        ("stains", {"radius": (9, 3)}, "radius"),
        ("stains", {"level": 1.5}, "level=1.5"),
        ("folds", {"width": (0, 3)}, "width"),
        ("uneven-light", {"bumps": 1}, "bumps=1"),
        ("lettering", {"scale": (0, 2)}, "scale"),
        ("lettering", {"scale": (1, 2.5)}, "scale"),
        ("bleed-through", {"level": (0.5, 0.2)}, "level"),
    ],
)
def test_what_cannot_be_done_is_refused(name, knobs, message):
    with pytest.raises(InputError, match=message):
        lookup(f"corruption/{name}")(**knobs)
