"""The scripts that train what comes with the package: what they learn from, and what they leave out."""

import numpy as np
import pytest
import torch

from benchmarks.scans import distance
from training import pages, scan

RNG = np.random.default_rng(0)
TEXTURE = (0.7 + 0.3 * RNG.random((420, 540))).astype(np.float32)


def test_words_are_letters_and_numbers_with_what_follows_them():
    words = [pages.word(np.random.default_rng(seed)) for seed in range(300)]
    assert len(set(words)) > 280 and all(word.isascii() and word.strip(".,;:?!)").isalnum() for word in words)


def test_dirt_makes_a_page_darker_but_leaves_it_where_it_is():
    torch.manual_seed(0)
    clean = np.where(RNG.random((420, 540)) < 0.1, 0, 255).astype(np.uint8)
    for dirty in (scan.with_real_dirt(RNG, clean, [TEXTURE]), scan.with_own_dirt(RNG, clean)):
        assert dirty.shape == clean.shape and dirty[clean == 255].mean() < 0.97
        assert np.corrcoef(dirty.ravel(), clean.ravel())[0, 1] > 0.6


def test_the_paper_of_pages_with_the_same_dirt_is_what_they_share():
    ink = [RNG.random((60, 80)) < 0.05 for _ in range(8)]
    paper = np.add.outer(np.linspace(120, 200, 60), np.linspace(0, 50, 80))
    pairs = {
        5 + 12 * number: (np.where(one, 10, paper).astype(np.uint8), np.where(one, 0, 255).astype(np.uint8))
        for number, one in enumerate(ink)
    }
    (texture,) = scan.dirt_of(pairs)
    np.testing.assert_allclose(texture, paper / 255, atol=0.01)


@pytest.mark.parametrize("split", ["blocks", "text"])
def test_what_is_left_out_shares_no_font_or_no_text_with_what_is_learnt_from(split):
    is_out = scan.left_out(split)
    key = {"blocks": lambda number: (number - 1) // 12, "text": lambda number: number % 3}[split]
    numbers = [number for number in range(1, 205) if number % 3 != 1]
    out, learnt = ({key(n) for n in numbers if is_out(n) == side} for side in (True, False))
    assert out and learnt and not out & learnt
    assert not any(map(scan.left_out(""), numbers))


@pytest.mark.parametrize(("words", "truth", "steps"), [("a c d", "a b c", 2), ("", "a b", 2), ("a b", "a b", 0)])
def test_a_distance_counts_the_words_to_change(words, truth, steps):
    assert distance(words.split(), truth.split()) == steps
