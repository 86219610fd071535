"""``isthmus denoise`` on recordings: noise as it is typed, formats, figures, and what is refused."""

import numpy as np
import pytest
import soundfile

import isthmus as package

RNG = np.random.default_rng(0)
RATE = 1000
TRAIN = ("--epochs", 1, "--latent-dim", 4, "-q")


@pytest.fixture(scope="module")
def talk(isthmus, tmp_path_factory):
    """A recording that starts with a second of noise alone, and a denoiser that was learnt from it."""
    folder = tmp_path_factory.mktemp("talk")
    steps = np.arange(4 * RATE)
    wave = 0.3 * np.sin(0.4 * steps) * (steps >= RATE) + 0.1 * RNG.normal(size=len(steps))
    soundfile.write(folder / "talk.wav", wave, RATE, subtype="PCM_24")
    isthmus("denoise", folder / "talk.wav", "--noise-from", "0:1", "--save", folder / "d.safetensors", *TRAIN)
    return folder


def test_noise_from_the_recording_itself_is_enough(talk):
    one, other = soundfile.info(talk / "talk.wav"), soundfile.info(talk / "talk-denoised.wav")
    assert (one.frames, one.samplerate, one.subtype) == (other.frames, other.samplerate, other.subtype)
    before, after = (soundfile.read(talk / name)[0] for name in ("talk.wav", "talk-denoised.wav"))
    assert after[:RATE].std() < 0.8 * before[:RATE].std()
    assert package.load(talk / "d.safetensors").learnt_from_ == "noisy"


def test_a_folder_keeps_its_formats_and_gets_figures(isthmus, talk, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a.wav", "b.flac"):
        soundfile.write(tmp_path / "in" / name, 0.1 * RNG.normal(size=(900, 2)), 2000)
    line = ("denoise", tmp_path / "in", "--model", talk / "d.safetensors", "-o", tmp_path / "out", "--json")
    assert isthmus(*line, "--before-after").json["recordings"] == 2
    names = ["a-before-after.png", "a.wav", "b-before-after.png", "b.flac"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    assert soundfile.info(tmp_path / "out" / "b.flac").format == "FLAC"


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (("--noise-from", "0:9"), 1, "is no stretch of"),
        (("--noise-from", "one"), 2, "expected seconds from and to"),
        (("--noise-from", "0:1", "--noise", "a.wav"), 2, "give one of them"),
        (("--noise", "nothing.wav"), 1, "there is no file or folder 'nothing.wav'"),
        (("--kind", "scan"), 2, "for which no denoiser comes with isthmus"),
    ],
)
def test_what_is_typed_wrongly_is_said(isthmus, talk, tmp_path, typed, code, said):
    assert said in isthmus("denoise", talk / "talk.wav", "-o", tmp_path / "a.wav", *typed, code=code).err


def test_one_that_learnt_from_a_clip_is_not_trained_to_copy(isthmus, talk, tmp_path):
    (tmp_path / "clean").mkdir()
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / "clean" / name, 0.3 * np.sin(0.4 * np.arange(2 * RATE)), RATE)
    clip, model = tmp_path / "noise.wav", tmp_path / "d.safetensors"
    soundfile.write(clip, 0.1 * RNG.normal(size=2 * RATE), RATE)
    line = ("denoise", talk / "talk.wav", "--clean", tmp_path / "clean", "--noise", clip, "--save", model)
    isthmus(*line, *TRAIN, "-o", tmp_path / "out.wav")
    further = ("train", tmp_path / "clean", "--from", model, "--epochs", 1, "-o", tmp_path / "m.safetensors")
    assert "which would no longer fit its autoencoder" in isthmus(*further, code=1).err
