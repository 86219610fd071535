"""Examples and files of the user's before and after a denoiser, and what it took away."""

import io
from base64 import b64decode

import numpy as np
import pytest
import soundfile
from PIL import Image

from isthmus import Audio, Autoencoder, Denoiser, Denoising, Images, Sound, Waveforms
from isthmus.apps.explorer.api.app import explorer_app
from isthmus.apps.explorer.pieces import images as kind
from isthmus.apps.explorer.session import open_session
from isthmus.parts.nets.unet import UNet
from isthmus.tasks.evaluation.waveforms import si_sdr

QUICK = {"epochs": 1, "random_state": 0, "verbose": False}
DRAW = np.random.default_rng(0)
PHOTOS = [DRAW.integers(0, 256, (*size, 3)).astype(np.uint8) for size in ((20, 33), (40, 24), (20, 33))]
TALKS = [Sound(0.3 * np.sin(np.arange(n) / 5).astype(np.float32), 1000, f"talk {n}") for n in (600, 700, 800)]


def of_images(**settings):
    data, net = Images(crop=16, crops_per_image=2), UNet((4, 6), (1, 1), noise=True, **settings)
    return Autoencoder(Denoising(level=(0.0, 0.2)), 4, net=net, data=data, **QUICK)


@pytest.fixture(scope="module")
def denoiser():
    return Denoiser(of_images()).fit(PHOTOS)


@pytest.fixture(scope="module")
def session(denoiser):
    return open_session({"photos": denoiser}, PHOTOS)


@pytest.fixture(scope="module")
def photos(asgi, session):
    return asgi(explorer_app(session))


@pytest.fixture(scope="module")
def listener():
    return Denoiser(Autoencoder(Denoising("coloured-noise"), 4, data=Waveforms(window=0.1), **QUICK)).fit(TALKS)


@pytest.fixture(scope="module")
def talks(asgi, listener):
    return asgi(explorer_app(open_session({"talks": listener}, TALKS)))


def asked(client, **body):
    reply = client.post("/api/models/0/restore", json=body)
    assert reply.status_code == 200, reply.text
    return reply.json()


def refusal(client, status=422, **body):
    reply = client.post("/api/models/0/restore", json=body)
    assert reply.status_code == status, reply.text
    return reply.json()["error"]["message"]


def sent(client, content, name="mine", status=200):
    reply = client.post(f"/api/models/0/files?name={name}", content=content)
    assert reply.status_code == status, reply.text
    return reply.json()["file"] if status == 200 else reply.json()["error"]["message"]


def data_of(address):
    return io.BytesIO(b64decode(address.partition(",")[2]))


def pixels(value):
    return np.array(Image.open(data_of(value["png"])))


def png(image):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG")
    return stream.getvalue()


def heard(value):
    return soundfile.read(data_of(value["wav"]))


def wav(samples, rate=1000):
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format="WAV", subtype="FLOAT")
    return stream.getvalue()


def test_an_example_before_and_after(photos, denoiser):
    found = asked(photos, index=1)
    after = denoiser.transform([PHOTOS[1]])[0].astype(float)
    np.testing.assert_array_equal(pixels(found["before"]), PHOTOS[1])
    np.testing.assert_allclose(pixels(found["after"]), after, atol=1)
    removed = 127.5 + found["gain"] * (PHOTOS[1] - after) / 2
    np.testing.assert_allclose(pixels(found["taken"]), removed.clip(0, 255), atol=1 + found["gain"])
    assert found["note"] == "24 x 40 pixels" and found["quality"] is None


def test_a_strength_is_on_the_way_and_runs_the_model_once(photos, session, monkeypatch):
    restoring, runs = session.views[0].restoration.restoring, []
    restored = restoring.restored
    monkeypatch.setattr(restoring, "restored", lambda row: runs.append(row) or restored(row))
    half, whole, none = (asked(photos, index=0, noise=0.2, seed=7, strength=strength) for strength in (0.5, 1, 0))
    assert len(runs) == 1
    middle = (pixels(whole["before"]).astype(float) + pixels(whole["after"])) / 2
    np.testing.assert_allclose(pixels(half["after"]), middle, atol=1.01)
    np.testing.assert_array_equal(pixels(none["after"]), pixels(none["before"]))
    assert set(pixels(none["taken"]).ravel()) <= {127, 128}  # nothing: grey
    assert half["gain"] == whole["gain"]  # less is taken away, and less is seen


