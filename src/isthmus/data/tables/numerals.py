"""Numbers as people write them: thousands separators, decimal commas, currencies and percent signs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.support.errors import extra

if TYPE_CHECKING:
    import pyarrow

CURRENCIES = (
    "$",
    "€",
    "£",
    "¥",
    "₹",
    "USD",
    "EUR",
    "GBP",
    "CHF",
    "JPY",
    "CAD",
    "AUD",
    "CNY",
    "INR",
    "SEK",
    "NOK",
    "DKK",
)

_CURRENCY = "(?:" + "|".join("\\$" if symbol == "$" else symbol for symbol in CURRENCIES) + ")"
_SPACES = "\u00a0\u202f\u2009"
_POWER = "(?:[eE][+-]?[0-9]+)?"


GROUPS = {".": f",|'|’| |{_SPACES}", ",": f"\\.|'|’| |{_SPACES}"}
"""What may stand between thousands, by decimal mark."""


def _grouped(mark: str) -> str:
    groups = "|".join(f"(?:[{one}][0-9]{{3}})+" for one in GROUPS[mark].split("|"))
    return f"[+-]?[1-9][0-9]{{0,2}}(?:{groups})(?:[{mark}][0-9]+)?"


def _plain(mark: str) -> str:
    return f"[+-]?(?:[0-9]+[{mark}]?[0-9]*|[{mark}][0-9]+){_POWER}"


_CLEAN = {".": f"[,'’ {_SPACES}]", ",": f"[.'’ {_SPACES}]"}
"""What is taken out between thousands, by decimal mark."""

GROUPED = {mark: f"^{_grouped(mark)}$" for mark in ".,"}
"""A number whose thousands are separated, by decimal mark."""

PLAIN = {mark: f"^{_plain(mark)}$" for mark in ".,"}
"""Any other number, by decimal mark."""

_BRACKETS = "^\\(\\s*([^()+-]*[0-9][^()+-]*)\\)$"
"""Brackets around a number, with a currency or percent sign or without: it is negative."""

_BEHIND = f"^([0-9][0-9,.'’ {_SPACES}]*[,.][0-9]+)-$"
"""A minus behind a number with a decimal mark, as SAP writes it; grades such as ``2-`` are none."""

_WHOLE = "^[+-]?[0-9]+$"

NUMERIC = re.compile(rf"[+-]?([0-9]+([.,][0-9]+)*|[.,][0-9]+){_POWER}")
"""Digits with marks between: a number under either decimal mark, or something like a version or an address."""

FRACTION = {
    ",": re.compile(r"[+-]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+),[0-9]+"),
    ".": re.compile(rf"[+-]?([0-9]{{1,3}}(,[0-9]{{3}})+|[0-9]*)\.[0-9]+{_POWER}"),
}
"""A number that has digits after this decimal mark."""

EITHER = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
"""A number whose mark can be a decimal one, or stand between thousands."""

CODE = re.compile("[0-9]{3,}")
"""A whole number, or a code, of three digits or more."""

_SIGN = r"[^\w\s.,]?"
_LIKE = re.compile(rf"{_SIGN}\s?(?:{'|'.join(form(mark) for mark in '.,' for form in (_plain, _grouped))})\s?{_SIGN}")


_ABBREVIATION = re.compile(r"\s?(?:[kKM]|mn|bn|Tsd\.?|Mio\.?|Mrd\.?)$")


def like_number(text: str) -> bool:
    """Tell whether text looks like a number, with a currency or a percent sign or without.

    Examples
    --------
    >>> [like_number(text) for text in ("-1.5e3", "540,0", "4.128,96", "$5,473.94", "12.5%", ".5", "7")]
    [True, True, True, True, True, True, True]
    >>> [like_number(text) for text in ("10.0.0.1", "1.2.3", "-", "", "12a", "2024-05-31", "1/2")]
    [False, False, False, False, False, False, False]
    """
    return _LIKE.fullmatch(text.strip()) is not None


def like_abbreviated(text: str) -> bool:
    """Tell whether text looks like a number whose last digits a letter or a word stands for.

    Examples
    --------
    >>> [like_abbreviated(text) for text in ("8.5k", "1.2M", "$3,5 Mio.", "-12K", "2 bn")]
    [True, True, True, True, True]
    >>> [like_abbreviated(text) for text in ("8.5", "12B", "17.5 °C", "k", "M3", "5 km")]
    [False, False, False, False, False, False]
    """
    bare = _ABBREVIATION.sub("", text.strip())
    return bare != text.strip() and like_number(bare)


def number_of(text: str) -> float | None:
    """Return the number that text is under a decimal point; None if it is none.

    Examples
    --------
    >>> number_of("-999"), number_of("bad")
    (-999.0, None)
    """
    return float(text) if re.fullmatch(PLAIN["."], text) else None


@dataclass(frozen=True)
class Numerals:
    """Texts as numbers, under one decimal mark.

    Attributes
    ----------
    values : float64 array
        NaN where a text is no number.
    grouped : bool array
        Whether thousands are separated.
    whole : bool array
        Whether it is a number without a decimal mark.
    """

    values: np.ndarray
    grouped: np.ndarray
    whole: np.ndarray

    @property
    def marked(self) -> bool:
        """Whether a text tells which mark is the decimal one."""
        return bool((self.known & ~(self.whole & ~self.grouped)).any())

    @cached_property
    def known(self) -> np.ndarray:
        """Whether each text is a number."""
        return ~np.isnan(self.values)


@dataclass(frozen=True)
class Bare:
    """Texts without spaces around them, currency and percent sign, and what was taken off.

    Attributes
    ----------
    texts : Arrow array
    currency, percent : bool array
    """

    texts: pyarrow.Array
    currency: np.ndarray
    percent: np.ndarray


def can_be_numbers(texts: pyarrow.Array) -> np.ndarray:
    """Tell at a glance which texts can be numbers: those without letters and signs that no number has.

    Examples
    --------
    >>> import pyarrow
    >>> can_be_numbers(pyarrow.array(["1.5e3", "EUR 7", "10:30", "City 7", "2001-01-01"])).tolist()
    [True, True, False, False, False]
    """
    return ~_mask(extra("pyarrow.compute", "tables").match_substring_regex(texts, "[:/a-df-z]|\\d-\\d"))


def bare(texts: pyarrow.Array) -> Bare:
    """Return texts without currencies and percent signs.

    Examples
    --------
    >>> import pyarrow
    >>> bare(pyarrow.array(["$5,473.94", "-12.5 %", "($3)", "7 EUR", "(0.14)", "1.50-"])).texts.to_pylist()
    ['5,473.94', '-12.5', '-3', '7', '-0.14', '-1.50']
    """
    compute = extra("pyarrow.compute", "tables")
    trimmed = compute.replace_substring(compute.utf8_trim_whitespace(texts), "−", "-")
    if not compute.any(compute.match_substring_regex(trimmed, f"%|{_CURRENCY}|{_BEHIND}|{_BRACKETS}")).as_py():
        return Bare(trimmed, np.zeros(len(trimmed), bool), np.zeros(len(trimmed), bool))
    signs = compute.replace_substring_regex(trimmed, _BRACKETS, "-\\1")
    front = compute.replace_substring_regex(signs, f"^([+-]?)\\s*{_CURRENCY}\\s*", "\\1")
    priced = compute.replace_substring_regex(front, f"\\s*{_CURRENCY}$", "")
    done = compute.replace_substring_regex(priced, "\\s*%$", "")
    texts = compute.replace_substring_regex(done, _BEHIND, "-\\1")
    return Bare(texts, _differ(signs, priced), _differ(priced, done))


def negative(texts: pyarrow.Array) -> np.ndarray:
    """Tell which texts have brackets or a minus behind, as accounts write negative numbers.

    Examples
    --------
    >>> import pyarrow
    >>> negative(pyarrow.array(["(0.14)", "1.50-", "-1.5", "2-"])).tolist()
    [True, True, False, False]
    """
    matches = extra("pyarrow.compute", "tables").match_substring_regex(texts, f"{_BEHIND}|{_BRACKETS}")
    return _mask(matches)


def _differ(a: Any, b: Any) -> np.ndarray:
    return _mask(extra("pyarrow.compute", "tables").not_equal(a, b))


def _mask(array: Any) -> np.ndarray:
    return np.asarray(array.fill_null(False).to_numpy(zero_copy_only=False), dtype=bool)


def numerals(texts: pyarrow.Array, decimal: str) -> Numerals:
    """Return bare texts as numbers.

    Examples
    --------
    >>> import pyarrow
    >>> numerals(pyarrow.array(["4.128,96", "540,0", "12", "1,2,3", "0.540", "x"]), ",").values.tolist()
    [4128.96, 540.0, 12.0, nan, nan, nan]
    """
    arrow, compute = extra("pyarrow", "tables"), extra("pyarrow.compute", "tables")
    plain = compute.match_substring_regex(texts, PLAIN[decimal])
    grouped = compute.match_substring_regex(texts, GROUPED[decimal])
    if compute.any(grouped).as_py():
        texts = compute.if_else(grouped, compute.replace_substring_regex(texts, _CLEAN[decimal], ""), texts)
    whole = compute.match_substring_regex(texts, _WHOLE)
    points = texts if decimal == "." else compute.replace_substring(texts, ",", ".")
    known = compute.if_else(compute.or_(plain, grouped), points, arrow.scalar(None, points.type))
    signed = compute.replace_substring_regex(known, "^\\+", "")
    values = compute.cast(signed, arrow.float64()).to_numpy(zero_copy_only=False)
    return Numerals(np.asarray(values, dtype=np.float64), _mask(grouped), _mask(whole))
