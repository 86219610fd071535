"""Pages to learn from: rendered in many fonts, with texts of words that mean nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FAMILIES = {
    "DejaVu": ("/usr/share/fonts/truetype/dejavu", "fonts-dejavu"),
    "Liberation": ("/usr/share/fonts/truetype/liberation", "fonts-liberation"),
    "Latin Modern": ("/usr/share/texmf/fonts/opentype/public/lm", "fonts-lmodern"),
    "FreeFont": ("/usr/share/fonts/truetype/freefont", "fonts-freefont-ttf"),
}
"""Families of fonts: the folder of each, and the package of Debian that has it."""
ODD = ("MathTeX", "ExtraLight", "caps", "unsl", "dunh", "quot", "roman5", "roman6", "roman7")
"""Fonts that no text is set in."""
STARTS = (*"bcdfghjklmnprstvwz", "br", "ch", "cl", "cr", "dr", "fl", "gr", "pl", "pr", "qu", "sh", "st", "th", "tr", "")
VOWELS = (*"aeiouy", "ai", "ea", "ee", "io", "ou")
ENDS = ("", "", "", *"bdglmnprstx", "ck", "ff", "ll", "ng", "nt", "rd", "rt", "ss", "st")
STOPS, STOP = (".", ".", ",", ",", ",", ";", ":", "?", "!", ")"), 0.12
"""What stands behind a word, and how often."""
NUMBERS, CAPITALS = 0.05, 0.12
"""Fractions of the words that are numbers, and that begin with a capital."""
HEIGHT, WIDTH = 420, 540


def fonts() -> list[Path]:
    """Return the files of all fonts, in a fixed order."""
    absent = {family: names for family, names in FAMILIES.items() if not Path(names[0]).is_dir()}
    if absent:
        packages = " ".join(package for _, package in absent.values())
        raise SystemExit(f"the fonts {', '.join(absent)} are not installed: apt-get install {packages}")
    paths = [path for folder, _ in FAMILIES.values() for path in sorted(Path(folder).glob("*.[ot]tf"))]
    return [path for path in paths if not any(word in path.name for word in ODD)]


def word(rng: np.random.Generator) -> str:
    """Return a word that can be pronounced, a number, or either with what follows it in a text."""
    if rng.random() < NUMBERS:
        made = str(rng.integers(10_000))
    else:
        parts = (STARTS, VOWELS, ENDS)
        made = "".join(str(rng.choice(each)) for _ in range(rng.integers(1, 4)) for each in parts)
    made = made.capitalize() if rng.random() < CAPITALS else made
    return made + (str(rng.choice(STOPS)) if rng.random() < STOP else "")


def page(rng: np.random.Generator, files: list[Path]) -> np.ndarray:
    """Return a clean page of shape (420, 540), uint8: black or grey text on white, and at times lines."""
    size, ink = int(rng.integers(11, 34)), int(rng.choice([0, 0, 0, rng.integers(90)]))
    font = ImageFont.truetype(str(rng.choice(np.array([str(path) for path in files]))), size)
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(image)
    left, right = int(rng.integers(-10, 60)), WIDTH - int(rng.integers(-30, 80))
    y, leading = int(rng.integers(-10, 30)), size * rng.uniform(1.0, 1.7)
    while y < HEIGHT:
        _line(draw, rng, font, (left, y, right), ink)
        y += round(leading * (1 if rng.random() < 0.9 else 1.8))
    return np.asarray(image)


def _line(
    draw: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    font: ImageFont.FreeTypeFont,
    span: tuple[int, int, int],
    ink: int,
) -> None:
    """Draw words from the left to the right; one line in twenty ends early, one in thirty is underlined."""
    x, y, right = span
    end = right if rng.random() > 0.05 else rng.uniform(x, right)
    while x < end:
        text = word(rng) + " "
        draw.text((x, y), text, ink, font)
        x += round(draw.textlength(text, font))
    if rng.random() < 0.03:
        draw.line((span[0], y + font.size + 3, x, y + font.size + 3), ink, int(rng.integers(1, 4)))
