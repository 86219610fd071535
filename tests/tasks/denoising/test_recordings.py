"""Denoiser of recordings: what it learns from, what it keeps, and files in their formats."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from isthmus import Autoencoder, Denoiser, Denoising, Images, InputError, Sound, Waveforms, load
from isthmus.data.audio.sound_files import SOUNDS
from isthmus.parts.nets.spectral import Spectral
from isthmus.support.errors import DataWarning
from isthmus.tasks.denoising.recordings import noise_clip
from isthmus.tasks.denoising.sound_file import cleaned_files
from isthmus.tasks.denoising.targets import targets

RNG = np.random.default_rng(0)
RATE = 1000


def tone(steps=1500, pitch=0.3):
    wave = 0.3 * np.sin(pitch * np.arange(steps)) * (np.arange(steps) // 250 % 2)
    return wave.astype(np.float32)


def noise(steps=2000):
    return (0.1 * RNG.normal(size=steps)).astype(np.float32)


def small(**changes):
    net = Spectral(32, 8, (1, 2), (1,), 3)
    variant = Denoising("coloured-noise", level=(0.0, 10.0))
    settings = {"net": net, "data": Waveforms(RATE), "epochs": 2, "batch_size": 8, "random_state": 0, "verbose": False}
    return Autoencoder(variant, 4, **{**settings, **changes})


CLEAN = [Sound(tone(1500, pitch), RATE) for pitch in np.linspace(0.2, 0.6, 12)]
CLIP = Sound(noise(), RATE)


@pytest.fixture(scope="module")
def denoiser():
    return Denoiser(small()).fit(CLEAN, noise=CLIP)


def error(one, clean):
    return float(np.square(np.asarray(one) - clean).mean())


# -- what it learns from -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["clean", "clip", "noisy", "pairs"])
def test_it_learns_from_what_there_is(how):
    noisy = [one.with_samples(one.samples + noise(1500)) for one in CLEAN]
    fits = {
        "clean": lambda: Denoiser(small()).fit(CLEAN),
        "clip": lambda: Denoiser(small()).fit(CLEAN, noise=CLIP),
        "noisy": lambda: Denoiser(small(), learn_from="noisy").fit(noisy, noise=CLIP),
        "pairs": lambda: Denoiser(small()).fit(noisy, CLEAN),
    }
    made = fits[how]()
    assert made.learnt_from_ == {"clip": "clean"}.get(how, how)
    test = tone(1400, 0.45)
    heard = test + noise(1400)
    assert error(made.transform([Sound(heard, RATE)])[0], test) < 0.8 * error(heard, test)


def test_the_default_learns_from_one_recording(monkeypatch):
    monkeypatch.setattr("isthmus.tasks.denoising.defaults.SOUND_STEPS", 1)
    heard = Sound(tone(900) + noise(900), RATE)
    made = Denoiser(learn_from="noisy", random_state=0).fit([heard], noise=CLIP)
    assert made.transform([heard])[0].shape == heard.shape
    assert made.autoencoder_.data_.seen_rate == RATE


def test_the_clip_is_not_kept(denoiser, tmp_path):
    path = tmp_path / "d.safetensors"
    denoiser.save(path)
    assert b"recorded-noise" not in path.read_bytes()
    loaded = load(path)
    heard = [Sound(tone() + noise(1500), RATE)]
    np.testing.assert_array_equal(loaded.transform(heard)[0].samples, denoiser.transform(heard)[0].samples)


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        (lambda d: d.set_params(learn_from="noisy").fit(CLEAN), "give noise="),
        (lambda d: d.fit(CLEAN, noise=np.zeros(9)), "noise is a recording of noise alone"),
        (lambda d: d.fit(CLEAN, noise=Sound(np.zeros(900), RATE)), "noise is silent"),
        (lambda d: d.fit(CLEAN, CLEAN[1:]), "12 noisy recordings and 11 clean ones are not pairs"),
        (lambda d: d.fit(CLEAN, [Sound(tone(9), RATE)] * 12), "of one length, aligned"),
        (lambda d: d.fit([Sound(np.zeros((0, 1)), RATE)]), "holds no samples"),
        (lambda d: d.set_params(autoencoder__data=Images(crop=8)).fit(CLEAN), "recordings, which .* 'images'"),
        (lambda d: d.fit([Sound(np.zeros((2, 5000)), RATE)]), "give x.T"),
        (lambda d: d.fit([Sound(np.zeros((2, 100)), RATE)]), "give x.T"),
        (lambda d: d.fit(CLEAN, noise=Path("/")), "one sound file, but '/' is a folder"),
        (lambda d: d.fit(np.zeros((4, 8, 8)), noise=CLIP), "noise= is for recordings"),
    ],
)
def test_what_teaches_nothing_is_refused(fit, said):
    with pytest.raises(InputError, match=said):
        fit(Denoiser(small()))


@pytest.mark.parametrize(
    ("clip", "said"),
    [(Sound(noise(200), RATE), "is 0.2 s long"), (Sound(noise(), RATE // 2), "above 250 Hz: .* stays")],
)
def test_noise_that_tells_little_is_named(clip, said):
    with pytest.warns(DataWarning, match=said):
        noise_clip(clip, RATE)


def _streamed(stream, *pieces):
    return [stream.add(piece) for piece in pieces]


# -- what it keeps -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "int32", "uint8"])
def test_form_and_type_are_kept(denoiser, dtype):
    wave = tone() + noise(1500)
    info = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else None
    centre = 128 if dtype == "uint8" else 0
    samples = wave.astype(dtype) if info is None else (wave * info.max / 2 + centre).astype(dtype)
    made = denoiser.transform([Sound(samples, RATE, "a")])[0]
    assert (made.samples.dtype, made.shape, made.rate, made.name) == (np.dtype(dtype), samples.shape, RATE, "a")
    assert denoiser.transform([Sound(samples, RATE)], strength=0)[0].samples is samples


def test_channels_are_cleaned_by_themselves(denoiser):
    sides = [tone() + noise(1500), tone(pitch=0.5) + noise(1500)]
    both = denoiser.transform([Sound(np.stack(sides, 1), RATE)])[0].samples
    alone = [denoiser.transform([Sound(side, RATE)])[0].samples for side in sides]
    np.testing.assert_allclose(both, np.stack(alone, 1), atol=1e-6)


@pytest.mark.parametrize("rate", [RATE, 441, 44_100])
@pytest.mark.parametrize("block", [0.3, 1.0, 60.0])
def test_a_stream_gives_the_same_as_the_whole(denoiser, rate, block):
    x = np.stack([np.repeat(tone() + noise(1500), 3)[: 2 * rate]] * 2, 1).astype(np.float64)
    stream = denoiser.stream(rate, block=block)
    cuts = [x[start : start + rate // 3] for start in range(0, len(x), rate // 3)]
    made = np.concatenate([*map(stream.add, cuts), stream.end()])
    assert made.shape == x.shape
    np.testing.assert_allclose(made, denoiser.transform([Sound(x, rate)])[0].samples, atol=1e-3 * (rate != RATE) + 1e-5)


def test_what_lies_above_the_band_stays(denoiser):
    high = 0.1 * np.sin(2 * np.pi * 3000 / 8000 * np.arange(8000))
    made = denoiser.transform([Sound(high, 8000)])[0].samples
    assert np.abs(made - high)[800:-800].max() < 1e-3


@pytest.mark.parametrize("samples", [np.zeros(500), np.zeros(1), np.full((300, 6), 0.1), np.ones(40)])
def test_silence_and_constants_stay_finite(denoiser, samples):
    made = denoiser.transform([Sound(samples, RATE)])[0].samples
    assert made.shape == samples.shape and np.isfinite(made).all()


def test_strength_is_a_fraction_of_the_way(denoiser):
    x = tone() + noise(1500)
    whole, half = (denoiser.transform([Sound(x, RATE)], strength=s)[0].samples for s in (1.0, 0.5))
    np.testing.assert_allclose(half, (x + whole) / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("use", "said"),
    [
        (lambda d: d.transform([Sound(np.array([0.0, np.nan]), RATE)]), "recording 0: sample 1 of channel 0 is nan"),
        (lambda d: d.transform([Sound(np.full(9, 1e300), RATE)]), "sample 0 of channel 0 is 1e.300"),
        (lambda d: d.transform([Sound(np.zeros(9, np.uint16), RATE)]), "uint16: expected floats, or whole numbers"),
        (lambda d: d.transform([Sound(np.zeros(9, bool), RATE)]), "holds bool"),
        (lambda d: d.transform(CLIP), r"one recording: give a list of recordings, \[x\]"),
        (lambda d: d.transform([Sound(np.zeros(9), 50)]), "rate=50; .* 100 to 1,000,000"),
        (lambda d: d.transform([CLIP], mask=[np.zeros(9)]), "does not fill"),
        (lambda d: d.transform_files("a.wav", "b.wav", mask="c.png"), "does not fill"),
        (lambda d: d.restoring(), "cleans recordings: give sound files"),
        (lambda d: _streamed(d.stream(RATE), np.zeros((9, 1)), np.array([[0.0], [np.inf]])), "sample 10 of channel 0"),
        (lambda d: d.transform([Sound(tone(), RATE)], sigma=0.1), "does not depend on the level"),
        (lambda d: d.transform([Sound(tone(), RATE)], strength=2), "strength=2"),
        (lambda d: d.stream(0), "rate=0"),
        (lambda d: d.stream(RATE, block=0), "block=0"),
        (lambda d: d.stream(RATE).add(np.zeros(9)), "expected .time, channels"),
    ],
)
def test_what_cannot_be_cleaned_is_refused(denoiser, use, said):
    with pytest.raises(InputError, match=said):
        use(denoiser)


# -- files -------------------------------------------------------------------------------------------------------

FORMATS = [
    ("a.wav", "PCM_U8"),
    ("a.wav", "PCM_16"),
    ("a.wav", "PCM_24"),
    ("a.wav", "PCM_32"),
    ("a.wav", "FLOAT"),
    ("a.wav", "DOUBLE"),
    ("a.flac", "PCM_16"),
    ("a.flac", "PCM_24"),
    ("a.ogg", "VORBIS"),
]


@pytest.mark.parametrize(("name", "subtype"), FORMATS)
def test_files_keep_their_format(denoiser, tmp_path, name, subtype):
    path, output = tmp_path / name, tmp_path / f"clean-{name}"
    with soundfile.SoundFile(path, "w", 8000, 2, subtype=subtype) as file:
        file.title = "Talk"
        file.write(np.stack([tone(9001) + noise(9001)] * 2, 1))
    assert denoiser.transform_files(path, output) == [output]
    one, other = soundfile.info(path), soundfile.info(output)
    assert (one.format, one.subtype, one.samplerate, one.channels, one.frames) == (
        other.format,
        other.subtype,
        other.samplerate,
        other.channels,
        other.frames,
    )
    with soundfile.SoundFile(output) as file:
        assert file.title == "Talk"


def bad_file(path):
    """Write a sound file that has something wrong with it, which its name says."""
    wave = tone(9000) + noise(9000)
    if path.stem == "nan":
        wave[7000] = np.nan
    soundfile.write(path, wave, RATE * 8, subtype="FLOAT" if path.stem == "nan" else None)
    if path.stem == "half":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


BAD_FILES = {
    "nan.wav": "nan.wav': sample 7,000 of channel 0 is nan",
    "half.wav": "half.wav': it ends after .* of .* bytes",
    "half.flac": "cannot read the sound '.*half.flac'",
    "half.mp3": "half.mp3': it ends after .* of 9,000 samples",
}


def test_a_denoiser_that_learnt_from_a_clip_adds_no_noise_any_more(denoiser):
    assert denoiser.learnt_from_ == "clean" and not denoiser.adds_noise
    assert Denoiser(small()).fit(CLEAN).adds_noise


@pytest.mark.parametrize("name", BAD_FILES)
def test_files_that_end_early_or_hold_nan_are_named_and_nothing_is_written(denoiser, tmp_path, name):
    bad_file(tmp_path / name)
    before = (tmp_path / name).read_bytes()
    with pytest.raises(InputError, match=BAD_FILES[name]):
        denoiser.transform_files(tmp_path / name, tmp_path / f"clean-{name}")
    assert [path.name for path in tmp_path.iterdir()] == [name] and (tmp_path / name).read_bytes() == before


def test_files_that_end_early_are_left_out_where_that_is_asked_for(denoiser, tmp_path):
    for name in ("half.flac", "half.wav", "whole.wav"):
        bad_file(tmp_path / name)
    soundfile.write(tmp_path / "nan.wav", np.append(tone(), np.nan), RATE, subtype="FLOAT")
    every = targets(tmp_path, tmp_path.with_name("clean"), kind=SOUNDS)
    done = list(cleaned_files(every, denoiser.cleaning(), skip_broken=True))
    assert [one.source.name for one in done if one.error is None] == ["whole.wav"]


def test_a_strength_of_zero_copies_a_file(denoiser, tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(), RATE)
    denoiser.transform_files(tmp_path / "a.wav", tmp_path / "b.wav", strength=0)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


@pytest.mark.parametrize(("name", "subtype", "rate"), [("a.ogg", "VORBIS", 44100), ("a.mp3", "MPEG_LAYER_III", 44100)])
def test_what_is_compressed_with_losses_is_so_as_little_as_can_be(tmp_path, name, subtype, rate, monkeypatch, denoiser):
    monkeypatch.setattr(denoiser.autoencoder_, "run_columns", lambda graph, columns: columns)
    heard = np.sin(np.arange(rate) / 20) * 0.3 + RNG.normal(0, 0.05, rate)
    soundfile.write(tmp_path / name, heard, rate, subtype=subtype, compression_level=0.0)
    once = soundfile.read(tmp_path / name)[0]
    denoiser.transform_files(tmp_path / name, tmp_path / f"b{name}")
    twice = soundfile.read(tmp_path / f"b{name}")[0]
    count = min(len(once), len(twice))
    assert np.square(twice[:count] - once[:count]).mean() < 0.1 * 0.05**2


def test_noise_that_the_model_does_not_hear_is_named(denoiser, tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(), 3 * RATE)
    [done] = cleaned_files(targets(tmp_path / "a.wav", tmp_path / "b.wav", kind=SOUNDS), denoiser.cleaning())
    assert f"learnt from {RATE:,}: noise above {RATE // 2:,} Hz stays" in done.notes[0]
    soundfile.write(tmp_path / "c.wav", tone(), RATE)
    [done] = cleaned_files(targets(tmp_path / "c.wav", tmp_path / "d.wav", kind=SOUNDS), denoiser.cleaning())
    assert not done.notes


@pytest.mark.parametrize("bits", ["PCM_16", "PCM_24"])
def test_whole_numbers_are_written_as_they_are(tmp_path, bits, monkeypatch, denoiser):
    monkeypatch.setattr(denoiser.autoencoder_, "run_columns", lambda graph, columns: columns)
    whole = RNG.integers(-(2**15), 2**15, 500).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", whole, RATE, subtype=bits)
    denoiser.transform_files(tmp_path / "a.wav", tmp_path / "b.wav")
    np.testing.assert_array_equal(soundfile.read(tmp_path / "b.wav", dtype="int16")[0], whole)
