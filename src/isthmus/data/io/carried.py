"""Columns that are carried along: numbers only where their text comes back exactly, else text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isthmus.data.io.conversions import Conversion, Text
from isthmus.data.io.decide import Open
from isthmus.data.io.distinct import texts_of
from isthmus.support.errors import extra

if TYPE_CHECKING:
    import pandas
    import pyarrow

_FORMS = {
    "int64": "^(0|-?[1-9]\\d{0,17})$",
    "double": "^-?(0|[1-9]\\d{0,14})\\.\\d{1,17}$",
    "bool": "^(?i:true|false)$",
}
"""What cells look like that can be of an Arrow type without a loss; truth values are these in any spelling."""


def carried(name: str, column: pandas.Series) -> Conversion | Open:
    """Return what the cells of a piece can be without a loss: Arrow types, which other pieces confirm, or text."""
    kinds = _kinds(texts_of(column))
    return Open(kinds=kinds) if kinds else Text(name)


def _kinds(texts: pyarrow.Array) -> frozenset[str]:
    compute = extra("pyarrow.compute", "tables")
    known = compute.unique(texts).drop_null()
    if not len(known):
        return frozenset({"double"})
    fit = (kind for kind, form in _FORMS.items() if compute.all(compute.match_substring_regex(known, form)).as_py())
    kind = next(fit, None)
    exact = kind != "double" or all(str(float(text)) == text for text in known.to_pylist())
    gaps = texts.null_count > 0 and kind != "double"  # whole numbers and truth values have none
    return frozenset({kind}) if kind is not None and exact and not gaps else frozenset()
