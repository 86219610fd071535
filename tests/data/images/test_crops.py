"""Crops: how many, where, and how they are turned."""

import numpy as np
import pytest
import torch

from isthmus.data.images.crops import crops_of, cut, turned


@pytest.mark.parametrize(
    ("height", "width", "crop", "wanted", "count"),
    [
        (321, 481, 64, None, 32),
        (128, 128, 64, None, 4),
        (10, 10, 64, None, 1),
        (10, 10, 64, 5, 5),
        (999, 999, 9, 50, 50),
    ],
)
def test_a_image_gives_as_many_crops_as_cover_its_area(height, width, crop, wanted, count):
    assert crops_of(height, width, crop, wanted) == count


def test_crops_are_cut_where_they_are_said_to_lie():
    picture = np.arange(9 * 11 * 3).reshape(9, 11, 3)
    where = np.array([[0, 0], [0.999, 0.999], [0.5, 0.25]])
    found = cut(picture, 4, where)
    for crop, (top, left) in zip(found, [(0, 0), (5, 7), (3, 2)], strict=True):
        np.testing.assert_array_equal(crop, picture[top : top + 4, left : left + 4])


def test_every_corner_can_be_reached_and_nothing_beyond():
    picture = np.arange(25).reshape(5, 5, 1)
    found = cut(picture, 3, np.random.default_rng(0).random((400, 2)))
    assert {int(crop[0, 0, 0]) for crop in found} == {5 * top + left for top in range(3) for left in range(3)}


def test_small_images_are_continued_by_their_edges():
    picture = np.arange(6).reshape(2, 3, 1)
    (found,) = cut(picture, 4, np.array([[0.9, 0.9]]))
    assert found[..., 0].tolist() == [[0, 1, 2, 2], [3, 4, 5, 5], [3, 4, 5, 5], [3, 4, 5, 5]]


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("mirror", [False, True])
def test_crops_are_turned_and_then_mirrored(turn, mirror):
    pixels = torch.randint(256, (5, 3, 4, 4), dtype=torch.uint8)
    turns, mirrored = torch.randint(4, (5,)), torch.rand(5) < 0.5
    turns[2], mirrored[2] = turn, mirror
    found = turned(pixels, turns, mirrored)
    for was, now, quarters, flipped in zip(pixels, found, turns, mirrored, strict=True):
        expected = torch.rot90(was, int(quarters), (-2, -1))
        torch.testing.assert_close(now, expected.flip(-1) if flipped else expected)
