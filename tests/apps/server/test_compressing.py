"""A compressor that is served: images go up as files, and come back as the command reads them."""

import io
import struct

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image, ImageCms
from pyarrow import parquet

from isthmus.apps.server.app import build
from isthmus.apps.server.models import Model
from isthmus.tasks.compression import frames, numbers, text_tables
from isthmus.tasks.compression.chunks import Chunk, read, written
from isthmus.tasks.compression.header import HEAD, Head
from tests.compressors import random_compressor, scene

pytest.importorskip("constriction")

COMPRESS, DECOMPRESS = "/v1/models/codec/compress", "/v1/models/codec/decompress"
PNG, NPY = {"Content-Type": "image/png"}, {"Content-Type": "application/x-npy"}
COMPRESSED = {"Content-Type": "application/vnd.isthmus"}
AS_NPY = {**COMPRESSED, "Accept": "application/x-npy"}
PHOTO, LIMIT = scene(60, 90), 2**16
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(scope="module")
def compressor():
    return random_compressor()


@pytest.fixture(scope="module")
def client(asgi, compressor):
    return asgi(build({"codec": Model("codec", compressor)}, max_body=LIMIT))


def image_file(pixels, kind="PNG", **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def content(response, kind):
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].partition(";")[0] == kind
    return response.content


def compressed(client, body, headers=PNG, query=""):
    return content(client.post(COMPRESS + query, content=body, headers=headers), COMPRESSED["Content-Type"])


def decompressed(client, body, headers=COMPRESSED):
    return client.post(DECOMPRESS, content=body, headers=headers)


def refused(response, status, field):
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error["field"] == field
    return error["message"]


# -- what comes back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "?quality=30", "?target_bpp=2&effort=0", "?target_psnr=30"])
def test_a_file_is_what_the_compressor_writes(client, compressor, query):
    asked = {name: float(value) for name, _, value in (part.partition("=") for part in query[1:].split("&") if part)}
    small = compressed(client, image_file(PHOTO), query=query)
    assert small == compressor.compress(PHOTO, **asked)
    expected = compressor.decompress(small)
    with Image.open(io.BytesIO(content(decompressed(client, small), "image/png"))) as image:
        np.testing.assert_array_equal(np.asarray(image), expected)
    np.testing.assert_array_equal(
        np.load(io.BytesIO(content(decompressed(client, small, AS_NPY), "application/x-npy"))), expected
    )


@pytest.mark.parametrize(("kind", "name"), [("PNG", "png"), ("TIFF", "tiff"), ("WEBP", "webp")])
def test_profile_exif_and_alpha_are_carried_along(client, kind, name):
    exif, alpha = Image.Exif(), np.arange(60 * 90, dtype=np.uint8).reshape(60, 90, 1)
    exif[0x010F] = "a maker"
    lossless = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    body = image_file(np.concatenate([PHOTO, alpha], 2), kind, icc_profile=PROFILE, exif=exif, **lossless)
    small = compressed(client, body, {"Content-Type": f"image/{name}"})
    with Image.open(io.BytesIO(decompressed(client, small).content)) as image:
        assert image.info["icc_profile"] == PROFILE and image.getexif()[0x010F] == "a maker"
        np.testing.assert_array_equal(np.asarray(image)[..., 3:], alpha)


def test_a_photograph_on_its_side_comes_back_upright(client):
    exif = Image.Exif()
    exif[0x0112] = 6
    small = compressed(client, image_file(PHOTO, "JPEG", exif=exif), {"Content-Type": "image/jpeg"})
    with Image.open(io.BytesIO(decompressed(client, small).content)) as image:
        assert image.size == (60, 90) and 0x0112 not in image.getexif()


@pytest.mark.parametrize("array", [PHOTO, PHOTO[..., 0], PHOTO.astype(np.uint16) * 257, PHOTO[..., :1] > 100])
def test_arrays_that_png_holds(client, compressor, array):
    small = compressed(client, npy(array), NPY)
    back = np.load(io.BytesIO(decompressed(client, small, AS_NPY).content))
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, compressor.decompress(small))
    assert content(decompressed(client, small), "image/png").startswith(b"\x89PNG")


