"""Sounds: forms of recordings, files by their content, and what is wrong with them."""

import numpy as np
import pytest

from isthmus import InputError, Sound
from isthmus.data.audio.condition import Conditions, clipped_fraction
from isthmus.data.audio.sounds import scaled, sounds
from isthmus.data.io import files

soundfile = pytest.importorskip("soundfile")
WAVE = (0.5 * np.sin(np.arange(800) / 5)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "format", "subtype", "off"),
    [
        ("a.wav", "WAV", "PCM_U8", 0.01),
        ("a.wav", "WAV", "PCM_16", 1e-4),
        ("a.wav", "WAV", "PCM_24", 1e-6),
        ("a.wav", "WAV", "PCM_32", 1e-6),
        ("a.wav", "WAV", "FLOAT", 0),
        ("a.wav", "WAV", "DOUBLE", 0),
        ("a.flac", "FLAC", "PCM_24", 1e-6),
        ("a.ogg", "OGG", "VORBIS", 0.1),
        ("in-truth-flac.wav", "FLAC", "PCM_16", 1e-4),
    ],
)
def test_files_are_read_by_their_content(tmp_path, name, format, subtype, off):
    stereo = np.stack([WAVE, -WAVE / 2], 1)
    with (tmp_path / name).open("wb") as stream:
        soundfile.write(stream, stereo, 16000, format=format, subtype=subtype)
    [sound] = files.read(tmp_path / name).X
    assert (sound.rate, sound.shape) == (16000, (800, 2))
    assert np.abs(sound.samples - stereo).max() <= off


def test_whole_numbers_are_brought_to_one():
    for dtype, low in (("uint8", 0), ("int16", -(2**15)), ("int32", -(2**31))):
        assert scaled(Sound(np.array([low], dtype), 8000)).item() == -1.0


def test_subfolders_are_labels_and_streams_give_the_same(tmp_path):
    for label in ("dog", "cat"):
        (tmp_path / label).mkdir()
        for k in range(2):
            soundfile.write(tmp_path / label / f"{k}.wav", WAVE[: 100 + k], 8000)
    data = files.read(tmp_path)
    assert data.labels.tolist() == ["cat", "cat", "dog", "dog"]
    assert data.names == ("cat/0.wav", "cat/1.wav", "dog/0.wav", "dog/1.wav")
    stream = files.read(tmp_path, budget=0).X
    assert stream.names == data.names
    for streamed, read in zip((one for part in stream.chunks() for one in part), data.X, strict=True):
        assert np.array_equal(streamed.samples, read.samples)
    both = files.read_images([str(tmp_path / "dog"), str(tmp_path / "cat" / "0.wav")])
    assert [len(one) for one in both.X] == [100, 101, 100]


def test_recordings_are_written_as_they_are(tmp_path):
    loud = Sound(np.array([[1.5, -2.0], [0.1, 1e-9]], np.float32), 44100)
    files.write(tmp_path / "a.wav", [loud])
    files.write(tmp_path / "folder", [loud, loud], names=("x/a.flac", "x/b.ogg"))
    for path in ("a.wav", "folder/x/a.wav", "folder/x/b.wav"):
        [sound] = files.read(tmp_path / path).X
        assert sound.rate == 44100 and np.array_equal(sound.samples, loud.samples)
    with pytest.raises(InputError, match="takes one recording, but there are 2 rows"):
        files.write(tmp_path / "b.wav", [loud, loud])
    with pytest.raises(InputError, match="has a rate"):
        files.write(tmp_path / "b.wav", np.zeros((1, 5)))


def test_what_is_wrong_with_files_is_said(tmp_path):
    whole, cut, other = tmp_path / "whole.wav", tmp_path / "cut.wav", tmp_path / "other.wav"
    soundfile.write(whole, WAVE, 8000)
    cut.write_bytes(whole.read_bytes()[:-400])
    other.write_bytes(b"no sound at all, but some bytes")
    (tmp_path / "nothing.wav").write_bytes(b"")
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 8000)
    for name, said in (
        ("cut.wav", "ends after 1,244 of 1,644 bytes"),
        ("other.wav", "cannot read the sound"),
        ("nothing.wav", "the file is empty"),
        ("none.wav", "holds no samples"),
    ):
        with pytest.raises(InputError, match=said):
            files.read(tmp_path / name)
    with pytest.warns(UserWarning, match="4 of the 5 sounds cannot be read"):
        data = files.read(tmp_path, skip_broken=True)
    assert data.names == ("whole.wav",) and data.left_out == 4


def test_sounds_and_images_are_not_one_folder(tmp_path):
    soundfile.write(tmp_path / "a.wav", WAVE, 8000)
    (tmp_path / "b.png").write_bytes(b"")
    with pytest.raises(InputError, match="holds sounds and images"):
        files.read(tmp_path)


@pytest.mark.parametrize(
    ("X", "said"),
    [
        ([], "X is empty"),
        ([WAVE], "has no rate"),
        ([Sound(WAVE, 12.5)], "rate=12.5"),
        ([Sound(WAVE, 3)], "rate=3"),
        ([Sound(WAVE[:0], 8000)], "holds no samples"),
        ([Sound(np.zeros((2, 4800)), 8000)], r"shape \(2, 4800\), which would be 4,800 channels.*give x.T"),
        ([Sound(np.zeros((2, 2, 2)), 8000)], "expected"),
    ],
)
def test_what_is_no_recording_is_refused(X, said):
    with pytest.raises(InputError, match=said):
        sounds(X, None)


def test_the_first_value_that_is_no_number_is_named():
    with pytest.raises(InputError, match="bell.wav: sample 1,?2 of channel 1 is nan"):
        x = np.zeros((20, 2))
        x[12, 1] = np.nan
        scaled(Sound(x, 8000, "bell.wav"))
    with pytest.raises(InputError, match="holds int64"):
        scaled(Sound(np.zeros(5, np.int64), 8000, "a"))


def test_silent_clipped_and_resampled_recordings_are_noted():
    conditions = Conditions()
    for name, samples in (("silence", 0 * WAVE), ("clipped", WAVE.clip(-0.2, 0.2)), ("fine", WAVE)):
        conditions.add(Sound(samples, 44100, name), samples[:, None], 16000)
    silent, clipped, resampled = conditions.notes()
    assert silent.startswith("silence of 3 is silent") and clipped.startswith("clipped of 3 is clipped")
    assert "3 recordings of 3 are resampled from 44,100 to 16,000 Hz" in resampled
    assert clipped_fraction(WAVE[:, None]) == 0
