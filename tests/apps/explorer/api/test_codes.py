"""Codes: decoded, walked between, drawn, and what they are made from."""

import numpy as np
import pandas as pd
import pytest

from .conftest import ok, picture, points


def test_codes_are_decoded(of_table, of_digits, of_signal, models, detector):
    value = ok(of_digits.post("/api/models/1/decode", json={"z": [[0.5] * 6]}))["values"][0]
    expected = models["plain"].inverse_transform(np.full((1, 6), 0.5))[0]
    assert picture(value) / 255 == pytest.approx(expected, abs=0.003)
    cells = ok(of_table.post("/api/models/0/decode", json={"z": [[0.1] * 4]}))["values"][0]["cells"]
    row = detector.autoencoder_.inverse_transform(np.full((1, 4), 0.1)).iloc[0]
    assert cells[1:4] == [row["count"], row["town"], row["open"]] and cells[0] == pytest.approx(row["size"])
    assert pd.Timestamp(cells[4]) == row["since"]
    curve = ok(of_signal.post("/api/models/0/decode", json={"z": [[0.0] * 3]}))["values"][0]["curve"]
    assert np.array(curve).shape == (2, 16)


def test_places_lead_back_to_codes(of_digits):
    shown = points(of_digits.get("/api/models/1/map/codes?x=0&y=5"))[17]
    code = ok(of_digits.get("/api/models/1/examples/17"))["code"]
    body = {"map": "codes", "x": 0, "y": 5, "points": [shown.tolist()], "code": code}
    found = ok(of_digits.post("/api/models/1/walk", json=body))
    assert found["codes"][0] == pytest.approx(code, abs=1e-4)
    where = points(of_digits.get("/api/models/1/map/pca"))[17]
    body = {"map": "pca", "points": [where.tolist()]}
    code = ok(of_digits.post("/api/models/1/walk", json=body))["codes"][0]
    line = ok(of_digits.post("/api/models/1/interpolate", json={"from": 17, "to": 17, "steps": 2}))
    assert line["positions"][0] == pytest.approx(where, abs=1e-4)
    assert len(code) == 6


def test_a_grid_is_laid_row_by_row(of_digits):
    body = {"map": "pca", "columns": 3, "rows": 2, "bounds": [-1, -0.5, 1, 0.5]}
    grid = ok(of_digits.post("/api/models/1/grid", json=body))["values"]
    place = {"map": "pca", "points": [[2 / 3, -0.25], [-2 / 3, 0.25]]}
    assert [grid[2], grid[3]] == ok(of_digits.post("/api/models/1/walk", json=place))["values"] and len(grid) == 6


def test_interpolation_and_direction(of_digits):
    a, b = (ok(of_digits.get(f"/api/models/1/examples/{i}"))["code"] for i in (1, 2))
    found = ok(of_digits.post("/api/models/1/interpolate", json={"from": 1, "to": 2, "steps": 3}))
    assert np.array(found["codes"]) == pytest.approx(np.array([a, np.add(a, b) / 2, b]), abs=1e-5)
    way = ok(of_digits.post("/api/models/1/direction", json={"from": [1], "to": [2, 2]}))
    assert way["direction"] == pytest.approx(np.subtract(b, a), abs=1e-5)
    assert way["norm"] == pytest.approx(np.linalg.norm(np.subtract(b, a)), rel=1e-4)


def test_samples_follow_seed_and_temperature(of_digits):
    def sample(**body):
        return ok(of_digits.post("/api/models/0/sample", json={"n": 5, **body}))

    assert sample(seed=1) == sample(seed=1) != sample(seed=2)
    still = sample(temperature=0)
    assert np.array(still["codes"]) == pytest.approx(0) and len(still["values"]) == 5
    assert np.array(still["positions"]).shape == (5, 2)


def test_what_is_drawn_is_encoded(of_digits, models, digits):
    def encode(**body):
        return ok(of_digits.post("/api/models/1/encode", json={"pixels": digits.X[4].ravel().tolist(), **body}))

    found = encode(map="pca")
    assert found["code"] == pytest.approx(models["plain"].transform(digits.X[4:5])[0], abs=1e-4)
    assert found["nearest"][0]["index"] == 4 and found["nearest"][0]["distance"] < 1e-4
    where = points(of_digits.get("/api/models/1/map/pca"))[4]
    assert found["position"] == pytest.approx(where, abs=1e-4)
    assert np.array_equal(picture(found["input"]), np.rint(digits.X[4] * 255))
    assert not picture(encode(erase=1.0)["input"]).any()
    assert encode(noise=0.5, seed=1)["input"] == encode(noise=0.5, seed=1)["input"] != encode(noise=0.5)["input"]


def test_a_row_that_is_edited_is_encoded(of_table, rows, detector):
    shown = ok(of_table.get("/api/models/0/examples/20"))
    found = ok(of_table.post("/api/models/0/encode", json={"cells": shown["original"]["cells"]}))
    assert found["code"] == pytest.approx(shown["code"], abs=1e-4)
    assert found["score"] == pytest.approx(shown["score"], rel=1e-3)
    assert found["input"] == shown["original"]
    gaps = ok(of_table.post("/api/models/0/encode", json={"cells": [None] * 5}))
    assert gaps["input"]["cells"] == [None] * 5 and None not in gaps["reconstruction"]["cells"]
    noisy = ok(of_table.post("/api/models/0/encode", json={"cells": shown["original"]["cells"], "noise": 1}))
    assert noisy["input"]["cells"][0] != shown["original"]["cells"][0]
    assert noisy["input"]["cells"][2:4] == shown["original"]["cells"][2:4]


def test_a_curve_that_is_edited_is_encoded(of_signal):
    shown = ok(of_signal.get("/api/models/0/examples/8"))
    found = ok(of_signal.post("/api/models/0/encode", json={"curve": shown["original"]["curve"]}))
    assert found["code"] == pytest.approx(shown["code"], abs=1e-4)
    holes = ok(of_signal.post("/api/models/0/encode", json={"curve": shown["original"]["curve"], "erase": 0.5}))
    assert 0 < sum(value is None for value in holes["input"]["curve"][0]) < 16
