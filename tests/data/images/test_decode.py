"""Image files of every kind: what is read of them, and what is refused."""

import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isthmus.data.images.decode import READERS, decode, head
from isthmus.data.images.head import Form, Head, common_form
from isthmus.data.images.sniff import SIGNATURES, kind_of
from isthmus.data.images.survey import error_of
from isthmus.support.errors import InputError, MissingExtraError

Image = pytest.importorskip("PIL.Image")

GREY = np.arange(40, dtype=np.uint8).reshape(5, 8) * 6
COLOUR = np.arange(120, dtype=np.uint8).reshape(5, 8, 3) * 2


def png(path, array, colour_type):
    """Write 16 bits, which Pillow does not: PNG without filters."""
    height, width = array.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    head = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    blocks = [struct.pack(">I", len(b)) + n + b + struct.pack(">I", zlib.crc32(n + b)) for n, b in parts]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(blocks))
    return path


# -- kinds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp"])
@pytest.mark.parametrize("array", [GREY, COLOUR], ids=["grey", "colour"])
def test_kinds_without_loss_are_decoded_exactly(saved, suffix, array):
    path = saved(f"a.{suffix}", array, lossless=True) if suffix == "webp" else saved(f"a.{suffix}", array)
    found = decode(path)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found if found.ndim == array.ndim else found[..., 0], array)


@pytest.mark.parametrize("suffix", ["jpg", "avif"])
def test_kinds_with_loss_are_decoded(saved, suffix):
    found = decode(saved(f"a.{suffix}", np.full((32, 48, 3), 200, np.uint8)))
    assert found.shape == (32, 48, 3) and abs(found.astype(int) - 200).max() < 5


def test_the_content_counts_and_not_the_name(saved):
    path = saved("a.jpg", np.full((8, 8), 9, np.uint8))
    path.rename(path.with_suffix(".png"))
    assert kind_of(path.with_suffix(".png")) == "JPEG" and decode(path.with_suffix(".png")).shape == (8, 8)


def test_every_kind_that_is_told_has_a_reader():
    assert {kind for _, _, kind in SIGNATURES} | {"AVIF", "HEIC"} == set(READERS)


@pytest.mark.parametrize("array", [GREY, COLOUR], ids=["grey", "colour"])
def test_a_head_tells_the_size_without_decoding(saved, array):
    whole = saved("a.png", array).read_bytes()
    cut = saved("b.png", array)
    cut.write_bytes(whole[:-30])
    assert head(cut) == Head(5, 8, 1 if array.ndim == 2 else 3)


# -- modes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "axes"), [("1", 2), ("L", 2), ("LA", 2), ("P", 3), ("RGB", 3), ("RGBA", 3)])
def test_modes_become_grey_or_colour(saved, mode, axes):
    found = decode(saved("a.png", np.full((4, 5, 3), 255, np.uint8), mode))
    assert found.ndim == axes and found.dtype == np.uint8 and (found == 255).all()


def test_a_cmyk_jpeg_becomes_colour(saved):
    assert decode(saved("a.jpg", np.zeros((8, 8, 3), np.uint8), "CMYK")).shape == (8, 8, 3)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_an_alpha_channel_is_set_on_white_or_kept(saved, name):
    array = np.zeros((4, 5, 4), np.uint8)
    array[..., 0], array[:2, :, 3], array[2, :, 3] = 100, 255, 51
    path = saved(name, array, lossless=True) if name.endswith("webp") else saved(name, array)
    white = decode(path)
    assert white.shape == (4, 5, 3)
    assert white[0, 0].tolist() == [100, 0, 0] and white[3, 0].tolist() == [255, 255, 255]
    assert white[2, 0].tolist() == [round(0.2 * 100 + 0.8 * 255), 204, 204]
    kept = decode(path, alpha="keep")
    assert kept.shape == (4, 5, 4) and kept[..., 3].tolist() == array[..., 3].tolist()


def test_grey_with_alpha_is_set_on_white_as_grey_and_kept_as_four_channels(saved):
    array = np.zeros((4, 5, 2), np.uint8)
    path = saved("a.png", array)
    assert (decode(path) == 255).all() and decode(path).shape == (4, 5)
    assert decode(path, alpha="keep").shape == (4, 5, 4)


@pytest.mark.parametrize("array", [GREY, COLOUR], ids=["grey", "colour"])
def test_a_transparent_colour_counts_as_alpha(saved, array):
    path = saved("a.png", array, transparency=int(array[0, 0]) if array.ndim == 2 else tuple(map(int, array[0, 0])))
    assert head(path).alpha and decode(path)[0, 0].min() == 255
    np.testing.assert_array_equal(decode(path)[1:], array[1:])


