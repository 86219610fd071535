"""Detectors of images on the server: regions with the scores, heat maps as JSON and npy, overlays as PNG."""

import io

import numpy as np
import pytest
from PIL import Image

from isthmus import AnomalyDetector, Autoencoder, Images
from isthmus.apps.figures.scanned import scanned
from isthmus.apps.server.app import build
from isthmus.apps.server.models import Model

NPY, PNG = {"Content-Type": "application/x-npy"}, {"Content-Type": "image/png"}


def picture(seed, height=20, width=26):
    pixels = np.random.default_rng(seed).normal(130, 9, (height, width, 3)).clip(0, 255).astype(np.uint8)
    pixels[:6, seed % 9 : seed % 9 + 7] = 0 if seed >= 100 else pixels[:6, seed % 9 : seed % 9 + 7]
    return pixels


MIXED = [picture(100), picture(101, 17, 31), picture(1)]


@pytest.fixture(scope="module")
def detector():
    model = Autoencoder("denoising", 4, data=Images(crop=16, crops_per_image=1), epochs=1, verbose=False)
    return AnomalyDetector(model, false_alarm_rate=0.1, random_state=0).fit([picture(seed) for seed in range(12)])


@pytest.fixture(scope="module")
def whole():
    X = np.stack([picture(seed)[..., 0] for seed in range(12)])
    model = Autoencoder("plain", 4, data=Images(), epochs=1, verbose=False)
    return AnomalyDetector(model, "neighbours", false_alarm_rate=0.1, random_state=0).fit(X)


@pytest.fixture(scope="module")
def client(asgi, detector, whole):
    return asgi(build({"parts": Model("parts", detector), "whole": Model("whole", whole)}, max_rows=10))


def npy(values):
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def png(values):
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, format="PNG")
    return stream.getvalue()


def answer(response):
    assert response.status_code == 200, response.text
    return response.json()


def floats(images):
    return [image.astype(np.float32) / np.float32(255) for image in images]


def test_scores_come_with_regions(client, detector):
    found = answer(client.post("/v1/models/parts/score", json={"rows": [image.tolist() for image in MIXED]}))
    assert set(found) == {"score", "p_value", "flagged", "threshold", "regions"} and len(found["regions"]) == 3
    regions = detector.regions(floats(MIXED))
    assert sum(map(len, found["regions"])) == len(regions) > 0
    for row, listed in enumerate(found["regions"]):
        expected = [one for one in regions if one.image == row]
        for one, other in zip(listed, expected, strict=True):
            assert {name: one[name] for name in ("x", "y", "width", "height", "area")} == {
                "x": other.x, "y": other.y, "width": other.width, "height": other.height, "area": other.area
            }  # fmt: skip
            assert one["peak"] == pytest.approx(other.peak, rel=1e-4) and set(one) == set(vars(other)) - {"image"}


def test_maps_come_as_json_and_npy(client, detector):
    post = "/v1/models/parts/heat_map"
    maps = detector.heat_map(floats(MIXED))
    for one, expected in zip(
        answer(client.post(post, json={"rows": [image.tolist() for image in MIXED]}))["heat"], maps, strict=True
    ):
        np.testing.assert_allclose(one, expected, rtol=1e-4, atol=1e-6)
    got = client.post(post, content=png(MIXED[0]), headers={**PNG, "Accept": "application/x-npy"})
    loaded = np.load(io.BytesIO(got.content))
    assert loaded.dtype == np.float32 and loaded.shape == (1, 20, 26)
    np.testing.assert_allclose(loaded[0], maps[0], rtol=1e-4, atol=1e-6)
    mixed = {"rows": [image.tolist() for image in MIXED]}
    assert client.post(post, json=mixed, headers={"Accept": "application/x-npy"}).status_code == 406


def test_an_overlay_comes_as_png(client, detector):
    for sent in ({"content": png(MIXED[1]), "headers": PNG}, {"content": npy(MIXED[1]), "headers": NPY}):
        got = client.post(
            "/v1/models/parts/heat_map", **{**sent, "headers": {**sent["headers"], "Accept": "image/png"}}
        )
        assert got.headers["content-type"] == "image/png"
        [one] = scanned(detector, floats(MIXED[1:2]))
        np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(got.content))), one.overlay())
    two = npy(np.stack([MIXED[0], MIXED[2]]))
    refused = client.post("/v1/models/parts/heat_map", content=two, headers={**NPY, "Accept": "image/png"})
    assert refused.status_code == 406 and "one image, not 2" in refused.text


def test_a_score_without_a_map_offers_none(client):
    row = picture(1)[..., 0].tolist()
    assert "regions" not in answer(client.post("/v1/models/whole/score", json={"rows": [row]}))
    refused = client.post("/v1/models/whole/heat_map", json={"rows": [row]})
    assert refused.status_code == 404 and "offers no 'heat_map'" in refused.text
    assert "heat_map" in client.get("/v1/models/parts").json()["operations"]


def test_tensors_are_scored_as_before(client, detector):
    sent = {"name": "pixels", "shape": [1, 20, 26, 3], "datatype": "UINT8", "data": MIXED[0].ravel().tolist()}
    wanted = {"inputs": [sent], "outputs": [{"name": "score"}, {"name": "flagged"}]}
    found = answer(client.post("/v2/models/parts/infer", json=wanted))
    outputs = {entry["name"]: entry["data"] for entry in found["outputs"]}
    assert set(outputs) == {"score", "flagged"}
    np.testing.assert_allclose(outputs["score"], detector.anomaly_score(floats(MIXED[:1])), rtol=1e-4)


def test_the_document_has_the_operation(client):
    paths = client.get("/openapi.json").json()["paths"]
    content = paths["/v1/models/parts/heat_map"]["post"]["responses"]["200"]["content"]
    assert "multiples of the threshold" in content["application/json"]["schema"]["properties"]["heat"]["description"]
    scores = paths["/v1/models/parts/score"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert "peak" in scores["properties"]["regions"]["items"]["items"]["properties"]
    assert "/v1/models/whole/heat_map" not in paths
