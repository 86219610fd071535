"""The figure of a signal."""

from xml.etree import ElementTree

import numpy as np
import pytest

from isthmus.apps.figures.signal import signal_figure, write_figure
from isthmus.tasks.anomaly.intervals import intervals

RNG = np.random.default_rng(0)


def drawn(svg, kind, style):
    root = ElementTree.fromstring(svg)
    return [node for node in root.iter(f"{{http://www.w3.org/2000/svg}}{kind}") if node.get("class") == style]


@pytest.mark.parametrize("rows", [50, 20_000])
@pytest.mark.parametrize("log", [False, True])
def test_channels_score_and_intervals_are_drawn(rows, log, tmp_path):
    score = RNG.random(rows)
    score[10:20] = 5
    times = np.datetime64("2024-01-01", "us") + np.arange(rows) * np.timedelta64(5, "m")
    values = RNG.normal(size=(rows, 2))
    values[3] = np.nan
    found = intervals(score, 2, times=times)
    svg = signal_figure(
        values, score, 2, found, times=times, names=["a<b", "c"], known=[(times[5], times[9])], title="T & U", log=log
    )
    assert len(drawn(svg, "path", "line")) == 2
    assert len(drawn(svg, "path", "score")) == 1
    assert len(drawn(svg, "rect", "flagged")) == 1 + 1  # and in the key
    assert len(drawn(svg, "rect", "truth")) == 1 + 1
    assert [node.text for node in drawn(svg, "text", "name")] == ["a<b", "c", "score"]
    assert len(svg) < 400_000
    write_figure(tmp_path / "figure.svg", svg)
    assert (tmp_path / "figure.svg").read_text() == svg


def test_the_channels_to_blame_are_drawn_where_there_are_many():
    contributions = np.zeros((30, 12))
    contributions[:, [2, 11]] = 1
    found = intervals(np.ones(30), 0.5, contributions=contributions)
    svg = signal_figure(RNG.normal(size=(30, 12)), np.ones(30), 0.5, found)
    names = [node.text for node in drawn(svg, "text", "name")]
    assert len(names) == 9
    assert {"x2", "x11"} < set(names)


@pytest.mark.parametrize("times", [None, np.arange(40) * 0.25, np.datetime64("2024-01-01") + np.arange(40)])
def test_axes_for_rows_numbers_and_dates(times):
    svg = signal_figure(np.zeros(40), np.linspace(0, 1, 40), 0.9, times=times)
    assert 2 <= len(drawn(svg, "text", "x")) <= 12