def test_an_alpha_that_is_neither_is_refused(saved):
    with pytest.raises(InputError, match="unknown alpha 'drop'"):
        decode(saved("a.png"), alpha="drop")


# -- orientation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_images_are_upright_as_their_exif_data_says(tmp_path, suffix, orientation):
    array = np.kron(np.array([[0, 80, 160], [240, 120, 40]], np.uint8), np.ones((16, 16), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(array).convert("RGB").save(path, exif=exif, quality=95)
    expected = np.asarray(Image.fromarray(array))
    flips = {1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 6, 8: 7}[orientation]
    turns = [
        lambda a: a,
        lambda a: a[:, ::-1],
        lambda a: a[::-1, ::-1],
        lambda a: a[::-1],
        lambda a: a.T,
        lambda a: np.rot90(a, -1),
        lambda a: np.rot90(a, 2).T,
        lambda a: np.rot90(a),
    ]
    expected = turns[flips](array)
    found, told = decode(path), head(path)
    assert found.shape[:2] == (told.height, told.width) == expected.shape
    assert abs(found[..., 0].astype(int) - expected).mean() < 6


# -- more than 8 bits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "colour_type"), [((5, 7), 0), ((5, 7, 3), 2), ((5, 7, 4), 6)])
def test_sixteen_bits_of_a_png_become_floats(tmp_path, shape, colour_type):
    array = np.random.default_rng(0).integers(0, 2**16, shape, dtype=np.uint16)
    path = png(tmp_path / "a.png", array, colour_type)
    assert head(path).deep
    found = decode(path, alpha="keep")
    assert found.dtype == np.float32 and found.shape == shape
    np.testing.assert_allclose(found, array / 65535, atol=1e-6)


def test_sixteen_bits_of_a_grey_tiff_become_floats(saved):
    array = np.arange(40, dtype=np.uint16).reshape(5, 8) * 1600
    np.testing.assert_allclose(decode(saved("a.tif", array)), array / 65535, atol=1e-6)


# -- TIFF of many bands ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bands", [2, 4, 5, 13])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_tiff_files_have_any_number_of_bands(tmp_path, bands, dtype, planes):
    tifffile = pytest.importorskip("tifffile")
    array = np.random.default_rng(0).random((6, 9, bands))
    top = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    array = (array * top).astype(dtype)
    stored = array if planes == "contig" else np.moveaxis(array, -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="minisblack", planarconfig=planes)
    assert head(tmp_path / "a.tif") == Head(6, 9, bands, False, dtype != "uint8")
    found = decode(tmp_path / "a.tif")
    assert found.dtype == (np.uint8 if dtype == "uint8" else np.float32)
    np.testing.assert_allclose(found, array if dtype == "uint8" else array / top, rtol=1e-6)


def test_bands_are_read_without_a_word_and_bands_as_pages_name_the_call_that_works(tmp_path, caplog):
    tifffile = pytest.importorskip("tifffile")
    array, path = np.zeros((20, 22, 13), np.uint8), tmp_path / "a.tif"
    tifffile.imwrite(path, array)
    with pytest.raises(InputError, match="axes QYX: volumes are not read yet.*tifffile.imwrite") as refused:
        head(path)
    call = str(refused.value)[str(refused.value).index("tifffile.imwrite") :]
    eval(call, {"tifffile": tifffile, "path": path, "image": array})
    assert decode(path).shape == (20, 22, 13) and not caplog.records


def test_channels_of_a_microscope_are_channels_and_slices_are_a_volume(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    array = np.random.default_rng(0).integers(0, 255, (3, 6, 9), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "c.tif", array, imagej=True, metadata={"axes": "CYX"})
    np.testing.assert_array_equal(decode(tmp_path / "c.tif"), np.moveaxis(array, 0, -1))
    tifffile.imwrite(tmp_path / "z.tif", array, imagej=True, metadata={"axes": "ZYX"})
    with pytest.raises(InputError, match=r"z.tif' holds \(3, 6, 9\) numbers along the axes ZYX: volumes are not read"):
        head(tmp_path / "z.tif")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 4), np.int16), "are int16, which has no known range"),
        (np.full((4, 4), 200.0, np.float32), "reach from 200 to 200: scale them to"),
        (np.full((4, 4), np.nan, np.float32), "is nan: images must be finite"),
        (np.zeros((4, 4), np.complex64), "are complex64"),
    ],
)
def test_tiff_files_of_numbers_without_a_range_are_refused(tmp_path, array, message):
    pytest.importorskip("tifffile").imwrite(tmp_path / "a.tif", array)
    with pytest.raises(InputError, match=rf"a.tif' {message}"):
        decode(tmp_path / "a.tif")


