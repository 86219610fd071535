"""The figure of scores: bars, labels, the threshold."""

import numpy as np
import pytest
from PIL import Image

from isthmus.apps.figures.boxes import Box
from isthmus.apps.figures.figure import Figure
from isthmus.apps.figures.scores import ALARM, BAR, scores_figure
from isthmus.apps.figures.shapes import Line

SCORES = {"good": np.array([1.0, 1.1, 1.2, 3.5]), "bad": np.array([4.0, 4.1])}


def boxes(figure, colour):
    return [shape for shape in figure.shapes if isinstance(shape, Box) and shape.colour == colour]


def test_rows_above_the_threshold_stand_right_of_it():
    figure = scores_figure(SCORES, 3.0, "Scores <of> rows")
    upright = [shape for shape in figure.shapes if isinstance(shape, Line) and shape.dashed][:2]
    (limit,) = {x for line in upright for x in line.points[:, 0]}
    above, below = boxes(figure, ALARM), boxes(figure, BAR)
    assert len(above) == 3 and len(below) == 3
    assert all(box.x >= limit for box in above) and all(box.x + box.width <= limit for box in below)
    svg = figure.svg()
    assert "good: 4 rows, 25.00% flagged" in svg and "bad: 2 rows, 100.00% flagged" in svg and "&lt;of&gt;" in svg


def test_the_tallest_bar_fills_the_panel_and_all_are_in_proportion():
    heights = sorted(box.height for box in boxes(scores_figure({"": np.repeat([1.0, 2.0], [30, 10])}, 5.0), BAR))
    assert heights[0] / heights[1] == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize("scores", [np.full(5, 2.0), np.zeros(3), np.geomspace(0.001, 1e4, 50), -np.arange(4.0)])
def test_any_scores_can_be_drawn(scores):
    figure = scores_figure({"": scores}, 0.5)
    numbers = [number for box in boxes(figure, BAR) + boxes(figure, ALARM) for number in (box.x, box.y, box.width)]
    assert numbers and np.isfinite(numbers).all() and min(numbers) >= 0 and max(numbers) <= 960


def test_of_many_labels_the_most_frequent_are_drawn():
    svg = scores_figure({f"label-{n}": np.ones(n) for n in range(1, 10)}, 2.0).svg()
    assert "label-9" in svg and "label-4" in svg and "label-3" not in svg


def test_bars_have_their_colours_in_a_png_too(tmp_path):
    figure = scores_figure(SCORES, 3.0)
    figure.save(tmp_path / "s.png")
    pixels = np.asarray(Image.open(tmp_path / "s.png"))
    bar = boxes(figure, ALARM)[0]
    assert tuple(pixels[int(2 * bar.y + bar.height), int(2 * bar.x + bar.width)]) == (0xC4, 0x2F, 0x3D)


def test_a_box_can_be_seen_through(tmp_path):
    half = Figure(20, 20, [Box(0, 0, 10, 20, "#000000", 0.5)], "half")
    assert 'fill-opacity="0.5"' in half.svg()
    pixels = np.asarray(half.image())
    assert abs(int(pixels[20, 10, 0]) - 127) <= 1 and pixels[20, 30, 0] == 255


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_counted_and_left_out(odd):
    figure = scores_figure({"a": np.array([1.0, odd, 2.0]), "b": np.array([odd])}, 1.5)
    finite = [box.x + box.width for box in boxes(figure, BAR) + boxes(figure, ALARM)]
    assert len(finite) == 2 and np.isfinite(finite).all()
    assert "a: 3 rows" in figure.svg() and figure.svg().count("1 without a finite score not drawn") == 2


@pytest.mark.parametrize("threshold", [np.inf, -np.inf])
def test_a_threshold_that_no_score_reaches_is_not_drawn(threshold):
    assert sum(isinstance(shape, Line) and shape.dashed for shape in scores_figure(SCORES, threshold).shapes) == 1
