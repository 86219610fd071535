"""Dates as people write them: which formats fit the texts of a column, and the dates in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isthmus.data.io.reading import ISO
from isthmus.support.errors import extra

if TYPE_CHECKING:
    import pandas

DAYS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("\\d{4}-\\d\\d-\\d\\d", (ISO,)),
    ("\\d{4}-\\d{1,2}-\\d{1,2}", ("%Y-%m-%d",)),
    ("\\d{4}/\\d{1,2}/\\d{1,2}", ("%Y/%m/%d",)),
    ("\\d{4}\\.\\d{1,2}\\.\\d{1,2}", ("%Y.%m.%d",)),
    ("\\d{1,2}\\.\\d{1,2}\\.\\d{4}", ("%d.%m.%Y",)),
    ("\\d{1,2}\\.\\d{1,2}\\.\\d{2}", ("%d.%m.%y",)),
    ("\\d{1,2}/\\d{1,2}/\\d{4}", ("%d/%m/%Y", "%m/%d/%Y")),
    ("\\d{1,2}/\\d{1,2}/\\d{2}", ("%d/%m/%y", "%m/%d/%y")),
    ("\\d{1,2}-\\d{1,2}-\\d{4}", ("%d-%m-%Y", "%m-%d-%Y")),
    ("\\d{1,2}-[A-Za-z]{3}-\\d{4}", ("%d-%b-%Y",)),
    ("\\d{1,2}-[A-Za-z]{3}-\\d{2}", ("%d-%b-%y",)),
    ("\\d{1,2}/[A-Za-z]{3}/\\d{4}", ("%d/%b/%Y",)),
    ("\\d{1,2} [A-Za-z]{3} \\d{4}", ("%d %b %Y",)),
    ("\\d{1,2} [A-Za-z]{4,9} \\d{4}", ("%d %B %Y",)),
    ("[A-Za-z]{3} \\d{1,2}, \\d{4}", ("%b %d, %Y",)),
    ("[A-Za-z]{4,9} \\d{1,2}, \\d{4}", ("%B %d, %Y",)),
)
"""What days look like, and the formats that this can be."""

TIMES: tuple[tuple[str, str], ...] = (
    ("", ""),
    ("{}\\d{{1,2}}:\\d\\d", "{}%H:%M"),
    ("{}\\d{{1,2}}:\\d\\d:\\d\\d", "{}%H:%M:%S"),
    ("{}\\d{{1,2}}:\\d\\d:\\d\\d\\.\\d{{1,6}}", "{}%H:%M:%S.%f"),
    ("{}\\d{{1,2}}:\\d\\d:\\d\\d,\\d{{1,6}}", "{}%H:%M:%S,%f"),
    ("{}\\d{{1,2}}:\\d\\d [AaPp][Mm]", "{}%I:%M %p"),
    ("{}\\d{{1,2}}:\\d\\d[AaPp][Mm]", "{}%I:%M%p"),
    ("{}\\d{{1,2}}:\\d\\d:\\d\\d [AaPp][Mm]", "{}%I:%M:%S %p"),
    ("{}\\d{{1,2}}:\\d\\d:\\d\\d[AaPp][Mm]", "{}%I:%M:%S%p"),
    ("{}\\d{{1,2}}:\\d\\d:\\d\\d (?:Z|[+-]\\d\\d:?\\d\\d)", "{}%H:%M:%S %z"),
)
"""What the time of a day looks like, after what separates it from the day."""

_ISO_TIME = "(?:[T ]\\d\\d(?::?\\d\\d(?::?\\d\\d(?:[.,]\\d{1,9})?)?)?)?(?:Z|[+-]\\d\\d:?\\d\\d)?"

LOOKED_AT = 200
"""Texts that a form is chosen by."""

SPLIT_FROM = 1_000
"""Texts from which on days and times are parsed separately."""


def _forms() -> list[tuple[str, tuple[str, ...]]]:
    iso, *others = DAYS
    forms = [(f"^{iso[0]}{_ISO_TIME}$", iso[1])]
    for day, formats in others:
        for time, written in TIMES:
            for separator in (" ", "T", ":") if time else ("",):
                formatted = tuple(one + written.format(separator) for one in formats)
                forms.append((f"^{day}{time.format(separator)}$", formatted))
    return forms


FORMS = _forms()
"""All regular expressions, and the formats that each can be."""


def candidates(texts: Any) -> tuple[str, ...]:
    """Return the formats that most of some texts can have; none if they are no dates.

    Examples
    --------
    >>> import pyarrow
    >>> candidates(pyarrow.array(["03/02/2003 10:30 AM", "x"])), candidates(pyarrow.array(["x", "1.5"]))
    (('%d/%m/%Y %I:%M %p', '%m/%d/%Y %I:%M %p'), ())
    """
    compute = extra("pyarrow.compute", "tables")
    some = texts[:LOOKED_AT]
    dated = compute.match_substring_regex(some, "^(?:\\d{1,4}[-/. ]|[A-Za-z]{3,9} \\d)")
    if not len(some) or 2 * compute.sum(dated).as_py() < len(some):
        return ()
    counts = {formats: compute.sum(compute.match_substring_regex(some, form)).as_py() for form, formats in FORMS}
    best = max(counts, key=lambda formats: counts[formats])
    return best if 2 * counts[best] >= len(some) and counts[best] else ()


def parse(texts: Any, form: str) -> pandas.Series:
    """Return texts as dates, NaT where a text has another format; in UTC where texts name their offset from it."""
    day, separator, time = form.partition(" ")
    if len(texts) > SPLIT_FROM and separator and "%Y" in day and "%z" not in time:
        return _split(texts, day, time)
    return _parsed(texts, form)


def _parsed(texts: Any, form: str) -> pandas.Series:
    pandas = extra("pandas", "tables")
    zoned = form.endswith("%z") or (form == ISO and _any_matches(texts, ":.*(?:Z|[+-]\\d\\d:?\\d\\d)$"))
    dates = pandas.to_datetime(texts.to_pandas(), format=form, errors="coerce", utc=zoned)
    return pandas.Series(dates).dt.as_unit("us")


def _any_matches(texts: Any, form: str) -> bool:
    compute = extra("pyarrow.compute", "tables")
    return bool(compute.any(compute.match_substring_regex(texts, form)).as_py())


def _split(texts: Any, day: str, time: str) -> pandas.Series:
    """Parse each day and each time of a day once: there are far fewer of them than of dates."""
    compute = extra("pyarrow.compute", "tables")
    days = _each_once(compute.replace_substring_regex(texts, " .*$", ""), day)
    times = _each_once(compute.replace_substring_regex(texts, "^[^ ]* ?", ""), time)
    return days + (times - times.dt.normalize())


def _each_once(texts: Any, form: str) -> pandas.Series:
    encoded = texts.dictionary_encode()
    parsed = _parsed(encoded.dictionary, form)
    return parsed.iloc[encoded.indices.to_numpy(zero_copy_only=False)].reset_index(drop=True)