# -- HEIC and DICOM -------------------------------------------------------------------------------------------------


def test_heic_is_decoded(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(Image.fromarray(np.full((32, 48, 3), 200, np.uint8))).save(tmp_path / "a.heic", quality=95)
    (tmp_path / "a.heic").rename(tmp_path / "a.jpg")
    assert kind_of(tmp_path / "a.jpg") == "HEIC" and head(tmp_path / "a.jpg") == Head(32, 48, 3)
    assert abs(decode(tmp_path / "a.jpg").astype(int) - 200).max() < 8


def dicom(path, array, bits, frames=None, **more):
    """Write a DICOM file without compression."""
    pydicom = pytest.importorskip("pydicom")
    file = pydicom.Dataset()
    file.file_meta = pydicom.dataset.FileMetaDataset()
    file.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    file.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    file.Rows, file.Columns = array.shape[:2]
    file.SamplesPerPixel = 3 if array.ndim == 3 else 1
    file.PhotometricInterpretation = more.pop("photometric", "RGB" if array.ndim == 3 else "MONOCHROME2")
    file.BitsAllocated, file.BitsStored, file.HighBit = 8 * array.itemsize, bits, bits - 1
    file.PixelRepresentation = int(array.dtype.kind == "i")
    file.PlanarConfiguration = 0
    if frames:
        file.NumberOfFrames = frames
    file.PixelData = array.tobytes() * (frames or 1)
    file.save_as(path, enforce_file_format=True)
    return path


def test_dicom_is_stored_values_over_the_greatest(tmp_path):
    array = np.arange(24, dtype=np.uint16).reshape(4, 6) * 178
    np.testing.assert_allclose(decode(dicom(tmp_path / "a.dcm", array, 12)), array / 4095, rtol=1e-6)
    np.testing.assert_allclose(
        decode(dicom(tmp_path / "b.dcm", array, 12, photometric="MONOCHROME1")), 1 - array / 4095, atol=1e-6
    )
    signed = (array.astype(np.int16) - 2048).astype(np.int16)
    np.testing.assert_allclose(decode(dicom(tmp_path / "c.dcm", signed, 12)), array / 4095, rtol=1e-6)
    small = np.arange(24, dtype=np.uint8).reshape(4, 6)
    np.testing.assert_array_equal(decode(dicom(tmp_path / "d.dcm", small, 8)), small)
    colour = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)
    np.testing.assert_array_equal(decode(dicom(tmp_path / "e.dcm", colour, 8)), colour)


def test_dicom_without_an_attribute_of_its_pixels_names_it(tmp_path):
    pydicom = pytest.importorskip("pydicom")
    path = dicom(tmp_path / "a.dcm", np.zeros((4, 6), np.uint8), 8)
    file = pydicom.dcmread(path)
    del file.PhotometricInterpretation, file.Rows
    file.save_as(path)
    with pytest.raises(
        InputError, match="a.dcm': it is no DICOM image .* it lacks Rows, PhotometricInterpretation; mend"
    ):
        head(path)


def test_dicom_of_several_frames_is_not_read_yet(tmp_path):
    path = dicom(tmp_path / "a.dcm", np.zeros((4, 6), np.uint8), 8, frames=3)
    with pytest.raises(InputError, match="a.dcm' holds 3 frames: volumes and video are not read yet"):
        head(path)


@pytest.mark.parametrize(
    ("content", "module", "name"),
    [
        (bytes(128) + b"DICM", "pydicom", "dicom"),
        (b"\0\0\0\x18ftypheic" + bytes(12), "pillow_heif", "heic"),
    ],
)
def test_a_kind_whose_library_is_not_installed_names_its_extra(tmp_path, monkeypatch, content, module, name):
    (tmp_path / "a.png").write_bytes(content)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"isthmus\[{name}\]"):
        head(tmp_path / "a.png")


# -- what is no image ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp", "avif"])
def test_a_truncated_image_is_named(saved, suffix):
    path = saved(f"a.{suffix}", np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=rf"cannot read the image .*a.{suffix}"):
        decode(path)


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff", b"II*\0"])
def test_what_is_no_image_is_named(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match=r"cannot read the image .*a.png"):
        decode(tmp_path / "a.png")


