"""The API of the explorer on tables, pictures and signals."""

import csv
import io
import json
import time
from base64 import b64decode
from threading import Event

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from isthmus import AnomalyDetector, Autoencoder, Images, Imputer, InputError, Signals
from isthmus.apps.explorer import umap
from isthmus.apps.explorer.app import explorer_app
from isthmus.apps.explorer.session import opened
from isthmus.data import files

QUICK = {"net": "linear", "epochs": 1, "random_state": 0, "verbose": False}


def table(n=300):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"size": draw.normal(10, 2, n), "count": draw.integers(0, 9, n)})
    frame["town"] = draw.choice(["Ulm", "Bonn", "=1+1"], n)
    frame["open"] = frame["size"] > 10
    frame["since"] = pd.date_range("2020-01-01", periods=n, freq="D")
    frame.loc[3:9, ["size", "town"]] = [np.nan, None]
    return frame


@pytest.fixture(scope="module")
def rows():
    return table()


@pytest.fixture(scope="module")
def detector(rows):
    return AnomalyDetector(Autoencoder("denoising", 4, **QUICK), random_state=0).fit(rows)


@pytest.fixture(scope="module")
def of_table(asgi, rows, detector):
    labels = np.where(rows["size"] > 11, "large", "small")
    return asgi(explorer_app(opened({"detector": detector}, rows, labels)))


@pytest.fixture(scope="module")
def digits():
    return files.read("digits")


@pytest.fixture(scope="module")
def models(digits):
    X = digits.X[:400]
    return {name: Autoencoder(name, 6, **QUICK).fit(X) for name in ("variational", "plain")}


@pytest.fixture(scope="module")
def of_digits(asgi, digits, models):
    return asgi(explorer_app(opened(models, digits.X[:400], digits.y[:400])))


@pytest.fixture(scope="module")
def signal():
    moments = np.arange(400)
    return np.stack([np.sin(moments / 9), np.cos(moments / 7)], 1)


