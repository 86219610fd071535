"""Audio: spectrograms of recordings of any length, and the exact way back."""

import json

import numpy as np
import pytest
import torch

import isthmus
from isthmus import AnomalyDetector, Audio, Autoencoder, InputError, Sound
from isthmus.core.part import build, describe
from isthmus.data.io import files
from isthmus.parts.catalogue import load_all
from isthmus.support.errors import DataWarning
from isthmus.tasks.evaluation.waveforms import si_sdr

load_all()
pytest.importorskip("soundfile")
RNG = np.random.default_rng(0)
QUICK = {"epochs": 2, "random_state": 0, "verbose": False}


def tones(n, rate=4000, noise=0.01):
    """Return tones of several pitches and lengths."""
    made = []
    for k in range(n):
        t = np.arange(1500 + 100 * (k % 4)) / rate
        tone = 0.5 * np.sin(2 * np.pi * (300 + 100 * (k % 3)) * t)
        made.append(Sound((tone + noise * RNG.normal(size=len(t))).astype(np.float32), rate, f"tone {k}"))
    return made


@pytest.fixture(scope="module")
def model():
    return Autoencoder("plain", 4, data=Audio(window=0.2), **{**QUICK, "epochs": 8}).fit(tones(24))


def identity(audio, X):
    """Return recordings that went through the spectrogram and back, unchanged."""
    back = [None] * len(X)
    for index, rows in audio.groups(X):
        made = audio.write(audio.invert(audio.batch(audio.read(rows)).x), like=rows)
        for at, one in zip(range(len(X)) if index is None else index.tolist(), made, strict=True):
            back[at] = one
    return back


@pytest.mark.parametrize("rate", [1000, 4000, 44100, 192_000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_an_identity_gives_back_every_sample_at_any_rate(rate, channels):
    audio = Audio().learn([tones(2)])
    x = RNG.normal(size=(rate // 3 + 1, channels)).astype(np.float32)
    [back] = identity(audio, [Sound(x, rate, "x")])
    assert back.rate == rate and back.name == "x"
    np.testing.assert_allclose(back.samples, x, atol=1e-4)


def test_each_channel_may_be_seen():
    X = [Sound(RNG.normal(size=(900 + 100 * k, 2)).astype(np.float32), 4000) for k in range(3)]
    audio = Audio(channels="each").learn([X])
    assert audio.shape == (2 * 65, None)
    for one, back in zip(X, identity(audio, X), strict=True):
        np.testing.assert_allclose(back.samples, one.samples, atol=1e-4)
    with pytest.raises(InputError, match="has 1 channels, but this Audio has learnt 2.*--channels mix"):
        audio.read([Sound(X[0].samples[:, 0], 4000)])


def test_arrays_come_back_in_their_form():
    x = RNG.normal(size=(3, 700))
    audio = Audio(rate=4000).learn([x])
    back = audio.write(audio.invert(audio.batch(audio.read(x)).x), like=x)
    assert back.shape == x.shape and back.dtype == x.dtype
    np.testing.assert_allclose(back, x, atol=1e-4)
    lists = identity(audio, [x[0], x[1, :500, None].astype(np.float32)])
    assert [one.shape for one in lists] == [(700,), (500, 1)] and lists[1].dtype == np.float32


def test_what_was_learnt_is_in_its_arguments_and_merges():
    X = tones(6)
    audio = Audio(hop=0.016).learn([X[:3], X[3:]])
    again = build(json.loads(json.dumps(describe(audio))))
    assert torch.equal(again.batch(again.read(X[:1])).x, audio.batch(audio.read(X[:1])).x)
    merged = Audio(hop=0.016).learn([X[:3]]).merge(Audio(hop=0.016).learn([X[3:]]))
    np.testing.assert_allclose(merged.offset, audio.offset, atol=1e-6)
    np.testing.assert_allclose(merged.divisor, audio.divisor, rtol=1e-5)
    other = Audio().learn([tones(1, rate=1000)])
    with pytest.raises(InputError, match="learnt at 4,000 Hz.*the others at 1,000 Hz"):
        audio.merge(other)


def test_frequencies_are_standardised_and_named():
    X = tones(8)
    audio = Audio().learn([X])
    x = torch.cat([audio.batch(audio.read([one])).x[0] for one in X], 1)
    np.testing.assert_allclose(x.mean(1), 0, atol=1e-4)
    np.testing.assert_allclose(x.std(1, unbiased=False), 1, atol=1e-3)
    assert len(audio.feature_names()) == audio.shape[0] == 65
    assert audio.feature_names()[16] == "500 Hz"
    assert np.argmax(audio.read([X[2]])["magnitudes"].mean(2)[0]) == 16  # the tone of 500 Hz


def test_the_rate_is_that_of_the_first_but_16_khz_at_most():
    with pytest.warns(DataWarning, match="1 recording of 2 is resampled from 44,100 to 4,000 Hz"):
        assert Audio().learn([[*tones(1), *tones(1, rate=44100)]]).seen_rate == 4000
    with pytest.warns(DataWarning, match="44,100 to 16,000"):
        assert Audio().learn([tones(1, rate=44100)]).seen_rate == 16_000


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"rate": 12.5}, "rate=12.5"),
        ({"hop": 0.02}, "overlap by half"),
        ({"window": 0}, "window=0"),
        ({"window": 0.001}, "shorter than a hop"),
        ({"channels": "both"}, "unknown channels 'both'"),
        ({"windows_per_recording": 0}, "windows_per_recording=0"),
    ],
)
def test_settings_out_of_range_are_refused(knobs, said):
    with pytest.raises(InputError, match=said):
        Audio(**knobs)


