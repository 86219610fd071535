"""Compression: what a compressor, and other codecs with as many bytes, make of examples and of the user's own files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from isthmus import InputError
from isthmus.apps.explorer.lazy_rows import ReadRows
from isthmus.apps.explorer.pieces.at_hand import AtHand
from isthmus.apps.explorer.pieces.base import Pieces
from isthmus.apps.explorer.pieces.kept import Kept
from isthmus.apps.report.png import FAST, data_uri
from isthmus.tasks.compression.comparison import OWN, Coded, largest_within, others
from isthmus.tasks.compression.targets import psnr

ORIGINAL = "original"
"""What stands for the image itself, uncompressed."""
BESIDE = ("JPEG", "WebP")
"""Codecs that are quick enough for a slider."""
SETTINGS = 8
"""How many results of each codec are kept: who goes back to a quality waits for nothing."""


class Result(NamedTuple):
    """The length of a file at a quality of its codec, and the image in it: uint8, (height, width, channels)."""

    quality: float | None
    length: int
    image: np.ndarray


class Compression:
    """Examples and files after compression.

    Parameters
    ----------
    codec : callable
        The compressor: from an image, uint8, and a quality to the bytes of a file and the image in it.
    pieces : Pieces
        Of images.
    read : ReadRows
        The examples.
    """

    def __init__(self, codec: Callable[[np.ndarray, float], Coded], pieces: Pieces[np.ndarray], read: ReadRows) -> None:
        self.at_hand, self._own = AtHand(pieces, read), codec
        self._others = {name: codec for name, codec in others().items() if name in BESIDE}
        self._results: dict[str, Kept[Result]] = {name: Kept(SETTINGS) for name in (OWN, *self._others)}

    def about(self) -> dict[str, Any]:
        """Return what the page says of files, and which codecs there are beside the own one."""
        return {"accepts": self.at_hand.pieces.accepts, "codecs": list(self._others)}

    def answer(self, index: int | None, file: int | None, quality: float, codec: str) -> dict[str, Any]:
        """Return an example or a file as a codec gives it back, and how large and how near that is.

        Parameters
        ----------
        index, file : int or None
            One of them.
        quality : float from 0 to 100
            Of the compressor.
        codec : str
            ``"isthmus"``, the compressor; the name of another codec, whose file has at most as many bytes, as near as
            its qualities come, or its lowest quality; or ``"original"``, the image itself.
        """
        piece = self.at_hand.piece(index, file)
        image = np.rint(255 * piece.row).astype(np.uint8)
        made = self._result((index, file), image, quality, codec)
        return {
            "png": data_uri(made.image, FAST),
            "note": piece.note,
            "quality": made.quality,
            "bytes": made.length,
            "bpp": 8 * made.length / (image.shape[0] * image.shape[1]),
            "psnr": psnr([(image / 255.0, made.image / 255.0)]),
        }

    def _result(self, key: tuple[int | None, int | None], image: np.ndarray, quality: float, codec: str) -> Result:
        if codec == ORIGINAL:
            return Result(None, image.size, image)
        result = self._results[OWN].get((key, quality), lambda: Result(quality, *self._own(image, quality)))
        if codec == OWN:
            return result
        if codec not in self._others:
            raise InputError(f"codec: the installed Pillow writes no {codec}")
        other, length = self._others[codec], result.length
        return self._results[codec].get((key, length), lambda: Result(*largest_within(other, image, length)))
