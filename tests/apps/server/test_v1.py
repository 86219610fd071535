"""What models answer, in each form; and what they refuse."""

import io
import json
import math

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from isthmus import Autoencoder, Signals
from isthmus.apps.server.app import build
from isthmus.apps.server.models import Model

NPY, PNG = {"Content-Type": "application/x-npy"}, {"Content-Type": "image/png"}
ROW = [0.1 * place for place in range(9)]


def found(response):
    assert response.status_code == 200, response.text
    return response.json()


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def png(array, **options):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, format="PNG", **options)
    return stream.getvalue()


def person(**changed):
    return {
        "height": 181.5,
        "children": 2,
        "member": True,
        "city": "Köln",
        "joined": "2021-03-04T00:00:00",
        "stay": 1800.0,
        **changed,
    }


def deep(levels):
    found = 1.0
    for _ in range(levels):
        found = [found]
    return found


def frame_of(rows):
    frame = pd.DataFrame(rows)
    frame["joined"], frame["stay"] = pd.to_datetime(frame.joined), pd.to_timedelta(frame.stay, unit="s")
    return frame


# -- what there is ---------------------------------------------------------------------------------------------------


def test_what_models_there_are(client, models):
    listed = found(client.get("/v1/models"))["models"]
    assert {entry["name"] for entry in listed} == set(models)
    about = found(client.get("/v1/models/machine"))
    assert about["estimator"] == "AnomalyDetector" and about["threshold"] == models["machine"].estimator.threshold_
    assert [field["name"] for field in about["fields"]] == [f"c{i}" for i in range(9)]
    assert {"encode", "decode", "reconstruct", "score", "explain"} <= set(about["graphs"])
    assert "impute" in found(client.get("/v1/models/gaps"))["operations"]
    assert found(client.get("/v1/models/people"))["fields"][3]["categories"] == ["Bonn", "Köln", "Ulm"]


def test_what_is_not_offered_is_named(client):
    error = client.post("/v1/models/machine/impute", json={"rows": [ROW]})
    assert error.status_code == 404 and "encode, reconstruct, score" in error.json()["error"]["message"]
    assert client.post("/v1/models/people/denoise", json={"rows": [person()]}).status_code == 404
    error = client.post("/v1/models/nothing/score", json={"rows": [ROW]})
    assert error.status_code == 404 and "machine" in error.json()["error"]["message"]
    assert client.get("/v1/models/nothing").status_code == 404
    assert client.get("/v1/models/machine/score").status_code == 405


def test_the_server_tells_how_it_is(client):
    assert found(client.get("/health")) == {"status": "ok"}
    assert "machine" in found(client.get("/ready"))["models"]
    found(client.post("/v1/models/machine/score", json={"rows": [ROW]}))
    metrics = client.get("/metrics").text
    counted = 'isthmus_requests_total{method="POST",route="/v1/models/{name}/{operation}",status="200"}'
    assert counted in metrics and 'isthmus_batch_rows_bucket{le="1.0",model="machine",operation="score"}' in metrics


# -- tables ----------------------------------------------------------------------------------------------------------


def test_scores_are_those_of_the_detector(client, models):
    detector = models["machine"].estimator
    rows = [[0.0] * 9, [9.0, -9.0] * 4 + [0.0]]
    answer = found(client.post("/v1/models/machine/score", json={"rows": rows}))
    np.testing.assert_allclose(answer["score"], detector.anomaly_score(rows), rtol=1e-5)
    assert answer["flagged"] == [False, True] == (detector.predict(rows) < 0).tolist()
    np.testing.assert_allclose(answer["p_value"], detector.p_values(rows))
    assert answer["threshold"] == detector.threshold_


def test_the_answer_has_the_form_of_the_rows(client, models):
    named = dict(zip([f"c{i}" for i in range(9)], ROW, strict=True))
    columns = {name: [value] for name, value in named.items()}
    post = "/v1/models/machine/reconstruct"
    expected = models["machine"].autoencoder.reconstruct(np.array([ROW]))[0]
    np.testing.assert_allclose(found(client.post(post, json={"rows": [ROW]}))["rows"][0], expected, rtol=1e-5)
    assert list(found(client.post(post, json={"rows": [named]}))["rows"][0]) == list(named)
    assert set(found(client.post(post, json={"columns": columns}))["columns"]) == set(named)
    scored = found(client.post("/v1/models/machine/score", json={"rows": [named], "explain": True}))
    blame = models["machine"].estimator.explain(np.array([ROW]))[0]
    np.testing.assert_allclose(list(scored["contributions"][0].values()), blame, rtol=1e-4, atol=1e-7)


