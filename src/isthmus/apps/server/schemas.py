"""JSON schemas of requests, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

PLAIN: Schema = {"type": ["number", "boolean"]}
NUMBER: Schema = {"type": ["number", "null"]}

CELLS: dict[str, Schema] = {
    **dict.fromkeys(("float", "integer", "empty", "duration"), NUMBER),
    "boolean": {"type": ["boolean", "null"]},
    "date": {"type": ["string", "null"], "format": "date-time"},
    "category": {"type": ["string", "number", "boolean", "null"]},
}
"""The schema of a cell, by the kind of its column."""


def cell(field: Any) -> Schema:
    """Return the schema of a cell of a column, with the first of its categories as examples."""
    examples = {"examples": list(field.categories[:3])} if field.categories else {}
    return {**CELLS[field.kind], **examples}


def rows(row: Schema, max_rows: int) -> Schema:
    """Return the schema of a list of 1 to `max_rows` rows."""
    return {"type": "array", "items": row, "minItems": 1, "maxItems": max_rows}


def array(cell: Schema, shape: tuple[int, ...]) -> Schema:
    """Return the schema of nested lists of a shape."""
    for axis in reversed(shape):
        cell = {"type": "array", "items": cell, "minItems": axis, "maxItems": axis}
    return cell


def fixed(properties: Schema, required: list[str]) -> Schema:
    """Return the schema of an object without further keys."""
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
