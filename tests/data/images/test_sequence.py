"""Image files: found and written."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.data.images.files import IMAGES, grid, to_bytes, write_png
from isthmus.data.listing import listing
from isthmus.support.errors import InputError

Image = pytest.importorskip("PIL.Image")

GREY = np.arange(20, dtype=np.uint8).reshape(4, 5)
COLOUR = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)


def saved(path, array=GREY, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path)
    return path


def test_class_subfolders_are_labels(tmp_path):
    for name in (
        "dog/2.png",
        "dog/1.JPG",
        "cat/0.jpeg",
        ".hidden/0.png",
        "dog/.hidden.png",
        "dog/notes.txt",
        "empty/a.txt",
    ):
        path = tmp_path / name
        saved(path) if path.suffix != ".txt" else (path.parent.mkdir(exist_ok=True), path.write_text("no image"))
    found = listing(tmp_path, IMAGES)
    assert [str(path.relative_to(tmp_path)) for path in found.paths] == ["cat/0.jpeg", "dog/1.JPG", "dog/2.png"]
    assert found.classes == ("cat", "dog") and found.y.tolist() == [0, 1, 1]


def test_a_flat_folder_has_no_labels(tmp_path):
    saved(tmp_path / "b.png"), saved(tmp_path / "a.png")
    found = listing(tmp_path, IMAGES)
    assert [path.name for path in found.paths] == ["a.png", "b.png"] and found.y is None and found.classes == ()


def test_folders_without_images_or_of_both_kinds_are_refused(tmp_path):
    with pytest.raises(InputError, match="holds no images"):
        listing(tmp_path, IMAGES)
    saved(tmp_path / "a.png"), saved(tmp_path / "cat" / "b.png")
    with pytest.raises(InputError, match="holds 'a.png' beside the class subfolder 'cat'"):
        listing(tmp_path, IMAGES)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 12), height=st.integers(1, 5), width=st.integers(1, 5), channels=st.sampled_from([(), (3,)]))
def test_a_grid_holds_every_image(n, height, width, channels):
    drawn = grid(
        np.arange(n, dtype=np.uint8).reshape(n, *(1,) * (2 + len(channels)))
        * np.ones((1, height, width, *channels), np.uint8)
    )
    tops = [drawn[r, c] for r in range(0, drawn.shape[0], height + 1) for c in range(0, drawn.shape[1], width + 1)]
    assert [int(np.max(top)) for top in tops[:n]] == list(range(n))
    assert all(np.min(top) == 255 for top in tops[n:]) and drawn.shape[2:] == channels


def drawn(X) -> np.ndarray:
    stream = io.BytesIO()
    write_png(X, None, stream)
    return np.asarray(Image.open(stream))


def test_images_are_drawn():
    np.testing.assert_array_equal(drawn(GREY[None, ..., None] / 255), GREY)
    np.testing.assert_array_equal(drawn(COLOUR[None]), COLOUR)
    assert drawn(np.stack([GREY] * 5)).shape == (9, 17)
    assert to_bytes(np.array([[[-1.0, 0.5, 2.0]]])).tolist() == [[[0, 128, 255]]]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (GREY, r"shape \(4, 5\) cannot be drawn"),
        (np.zeros((1, 2, 2, 2)), "cannot be drawn"),
        (np.zeros((0, 2, 2)), "cannot be drawn"),
        (np.full((1, 2, 2), np.nan), "NaN or infinity"),
    ],
)
def test_what_cannot_be_drawn_is_said(X, message):
    with pytest.raises(InputError, match=message):
        to_bytes(X)


def test_real_photos_are_found(real_data):
    assert len(listing(real_data("photos/kodak"), IMAGES).paths) == 16


def test_a_folder_of_what_cannot_be_read_yet_says_so(tmp_path):
    (tmp_path / "a.nii.gz").write_bytes(b"")
    (tmp_path / "b.MP4").write_bytes(b"")
    with pytest.raises(
        InputError, match="holds no images.*it holds video .b.MP4. and volumes .a.nii.gz., which cannot be read yet"
    ):
        listing(tmp_path, IMAGES)