def test_arrays_in_and_out(client, models):
    X = np.random.default_rng(0).normal(size=(5, 9)).astype(np.float32)
    answer = client.post("/v1/models/machine/score", content=npy(X), headers={**NPY, "Accept": "application/x-npy"})
    np.testing.assert_allclose(
        np.load(io.BytesIO(answer.content)), models["machine"].estimator.anomaly_score(X.astype(float)), rtol=1e-5
    )
    codes = client.post("/v1/models/machine/encode", content=npy(X), headers={**NPY, "Accept": "application/x-npy"})
    back = client.post(
        "/v1/models/machine/decode", content=codes.content, headers={**NPY, "Accept": "application/x-npy"}
    )
    assert np.load(io.BytesIO(back.content)).shape == (5, 9)
    explained = client.post("/v1/models/machine/score?explain=true", content=npy(np.asfortranarray(X)), headers=NPY)
    assert np.shape(found(explained)["contributions"]) == (5, 9)


def test_all_kinds_of_columns(client, models):
    rows = [person(), person(city=None, height=None, joined="2021-03-04T02:00:00+02:00", member=None)]
    answer = found(client.post("/v1/models/people/encode", json={"rows": rows}))
    clean = frame_of([person(), person(city=None, height=None, member=None)])
    np.testing.assert_allclose(answer["codes"], models["people"].estimator.transform(clean), rtol=1e-4, atol=1e-5)
    rebuilt = found(client.post("/v1/models/people/reconstruct", json={"rows": rows}))["rows"][0]
    assert isinstance(rebuilt["children"], int) and isinstance(rebuilt["member"], bool)
    assert rebuilt["city"] in ("Bonn", "Köln", "Ulm") and rebuilt["joined"].startswith("20")
    assert isinstance(rebuilt["stay"], float)
    listed = found(client.post("/v1/models/people/encode", json={"rows": [list(person().values())]}))
    np.testing.assert_allclose(listed["codes"][0], answer["codes"][0], rtol=1e-5)


def test_samples_follow_the_seed(client):
    post = "/v1/models/people/sample"
    first, again = (found(client.post(post, json={"n": 3, "seed": 5})) for _ in range(2))
    assert first == again and len(first["rows"]) == 3 and set(first["rows"][0]) == set(person())
    assert len(found(client.post(post, content=b""))["rows"]) == 1
    arrays = client.post("/v1/models/plain/sample", json={"n": 4}, headers={"Accept": "application/x-npy"})
    assert np.load(io.BytesIO(arrays.content)).shape == (4, 9)


def test_gaps_are_filled_and_cells_stay(client):
    row = {"height": None, "children": 2, "member": True, "city": "Ulm"}
    (filled,) = found(client.post("/v1/models/gaps/impute", json={"rows": [row]}))["rows"]
    assert 100 < filled["height"] < 240 and {**row, "height": filled["height"]} == filled


def test_a_condition_by_columns(client):
    rows = [person()]
    assert found(client.post("/v1/models/region/reconstruct", json={"rows": rows}))["rows"][0]["children"] >= 0
    given = {"city": "Ulm", "member": False}
    answer = found(client.post("/v1/models/region/sample", json={"n": 2, "condition": given}))
    assert len(answer["rows"]) == 2 and "city" not in answer["rows"][0]
    codes = found(client.post("/v1/models/region/encode", json={"rows": rows}))["codes"]
    found(client.post("/v1/models/region/decode", json={"codes": codes, "condition": given}))
    for wrong in (None, "Ulm", {}, {"city": "Ulm"}, {"city": ["Ulm"] * 3, "member": [True] * 3}):
        answer = client.post("/v1/models/region/sample", json={"n": 2, "condition": wrong})
        assert answer.status_code == 422, answer.text


def test_a_condition_by_label(client, models):
    picture = load_digits().images[0] / 16
    post, rows = "/v1/models/labelled/reconstruct", [picture.tolist()] * 2
    expected = models["labelled"].estimator.reconstruct(np.stack([picture] * 2), [7, 7])
    for label in (7, "7", [7, 7], ["7", 7]):
        answer = found(client.post(post, json={"rows": rows, "condition": label}))
        np.testing.assert_allclose(answer["rows"], expected, atol=1e-6)
    drawn = client.post(f"{post}?condition=7", content=npy(np.stack([picture] * 2)), headers=NPY)
    np.testing.assert_allclose(found(drawn)["rows"], expected, atol=1e-6)
    for wrong in (None, [], [None, 1], [1, 2, 3], {"y": 1}, [[1], [2]], "\ud800"):
        answer = client.post(post, content=json.dumps({"rows": rows, "condition": wrong}))
        assert answer.status_code == 422 and answer.json()["error"]["field"] == "condition", answer.text
    assert client.post("/v1/models/plain/encode", json={"rows": [ROW], "condition": 1}).status_code == 422
    assert client.post("/v1/models/region/encode", json={"rows": [person()], "condition": 1}).status_code == 422


