"""Images to files and back: what is exact, what is near, and what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus import Compressor, InputError
from isthmus.core.records import Batch
from isthmus.tasks.compression.chunks import DamagedFileError
from isthmus.tasks.compression.codec import Codec
from isthmus.tasks.compression.coder import Tables
from isthmus.tasks.compression.header import Head, NewerFileError, unpacked
from isthmus.tasks.compression.pictures import UnknownModelError, unpacked_picture
from isthmus.tasks.compression.symbols import Writer
from isthmus.tasks.compression.targets import level_of_quality
from isthmus.tasks.compression.targets import psnr as psnr_of_parts
from tests.compressors import scene

LEVEL = level_of_quality(60)


def psnr(image, other):
    return psnr_of_parts([(image, other)])


@pytest.mark.parametrize("shape", [(96, 128), (33, 70), (1, 1), (200, 31)])
def test_what_is_read_is_what_the_encoder_rounded(compressor, shape):
    image, codec = scene(*shape), compressor.codec
    tiles = list(codec.encoded(image, LEVEL))
    parts = [codec.decoded(tiles, image.shape, LEVEL), codec.rounded(image, LEVEL)]
    for (*corner, decoded), (*again, rounded) in zip(*parts, strict=True):
        assert corner == again
        np.testing.assert_array_equal(decoded, rounded)


@pytest.mark.parametrize("shape", [(96, 128), (33, 70), (1, 1), (1100, 40)])
def test_steps_of_cells_are_read_as_they_were_written(compressor, shape):
    image, codec = scene(*shape), compressor.codec
    image[: shape[0] // 2] = image[: shape[0] // 2] // 32 + 100  # faint
    tiles = list(codec.encoded(image, LEVEL, detail=0.5))
    parts = [codec.decoded(tiles, image.shape, LEVEL, uneven=True), codec.rounded(image, LEVEL, detail=0.5)]
    for (*corner, decoded), (*again, rounded) in zip(*parts, strict=True):
        assert corner == again
        np.testing.assert_array_equal(decoded, rounded)


def test_faint_texture_is_kept_where_detail_is_asked_for(compressor):
    image = scene(256, 256)
    image[:, 128:] = np.random.default_rng(0).normal(120, 6, (256, 128, 3)).round()
    even, fine = (compressor.decompress(compressor.compress(image, 70, detail=detail)) for detail in (0, 1))
    errors = [np.square(back.astype(float) - image)[:, 160:].mean() for back in (even, fine)]
    assert errors[1] < 0.9 * errors[0]


def test_training_rounds_as_files_do(compressor):
    model = compressor.autoencoder_.model_
    codec, image = compressor.codec, scene(64, 64)
    h = codec._coefficients(image, next(iter(_tiles(codec, image))))
    step = torch.tensor([2.0 ** (LEVEL / 32) / 255])
    eval_code = model.bottleneck.code(h, step, model.bottleneck.trade)
    model.train()
    try:
        trained = model.bottleneck.code(h.requires_grad_(), step, model.bottleneck.trade)
    finally:
        model.eval()
    torch.testing.assert_close(trained.z, eval_code.z, rtol=0, atol=1e-6)
    torch.testing.assert_close(trained.terms["bits"], eval_code.terms["bits"])


def _tiles(codec, image):
    from isthmus.tasks.compression.tiling import tiles

    return tiles(*codec.cells(*image.shape[:2]))


def test_a_file_is_as_long_as_its_symbols_are_informative(compressor):
    image, bits = scene(256, 320), 0.0

    class Counting(Writer):
        def __call__(self, slot, symbols, mean, scale, board):
            nonlocal bits
            from isthmus.tasks.compression.symbols import _those, tables_of

            which, middle, mirror = tables_of(mean, scale, board)
            numbers = (_those(symbols, board).astype(np.int64) - middle) * mirror
            bits += self.tables[slot].bits(numbers, which)
            super().__call__(slot, symbols, mean, scale, board)

    codec = compressor.codec
    step = torch.tensor([2.0 ** (LEVEL / 32) / 255])
    with torch.no_grad():
        for tile in _tiles(codec, image):
            codec.entropy.code(codec._coefficients(image, tile), step, codec.entropy.trade, Counting(codec.tables))
    length = len(compressor.compress(image, 60, detail=0))
    assert bits / 8 < length < 1.005 * bits / 8 + 100


@pytest.mark.filterwarnings("ignore:TF32 acceleration")
@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_no_symbol(compressor, threads):
    image, before = scene(96, 128), torch.get_num_threads()
    known = [tile.checksum for tile in compressor.codec.encoded(image, LEVEL)]
    try:
        torch.set_num_threads(threads)
        for enabled in (True, False):
            with torch.backends.mkldnn.flags(enabled=enabled):
                codec = Codec(compressor.autoencoder_.model_, compressor.shapes_)
                assert [tile.checksum for tile in codec.encoded(image, LEVEL)] == known
                list(codec.decoded(list(compressor.codec.encoded(image, LEVEL)), image.shape, LEVEL))
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64", "float16"])
@pytest.mark.parametrize("channels", [None, 1, 2, 3, 4])
def test_arrays_come_back_in_their_form(compressor, dtype, channels):
    image = scene(70, 90)
    image = image[..., 0] if channels is None else np.concatenate([image, image[..., :1]], 2)[..., :channels]
    greatest = {"uint8": 255, "uint16": 65535}.get(dtype, 1)
    x = (image * (greatest / 255)).astype(dtype)
    back = compressor.decompress(compressor.compress(x, quality=90))
    assert back.dtype == x.dtype and back.shape == x.shape
    assert psnr(x / greatest, back.astype(np.float64) / greatest) > 30
    if channels in (2, 4):
        np.testing.assert_array_equal(back[..., -1], x[..., -1])


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((120, 150, 3), np.uint8),
        np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8),
        np.kron(np.eye(8, dtype=np.uint8) * 255, np.ones((16, 16), np.uint8)),
        np.random.default_rng(0).random((40, 50)) > 0.5,
        np.full((1, 1, 3), 7, np.uint8),
    ],
    ids=["black", "noise", "drawing", "1 bit", "1 x 1"],
)
def test_what_is_no_photograph_loses_nothing(compressor, x):
    content = compressor.compress(x)
    back = compressor.decompress(content)
    np.testing.assert_array_equal(back, x)
    assert back.dtype == x.dtype
    assert len(content) < x.nbytes + 120


def test_quality_and_targets(compressor):
    image = scene(96, 128)
    files = [compressor.compress(image, quality) for quality in (10, 50, 90)]
    errors = [psnr(image / 255, compressor.decompress(one) / 255) for one in files]
    assert len(files[0]) < len(files[1]) < len(files[2]) and errors == sorted(errors)
    wanted = errors[1] + 1
    at_least = psnr(image / 255, compressor.decompress(compressor.compress(image, target_psnr=wanted)) / 255)
    assert wanted - 0.05 < at_least < wanted + 0.4  # pixels are rounded behind it
    small = compressor.compress(image, target_bpp=1.0)
    assert 0.9 < 8 * len(small) / (96 * 128) < 1.0 + 8 * 100 / (96 * 128)
    assert len(compressor.compress(image, effort=0)) > len(compressor.compress(image, effort=1))


def test_a_fresh_compressor_reads_what_another_wrote(compressor, tmp_path):
    image = scene(96, 128)
    compressor.save(tmp_path / "m.safetensors")
    fresh = Compressor.load(tmp_path / "m.safetensors")
    assert fresh.identity == compressor.identity
    np.testing.assert_array_equal(
        fresh.decompress(compressor.compress(image)), compressor.decompress(compressor.compress(image))
    )
    fresh.save(tmp_path / "half.safetensors", half=True)
    half = Compressor.load(tmp_path / "half.safetensors")
    with pytest.raises(UnknownModelError, match=r"'own'.*name the model"):
        half.decompress(compressor.compress(image))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damage_is_said(compressor, data):
    content = bytearray(compressor.compress(scene(64, 64)))
    if data.draw(st.booleans(), "truncated"):
        content = content[: data.draw(st.integers(0, len(content) - 1), "length")]
    else:
        content[data.draw(st.integers(0, len(content) - 1), "at")] ^= data.draw(st.integers(1, 255), "bits")
    with pytest.raises(ValueError, match=r"damaged|truncated|empty|not a compressed file"):
        compressor.decompress(bytes(content))


def test_a_lost_tile_is_left_empty_and_the_others_are_read(compressor, monkeypatch):
    monkeypatch.setattr("isthmus.tasks.compression.pictures.TILE", 3)
    image = scene(192, 288)
    content = bytearray(compressor.compress(image))
    whole = compressor.decompress(bytes(content))
    at = content.rindex(b"TILE") + 40
    content[at] ^= 255
    with pytest.raises(DamagedFileError, match="checksum of chunk TILE"):
        compressor.decompress(bytes(content))
    picture, lost = unpacked_picture(bytes(content), compressor.codec_of, salvage=True)
    assert lost == [5]
    np.testing.assert_array_equal(picture.pixels[:90, :90], whole[:90, :90])


def test_versions_and_headers_that_lie():
    head = Head(10, 20, 3, "uint8", 100, 32, "photo-1", bytes(8))
    assert unpacked(head.packed()) == head
    newer = bytes([9]) + head.packed()[1:]
    with pytest.raises(NewerFileError, match="update isthmus"):
        unpacked(newer)
    for lie in (head._replace(height=2**31), head._replace(width=0), head._replace(channels=0)):
        with pytest.raises(DamagedFileError, match="damaged"):
            unpacked(lie.packed())
    with pytest.raises(DamagedFileError, match="header"):
        unpacked(head.packed()[:-1])


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.zeros(5), "no image"),
        (np.zeros((0, 5)), "no image"),
        (np.zeros((4, 5, 9)), "9 channels"),
        (np.zeros((4, 5), np.int64), "pixels of type int64"),
        (np.full((4, 5), np.nan), "finite"),
        (np.full((4, 5), 200.0), "divide by 255"),
        (np.zeros((4, 5), complex), "pixels of type complex128"),
    ],
)
def test_what_is_no_image_is_refused(compressor, x, said):
    with pytest.raises(InputError, match=said):
        compressor.compress(x)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"quality": 101}, "0 to 100"),
        ({"quality": 50, "target_bpp": 1.0}, "choose one"),
        ({"target_psnr": float("nan")}, "positive"),
        ({"target_bpp": -1}, "positive"),
        ({"effort": 3}, "choose 0 or 1"),
    ],
)
def test_what_cannot_be_is_refused(compressor, asked, said):
    with pytest.raises(InputError, match=said):
        compressor.compress(scene(32, 32), **asked)


def test_tables_are_made_once_for_each_slot(compressor):
    assert all(isinstance(one, Tables) for one in compressor.codec.tables)
    assert len(compressor.codec.tables) == len(compressor.shapes_) == 11


@pytest.mark.parametrize("shape", [(2300, 40), (1030, 1100), (40, 1100)])
def test_tiles_join_without_seams(compressor, shape):
    image, codec = scene(*shape), compressor.codec
    whole = torch.from_numpy(image / np.float32(255)).movedim(-1, 0)[None]
    step = torch.tensor([2.0 ** (LEVEL / 32) / 255])
    with torch.no_grad():
        model = compressor.autoencoder_.model_
        h = model.net.encode(Batch(whole, whole))
        columns = [codec._coefficients(image, tile) for tile in _tiles(codec, image)]
        rows = -(-shape[1] // (32 * codec.side))
        joined = torch.cat([torch.cat(columns[at : at + rows], 2) for at in range(0, len(columns), rows)], 1)
        torch.testing.assert_close(joined, h, rtol=0, atol=1e-5)
        z = torch.cat(
            [
                torch.cat([codec.entropy.code(tile, step, 0.13).z for tile in columns[at : at + rows]], 2)
                for at in range(0, len(columns), rows)
            ],
            1,
        )
        expected = model.net.decode(z, Batch(whole, whole, step=step)).clamp(0, 1)[0].movedim(0, -1).numpy()
    seen = np.zeros(shape, bool)
    for patch in codec.rounded(image, LEVEL):
        np.testing.assert_allclose(patch.pixels, patch.of(expected), atol=2e-5)
        assert not patch.of(seen).any()
        patch.of(seen)[...] = True
    assert seen.all()
