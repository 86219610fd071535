"""What the page is told first, maps and colours."""

import json
import time
from threading import Event

import numpy as np
import pytest

from isthmus.apps.explorer.api.app import explorer_app
from isthmus.apps.explorer.maps import umap
from isthmus.apps.explorer.session import open_session

from .conftest import ok, points


def test_the_state_tells_of_fields_models_and_colours(of_table, of_digits, of_signal, detector, rows):
    state = ok(of_table.get("/api/state"))
    assert (state["n"], state["kind"], state["examples"], state["demo"]) == (300, "table", True, False)
    kinds = {field["name"]: field["kind"] for field in state["fields"]}
    assert kinds == {"size": "float", "count": "integer", "town": "category", "open": "boolean", "since": "date"}
    model = state["models"][0]
    assert model["scores"] and model["threshold"] == detector.threshold_ and model["variant"] == "denoising"
    assert len(model["code_low"]) == 4 and model["code_low"] < model["code_high"]
    colours = {colour["id"]: colour for colour in state["colours"]}
    assert set(colours) == {"label", "error:0", "score:0", "cluster:0", *(f"column:{name}" for name in kinds)}
    size, count, *others = state["deviation"]
    assert size == pytest.approx(rows["size"].std(ddof=0), rel=1e-3) and count > 0
    assert others[:2] == [None, None] and others[2] > 0  # of a category, of a truth value, of a date in seconds
    assert colours["label"]["names"] == ["large", "small"] and colours["column:size"]["low"] < 10

    state = ok(of_digits.get("/api/state"))
    assert state["image"] == {"height": 8, "width": 8, "channels": 1}
    assert [model["name"] for model in state["models"]] == ["variational", "plain"]
    assert not state["models"][0]["scores"] and state["models"][0]["threshold"] is None
    state = ok(of_signal.get("/api/state"))
    told = state["signal"]
    assert told["deviation"] == pytest.approx([0.7, 0.7], abs=0.05)
    assert (told["window"], told["channels"], state["n"]) == (16, ["x0", "x1"], 193)
    assert told["low"] == pytest.approx([-1, -1], abs=0.01) and told["high"] == pytest.approx([1, 1], abs=0.01)


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
    ready, said = Event(), Event()

    def laid_out(codes, tell):
        tell("thinking", 2, 5)
        said.set()
        assert ready.wait(60)
        return codes[:, :2] * 3

    monkeypatch.setattr(umap, "installed", lambda: True)
    monkeypatch.setattr(umap, "laid_out", laid_out)
    client = asgi(explorer_app(open_session({"plain": models["plain"]}, digits.X[:60])))
    assert {"id": "umap", "title": "UMAP"} in ok(client.get("/api/state"))["models"][0]["maps"]
    client.get("/api/models/0/map/umap")
    assert said.wait(60)
    response = client.get("/api/models/0/map/umap")
    told = response.json()["progress"]
    assert response.status_code == 202 and told["seconds"] >= 0
    assert (told["stage"], told["done"], told["total"]) == ("thinking", 2, 5)
    body = {"map": "umap", "points": [[0, 0]]}
    assert client.post("/api/models/0/walk", json=body).json()["error"]["field"] == "map"
    assert ok(client.post("/api/models/0/sample", json={"n": 2, "map": "umap"}))["positions"] == []
    ready.set()
    while (response := client.get("/api/models/0/map/umap")).status_code == 202:
        time.sleep(0.01)
    found = points(ok(response))
    placed = ok(client.post("/api/models/0/walk", json={"map": "umap", "points": [found[7].tolist()]}))
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
