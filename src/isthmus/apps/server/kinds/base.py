"""Requests: how rows of one kind of data stand in requests, in answers and in tensors; and codes, which all have."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import narwhals as nw
import numpy as np

from isthmus.apps.http.refusals import Refused
from isthmus.apps.kinds import adapter
from isthmus.apps.server import schemas
from isthmus.apps.server.cells import quoted
from isthmus.apps.server.schemas import PLAIN, Schema

FORMS = ("rows", "columns", "codes")
WANTED = "either {'rows': [[…], …]} or {'columns': {…}}"
Values = Any
"""Rows as they wait: an array with the rows first, a list of arrays that differ in size, or a dict of columns."""
Shape = tuple[int | None, ...]
"""Of one row; None where the length of an axis is free."""


@dataclass(frozen=True)
class Rows:
    """Rows of one request.

    Attributes
    ----------
    values : ndarray, list of ndarray or dict of str to ndarray
    count : int
    form : str
        In what they came, and their answer goes: ``"lists"``, ``"objects"``, ``"columns"`` or ``"array"``.
    """

    values: Values
    count: int
    form: str


class Requests(ABC):
    """Rows of one kind of data, as requests and answers hold them; an adapter is called with the parameters here.

    Parameters
    ----------
    data : Data
        Fitted.
    fields : sequence of Field
        Those of the data, and those of a condition that stands beside them in the rows.
    named : bool
        Whether what the model was trained on had names.
    """

    batched: ClassVar[bool] = True
    """Whether rows of several requests can be answered at once."""
    together: bool = True
    """Whether rows of requests that wait at the same time are answered by one call of the model."""
    columns: ClassVar[bool] = False
    """Whether a column can be sent by itself."""
    images: ClassVar[bool] = False
    """Whether a row may be sent as an image."""
    sounds: ClassVar[bool] = False
    """Whether a row may be sent as a sound file."""
    key: ClassVar[str] = "rows"
    """Under which key of a document rows stand."""

    @abstractmethod
    def read(self, form: str, rows: Any) -> Rows:
        """Return the rows of a document, which stand there as ``"rows"``, ``"columns"`` or ``"codes"``."""

    @abstractmethod
    def array(self, values: np.ndarray) -> Rows:
        """Return rows that came as an array."""

    def join(self, parts: Sequence[Values], framed: bool) -> Any:
        """Return the rows of several requests as what an estimator takes; `framed`: with names where there are any."""
        return np.concatenate(parts) if len(parts) > 1 else parts[0]

    def image(self, body: bytes, limit: int) -> Rows:
        """Return the one image in a body, which stands for at most `limit` bytes of pixels.

        Raises
        ------
        Refused
            The model takes no images, or this one cannot be read or is of another size.
        """
        raise Refused(415, "this model takes no images: send JSON", "Content-Type")

    def sound(self, body: bytes, limit: int) -> Rows:
        """Return the one recording in a body, which stands for at most `limit` bytes of samples.

        Raises
        ------
        Refused
            The model takes no recordings, or this one cannot be read, or is too long.
        """
        raise Refused(415, "this model takes no recordings: send JSON", "Content-Type")

    def answer(self, rows: Any) -> Any:
        """Return rows that a model made: an array, a list of them where rows differ in size, or ``{column: list}``."""
        return np.asarray(rows)

    def mapped(self, values: Any) -> Any:
        """Return a value of each element of rows: an array, or a list of them where rows differ in size."""
        return np.asarray(values)

    def png(self, rows: Any) -> bytes:
        """Return an answer as one image.

        Raises
        ------
        Refused
            It is none, or there are several.
        """
        raise Refused(406, "this answer is no image: accept application/json", "Accept")

    def wav(self, rows: Any) -> bytes:
        """Return an answer as one sound file.

        Raises
        ------
        Refused
            It is none, or there are several.
        """
        raise Refused(406, "this answer is no sound: accept application/json", "Accept")

    def contributions(self, values: Any) -> Any:
        """Return contributions as they are, or ``{column: list}``."""
        return values

    @abstractmethod
    def inputs(self) -> list[dict[str, Any]]:
        """Return the tensors that rows of the data consist of, as the Open Inference Protocol describes them."""

    def tensors(self, rows: Any) -> list[np.ndarray]:
        """Return rows that a model made, of `answer`, as tensors: one for each of `inputs`."""
        return [np.asarray(rows)]

    @abstractmethod
    def forms(self, limit: int) -> list[tuple[str, Schema]]:
        """Return under which keys at most `limit` rows may stand in a document, and their schemas."""


class Codes(Requests):
    """Codes: vectors, or one for each of several positions.

    Parameters
    ----------
    shape : tuple of int or None
        Of the code of one row; None where there may be any number of positions.
    """

    key = "codes"

    def __init__(self, shape: Shape) -> None:
        self.shape, self.together = shape, None not in shape

    def answer(self, rows: Any) -> Any:
        """Return codes that a model made, with their positions: an array, or a list of them."""
        return np.reshape(rows, (len(rows), *self.shape)) if self.together else rows

    def read(self, form: str, rows: Any) -> Rows:
        """Return the codes of a document."""
        codes = listed_rows("z", self.shape, self.key, form, rows)
        if None in self.shape and len({code.shape for code in codes.values}) > 1:
            raise Refused(422, "z: the codes differ in their number of positions: decode each size by itself", self.key)
        return codes

    def array(self, values: np.ndarray) -> Rows:
        """Return codes that came as an array; a single one may come without its axis."""
        return array_rows("z", self.shape, self.key, values)

    def inputs(self) -> list[dict[str, Any]]:
        """Return the tensor of codes."""
        return [tensor("z", "FP64", *self.shape)]

    def forms(self, limit: int) -> list[tuple[str, Schema]]:
        """Return the schema of codes: where positions are free, all of a request have as many."""
        return [(self.key, schemas.rows(schemas.array(PLAIN, self.shape), limit))]


def requests_of(data: object, fields: Sequence[Any], named: bool) -> Requests:
    """Return how rows of a fitted Data stand in requests; `fields`: its own, and what a condition adds.

    Raises
    ------
    InputError
        The server cannot show this kind of data yet.
    """
    requests: Requests = adapter("server", data)(data, fields, named)
    return requests


# -- what kinds share ------------------------------------------------------------------------------------------------


def listed_rows(name: str, shape: Shape, key: str, form: str, rows: Any, bytes: bool = False) -> Rows:
    """Return rows of a shape that a document holds as nested lists."""
    if form == "columns":
        raise Refused(422, f"these rows have no columns: send {{'rows': …}}, each of shape {spelled(shape)}", form)
    try:
        values = np.array(rows)
    except (ValueError, OverflowError) as error:
        if None in shape and len(rows) > 1:
            return _mixed_rows(name, shape, key, form, rows, bytes)
        message = f"{name}: the rows differ in shape; expected {spelled(shape)} of each"
        raise Refused(422, message, key) from error
    if values.dtype.kind not in "fiub":
        values = np.array(rows, dtype=object)
        wrong = next((cell for cell in values.flat if not isinstance(cell, (int, float))), values.flat[0])
        raise Refused(422, f"{name}: {quoted(wrong)} among rows of numbers of shape {spelled(shape)}", key)
    return Rows(_numbers(name, shape, key, values, bytes), len(values), "lists")


def _mixed_rows(name: str, shape: Shape, key: str, form: str, rows: list[Any], bytes: bool) -> Rows:
    """Return rows that differ in size."""
    parts = [listed_rows(name, shape, key, form, [row], bytes) for row in rows]
    return Rows([part.values[0] for part in parts], len(parts), "lists")


def array_rows(name: str, shape: Shape, key: str, values: np.ndarray, bytes: bool = False) -> Rows:
    """Return rows of a shape that came as an array, a single one perhaps without its axis.

    `bytes`: whole numbers count from 0 to 255.
    """
    values = values[None] if fits(values.shape, shape) else values
    return Rows(_numbers(name, shape, key, values, bytes), len(values), "array")


def _numbers(name: str, shape: Shape, key: str, values: np.ndarray, bytes: bool) -> np.ndarray:
    """Return rows of a shape as float32."""
    if not fits(values.shape[1:], shape) or not len(values):
        raise Refused(422, f"{name} of shape {values.shape}; expected {spelled(('n', *shape))}", key)
    if bytes and values.dtype.kind in "iu":
        if values.min() < 0 or values.max() > 255:
            raise Refused(422, f"{name}: whole numbers count from 0 to 255, but one is {values.max()}", key)
        values = values.astype(np.float32) / np.float32(255)
    with np.errstate(over="ignore"):  # what overflows is refused as infinite
        return values.astype(np.float32)


def fits(lengths: Sequence[int], shape: Shape) -> bool:
    """Tell whether a row has a shape; an axis whose length is free is not empty."""
    return len(lengths) == len(shape) and all(
        length > 0 if wanted is None else length == wanted for length, wanted in zip(lengths, shape, strict=True)
    )


def spelled(shape: Sequence[int | str | None]) -> str:
    """Return a shape as messages have it.

    Examples
    --------
    >>> spelled((None, None, 3))
    '(any, any, 3)'
    """
    lengths = ["any" if length is None else str(length) for length in shape]
    return f"({lengths[0]},)" if len(lengths) == 1 else f"({', '.join(lengths)})"


def rows_of(layout: Requests, document: dict[str, Any], limit: int) -> Rows:
    """Return the rows of a document.

    Raises
    ------
    Refused
        It holds none, too many, or what the model does not take; the message names the key.
    """
    forms = [form for form in FORMS if form in document]
    if len(forms) != 1 or (forms == ["codes"]) != (layout.key == "codes"):
        wanted = "{'codes': [[…], …]}" if layout.key == "codes" else WANTED
        raise Refused(422, f"send {wanted}", forms[0] if forms else "rows")
    form, content = forms[0], document[forms[0]]
    kind = dict if form == "columns" else list
    if not isinstance(content, kind) or not content:
        raise Refused(
            422,
            f"{form!r} is {quoted(content)}; expected {'a list' if kind is list else 'an object'} that is not empty",
            form,
        )
    columns: Iterable[Any] = content.values() if isinstance(content, dict) else [content]
    for cells in columns:
        if not isinstance(cells, list) or not cells:
            raise Refused(422, f"a column is {quoted(cells)}; expected a list that is not empty", form)
        check_count(len(cells), limit)
    return layout.read(form, content)


def check_count(count: int, limit: int) -> None:
    """Refuse too many rows."""
    if count > limit:
        raise Refused(413, f"{count:,} rows, but at most {limit:,} are taken at a time: send them in pieces", "rows")


def columns_of(rows: list[Any]) -> dict[str, list[Any]]:
    """Return rows with names as columns."""
    names = list(rows[0])
    for at, row in enumerate(rows):
        if not isinstance(row, dict) or row.keys() != rows[0].keys():
            raise Refused(422, f"row {at} is {quoted(row)}: all rows must have the names of the first, {names}", "rows")
    if not names:
        raise Refused(422, "row 0 has no values", "rows")
    return {name: [row[name] for row in rows] for name in names}


def frame(values: Any, names: list[str]) -> Any:
    """Return columns as a DataFrame."""
    import pandas

    return pandas.DataFrame(values, columns=names)


def lists_of(rows: Any) -> dict[str, list[Any]] | None:
    """Return the columns of a DataFrame as lists; None where it is none."""
    if not nw.dependencies.is_into_dataframe(rows):
        return None
    return {str(c.name): c.to_list() for c in nw.from_native(rows, eager_only=True).iter_columns()}


def tensor(name: str, datatype: str, *shape: int | None) -> dict[str, Any]:
    """Return a tensor of any number of rows as the Open Inference Protocol describes it; None: of any length."""
    lengths = [-1 if length is None else length for length in shape]
    return {"name": name, "datatype": datatype, "shape": [-1, *lengths]}
