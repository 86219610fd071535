"""Models of images of any size, and models whose codes have positions, on the server."""

import io

import numpy as np
import pytest
from PIL import Image

from isthmus import Autoencoder, Images
from isthmus.apps.server.app import build
from isthmus.apps.server.models import Model
from isthmus.parts.nets.feature_map import FeatureMap

NPY, PNG = {"Content-Type": "application/x-npy"}, {"Content-Type": "image/png"}
NET = FeatureMap(4, width=8, blocks=1)
QUICK = {"epochs": 2, "random_state": 0, "verbose": False}


def picture(height, width):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3)).astype(np.uint8)


MIXED = [picture(20, 33), picture(9, 8), picture(20, 33), picture(5, 30)]


def body(write, *values, **options):
    stream = io.BytesIO()
    write(stream, *values, **options)
    return stream.getvalue()


def npy(values):
    return body(np.save, values)


def png(values):
    return body(lambda stream: Image.fromarray(values).save(stream, format="PNG"))


def answer(response):
    assert response.status_code == 200, response.text
    return response.json()


def close(rows, expected):
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        np.testing.assert_allclose(row, wanted, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def ae():
    data = Images(crop=16, crops_per_image=2)
    return Autoencoder("plain", 4, net=NET, data=data, **QUICK).fit([picture(20, 33), picture(40, 24)])


@pytest.fixture(scope="module")
def fixed():
    X = np.random.default_rng(0).random((20, 8, 12)).astype(np.float32)
    return Autoencoder("plain", 4, net=NET, **QUICK).fit(X)


@pytest.fixture(scope="module")
def client(asgi, ae, fixed):
    return asgi(build({"photos": Model("photos", ae), "fixed": Model("fixed", fixed)}, max_rows=10, max_body=2**18))


@pytest.mark.parametrize("operation", ["encode", "reconstruct", "score"])
def test_images_of_mixed_sizes_are_answered_in_order(client, ae, operation):
    methods = {"encode": ae.transform, "reconstruct": ae.reconstruct, "score": ae.reconstruction_error}
    found = answer(client.post(f"/v1/models/photos/{operation}", json={"rows": [row.tolist() for row in MIXED]}))
    [values] = found.values()
    close(values, methods[operation](MIXED))


def test_the_error_of_each_pixel(client, ae):
    rows = {"rows": [row.tolist() for row in MIXED], "explain": True}
    found = answer(client.post("/v1/models/photos/score", json=rows))
    close(found["contributions"], ae.reconstruction_error(MIXED, "element"))


@pytest.mark.parametrize("size", [(20, 33), (8, 8), (3, 2)])
def test_one_image_in_every_form(client, ae, size):
    X = picture(*size)
    expected = ae.reconstruct(X[None])
    post = "/v1/models/photos/reconstruct"
    for sent in (
        {"json": {"rows": [X.tolist()]}},
        {"content": npy(X), "headers": NPY},
        {"content": png(X), "headers": PNG},
    ):
        close(answer(client.post(post, **sent))["rows"], expected)
    drawn = client.post(post, content=png(X), headers={**PNG, "Accept": "image/png"})
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(drawn.content))), np.rint(expected[0] * 255))


def test_arrays_of_one_size(client, ae):
    X = np.stack([MIXED[0], MIXED[2]])
    got = client.post("/v1/models/photos/encode", content=npy(X), headers={**NPY, "Accept": "application/x-npy"})
    close(np.load(io.BytesIO(got.content)), ae.transform(X))
    mixed = {"rows": [row.tolist() for row in MIXED]}
    refused = client.post("/v1/models/photos/encode", json=mixed, headers={"Accept": "application/x-npy"})
    assert refused.status_code == 406 and "application/json" in refused.text


def test_codes_are_pooled_where_that_is_asked_for(client, ae, fixed):
    rows = [row.tolist() for row in MIXED]
    pooled = answer(client.post("/v1/models/photos/encode", json={"rows": rows, "pool": "mean"}))["codes"]
    close(pooled, ae.transform(MIXED, pool="mean"))
    asked = client.post("/v1/models/photos/encode?pool=mean", content=png(MIXED[0]), headers=PNG)
    close(answer(asked)["codes"], pooled[:1])
    for wrong, operation in (({"pool": "max"}, "encode"), ({"pool": "mean"}, "score")):
        refused = client.post(f"/v1/models/photos/{operation}", json={"rows": rows, **wrong})
        assert refused.status_code == 422 and refused.json()["error"]["field"] == "pool"


