"""Text that stands in one line, whatever a user's data holds."""

from __future__ import annotations

import re

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
"""Line breaks, tabs and other characters that break a line or a table, or that XML forbids."""


def one_line(text: str) -> str:
    r"""Return text with escapes for characters that do not fit into a line.

    Examples
    --------
    >>> print(one_line("two\nlines"))
    two\nlines
    """
    return CONTROL.sub(lambda match: repr(match[0])[1:-1], text)


def short(text: str, width: int) -> str:
    """Return text that is cut to a width.

    Examples
    --------
    >>> short("temperature", 6), short("age", 6)
    ('tempe…', 'age')
    """
    return text if len(text) <= width else f"{text[: width - 1]}…"