@pytest.fixture(scope="module")
def of_signal(asgi, signal):
    ae = Autoencoder("plain", 3, data=Signals(window=16, stride=2), **QUICK).fit(signal)
    return asgi(explorer_app(opened({"waves": ae}, signal, np.arange(400) // 200)))


def ok(response):
    assert response.status_code == 200, response.text
    return response.json() if "json" in response.headers["content-type"] else response


def picture(value):
    head, _, data = value["png"].partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(b64decode(data))))


def points(response):
    assert response.headers["content-type"] == "application/octet-stream"
    return np.frombuffer(response.content, "<f4").reshape(-1, 2)


# -- state, maps, colours ----------------------------------------------------------------------------------------


def test_the_state_tells_of_fields_models_and_colours(of_table, of_digits, of_signal, detector):
    state = ok(of_table.get("/api/state"))
    assert (state["n"], state["kind"], state["examples"], state["demo"]) == (300, "table", True, False)
    kinds = {field["name"]: field["kind"] for field in state["fields"]}
    assert kinds == {"size": "float", "count": "integer", "town": "category", "open": "boolean", "since": "date"}
    model = state["models"][0]
    assert model["scores"] and model["threshold"] == detector.threshold_ and model["variant"] == "denoising"
    assert len(model["code_low"]) == 4 and model["code_low"] < model["code_high"]
    colours = {colour["id"]: colour for colour in state["colours"]}
    assert set(colours) == {"label", "error:0", "score:0", "cluster:0", *(f"column:{name}" for name in kinds)}
    assert colours["label"]["names"] == ["large", "small"] and colours["column:size"]["low"] < 10

    state = ok(of_digits.get("/api/state"))
    assert state["picture"] == {"height": 8, "width": 8, "channels": 1}
    assert [model["name"] for model in state["models"]] == ["variational", "plain"]
    assert not state["models"][0]["scores"] and state["models"][0]["threshold"] is None
    state = ok(of_signal.get("/api/state"))
    assert state["signal"] == {"window": 16, "channels": ["x0", "x1"]} and state["n"] == 193


@pytest.mark.parametrize("name", ["pca", "codes?x=2&y=1"])
def test_a_map_fills_the_square(of_digits, name):
    response = ok(of_digits.get(f"/api/models/1/map/{name}"))
    found, transform = points(response), json.loads(response.headers["X-Transform"])
    assert found.shape == (400, 2) and np.abs(found).max() == pytest.approx(1, abs=1e-5)
    assert len(transform["offset"]) == 2 and transform["scale"] > 0


def test_the_map_of_codes_shows_the_numbers_themselves(of_digits, models, digits):
    response = ok(of_digits.get("/api/models/1/map/codes?x=4&y=2"))
    transform = json.loads(response.headers["X-Transform"])
    codes = models["plain"].transform(digits.X[:400])[:, [4, 2]]
    assert points(response) / transform["scale"] + transform["offset"] == pytest.approx(codes, abs=1e-4)


def test_umap_is_made_in_the_background(asgi, models, digits, monkeypatch):
    ready = Event()

    def laid_out(codes):
        assert ready.wait(60)
        return codes[:, :2] * 3

    monkeypatch.setattr(umap, "installed", lambda: True)
    monkeypatch.setattr(umap, "laid_out", laid_out)
    client = asgi(explorer_app(opened({"plain": models["plain"]}, digits.X[:60])))
    assert {"id": "umap", "title": "UMAP"} in ok(client.get("/api/state"))["models"][0]["maps"]
    response = client.get("/api/models/0/map/umap")
    assert response.status_code == 202 and "progress" in response.json()
    body = {"map": "umap", "points": [[0, 0]]}
    assert client.post("/api/models/0/place", json=body).json()["error"]["field"] == "map"
    assert ok(client.post("/api/models/0/sample", json={"n": 2, "map": "umap"}))["positions"] == []
    ready.set()
    while (response := client.get("/api/models/0/map/umap")).status_code == 202:
        time.sleep(0.01)
    found = points(ok(response))
    placed = ok(client.post("/api/models/0/place", json={"map": "umap", "points": [found[7].tolist()]}))
    code = ok(client.get("/api/models/0/examples/7"))["code"]
    assert placed["codes"][0] == pytest.approx(code, abs=1e-2)


def test_colours_are_places_or_numbers(of_table, rows):
    label = ok(of_table.get("/api/colours/label"))
    assert np.array_equal(np.frombuffer(label.content, "<u2"), ~(rows["size"] > 11))
    town = np.frombuffer(ok(of_table.get("/api/colours/column:town")).content, "<u2")
    assert (town[3:10] == 65535).all() and town[[0, 1, 2, 10]].max() < 3
    size = ok(of_table.get("/api/colours/column:size"))
    assert np.frombuffer(size.content, "<f4") == pytest.approx(rows["size"].to_numpy(), nan_ok=True)
    low, high = json.loads(size.headers["X-Range"])
    assert 4 < low < 10 < high < 16
    assert set(np.frombuffer(ok(of_table.get("/api/colours/cluster:0")).content, "<u2")) <= set(range(8))


def test_scores_are_those_of_the_detector(of_table, rows, detector):
    scores = np.frombuffer(ok(of_table.get("/api/colours/score:0")).content, "<f4")
    assert scores == pytest.approx(detector.anomaly_score(rows), rel=1e-4)
    errors = np.frombuffer(ok(of_table.get("/api/colours/error:0")).content, "<f4")
    assert errors == pytest.approx(detector.autoencoder_.reconstruction_error(rows), rel=1e-4)


# -- examples ----------------------------------------------------------------------------------------------------


def test_a_row_is_shown_with_its_gaps(of_table, rows, detector):
    shown = ok(of_table.get("/api/models/0/examples/5?map=pca"))
    size, count, town, is_open, since = shown["original"]["cells"]
    assert (size, town) == (None, None) and count == rows["count"][5] and is_open is bool(rows["open"][5])
    assert since == "2020-01-06 00:00:00"
    assert None not in shown["reconstruction"]["cells"] and len(shown["blame"]["values"]) == 5
    assert shown["score"] == pytest.approx(detector.anomaly_score(rows)[5], rel=1e-4)
    assert shown["flagged"] is bool(shown["score"] > detector.threshold_)


def test_a_picture_is_shown_with_its_neighbours(of_digits, digits, models):
    shown = ok(of_digits.get("/api/models/1/examples/9"))
    assert np.array_equal(picture(shown["original"]), np.rint(digits.X[9] * 255))
    rebuilt = models["plain"].reconstruct(digits.X[9:10])[0]
    assert picture(shown["reconstruction"]) / 255 == pytest.approx(rebuilt, abs=0.003)
    assert shown["label"] == "9" and shown["score"] is None
    assert picture(shown["blame"]).shape == (8, 8, 4)
    codes = models["plain"].transform(digits.X[:400])
    distances = np.linalg.norm(codes - codes[9], axis=1)
    nearest = np.argsort(distances)[1:9]
    assert [each["index"] for each in shown["neighbours"]] == nearest.tolist()
    assert [each["distance"] for each in shown["neighbours"]] == pytest.approx(distances[nearest], abs=1e-3)


def test_a_window_is_shown_as_curves(of_signal, signal):
    shown = ok(of_signal.get("/api/models/0/examples/3"))
    assert np.array(shown["original"]["curve"]) == pytest.approx(signal[6:22].T)
    assert np.array(shown["blame"]["curve"]).shape == (2, 16) and shown["row"] == 21
    assert ok(of_signal.get("/api/models/0/examples/192"))["label"] == "1"


def test_values_for_many(of_digits, digits):
    found = ok(of_digits.get("/api/examples/values?index=3,1,2"))["values"]
    assert np.array_equal(picture(found[1]), np.rint(digits.X[1] * 255))
    assert ok(of_digits.get("/api/examples/1/value")) == found[1]


# -- codes -------------------------------------------------------------------------------------------------------


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
    found = ok(of_digits.post("/api/models/1/place", json=body))
    assert found["codes"][0] == pytest.approx(code, abs=1e-4)
    where = points(of_digits.get("/api/models/1/map/pca"))[17]
    body = {"map": "pca", "points": [where.tolist()]}
    code = ok(of_digits.post("/api/models/1/place", json=body))["codes"][0]
    line = ok(of_digits.post("/api/models/1/interpolate", json={"from": 17, "to": 17, "steps": 2}))
    assert line["positions"][0] == pytest.approx(where, abs=1e-4)
    assert len(code) == 6


def test_a_grid_is_laid_row_by_row(of_digits):
    body = {"map": "pca", "columns": 3, "rows": 2, "bounds": [-1, -0.5, 1, 0.5]}
    grid = ok(of_digits.post("/api/models/1/grid", json=body))["values"]
    place = {"map": "pca", "points": [[2 / 3, -0.25], [-2 / 3, 0.25]]}
    assert [grid[2], grid[3]] == ok(of_digits.post("/api/models/1/place", json=place))["values"] and len(grid) == 6


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
    assert np.array_equal(picture(found["given"]), np.rint(digits.X[4] * 255))
    assert not picture(encode(erase=1.0)["given"]).any()
    assert encode(noise=0.5, seed=1)["given"] == encode(noise=0.5, seed=1)["given"] != encode(noise=0.5)["given"]


def test_a_row_that_is_edited_is_encoded(of_table, rows, detector):
    shown = ok(of_table.get("/api/models/0/examples/20"))
    found = ok(of_table.post("/api/models/0/encode", json={"cells": shown["original"]["cells"]}))
    assert found["code"] == pytest.approx(shown["code"], abs=1e-4)
    assert found["score"] == pytest.approx(shown["score"], rel=1e-3)
    assert found["given"] == shown["original"]
    gaps = ok(of_table.post("/api/models/0/encode", json={"cells": [None] * 5}))
    assert gaps["given"]["cells"] == [None] * 5 and None not in gaps["reconstruction"]["cells"]
    noisy = ok(of_table.post("/api/models/0/encode", json={"cells": shown["original"]["cells"], "noise": 1}))
    assert noisy["given"]["cells"][0] != shown["original"]["cells"][0]
    assert noisy["given"]["cells"][2:4] == shown["original"]["cells"][2:4]


def test_a_curve_that_is_edited_is_encoded(of_signal):
    shown = ok(of_signal.get("/api/models/0/examples/8"))
    found = ok(of_signal.post("/api/models/0/encode", json={"curve": shown["original"]["curve"]}))
    assert found["code"] == pytest.approx(shown["code"], abs=1e-4)
    holes = ok(of_signal.post("/api/models/0/encode", json={"curve": shown["original"]["curve"], "erase": 0.5}))
    assert 0 < sum(value is None for value in holes["given"]["curve"][0]) < 16


# -- anomalies, search, files ------------------------------------------------------------------------------------


def test_the_histogram_counts_every_example(of_table, of_digits, detector):
    found = ok(of_table.get("/api/models/0/scores"))
    assert sum(found["counts"]) == 300 and len(found["edges"]) == len(found["counts"]) + 1
    assert found["threshold"] == detector.threshold_ and found["what"] == "score"
    assert ok(of_digits.get("/api/models/0/scores"))["what"] == "error"


def test_anomalies_above_a_threshold(of_table, rows, detector):
    scores = detector.anomaly_score(rows)
    limit = float(np.sort(scores)[-11])
    found = ok(of_table.get(f"/api/models/0/anomalies?threshold={limit + 1e-6}&limit=4"))
    assert found["flagged"] == 10 and [row["index"] for row in found["rows"]] == np.argsort(-scores)[:4].tolist()
    blame = found["rows"][0]["blame"]
    assert len(blame) == 3 and blame[0]["share"] >= blame[1]["share"] and blame[0]["name"] in rows.columns
    lines = list(csv.DictReader(io.StringIO(of_table.get(f"/api/models/0/anomalies.csv?threshold={limit}").text)))
    assert len(lines) in (10, 11) and int(lines[0]["row"]) == np.argmax(scores) and "%" in lines[0]["blame 1"]


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


# -- what is refused ---------------------------------------------------------------------------------------------

WRONG = [
    ("get", "/api/models/7/scores", None, 404, "m"),
    ("get", "/api/models/0/examples/300", None, 422, "i"),
    ("get", "/api/models/0/examples/-1", None, 422, "i"),
    ("get", "/api/models/0/examples/many", None, 422, "i"),
    ("get", "/api/models/0/map/tsne", None, 422, "name"),
    ("get", "/api/models/0/map/codes?x=4", None, 422, "x"),
    ("get", "/api/models/0/anomalies?threshold=nan", None, 422, "threshold"),
    ("get", "/api/models/0/anomalies?limit=0", None, 422, "limit"),
    ("get", "/api/colours/error:9", None, 404, "id"),
    ("get", "/api/examples/values?index=1,x", None, 422, "index"),
    ("get", "/api/search?q=town>3", None, 422, "q"),
    ("get", "/api/search?q=since>2020-13-01", None, 422, "q"),
    ("get", "/api/nothing", None, 404, None),
    ("post", "/api/models/0/decode", {"z": [[1, 2]]}, 422, "z"),
    ("post", "/api/models/0/decode", {"z": []}, 422, "z"),
    ("post", "/api/models/0/decode", {"z": [["a"] * 4]}, 422, "z.0.0"),
    ("post", "/api/models/0/decode", {"z": [[1e31] * 4]}, 422, "z.0.0"),
    ("post", "/api/models/0/decode", {}, 422, "z"),
    ("post", "/api/models/0/place", {"points": [[1]]}, 422, "points.0"),
    ("post", "/api/models/0/place", {"map": "codes", "points": [[1, 1]], "code": [1]}, 422, "z"),
    ("post", "/api/models/0/grid", {"bounds": [0, 0, 1]}, 422, "bounds"),
    ("post", "/api/models/0/grid", {"bounds": [0, 0, 1, 1], "rows": 1000}, 422, "rows"),
    ("post", "/api/models/0/interpolate", {"from": 0, "to": 300}, 422, "from"),
    ("post", "/api/models/0/direction", {"from": [], "to": [1]}, 422, "from"),
    ("post", "/api/models/0/direction", {"from": [1], "to": [301]}, 422, "to"),
    ("post", "/api/models/0/sample", {"temperature": -1}, 422, "temperature"),
    ("post", "/api/models/0/encode", {"pixels": [0.5]}, 422, "cells"),
    ("post", "/api/models/0/encode", {"cells": [1, 2]}, 422, "cells"),
    ("post", "/api/models/0/encode", {"cells": ["x", 1, "Ulm", True, None]}, 422, "cells"),
    ("post", "/api/models/0/encode", {"cells": [1, 1, "Rome", True, None]}, 422, "cells"),
    ("post", "/api/models/0/encode", {"cells": [1, 1, "Ulm", 7, None]}, 422, "cells"),
    ("post", "/api/models/0/encode", {"cells": [1, 1, "Ulm", True, "soon"]}, 422, "cells"),
    ("post", "/api/models/0/encode", {"cells": [1e30, 1, "Ulm", True, None]}, 200, None),
    ("post", "/api/selection.csv", {"indices": [1, 300]}, 422, "indices"),
    ("post", "/api/selection.csv", {"indices": [1], "more": 1}, 422, "more"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "field"), WRONG)
def test_bad_input_names_the_field(of_table, method, path, body, status, field):
    response = getattr(of_table, method)(path, **({} if body is None else {"json": body}))
    assert response.status_code == status, response.text
    if status != 200:
        error = response.json()["error"]
        assert error["field"] == field and error["message"] and "Traceback" not in response.text


@pytest.mark.parametrize("body", [[0.5] * 63, [2.0] * 64])
def test_wrong_pixels_are_refused(of_digits, body):
    response = of_digits.post("/api/models/0/encode", json={"pixels": body})
    assert response.status_code == 422 and response.json()["error"]["field"] == "pixels"


def test_a_wrong_curve_is_refused(of_signal):
    response = of_signal.post("/api/models/0/encode", json={"curve": [[0.0] * 16]})
    assert response.status_code == 422 and response.json()["error"]["field"] == "curve"


def test_other_hosts_and_origins_are_refused(of_table):
    assert of_table.get("/api/state", headers={"Host": "evil.example"}).status_code == 403
    assert of_table.get("/api/state", headers={"Origin": "http://evil.example"}).status_code == 403


def test_no_examples_leaves_rows_out(asgi, rows, detector):
    client = asgi(explorer_app(opened({"detector": detector}, rows, shown=False)))
    text = client.get("/api/state").text
    assert not json.loads(text)["examples"] and "column:" not in text
    assert client.get("/api/examples/1/value").status_code == 403
    shown = ok(client.get("/api/models/0/examples/1"))
    assert shown["original"] is shown["reconstruction"] is shown["blame"] is None
    assert client.post("/api/selection.csv", json={"indices": [5]}).text == "row\n5\n"
    assert client.get("/api/colours/column:size").status_code == 404


# -- what is opened ----------------------------------------------------------------------------------------------


def test_a_limit_keeps_the_numbers_of_the_rows(asgi, rows, detector):
    session = opened({"detector": detector}, rows, np.arange(300).astype(str), limit=40)
    client = asgi(explorer_app(session))
    state = ok(client.get("/api/state"))
    assert (state["n"], state["limited"]) == (40, 300)
    shown = ok(client.get("/api/models/0/examples/7"))
    assert shown["label"] == str(shown["row"])
    assert shown["original"]["cells"][0] == pytest.approx(rows["size"][shown["row"]], nan_ok=True)


def test_an_imputer_and_a_condition(asgi, rows):
    imputer = Imputer(Autoencoder("masked", 4, epochs=1, random_state=0, verbose=False)).fit(rows)
    given = Autoencoder("plain", 3, condition="town", **QUICK).fit(rows.dropna())
    client = asgi(explorer_app(opened({"imputer": imputer}, rows)))
    assert ok(client.post("/api/models/0/decode", json={"z": [[0.0] * 4]}))["values"][0]["cells"][2] in {
        "Ulm",
        "Bonn",
        "=1+1",
    }
    client = asgi(explorer_app(opened({"given": given}, rows.dropna())))
    assert [field["name"] for field in ok(client.get("/api/state"))["fields"]] == ["size", "count", "open", "since"]
    assert len(ok(client.post("/api/models/0/decode", json={"z": [[0.0] * 3]}))["values"][0]["cells"]) == 4


def test_data_that_do_not_fit_are_refused(rows, detector, models, digits, signal):
    with pytest.raises(InputError, match="feature names"):
        opened({"detector": detector}, rows.drop(columns="town"))
    with pytest.raises(InputError, match="shape"):
        opened({"plain": models["plain"]}, digits.X[:9, :4])
    with pytest.raises(InputError, match="one label for each row"):
        opened({"plain": models["plain"]}, digits.X[:9], digits.y[:8])
    with pytest.raises(InputError, match="at least 2"):
        opened({"plain": models["plain"]}, digits.X[:1])
    waves = {
        name: Autoencoder("plain", 2, data=Signals(window=window), **QUICK).fit(signal)
        for name, window in (("a", 8), ("b", 16))
    }
    with pytest.raises(InputError, match="different numbers of examples"):
        opened(waves, signal)


def test_one_code_number_makes_a_line(asgi, digits):
    ae = Autoencoder("plain", 1, **QUICK).fit(digits.X[:50])
    client = asgi(explorer_app(opened({"line": ae}, digits.X[:50])))
    assert not points(client.get("/api/models/0/map/codes"))[:, 1].any()
    assert not points(client.get("/api/models/0/map/pca"))[:, 1].any()
    found = ok(client.post("/api/models/0/place", json={"map": "codes", "points": [[0.5, 0.7]]}))
    assert len(found["codes"][0]) == 1


def test_detectors_of_pictures_and_signals_say_what_is_to_blame(asgi, digits, signal):
    pixels = AnomalyDetector(Autoencoder("plain", 4, **QUICK), random_state=0).fit(digits.X[:200])
    client = asgi(explorer_app(opened({"pixels": pixels}, digits.X[:60])))
    shown = ok(client.get("/api/models/0/examples/3"))
    assert picture(shown["blame"]).shape == (8, 8, 4) and shown["score"] > 0
    assert ok(client.get("/api/models/0/anomalies?threshold=0"))["rows"][0]["blame"] == []
    assert len(client.get("/api/models/0/anomalies.csv?threshold=0").text.splitlines()) == 61

    waves = AnomalyDetector(Autoencoder("plain", 4, data=Signals(window=16), **QUICK), random_state=0).fit(signal)
    client = asgi(explorer_app(opened({"waves": waves}, signal)))
    assert np.array(ok(client.get("/api/models/0/examples/3"))["blame"]["curve"]).shape == (2, 16)
    rows = ok(client.get("/api/models/0/anomalies?threshold=0&limit=2"))["rows"]
    assert {part["name"] for part in rows[0]["blame"]} == {"x0", "x1"}


def test_pictures_in_colour_with_channels_first(asgi):
    X = np.random.default_rng(0).integers(0, 256, (40, 3, 6, 5), dtype=np.uint8)
    ae = Autoencoder("plain", 4, data=Images(channels_first=True), **QUICK).fit(X)
    client = asgi(explorer_app(opened({"colour": ae}, X)))
    shown = ok(client.get("/api/models/0/examples/2"))
    assert np.array_equal(picture(shown["original"]), np.moveaxis(X[2], 0, -1))
    assert picture(shown["blame"]).shape == (6, 5, 4)
    flat = (np.moveaxis(X[2], 0, -1) / 255).ravel().tolist()
    found = ok(client.post("/api/models/0/encode", json={"pixels": flat}))
    assert found["given"] == shown["original"] and found["code"] == pytest.approx(shown["code"], abs=1e-4)
    lines = list(csv.DictReader(io.StringIO(client.post("/api/selection.csv", json={"indices": [2]}).text)))
    assert lines[0]["pixel_1_4_2"] == str(X[2, 2, 1, 4])