@pytest.mark.parametrize("array", [np.float32(PHOTO[:40, :40] / 255), PHOTO[..., :2] > 100], ids=["floats", "bool"])
def test_pixels_that_png_does_not_hold_come_as_an_array(client, array):
    small = compressed(client, npy(array), NPY)
    assert "accept application/x-npy" in refused(decompressed(client, small), 422, "Accept")
    assert np.load(io.BytesIO(decompressed(client, small, AS_NPY).content)).dtype == array.dtype


def test_other_kinds_of_files_come_back_as_what_they_were(client):
    x, table = np.cumsum(np.random.default_rng(0).normal(size=(50, 2)), 0), b"a,b\n" + b"1,2\n3,4\n" * 9
    back = content(decompressed(client, numbers.packed(x, 0.01)), "application/x-npy")
    np.testing.assert_allclose(np.load(io.BytesIO(back)), x, atol=0.011)
    assert content(decompressed(client, text_tables.packed(table)), "text/csv") == table
    frame = pd.DataFrame({"a": [1.5, None], "b": ["x", "y"], "c": [b"1", b"2"]})
    back = content(decompressed(client, frames.packed(frame)), "application/vnd.apache.parquet")
    pd.testing.assert_frame_equal(parquet.read_table(io.BytesIO(back)).to_pandas(), frame)


def test_an_answer_in_another_form_is_refused(client):
    table = text_tables.packed(b"a,b\n1,2\n")
    assert "accept text/csv" in refused(decompressed(client, table, AS_NPY), 406, "Accept")
    either = {**COMPRESSED, "Accept": "image/png, */*"}
    assert decompressed(client, table, either).status_code == 200


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("quality=200", "quality", "from 0 to 100"),
        ("quality=nan", "quality", "from 0 to 100"),
        ("quality=high", "quality", "from 0 to 100"),
        ("target_bpp=0", "target_bpp", "above 0"),
        ("target_psnr=inf", "target_psnr", "above 0"),
        ("effort=2", "effort", "1, or 0"),
        ("speed=1", "speed", "known: quality, target_bpp, target_psnr, effort"),
        ("quality=50&target_psnr=30", "target_psnr", "choose one of"),
    ],
)
def test_parameters_that_cannot_be_are_named(client, query, field, said):
    asked = client.post(f"{COMPRESS}?{query}", content=image_file(PHOTO), headers=PNG)
    assert said in refused(asked, 422, field)


def test_bodies_of_other_kinds_are_refused(client):
    assert "image/png" in refused(client.post(COMPRESS, json={"rows": [[[0, 0, 0]]]}), 415, "Content-Type")
    assert "application/octet-stream" in refused(decompressed(client, b"", PNG), 415, "Content-Type")
    assert "no PNG" in refused(client.post(COMPRESS, content=b"nothing", headers=PNG), 422, "body")
    cut = client.post(COMPRESS, content=image_file(PHOTO)[:5000], headers=PNG)
    assert "'body'" in refused(cut, 422, "body")
    assert "is no image" in refused(client.post(COMPRESS, content=npy(np.zeros(5)), headers=NPY), 422, "body")
    assert "known: none" in refused(client.post(f"{DECOMPRESS}?quality=5", headers=COMPRESSED), 422, "quality")


@pytest.mark.parametrize(("mode", "size", "taken"), [("1", 300, 65536), ("RGB", 200, 21845), ("RGBA", 200, 16384)])
def test_an_image_of_few_bytes_and_many_pixels_is_refused(client, mode, size, taken):
    stream = io.BytesIO()
    Image.new(mode, (size, size)).save(stream, "PNG")
    answer = client.post(COMPRESS, content=stream.getvalue(), headers=PNG)
    assert f"at most {taken:,} are taken" in refused(answer, 413, "body")


def test_what_says_that_it_is_huge_is_refused_before_it_is_read(client):
    image = Head(2**17, 2**17, 3, "uint8", 96, 32, "own", bytes(8)).packed()
    array = numbers.Head("float64", (2**40, 3)).packed()
    table = text_tables.FIXED.pack(1, text_tables.TEXT_TABLE, 2**40, 0, 3)
    for head in (image, array, table):
        answer = decompressed(client, written([Chunk(HEAD, head), Chunk(b"TILE", bytes(8))]))
        assert "says that it holds" in refused(answer, 413, "body")