def test_noise_is_that_of_its_seed_and_its_level(photos):
    one, same, other = (asked(photos, index=0, noise=0.1, seed=seed) for seed in (1, 1, 2))
    assert one == same and one["before"] != other["before"]
    inner = (PHOTOS[0] > 80) & (PHOTOS[0] < 175)  # what the ends of the scale do not cut off
    noise = (pixels(one["before"]).astype(float) - PHOTOS[0])[inner]
    assert np.std(noise) == pytest.approx(25.5, rel=0.1)
    before, after = one["quality"]
    error = np.square(pixels(one["before"]) / 255 - PHOTOS[0] / 255).mean()
    assert before == pytest.approx(-10 * np.log10(error), abs=0.1) and np.isfinite(after)


def test_an_image_of_the_users_own(photos, denoiser):
    image = DRAW.integers(0, 256, (19, 27, 3)).astype(np.uint8)
    found = asked(photos, file=sent(photos, png(image)))
    np.testing.assert_array_equal(pixels(found["before"]), image)
    np.testing.assert_allclose(pixels(found["after"]), denoiser.transform([image])[0], atol=1)
    grey = asked(photos, file=sent(photos, png(image[..., 0])))
    assert pixels(grey["after"]).shape == (19, 27)


def test_of_a_large_image_the_middle_is_shown(photos, monkeypatch):
    monkeypatch.setattr(kind, "SIDE", 8)
    found = asked(photos, file=sent(photos, png(PHOTOS[1])))
    np.testing.assert_array_equal(pixels(found["before"]), PHOTOS[1][16:24, 8:16])
    assert found["note"] == "The middle of 24 x 40: 8 x 8 pixels"


def test_what_cannot_be_read_is_named_as_the_user_names_it(photos):
    assert sent(photos, b"no image", "holiday.jpg", 422).startswith("cannot read the image 'holiday.jpg'")
    assert "holiday.jpg" in sent(photos, b"", "holiday.jpg", 422)


def test_files_are_forgotten_and_what_is_asked_for_is_one(photos):
    assert "there is no file 99 any more" in refusal(photos, file=99)
    assert "give one of them" in refusal(photos) == refusal(photos, index=0, file=1)
    assert "there is no example 9" in refusal(photos, index=9)


def test_without_examples_there_are_files_still(asgi, denoiser):
    client = asgi(explorer_app(open_session({"photos": denoiser}, PHOTOS, visible=False)))
    assert "--no-examples" in refusal(client, 403, index=0)
    assert asked(client, file=sent(client, png(PHOTOS[0])))["note"] == "33 x 20 pixels"


def test_images_of_one_size(asgi):
    X = np.random.default_rng(0).random((20, 6, 5)).astype(np.float32)
    model = Autoencoder("denoising", 3, net="linear", **QUICK).fit(X)
    client = asgi(explorer_app(open_session({"small": model}, X)))
    found = asked(client, index=4)
    np.testing.assert_allclose(pixels(found["after"]), 255 * model.reconstruct(X[4:5])[0], atol=1)
    image = (255 * X[0]).astype(np.uint8)
    assert asked(client, file=sent(client, png(image)))["note"] == "5 x 6 pixels"
    assert "takes images of 5 x 6" in sent(client, png(image[:4]), status=422)


def test_a_recording_before_and_after(talks, listener):
    found = asked(talks, index=1)
    cleaned = listener.transform([TALKS[1]])[0].samples
    for name, samples in (("before", TALKS[1].samples), ("after", cleaned), ("taken", TALKS[1].samples - cleaned)):
        there, rate = heard(found[name])
        assert rate == 1000 and pixels(found[name]).shape[2] == 3
        np.testing.assert_allclose(there, samples, atol=1e-4)
    assert found["note"] == "0.7 s at 1,000 Hz"


