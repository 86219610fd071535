"""Tables of JSON: a list of records, or a record a line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from isthmus.data.io.dataset import Dataset
from isthmus.data.io.objects import converted
from isthmus.data.io.reading import Notes, Reading
from isthmus.data.io.tabular import split
from isthmus.data.sources.parquet import not_flat
from isthmus.support.errors import InputError, extra


def read_records(path: Path, label: str | None = None, reading: Reading | None = None) -> Dataset:
    """Read a file of records into a pandas DataFrame: ``.json`` holds a list of them, ``.jsonl`` one a line."""
    reading, notes = (reading or Reading()).also([label]), Notes()
    for option, value in reading.asked("encoding", "skip_rows", "header").items():
        raise InputError(f"{option}={value!r} does not apply to {str(path)!r}: leave it out")
    lines = ".json" not in path.suffixes
    unit = "line" if lines else "record"
    numbered = list(_lines(path) if lines else _listed(path))
    if not numbered:
        raise InputError(f"{str(path)!r} holds no rows")
    for number, record in numbered:
        if not isinstance(record, dict):
            raise InputError(
                f"{str(path)!r}, {unit} {number}: {_short(record)} is no record: each row is {{name: value, …}}"
            )
    columns = dict.fromkeys(name for _, record in numbered for name in record)
    chosen = reading.chosen(columns, path)
    for number, record in numbered:
        _check_cells(record, chosen, f"{str(path)!r}, {unit} {number}")
    missing = set(reading.gaps)
    cells = {name: [_cell(record.get(name), missing) for _, record in numbered] for name in columns}
    frame = extra("pandas", "tables").DataFrame(cells, dtype=object)
    frame, done = converted(frame, reading, path, lambda row: f"{unit} {numbered[row][0]}", notes)
    return replace(split(frame, label, path), notes=tuple(notes), reading=done)


def _cell(value: Any, missing: set[str]) -> Any:
    return None if isinstance(value, str) and value in missing else value


def _check_cells(record: Mapping[str, Any], names: list[str], where: str) -> None:
    """Raise an error if a cell of a record is a list or a structure."""
    for name in names:
        if isinstance(record.get(name), (list, dict)):
            raise not_flat(where, name, _short(record[name]))


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _wrong(error: json.JSONDecodeError) -> str:
    """Return what is wrong with JSON, in words."""
    if error.msg == "Expecting value":
        return (
            "a value is missing, or is none that JSON has" if error.doc[error.pos :].strip() else "a value is missing"
        )
    return f"this is no JSON: {error.msg[0].lower()}{error.msg[1:]}"


def _content(path: Path) -> str:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig") as stream:
            content: str = stream.read()
    except (OSError, EOFError, UnicodeError) as error:
        raise InputError(f"cannot read {str(path)!r}: {error}") from error
    return content


def _listed(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the records of a list, numbered from 1."""
    try:
        content = json.loads(_content(path))
    except json.JSONDecodeError as error:
        hint = "; if it holds a record a line, call it .jsonl" if error.msg == "Extra data" else ""
        where = f"{str(path)!r}, line {error.lineno}, character {error.colno}"
        raise InputError(f"{where}: {_wrong(error)}{hint}") from error
    if not isinstance(content, list):
        raise InputError(
            f"{str(path)!r} holds {_short(content)}, where a list of records is needed: [{{name: value, …}}, …]"
        )
    yield from enumerate(content, 1)


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the records of lines, with the numbers of these."""
    for number, line in enumerate(_content(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{str(path)!r}, line {number}, character {error.pos + 1}: {_wrong(error)}") from error
