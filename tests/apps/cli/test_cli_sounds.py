"""Every command on files and folders of sounds."""

import numpy as np
import pandas as pd
import pytest

from isthmus import Sound
from isthmus.data.io import files

pytest.importorskip("soundfile")


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    """A folder with two tones of each class, of several lengths."""
    folder = tmp_path_factory.mktemp("tones") / "tones"
    sounds, names = [], []
    for label, step in (("high", 0.5), ("low", 0.1)):
        for k in range(4):
            sounds.append(Sound(0.4 * np.sin(step * np.arange(900 + 100 * (k % 2))), 4000))
            names.append(f"{label}/{k}.wav")
    files.write(folder, sounds, names=names)
    return folder


@pytest.fixture(scope="module")
def model(isthmus, tones):
    path = tones.parent / "m.safetensors"
    isthmus("train", tones, "-q", "-o", path, "--epochs", 1, "--latent-dim", 2, "--window", 0.1, "--hop", 0.016)
    return path


def test_info_tells_lengths_and_rates(isthmus, tones):
    done = isthmus("info", tones, "--json").json
    assert (done["kind"], done["count"], done["rates"]) == ("sounds", 8, {"4000": 8})
    assert done["labels"] == {"high": 4, "low": 4}


def test_codes_go_with_files_and_labels(isthmus, tones, model):
    isthmus("encode", model, tones, "--pool", "mean", "-o", tones.parent / "z.csv")
    table = pd.read_csv(tones.parent / "z.csv")
    assert table["file"].tolist()[0] == "high/0.wav" and table.shape == (8, 4)


def test_reconstructions_are_wav_files_as_long_as_the_originals(isthmus, tones, model):
    isthmus("reconstruct", model, tones, "-o", tones.parent / "back")
    for path in sorted(tones.rglob("*.wav")):
        [one], [back] = (files.read(p).X for p in (path, tones.parent / "back" / path.relative_to(tones)))
        assert (len(back), back.rate) == (len(one), 4000)
    isthmus("reconstruct", model, tones / "low" / "0.wav", "-o", tones.parent / "one.wav")
    assert (tones.parent / "one.wav").exists()


def test_detect_names_files_and_times(isthmus, tones):
    scores = tones.parent / "scores.csv"
    isthmus(
        *("detect", tones / "high", "--train", tones, "--epochs", 1, "--false-alarm-rate", 0.2, "--explain"),
        *("-o", scores),
    )
    table = pd.read_csv(scores)
    assert table["file"].tolist() == [f"{k}.wav" for k in range(4)]
    assert (table["from"] < table["to"]).all() and (table["to"] < 0.3).all() and table["hertz"].between(0, 2000).all()


def test_settings_of_sounds_and_of_images_exclude_each_other(isthmus, tones):
    done = isthmus("train", tones, "-o", "m.safetensors", "--rate", 8000, "--crop", 8, code=2)
    assert "--crop is about images, --rate about sounds" in done.err
