"""The figure of a signal."""

import numpy as np
import pytest

from isthmus.apps.figures.boxes import Box
from isthmus.apps.figures.shapes import Line, Text
from isthmus.apps.figures.signal import ALARM, CURVE, KNOWN, signal_figure
from isthmus.tasks.anomaly.intervals import intervals

RNG = np.random.default_rng(0)


def texts(figure):
    return [shape.text for shape in figure.shapes if isinstance(shape, Text)]


def of(figure, kind, colour):
    return [shape for shape in figure.shapes if isinstance(shape, kind) and shape.colour == colour]


@pytest.mark.parametrize("rows", [50, 20_000])
@pytest.mark.parametrize("log", [False, True])
def test_channels_score_and_intervals_are_drawn(rows, log, tmp_path):
    score = RNG.random(rows)
    score[10:20] = 5
    times = np.datetime64("2024-01-01", "us") + np.arange(rows) * np.timedelta64(5, "m")
    values = RNG.normal(size=(rows, 2))
    values[3] = np.nan
    found = intervals(score, 2, times=times)
    figure = signal_figure(
        values, score, 2, found, times=times, names=["a<b", "c"], known=[(times[5], times[9])], title="T & U", log=log
    )
    assert len(of(figure, Line, CURVE)) == 2
    assert len(of(figure, Box, ALARM)) == 1 + 1  # and in the key
    assert len(of(figure, Box, KNOWN)) == 1 + 1
    assert [text for text in texts(figure) if text in ("a<b", "c", "score")] == ["a<b", "c", "score"]
    svg = figure.svg()
    assert len(svg) < 400_000 and "T &amp; U" in svg and "a&lt;b" in svg
    figure.save(tmp_path / "figure.svg")
    assert (tmp_path / "figure.svg").read_text() == svg
    assert figure.image().size == (round(2 * figure.width), round(2 * figure.height))


def test_the_channels_that_contribute_most_are_drawn_where_there_are_many():
    contributions = np.zeros((30, 12))
    contributions[:, [2, 11]] = 1
    found = intervals(np.ones(30), 0.5, contributions=contributions)
    said = texts(signal_figure(RNG.normal(size=(30, 12)), np.ones(30), 0.5, found))
    names = [text for text in said if text.startswith("x")]
    assert len(names) == 8
    assert {"x2", "x11"} < set(names)


@pytest.mark.parametrize("times", [None, np.arange(40) * 0.25, np.datetime64("2024-01-01") + np.arange(40)])
def test_axes_for_rows_numbers_and_dates(times):
    figure = signal_figure(np.zeros(40), np.linspace(0, 1, 40), 0.9, times=times)
    ticks = [shape for shape in figure.shapes if isinstance(shape, Text) and shape.anchor == "middle"]
    assert 2 <= len(ticks) <= 12


def test_scores_and_thresholds_that_are_not_finite_can_be_drawn():
    score = np.array([1.0, np.nan, 2.0, np.inf])
    for threshold in (np.inf, 1.5):
        svg = signal_figure(np.arange(4.0), score, threshold, log=True).svg()
        assert "nan" not in svg and "inf" not in svg.replace("infinite", "")
