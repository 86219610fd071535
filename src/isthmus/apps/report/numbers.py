"""Numbers as text."""

from __future__ import annotations


def number(value: float, digits: int = 4, sign: bool = False) -> str:
    """Return a number in few digits: whole ones in full.

    Examples
    --------
    >>> number(1234567), number(-0.012345), number(2.5, 2, sign=True)
    ('1,234,567', '−0.01235', '+2.5')
    """
    text = f"{value:,}" if isinstance(value, int) else f"{value:{'+' if sign else ''}.{digits}g}"
    return text.replace("-", "−")
