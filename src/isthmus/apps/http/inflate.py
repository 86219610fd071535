"""Decompressing bodies according to their Content-Encoding."""

from __future__ import annotations

import zlib

from isthmus.apps.http.refusals import Refused

ENCODINGS = ("gzip", "deflate")


class Inflate:
    """Decompresses a body piece by piece.

    Parameters
    ----------
    max_bytes : int
        Maximum decompressed size; nothing beyond it is decompressed.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = self.left = max_bytes
        self.decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip, or zlib: what HTTP calls deflate

    def __call__(self, piece: bytes, more: bool) -> bytes:
        """Return the decompressed content of a piece.

        Raises
        ------
        Refused
            The compression is invalid, or the body is truncated or too large.
        """
        try:
            inflated = self.decoder.decompress(piece, self.left + 1)
        except zlib.error as error:
            raise Refused(400, f"the body is not compressed as declared: {error}", "Content-Encoding") from error
        self.left -= len(inflated)
        if self.left < 0:
            raise too_large(self.max_bytes)
        if self.decoder.unused_data or not (more or self.decoder.eof):
            raise Refused(400, "the compressed body is truncated, or data follows its end", "Content-Encoding")
        return inflated


def too_large(max_bytes: int) -> Refused:
    """Return the error for a body that is too large."""
    return Refused(413, f"the body is larger than {max_bytes:,} bytes: send fewer rows at a time", "body")
