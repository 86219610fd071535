"""The figure of scores: bars, labels, the threshold."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from isthmus.apps.figures.scores import scores_figure

SCORES = {"good": np.array([1.0, 1.1, 1.2, 3.5]), "bad": np.array([4.0, 4.1])}


def boxes(svg, style):
    return [element for element in ET.fromstring(svg).iter() if element.get("class") == style]


def test_rows_above_the_threshold_stand_right_of_it():
    svg = scores_figure(SCORES, 3.0, "Scores <of> rows")
    (limit,) = {float(x) for x in re.findall(r'class="threshold" d="M([\d.]+) [\d.]+V', svg)}
    above, below = boxes(svg, "above"), boxes(svg, "below")
    assert len(above) == 3 and len(below) == 3
    assert all(float(box.get("x")) >= limit for box in above)
    assert all(float(box.get("x")) + float(box.get("width")) <= limit for box in below)
    assert "good: 4 rows, 25.00% flagged" in svg and "bad: 2 rows, 100.00% flagged" in svg


def test_the_tallest_bar_fills_the_panel_and_all_are_in_proportion():
    svg = scores_figure({"": np.repeat([1.0, 2.0], [30, 10])}, 5.0)
    heights = sorted(float(box.get("height")) for box in boxes(svg, "below"))
    assert heights[0] / heights[1] == pytest.approx(1 / 3, abs=0.01)


@pytest.mark.parametrize("scores", [np.full(5, 2.0), np.zeros(3), np.geomspace(0.001, 1e4, 50), -np.arange(4.0)])
def test_any_scores_can_be_drawn(scores):
    svg = scores_figure({"": scores}, 0.5)
    numbers = [
        float(box.get(name)) for box in boxes(svg, "below") + boxes(svg, "above") for name in ("x", "y", "width")
    ]
    assert numbers and np.isfinite(numbers).all() and min(numbers) >= 0 and max(numbers) <= 960


def test_of_many_labels_the_most_frequent_are_drawn():
    svg = scores_figure({f"label-{n}": np.ones(n) for n in range(1, 10)}, 2.0)
    assert "label-9" in svg and "label-4" in svg and "label-3" not in svg