def test_the_address_asks_too(client):
    post, body = "/v1/models/machine/score", {"content": npy(np.array([ROW])), "headers": NPY}
    assert "contributions" in found(client.post(f"{post}?explain=true", **body))
    assert "contributions" in found(client.post(f"{post}?explain=true", json={"rows": [ROW]}))
    assert "contributions" not in found(client.post(f"{post}?explain=false", **body))
    for query in ("explain=maybe", "explian=true", "explain=", "explain=%ff"):
        answer = client.post(f"{post}?{query}", **body)
        assert answer.status_code == 422 and answer.json()["error"]["field"] == query.partition("=")[0]


# -- images and signals --------------------------------------------------------------------------------------------


def test_images(client, models):
    picture = (load_digits().images[0] * 15.9).astype(np.uint8)
    expected = models["digits"].estimator.reconstruct(picture[None])
    post = "/v1/models/digits/denoise"
    for body in ({"json": {"rows": [picture.tolist()]}}, {"json": {"rows": [(picture / 255).tolist()]}}):
        np.testing.assert_allclose(found(client.post(post, **body))["rows"], expected, atol=1e-5)
    for array in (picture, np.stack([picture] * 3, -1)):  # colour is turned into grey
        answer = client.post(post, content=png(array), headers=PNG)
        np.testing.assert_allclose(found(answer)["rows"], expected, atol=0.01)
    drawn = client.post(post, content=png(picture), headers={**PNG, "Accept": "image/png"})
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(drawn.content))), np.rint(expected[0] * 255))
    scored = found(client.post("/v1/models/digits/score", json={"rows": [picture.tolist()], "explain": True}))
    assert np.shape(scored["contributions"]) == (1, 8, 8)


def test_a_denoiser_denoises(client, models):
    picture = load_digits().images[:2] / 16
    answer = client.post("/v1/models/restored/denoise", json={"rows": picture.tolist()})
    np.testing.assert_allclose(found(answer)["rows"], models["restored"].estimator.transform(picture), atol=1e-5)
    assert "denoise" in found(client.get("/v1/models/restored"))["operations"]


def test_colour_images_with_channels_first(client, models):
    picture = np.random.default_rng(0).integers(0, 255, (6, 5, 3)).astype(np.uint8)
    answer = client.post("/v1/models/colour/encode", content=png(picture), headers=PNG)
    channels_first = (picture.transpose(2, 0, 1)[None] / 255).astype(np.float32)
    np.testing.assert_allclose(found(answer)["codes"], models["colour"].estimator.transform(channels_first), rtol=1e-4)
    drawn = client.post("/v1/models/colour/sample", json={}, headers={"Accept": "image/png"})
    assert Image.open(io.BytesIO(drawn.content)).size == (5, 6)


def test_signals(client, models):
    wave = np.sin(np.arange(60)[:, None] / [3, 5])
    expected = models["waves"].estimator.anomaly_score(pd.DataFrame(wave, columns=["a", "b"]))
    columns = {"a": wave[:, 0].tolist(), "b": wave[:, 1].tolist()}
    for body in ({"rows": wave.tolist()}, {"columns": columns}):
        answer = found(client.post("/v1/models/waves/score", json=body))
        np.testing.assert_allclose(answer["score"], expected, rtol=1e-4)
    answer = found(client.post("/v1/models/waves/score", json={"columns": columns, "explain": True}))
    assert set(answer["contributions"]) == {"a", "b"} and len(answer["contributions"]["a"]) == 60
    rebuilt = found(client.post("/v1/models/waves/reconstruct", json={"columns": columns}))
    assert np.shape(rebuilt["columns"]["b"]) == (60,)
    assert np.shape(found(client.post("/v1/models/waves/encode", json={"rows": wave.tolist()}))["codes"]) == (45, 3)
    none = client.post("/v1/models/waves/score", content=npy(np.zeros((0, 2))), headers=NPY)
    assert none.status_code == 422 and "(0, 2)" in none.json()["error"]["message"]
    short = client.post("/v1/models/waves/score", json={"rows": wave[:5].tolist()})
    assert short.status_code == 422 and "5 time steps" in short.json()["error"]["message"]


