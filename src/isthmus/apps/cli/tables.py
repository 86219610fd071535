"""Options about tables that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from isthmus.apps.cli.command import option

MAX_CATEGORIES = (
    "Categories of a column that are kept, the most frequent; the others are joined as one, and that is said [1000]"
)


def categories_option(section: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option ``--max-categories``; None where it is not typed."""
    return option("--max-categories", type=click.IntRange(min=1), metavar="N", section=section, help=MAX_CATEGORIES)


def table(max_categories: int | None, scale: str | None = None) -> Any:
    """Return a Table as the options say; None where nothing is said of it."""
    import isthmus

    said: dict[str, Any] = {"scale": scale, "max_categories": max_categories}
    said = {name: value for name, value in said.items() if value is not None}
    return isthmus.Table(**said) if said else None
