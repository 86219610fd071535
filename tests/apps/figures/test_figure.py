"""Figures: the same shapes as SVG and PNG; maps of codes and images beside reconstructions."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from isthmus.apps.figures.beside import gain_of, image_sheet, triple
from isthmus.apps.figures.code_map import code_map, grouped, strips
from isthmus.apps.figures.colours import DARK, GROUPS, INK
from isthmus.apps.figures.figure import Figure
from isthmus.apps.figures.fonts import Face, face_for
from isthmus.apps.figures.history import history_figure
from isthmus.apps.figures.shapes import Dot, Dots, Image, Line, Text


def figure():
    pixels = np.full((2, 2, 1), 200, np.uint8)
    line = np.array([(0.0, 5.0), (10.0, 5.0), (np.nan, 0.0), (20.0, 5.0), (30.0, 5.0)])
    dots = Dots(np.array([(50.0, 50.0)]), "#ff0000", "square", 6.0)
    shapes = [Line(line, "#0000ff", 3.0), dots, Image(80, 80, 10, 10, pixels), Text(5, 90, "a < b − c", size=9)]
    return Figure(100, 100, shapes, "some shapes")


def test_a_figure_is_the_same_in_both_formats(tmp_path):
    figure().save(tmp_path / "s.svg")
    root = ET.parse(tmp_path / "s.svg").getroot()
    assert [child.tag.partition("}")[2] for child in root] == ["style", "rect", "path", "path", "image", "text"]
    assert root[2].get("d").count("M") == 2, "a line is broken where it is not finite"
    pixels = np.asarray(figure().image())
    assert pixels.shape == (200, 200, 3)
    assert tuple(pixels[100, 100]) == (255, 0, 0) and tuple(pixels[170, 170]) == (200, 200, 200)
    assert tuple(pixels[10, 10]) == (0, 0, 255) and tuple(pixels[10, 30]) == (255, 255, 255)


@pytest.mark.parametrize(
    ("width", "said"), [(1, "heights within it mean nothing"), (2, "code 1"), (5, "PCA, direction 2 (")]
)
def test_the_axes_of_a_map_say_what_they_are(width, said):
    codes = np.random.default_rng(0).normal(size=(50, width))
    assert said in code_map(codes, None, "codes").svg()


def test_codes_of_one_number_are_a_strip_for_each_label():
    draw = np.random.default_rng(0)
    values, labels = draw.normal(size=300), np.repeat(["one", "two", "three"], 100)
    groups = grouped(labels)
    heights = strips(values, list(groups.values()))
    for index, mask in enumerate(groups.values()):
        assert (np.abs(heights[mask] - (2.5 - index)) < 0.45).all() and np.ptp(heights[mask]) > 0.5
    svg = code_map(values[:, None], labels, "codes").svg()
    assert ">code 0<" in svg and svg.count(">three<") == 2  # beside its strip, and in the legend
    assert (np.abs(strips(values, []) - 0.5) <= 0.15).all() and strips(np.zeros(3), []).shape == (3,)


def test_labels_are_told_apart_by_colour_and_mark():
    labels = np.array([f"class {k % 25}" for k in range(100)])
    svg = code_map(np.random.default_rng(0).normal(size=(100, 2)), labels, "codes").svg()
    assert all(colour in svg for colour in GROUPS) and svg.count(">class ") == 25
    many = grouped(np.array([str(k) for k in range(200)]))
    assert len(many) == 40 and "161 rarer ones" in many and sum(mask.sum() for mask in many.values()) == 200
    numbers = grouped(np.random.default_rng(0).normal(size=200))
    assert len(numbers) == 5


def test_a_difference_is_grey_where_there_is_none_and_enlarged_where_it_is_small():
    a, b = np.zeros((4, 4)), np.full((4, 4), 0.1)
    assert gain_of([(a, b)]) == 8 and gain_of([(a, a + 0.9)]) == 1
    original, made, difference = triple("x", a, b, 4).panels
    assert set(made.ravel()) == {26} and set(difference.ravel()) == {round(255 * 0.7)}
    assert set(triple("x", a, a, 4).panels[2].ravel()) == {128} and original.shape == (4, 4, 1)
    photo = np.random.default_rng(0).random((500, 700, 3))
    sheet = image_sheet([triple("x", a, b, 4), triple("y", photo, photo, 4)], 4)
    sizes = [(shape.width, shape.height) for shape in sheet.shapes if hasattr(shape, "pixels")]
    assert sizes[0] == (128, 128) and sizes[3] == (320, 229)


def pixels_of(*shapes):
    return np.asarray(Figure(60, 20, shapes, "").image())


def test_a_dashed_line_has_gaps_in_both_formats():
    line = Line(np.array([(0.0, 10.0), (60.0, 10.0)]), INK, 2.0, dashed=True)
    dark = pixels_of(line)[20, :, 0] < 128
    assert np.diff(dark.astype(int)).clip(0).sum() in (6, 7), "a dash every 9 units of 60"
    assert 'stroke-dasharray="5 4"' in line.svg()


def test_a_ring_is_empty_inside_and_says_what_it_is():
    dot, ring = Dot(10, 10, "#ff0000", 5), Dot(40, 10, "#ff0000", 5, filled=False, title="a < b")
    pixels = pixels_of(dot, ring)
    assert tuple(pixels[20, 20]) == (255, 0, 0) and tuple(pixels[20, 80]) == (255, 255, 255)
    assert tuple(pixels[20, 69]) == (255, 0, 0) and "<title>a &lt; b</title>" in ring.svg()


def test_each_colour_has_a_counterpart_on_dark_pages():
    svg = Figure(9, 9, [Text(0, 0, "x", colour=INK)], "").svg()
    assert f'fill="{INK}"' in svg and f'[fill="{INK}"]{{fill:{DARK[INK]}}}' in svg
    assert set(GROUPS) <= set(DARK)


@pytest.mark.parametrize("text", ["Größe 3 µm", "plain −3", "漢字 x̂"])
def test_no_letter_of_a_png_is_an_empty_box(text):
    face = face_for(text)
    assert not face.lacking(face.spelled(text))
    assert Face().lacking("Größe") == {"ö", "ß"} and face_for("plain −3") == Face()


def test_letters_are_replaced_where_no_font_has_them(monkeypatch):
    monkeypatch.setattr("isthmus.apps.figures.fonts.system_faces", list)
    assert face_for(text := "Größe −3 µm × Ω").spelled(text) == "Grosse -3 um x ?"


@pytest.mark.parametrize(("epochs", "ticks"), [(1, ["1"]), (3, ["1", "2", "3"]), (40, ["10", "20", "30", "40"])])
def test_epochs_are_counted_in_whole_numbers_from_one(epochs, ticks):
    figure = history_figure([{"loss": 0.1 + 0.001 * epoch} for epoch in range(epochs)], None, "History")
    texts = [shape for shape in figure.shapes if shape.text]
    (label,) = [text for text in texts if text.text == "epoch"]
    assert [text.text for text in texts if text.y == label.y - 18] == ticks


ODD = ["two\nlines", "bell\x07", "--5", "5-", "٣", "lone \ud800", "1e999", "nan", "²"]


def test_any_label_can_be_drawn():
    labels = np.array([ODD[k % len(ODD)] for k in range(90)])
    figure = code_map(np.random.default_rng(0).normal(size=(90, 2)), labels, "a\ttitle")
    texts = "".join(ET.fromstring(figure.svg().encode()).itertext())
    assert r"two\nlines" in texts and r"bell\x07" in texts and "--5" in texts
    assert figure.png().startswith(b"\x89PNG")


def test_labels_that_are_numbers_come_first_and_in_their_order():
    assert list(grouped(np.array(["b", "10", "-2", "+3", "1e1", "--5", "inf"]))) == [
        *("-2", "+3", "10", "1e1"),
        *("--5", "b", "inf"),
    ]
