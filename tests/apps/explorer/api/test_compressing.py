"""Examples and files of the user's at any rate, beside what other codecs make of as many bytes."""

import io
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

from isthmus import Autoencoder, Compressive
from isthmus.apps.explorer.api.app import explorer_app
from isthmus.apps.explorer.pieces import images as kind
from isthmus.apps.explorer.session import open_session
from isthmus.apps.explorer.view import Compression

from ..photographs import PHOTOGRAPHS


@pytest.fixture(scope="module")
def session(compressor):
    return open_session({"photos": compressor}, PHOTOGRAPHS)


@pytest.fixture(scope="module")
def client(asgi, session):
    return asgi(explorer_app(session))


def asked(client, **body):
    reply = client.post("/api/models/0/compress", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def refusal(client, status=422, **body):
    reply = client.post("/api/models/0/compress", json=body)
    assert reply.status_code == status, reply.text
    return reply.json()["error"]["message"]


def pixels(answer):
    return np.array(Image.open(io.BytesIO(b64decode(answer["png"].partition(",")[2]))))


def png(image):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def sent(client, content, status=200):
    reply = client.post("/api/models/0/files?name=mine.png", content=content)
    assert reply.status_code == status, reply.text
    return reply.json()["file"] if status == 200 else reply.json()["error"]["message"]


def decibels(one, other):
    return -10 * np.log10(np.square((one.astype(float) - other) / 255).mean())


@pytest.mark.parametrize("quality", [10, 75])
def test_an_example_at_a_quality(client, compressor, quality):
    content = compressor.compress(PHOTOGRAPHS[1], quality)
    made = asked(client, index=1, quality=quality)
    np.testing.assert_array_equal(pixels(made), compressor.decompress(content))
    assert made["bytes"] == len(content) and made["quality"] == quality
    assert made["bpp"] == pytest.approx(8 * len(content) / (96 * 128))
    assert made["psnr"] == pytest.approx(decibels(pixels(made), PHOTOGRAPHS[1]))
    assert made["note"] == "128 x 96 pixels"


def test_the_original_is_there_without_being_compressed(client, session, monkeypatch):
    monkeypatch.setattr(session.views[0].compression, "_own", lambda *_: pytest.fail("it was compressed"))
    made = asked(client, index=2, quality=33, codec="original")
    np.testing.assert_array_equal(pixels(made), PHOTOGRAPHS[2])
    assert (made["bytes"], made["bpp"], made["psnr"], made["quality"]) == (PHOTOGRAPHS[2].size, 24, None, None)


@pytest.mark.parametrize(
    ("codec", "settings"), [("JPEG", {"optimize": True, "progressive": True}), ("WebP", {"method": 6})]
)
def test_other_codecs_come_as_near_as_their_qualities_do(client, codec, settings):
    limit, made = asked(client, index=0, quality=90)["bytes"], asked(client, index=0, quality=90, codec=codec)
    assert made["bytes"] <= limit
    lengths = []
    for quality in (made["quality"], made["quality"] + 1):
        stream = io.BytesIO()
        Image.fromarray(PHOTOGRAPHS[0]).save(stream, codec, quality=quality, **settings)
        lengths.append(stream.tell())
    assert lengths[0] == made["bytes"] and (lengths[1] > limit or made["quality"] == 100)
    assert made["psnr"] == pytest.approx(decibels(pixels(made), PHOTOGRAPHS[0]))


def test_where_the_lowest_quality_takes_more_it_is_that(client):
    flat = sent(client, png(np.full((40, 40, 3), 100, np.uint8)))
    own, made = (asked(client, file=flat, quality=0, codec=codec) for codec in ("isthmus", "JPEG"))
    assert made["quality"] == 1 and made["bytes"] > own["bytes"]


def test_each_quality_is_computed_once(client, session, monkeypatch):
    compression, runs = session.views[0].compression, []
    codec = compression._own
    monkeypatch.setattr(compression, "_own", lambda image, quality: runs.append(quality) or codec(image, quality))
    for quality in (41, 42, 41):
        for name in ("isthmus", "JPEG", "WebP"):
            asked(client, index=0, quality=quality, codec=name)
    assert runs == [41, 42]


def test_an_image_of_the_users_own(client, compressor, monkeypatch):
    grey = PHOTOGRAPHS[0][..., 0]
    made = asked(client, file=sent(client, png(grey)), codec="JPEG")
    assert pixels(made).shape == grey.shape
    monkeypatch.setattr(kind, "SIDE", 64)
    made = asked(client, file=sent(client, png(PHOTOGRAPHS[0])))
    middle = PHOTOGRAPHS[0][16:80, 32:96]
    np.testing.assert_array_equal(pixels(made), compressor.decompress(compressor.compress(middle)))
    assert made["note"] == "The middle of 128 x 96: 64 x 64 pixels"


def test_what_cannot_be_answered_is_refused(client, asgi, compressor):
    assert "cannot read the image 'mine.png'" in sent(client, b"no image", 422)
    assert "give one of them" in refusal(client) == refusal(client, index=0, file=1)
    assert "there is no example 9" in refusal(client, index=9)
    assert "there is no file 99 any more" in refusal(client, file=99)
    assert "100" in refusal(client, index=0, quality=101) and "JPEG" in refusal(client, index=0, codec="GIF")
    hidden = asgi(explorer_app(open_session({"photos": compressor}, PHOTOGRAPHS, visible=False)))
    assert "--no-examples" in refusal(hidden, 403, index=0)
    assert asked(hidden, file=sent(hidden, png(PHOTOGRAPHS[0])))["bytes"]


def test_a_pillow_without_webp_offers_none(monkeypatch, session):
    from PIL import features

    monkeypatch.setattr(features, "check", lambda name: False)
    view = session.views[0]
    without = Compression(view.compression._own, view.kind.pieces(), view.read)
    assert without.about()["codecs"] == ["JPEG"]
    with pytest.raises(ValueError, match="codec: the installed Pillow writes no WebP"):
        without.answer(0, None, 75, "WebP")


def test_the_page_knows_what_it_is(client):
    [known] = client.get("/api/state").json()["models"]
    assert known["compresses"] == {"accepts": "image/*", "codecs": ["JPEG", "WebP"]}
    assert not known["decodes"] and not known["samples"] and known["restores"] is None
    assert client.get("/api/models/0/examples/0").status_code == 200
    assert "for each position" in client.post("/api/models/0/sample", json={}).json()["error"]["message"]


def test_an_autoencoder_alone_writes_no_files(asgi, compressor):
    client = asgi(explorer_app(open_session({"photos": compressor.autoencoder_}, PHOTOGRAPHS)))
    assert client.get("/api/state").json()["models"][0]["compresses"] is None
    assert "a fitted Compressor does" in refusal(client, index=0)
    assert isinstance(compressor.autoencoder_, Autoencoder) and isinstance(
        compressor.autoencoder_.variant_, Compressive
    )


def test_an_exported_page_holds_reconstructions_and_no_prior(session):
    from isthmus.apps.explorer.page import content

    [model] = content(session)["models"]
    assert model["reconstructions"] and model["prior"] is model["decoder"] is None
