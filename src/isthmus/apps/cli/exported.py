"""What ``isthmus info`` says of a file that ``isthmus export`` wrote; without PyTorch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from isthmus.apps.cli.output import facts, figure, table

LIMIT = 20
"""Inputs, outputs and categories that are shown, at most; ``--json`` has them all."""


def is_exported(path: str) -> bool:
    """Tell whether a file is one of export, by its name."""
    return Path(path).suffix.lower() in (".onnx", ".pt2")


def exported(path: str) -> tuple[dict[str, Any], str]:
    """Return what the file says of itself, for machines and for people."""
    from isthmus.apps.export.metadata import read

    described, size = read(path), os.path.getsize(path)
    ports = {side: described[side] for side in ("inputs", "outputs")}
    said = {*ports, "version", "part"}
    known = {name: value for name, value in described.items() if name not in said and value not in ({}, None)}
    if "thresholds" in known:
        known["thresholds"] = " ".join(f"{group}={figure(limit)}" for group, limit in known["thresholds"].items())
    head = f"{path}: {figure(size)} bytes, {described['part']} of isthmus {described['version']}"
    if described["inputs"][0]["kind"] == "encoded":
        head += "; it takes encoded columns, what data_.read of the model gives"
    sections = {"model": facts(known, "  "), **{side: _table(listed) for side, listed in ports.items()}}
    document = {"file": {"path": path, "bytes": size}, **described}
    return document, "\n\n".join([head, *(f"{name}\n{text}" for name, text in sections.items())])


def _table(ports: list[dict[str, Any]]) -> str:
    rows = [
        {
            "name": port["name"],
            "kind": port["kind"],
            "type": port["dtype"],
            "shape": " x ".join(["rows", *map(str, port["shape"])]),
            **_categories(port),
        }
        for port in ports[:LIMIT]
    ]
    more = f"\n  … and {len(ports) - LIMIT} more" if len(ports) > LIMIT else ""
    return "\n".join(f"  {line}" for line in table(rows).splitlines()) + more


def _categories(port: dict[str, Any]) -> dict[str, str]:
    known = port.get("categories")
    if known is None:
        return {}
    listed = ", ".join(map(str, known[:LIMIT])) + (" …" if len(known) > LIMIT else "")
    return {"categories": f"{listed} (missing: {port['missing']!r})"}
