"""Masks in image files of any depth and mode, and which file is the mask of which image."""

import warnings

import numpy as np
import pytest

from isthmus import InputError
from isthmus.data.images.mask_files import check_there, mask_files
from isthmus.data.images.masks import marked_in
from isthmus.support.errors import DataWarning

Image = pytest.importorskip("PIL.Image")
MARKED = np.zeros((6, 9), bool)
MARKED[1:4, 2:7] = True


def palette(white=(255, 0, 0)):
    image = Image.fromarray(MARKED.astype(np.uint8), "P")
    image.putpalette([0, 0, 0, *white])
    return image


def with_alpha(mode):
    image = Image.new(mode, MARKED.shape[::-1])
    image.putalpha(Image.fromarray(MARKED.astype(np.uint8) * 255))
    image.paste("red" if mode == "RGBA" else (255, 255), box=(2, 1, 7, 4))
    return image


FORMS = {
    "1 bit": lambda: Image.fromarray(MARKED),
    "8 bits": lambda: Image.fromarray(MARKED.astype(np.uint8) * 255),
    "16 bits": lambda: Image.fromarray(MARKED.astype(np.uint16) * 65535),
    "colour": lambda: Image.fromarray(np.stack([MARKED * 0, MARKED * 255, MARKED * 0], -1).astype(np.uint8)),
    "a palette": palette,
    "a palette of dark red": lambda: palette((128, 0, 0)),
    "grey and alpha": lambda: with_alpha("LA"),
    "colour and alpha": lambda: with_alpha("RGBA"),
    "anti-aliased": lambda: Image.fromarray(np.where(MARKED, 130, 120).astype(np.uint8)),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("form", FORMS)
def test_a_mask_is_read_from_any_mode(form, tmp_path):
    FORMS[form]().save(tmp_path / "mask.png")
    np.testing.assert_array_equal(marked_in(tmp_path / "mask.png"), MARKED)


def test_a_mask_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(MARKED).astype(np.uint8) * 255).save(tmp_path / "mask.png", exif=exif)
    np.testing.assert_array_equal(marked_in(tmp_path / "mask.png"), MARKED)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_small_numbers_mark_where_they_are_expected(dtype, tmp_path):
    Image.fromarray((MARKED * 3).astype(dtype)).save(tmp_path / "mask.png")
    with pytest.warns(DataWarning, match="small numbers, not black and white: all pixels other than 0"):
        np.testing.assert_array_equal(marked_in(tmp_path / "mask.png", numbers=True), MARKED)
    with pytest.raises(InputError, match="its brightest pixel is 3 of"):
        marked_in(tmp_path / "mask.png")


def test_a_dark_mask_is_refused_and_a_black_one_is_not(tmp_path):
    Image.fromarray((MARKED * 100).astype(np.uint8)).save(tmp_path / "mask.png")
    with pytest.raises(InputError, match=r"mask\.png' marks nothing: its brightest pixel is 100 of 255"):
        marked_in(tmp_path / "mask.png", numbers=True)
    Image.fromarray(np.zeros((6, 9), np.uint8)).save(tmp_path / "mask.png")
    with warnings.catch_warnings(action="error"):
        assert not marked_in(tmp_path / "mask.png", numbers=True).any()


def folder_with(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("crack/000.png", "crack/000_mask.png"),
        ("crack/000.jpg", "crack/000.png"),
        ("crack/000.png", "000_mask.tif"),
        ("crack/000.png", "000.png"),
        ("000.png", "000_mask.png"),
        ("a.b.png", "a.b.png"),
    ],
)
def test_masks_are_recognised_by_names(image, mask, tmp_path):
    assert mask_files([image], folder_with(tmp_path, mask)) == [tmp_path / mask]


def test_a_mask_with_the_suffix_comes_first_and_a_missing_one_is_none(tmp_path):
    folder = folder_with(tmp_path, "crack/1_mask.png", "crack/1.png", "scratch/1.png", "notes.txt")
    assert mask_files(["crack/1.png", "good/1.png", "scratch/1.png"], folder) == [
        tmp_path / "crack/1_mask.png",
        None,
        tmp_path / "scratch/1.png",
    ]


@pytest.mark.parametrize(
    ("files", "names", "said"),
    [
        (["1.png", "1.tif"], ["1.jpg"], "holds '1.png' and '1.tif', either of which may be the mask of '1.jpg'"),
        (["1.png"], ["a/1.png", "b/1.png"], "may be that of 'a/1.png' or of 'b/1.png': put masks into subfolders"),
        (["notes.txt"], ["1.png"], "holds no images that could be masks"),
    ],
)
def test_masks_that_may_be_of_several_images_are_refused(files, names, said, tmp_path):
    with pytest.raises(InputError, match=said):
        mask_files(names, folder_with(tmp_path, *files))


def test_missing_masks_are_named(tmp_path):
    with pytest.raises(InputError, match="there is no folder of masks"):
        mask_files(["1.png"], tmp_path / "none")
    names = ["crack/1.png", "good/2.png"]
    with pytest.raises(InputError, match=r"no mask of crack/1\.png: 1 of 1 images have none; .* crack/1_mask\.png or"):
        check_there(names, [None, None], [True, False], tmp_path)
    check_there(names, [tmp_path, None], [True, False], tmp_path)
