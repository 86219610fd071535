"""Dates as people write them: which formats fit the texts of a column, and the dates in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.data.io.reading import ISO
from isthmus.support.errors import extra

if TYPE_CHECKING:
    import pandas
    import pyarrow

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


def _forms(day: str, formats: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the regular expressions of dates with such days, and the formats that each can be."""
    if formats == (ISO,):
        yield f"^{day}{_ISO_TIME}$", formats
        return
    for time, written in TIMES:
        for separator in (" ", "T", ":") if time else ("",):
            yield f"^{day}{time.format(separator)}$", tuple(one + written.format(separator) for one in formats)


def candidates(texts: pyarrow.Array) -> tuple[str, ...]:
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

    def count(form: str) -> int:
        return int(compute.sum(compute.match_substring_regex(some, form)).as_py())

    days = [(day, formats) for day, formats in DAYS if 2 * count(f"^{day}") >= len(some)]
    counts = {formats: count(form) for day in days for form, formats in _forms(*day)}
    best = max(counts, key=lambda formats: counts[formats], default=())
    return best if 2 * counts.get(best, 0) >= len(some) else ()


def parse(texts: pyarrow.Array, form: str) -> pandas.Series:
    """Return texts as dates, NaT where a text has another format; in UTC where texts name their offset from it."""
    if (parsed := parse_all(texts, form)) is not None:
        return extra("pandas", "tables").Series(parsed.to_pandas())
    day, separator, time = form.partition(" ")
    if len(texts) > SPLIT_FROM and separator and "%Y" in day and "%z" not in time:
        return _split(texts, day, time)
    return _parsed(texts, form)


def _parsed(texts: pyarrow.Array, form: str) -> pandas.Series:
    pandas = extra("pandas", "tables")
    zoned = form.endswith("%z") or (form == ISO and _any_matches(texts, ":.*(?:Z|[+-]\\d\\d:?\\d\\d)$"))
    dates = pandas.to_datetime(texts.to_pandas(), format=form, errors="coerce", utc=zoned)
    return pandas.Series(dates).dt.as_unit("us")


def _any_matches(texts: pyarrow.Array, form: str) -> bool:
    compute = extra("pyarrow.compute", "tables")
    return bool(compute.any(compute.match_substring_regex(texts, form)).as_py())


def parse_all(texts: pyarrow.Array, form: str) -> Any:
    """Return texts as an Arrow array of timestamps if all have a format, and it is one of digits only; else None.

    Examples
    --------
    >>> import pyarrow
    >>> parse_all(pyarrow.array(["31.12.2003 10:30", None]), "%d.%m.%Y %H:%M").to_pylist()
    [datetime.datetime(2003, 12, 31, 10, 30), None]
    >>> parse_all(pyarrow.array(["31.02.2003"]), "%d.%m.%Y")
    """
    arrow, compute = extra("pyarrow", "tables"), extra("pyarrow.compute", "tables")
    iso = texts if form == ISO else _rearranged(texts, form)
    if iso is None:
        return None
    try:
        return compute.cast(iso, arrow.timestamp("us"))
    except arrow.ArrowInvalid:
        return None


def parse_chunks(chunks: Sequence[pyarrow.Array], form: str) -> np.ndarray | None:
    """Return texts as `parse_all` does, as one NumPy array; what is made on the way is no larger than for a chunk."""
    dates, row = np.empty(sum(map(len, chunks)), dtype="datetime64[us]"), 0
    for texts in chunks:
        if (parsed := parse_all(texts, form)) is None:
            return None
        dates[row : row + len(texts)] = parsed.to_numpy(zero_copy_only=False)
        row += len(texts)
    return dates


WIDTHS = {"Y": 4, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
"""Digits of the fields of a format."""


def _rearranged(texts: pyarrow.Array, form: str) -> Any:
    """Return texts with the fields of a format as ISO 8601 has them; None unless all fields have all their digits."""
    arrow = extra("pyarrow", "tables")
    starts, literals, width = _fields(form)
    present = texts.drop_null().cast(arrow.string())
    if starts is None:
        return None
    if not len(present):
        return texts
    ends = np.frombuffer(present.buffers()[1], dtype=np.int32)[present.offset : present.offset + len(present) + 1]
    if (np.diff(ends) != width).any():
        return None
    letters = np.frombuffer(present.buffers()[2], dtype=np.uint8)[ends[0] : ends[-1]].reshape(-1, width)
    if any((letters[:, at] != ord(letter)).any() for at, letter in literals):
        return None
    iso = np.tile(np.frombuffer(b"0000-00-00T00:00:00", dtype=np.uint8), (len(present), 1))
    for field, at in zip("YmdHMS", (0, 5, 8, 11, 14, 17), strict=True):
        for digit in range(WIDTHS[field] if field in starts else 0):
            iso[:, at + digit] = letters[:, starts[field] + digit]
    known = texts.is_valid().to_numpy(zero_copy_only=False)
    ends = np.append(0, 19 * np.cumsum(known))
    buffers = [arrow.array(known).buffers()[1], arrow.py_buffer(ends), arrow.py_buffer(iso)]
    return arrow.Array.from_buffers(arrow.large_string(), len(texts), buffers)


def _fields(form: str) -> tuple[dict[str, int] | None, list[tuple[int, str]], int]:
    """Return where the fields of a format start, its other letters with their index, and its width.

    Examples
    --------
    >>> _fields("%d.%m.%Y")
    ({'d': 0, 'm': 3, 'Y': 6}, [(2, '.'), (5, '.')], 10)
    """
    starts: dict[str, int] = {}
    literals, width, letters = [], 0, iter(form)
    for letter in letters:
        if letter != "%":
            literals.append((width, letter))
            width += 1
            continue
        field = next(letters, "")
        if field not in WIDTHS or field in starts:
            return None, [], 0
        starts[field] = width
        width += WIDTHS[field]
    return (starts if {"Y", "m", "d"} <= starts.keys() else None), literals, width


def _split(texts: pyarrow.Array, day: str, time: str) -> pandas.Series:
    """Parse each day and each time of a day once: there are far fewer of them than of dates."""
    compute = extra("pyarrow.compute", "tables")
    days = _each_once(compute.replace_substring_regex(texts, " .*$", ""), day)
    times = _each_once(compute.replace_substring_regex(texts, "^[^ ]* ?", ""), time)
    return days + (times - times.dt.normalize())


def _each_once(texts: pyarrow.Array, form: str) -> pandas.Series:
    encoded = texts.dictionary_encode()
    parsed = _parsed(encoded.dictionary, form)
    return parsed.iloc[encoded.indices.to_numpy(zero_copy_only=False)].reset_index(drop=True)
