"""Text that looks like a number or a date."""

from __future__ import annotations

import re

_DIGITS = r"(?:\d{1,3}(?:[., '’]\d{3})+|\d+)?(?:[.,]\d+)?(?<=\d)(?:e[+-]?\d+)?"
NUMBER = re.compile(rf"[^\w\s.,]?\s?[+-]?{_DIGITS}\s?[^\w\s.,]?", re.IGNORECASE)
"""A number as people write it: with thousands, a decimal point or comma, a currency or a percent sign."""

_CLOCK = r"\d{1,2}:\d{2}.*"
DATE = re.compile(
    rf"(?:\d{{4}}-\d{{1,2}}-\d{{1,2}}|\d{{4}}/\d{{1,2}}/\d{{1,2}}|\d{{1,2}}[./-]\d{{1,2}}[./-](?:\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}[ -][a-z]{{3,9}}\.?[ -]\d{{2,4}})(?:[t ,]+{_CLOCK})?|{_CLOCK}",
    re.IGNORECASE,
)
"""A date, a time, or both."""


def like_number(text: str) -> bool:
    """Tell whether text looks like a number.

    Examples
    --------
    >>> [like_number(text) for text in ("-1.5e3", "540,0", "4.128,96", "$5,473.94", "12.5%", ".5", "7")]
    [True, True, True, True, True, True, True]
    >>> [like_number(text) for text in ("10.0.0.1", "1.2.3", "-", "", "12a", "2024-05-31", "1/2")]
    [False, False, False, False, False, False, False]
    """
    return NUMBER.fullmatch(text.strip()) is not None


def like_date(text: str) -> bool:
    """Tell whether text looks like a date or a time.

    Examples
    --------
    >>> [like_date(text) for text in ("2024-05-31T12:00:00Z", "31.05.2024", "5/31/24 1:02 PM", "31 May 2024", "12:30")]
    [True, True, True, True, True]
    >>> [like_date(text) for text in ("2024", "1.5", "May", "1-2-3")]
    [False, False, False, False]
    """
    return DATE.fullmatch(text.strip()) is not None
