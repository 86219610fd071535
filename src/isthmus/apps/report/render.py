"""Render: from a `Page` to one HTML file."""

from __future__ import annotations

import os
from typing import Any

from isthmus.apps.report.blocks import Page
from isthmus.support.atomic import atomic
from isthmus.support.errors import extra


def _environment() -> Any:
    """Return the templates.

    Raises
    ------
    MissingExtraError
        Jinja is not installed.
    """
    jinja2 = extra("jinja2", "report")
    return jinja2.Environment(
        loader=jinja2.PackageLoader("isthmus.apps.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def check_renders() -> None:
    """Raise an error if pages cannot be made, before anything is computed for one.

    Raises
    ------
    MissingExtraError
        Jinja is not installed.
    """
    extra("jinja2", "report")


def html(page: Page) -> str:
    """Return the page as one HTML document that needs nothing else."""
    return str(_environment().get_template("page.html").render(page=page))


def write_page(page: Page, path: str | os.PathLike[str]) -> None:
    """Write the page, whole or not at all."""
    content = html(page)
    with atomic(path) as temporary:
        temporary.write_text(content, encoding="utf-8")
