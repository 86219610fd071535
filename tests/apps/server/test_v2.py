"""The Open Inference Protocol: with the client of Triton, and by hand where it is wrong."""

import json
import struct

import numpy as np
import pandas as pd
import pytest

from isthmus import Autoencoder
from isthmus.apps.server.app import build
from isthmus.apps.server.models import Model

COLUMNS = [f"c{i}" for i in range(9)]


def number(n=4):
    return np.random.default_rng(0).normal(size=(n, 9))


@pytest.fixture(scope="module")
def triton(served):
    http = pytest.importorskip("tritonclient.http")
    with http.InferenceServerClient(served.url.removeprefix("http://")) as client:
        yield client


def tensor(name, array, binary=True):
    from tritonclient.http import InferInput
    from tritonclient.utils import np_to_triton_dtype

    given = InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    given.set_data_from_numpy(array, binary_data=binary)
    return given


def wanted(*names, binary=True):
    from tritonclient.http import InferRequestedOutput

    return [InferRequestedOutput(name, binary_data=binary) for name in names]


# -- with the client -------------------------------------------------------------------------------------------------


def test_the_client_learns_what_there_is(triton):
    assert triton.is_server_live() and triton.is_server_ready()
    assert triton.is_model_ready("machine") and triton.is_model_ready("machine", "1")
    assert not triton.is_model_ready("nothing")
    assert "binary_tensor_data" in triton.get_server_metadata()["extensions"]
    about = triton.get_model_metadata("people")
    assert {entry["name"]: entry["datatype"] for entry in about["inputs"]}["city"] == "BYTES"
    assert "reconstruction.children" in {entry["name"] for entry in about["outputs"]}


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_matrix(triton, models, binary, dtype):
    X = number().astype(dtype)
    answer = triton.infer("machine", [tensor("X", X, binary)], outputs=wanted("score", "flagged", "z", binary=binary))
    detector = models["machine"].estimator
    np.testing.assert_allclose(answer.as_numpy("score"), detector.anomaly_score(X.astype(float)), rtol=1e-5)
    assert answer.as_numpy("flagged").dtype == bool
    np.testing.assert_allclose(
        answer.as_numpy("z"), detector.autoencoder_.transform(X.astype(float)), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("binary", [True, False])
def test_a_tensor_for_each_column_with_text(triton, models, binary):
    given = {
        "height": np.array([181.5, np.nan]),
        "children": np.array([2, 0], dtype=np.int64),
        "member": np.array([True, False]),
        "city": np.array(["Köln", "Ulm"], dtype=object),
        "joined": np.array([b"2021-03-04", b"2022-01-01T10:00:00"], dtype=object),
        "stay": np.array([1800.0, 60.0]),
    }
    names = [f"reconstruction.{name}" for name in given]
    inputs = [tensor(name, values[:, None] if name == "height" else values, binary) for name, values in given.items()]
    if not binary:  # the client would write NaN, which is what JSON has no word for
        inputs[0] = tensor("height", np.array([181.5, 170.0]), binary)
        given["height"] = np.array([181.5, 170.0])
    answer = triton.infer("people", inputs, outputs=wanted(*names, binary=binary))
    frame = pd.DataFrame(given)
    frame["joined"] = pd.to_datetime(["2021-03-04T00:00:00", "2022-01-01T10:00:00"])
    frame["stay"] = pd.to_timedelta(frame.stay, unit="s")
    expected = models["people"].estimator.reconstruct(frame)
    np.testing.assert_allclose(answer.as_numpy("reconstruction.height"), expected.height, rtol=1e-5)
    assert answer.as_numpy("reconstruction.children").tolist() == expected.children.tolist()
    assert [
        cell.decode() if binary else cell for cell in answer.as_numpy("reconstruction.city")
    ] == expected.city.tolist()
    np.testing.assert_allclose(answer.as_numpy("reconstruction.stay"), expected.stay.dt.total_seconds())


def test_images_signals_codes_and_gaps(triton, models):
    pictures = np.random.default_rng(0).random((2, 8, 8)).astype(np.float32)
    answer = triton.infer("digits", [tensor("pixels", pictures)])
    expected = models["digits"].estimator.reconstruct(pictures)
    np.testing.assert_allclose(answer.as_numpy("reconstruction.pixels"), expected, atol=1e-5)
    back = triton.infer("digits", [tensor("z", answer.as_numpy("z"))])
    np.testing.assert_allclose(back.as_numpy("reconstruction.pixels"), expected, atol=1e-4)
    wave = np.sin(np.arange(40)[:, None] / [3, 5])
    answer = triton.infer("waves", [tensor("signal", wave)], outputs=wanted("score", "reconstruction.signal"))
    assert answer.as_numpy("score").shape == (40,) and answer.as_numpy("reconstruction.signal").shape == (40, 2)
    city = np.array(["Ulm"], dtype=object)
    given = {"height": np.array([np.nan]), "children": np.array([1]), "member": np.array([True]), "city": city}
    answer = triton.infer(
        "gaps", [tensor(name, cells) for name, cells in given.items()], outputs=wanted("imputed.height")
    )
    assert 100 < answer.as_numpy("imputed.height")[0] < 240


def test_all_outputs_and_the_name_of_a_request(triton):
    answer = triton.infer("machine", [tensor("X", number())], request_id="seven")
    assert answer.get_response()["id"] == "seven" and answer.get_response()["model_version"] == "1"
    assert answer.as_numpy("reconstruction.c8").shape == answer.as_numpy("p_value").shape == (4,)
    answer = triton.infer("machine", [tensor("X", number())], outputs=wanted("contributions"))
    assert answer.as_numpy("contributions").shape == (4, 9)


@pytest.mark.parametrize("labels", [np.array([3, 8]), np.array(["3", "8"], dtype=object), np.array([[3], [8]])])
@pytest.mark.parametrize("binary", [True, False])
def test_labels_are_an_input(triton, models, labels, binary):
    assert triton.get_model_metadata("labelled")["inputs"][1]["name"] == "condition"
    pictures = np.random.default_rng(0).random((2, 8, 8)).astype(np.float32)
    estimator, given = models["labelled"].estimator, tensor("condition", labels, binary)
    answer = triton.infer("labelled", [tensor("pixels", pictures), given])
    expected = estimator.reconstruct(pictures, [3, 8])
    np.testing.assert_allclose(answer.as_numpy("reconstruction.pixels"), expected, atol=1e-5)
    np.testing.assert_allclose(
        answer.as_numpy("score"), estimator.reconstruction_error(pictures, condition=[3, 8]), rtol=1e-4
    )
    back = triton.infer("labelled", [tensor("z", answer.as_numpy("z")), given])
    np.testing.assert_allclose(back.as_numpy("reconstruction.pixels"), expected, atol=1e-4)


def test_columns_that_are_given_stand_beside_codes(triton, models):
    codes = np.random.default_rng(0).normal(size=(2, 3))
    city, member = np.array(["Ulm", "Bonn"], dtype=object), np.array([True, False])
    given = [tensor("z", codes), tensor("city", city), tensor("member", member)]
    answer = triton.infer("region", given, outputs=wanted("reconstruction.height"))
    frame = pd.DataFrame({"city": city, "member": member})
    expected = models["region"].estimator.inverse_transform(codes, frame)
    np.testing.assert_allclose(answer.as_numpy("reconstruction.height"), expected.height, rtol=1e-5)


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed(triton, algorithm):
    X, options = np.zeros((2000, 9)), {f"{way}_compression_algorithm": algorithm for way in ("request", "response")}
    plain, compressed = (triton.infer("machine", [tensor("X", X)], **more) for more in ({}, options))
    np.testing.assert_array_equal(plain.as_numpy("score"), compressed.as_numpy("score"))


def test_large_answers_are_compressed_for_those_who_accept_that(client):
    bodies = [{"inputs": [matrix(shape=[n, 9], data=[0.5] * 9 * n)]} for n in (1, 200)]
    for accepted, expected in (("gzip", [None, "gzip"]), ("identity", [None, None])):
        answers = [infer(client, body, **{"Accept-Encoding": accepted}) for body in bodies]
        assert [answer.headers.get("content-encoding") for answer in answers] == expected
        assert [len(answer.json()["outputs"][0]["data"]) for answer in answers] == [3, 600]


def test_the_client_is_told_what_is_wrong(triton):
    from tritonclient.utils import InferenceServerException

    for inputs, said in (
        ([tensor("X", number()[:, :3])], "expected"),
        ([tensor("c0", np.zeros(3))], "c1"),
        ([tensor("X", np.array([["a"] * 9], dtype=object))], "numbers"),
    ):
        with pytest.raises(InferenceServerException, match=said):
            triton.infer("machine", inputs)
    with pytest.raises(InferenceServerException, match="no model 'nothing'"):
        triton.infer("nothing", [tensor("X", number())])
    with pytest.raises(InferenceServerException, match="version"):
        triton.infer("machine", [tensor("X", number())], model_version="2")


def test_columns_may_be_called_as_the_protocol_calls_others(asgi):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 3)), columns=["z", "X", "condition"])
    model = Autoencoder("plain", 2, epochs=1, random_state=0, verbose=False).fit(frame)
    inputs = [matrix(name=name, shape=[2], data=frame[name][:2].tolist(), datatype="FP64") for name in frame]
    answer = infer(asgi(build({"m": Model("m", model)})), {"inputs": inputs, "outputs": [{"name": "z"}]}, model="m")
    np.testing.assert_allclose(answer.json()["outputs"][0]["data"], model.transform(frame[:2]).ravel(), atol=1e-5)


