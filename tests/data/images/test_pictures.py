"""Picture files: found, decoded, written."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.data.images.files import decode, decode_all, grid, listing, to_bytes, write_png
from isthmus.support.errors import InputError

Image = pytest.importorskip("PIL.Image")

GREY = np.arange(20, dtype=np.uint8).reshape(4, 5)
COLOUR = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)


def saved(path, array=GREY, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path)
    return path


@pytest.mark.parametrize("array", [GREY, COLOUR])
def test_a_png_is_decoded_exactly(tmp_path, array):
    np.testing.assert_array_equal(decode(saved(tmp_path / "a.png", array)), array)


@pytest.mark.parametrize(("mode", "axes"), [("1", 2), ("L", 2), ("LA", 2), ("P", 3), ("RGB", 3), ("RGBA", 3)])
def test_modes_become_grey_or_colour(tmp_path, mode, axes):
    array = np.full((4, 5, 3), 255, np.uint8)
    found = decode(saved(tmp_path / "a.png", array, mode))
    assert found.ndim == axes and found.dtype == np.uint8 and (found == 255).all()


def test_a_cmyk_jpeg_becomes_colour(tmp_path):
    assert decode(saved(tmp_path / "a.jpg", np.zeros((8, 8, 3), np.uint8), "CMYK")).shape == (8, 8, 3)


def test_a_photo_is_turned_as_its_exif_data_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((4, 8), np.uint8)).save(tmp_path / "a.jpg", exif=exif)
    assert decode(tmp_path / "a.jpg").shape == (8, 4)


def test_sixteen_bits_are_refused(tmp_path):
    saved(tmp_path / "a.png", np.zeros((4, 4), np.uint16))
    with pytest.raises(InputError, match=r"a.png' is of mode I;16.*8 bits"):
        decode(tmp_path / "a.png")


@pytest.mark.parametrize("content", [b"", b"no picture", None])
def test_an_unreadable_picture_is_named(tmp_path, content):
    whole = saved(tmp_path / "a.png", np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)).read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(InputError, match=r"cannot read the picture .*a.png"):
        decode(tmp_path / "a.png")


def test_pictures_of_other_sizes_or_kinds_are_named(tmp_path):
    first = saved(tmp_path / "a.png")
    with pytest.raises(InputError, match=r"b.png' is 4 x 5 pixels \(width x height\), the first one is 5 x 4"):
        decode_all([first, saved(tmp_path / "b.png", GREY.T)])
    with pytest.raises(InputError, match=r"c.png' is colour, the first one is grey"):
        decode_all([first, saved(tmp_path / "c.png", COLOUR)])


def test_all_pictures_are_in_their_places(tmp_path):
    paths = [saved(tmp_path / f"{i:02}.png", GREY + i) for i in range(30)]
    np.testing.assert_array_equal(decode_all(paths), np.stack([GREY + i for i in range(30)]))


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
        saved(path) if path.suffix != ".txt" else (path.parent.mkdir(exist_ok=True), path.write_text("no picture"))
    found = listing(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in found.paths] == ["cat/0.jpeg", "dog/1.JPG", "dog/2.png"]
    assert found.classes == ("cat", "dog") and found.y.tolist() == [0, 1, 1]


def test_a_flat_folder_has_no_labels(tmp_path):
    saved(tmp_path / "b.png"), saved(tmp_path / "a.png")
    found = listing(tmp_path)
    assert [path.name for path in found.paths] == ["a.png", "b.png"] and found.y is None and found.classes == ()


def test_folders_without_pictures_or_of_both_kinds_are_refused(tmp_path):
    with pytest.raises(InputError, match="holds no pictures"):
        listing(tmp_path)
    saved(tmp_path / "a.png"), saved(tmp_path / "cat" / "b.png")
    with pytest.raises(InputError, match="holds 'a.png' beside the class subfolder 'cat'"):
        listing(tmp_path)


@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 12), height=st.integers(1, 5), width=st.integers(1, 5), channels=st.sampled_from([(), (3,)]))
def test_a_grid_holds_every_picture(n, height, width, channels):
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


def test_pictures_are_drawn():
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


def test_real_photos_are_found_and_their_sizes_differ(real_data):
    found = listing(real_data("photos/kodak"))
    assert len(found.paths) == 16 and decode(found.paths[0]).shape[2] == 3
    with pytest.raises(InputError, match=r"kodim\d\d.png' is \d+ x \d+ pixels"):
        decode_all(found.paths)
