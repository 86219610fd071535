"""Models of images of any size, and models whose codes have positions, in the explorer."""

import io
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

from isthmus import Autoencoder, Images
from isthmus.apps.explorer import page
from isthmus.apps.explorer.api.app import explorer_app
from isthmus.apps.explorer.kinds import images as kind
from isthmus.apps.explorer.session import open_session
from isthmus.parts.nets.feature_map import FeatureMap

QUICK = {"net": FeatureMap(4, width=8, blocks=1), "epochs": 2, "random_state": 0, "verbose": False}
SIZES = (
    (20, 33),
    (9, 8),
    (20, 33),
    (40, 24),
    (5, 30),
    (17, 17),
    (20, 33),
    (9, 8),
    (40, 24),
    (30, 31),
    (20, 20),
    (9, 8),
)


def photographs():
    draw = np.random.default_rng(0)
    return [draw.integers(0, 256, (*size, 3)).astype(np.uint8) for size in SIZES]


def decoded(value):
    return np.array(Image.open(io.BytesIO(b64decode(value["png"].partition(",")[2]))))


@pytest.fixture(scope="module")
def ae():
    data = Images(crop=16, crops_per_image=2)
    return Autoencoder("plain", 4, data=data, **QUICK).fit([X for X in photographs() if min(X.shape[:2]) >= 16])


@pytest.fixture(scope="module")
def session(ae):
    return open_session({"photographs": ae}, photographs(), [f"{size}" for size in SIZES])


@pytest.fixture(scope="module")
def client(asgi, session):
    return asgi(explorer_app(session))


@pytest.fixture(scope="module")
def fixed(asgi):
    X = np.random.default_rng(0).random((12, 8, 12)).astype(np.float32)
    return asgi(explorer_app(open_session({"fixed": Autoencoder("plain", 4, **QUICK).fit(X)}, X))), X


def test_the_map_is_of_codes_pooled_over_their_positions(ae, session, client):
    [view] = session.views
    np.testing.assert_allclose(view.codes, ae.transform(photographs(), pool="mean"), rtol=1e-4, atol=1e-5)
    positions = np.frombuffer(client.get("/api/models/0/map/pca").content, "<f4").reshape(-1, 2)
    assert positions.shape == (len(SIZES), 2)


def test_a_image_is_shown_with_its_reconstruction_and_its_error(ae, client):
    X = photographs()
    for index in (0, 4):
        found = client.get(f"/api/models/0/examples/{index}").json()
        np.testing.assert_array_equal(decoded(found["original"]), X[index])
        expected = np.rint(ae.reconstruct(X[index][None])[0] * 255)
        np.testing.assert_allclose(decoded(found["reconstruction"]), expected, atol=1)
        assert decoded(found["contributions"]).shape[:2] == SIZES[index]
        assert found["error"] == pytest.approx(ae.reconstruction_error(X[index][None])[0], rel=1e-4)
        assert found["label"] == str(SIZES[index]) and len(found["code"]) == 4


def test_thumbnails_come_in_the_order_that_is_asked_for(client):
    values = client.get("/api/examples/values?index=4,0,1").json()["values"]
    assert [decoded(value).shape[:2] for value in values] == [SIZES[4], SIZES[0], SIZES[1]]


def test_a_large_image_is_shown_smaller_in_its_proportions(client, monkeypatch):
    monkeypatch.setattr(kind, "MAX_SIDE", 20)
    [value] = client.get("/api/examples/values?index=3").json()["values"]
    assert decoded(value).shape[:2] == (20, 12)


def test_colours_anomalies_and_rows_are_of_all_sizes(client, ae):
    errors = np.frombuffer(client.get("/api/colours/error:0").content, "<f4")
    np.testing.assert_allclose(errors, ae.reconstruction_error(photographs()), rtol=1e-4)
    assert client.get("/api/models/0/anomalies?threshold=0").json()["flagged"] == len(SIZES)
    lines = client.post("/api/selection.csv", json={"indices": [4, 0]}).text.splitlines()
    assert lines[0] == "row,label,height,width" and [line.split(",")[-2:] for line in lines[1:]] == [
        ["5", "30"],
        ["20", "33"],
    ]


ASKED = {
    "decode": {"z": [[0.0] * 4]},
    "walk": {"points": [[0, 0]]},
    "grid": {"bounds": [-1, -1, 1, 1], "columns": 2, "rows": 2},
    "interpolate": {"from": 0, "to": 1},
    "direction": {"from": [0], "to": [1]},
    "sample": {},
    "encode": {"pixels": [0.5]},
}


@pytest.mark.parametrize("what", ASKED)
def test_what_needs_a_code_that_is_one_vector_is_refused_with_the_reason(client, fixed, what):
    for one in (client, fixed[0]):
        [model] = one.get("/api/state").json()["models"]
        assert not model["decodes"] and not model["samples"] and "a vector for each position" in model["why"]
        refused = one.post(f"/api/models/0/{what}", json=ASKED[what])
        assert refused.status_code == 422 and refused.json()["error"]["message"] == model["why"]


def test_codes_of_one_size_are_pooled_too(fixed):
    client, X = fixed
    found = client.get("/api/models/0/examples/3").json()
    assert len(found["code"]) == 4 and decoded(found["reconstruction"]).shape == X.shape[1:]


def test_a_page_without_a_server_has_tiles_of_one_size(session):
    content = page.content(session)
    [model] = content["models"]
    assert model["decoder"] is None and content["state"]["models"][0]["why"]
    sprite = content["values"]["sprite"]
    sheet = decoded(sprite)
    height, width = (max(sides) for sides in zip(*(size[:2] for size in SIZES), strict=True))
    assert (sprite["height"], sprite["width"]) == (height, width) and sheet.shape[2] == 4
    tile = sheet[:height, :width]  # of 20 x 33 pixels, in the middle, as large as it is
    top, left = np.argwhere(tile[..., 3])[0]
    assert abs(top - (height - 20) / 2) <= 1 and abs(left - (width - 33) / 2) <= 1
    np.testing.assert_array_equal(tile[top : top + 20, left : left + 33, :3], photographs()[0])
    assert tile[..., 3].sum() == 255 * 20 * 33


def test_a_page_without_a_server_has_the_reconstructions_that_it_cannot_compute(session, ae):
    [model] = page.content(session)["models"]
    sprite, originals = model["reconstructions"]["sprite"], page.content(session)["values"]["sprite"]
    assert {**sprite, "png": ""} == {**originals, "png": ""}
    tile = decoded(sprite)[: sprite["height"], : sprite["width"]]
    top, left = np.argwhere(tile[..., 3])[0]
    expected = np.rint(255 * np.asarray(ae.reconstruct([photographs()[0]])[0]))
    np.testing.assert_allclose(tile[top : top + 20, left : left + 33, :3], expected, atol=1)
    hidden = open_session({"photographs": ae}, photographs(), visible=False)
    assert page.content(hidden)["models"][0]["reconstructions"] is None


def test_the_size_of_a_page_without_a_server_is_bounded():
    for count in (1, 100, 5_000, 100_000):
        assert 1 <= kind.tile_side(count) <= 256 and count * kind.tile_side(count) ** 2 <= 8_192**2


def test_a_limit_takes_some_of_the_images(ae):
    session = open_session({"photographs": ae}, photographs(), limit=5)
    assert len(session.examples) == 5 and session.total == len(SIZES)
    for index, row in enumerate(session.examples.row_index.tolist()):
        assert decoded(session.examples.values(session.examples.check([index], "i"))[0]).shape[:2] == SIZES[row]