# -- by hand ---------------------------------------------------------------------------------------------------------


def matrix(**changed):
    return {"name": "X", "shape": [1, 9], "datatype": "FP32", "data": [0.5] * 9, **changed}


def deep(levels):
    found = 1.0
    for _ in range(levels):
        found = [found]
    return found


def infer(client, document, model="machine", behind=b"", **headers):
    text = json.dumps(document).encode()
    if behind:
        headers["Inference-Header-Content-Length"] = str(len(text))
    return client.post(f"/v2/models/{model}/infer", content=text + behind, headers=headers)


def test_nested_data_and_null(client):
    whole = infer(client, {"inputs": [matrix(data=[[0.5] * 8 + [None]])], "outputs": [{"name": "score"}]})
    assert whole.status_code == 200 and whole.json()["outputs"][0]["shape"] == [1]
    empty = infer(client, {"inputs": [matrix()], "outputs": []}).json()["outputs"]
    assert {"z", "score", "reconstruction.c0"} <= {entry["name"] for entry in empty}
    binary = {"inputs": [matrix()], "parameters": {"binary_data_output": True}, "outputs": [{"name": "score"}]}
    answer = infer(client, binary)
    head = json.loads(answer.content[: int(answer.headers["inference-header-content-length"])])
    assert head["outputs"][0]["parameters"] == {"binary_data_size": 8}
    assert len(struct.unpack("<d", answer.content[-8:])) == 1


