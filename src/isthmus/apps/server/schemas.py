"""JSON schemas of what requests hold, for the OpenAPI document."""

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
"""What a cell may be, by the kind of its column."""


def cell(field: Any) -> Schema:
    """Return what a cell of a column may be, with the first of its categories as examples."""
    examples = {"examples": list(field.categories[:3])} if field.categories else {}
    return {**CELLS[field.kind], **examples}


def rows(row: Schema, most: int) -> Schema:
    """Return a list of at least one row, and at most so many."""
    return {"type": "array", "items": row, "minItems": 1, "maxItems": most}


def array(cell: Schema, shape: tuple[int | None, ...]) -> Schema:
    """Return nested lists of a shape; of at least one entry where the length is free."""
    for length in reversed(shape):
        ends = {"minItems": 1} if length is None else {"minItems": length, "maxItems": length}
        cell = {"type": "array", "items": cell, **ends}
    return cell


def fixed(properties: Schema, required: list[str]) -> Schema:
    """Return an object that has no other keys."""
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
