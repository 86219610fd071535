"""Images and files that are equal."""

import numpy as np

from isthmus.data.images.equal import equal_files, equal_images


def test_equal_pixels_are_found_whatever_their_memory():
    images = [np.random.default_rng(seed).random((5, 6)) for seed in (0, 1, 0, 2, 1, 0)]
    images[5] = np.asfortranarray(images[5])
    assert equal_images(images) == [[0, 2, 5], [1, 4]]
    assert equal_images(images[:2]) == [] and equal_images([]) == []
    assert equal_images([np.zeros((2, 3)), np.zeros((3, 2)), np.zeros((2, 3), np.uint8)]) == []


def test_equal_files_are_those_of_the_same_content(tmp_path):
    for name, content in (("a", b"one"), ("b", b"two"), ("c", b"one"), ("d", b"three")):
        (tmp_path / name).write_bytes(content)
    a, b, c, d = (tmp_path / name for name in "abcd")
    assert equal_files([a, b], [c, d]) == [(a, c)] and equal_files([d], [a, b]) == [] and equal_files([], [a]) == []
    assert equal_files([a, d], [a, c, d]) == [(a, a), (d, d)]