@pytest.mark.parametrize(
    "inputs",
    [
        None,
        [],
        {},
        [3],
        [{"name": 3}],
        [matrix(datatype="FP8")],
        [matrix(datatype=["FP32"])],
        [matrix(shape=[1, -9])],
        [matrix(shape="1x9")],
        [matrix(shape=[True, 9])],
        [matrix(shape=[10**30, 9])],
        [matrix(shape=[1] * 100)],
        [matrix(shape=[0, 10**30], data=[])],
        [matrix(datatype="BOOL", data=[2] * 9)],
        [matrix(shape=[2, 9])],
        [matrix(shape=[3, 3])],
        [matrix(data=deep(900))],
        [matrix(shape=[0, 9], data=[])],
        [matrix(data=None)],
        [matrix(data=["a"] * 9)],
        [matrix(data=[None] * 9)],
        [matrix(data=[{}] * 9)],
        [matrix(data=[10**400] * 9)],
        [matrix(datatype="INT8", data=[300] * 9)],
        [matrix(datatype="UINT8", data=[-1] * 9)],
        [matrix(datatype="INT64", data=[0.5] * 9)],
        [matrix(datatype="INT64", data=[None] * 9)],
        [matrix(datatype="BYTES", data=["a"] * 9)],
        [matrix(parameters=3)],
        [matrix(parameters={"binary_data_size": 36})],
        [matrix(parameters={"binary_data_size": "36"})],
        [matrix(), matrix()],
        [matrix(name="Y")],
        [matrix(name="z", shape=[1, 9])],
        [matrix(), matrix(name="z", shape=[1, 3], data=[0.0] * 3)],
        [matrix(), matrix(name="condition", shape=[1], data=[1.0])],
        [matrix(name="z", datatype="BYTES", shape=[1, 3], data=["a"] * 3)],
        [{**matrix(name=name), "shape": [2], "data": [1.0, 2.0]} for name in COLUMNS[:8]],
    ],
)
def test_inputs_that_cannot_be_used(client, inputs):
    answer = infer(client, {"inputs": inputs})
    assert answer.status_code == 422 and isinstance(answer.json()["error"], str), answer.text


@pytest.mark.parametrize(
    "outputs", [3, [3], [{}], [{"name": "zz"}], [{"name": ["z"]}], [{"name": "z", "parameters": 3}]]
)
def test_outputs_that_there_are_not(client, outputs):
    assert infer(client, {"inputs": [matrix()], "outputs": outputs}).status_code == 422


@pytest.mark.parametrize(
    ("given", "behind"),
    [
        (matrix(parameters={"binary_data_size": 36}), b"\0" * 35),
        (matrix(parameters={"binary_data_size": 36}), b"\0" * 37),
        (matrix(parameters={"binary_data_size": -1}), b"\0" * 36),
        (matrix(parameters={"binary_data_size": True}), b"\0" * 36),
        (matrix(shape=[0, 10**30], parameters={"binary_data_size": 0}), b"\0"),
        (matrix(shape=[10**12, 9], parameters={"binary_data_size": 36}), b"\0" * 36),
        ({"name": "city", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 4}}, b"\xff\0\0\0"),
        ({"name": "city", "shape": [2], "datatype": "BYTES", "parameters": {"binary_data_size": 5}}, b"\1\0\0\0a"),
        ({"name": "city", "shape": [10**9], "datatype": "BYTES", "parameters": {"binary_data_size": 5}}, b"\1\0\0\0a"),
        ({"name": "city", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 5}}, b"\1\0\0\0\xff"),
    ],
)
def test_binary_data_that_do_not_fit(client, given, behind):
    answer = infer(client, {"inputs": [given]}, model="people", behind=behind)
    assert answer.status_code == 422 and isinstance(answer.json()["error"], str), answer.text


def test_headers_that_are_wrong(client):
    for length in ("x", "-1", "99999"):
        headers = {"Inference-Header-Content-Length": length}
        assert client.post("/v2/models/machine/infer", content=b"{}", headers=headers).status_code == 400
    assert client.post("/v2/models/machine/infer", content=b"{").status_code == 400
    assert isinstance(client.get("/v2/models/nothing").json()["error"], str)
    assert client.get("/v2/models/machine/versions/2").status_code == 404
