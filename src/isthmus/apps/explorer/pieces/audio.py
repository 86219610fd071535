"""The start of recordings."""

from __future__ import annotations

from pathlib import Path

from isthmus.apps import spectrograms
from isthmus.apps.explorer.lazy_rows import ReadRows
from isthmus.apps.explorer.pieces.base import Piece, Pieces
from isthmus.data.audio.recorded import Recorded
from isthmus.data.audio.sound_files import decode
from isthmus.data.audio.sounds import Sound, scaled


class SoundPieces(Pieces[Sound]):
    """Recordings, with samples float32 (time, channels).

    Parameters
    ----------
    data : Recorded
        Fitted.
    """

    accepts = "audio/*"

    def __init__(self, data: Recorded) -> None:
        self.data = data

    def example(self, read: ReadRows, index: int) -> Piece[Sound]:
        """Return the start of an example."""
        rows, _ = read.user_row(index)
        return self._piece(self.data.sequence(rows).at(0))

    def file(self, path: Path) -> Piece[Sound]:
        """Return the start of the recording in a file."""
        return self._piece(decode(path))

    def _piece(self, sound: Sound) -> Piece[Sound]:
        start = sound.with_samples(scaled(sound)[: int(spectrograms.HEARD * sound.rate)])
        whole = "" if len(start) == len(sound) else f"The first {start.seconds:.3g} s of "
        heard = self.data.seen_rate
        above = "" if sound.rate <= heard else f"; the model changes what lies below {heard / 2:,.0f} Hz"
        return Piece(start, f"{whole}{sound.seconds:,.3g} s at {sound.rate:,} Hz{above}")
