"""Lettering: lines of text over images take away what is under them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from isthmus.core.interfaces import Corruption
from isthmus.core.part import part
from isthmus.core.records import Batch
from isthmus.parts.corruptions.levels import Level, check_level, draw_floored, ends, with_space
from isthmus.parts.corruptions.masking import take_away
from isthmus.support.errors import InputError

HEIGHT, WIDTH, GAP = 7, 5, 1
"""Pixels of a letter, before it is enlarged, and between letters; between lines there is twice the gap."""
LETTERS = (
    "01110100011000111111100011000110001",
    "11110100011000111110100011000111110",
    "01110100011000010000100001000101110",
    "11110100011000110001100011000111110",
    "11111100001000011110100001000011111",
    "11111100001000011110100001000010000",
    "01110100011000010111100011000101110",
    "10001100011000111111100011000110001",
    "01110001000010000100001000010001110",
    "10001100101010011000101001001010001",
    "10000100001000010000100001000011111",
    "10001110111010110001100011000110001",
    "10001110011010110011100011000110001",
    "01110100011000110001100011000101110",
    "11110100011000111110100001000010000",
    "11110100011000111110101001001010001",
    "01111100001000001110000010000111110",
    "11111001000010000100001000010000100",
    "10001100011000110001100011000101110",
    "10001010100010000100001000101010001",
    "11111000010001000100010001000011111",
    "0" * HEIGHT * WIDTH,
)
"""Rows of each letter from above, and at the end the space between words."""
SPACES = 0.15
"""Fraction of the letters that are spaces."""


@part("corruption/lettering")
class Lettering(Corruption):
    """Takes away what is under lines of letters across images, as of a caption or a date, and says which.

    Parameters
    ----------
    level : float or (float, float), default (0.2, 1.0)
        Fraction of the lines that are written, in [0, 1]; where all are, letters cover about a third of the pixels.
    scale : (int, int), default (1, 3)
        From the smallest letter to the largest, as multiples of 5 x 7 pixels.

    Raises
    ------
    InputError
        A level is not in [0, 1], or scales are not whole numbers from 1, in order.
    """

    masks = True
    replicable = False  # how many letters fit is asked of each batch, which vmap does not tell

    def __init__(self, level: Level = (0.2, 1.0), scale: tuple[int, int] = (1, 3)) -> None:
        low, high = ends(scale)
        if not 1 <= low <= high < math.inf or low % 1 or high % 1:
            raise InputError(
                f"scale={scale} of the corruption 'lettering': expected (low, high), whole numbers from 1 on"
            )
        self.level, self.scale = check_level(level, 1), (int(low), int(high))

    def __call__(self, batch: Batch) -> Batch:
        """Return the batch with zeros in ``corrupted`` where ``masked`` is True."""
        x = with_space(batch.x, self, axes=2)
        low, high = self.scale
        scale = low + (torch.rand(len(x), 1, device=x.device) * (high + 1 - low)).long()
        (line, row), (letter, column) = (_cells(x, axis, scale) for axis in (2, 3))
        written = torch.rand(len(x), 1 + int(line.max()), device=x.device) < draw_floored(self.level, x, 0).flatten(1)
        text = _text(len(x), written.shape[1], 1 + int(letter.max()), x.device)
        rows = torch.arange(len(x), device=x.device)[:, None, None]
        which = text[rows, line[:, :, None], letter[:, None]]
        ink = _glyphs(x.device)[which, row[:, :, None], column[:, None]] & written.gather(1, line)[:, :, None]
        return take_away(batch, ink.unsqueeze(1).expand_as(x))


def _cells(x: Tensor, axis: int, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Return which line, or letter of a line, each pixel along an axis is in, and where in it, for each image."""
    size = HEIGHT + 2 * GAP if axis == 2 else WIDTH + GAP
    start = (torch.rand(len(x), 1, device=x.device) * size * scale).long()
    at = (torch.arange(x.shape[axis], device=x.device) + start) // scale
    return at // size, at % size


def _text(images: int, lines: int, letters: int, device: torch.device) -> Tensor:
    """Return the letters of the lines of each image."""
    spaces = torch.rand(images, lines, letters, device=device) < SPACES
    text = torch.randint(len(LETTERS) - 1, spaces.shape, device=device)
    return text.masked_fill(spaces, len(LETTERS) - 1)


def _glyphs(device: torch.device) -> Tensor:
    """Return the letters with the gaps beside and below them, True where there is ink."""
    ink = torch.tensor([[int(bit) for bit in letter] for letter in LETTERS], dtype=torch.bool, device=device)
    letters = ink.view(-1, HEIGHT, WIDTH)
    return torch.nn.functional.pad(letters, (0, GAP, 0, 2 * GAP))
