"""What is said of data, as a person at the command line needs it: with options, without Python, and once."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click

_PYTHON = re.compile(r"; in Python [^()]*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)[^()]*(?=\))")
_LOOKS = "text that looks like "
_NAMED = re.compile(r"'([^']*)' \(\d+% of its cells")


def typed_form(text: str) -> str:
    """Return a sentence without the remedies in Python that stand beside options.

    Examples
    --------
    >>> typed_form("leave them out (--drop a; in Python X.drop(columns=[...])), or stop")
    'leave them out (--drop a), or stop'
    >>> typed_form("take it for a gap (--missing -9; in Python X.replace(-9, float('nan')))")
    'take it for a gap (--missing -9)'
    """
    return _PYTHON.sub("", text)


def is_known(text: str, said: Iterable[str]) -> bool:
    """Tell whether a doubt is about columns only of which notes say already that they are read as text, or options.

    Examples
    --------
    >>> doubt = "text that looks like numbers is taken for categories: 'b' (74% of its cells, such as '3.5')"
    >>> is_known(doubt, ["column 'b': 74 % are numbers: read as text"]), is_known(doubt, ["column 'b': dates"])
    (True, False)
    """
    if not text.startswith(_LOOKS):
        return False
    context = click.get_current_context(silent=True)
    typed = () if context is None else context.params.get("table_text") or ()
    notes = [one for one in said if "read as text" in one]
    named = _NAMED.findall(text)
    return bool(named) and all(name in typed or any(f"column {name!r}:" in one for one in notes) for name in named)
