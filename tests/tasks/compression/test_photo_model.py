"""The compressor that comes with the package: small, described, and better than JPEG on a photograph."""

import io

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from isthmus import Compressor, InputError
from isthmus.tasks.compression import shipped

LARGEST = 3 * 2**20
HEADINGS = ("## Data", "## Licence", "## Figures", "## Limits")


@pytest.mark.parametrize("name", shipped.names())
def test_each_is_small_and_has_a_card_that_names_it(name):
    path, compressor = shipped.path_of(name), Compressor.shipped(name)
    assert path.stat().st_size <= LARGEST and compressor.name_ == name
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    assert card.startswith(f"# {name}") and compressor.identity.hex() in card
    assert [line for line in card.splitlines() if line.startswith("## ")] == list(HEADINGS)


def test_a_photograph_is_nearer_than_as_jpeg_of_a_third_more_bytes():
    photo = load_sample_image("flower.jpg")[40:296, 120:504]
    compressor = Compressor.shipped()
    content, stream, quality = compressor.compress(photo, quality=60), io.BytesIO(), 95
    while quality == 95 or stream.tell() > 1.35 * len(content):
        stream, quality = io.BytesIO(), quality - 1
        Image.fromarray(photo).save(stream, "JPEG", quality=quality, optimize=True, progressive=True)
    errors = [
        np.square(back.astype(float) - photo).mean()
        for back in (compressor.decompress(content), np.asarray(Image.open(stream)))
    ]
    assert errors[0] < errors[1]


def test_an_unknown_name_is_said():
    with pytest.raises(InputError, match="photo-1"):
        Compressor.shipped("photo-77")
