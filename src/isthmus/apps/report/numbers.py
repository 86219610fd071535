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


def tidy(value: float) -> float:
    """Return a number without the error of computing it, such as 0.3 for 0.1 + 0.2.

    Examples
    --------
    >>> tidy(0.1 + 0.2), tidy(-0.0)
    (0.3, 0.0)
    """
    return float(f"{value:.6g}") + 0.0


def tick_text(value: float) -> str:
    """Return what stands beside the tick of an axis."""
    return number(tidy(value))
