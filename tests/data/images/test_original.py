"""Image files that are read to be written again: pixels that are not changed come back, and so does all beside them."""

from io import BytesIO

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, PngImagePlugin, features

from isthmus import InputError
from isthmus.data.images.orientation import upright
from isthmus.data.images.original import GREATEST, open_original
from isthmus.data.images.png import write_png
from isthmus.data.images.sniff import kind_of
from isthmus.data.images.tiff_tags import add_directories, directories_of

RNG = np.random.default_rng(0)
HEIGHT, WIDTH = 19, 26
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ORIENTATION, MAKER, EXIF, GPS = 0x0112, 0x010F, 0x8769, 0x8825
EXPOSURE, SCALE = 0x829A, 33550


def pixels(mode):
    bands = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}[mode]
    noise = RNG.integers(0, 256, (HEIGHT, WIDTH, bands), np.uint8)
    return noise[..., 0] if bands == 1 else noise


def deep(*channels):
    return RNG.integers(0, 65536, (HEIGHT, WIDTH, *channels), np.uint16)


def exif(orientation=1):
    made = Image.Exif()
    made[MAKER], made[ORIENTATION] = "isthmus", orientation
    return made.tobytes()


def save(path, mode="RGB", **settings):
    Image.fromarray(pixels(mode)).save(path, **settings)
    return path


def bilevel(path):
    Image.fromarray(RNG.random((HEIGHT, WIDTH)) < 0.5).save(path)
    return path


def deep_png(path, channels):
    write_png(path, deep(channels), [])
    return path


def deep_tiff(path, *channels, dtype=np.uint16, **settings):
    array = RNG.random((HEIGHT, WIDTH, *channels)).astype(dtype) if dtype != np.uint16 else deep(*channels)
    tifffile.imwrite(path, array, photometric="rgb" if channels and channels[0] > 2 else "minisblack", **settings)
    return path


LOSSLESS = {
    "grey.png": lambda path: save(path, "L"),
    "colour.png": save,
    "alpha.png": lambda path: save(path, "RGBA"),
    "grey-alpha.png": lambda path: save(path, "LA"),
    "bilevel.png": bilevel,
    "grey-16.png": lambda path: deep_png(path, 1),
    "colour-16.png": lambda path: deep_png(path, 3),
    "alpha-16.png": lambda path: deep_png(path, 4),
    "colour.bmp": save,
    "grey.tif": lambda path: save(path, "L"),
    "alpha.tif": lambda path: save(path, "RGBA"),
    "packed.tif": lambda path: save(path, compression="tiff_lzw"),
    "bilevel.tif": bilevel,
    "grey-16.tif": deep_tiff,
    "colour-16.tif": lambda path: deep_tiff(path, 3),
    "alpha-16.tif": lambda path: deep_tiff(path, 4, extrasamples=["unassalpha"]),
    "zipped-16.tif": lambda path: deep_tiff(path, 3, compression="zlib"),
    "floats.tif": lambda path: deep_tiff(path, dtype=np.float32),
    "doubles.tif": lambda path: deep_tiff(path, dtype=np.float64),
    "lossless.webp": lambda path: save(path, "RGBA", lossless=True, exact=True),
}


def opened(path):
    """Return a file as Pillow reads it."""
    with Image.open(path) as image:
        image.load()
        return image


def raw(path):
    """Return the pixels of a file as its library reads them."""
    return (
        tifffile.imread(path)
        if path.name.endswith(("16.tif", "floats.tif", "doubles.tif"))
        else np.asarray(opened(path))
    )


@pytest.mark.parametrize("name", LOSSLESS)
def test_what_is_not_changed_is_written_as_it_was(tmp_path, name):
    source, path = LOSSLESS[name](tmp_path / name), tmp_path / f"again-{name}"
    original = open_original(source)
    original.write(original.colour, path)
    np.testing.assert_array_equal(raw(path), raw(source).astype(np.float32) if "doubles" in name else raw(source))
    assert raw(path).dtype == raw(source).dtype
    assert kind_of(path) == kind_of(source)
    again = open_original(path)
    assert (again.dtype, again.colour.shape) == (original.dtype, original.colour.shape)
    np.testing.assert_array_equal(again.colour, original.colour)


