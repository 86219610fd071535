"""Reading: how a table in a file is to be read, where its content leaves that open."""

from __future__ import annotations

from codecs import lookup
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from isthmus.core.data import Data
from isthmus.data.io.unit_names import UNITS, is_known
from isthmus.support.errors import FileFormatError, InputError, listed, unknown

OPTIONS = ("encoding", "skip_rows", "header", "decimal", "dates", "units", "missing", "text", "drop", "only")
"""What can be asked of the reading of a table; the rest comes from a model, or is recognised."""

Say = Callable[[str], None]
"""What takes each sentence on what was converted."""


@dataclass(frozen=True)
class Reading:
    """How to read a table; what is not set is recognised from the content.

    Attributes
    ----------
    encoding : str or None
        Of a text file; None: by its byte order mark, else UTF-8, else Windows-1252.
    skip_rows : int
        Lines above the table, which are not read.
    header : bool or None
        Whether the first line of the table names its columns; if not, they are called ``column_0``, ``column_1`` …
    decimal : {".", ","} or None
        The decimal mark.
    dates : mapping of str to str
        The format of columns of dates, as `strptime` has it, such as ``"%d/%m/%Y"``; or ``"ISO8601"``, or
        ``"epoch"`` and ``"epoch-ms"``: seconds and milliseconds since 1970.
    missing : tuple of str
        Cells that stand for missing values, beside the well-known ones.
    text : tuple of str
        Columns that are text whatever their cells look like.
    drop : tuple of str
        Columns to leave out.
    only : tuple of str
        Columns to read, if any are named; all others are left out, but for labels and those carried along.
    unchanged : tuple of str
        Columns whose cells are not converted: labels, and what is carried along to an output.
    numbers : tuple of str
        Columns whose cells must be numbers: a model knows them as such.
    units : mapping of str to str
        The unit of columns of numbers: ``"%"``, a currency such as ``"$"``, a physical unit such as ``"kg"``, or
        ``"none"``. It counts more than what the cells show.
    signs : mapping of str to tuple of str
        Other units that the cells of columns showed whose unit was named: in later files they mean that one, too.
    no_text : tuple of str
        Other columns that a model knows to hold no text: if all their cells are markers such as ``"-"``, these
        are gaps.
    before : Reading or None
        How the table was read that a model was trained on. It decides what the content leaves open, and which columns
        are left out if they are there.
    origin : str
        Which rows it was that this reading was recognised from, for messages about later ones.
    """

    encoding: str | None = None
    skip_rows: int = 0
    header: bool | None = None
    decimal: str | None = None
    dates: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    signs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    no_text: tuple[str, ...] = ()
    before: Reading | None = None
    origin: str = "the rows that the model was trained on"

    def __post_init__(self) -> None:
        if self.decimal not in (None, ".", ","):
            raise InputError(f"decimal={self.decimal!r}: a decimal mark is '.' or ','")
        if self.encoding is not None and not _is_encoding(self.encoding):
            raise InputError(f"encoding={self.encoding!r} is not known; common ones are utf-8, utf-16, cp1252, latin-1")
        if self.skip_rows < 0:
            raise InputError(f"skip_rows={self.skip_rows} is negative; it is a number of lines")
        if self.drop and self.only:
            raise InputError("drop= names columns to leave out, only= those to read: give one of them")
        for name, unit in self.units.items():
            if not is_known(unit):
                raise InputError(f"units={{{name!r}: {unit!r}}}: a unit is one of {', '.join(UNITS)}, or such as kg")

    def chosen(self, columns: Iterable[object], path: object) -> list[str]:
        """Return the columns to read, in the order of the file.

        Raises
        ------
        InputError
            A column that was named is not there, or none is left.
        """
        names = list(map(str, columns))
        for name in (*self.drop, *self.only, *self.text, *self.dates, *self.units):
            if name not in names:
                raise InputError(f"{str(path)!r}: {unknown('column', name, names)}")
        whole = self.merged()
        drop = {*self.drop, *whole.drop} - {*self.unchanged}
        only = self.only or tuple(name for name in whole.only if name in names)
        left = [name for name in names if name not in drop and (not only or name in (*only, *self.unchanged))]
        if not left:
            raise InputError(f"{str(path)!r}: no column is left; its columns are {listed(names)}")
        return left

    @property
    def gaps(self) -> list[str]:
        """What stands for missing cells, beside the well-known markers."""
        return [*self.missing, *(self.before.missing if self.before else ())]

    def merged(self) -> Reading:
        """Return it with what `before` adds, as one reading; what is set here counts more.

        Examples
        --------
        >>> Reading(drop=("b",), before=Reading(decimal=",", only=("a", "b"))).merged().kept()
        {'decimal': ',', 'only': ['a']}
        """
        earlier = self.before
        if earlier is None:
            return self
        only = self.only or tuple(name for name in earlier.only if name not in self.drop)
        return replace(
            self,
            header=earlier.header if self.header is None else self.header,
            decimal=self.decimal or earlier.decimal,
            dates={**earlier.dates, **self.dates},
            units={**earlier.units, **self.units},
            signs={**earlier.signs, **self.signs},
            missing=_union(earlier.missing, self.missing),
            text=_union(earlier.text, self.text),
            drop=() if only else _union(earlier.drop, self.drop),
            only=only,
            before=None,
        )

    def kept(self) -> dict[str, Any]:
        """Return what later files are to be read with, as plain values; without what is not set."""
        values = {
            "header": self.header,
            "decimal": self.decimal,
            "dates": dict(self.dates),
            "units": dict(self.units),
            "signs": {name: list(units) for name, units in self.signs.items()},
            "missing": list(self.missing),
            "text": list(self.text),
            "drop": list(self.drop),
            "only": list(self.only),
        }
        return {name: value for name, value in values.items() if value or value is False}

    def asked(self, *options: str) -> dict[str, Any]:
        """Return those of some options that are set.

        Examples
        --------
        >>> Reading(header=False, drop=("id",)).asked("skip_rows", "header", "text")
        {'header': False}
        """
        unset = Reading()
        return {name: getattr(self, name) for name in options if getattr(self, name) != getattr(unset, name)}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Reading:
        """Return what `kept` returned as a Reading.

        Examples
        --------
        >>> Reading.of(Reading(decimal=",", drop=("id",)).kept())
        Reading(encoding=None, skip_rows=0, header=None, decimal=',', dates={}, missing=(), text=(), drop=('id',),
                only=(), unchanged=(), numbers=(), units={}, signs={}, no_text=(),
                before=None, origin='the rows that the model was trained on')

        Raises
        ------
        FileFormatError
            `kept` did not return this: a model file was changed.
        """
        _check_kept(kept)
        lists: dict[str, Any] = {name: tuple(kept.get(name, ())) for name in ("missing", "text", "drop", "only")}
        maps: dict[str, Any] = {name: dict(kept.get(name, {})) for name in ("dates", "units")}
        maps["signs"] = {name: tuple(units) for name, units in kept.get("signs", {}).items()}
        return cls(header=kept.get("header"), decimal=kept.get("decimal"), **maps, **lists)

    def also(self, unchanged: Sequence[str | None]) -> Reading:
        """Return it with more columns whose cells are not converted."""
        return replace(self, unchanged=_union(self.unchanged, (name for name in unchanged if name is not None)))

    def after(self, data: Data, kept: Mapping[str, Any]) -> Reading:
        """Return it for a file of rows for a fitted model: its columns of numbers and of text stay what they are.

        Its columns are converted even if they are carried along.

        Parameters
        ----------
        data : Data
            Of the model.
        kept : mapping
            What `kept` returned for the rows that it was trained on.
        """
        earlier = Reading.of(kept)
        text, numbers = _union(earlier.text, text_columns(data)), tuple(data.column_names("integer", "float"))
        known = data.column_names()
        carried = tuple(name for name in self.unchanged if name not in known)
        before = replace(earlier, text=text)
        no_text = tuple(data.column_names("boolean", "date", "duration", "empty"))
        return replace(self, before=before, numbers=numbers, no_text=no_text, unchanged=carried)