def test_noise_over_a_recording(talks):
    found = asked(talks, index=0, noise=0.5, strength=0.5)
    before, after = (heard(found[name])[0] for name in ("before", "after"))
    noise = before - TALKS[0].samples
    ratio = np.square(TALKS[0].samples).mean() / np.square(noise).mean()
    assert 10 * np.log10(ratio) == pytest.approx(6, abs=1)
    expected = [si_sdr(TALKS[0].samples, one) for one in (before, after)]
    np.testing.assert_allclose(found["quality"], expected, atol=0.05)


def test_a_recording_of_the_users_own(talks, listener, monkeypatch):
    monkeypatch.setattr("isthmus.apps.spectrograms.HEARD", 0.5)
    samples = np.stack([TALKS[2].samples.repeat(2), -TALKS[2].samples.repeat(2)], 1)  # stereo, 2,000 Hz
    found = asked(talks, file=sent(talks, wav(samples, 2000), "talk.wav"))
    there, rate = heard(found["after"])
    [cleaned] = listener.transform([Sound(samples[:1000], 2000)])
    assert rate == 2000
    np.testing.assert_allclose(there, cleaned.samples, atol=1e-4)
    assert found["note"] == "The first 0.5 s of 0.8 s at 2,000 Hz; the model changes what lies below 500 Hz"
    assert "cannot read the sound 'talk.wav'" in sent(talks, b"no sound", "talk.wav", 422)


def test_a_model_of_spectrograms_cleans_recordings_too(asgi):
    data = Audio(window=0.1)
    model = Autoencoder("denoising", 2, net="feature-map", data=data, **QUICK).fit(TALKS)
    found = asked(asgi(explorer_app(open_session({"m": model}, TALKS))), index=0)
    np.testing.assert_allclose(heard(found["after"])[0], model.reconstruct(TALKS[:1])[0].samples, atol=1e-4)


X = np.random.default_rng(0).random((20, 6, 5)).astype(np.float32)
REFUSED = {
    "was not trained to clean its input": lambda: (Autoencoder("plain", 2, net="linear", **QUICK).fit(X), X),
    "images and of recordings only": lambda: (Autoencoder("denoising", 2, net="linear", **QUICK).fit(X[:, 0]), X[:, 0]),
    "models without a condition": lambda: (
        Autoencoder("denoising", 2, net="linear", condition="y", **QUICK).fit(X, np.arange(20) % 2),
        (X, np.arange(20) % 2),
    ),
    "fills what a mask marks": lambda: (Denoiser.of(of_images(fill=True).fit(PHOTOS)), PHOTOS),
    "no resize": lambda: (Autoencoder("denoising", 2, net="linear", data=Images(resize=6), **QUICK).fit(X), X),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_other_models_are_refused_with_the_reason(asgi, reason):
    model, rows = REFUSED[reason]()
    client = asgi(explorer_app(open_session({"m": model}, *(rows if isinstance(rows, tuple) else (rows,)))))
    [known] = client.get("/api/state").json()["models"]
    assert known["restores"] is None
    assert known["unrestored"] is None or reason in known["unrestored"]
    assert reason in refusal(client, index=0) == sent(client, b"", status=422)


def test_the_page_says_why_a_denoiser_is_not_shown_before_and_after(asgi, photos):
    client = asgi(explorer_app(open_session({"m": Denoiser.of(of_images(fill=True).fit(PHOTOS))}, PHOTOS)))
    assert "--mask IMAGE" in client.get("/api/state").json()["models"][0]["unrestored"]
    assert photos.get("/api/state").json()["models"][0]["unrestored"] is None


def test_the_page_knows_what_can_be_opened(photos, talks):
    known = [client.get("/api/state").json()["models"][0]["restores"] for client in (photos, talks)]
    assert known == [
        {"accepts": "image/*", "noise": "deviation", "quality": "PSNR"},
        {"accepts": "audio/*", "noise": "ratio", "quality": "SI-SDR"},
    ]