def test_labels_of_a_signal_are_those_of_its_windows(asgi):
    wave = np.sin(np.arange(80)[:, None] / [3, 5])
    settings = {"epochs": 1, "random_state": 0, "verbose": False, "condition": "y"}
    labelled = Autoencoder("plain", 3, data=Signals(window=16), **settings).fit(wave, np.arange(65) % 2)
    client = asgi(build({"labelled": Model("labelled", labelled)}))
    for label in (1, (np.arange(25) % 2).tolist()):
        body = {"rows": wave[:40].tolist(), "condition": label}
        codes = found(client.post("/v1/models/labelled/encode", json=body))["codes"]
        np.testing.assert_allclose(codes, labelled.transform(wave[:40], label), atol=1e-5)
    wrong = client.post("/v1/models/labelled/encode", json={"rows": wave[:40].tolist(), "condition": [1] * 40})
    assert wrong.status_code == 422 and wrong.json()["error"]["field"] == "condition"


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "body", "field", "said"),
    [
        ("machine", {"rows": [[*ROW[:8], "x"]]}, "c8", "row 0: 'x' is no number"),
        ("machine", {"rows": [ROW, [*ROW[:8], "1.5"]]}, "c8", "row 1"),
        ("machine", {"rows": [ROW, ROW[:8]]}, "rows", "row 1 has 8 values"),
        ("machine", {"rows": [[ROW]]}, "rows", "has 1 value,"),
        ("machine", {"rows": [[[1]] * 9]}, "c0", "[1]"),
        ("machine", {"rows": [[10**400, *ROW[1:]]]}, "c0", "row 0"),
        ("machine", {"rows": [[1e300, *ROW[1:]]]}, "c0", "too far"),
        ("machine", {"rows": [[math.inf, *ROW[1:]]]}, "c0", "infinity"),
        ("machine", {"rows": [[None] * 9]}, "rows", "no value at all"),
        ("machine", {"rows": [[math.nan] * 9]}, "rows", "no value at all"),
        ("machine", {"rows": [deep(900)]}, "rows", "has 1 value,"),
        ("machine", {"rows": [[deep(900), *ROW[1:]]]}, "c0", "no number"),
        ("digits", {"rows": [deep(900)]}, "rows", "pixels"),
        ("machine", {"rows": []}, "rows", "not empty"),
        ("machine", {"rows": 3}, "rows", "a list"),
        ("machine", {"rows": [ROW, {"c0": 1}]}, "rows", "row 1"),
        ("machine", {"rows": [{"c0": 1}]}, "c1", "is missing"),
        ("machine", {"rows": [{}]}, "rows", "no values"),
        ("machine", {"columns": {f"c{i}": [1.0] * (1 + (i == 3)) for i in range(9)}}, "columns", "differ in length"),
        ("machine", {"columns": {"c0": 3}}, "columns", "a list"),
        ("machine", {"columns": {"a": [1]}}, "a", "is not known"),
        ("machine", {"rows": [ROW], "columns": {}}, "rows", "either"),
        ("machine", {}, "rows", "either"),
        ("machine", {"rows": [ROW], "explian": True}, "explian", "is unknown here"),
        ("machine", {"rows": [ROW], "explain": 1}, "explain", "true or false"),
        ("machine", {"codes": [[1.0]]}, "codes", "either"),
        ("people", {"rows": [person(joined="tomorrow")]}, "joined", "ISO 8601"),
        ("people", {"rows": [person(joined=3)]}, "joined", "ISO 8601"),
        ("people", {"rows": [person(stay=1e300)]}, "stay", "duration"),
        ("people", {"rows": [person(city=["Ulm"])]}, "city", "no text"),
        ("people", {"rows": [person(city="\ud800")]}, "city", "no text"),
        ("people", {"rows": [person(member=3)]}, "member", "neither true"),
        ("people", {"rows": [person(height="\ud800")]}, "height", "no number"),
        ("digits", {"rows": [[[0] * 8] * 7]}, "rows", "(1, 7, 8)"),
        ("digits", {"rows": [[[256] * 8] * 8]}, "rows", "256"),
        ("digits", {"rows": [[["a"] * 8] * 8]}, "rows", "'a'"),
        ("digits", {"rows": [[[0] * 8] * 8, [[0]]]}, "rows", "differ in shape"),
        ("digits", {"rows": [[[math.nan] * 8] * 8]}, "rows", "finite"),
        ("digits", {"columns": {"pixels": [1]}}, "columns", "no columns"),
        ("waves", {"rows": [[1.0, 2.0, 3.0]] * 20}, "rows", "3 values"),
        ("waves", {"columns": {"a": [1.0] * 20}}, "rows", "channel"),
    ],
)
def test_rows_that_cannot_be_used(client, model, body, field, said):
    answer = client.post(
        f"/v1/models/{model}/score", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert said in error["message"] and error["field"] == field, error


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"rows": [' + b"9" * 5000 + b"]}"])
def test_bodies_that_are_no_json(client, body):
    assert client.post("/v1/models/machine/score", content=body).status_code == 400


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", b'"rows"'])
def test_bodies_that_are_no_object(client, body):
    assert client.post("/v1/models/machine/score", content=body).status_code == 422


def header_of(shape, dtype="<f8"):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\x93NUMPY", 400),
        (b"not an array", 400),
        (npy(np.zeros((2, 9)))[:-8], 400),
        (header_of((10**12, 9)), 400),
        (header_of((-1, 9)), 400),
        (npy(np.zeros((2, 9))).replace(b"(2, 9)", b"(-1,9)"), 400),
        (npy(np.zeros((1, 9))).replace(b"(1, 9), ", b"(True,9)"), 400),
        (header_of((1,) * 100) + bytes(8), 400),
        (header_of((0, 10**30)), 400),
        (header_of("-" * 9000 + "1"), 400),
        (npy(np.zeros((1, 9))).replace(b"NUMPY\x01", b"NUMPY\x03"), 400),
        (npy(np.zeros((2, 8))), 422),
        (npy(np.zeros((0, 9))), 422),
        (npy(np.zeros((2, 9), dtype="U3")), 422),
        (npy(np.array([{}], dtype=object)), 422),
        (npy(np.zeros(())), 422),
    ],
)
def test_broken_arrays(client, body, status):
    answer = client.post("/v1/models/machine/score", content=body, headers=NPY)
    assert answer.status_code == status and answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no image",
        png(np.zeros((8, 8), np.uint8))[:40],
        png(np.zeros((9, 8), np.uint8)),
        png(np.zeros((8, 8), np.uint16)),
    ],
)
def test_broken_images(client, body):
    answer = client.post("/v1/models/digits/encode", content=body, headers=PNG)
    error = answer.json()["error"]
    assert answer.status_code == 422 and error["field"] == "body" and "object at" not in error["message"]


