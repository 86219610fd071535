"""Surveys of folders: sizes and one form, known before anything is decoded; broken files."""

import warnings

import numpy as np
import pytest

from isthmus.data.images.head import Form
from isthmus.data.images.survey import survey
from isthmus.data.io.files import read, write
from isthmus.data.sources.folders import ImageStream
from isthmus.support.errors import InputError

COLOUR = np.arange(120, dtype=np.uint8).reshape(5, 8, 3) * 2


def broken(saved):
    """Make two good images, a truncated one and one that is none."""
    folder = saved("photos/a.png", COLOUR).parent
    saved("photos/b.png", COLOUR[:4])
    whole = saved("photos/c.png", np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).read_bytes()
    (folder / "c.png").write_bytes(whole[: len(whole) // 2])
    (folder / "d.jpg").write_text("no image")
    return folder


def test_sizes_and_form_are_known_before_decoding(saved):
    folder = saved("photos/a.png", COLOUR).parent
    saved("photos/b.png", COLOUR[..., 0].T.copy())
    with pytest.warns(UserWarning, match="1 of 2 images are grey"):
        found = survey(folder)
    assert found.shapes == [(5, 8, 3), (8, 5, 3)] and found.form == Form(3)
    assert found.some([1]).shapes == [(8, 5, 3)] and found.some([1]).paths[0].name == "b.png"


def test_a_broken_file_is_an_error_that_names_it(saved):
    folder = broken(saved)
    with pytest.raises(InputError, match=r"d\.jpg"):
        survey(folder)
    (folder / "d.jpg").unlink()
    with pytest.raises(InputError, match=r"c\.png"):
        read(folder)


@pytest.mark.parametrize("budget", [None, 10])
def test_broken_files_are_left_out_and_counted_where_that_is_asked_for(saved, budget):
    folder = broken(saved)
    with pytest.warns(
        UserWarning, match=r"2 of the 4 images in .*photos' cannot be read, and were left out: c.png, d.jpg"
    ):
        found = read(folder, budget=budget, skip_broken=True)
    assert [picture.shape for picture in found.X] == [(5, 8, 3), (4, 8, 3)]


def test_labels_of_broken_files_are_left_out_too(saved):
    saved("photos/cat/a.png", COLOUR)
    folder = saved("photos/dog/b.png", COLOUR).parent.parent
    (folder / "cat" / "c.png").write_text("no image")
    with pytest.warns(UserWarning, match="1 of the 3 images"):
        found = read(folder, skip_broken=True)
    assert found.y.tolist() == [0, 1] and found.classes == ("cat", "dog")


def test_whole_folders_lose_nothing_and_nothing_is_said(saved):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(survey(saved("photos/a.png", COLOUR).parent, skip_broken=True).paths) == 1


def test_a_folder_of_broken_files_only_is_an_error(saved):
    folder = broken(saved)
    for name in "ab":
        (folder / f"{name}.png").unlink()
    with pytest.raises(InputError, match=r"2 of the 2 images.*cannot be read.*c.png"):
        survey(folder, skip_broken=True)


def test_images_of_several_sizes_are_a_list_or_a_stream(saved, tmp_path):
    folder = saved("photos/a.png", COLOUR).parent
    saved("photos/b.png", COLOUR[:4])
    whole, stream = read(folder).X, read(folder, budget=10).X
    assert isinstance(whole, list) and isinstance(stream, ImageStream)
    assert stream.shape == (2, None, 8, 3) and stream.ndim == 4 and stream.bytes == 9 * 8 * 3
    for a, b in zip(whole, stream, strict=True):
        np.testing.assert_array_equal(a, b)
    (tmp_path / "out").mkdir()
    write(tmp_path / "out", whole)
    assert [picture.shape for picture in read(tmp_path / "out").X] == [(5, 8, 3), (4, 8, 3)]


def test_chunks_of_a_stream_are_slices_of_a_bounded_size(saved, monkeypatch):
    monkeypatch.setattr("isthmus.data.images.sequence.ImageSequence.slices.__defaults__", (250,))
    for i in range(4):
        folder = saved(f"photos/{i}.png", COLOUR[: 5 - i % 2]).parent
    chunks = list(ImageStream(folder).chunks())
    assert [len(chunk) for chunk in chunks] == [2, 2] and [p.shape[0] for chunk in chunks for p in chunk] == [
        5,
        4,
        5,
        4,
    ]


@pytest.mark.parametrize("option", [{"alpha": "keep"}, {"skip_broken": True}])
def test_options_of_images_mean_nothing_for_tables(tmp_path, option):
    np.save(tmp_path / "a.npy", np.zeros((3, 2)))
    with pytest.raises(InputError, match="does not apply to"):
        read(tmp_path / "a.npy", **option)


def test_alpha_is_kept_where_that_is_asked_for(saved):
    folder = saved("photos/a.png", np.zeros((4, 5, 4), np.uint8)).parent
    assert read(folder, alpha="keep").X.shape == (1, 4, 5, 4) and read(folder / "a.png", alpha="keep").X.shape[3] == 4
    assert read(folder).X.shape == (1, 4, 5, 3)


@pytest.mark.parametrize(("name", "what"), [("a.mp4", "video"), ("a.gif", "video"), ("a.nii.gz", "volumes")])
def test_what_is_not_read_yet_is_named(tmp_path, name, what):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match=rf"{name}' holds {what}, which cannot be read yet"):
        read(tmp_path / name)


def test_video_beside_images_and_broken_files_is_named(saved):
    folder = broken(saved)
    (folder / "clip.mp4").write_bytes(b"")
    with pytest.warns(UserWarning, match="2 of the 4 images"), pytest.warns(UserWarning, match=r"video \(clip.mp4\)"):
        found = survey(folder, skip_broken=True)
    assert found.left_out == 2 and len(found.paths) == 2


def test_real_photos_have_two_orientations(real_data):
    with pytest.warns(UserWarning, match="1 of 402 images are grey"):
        found = survey(real_data("photos/train"))
    assert set(found.shapes) >= {(321, 481, 3), (481, 321, 3)} and len(found.paths) == 402