def test_windows_are_parts_of_the_whole():
    [long] = [Sound(RNG.normal(size=4000).astype(np.float32), 4000)]
    audio = Audio(window=0.1).learn([[long]])
    whole, width = audio.read([long])["magnitudes"][0], audio.window_frames
    assert audio.crops_of((4000, 1, 4000)) == whole.shape[1] // width
    [crop] = audio.crops(long, np.array([[0.5, 0, 0, 0]]))["magnitudes"]
    first = int(0.5 * (whole.shape[1] - width + 1))
    np.testing.assert_allclose(crop, whole[:, first : first + width], atol=1e-6)
    [short] = audio.crops(Sound(long.samples[:50], 4000), np.zeros((1, 4)))["magnitudes"]
    assert short.shape == (65, width)
    np.testing.assert_array_equal(short[:, -1], short[:, 4])  # continued by its last frame


def test_it_trains_reconstructs_saves_and_evaluates(model, tmp_path):
    X = tones(6)
    made = model.reconstruct(X)
    assert [(len(one), one.rate) for one in made] == [(len(one), 4000) for one in X]
    assert np.mean([si_sdr(one.samples, back.samples) for one, back in zip(X, made, strict=True)]) > 10
    codes = model.transform(X, pool="mean")
    assert codes.shape == (6, 4)
    model.save(tmp_path / "m.safetensors")
    again = isthmus.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.transform(X, pool="mean"), codes)
    figures = isthmus.evaluate(model, X)
    assert figures["si_sdr"] > 10 and figures["rows"] == 6
    with pytest.warns(UserWarning, match="by itself"):
        [sample] = model.sample(1, random_state=0)
    assert sample.rate == 4000 and np.isfinite(sample.samples).all()


def test_other_rates_and_channels_are_reconstructed_at_their_own(model):
    [x] = tones(1, rate=8000)
    [made] = model.reconstruct([Sound(np.stack([x.samples, 0.5 * x.samples], 1), 8000)])
    assert made.rate == 8000 and made.shape == (len(x), 2)


def test_a_stream_of_a_folder_trains_like_recordings_in_memory(tmp_path):
    files.write(tmp_path / "f", tones(8))
    fitted = [
        Autoencoder("plain", 2, data=Audio(window=0.2), **QUICK).fit(files.read(tmp_path / "f", budget=budget).X)
        for budget in (None, 0)
    ]
    one, two = (model.transform(files.read(tmp_path / "f").X, pool="mean") for model in fitted)
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_where_a_recording_is_abnormal_is_located():
    X = tones(16)
    one = Autoencoder("plain", 4, data=Audio(window=0.2), **QUICK)
    detector = AnomalyDetector(one, false_alarm_rate=0.1, random_state=0).fit(X)
    loud = X[0].samples.copy()
    loud[800:1000] += 0.5 * np.sin(2 * np.pi * 1500 * np.arange(200) / 4000)
    table = detector.detect([X[0].with_samples(loud), X[1]], explain=True)
    assert table["flagged"][0] and table["score"][0] > table["score"][1]
    assert 0.15 < table["from"][0] < 0.25 and 0.2 < table["to"][0] < 0.3  # it is from 0.2 to 0.25 s
    assert abs(table["hertz"][0] - 1500) < 100