def _check_kept(kept: object) -> None:
    """Raise an error if values of a model file are not what `Reading.kept` returns."""
    if not isinstance(kept, Mapping):
        raise FileFormatError(f"the model file says reading={kept!r}, which is no mapping: train the model again")
    for name, (fits, what) in _KEPT.items():
        if name in kept and not fits(kept[name]):
            raise FileFormatError(
                f"the model file says reading[{name!r}]={kept[name]!r}, which is not {what}: train the model again"
            )
    if kept.get("drop") and kept.get("only"):
        raise FileFormatError(
            f"the model file says reading['drop']={kept['drop']!r} and reading['only']={kept['only']!r}, which exclude "
            "each other: train the model again"
        )


def _are_texts(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value)


def _are_formats(value: object) -> bool:
    return isinstance(value, Mapping) and _are_texts([*value, *value.values()])


def _are_signs(value: object) -> bool:
    if not isinstance(value, Mapping) or not _are_texts([*value]):
        return False
    return all(_are_texts(units) and all(map(is_known, units)) for units in value.values())


def _are_units(value: object) -> bool:
    return isinstance(value, Mapping) and _are_texts([*value]) and all(map(is_known, value.values()))


_KEPT: dict[str, tuple[Callable[[object], bool], str]] = {
    "header": (lambda value: value is None or value is True or value is False, "true or false"),
    "decimal": (lambda value: value in (None, ".", ","), "'.' or ','"),
    "dates": (_are_formats, "a mapping of columns to formats"),
    "units": (_are_units, f"a mapping of columns to units, each one of {', '.join(UNITS)}, or such as kg"),
    "signs": (_are_signs, f"a mapping of columns to lists of units, each one of {', '.join(UNITS)}, or such as kg"),
    **dict.fromkeys(("missing", "text", "drop", "only"), (_are_texts, "a list of texts")),
}
"""What each entry of `Reading.kept` is, by a test and in words."""


def _union(*names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for some in names for name in some))


def _is_encoding(name: str) -> bool:
    try:
        lookup(name)
    except LookupError:
        return False
    return True


def text_columns(data: Data) -> list[str]:
    """Return the columns of fitted data whose categories are all text."""
    named = data.column_names("category")
    fields = {field.name: field for field in data.fields()} if named else {}
    return [name for name in named if all(isinstance(one, str) for one in fields[name].categories)]


class Notes(list[str]):
    """Sentences on what was converted, each once; each is also said as soon as it is known."""

    def __init__(self, say: Say | None = None) -> None:
        super().__init__()
        self._say, self._known = say, dict[object, str]()

    def add(self, text: str, about: object = None) -> None:
        """Add a sentence, unless there is one about the same already."""
        key = text if about is None else about
        if key not in self._known:
            self._known[key] = text
            self.append(text)
            if self._say is not None:
                self._say(text)

    def adopt(self, other: Notes) -> None:
        """Add the sentences of others."""
        for key, text in other._known.items():
            self.add(text, about=key)
