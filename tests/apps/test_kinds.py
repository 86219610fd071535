"""Contracts of the adapter table: every kind of data x every face; a kind that is new is one line, shown with a toy."""

import json
from importlib import import_module

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from isthmus import AnomalyDetector, Audio, Autoencoder, InputError, Signals, Sound, Waveforms, load
from isthmus.apps import kinds
from isthmus.apps.cli.kinds.base import Files, files_of
from isthmus.apps.explorer import page
from isthmus.apps.explorer.api.app import explorer_app
from isthmus.apps.explorer.kinds.base import Kind, kind_of
from isthmus.apps.explorer.session import open_session
from isthmus.apps.export.export import export
from isthmus.apps.export.kinds.base import Adapter, adapter_of
from isthmus.apps.report import pages
from isthmus.apps.report.kinds.base import Rows, rows_of
from isthmus.apps.server.app import build
from isthmus.apps.server.kinds.base import Requests, requests_of
from isthmus.apps.server.models import Model
from isthmus.core.part import lookup
from isthmus.data.infer import KINDS

from .toy import LINE, Angles

RNG = np.random.default_rng(0)
QUICK = {"epochs": 1, "batch_size": 32, "random_state": 0, "verbose": False}
FRAME = pd.DataFrame({"a": RNG.normal(size=90), "b": list("xyz") * 30, "c": [True, False] * 45})
WAVES = np.stack([np.sin(np.arange(120) / 5), np.cos(np.arange(120) / 3)], 1)
TONES = [Sound(np.sin(np.arange(300) / (2 + k % 5)).astype(np.float32), 1000) for k in range(90)]
EXAMPLES = {
    "data/table": (FRAME, None, {"cells": [0.5, "x", True]}),
    "data/images": (RNG.random((90, 6, 5)).astype(np.float32), None, {"pixels": [0.5] * 30}),
    "data/signals": (WAVES, Signals(window=8), {"curve": [[0.1] * 8, [0.2] * 8]}),
    "data/audio": (TONES, Audio(window=0.1), {"samples": [0.1, 0.2] * 150}),
    "data/waveforms": (TONES, Waveforms(window=0.1), {"samples": [0.1, 0.2] * 150}),
    "data/angles": (RNG.uniform(-90, 90, 90), Angles(), {"degrees": 12.5}),
}
"""For each kind of data: X, what Autoencoder is told of it, and one example as the explorer's page sends it."""


@pytest.fixture(scope="module", autouse=True)
def toy():
    """The toy's line in the table: all that is edited, beside its own room."""
    with pytest.MonkeyPatch.context() as patch:
        for kind, faces in LINE.items():
            patch.setitem(kinds.ADAPTERS, kind, faces)
        yield


@pytest.fixture(scope="module")
def models():
    return {kind: made(kind).fit(X) for kind, (X, _, _) in EXAMPLES.items()}


def made(kind):
    """Return a small autoencoder for the example of a kind; recordings differ in length, which few nets take."""
    net = "feature-map" if kind in ("data/audio", "data/waveforms") else "linear"
    return Autoencoder("plain", 1 if kind == "data/angles" else 2, net=net, data=EXAMPLES[kind][1], **QUICK)


each = pytest.mark.parametrize("kind", EXAMPLES)


def test_every_kind_of_data_is_tested():
    assert {f"data/{name}" for name in (*KINDS, "waveforms")} | LINE.keys() == EXAMPLES.keys() == kinds.ADAPTERS.keys()


@each
@pytest.mark.parametrize("face", kinds.FACES)
def test_every_kind_has_an_adapter_for_every_face(kind, face):
    assert kinds.ADAPTERS[kind].keys() == kinds.FACES.keys()
    module, _, name = kinds.ADAPTERS[kind][face].partition(":")
    assert kinds.adapter(face, EXAMPLES_OF[kind]) is getattr(import_module(module), name)


EXAMPLES_OF = {cls.part_name: cls() for cls in (*(lookup(f"data/{name}") for name in (*KINDS, "waveforms")), Angles)}


def test_adapters_keep_what_their_face_asks_for(models):
    for kind, model in models.items():
        data = model.data_
        assert isinstance(files_of(data), Files), kind
        assert isinstance(kind_of(data), Kind), kind
        assert issubclass(rows_of(data), Rows), kind
        assert isinstance(requests_of(data, data.fields(), True), Requests), kind
        assert isinstance(adapter_of(data), Adapter), kind


