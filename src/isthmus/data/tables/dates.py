"""Dates as people write them: which formats fit the texts of a column, the dates in them, and dates as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.support.errors import extra

if TYPE_CHECKING:
    import pandas
    import pyarrow

ISO = "ISO8601"
"""The format of dates such as ``2003-02-01`` and ``2003-02-01T10:30:00Z``."""

EPOCHS = {"epoch": 1, "epoch-ms": 1000}
"""Formats of dates that count from 1970-01-01 in UTC, and how many of their units a second has."""

DAY_IN_DIGITS = "%Y%m%d"
"""The format of days such as ``20030201``."""

ISO_FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f")
"""Formats in which ISO 8601 is written, each finer than the one before."""

EXACT = ".%f"
"""What a format ends with that counts fractions of its unit, such as ``"epoch.%f"``."""

FINEST = {"%f": "us", "%S": "s", "%M": "min", "%H": "h", "%I": "h"}
"""The finest field of a format, and the unit that dates are rounded to; without any of them to the day."""

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

_OFFSET = "(?:Z|[+-]\\d\\d(?::?\\d\\d)?)"
"""An offset from UTC after a time; PostgreSQL leaves its minutes out."""

_ISO_TIME = f"(?:[T ]\\d\\d(?::?\\d\\d(?::?\\d\\d(?:[.,]\\d{{1,9}})?)?{_OFFSET}?)?)?(?:Z|[+-]\\d\\d:?\\d\\d)?"

_CLOCK = r"\d{1,2}:\d{2}.*"
_UNSURE = (r"\d{1,2}-\d{1,2}-\d{2}", r"\d{1,2}[ -][a-z]{3,9}\.?[ -]\d{2,4}")
_LIKE = re.compile(rf"(?:{'|'.join((*(day for day, _ in DAYS), *_UNSURE))})(?:[t ,]+{_CLOCK})?|{_CLOCK}", re.IGNORECASE)

_TIME = r"\d{1,2}:?\d{2}(?::?\d{2}(?:[.,]\d+)?)?\s*(?:[ap]m)?\s*(?:[a-z]{1,4}|[+-]\d{2}:?\d{2})?"
_DAY_AND_TIME = re.compile(rf"(?:{'|'.join((*(day for day, _ in DAYS), *_UNSURE))})(?:[t ,:]+{_TIME})?", re.IGNORECASE)

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


FORMS = {formats: form for day in DAYS for form, formats in _forms(*day)}
"""What dates look like, by the formats that this can be."""


def written_as(texts: pyarrow.Array, formats: tuple[str, ...]) -> np.ndarray:
    """Return whether each text looks like a date of some formats with a year of four digits, possible or not.

    Examples
    --------
    >>> import pyarrow
    >>> written_as(pyarrow.array(["31.02.2003", "1.2.03"]), ("%d.%m.%Y",)).tolist()
    [True, False]
    """
    if formats[0] != ISO and "%Y" not in formats[0]:
        return np.zeros(len(texts), bool)
    matches = extra("pyarrow.compute", "tables").match_substring_regex(texts, FORMS[formats])
    return np.asarray(matches.to_numpy(zero_copy_only=False), dtype=bool)


def like_date(text: str) -> bool:
    """Tell whether text looks like a date or a time, even one that is not converted.

    Examples
    --------
    >>> [like_date(text) for text in ("2024-05-31T12:00:00Z", "31.05.2024", "5/31/24 1:02 PM", "31 May 2024", "12:30")]
    [True, True, True, True, True]
    >>> [like_date(text) for text in ("2024", "1.5", "May", "1-2-3")]
    [False, False, False, False]
    """
    return _LIKE.fullmatch(text.strip()) is not None


def like_day(text: str) -> bool:
    """Tell whether text looks like a date with or without a time, and nothing after it.

    Examples
    --------
    >>> [like_day(text) for text in ("2024-05-31T12:00:00Z", "5/31/24 1:02 PM", "31 May 2024")]
    [True, True, True]
    >>> [like_day(text) for text in ("12:30", "00:47:45", "2024-01-01 00:00:00 INFO web2 256")]
    [False, False, False]
    """
    return _DAY_AND_TIME.fullmatch(text.strip()) is not None


_MONTH = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
_LIKE_MONTH = re.compile(
    rf"(?:19|20)\d\d[-/](?:0?[1-9]|1[0-2])|(?:0?[1-9]|1[0-2])[-/](?:19|20)\d\d|"
    rf"(?:{_MONTH}|nov(?:ember)?|dec(?:ember)?)\.?[ /-]'?(?:\d\d|\d{{4}})",
    re.IGNORECASE,
)
_LIKE_TIME = re.compile(r"\d{1,3}:[0-5]\d(?::[0-5]\d)?(?:[.,]\d+)?\s*(?:[ap]m)?", re.IGNORECASE)


def like_month(text: str) -> bool:
    """Tell whether text looks like a month of a year, without a day.

    Examples
    --------
    >>> [like_month(text) for text in ("2024-01", "1/2024", "Jan 2024", "may-24", "September 2024")]
    [True, True, True, True, True]
    >>> [like_month(text) for text in ("2024-13", "2024-01-31", "1-24", "May", "Unit 2024", "2024")]
    [False, False, False, False, False, False]
    """
    return _LIKE_MONTH.fullmatch(text.strip()) is not None


def like_time(text: str) -> bool:
    """Tell whether text looks like a time of day or a duration, without a day.

    Examples
    --------
    >>> [like_time(text) for text in ("13:45", "7:05:59", "1:30 PM", "2:17.5", "13:45:00.123")]
    [True, True, True, True, True]
    >>> [like_time(text) for text in ("3:2", "13:75", "10:0a:ff", "2024-01-01 13:45", "1:2:3")]
    [False, False, False, False, False]
    """
    return _LIKE_TIME.fullmatch(text.strip()) is not None


_TIMELY = re.compile(r"(?:.*[^a-z])?(?:time|timestamp|datetime|date|day|ts|epoch)(?:[^a-z].*)?", re.IGNORECASE)


def disguised(numbers: np.ndarray, name: object) -> str | None:
    """Return the format of numbers that seem to be dates: days in digits, or seconds or milliseconds since 1970.

    Parameters
    ----------
    numbers : ndarray of shape (n,)
        NaN where a cell is missing.
    name : object
        Of the column: where it speaks of time, one number is enough.

    Examples
    --------
    >>> disguised(np.array([20231231, 20240101, 20240102]), "x"), disguised(np.array([20240101]), "Order Date")
    ('%Y%m%d', '%Y%m%d')
    >>> disguised(np.array([1.7e9, np.nan, 1.6e9]), "ts"), disguised(np.array([1.6e12, 1.7e12, 1.8e12]), "x")
    ('epoch', 'epoch-ms')
    >>> disguised(np.array([20231231, 20249901, 20240102]), "date"), disguised(np.array([1.7e9, 1.6e9, 1.8e9]), "id")
    (None, None)
    """
    known = numbers[~np.isnan(numbers)]
    low, high = known.min(initial=2**62), known.max(initial=-(2**62))
    timely = _TIMELY.fullmatch(str(name)) is not None
    if low >= 19000101 and high <= 21001231:
        return DAY_IN_DIGITS if _days_in_digits(known, 1 if timely else 3) else None
    for form, scale in EPOCHS.items():
        if 1e9 * scale <= low and high < 2**31 * scale:
            return form if timely or _rises(known) else None
    return None


def _days_in_digits(numbers: np.ndarray, enough: int) -> bool:
    """Tell whether numbers are days such as 20030201, enough of them distinct."""
    month, day = numbers // 100 % 100, numbers % 100
    are = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (numbers % 1 == 0)
    return bool(are.all()) and len(np.unique(numbers)) >= enough


def _rises(numbers: np.ndarray) -> bool:
    """Tell whether numbers rise, but do not just number the rows."""
    steps = np.diff(numbers)
    return len(np.unique(numbers)) >= 3 and bool((steps >= 0).all() and (steps > 1).any())


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
    if form in EPOCHS:
        return _counted(texts, form)
    zoned = form.endswith("%z") or (form == ISO and bool(with_offset(texts).any()))
    dates = pandas.to_datetime(texts.to_pandas(), format=form, errors="coerce", utc=zoned)
    return pandas.Series(dates).dt.as_unit("us")


def _counted(texts: pyarrow.Array, form: str) -> pandas.Series:
    """Return counts of seconds, or of other units, as dates; NaT where a text is none, or its date has no year.

    Examples
    --------
    >>> import pyarrow
    >>> print(parse(pyarrow.array(["1700000000", "1.5", "x"]), "epoch").to_list()[:2])
    [Timestamp('2023-11-14 22:13:20'), Timestamp('1970-01-01 00:00:01.500000')]
    """
    pandas = extra("pandas", "tables")
    counts = pandas.to_numeric(texts.to_pandas(), errors="coerce").to_numpy(np.float64)
    micros = np.round(counts * 1e6 / EPOCHS[form])
    known = np.abs(micros) < 2e17  # in the year 8000, about
    dates = np.where(known, micros, 0).astype(np.int64).astype("datetime64[us]")
    return pandas.Series(np.where(known, dates, np.datetime64("NaT")))


def with_offset(texts: pyarrow.Array) -> np.ndarray:
    """Return which dates of ISO 8601 name their offset from UTC.

    Examples
    --------
    >>> import pyarrow
    >>> with_offset(pyarrow.array(["2024-01-01T10:00Z", "2024-01-01 10:00+02:00", "2024-01-01T10:00"])).tolist()
    [True, True, False]
    """
    matches = extra("pyarrow.compute", "tables").match_substring_regex(texts, f":.*{_OFFSET}$")
    return np.asarray(matches.fill_null(False).to_numpy(zero_copy_only=False), dtype=bool)


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


# -- dates as text ---------------------------------------------------------------------------------------------------


def written(dates: pandas.Series, form: str) -> np.ndarray:
    """Return dates as texts of a format, None for gaps: what `parse` reads.

    Dates are rounded to the finest field of the format; ISO 8601 is no finer than they are.

    Examples
    --------
    >>> import pandas
    >>> dates = pandas.Series(pandas.to_datetime(["2003-02-01 10:30:00", None]))
    >>> [written(dates, form)[0] for form in ("%d.%m.%Y", "epoch", "ISO8601")]
    ['01.02.2003', '1044095400', '2003-02-01 10:30:00']
    """
    if form == ISO:
        form = iso_form(fineness(dates), dates.dt.tz is not None)
    unit, exact, _ = form.partition(EXACT)
    if unit in EPOCHS:
        return _as_counts(dates, EPOCHS[unit], bool(exact))
    pandas = extra("pandas", "tables")
    utc = _utc(dates) if dates.dt.tz is not None or "%z" in form else dates
    finest = next((unit for field, unit in FINEST.items() if field in form), "D")
    codes, known = pandas.factorize(utc.dt.round(finest))
    return np.array([*pandas.DatetimeIndex(known).strftime(form), None], dtype=object)[codes]


def iso_form(level: int, zoned: bool) -> str:
    """Return the format in which ISO 8601 is written, at least as fine as one of `ISO_FORMS`."""
    return f"{ISO_FORMS[max(1, level)]}Z" if zoned else ISO_FORMS[level]


def fineness(dates: pandas.Series) -> int:
    """Return which of `ISO_FORMS` is as fine as all dates; seconds if there are none.

    Examples
    --------
    >>> import pandas
    >>> [fineness(pandas.Series([pandas.Timestamp(text)])) for text in ("2003-02-01", "2003-02-01 10:30")]
    [0, 1]
    """
    micros = _micros(dates.dropna())
    if not len(micros):
        return 1
    return 2 if (micros % 1_000_000).any() else int((micros % 86_400_000_000).any())


def counts_fractions(dates: pandas.Series, form: str) -> bool:
    """Tell whether dates are finer than the unit of a format that counts units."""
    return bool((_micros(dates.dropna()) % (1_000_000 // EPOCHS[form])).any())


def _as_counts(dates: pandas.Series, scale: int, exact: bool) -> np.ndarray:
    """Return dates as counts of units since 1970, of which a second has `scale`."""
    known, unit = dates.notna().to_numpy(), 1_000_000 // scale
    counts = (
        (micros, divmod(abs(micros) + (0 if exact else unit // 2), unit)) for micros in _micros(dates[known]).tolist()
    )
    texts = np.full(len(dates), None, dtype=object)
    texts[known] = [_count(micros < 0, whole, rest if exact else 0, unit) for micros, (whole, rest) in counts]
    return texts


def _count(negative: bool, whole: int, rest: int, unit: int) -> str:
    """Return a whole number and a number of parts of its unit as a decimal number."""
    fraction = f".{rest:0{len(str(unit)) - 1}}".rstrip("0") if rest else ""
    return f"{'-' if negative and (whole or rest) else ''}{whole}{fraction}"


def _utc(dates: pandas.Series) -> pandas.Series:
    return dates.dt.tz_localize("UTC") if dates.dt.tz is None else dates.dt.tz_convert("UTC")


def _micros(dates: pandas.Series) -> np.ndarray:
    """Return microseconds since 1970 in UTC."""
    plain = dates if dates.dt.tz is None else _utc(dates).dt.tz_localize(None)
    return plain.to_numpy().astype("datetime64[us]").astype(np.int64)
