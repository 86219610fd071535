"""What ``isthmus info`` says of a compressed file; without a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from isthmus.apps.cli.output import facts, figure, table


def is_compressed_file(path: str) -> bool:
    """Tell whether a file is a compressed one, by its first bytes."""
    if not Path(path).is_file():
        return False
    from isthmus.tasks.compression.chunks import SIGNATURE

    with Path(path).open("rb") as file:
        return file.read(len(SIGNATURE)) == SIGNATURE


def about_compressed(path: str) -> tuple[dict[str, Any], str]:
    """Return what the file holds, for machines and for people."""
    from isthmus.tasks.compression.about import about

    content = Path(path).read_bytes()
    known = about(content, repr(path))
    parts = known.pop("parts")
    document = {"file": {"path": path, "bytes": len(content)}, **known, "parts": parts}
    lists = {name: ", ".join(map(figure, value)) for name, value in known.items() if isinstance(value, list)}
    rows = table([{"part": name, **one} for name, one in parts.items()])
    return document, f"{path}: {figure(len(content))} bytes\n{facts({**known, **lists}, '  ')}\n\n{rows}"