@pytest.mark.parametrize(("face", "called"), kinds.FACES.items())
def test_what_a_face_cannot_show_is_named(monkeypatch, models, face, called):
    monkeypatch.setitem(kinds.ADAPTERS, "data/angles", {})
    with pytest.raises(InputError, match=f"{called} cannot show data/angles yet; it shows data/table, "):
        kinds.adapter(face, models["data/angles"].data_)


@each
def test_commands_know_what_is_theirs(models, kind):
    files = files_of(models[kind].data_)
    assert files.noun
    assert files.takes(EXAMPLES[kind][0])


@each
def test_the_explorer_shows_it(asgi, models, kind):
    X, _, given = EXAMPLES[kind]
    session = open_session({"model": models[kind]}, X)
    client = asgi(explorer_app(session))
    state = client.get("/api/state").json()
    assert state["kind"] == session.examples.kind.name
    assert state["n"] == len(session.examples)
    found = client.get("/api/models/0/examples/3").json()
    assert found["original"].keys() == found["reconstruction"].keys()
    code = [found["code"]]
    if models[kind].positions_:  # what is shown is the mean of a code over positions
        for path, body in (("decode", {"z": code}), ("encode", {**given, "noise": 0.0})):
            refused = client.post(f"/api/models/0/{path}", json=body)
            assert refused.status_code == 422 and "which cannot be decoded" in refused.text
        assert page.content(session)["values"]
        return
    decoded = client.post("/api/models/0/decode", json={"z": code}).json()["values"][0]
    assert decoded.keys() == found["reconstruction"].keys()
    made = client.post("/api/models/0/encode", json={**given, "noise": 0.0})
    assert made.status_code == 200, made.text
    assert len(made.json()["code"]) == len(found["code"])
    refused = client.post("/api/models/0/encode", json={next(iter(given)): "what it is not"})
    assert refused.status_code == 422
    content = page.content(session)
    assert content["values"]
    assert content["models"][0]["decoder"]["value"]["kind"] == state["kind"]


@each
def test_the_report_shows_it(tmp_path, models, kind):
    pages.write(models[kind], EXAMPLES[kind][0], tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    units = "activity" if models[kind].positions_ else "units"
    assert all(f'<section id="{name}"' in text for name in ("originals", "errors", "latent", "samples", units))


@each
def test_the_report_shows_a_detector_of_it(tmp_path, kind):
    X = EXAMPLES[kind][0]
    detector = AnomalyDetector(made(kind), scorer="error", false_alarm_rate=0.1, random_state=0).fit(X)
    pages.write(detector, X, tmp_path / "r.html", y=np.arange(len(X)) % 2)
    text = (tmp_path / "r.html").read_text()
    assert all(f'<section id="{name}"' in text for name in ("scores", "abnormal", "drift", "originals"))
    assert "exchangeable" in text  # what the threshold guarantees, or why nothing


@each
def test_the_server_answers_it(asgi, models, kind):
    X = EXAMPLES[kind][0]
    client = asgi(build({"m": Model("m", models[kind])}))
    rows = [np.asarray(row, dtype=object).tolist() for row in (X.to_numpy() if kind == "data/table" else X)]
    assert len(client.post("/v1/models/m/reconstruct", json={"rows": rows}).json()["rows"]) == len(X)
    scores = client.post("/v1/models/m/score", json={"rows": rows, "explain": True}).json()
    assert len(scores["score"]) > 1
    assert "contributions" in scores
    paths = client.get("/openapi.json").json()["paths"]
    assert "/v1/models/m/reconstruct" in paths
    outputs = client.get("/v2/models/m").json()["outputs"]
    assert any(entry["name"].startswith("reconstruction.") for entry in outputs)


@each
def test_a_image_is_taken_by_what_shows_images_only(asgi, models, kind):
    client = asgi(build({"m": Model("m", models[kind])}))
    answer = client.post("/v1/models/m/encode", content=b"no image", headers={"Content-Type": "image/png"})
    assert answer.status_code == (422 if kind == "data/images" else 415)


@each
def test_the_export_gives_the_same_numbers(tmp_path, models, kind):
    done = export(models[kind], tmp_path / "m.onnx", "reconstruct")  # which compares them
    assert done.trial.rows > 0
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    assert [port.name for port in session.get_inputs()] == [entry["name"] for entry in done.inputs]


def test_a_model_of_the_new_kind_goes_into_a_file(tmp_path, models):
    models["data/angles"].save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    X = EXAMPLES["data/angles"][0]
    assert np.array_equal(again.transform(X), models["data/angles"].transform(X))
    assert json.dumps(Model("m", again).about())