def test_video_is_not_read_yet(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0isommp42")
    with pytest.raises(InputError, match="a.jpg': it holds video, which is not read yet"):
        decode(tmp_path / "a.jpg")


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_an_animation_is_not_read_yet(tmp_path, suffix):
    frames = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (0, 90, 200)]
    frames[0].save(tmp_path / f"a.{suffix}", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match=rf"a.{suffix}' holds 3 frames: video is not read yet"):
        head(tmp_path / f"a.{suffix}")


POSTSCRIPT = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 10 10
%%EndComments
0 0 10 10 rectfill
%%EOF
"""


def test_postscript_that_is_called_png_starts_no_program(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: ran.append(a))
    monkeypatch.setattr(subprocess, "check_call", lambda *a, **k: ran.append(a))
    for start in (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM"):
        (tmp_path / "a.png").write_bytes(start + POSTSCRIPT)
        with pytest.raises(InputError, match=r"cannot read the image .*a.png"):
            decode(tmp_path / "a.png")
    with Image.open(tmp_path.joinpath("b.eps").write_bytes(POSTSCRIPT) and tmp_path / "b.eps") as opened:
        assert opened.format == "EPS"  # Pillow itself would have read it
    assert not ran


@pytest.mark.filterwarnings("ignore::UserWarning")  # of Pillow, about tags that it passes over
@pytest.mark.filterwarnings("ignore:Image size .* exceeds limit")  # of Pillow, where a header claims a large image
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_garbled_files_are_read_or_named(saved, data):
    suffix = data.draw(st.sampled_from(["png", "jpg", "webp", "tif", "bmp"]))
    path = saved(f"garbled.{suffix}", np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    error = error_of(path)
    assert path.name in error if error else decode(path).ndim in (2, 3)


def test_a_size_that_cannot_be_is_refused_before_it_is_decoded(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((2, 2, 5), np.uint8), photometric="minisblack", planarconfig="contig")
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as file:
        file.pages[0].tags["ImageWidth"].overwrite(2**15)
        file.pages[0].tags["ImageLength"].overwrite(2**15)
    with pytest.raises(InputError, match="a.tif': its header says 32768 x 32768 pixels"):
        head(tmp_path / "a.tif")


@pytest.mark.parametrize("size", [(1, 1), (10, 20_000), (20_000, 10)])
def test_images_of_strange_sizes_are_read(saved, size):
    assert decode(saved("a.png", np.zeros(size, np.uint8))).shape == size


# -- one form -------------------------------------------------------------------------------------------------------

PATHS = ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("heads", "form", "message"),
    [
        ([Head(1, 1, 1), Head(1, 1, 3)], Form(3), "1 of 2 images are grey: brought to colour"),
        ([Head(1, 1, 3, alpha=True), Head(1, 1, 3)], Form(3), "1 of 2 images have an alpha channel: set on white"),
        ([Head(1, 1, 1, deep=True), Head(1, 1, 1)], Form(1, deep=True), "1 of 2 images have more than 8 bits"),
    ],
)
def test_mixed_images_are_brought_to_one_form_and_it_is_said(heads, form, message):
    with pytest.warns(UserWarning, match=message):
        assert common_form(heads, PATHS) == form


def test_an_alpha_channel_is_kept_where_that_is_asked_for():
    with pytest.warns(UserWarning, match="have an alpha channel: kept as a fourth channel"):
        assert common_form([Head(1, 1, 1, alpha=True), Head(1, 1, 3)], PATHS, "keep") == Form(3, True)
    assert common_form([Head(1, 1, 13), Head(2, 1, 13)], PATHS, "keep") == Form(13)


def test_other_channels_are_not_mixed():
    with pytest.raises(InputError, match="a.png has 3 channels, b.png has 13"):
        common_form([Head(1, 1, 3), Head(1, 1, 13)], PATHS)


@pytest.mark.parametrize("form", [Form(1), Form(3), Form(3, True), Form(3, deep=True), Form(3, True, True)])
def test_pixels_are_brought_to_a_form(form):
    found = form.apply(GREY, alpha=False)
    assert found.shape == form.shape(5, 8) and found.dtype == form.dtype
    np.testing.assert_allclose(found[..., 0] if found.ndim == 3 else found, GREY / (255 if form.deep else 1), rtol=1e-6)
    assert not form.alpha or found[..., 3].min() == (1 if form.deep else 255)
