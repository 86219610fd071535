"""Single examples, search, and rows that are taken away."""

import csv
import io

import numpy as np
import pytest

from .conftest import ok, picture


def test_a_row_is_shown_with_its_gaps(of_table, rows, detector):
    shown = ok(of_table.get("/api/models/0/examples/5?map=pca"))
    size, count, town, is_open, since = shown["original"]["cells"]
    assert (size, town) == (None, None) and count == rows["count"][5] and is_open is bool(rows["open"][5])
    assert since == "2020-01-06 00:00:00"
    assert None not in shown["reconstruction"]["cells"] and len(shown["contributions"]["values"]) == 5
    assert shown["score"] == pytest.approx(detector.anomaly_score(rows)[5], rel=1e-4)
    assert shown["flagged"] is bool(shown["score"] > detector.threshold_)


def test_a_image_is_shown_with_its_neighbours(of_digits, digits, models):
    shown = ok(of_digits.get("/api/models/1/examples/9"))
    assert np.array_equal(picture(shown["original"]), np.rint(digits.X[9] * 255))
    rebuilt = models["plain"].reconstruct(digits.X[9:10])[0]
    assert picture(shown["reconstruction"]) / 255 == pytest.approx(rebuilt, abs=0.003)
    assert shown["label"] == "9" and shown["score"] is None
    assert picture(shown["contributions"]).shape == (8, 8, 4)
    codes = models["plain"].transform(digits.X[:400])
    distances = np.linalg.norm(codes - codes[9], axis=1)
    nearest = np.argsort(distances)[1:9]
    assert [each["index"] for each in shown["neighbours"]] == nearest.tolist()
    assert [each["distance"] for each in shown["neighbours"]] == pytest.approx(distances[nearest], abs=1e-3)


def test_a_window_is_shown_as_curves(of_signal, signal):
    shown = ok(of_signal.get("/api/models/0/examples/3"))
    assert np.array(shown["original"]["curve"]) == pytest.approx(signal[6:22].T)
    assert np.array(shown["contributions"]["curve"]).shape == (2, 16) and shown["row"] == 21
    assert ok(of_signal.get("/api/models/0/examples/192"))["label"] == "1"


def test_values_for_many(of_digits, digits):
    found = ok(of_digits.get("/api/examples/values?index=3,1,2"))["values"]
    assert np.array_equal(picture(found[1]), np.rint(digits.X[1] * 255))
    assert ok(of_digits.get("/api/examples/1/value")) == found[1]


def test_a_selection_is_written_as_csv(of_table, rows):
    response = ok(of_table.post("/api/selection.csv", json={"indices": [20, 4]}))
    assert "attachment" in response.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(response.text)))
    assert [line["row"] for line in lines] == ["20", "4"] and lines[1]["size"] == ""
    assert float(lines[0]["size"]) == rows["size"][20]
    towns = {line["town"] for line in csv.DictReader(io.StringIO(_all(of_table)))}
    assert towns == {"Ulm", "Bonn", "'=1+1", ""}  # no formula for a spreadsheet to run


def _all(client):
    return client.post("/api/selection.csv", json={"indices": list(range(300))}).text


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("17", lambda f: f.index == 17),
        ("town=ulm", lambda f: f.town == "Ulm"),
        ("bon", lambda f: f.town == "Bonn"),
        ("count>6", lambda f: f["count"] > 6),
        ("count <= 6", lambda f: f["count"] <= 6),
        ("count != 6", lambda f: f["count"] != 6),
        ("label=large", lambda f: f["size"] > 11),
        ("since>=2020-03-01", lambda f: f.since >= "2020-03-01"),
        ("open=true", lambda f: f.open),
        ("nothing of the kind", lambda f: f.index < 0),
        ("9999", lambda f: f.index < 0),
    ],
)
def test_search(of_table, rows, query, fits):
    found = ok(of_table.get("/api/search", params={"q": query, "limit": 1000}))
    assert found["indices"] == np.flatnonzero(fits(rows)).tolist() and found["total"] == len(found["indices"])
