"""What reports are drawn with: PNG, charts, groups, the plane."""

from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from isthmus import Images
from isthmus.apps.report import charts, labels
from isthmus.apps.report.kinds.base import take
from isthmus.apps.report.kinds.images import ImageRows
from isthmus.apps.report.plane import Plane
from isthmus.apps.report.png import encode

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_png_comes_back_as_it_was(channels, mode):
    pixels = RANDOM.integers(0, 256, (5, 7, channels), dtype=np.uint8)
    image = Image.open(BytesIO(encode(pixels)))
    assert image.mode == mode
    assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)


@pytest.mark.parametrize(
    ("low", "high", "log", "ticks"),
    [
        (0, 1, False, [0, 0.5, 1]),
        (-3.2, 4.1, False, [-2, 0, 2, 4]),
        (0.02, 3, True, [0.03, 0.1, 0.3, 1, 3]),
        (1e-4, 10, True, [1e-4, 1e-3, 1e-2, 0.1, 1, 10]),
    ],
)
def test_ticks_are_round(low, high, log, ticks):
    assert charts.Axis(low, high, 0, 100, log).ticks() == pytest.approx(ticks)


def test_an_axis_reaches_from_end_to_end():
    axis = charts.Axis(1, 100, 50, 10, log=True)
    assert axis(np.array([1, 10, 100])).tolist() == pytest.approx([50, 30, 10])


def test_a_density_hides_cells_with_few_rows():
    crowd = np.tile([[0.1, 0.1]], (charts.MIN_ROWS, 1))
    few = np.tile([[0.9, 0.9]], (charts.MIN_ROWS - 1, 1))
    chart = charts.density("d", np.vstack([crowd, few]), ("a", "b"))
    assert sum(mark.path.count("Z") for mark in chart.marks) == 1


def test_lines_that_span_decades_are_logarithmic():
    texts = [tick.text for tick in charts.lines("l", {"a": np.array([10.0, 1.0, 0.1])}, "epoch").y_ticks]
    assert texts == ["0.1", "0.3", "1", "3", "10"]


def test_an_epoch_without_a_loss_does_not_break_the_line():
    chart = charts.lines("l", {"a": np.array([np.nan, 1.0]), "b": np.array([2.0, 1.5])}, "epoch", best=1)
    assert all("nan" not in mark.path for mark in chart.marks)
    assert chart.legend[-1] == ("best", "kept: epoch 2")


def test_equal_values_have_a_chart():
    chart = charts.histogram("h", np.zeros(9), "error", {"median": 0.0})
    assert all("nan" not in mark.path for mark in chart.marks)


def test_rare_labels_are_one_group():
    given = np.repeat(np.arange(14), np.arange(14, 0, -1))
    groups = labels.groups_of(given)
    assert list(groups) == [*map(str, range(9)), labels.OTHER]
    assert np.sum(list(groups.values())) == len(given)


def test_numbers_are_grouped_by_quantiles():
    groups = labels.groups_of(RANDOM.normal(size=1000))
    assert [mask.sum() for mask in groups.values()] == [200] * labels.BINS


def test_rows_are_taken_from_each_label_in_turn():
    given = np.repeat(["a", "b", "c"], [50, 5, 2])
    assert sorted(given[labels.spread(given, 6, 57)]) == ["a", "a", "b", "b", "c", "c"]


def test_the_plane_of_a_wide_code_holds_most_of_it():
    flat = RANDOM.normal(size=(200, 2)) @ RANDOM.normal(size=(2, 9)) + 3
    plane = Plane(flat)
    assert np.allclose(plane.mean + plane.points @ plane.axes, flat)
    grid = plane.grid(4)
    assert grid.shape == (16, 9)
    assert plane.positions(grid)[0, 1] > plane.positions(grid)[-1, 1]  # from the top
    assert plane.anywhere(5).shape == (5, 9)


def test_rows_are_taken_in_their_form():
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    at = np.array([2, 0])
    assert take(pd.DataFrame({"a": [1, 2, 3]}), at)["a"].tolist() == [3, 1]
    assert take(pl.DataFrame({"a": [1, 2, 3]}), at)["a"].to_list() == [3, 1]
    assert take(np.array([1, 2, 3]), slice(1, 2)).tolist() == [2]


def test_names_among_the_points_do_not_cover_each_other():
    near = np.array([[0.5, 0.5], [0.51, 0.5], [0.5, 0.505], [0.0, 0.0], [1.0, 1.0]])
    groups = {name: np.arange(5) == at for at, name in enumerate("abcde")}
    drawn = charts.scatter("names", near, ("x", "y"), groups).labels
    assert sorted(label.text for label in drawn) == list("abcde")
    for at, one in enumerate(drawn):
        for other in drawn[:at]:
            assert abs(one.x - other.x) >= charts.LETTER or abs(one.y - other.y) >= charts.LINE


def test_a_mosaic_has_a_tile_for_each_image():
    X = RANDOM.random((5, 8, 8))
    picture = ImageRows(Images().learn([X]), X).grid(X, 3, "five")
    image = Image.open(BytesIO(b64decode(picture.uri.partition(",")[2])))
    assert image.size == (3 * 50 - 2, 2 * 50 - 2)
    alpha = np.asarray(image)[..., 1]
    assert alpha[:48, :48].all()
    assert not alpha[:, 48:50].any()
    assert not alpha[50:, 100:].any()  # the sixth place is empty


@pytest.mark.parametrize(
    ("shape", "legend", "seen"),
    [((8, 8), "orange is brighter, blue is darker", 3), ((8, 8, 3), "grey is none", 0)],
)
@pytest.mark.parametrize(("off", "times"), [(0.4, 2), (0.02, 32), (0.001, 64)])
def test_a_small_difference_is_magnified_and_the_caption_says_by_how_much(shape, legend, seen, off, times):
    from PIL import Image

    X = np.full((3, *shape), 0.5, np.float32)
    rows = ImageRows(Images().learn([X]), X)
    *_, strip = rows.versions({"original": X, "reconstruction": X + off}, None)
    assert strip.caption == f"Difference, ×{times} ({legend})"
    pixel = Image.open(BytesIO(b64decode(strip.uri.partition(",")[2]))).getpixel((1, 1))
    full = 255 if seen == 3 else 127.5  # alpha, or how far from grey
    shown = pixel[3] if seen == 3 else pixel[0] - 127.5
    assert shown == pytest.approx(full * min(off * times, 1), abs=1)
