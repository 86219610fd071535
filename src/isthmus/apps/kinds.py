"""The adapter table: how each kind of data appears in each of the apps.

An app asks for the adapter of a fitted data object and knows no kind by its name, its class or its number of axes. To
add a kind of data to the apps, add its entry to `ADAPTERS`, with an adapter for each face that shows it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from isthmus import InputError

FACES = {
    "cli": "the command line",
    "explorer": "the explorer",
    "report": "the report",
    "server": "the server",
    "export": "the export",
}
"""The apps that show data, and what messages call them. ``kinds/base.py`` of each says what its adapters do."""

ADAPTERS: dict[str, dict[str, str]] = {
    "data/table": {
        "cli": "isthmus.apps.cli.kinds.table:TableRows",
        "explorer": "isthmus.apps.explorer.kinds.table:Cells",
        "report": "isthmus.apps.report.kinds.table:TableRows",
        "server": "isthmus.apps.server.kinds.table:TableRequests",
        "export": "isthmus.apps.export.kinds.table:table_ports",
    },
    "data/images": {
        "cli": "isthmus.apps.cli.kinds.images:ImageFiles",
        "explorer": "isthmus.apps.explorer.kinds.images:Pixels",
        "report": "isthmus.apps.report.kinds.images:ImageRows",
        "server": "isthmus.apps.server.kinds.images:ImageRequests",
        "export": "isthmus.apps.export.kinds.images:Pixels",
    },
    "data/signals": {
        "cli": "isthmus.apps.cli.kinds.signals:TimeSteps",
        "explorer": "isthmus.apps.explorer.kinds.signals:Curves",
        "report": "isthmus.apps.report.kinds.signals:WindowRows",
        "server": "isthmus.apps.server.kinds.signals:SignalRequests",
        "export": "isthmus.apps.export.kinds.signals:Windows",
    },
    "data/audio": {
        "cli": "isthmus.apps.cli.kinds.audio:SoundFiles",
        "explorer": "isthmus.apps.explorer.kinds.audio:Recordings",
        "report": "isthmus.apps.report.kinds.audio:SoundRows",
        "server": "isthmus.apps.server.kinds.audio:SoundRequests",
        "export": "isthmus.apps.export.kinds.audio:Spectrograms",
    },
    "data/waveforms": {
        "cli": "isthmus.apps.cli.kinds.audio:SoundFiles",
        "explorer": "isthmus.apps.explorer.kinds.audio:Waves",
        "report": "isthmus.apps.report.kinds.audio:WaveRows",
        "server": "isthmus.apps.server.kinds.audio:SoundRequests",
        "export": "isthmus.apps.export.kinds.audio:Samples",
    },
}
"""``"module:name"`` of each adapter, by the part name of the data and by the face. It is imported when it is needed."""


def adapter(face: str, data: object) -> Any:
    """Return what makes the adapter of a kind of data for one of the `FACES`; each face says what it is called with.

    Parameters
    ----------
    face : str
        One of `FACES`.
    data : Data
        Only its kind matters.

    Raises
    ------
    InputError
        That face cannot show that kind of data.
    """
    kind = getattr(type(data), "part_name", type(data).__name__)
    known = [name for name, faces in ADAPTERS.items() if face in faces]
    if kind not in known:
        raise InputError(f"{FACES[face]} cannot show {kind} yet; it shows {', '.join(known)}")
    module, _, name = ADAPTERS[kind][face].partition(":")
    return getattr(import_module(module), name)
