"""What a Compressor trains unless it is told: blocks as large as suit the images."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from isthmus import Autoencoder, Compressive, Compressor, Images, InputError
from isthmus.data.images.sequence import ImageArray
from isthmus.tasks.compression.default_model import suited_block, suited_to

pytest.importorskip("constriction")

WORDS = "a bottleneck makes an autoencoder learn what matters in the data and leave out what does not matter"


def page(number):
    """Draw a page of small text."""
    image = Image.new("L", (160, 128), 235)
    words = np.random.default_rng(number).permutation(WORDS.split())
    for line in range(9):
        ImageDraw.Draw(image).text((4, 4 + 13 * line), " ".join(np.roll(words, 3 * line)[:5]), fill=20)
    return np.asarray(image)


def landscape(number):
    """Make soft shapes of many sizes, in colour."""
    noise = np.random.default_rng(number).integers(0, 256, (128, 160, 3), dtype=np.uint8)
    layers = [np.asarray(Image.fromarray(noise).filter(ImageFilter.GaussianBlur(size))) for size in (2, 4, 8, 16)]
    spread = [(layer - layer.mean()) / layer.std() for layer in layers]
    return np.clip(128 + 12 * sum(2**k * layer for k, layer in enumerate(spread)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("drawn", "block"), [(page, 4), (landscape, 8)])
def test_blocks_are_those_that_take_the_fewest_bits(drawn, block):
    images = ImageArray([drawn(number) for number in range(4)])
    assert suited_block(images) == block
    assert suited_to(Autoencoder(Compressive()), images).variant.block == block


def test_a_compressor_with_small_blocks_is_saved_and_reads_what_it_wrote(tmp_path):
    pages = [page(number) for number in range(4)]
    small = Autoencoder(
        Compressive(block=4, width=8), data=Images(crop=32), epochs=1, batch_size=8, random_state=0, verbose=False
    )
    compressor = Compressor(small).fit(pages)
    file = compressor.compress(page(9), 60)
    compressor.save(tmp_path / "m.safetensors")
    again = Compressor.load(tmp_path / "m.safetensors")
    assert again.autoencoder_.model_.net.stride == 16
    back = again.decompress(file)
    assert np.array_equal(back, compressor.decompress(file)) and back.shape == page(9).shape
    assert np.abs(back.astype(float) - page(9)).mean() < 12


def test_a_net_of_other_blocks_is_refused():
    with pytest.raises(InputError, match="block=4 of the variant 'compressive'.* is 8"):
        Autoencoder(Compressive(block=4), net="lapped-transform", data=Images(crop=32), epochs=1).fit([page(0)])