def test_parts_that_unpack_to_more_are_refused(client):
    table = text_tables.FIXED.pack(1, text_tables.TEXT_TABLE, 100, 0, 3)
    bomb = Chunk(text_tables.CONTENT, text_tables._squeezed(bytes(LIMIT + 1)))
    answer = decompressed(client, written([Chunk(HEAD, table), bomb]))
    assert "TEXT of the file unpacks to more" in refused(answer, 413, "body")
    frame = pa.table({"a": [b"\xff" * LIMIT]})  # as it is, behind a header that says nothing of it
    assert "ARRW of the file unpacks to more" in refused(decompressed(client, frames.packed(frame)), 413, "body")


def test_files_in_a_file_are_looked_at_too(client):
    kind, series = frames.FIXED.pack(1, frames.FRAME, 3, 1), numbers.Head("float64", (2**40,)).packed()
    table = text_tables.FIXED.pack(1, text_tables.TEXT_TABLE, 100, 0, 3)
    inner = written([Chunk(HEAD, table), Chunk(text_tables.SERIES, written([Chunk(HEAD, series)]))])
    answer = decompressed(client, written([Chunk(HEAD, kind), Chunk(frames.CELLS, inner)]))
    assert "says that it holds" in refused(answer, 413, "body")
    again = written([Chunk(HEAD, kind), Chunk(frames.CELLS, written([Chunk(HEAD, kind)]))])
    assert "of another kind" in refused(decompressed(client, again), 422, "body")


def test_files_that_cannot_be_read_say_why(client, compressor):
    small = compressor.compress(PHOTO)
    head, *others = read(small)
    newer = written([Chunk(HEAD, b"\x02" + head.payload[1:]), *others])
    known = Head(60, 90, 3, "uint8", 96, 32, "another", b"01234567")
    other = written([Chunk(HEAD, known.packed()), *others])
    for body, said in (
        (small[:-20], "truncated"),
        (small[:60] + b"\0" + small[61:], "is damaged"),
        (b"", "is empty"),
        (b"GIF89a and so on", "is not a compressed file"),
        (newer, "update isthmus"),
        (other, "written with the model 'another'"),
        (written([Chunk(HEAD, struct.pack("<BBBBQQ", 1, 2, 0, 2, 0, 2**63))]), "its shape is"),
    ):
        assert said in refused(decompressed(client, body), 422, "body")


# -- what is said of it ----------------------------------------------------------------------------------------------


def test_the_model_names_its_operations(client):
    about = client.get("/v1/models/codec").json()
    assert about["estimator"] == "Compressor" and {"compress", "decompress", "encode"} <= set(about["operations"])
    paths = client.get("/openapi.json").json()["paths"]
    compress, decompress = paths[COMPRESS]["post"], paths[DECOMPRESS]["post"]
    assert [one["name"] for one in compress["parameters"]] == [
        "quality",
        "target_bpp",
        "target_psnr",
        "effort",
        "detail",
    ]
    assert {"image/png", "application/x-npy"} < set(compress["requestBody"]["content"])
    assert list(compress["responses"]["200"]["content"]) == ["application/vnd.isthmus"]
    assert "application/octet-stream" in decompress["requestBody"]["content"] and not decompress["parameters"]
    assert {"image/png", "text/csv", "application/x-npy"} < set(decompress["responses"]["200"]["content"])


def test_everything_else_is_offered_as_of_its_autoencoder(client, compressor):
    own = compressor.autoencoder_
    for operation, expected in (
        ("encode", own.transform(PHOTO[None])),
        ("reconstruct", own.reconstruct(PHOTO[None])),
        ("score", own.reconstruction_error(PHOTO[None])),
    ):
        answer = client.post(f"/v1/models/codec/{operation}", content=image_file(PHOTO), headers=PNG).json()
        np.testing.assert_allclose(next(iter(answer.values())), expected, rtol=1e-4, atol=1e-5)
    sent = {"name": "pixels", "shape": [1, 4, 4, 3], "datatype": "UINT8", "data": [7] * 48}
    outputs = client.post("/v2/models/codec/infer", json={"inputs": [sent]}).json()["outputs"]
    assert {one["name"] for one in outputs} == {"z", "score", "reconstruction.pixels"}


def test_a_request_that_takes_too_long_is_answered(asgi, compressor):
    hurried = asgi(build({"codec": Model("codec", compressor)}, timeout=0.01))
    answer = hurried.post(f"{COMPRESS}?target_psnr=40", content=image_file(PHOTO), headers=PNG)
    assert answer.status_code == 504
