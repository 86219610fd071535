"""What commands print: aligned tables for people, one JSON document for machines."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from isthmus.apps.cli.command import Failure, option
from isthmus.support.errors import InputError
from isthmus.support.lines import one_line

NOTHING = "–"

json_option = option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on stdout, and nothing else there"
)


ROWS = (
    "Where the rows go: .npy, .csv, .parquet or .feather; for images .png, for one sound .wav; or a folder, which may "
    "be new"
)


OTHERS = (".svg", ".html", ".htm", ".onnx", ".pt2", ".pdf", ".py", ".md")
"""Endings of files that are neither data nor models."""

PAGES = (".html", ".htm")


def output_option(
    help: str, folder: bool = False, required: bool = True, checked: Callable[[str], str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option ``-o``; `folder`: it may be a folder; `required`: it cannot be left out.

    `checked` refuses a path that cannot be written; None: `writable`.
    """
    refuse = checked or writable

    def check(ctx: click.Context, param: click.Parameter, path: str | None) -> str | None:
        return path if path is None or (folder and Path(path).is_dir()) else refuse(path)

    return option("-o", "--output", required=required, metavar="PATH", help=help, callback=check, section="In and out")


def writable(path: str) -> str:
    """Refuse a path that cannot be written, before anything is computed."""
    if Path(path).is_dir():
        raise Failure(f"cannot write {path!r}: a folder stands there; choose another path")
    folder = Path(path).resolve().parent
    if not folder.is_dir():
        raise Failure(f"cannot write {path!r}: there is no folder {str(folder)!r}; make it first")
    if not os.access(folder, os.W_OK):
        raise Failure(f"cannot write {path!r}: the folder {str(folder)!r} is read-only; choose another")
    return path


def free(path: str, overwrite: bool, option: str = "") -> str:
    """Refuse a file that is there, unless it may be replaced."""
    if Path(path).is_file() and not overwrite:
        raise Failure(f"{option}{path!r} is there already; --overwrite replaces it")
    return path


def writable_model(path: str) -> str:
    """Refuse a path that a model cannot be written to, or that is named as data, figures and pages are."""
    from isthmus.data.io.files import is_data

    if is_data(path) or Path(path).suffix.lower() in OTHERS:
        raise Failure(f"cannot write a model to {path!r}, by its name another kind of file: end it in .safetensors")
    return writable(path)


def writable_page(path: str) -> str:
    """Refuse a path that a page cannot be written to, or that is not named as one."""
    if Path(path).suffix.lower() not in PAGES:
        raise Failure(f"cannot write a page to {path!r}, by its name another kind of file: end it in .html")
    return writable(path)


def drawable(path: str) -> str:
    """Refuse a name that figures are not written to."""
    from isthmus.apps.figures.figure import check_format

    try:
        check_format(path)
    except InputError as error:
        raise Failure(str(error)) from error
    return path


def show(document: Mapping[str, object], lines: str, as_json: bool) -> None:
    """Print the document as JSON, or the lines, unless the command is to be quiet."""
    if as_json:
        import json

        click.echo(json.dumps(plain(document), indent=2, ensure_ascii=False, allow_nan=False))
    elif not click.get_current_context().meta.get("quiet"):
        click.echo(lines)


def plain(value: Any) -> Any:
    """Return a value as JSON has it: numbers of NumPy become Python's, what is not finite becomes null."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def figure(value: object) -> str:
    r"""Return a value as a person reads it, in one line.

    Examples
    --------
    >>> figure(0.0123456), figure(404896), figure(None), figure("plain"), figure(12.0)
    ('0.01235', '404,896', '–', 'plain', '12')
    >>> print(figure("two\nlines"))
    two\nlines
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return one_line(str(value))


def table(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows of named values as aligned columns: text to the left, numbers to the right.

    Examples
    --------
    >>> print(table([{"model": "a", "error": 0.5}, {"model": "bcd", "error": 12.25}]))
    model   error
    a       0.500
    bcd    12.250
    """
    names = dict.fromkeys(name for row in rows for name in row)
    columns = [_column(name, [row.get(name) for row in rows]) for name in names]
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


def _column(name: str, values: Sequence[object]) -> list[str]:
    """Return the cells of a column at one width, its floats with one number of decimals."""
    sizes = [abs(value) for value in values if isinstance(value, float) and math.isfinite(value) and value]
    decimals = min(6, max(0, 2 - math.floor(math.log10(min(sizes))))) if sizes else 0
    known = (isinstance(value, float) and math.isfinite(value) for value in values)
    cells = [
        figure(name),
        *(f"{v:,.{decimals}f}" if number else figure(v) for v, number in zip(values, known, strict=True)),
    ]
    width, text = max(map(len, cells)), any(isinstance(value, str) for value in values)
    return [cell.ljust(width) if text else cell.rjust(width) for cell in cells]


def facts(pairs: Mapping[str, object], indent: str = "") -> str:
    """Return names and values as two columns.

    Examples
    --------
    >>> print(facts({"rows": 1797, "variant": "plain"}))
    rows     1,797
    variant  plain
    """
    width = max(map(len, pairs), default=0)
    return "\n".join(f"{indent}{name.ljust(width)}  {figure(value)}" for name, value in pairs.items())
