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


def array(cell: Schema, shape: tuple[int | None, ...]) -> Schema:
    """Return the schema of nested lists of a shape, with at least one entry where a length is free."""
    for length in reversed(shape):
        ends = {"minItems": 1} if length is None else {"minItems": length, "maxItems": length}
        cell = {"type": "array", "items": cell, **ends}
    return cell


def fixed(properties: Schema, required: list[str]) -> Schema:
    """Return the schema of an object without further keys."""
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
