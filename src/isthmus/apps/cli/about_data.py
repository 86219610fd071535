"""What ``isthmus info`` says about data: how it would be read, without training."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from textwrap import wrap
from typing import Any

import click

from isthmus.apps.cli import inputs
from isthmus.apps.cli.columns import WIDTH
from isthmus.apps.cli.output import figure
from isthmus.apps.cli.remedies import is_known, typed_form
from isthmus.apps.cli.rows import Rows
from isthmus.support.errors import listed
from isthmus.support.lines import short

LIMIT = 10
"""Classes and broken images that are named, at most; ``--json`` has them all."""


def is_model(path: str) -> bool:
    """Tell whether a path is that of a .safetensors file, by its ending or by its content."""
    file = Path(path)
    if file.suffix.lower() == ".safetensors":
        return True
    if not file.is_file() or file.stat().st_size < 10:
        return False
    with file.open("rb") as stream:
        length, bracket = struct.unpack("<Qc", stream.read(9))  # a length, then JSON
    return bracket == b"{" and length + 8 <= file.stat().st_size


def about_data(path: str, read: Callable[[], Rows]) -> tuple[dict[str, Any], str]:
    """Return how data would be read, for machines and for people.

    Parameters
    ----------
    path : str
    read : callable
        Reads it as the options say.
    """
    from isthmus.apps.cli.kinds.base import files_of

    broken = _broken(path)
    rows = _whole(path) if broken else read()
    kind = files_of(_data_for(rows.X))
    described, sections = kind.about(rows)
    doubts = [typed_form(doubt) for doubt in described.pop("notes", ()) if not is_known(doubt, rows.notes)]
    notes = [*rows.notes, *doubts]
    document: dict[str, Any] = {"data": path, "kind": kind.noun, **described, "notes": notes}
    head = f"{path}: {kind.noun}"
    if rows.y is not None:
        document["labels"] = dict(Counter(map(str, rows.y.tolist())).most_common())
        sections["labels"] = _labels(document["labels"])
    if broken:
        document["broken"] = broken
        lines = [short(f"  {name}: {why}", WIDTH) for name, why in list(broken.items())[:LIMIT]]
        sections[f"broken, left out by --skip-broken: {len(broken):,}"] = "\n".join(lines)
    if notes:
        sections["notes"] = "\n".join("\n".join(wrap(note, WIDTH, **INDENTED)) for note in notes)
    return document, "\n\n".join([head, *(f"{name}\n{text}" for name, text in sections.items())])


INDENTED: dict[str, Any] = {"initial_indent": "  - ", "subsequent_indent": "    ", "break_on_hyphens": False}


def _labels(counts: dict[str, int]) -> str:
    named = listed((f"{figure(name)} ({count:,})" for name, count in counts.items()), LIMIT)
    return "\n".join(wrap(f"{len(counts):,}: {named}", WIDTH, initial_indent="  ", subsequent_indent="  "))


def _data_for(X: Any) -> Any:
    """Return the kind of data that X would be read as; a single number per row is a signal."""
    import isthmus
    from isthmus.data.infer import choose_data

    return isthmus.Signals(window=2) if getattr(X, "ndim", 2) == 1 else choose_data(None, X)


def _broken(path: str) -> dict[str, str]:
    """Return the images or sounds of a folder that cannot be read, and why; nothing for other data."""
    folder = Path(path).expanduser()
    if not folder.is_dir() or any(folder.glob("*.parquet")):
        return {}
    from isthmus.data.audio.sound_files import SOUNDS
    from isthmus.data.images.census import broken
    from isthmus.data.images.files import IMAGES
    from isthmus.data.images.survey import error_of
    from isthmus.data.sources.sound_folders import sound_error

    return broken(folder, SOUNDS, sound_error) if SOUNDS.holds(folder) else broken(folder, IMAGES, error_of)


def _whole(path: str) -> Rows:
    """Read the images or sounds of a folder that can be read, as the options say."""
    import warnings

    typed = click.get_current_context().params
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(?s).* cannot be read, and were left out")  # it is shown
        return inputs.read(path, typed["label"], typed["rows"], alpha=typed["alpha"], skip_broken=True)