@pytest.mark.parametrize(
    "name", ["alpha.png", "grey-alpha.png", "alpha-16.png", "alpha.tif", "alpha-16.tif", "lossless.webp"]
)
def test_alpha_is_not_touched(tmp_path, name):
    source, path = LOSSLESS[name](tmp_path / name), tmp_path / f"again-{name}"
    original = open_original(source)
    original.write(np.full(original.colour.shape, 0.5, np.float32), path)
    again = open_original(path)
    np.testing.assert_array_equal(again.alpha, original.alpha)
    assert np.abs(again.colour / (255 if again.colour.dtype == np.uint8 else 1) - 0.5).max() < 0.01


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.png", "a.tif", *(["a.avif"] if features.check("avif") else [])])
def test_profile_and_exif_data_are_kept(tmp_path, name):
    source, path = save(tmp_path / name, icc_profile=PROFILE, exif=exif(), dpi=(300, 300)), tmp_path / f"again-{name}"
    original = open_original(source)
    original.write(original.colour, path)
    with Image.open(path) as image:
        assert image.info["icc_profile"] == PROFILE and image.getexif()[MAKER] == "isthmus"
        if name.endswith(("jpg", "png", "tif")):
            assert [round(side) for side in image.info["dpi"]] == [300, 300]


def test_texts_of_a_png_are_kept(tmp_path):
    said = PngImagePlugin.PngInfo()
    said.add_text("Title", "dunes")
    said.add(b"gAMA", (45455).to_bytes(4, "big"))
    source = save(tmp_path / "a.png", pnginfo=said)
    original = open_original(source)
    original.write(original.colour, tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as image:
        assert image.info["Title"] == "dunes" and image.info["gamma"] == 0.45455


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_upright_for_the_model_and_stored_as_it_was(tmp_path, orientation):
    source, path = save(tmp_path / "a.png", exif=exif(orientation)), tmp_path / "b.png"
    original = open_original(source)
    assert original.colour.shape[:2] == ((WIDTH, HEIGHT) if orientation > 4 else (HEIGHT, WIDTH))
    original.write(original.colour, path)
    np.testing.assert_array_equal(raw(path), raw(source))
    assert opened(path).getexif()[ORIENTATION] == orientation


TIFFS = {
    "grey-8.tif": lambda path, **tags: tifffile.imwrite(path, pixels("L"), metadata=None, **tags),
    "colour-8.tif": lambda path, **tags: tifffile.imwrite(path, pixels("RGB"), photometric="rgb", **tags),
    "tiled.tif": lambda path, **tags: tifffile.imwrite(path, pixels("RGB"), photometric="rgb", tile=(16, 16), **tags),
    "colour-16.tif": lambda path, **tags: deep_tiff(path, 3, byteorder=">", **tags),
    "grey-16.tif": lambda path, **tags: deep_tiff(path, **tags),
    "floats.tif": lambda path, **tags: deep_tiff(path, dtype=np.float32, **tags),
}


@pytest.mark.parametrize("orientation", [1, 3, 5, 6, 7, 8])
@pytest.mark.parametrize("name", TIFFS)
def test_a_tiff_on_its_side_is_upright_for_the_model_and_stored_as_it_was(tmp_path, name, orientation):
    source, path = tmp_path / name, tmp_path / f"again-{name}"
    TIFFS[name](source, extratags=[(ORIENTATION, "H", 1, orientation, True), (SCALE, "d", 3, (2.0, 2.0, 0.0), True)])
    original = open_original(source)
    expected = upright(tifffile.imread(source), orientation).reshape(original.colour.shape)
    white = GREATEST.get(expected.dtype.name, 1) if original.colour.dtype != np.uint8 else 1
    np.testing.assert_allclose(original.colour, expected / white, atol=1e-6)
    original.write(original.colour, path)
    np.testing.assert_array_equal(tifffile.imread(path), tifffile.imread(source))
    with tifffile.TiffFile(path) as file:
        assert file.pages[0].tags.valueof(ORIENTATION, 1) == orientation
        assert file.pages[0].tags.valueof(SCALE) == (2.0, 2.0, 0.0)


@pytest.mark.parametrize(
    ("mode", "compression"), [("RGB", "raw"), ("RGB", "tiff_lzw"), ("RGB", "jpeg"), ("1", "raw"), ("1", "group4")]
)
def test_exif_data_and_gps_of_a_tiff_are_kept(tmp_path, mode, compression):
    source, path = tmp_path / "a.tif", tmp_path / "b.tif"
    Image.fromarray(pixels("RGB")).convert(mode).save(source, compression=compression)
    add_directories(source, {EXIF: {EXPOSURE: 0.5}, GPS: {1: "N", 2: (48.0, 8.0, 0.0)}})
    original = open_original(source)
    original.write(original.colour, path)
    np.testing.assert_array_equal(raw(path), raw(source))
    assert opened(path).size == opened(source).size == (WIDTH, HEIGHT)
    assert directories_of(path) == {EXIF: {EXPOSURE: 0.5}, GPS: {1: "N", 2: (48.0, 8.0, 0.0)}}


def test_a_jpeg_is_compressed_with_little_loss(tmp_path):
    smooth = np.add.outer(np.arange(64), np.arange(80)).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a.jpg", quality=90)
    original = open_original(tmp_path / "a.jpg")
    original.write(original.colour, tmp_path / "b.jpg")
    assert np.abs(raw(tmp_path / "b.jpg").astype(int) - raw(tmp_path / "a.jpg")).mean() < 1


def test_a_palette_is_written_as_colour_and_it_is_said(tmp_path):
    Image.fromarray(pixels("RGB")).quantize(16).save(tmp_path / "a.png")
    original = open_original(tmp_path / "a.png")
    assert "palette" in original.notes[0]
    original.write(original.colour, tmp_path / "b.png")
    np.testing.assert_array_equal(raw(tmp_path / "b.png"), np.asarray(opened(tmp_path / "a.png").convert("RGB")))


def test_a_transparent_colour_becomes_an_alpha_channel(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png", transparency=0)
    original = open_original(tmp_path / "a.png")
    original.write(original.colour, tmp_path / "b.png")
    assert opened(tmp_path / "b.png").mode == "LA" and not raw(tmp_path / "b.png")[..., 1].any()


def cmyk(path):
    Image.fromarray(pixels("RGBA"), mode="CMYK").save(path)


def frames(path):
    Image.fromarray(pixels("RGB")).save(path, save_all=True, append_images=[Image.fromarray(pixels("RGB"))])


def grey_alpha_16(path):
    write_png(path, deep(2), [])


def text(path):
    path.write_text("no image")


BAD = {
    "cmyk.jpg": (cmyk, "CMYK, colours for print"),
    "cmyk.tif": (cmyk, "CMYK, colours for print"),
    "frames.webp": (frames, "2 frames"),
    "frames.png": (frames, "2 frames"),
    "pages.tif": (frames, "save each page"),
    "grey-alpha.png": (grey_alpha_16, "of which 8 bits are read"),
    "text.png": (text, "holds no PNG"),
    "deep.tif": (lambda path: tifffile.imwrite(path, np.zeros((4, 4), np.uint32)), "uint32, of which 24 bits"),
    "nan.tif": (
        lambda path: tifffile.imwrite(path, np.full((4, 4), np.nan, np.float32)),
        r"pixel \(0, 0, 0\) of .* nan",
    ),
    "255.tif": (lambda path: tifffile.imwrite(path, np.full((4, 4), 200, np.float32)), "to 200: scale .* image / 255"),
}


@pytest.mark.parametrize("name", BAD)
def test_files_that_cannot_be_written_as_they_were_are_refused(tmp_path, name):
    make, said = BAD[name]
    make(tmp_path / name)
    with pytest.raises(InputError, match=said) as error:
        open_original(tmp_path / name)
    assert name in str(error.value)


def test_a_preview_is_left_out_and_it_is_said(tmp_path):
    images = [Image.fromarray(pixels("RGB")) for _ in range(2)]
    images[0].save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=images[1:])
    assert "holds 2 images" in open_original(tmp_path / "a.jpg").notes[0]


def test_large_images_are_packed_in_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("isthmus.data.images.png.BLOCK", 200)
    image = deep(3)
    write_png(tmp_path / "a.png", image, [])
    np.testing.assert_array_equal(np.rint(open_original(tmp_path / "a.png").colour * 65535), image)
    smooth = BytesIO()
    write_png(tmp_path / "b.png", np.add.outer(np.arange(256), np.arange(256))[..., None].astype(np.uint8), [])
    opened(tmp_path / "b.png").save(smooth, "PNG")
    assert (tmp_path / "b.png").stat().st_size < 2 * smooth.tell()
