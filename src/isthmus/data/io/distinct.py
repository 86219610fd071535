"""Distinct: the texts of a column, each once, so that each is looked at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.support.errors import extra

if TYPE_CHECKING:
    import pandas

GAPS = (
    *("", "?", "#N/A", "#N/A N/A", "#NA", "#NV", "#N/D", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "\\N", "n/a", "nan", "null"),
)
"""Cells that are missing, whatever else their column holds."""

MARKERS = frozenset(
    {
        *(gap.lower() for gap in GAPS if gap),
        *("-", "--", "---", "–", "—", ".", "..", "...", "*", "/", "n.a.", "n. a.", "n.a", "k.a.", "nil", "missing"),
        *("unknown", "no data", "nodata", "not available", "not a number", "(null)", "nat"),
        *("#div/0!", "#value!", "#ref!", "#num!", "#name?", "#null!"),
        *("#n/v", "#nd", "#wert!", "#bezug!", "#valeur!", "#valor!", "#valore!"),
    }
)
"""Cells that stand for a missing number or date, in small letters; in a column of text they are text."""


def texts_of(column: pandas.Series) -> Any:
    """Return a column of text and missing cells as an Arrow array."""
    array = _arrow(column)
    return array.combine_chunks() if isinstance(array, extra("pyarrow", "tables").ChunkedArray) else array


def chunks_of(column: pandas.Series) -> list[Any]:
    """Return a column of text and missing cells as Arrow arrays, one after the other."""
    chunks: list[Any] = extra("pyarrow", "tables").table({"texts": _arrow(column)})["texts"].chunks
    return chunks


def _arrow(column: pandas.Series) -> Any:
    arrow = extra("pyarrow", "tables")
    return arrow.array(column, type=arrow.string(), from_pandas=True)


def begins_with_space(column: pandas.Series) -> bool:
    """Tell whether a cell of a column of text begins with a space."""
    compute = extra("pyarrow.compute", "tables")
    return bool(compute.any(compute.starts_with(_arrow(column), " ")).as_py())


def first_padded(column: pandas.Series, length: int) -> tuple[int, str] | None:
    """Return the first row of a column of text that is a whole number of a length with zeros in front, and its text."""
    compute, texts = extra("pyarrow.compute", "tables"), texts_of(column)
    padded = compute.and_(
        compute.match_substring_regex(texts, f"^0[0-9]{{{length - 1}}}$"), compute.match_substring_regex(texts, "[1-9]")
    )
    row = compute.index(padded, True).as_py()
    return None if row < 0 else (row, texts[row].as_py())


@dataclass(frozen=True)
class Distinct:
    """The texts of a column.

    Attributes
    ----------
    texts : Arrow array of n strings
        Without spaces around them.
    codes : int64 array
        For each row the index of its text; -1 where the cell is missing.
    """

    texts: Any
    codes: np.ndarray

    @classmethod
    def of(cls, column: pandas.Series) -> Distinct:
        """Return the distinct texts of a column of text and missing cells."""
        compute = extra("pyarrow.compute", "tables")
        encoded = texts_of(column).dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        return cls(compute.utf8_trim_whitespace(encoded.dictionary), codes)

    @cached_property
    def counts(self) -> np.ndarray:
        """How often each text occurs."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))

    @cached_property
    def gaps(self) -> np.ndarray:
        """Whether each text is a marker of missing cells."""
        arrow, compute = extra("pyarrow", "tables"), extra("pyarrow.compute", "tables")
        markers = compute.is_in(compute.ascii_lower(self.texts), arrow.array(["", *MARKERS]))
        return np.asarray(markers.to_numpy(zero_copy_only=False), dtype=bool)

    def some(self, mask: np.ndarray) -> Any:
        """Return the texts of a mask, the most frequent first."""
        order = np.argsort(-self.counts[mask], kind="stable")
        return self.texts.filter(extra("pyarrow", "tables").array(mask)).take(order)

    def weight(self, mask: np.ndarray) -> int:
        """Return how many cells have a text of a mask."""
        return int(self.counts[mask].sum())

    def first(self, mask: np.ndarray) -> tuple[int, str]:
        """Return the first row whose text is in a mask, and the text."""
        row = int(np.argmax(mask[self.codes] & (self.codes >= 0)))
        return row, self.texts[int(self.codes[row])].as_py()

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Return the value of each row; NaN where the cell is missing."""
        return np.append(values, np.nan)[self.codes]
