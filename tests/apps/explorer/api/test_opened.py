"""Which models and data are opened together, and what each kind of them shows."""

import csv
import io

import numpy as np
import pytest

from isthmus import AnomalyDetector, Autoencoder, Images, Imputer, InputError, Signals
from isthmus.apps.explorer.api.app import explorer_app
from isthmus.apps.explorer.session import open_session

from .conftest import QUICK, ok, picture, points


def test_a_limit_keeps_the_numbers_of_the_rows(asgi, rows, detector):
    session = open_session({"detector": detector}, rows, np.arange(300).astype(str), limit=40)
    client = asgi(explorer_app(session))
    state = ok(client.get("/api/state"))
    assert (state["n"], state["limited"]) == (40, 300)
    shown = ok(client.get("/api/models/0/examples/7"))
    assert shown["label"] == str(shown["row"])
    assert shown["original"]["cells"][0] == pytest.approx(rows["size"][shown["row"]], nan_ok=True)


def test_an_imputer_and_a_condition(asgi, rows):
    imputer = Imputer(Autoencoder("masked", 4, epochs=1, random_state=0, verbose=False)).fit(rows)
    given = Autoencoder("plain", 3, condition="town", **QUICK).fit(rows.dropna())
    client = asgi(explorer_app(open_session({"imputer": imputer}, rows)))
    assert ok(client.post("/api/models/0/decode", json={"z": [[0.0] * 4]}))["values"][0]["cells"][2] in {
        "Ulm",
        "Bonn",
        "=1+1",
    }
    client = asgi(explorer_app(open_session({"given": given}, rows.dropna())))
    assert [field["name"] for field in ok(client.get("/api/state"))["fields"]] == ["size", "count", "open", "since"]
    assert len(ok(client.post("/api/models/0/decode", json={"z": [[0.0] * 3]}))["values"][0]["cells"]) == 4


def test_data_that_do_not_fit_are_refused(rows, detector, models, digits, signal):
    with pytest.raises(InputError, match="feature names"):
        open_session({"detector": detector}, rows.drop(columns="town"))
    with pytest.raises(InputError, match="shape"):
        open_session({"plain": models["plain"]}, digits.X[:9, :4])
    with pytest.raises(InputError, match="one label for each row"):
        open_session({"plain": models["plain"]}, digits.X[:9], digits.y[:8])
    with pytest.raises(InputError, match="at least 2"):
        open_session({"plain": models["plain"]}, digits.X[:1])
    waves = {
        name: Autoencoder("plain", 2, data=Signals(window=window), **QUICK).fit(signal)
        for name, window in (("a", 8), ("b", 16))
    }
    with pytest.raises(InputError, match="different numbers of examples"):
        open_session(waves, signal)


def test_one_code_number_makes_a_line(asgi, digits):
    ae = Autoencoder("plain", 1, **QUICK).fit(digits.X[:50])
    client = asgi(explorer_app(open_session({"line": ae}, digits.X[:50])))
    assert not points(client.get("/api/models/0/map/codes"))[:, 1].any()
    assert not points(client.get("/api/models/0/map/pca"))[:, 1].any()
    found = ok(client.post("/api/models/0/walk", json={"map": "codes", "points": [[0.5, 0.7]]}))
    assert len(found["codes"][0]) == 1


def test_detectors_of_images_and_signals_say_what_contributes(asgi, digits, signal):
    pixels = AnomalyDetector(Autoencoder("plain", 4, **QUICK), random_state=0).fit(digits.X[:200])
    client = asgi(explorer_app(open_session({"pixels": pixels}, digits.X[:60])))
    shown = ok(client.get("/api/models/0/examples/3"))
    assert picture(shown["contributions"]).shape == (8, 8, 4) and shown["score"] > 0
    assert ok(client.get("/api/models/0/anomalies?threshold=0"))["rows"][0]["contributors"] == []
    assert len(client.get("/api/models/0/anomalies.csv?threshold=0").text.splitlines()) == 61

    waves = AnomalyDetector(Autoencoder("plain", 4, data=Signals(window=16), **QUICK), random_state=0).fit(signal)
    client = asgi(explorer_app(open_session({"waves": waves}, signal)))
    assert np.array(ok(client.get("/api/models/0/examples/3"))["contributions"]["curve"]).shape == (2, 16)
    rows = ok(client.get("/api/models/0/anomalies?threshold=0&limit=2"))["rows"]
    assert {part["name"] for part in rows[0]["contributors"]} == {"x0", "x1"}


def test_images_in_colour_with_channels_first(asgi):
    X = np.random.default_rng(0).integers(0, 256, (40, 3, 6, 5), dtype=np.uint8)
    ae = Autoencoder("plain", 4, data=Images(channels_first=True), **QUICK).fit(X)
    client = asgi(explorer_app(open_session({"colour": ae}, X)))
    shown = ok(client.get("/api/models/0/examples/2"))
    assert np.array_equal(picture(shown["original"]), np.moveaxis(X[2], 0, -1))
    assert picture(shown["contributions"]).shape == (6, 5, 4)
    flat = (np.moveaxis(X[2], 0, -1) / 255).ravel().tolist()
    found = ok(client.post("/api/models/0/encode", json={"pixels": flat}))
    assert found["input"] == shown["original"] and found["code"] == pytest.approx(shown["code"], abs=1e-4)
    lines = list(csv.DictReader(io.StringIO(client.post("/api/selection.csv", json={"indices": [2]}).text)))
    assert lines[0]["pixel_1_4_2"] == str(X[2, 2, 1, 4])
