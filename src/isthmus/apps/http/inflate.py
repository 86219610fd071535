"""Bodies that come compressed, as their Content-Encoding says."""

from __future__ import annotations

import zlib

from isthmus.apps.http.refusals import Refused

ENCODINGS = ("gzip", "deflate")


class Inflate:
    """Takes the compression off a body, piece by piece.

    Parameters
    ----------
    most : int
        Bytes that it may grow to: nothing beyond is ever unpacked.
    """

    def __init__(self, most: int) -> None:
        self.most = self.left = most
        self.decoder = zlib.decompressobj(zlib.MAX_WBITS | 32)  # gzip, or zlib: what HTTP calls deflate

    def __call__(self, piece: bytes, more: bool) -> bytes:
        """Return what a piece holds.

        Raises
        ------
        Refused
            It is not compressed so, is cut off, or is too large.
        """
        try:
            found = self.decoder.decompress(piece, self.left + 1)
        except zlib.error as error:
            raise Refused(400, f"the body is not compressed as it says: {error}", "Content-Encoding") from error
        self.left -= len(found)
        if self.left < 0:
            raise too_large(self.most)
        if self.decoder.unused_data or not (more or self.decoder.eof):
            raise Refused(400, "the compressed body is cut off, or more follows its end", "Content-Encoding")
        return found


def too_large(most: int) -> Refused:
    """Return what a client is told whose body is."""
    return Refused(413, f"the body is larger than {most:,} bytes: send fewer rows at a time", "body")
