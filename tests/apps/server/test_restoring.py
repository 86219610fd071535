"""Denoisers that are served: an image or a recording goes up as a file, and comes back without noise."""

import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from isthmus import Autoencoder, Denoiser, Denoising, Images, Sound, Waveforms
from isthmus.apps.server.app import build
from isthmus.apps.server.models import Model
from isthmus.parts.nets.unet import UNet

QUICK = {"epochs": 1, "random_state": 0, "verbose": False}
DRAW = np.random.default_rng(0)
PHOTOS = [DRAW.integers(0, 256, (*size, 3)).astype(np.uint8) for size in ((20, 33), (40, 24))]
TALKS = [Sound(0.3 * np.sin(np.arange(n) / 5).astype(np.float32), 1000) for n in (600, 700)]
WAV = {"Content-Type": "audio/wav"}


@pytest.fixture(scope="module")
def denoisers():
    data, net = Images(crop=16, crops_per_image=2), UNet((4, 6), (1, 1), noise=True)
    looking = Autoencoder(Denoising(level=(0.0, 0.2)), 4, net=net, data=data, **QUICK)
    listening = Autoencoder(Denoising("coloured-noise"), 4, data=Waveforms(window=0.1), **QUICK)
    return {"photos": Denoiser(looking).fit(PHOTOS), "talks": Denoiser(listening).fit(TALKS)}


@pytest.fixture(scope="module")
def client(asgi, denoisers):
    return asgi(build({name: Model(name, one) for name, one in denoisers.items()}, max_body=2**14))


def wav(samples, rate=1000, **settings):
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format="WAV", subtype="FLOAT", **settings)
    return stream.getvalue()


@pytest.mark.parametrize("photo", PHOTOS, ids=lambda photo: str(photo.shape))
def test_an_image_comes_back_without_noise(client, denoisers, photo):
    stream = io.BytesIO()
    Image.fromarray(photo).save(stream, "PNG")
    png = {"Content-Type": "image/png", "Accept": "image/png"}
    answer = client.post("/v1/models/photos/denoise", content=stream.getvalue(), headers=png)
    expected = denoisers["photos"].transform([photo])[0].astype(int)
    np.testing.assert_allclose(np.array(Image.open(io.BytesIO(answer.content))), expected, atol=1)


def test_a_photograph_on_its_side_is_turned_upright(client, denoisers):
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PHOTOS[0]).save(stream, "PNG", exif=exif)
    answer = client.post(
        "/v1/models/photos/denoise",
        content=stream.getvalue(),
        headers={"Content-Type": "image/png", "Accept": "image/png"},
    )
    [expected] = denoisers["photos"].transform([np.rot90(PHOTOS[0], -1)])
    np.testing.assert_allclose(np.array(Image.open(io.BytesIO(answer.content))), expected.astype(int), atol=1)


def test_what_needs_a_mask_is_not_offered():
    operations = Model("inpaint", Denoiser.shipped("inpaint")).operations
    assert "reconstruct" in operations and "denoise" not in operations


@pytest.mark.parametrize(("rate", "channels"), [(1000, 1), (2000, 2)])
def test_a_recording_comes_back_without_noise(client, denoisers, rate, channels):
    noise = DRAW.normal(0, 0.1, (channels, len(TALKS[0].samples))).astype(np.float32)  # that of a channel is its own
    samples = (TALKS[0].samples + noise).T if channels > 1 else TALKS[0].samples
    post = "/v1/models/talks/denoise"
    answer = client.post(post, content=wav(samples, rate), headers={**WAV, "Accept": "audio/wav"})
    assert answer.headers["content-type"] == "audio/wav"
    there, at = soundfile.read(io.BytesIO(answer.content))
    [expected] = denoisers["talks"].transform([Sound(samples, rate)])
    assert at == rate and there.shape == samples.shape
    np.testing.assert_allclose(there, expected.samples, atol=1e-5)
    document = client.post(post, content=wav(samples, rate), headers=WAV).json()
    np.testing.assert_allclose(document["rows"][0], expected.samples, atol=1e-5)


def test_samples_at_the_rate_of_the_model(client, denoisers):
    rows = {"rows": [TALKS[0].samples.tolist()]}
    answer = client.post("/v1/models/talks/denoise", json=rows, headers={"Accept": "audio/wav"})
    there, rate = soundfile.read(io.BytesIO(answer.content))
    assert rate == 1000
    np.testing.assert_allclose(there, denoisers["talks"].transform([TALKS[0]])[0].samples, atol=1e-5)


def test_a_sound_can_be_encoded_and_scored(client, denoisers):
    model, sound = denoisers["talks"].autoencoder_, wav(TALKS[1].samples)
    codes = client.post("/v1/models/talks/encode?pool=mean", content=sound, headers=WAV).json()["codes"]
    np.testing.assert_allclose(codes, model.transform(TALKS[1:], pool="mean"), rtol=1e-4, atol=1e-5)
    [score] = client.post("/v1/models/talks/score", content=sound, headers=WAV).json()["score"]
    assert score == pytest.approx(model.reconstruction_error(TALKS[1:])[0], rel=1e-4)


def test_what_is_no_recording_is_refused(client):
    post = "/v1/models/talks/denoise"
    assert "cannot read the sound 'body'" in client.post(post, content=b"no sound", headers=WAV).text
    stream = io.BytesIO()
    soundfile.write(stream, np.zeros(20_000, np.float32), 1000, format="FLAC")  # few bytes for many samples
    long = client.post(post, content=stream.getvalue(), headers={"Content-Type": "audio/flac"})
    assert len(stream.getvalue()) < 2**13 and long.status_code == 413 and "at most 4,096 are taken" in long.text
    assert client.post("/v1/models/photos/denoise", content=wav(TALKS[0].samples), headers=WAV).status_code == 415
    two = {"rows": [TALKS[0].samples[:100].tolist()] * 2}
    assert client.post(post, json=two, headers={"Accept": "audio/wav"}).status_code == 406
    png = client.post("/v1/models/photos/denoise", json={"rows": [PHOTOS[0].tolist()]}, headers={"Accept": "audio/wav"})
    assert png.status_code == 406


def test_the_document_says_that_sounds_are_taken(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert "audio/wav" in paths["/v1/models/talks/denoise"]["post"]["requestBody"]["content"]
    assert "audio/wav" not in paths["/v1/models/photos/denoise"]["post"]["requestBody"]["content"]
