"""What a compressed file says of itself, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from isthmus.tasks.compression import frames, numbers, pictures, text_tables
from isthmus.tasks.compression.chunks import Chunk, read
from isthmus.tasks.compression.targets import quality_of_level

KINDS = (
    (text_tables.of_text_table, text_tables.about),
    (numbers.of_numbers, numbers.about),
    (frames.of_frame, frames.about),
)
"""What tells the kind of a file from its header, and what it says."""


def about(content: bytes, name: str = "the file") -> dict[str, Any]:
    """Return what a compressed file holds.

    Raises
    ------
    FileFormatError
        It is none, or its header cannot be read.
    """
    chunks = read(content, name, damaged=True)
    head = chunks[0].payload if chunks else b""
    damaged = [chunk.type.decode("ascii", "replace").strip() for chunk in chunks if not chunk.intact]
    known = next((about_it(head, name) for is_so, about_it in KINDS if is_so(head)), None) or _of_image(chunks, name)
    return {**known, "parts": _parts(chunks), **({"damaged parts": damaged} if damaged else {})}


def _of_image(chunks: Sequence[Chunk], name: str) -> dict[str, Any]:
    head = pictures.head_of(chunks, name)
    types = {chunk.type for chunk in chunks}
    known: dict[str, Any] = {
        "holds": "an image",
        "width": head.width,
        "height": head.height,
        "channels": head.channels + (pictures.ALPHA in types),
        "type": head.dtype,
    }
    if pictures.WHOLE in types:
        known["loss"] = "none"
    else:
        known |= {"quality": round(quality_of_level(head.level)), "model": f"{head.model} ({head.identity.hex()})"}
    carried = sorted(pictures.meta_of([chunk for chunk in chunks if chunk.type == pictures.META]))
    return known | ({"carried along": ", ".join(carried)} if carried else {})


def _parts(chunks: Sequence[Chunk]) -> dict[str, dict[str, int]]:
    """Return how many chunks there are of each type, and their bytes."""
    parts: dict[str, dict[str, int]] = {}
    for chunk in chunks:
        one = parts.setdefault(chunk.type.decode("ascii", "replace").strip(), {"number": 0, "bytes": 0})
        one["number"] += 1
        one["bytes"] += len(chunk.payload)
    return parts