def test_forms_that_do_not_fit(client):
    picture = png(np.zeros((8, 8), np.uint8))
    assert client.post("/v1/models/machine/score", content=picture, headers=PNG).status_code == 415
    assert client.post("/v1/models/digits/decode", content=picture, headers=PNG).status_code == 415
    assert (
        client.post("/v1/models/machine/score", content="a,b", headers={"Content-Type": "text/csv"}).status_code == 415
    )
    assert client.post("/v1/models/people/sample", content=npy(np.zeros(1)), headers=NPY).status_code == 415
    assert client.post("/v1/models/people/encode", content=npy(np.zeros((1, 6))), headers=NPY).status_code == 422
    for accept, post, body in (
        ("image/png", "machine/score", {"rows": [ROW]}),
        ("image/png", "digits/sample", {"n": 2}),
        ("application/x-npy", "people/sample", {}),
    ):
        assert client.post(f"/v1/models/{post}", json=body, headers={"Accept": accept}).status_code == 406


@pytest.mark.parametrize(
    "body",
    [
        {"n": 0},
        {"n": 1.5},
        {"n": True},
        {"seed": -1},
        {"seed": 2**32},
        {"temperature": -1},
        {"number": 3},
        {"temperature": "hot"},
    ],
)
def test_samples_that_cannot_be(client, body):
    assert client.post("/v1/models/people/sample", json=body).status_code == 422


def test_codes_that_cannot_be(client):
    for codes in ([[1.0, 2.0]], [["a", 1, 2]], [[math.inf, 0, 0]], [[1e300, 0, 0]]):
        answer = client.post("/v1/models/machine/decode", content=json.dumps({"codes": codes}))
        assert answer.status_code == 422 and answer.json()["error"]["field"] == "codes", answer.text


def test_limits(client):
    rows = client.post("/v1/models/machine/score", json={"rows": [ROW] * 201})
    assert rows.status_code == 413 and "201" in rows.json()["error"]["message"]
    assert client.post("/v1/models/machine/score", content=npy(np.zeros((201, 9))), headers=NPY).status_code == 413
    assert client.post("/v1/models/people/sample", json={"n": 201}).status_code == 413
    huge = client.post("/v1/models/machine/score", content=b" " * (2**18 + 1))
    assert huge.status_code == 413 and huge.json()["error"]["field"] == "body"
