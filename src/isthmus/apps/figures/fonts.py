"""The font of a PNG file: that of Pillow, or one of the system where the texts of a figure need more letters."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

from isthmus.support.errors import extra

SYSTEM = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf")
"""Fonts with more letters than that of Pillow, which has those of English; tried in this order."""
ALIKE = {"−": "-", "×": "x", "µ": "u", "ß": "ss"}
"""What stands in for letters that a font lacks."""
AS_GOOD = set("−×")
"""Letters whose replacement is no reason to look for another font."""
ABSENT = "\uffff"
"""No character: drawn as fonts draw what they lack."""


@dataclass(frozen=True)
class Face:
    """A font of any size: a file of the system, or that of Pillow where the name is empty."""

    name: str = ""

    def at(self, size: float) -> Any:
        """Return the font of a size."""
        return _font(self.name, size)

    def lacking(self, text: str) -> set[str]:
        """Return the letters of a text that the font lacks."""
        font = self.at(16)
        blank = bytes(font.getmask(ABSENT))
        return {letter for letter in set(text) - {" "} if bytes(font.getmask(letter)) == blank}

    def spelled(self, text: str) -> str:
        """Return a text without the letters that the font lacks."""
        lacking = self.lacking(text)
        return "".join(_alike(letter) if letter in lacking else letter for letter in text)


def face_for(text: str) -> Face:
    """Return the first font that has all letters of a text, or else the one that lacks the fewest."""
    faces = [Face(), *system_faces()]
    return min(faces, key=lambda face: len(face.lacking(text) - AS_GOOD))


@cache
def system_faces() -> list[Face]:
    """Return those fonts of the system that are installed."""
    return [Face(name) for name in SYSTEM if _installed(name)]


def _installed(name: str) -> bool:
    try:
        _font(name, 16)
    except OSError:
        return False
    return True


@cache
def _font(name: str, size: float) -> Any:
    fonts = extra("PIL.ImageFont", "images")
    return fonts.truetype(name, size) if name else fonts.load_default(size)


def _alike(letter: str) -> str:
    """Return letters of ASCII that resemble one, or a question mark."""
    plain = unicodedata.normalize("NFKD", ALIKE.get(letter, letter))
    return plain.encode("ascii", "ignore").decode() or "?"