def test_codes_with_positions_are_decoded(client, ae):
    z = ae.transform(MIXED[0][None])
    assert z.shape == (1, 5, 9, 4)
    close(answer(client.post("/v1/models/photos/decode", json={"codes": z.tolist()}))["rows"], ae.inverse_transform(z))
    mixed = [z[0].tolist(), z[0, :2].tolist()]
    refused = client.post("/v1/models/photos/decode", json={"codes": mixed})
    assert refused.status_code == 422 and "number of positions" in refused.text


def test_codes_of_one_size_stand_at_their_positions(client, fixed):
    X = np.random.default_rng(1).random((3, 8, 12)).astype(np.float32)
    codes = answer(client.post("/v1/models/fixed/encode", json={"rows": X.tolist()}))["codes"]
    close(codes, fixed.transform(X).reshape(3, 2, 3, 4))
    close(answer(client.post("/v1/models/fixed/decode", json={"codes": codes}))["rows"], fixed.reconstruct(X))
    assert client.get("/v1/models/fixed").json()["positions"] == [2, 3]


def test_tensors_of_any_size(client, ae):
    about = client.get("/v2/models/photos").json()
    assert about["inputs"][0]["shape"] == [-1, -1, -1, 3]
    assert {entry["name"]: entry["shape"] for entry in about["outputs"]}["z"] == [-1, -1, -1, 4]
    X = MIXED[0][None]
    sent = {"name": "pixels", "shape": list(X.shape), "datatype": "UINT8", "data": X.ravel().tolist()}
    found = answer(client.post("/v2/models/photos/infer", json={"inputs": [sent]}))
    outputs = {entry["name"]: np.reshape(entry["data"], entry["shape"]) for entry in found["outputs"]}
    close(outputs["z"], ae.transform(X))
    close(outputs["reconstruction.pixels"], ae.reconstruct(X))
    pooled = {"inputs": [sent], "outputs": [{"name": "z"}], "parameters": {"pool": "mean"}}
    [z] = answer(client.post("/v2/models/photos/infer", json=pooled))["outputs"]
    close([z["data"]], ae.transform(X, pool="mean"))
    pooled["parameters"] = {"pool": "most"}
    assert client.post("/v2/models/photos/infer", json=pooled).status_code == 422


def test_the_document_says_that_height_and_width_are_free(client):
    post = client.get("/openapi.json").json()["paths"]["/v1/models/photos/encode"]["post"]
    [form] = post["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    rows = form["properties"]["rows"]
    assert "any height and width" in rows["description"]
    height = rows["items"]
    width, channels = height["items"], height["items"]["items"]
    assert "maxItems" not in height and "maxItems" not in width and channels["maxItems"] == 3
    assert form["properties"]["pool"]["enum"] == ["mean", None]
    assert client.get("/v1/models/photos").json()["positions"] == [None, None]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([np.zeros((4, 4)).tolist()], r"expected (n, any, any, 3)"),
        ([np.zeros((4, 4, 3)).tolist(), np.zeros((4, 5, 2)).tolist()], r"expected (n, any, any, 3)"),
        ([[[[0, 0, 0]], [[0, 0, 0], [1, 1, 1]]]], "the rows differ in shape"),
        ([[]], r"expected (n, any, any, 3)"),
        (np.zeros((4, 4, 3)).tolist(), r"expected (n, any, any, 3)"),  # one image, which is no list of them
        ([[[[0, 0, 256]]]], "count from 0 to 255"),
    ],
)
def test_what_is_no_image_is_refused(client, rows, said):
    refused = client.post("/v1/models/photos/encode", json={"rows": rows})
    assert refused.status_code == 422 and said in refused.json()["error"]["message"]


def test_limits_hold(client):
    small = picture(2, 2).tolist()
    assert client.post("/v1/models/photos/encode", json={"rows": [small] * 11}).status_code == 413
    assert client.post("/v1/models/photos/encode", content=bytes(2**18 + 1), headers=NPY).status_code == 413
    empty = png(np.zeros((300, 300, 3), np.uint8))  # few bytes for many pixels
    refused = client.post("/v1/models/photos/encode", content=empty, headers=PNG)
    assert len(empty) < 2**12 and refused.status_code == 413 and "at most 87,381 are taken" in refused.text
