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
from isthmus.apps.server.cells import shown
from isthmus.apps.server.schemas import PLAIN, Schema

FORMS = ("rows", "columns", "codes")
WANTED = "either {'rows': [[…], …]} or {'columns': {…}}"
Values = Any
"""Rows as they wait: an array with the rows first, or a dict of columns."""


@dataclass(frozen=True)
class Rows:
    """Rows of one request.

    Attributes
    ----------
    values : ndarray or dict of str to ndarray
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
    columns: ClassVar[bool] = False
    """Whether a column can be sent by itself."""
    pictures: ClassVar[bool] = False
    """Whether a row may be sent as a picture."""
    place: ClassVar[str] = "rows"
    """Under which key of a document rows stand."""

    @abstractmethod
    def read(self, form: str, given: Any) -> Rows:
        """Return the rows of a document, which stand there as ``"rows"``, ``"columns"`` or ``"codes"``."""

    @abstractmethod
    def array(self, found: np.ndarray) -> Rows:
        """Return rows that came as an array."""

    def join(self, parts: Sequence[Values], framed: bool) -> Any:
        """Return the rows of several requests as what an estimator takes; `framed`: with names where there are any."""
        return np.concatenate(parts)

    def picture(self, body: bytes) -> Rows:
        """Return the one picture in a body.

        Raises
        ------
        Refused
            The model takes no pictures, or this one cannot be read or is of another size.
        """
        raise Refused(415, "this model takes no pictures: send JSON", "Content-Type")

    def answer(self, found: Any) -> Any:
        """Return rows that a model made: an array, or ``{column: list}``."""
        return np.asarray(found)

    def png(self, found: Any) -> bytes:
        """Return an answer as one picture.

        Raises
        ------
        Refused
            It is none, or there are several.
        """
        raise Refused(406, "this answer is no picture: accept application/json", "Accept")

    def contributions(self, found: np.ndarray) -> Any:
        """Return contributions as they are, or ``{column: list}``."""
        return found

    @abstractmethod
    def inputs(self) -> list[dict[str, Any]]:
        """Return the tensors that rows of the data consist of, as the Open Inference Protocol describes them."""

    def tensors(self, found: Any) -> list[np.ndarray]:
        """Return rows that a model made, of `answer`, as tensors: one for each of `inputs`."""
        return [np.asarray(found)]

    @abstractmethod
    def forms(self, most: int) -> list[tuple[str, Schema]]:
        """Return under which keys at most so many rows may stand in a document, and their schemas."""


class Codes(Requests):
    """Codes of so many numbers."""

    place = "codes"

    def __init__(self, width: int) -> None:
        self.shape = (width,)

    def read(self, form: str, given: Any) -> Rows:
        """Return the codes of a document."""
        return listed_rows("z", self.shape, self.place, form, given)

    def array(self, found: np.ndarray) -> Rows:
        """Return codes that came as an array; a single one may come without its axis."""
        return array_rows("z", self.shape, self.place, found)

    def inputs(self) -> list[dict[str, Any]]:
        """Return the tensor of codes."""
        return [tensor("z", "FP64", *self.shape)]

    def forms(self, most: int) -> list[tuple[str, Schema]]:
        """Return the schema of codes."""
        return [(self.place, schemas.rows(schemas.array(PLAIN, self.shape), most))]


def requests_of(data: object, fields: Sequence[Any], named: bool) -> Requests:
    """Return how rows of a fitted Data stand in requests; `fields`: its own, and what is given beside.

    Raises
    ------
    InputError
        The server cannot show this kind of data yet.
    """
    found: Requests = adapter("server", data)(data, fields, named)
    return found


# -- what kinds share ------------------------------------------------------------------------------------------------


def listed_rows(name: str, shape: tuple[int, ...], place: str, form: str, given: Any, bytes: bool = False) -> Rows:
    """Return rows of one shape that a document holds as nested lists."""
    if form == "columns":
        raise Refused(422, f"these rows have no columns: send {{'rows': …}}, each of shape {shape}", form)
    try:
        found = np.array(given)
    except (ValueError, OverflowError) as error:
        raise Refused(422, f"{name}: the rows differ in shape; expected {shape} of each", place) from error
    if found.dtype.kind not in "fiub":
        found = np.array(given, dtype=object)
        wrong = next((cell for cell in found.flat if not isinstance(cell, (int, float))), found.flat[0])
        raise Refused(422, f"{name}: {shown(wrong)} among rows of numbers of shape {shape}", place)
    return Rows(array_rows(name, shape, place, found, bytes).values, len(found), "lists")


def array_rows(name: str, shape: tuple[int, ...], place: str, found: np.ndarray, bytes: bool = False) -> Rows:
    """Return rows of one shape that came as an array; `bytes`: whole numbers count from 0 to 255."""
    found = found[None] if found.shape == shape else found
    if found.shape[1:] != shape or not len(found):
        wanted = ", ".join(map(str, ("n", *shape)))
        raise Refused(422, f"{name} of shape {found.shape}; expected ({wanted})", place)
    if bytes and found.dtype.kind in "iu":
        if found.min() < 0 or found.max() > 255:
            raise Refused(422, f"{name}: whole numbers count from 0 to 255, but one is {found.max()}", place)
        found = found.astype(np.float32) / np.float32(255)
    with np.errstate(over="ignore"):  # what overflows is refused as infinite
        return Rows(found.astype(np.float32), len(found), "array")


def rows_of(layout: Requests, document: dict[str, Any], most: int) -> Rows:
    """Return the rows of a document.

    Raises
    ------
    Refused
        It holds none, too many, or what the model does not take; the message names the place.
    """
    forms = [form for form in FORMS if form in document]
    if len(forms) != 1 or (forms == ["codes"]) != (layout.place == "codes"):
        wanted = "{'codes': [[…], …]}" if layout.place == "codes" else WANTED
        raise Refused(422, f"send {wanted}", forms[0] if forms else "rows")
    form, given = forms[0], document[forms[0]]
    kind = dict if form == "columns" else list
    if not isinstance(given, kind) or not given:
        raise Refused(
            422,
            f"{form!r} is {shown(given)}; expected {'a list' if kind is list else 'an object'} that is not empty",
            form,
        )
    cells: Iterable[Any] = given.values() if isinstance(given, dict) else [given]
    for held in cells:
        if not isinstance(held, list) or not held:
            raise Refused(422, f"a column is {shown(held)}; expected a list that is not empty", form)
        check_count(len(held), most)
    return layout.read(form, given)


def check_count(count: int, most: int) -> None:
    """Refuse too many rows."""
    if count > most:
        raise Refused(413, f"{count:,} rows, but at most {most:,} are taken at a time: send them in pieces", "rows")


def columns_of(rows: list[Any]) -> dict[str, list[Any]]:
    """Return rows with names as columns."""
    names = list(rows[0])
    for at, row in enumerate(rows):
        if not isinstance(row, dict) or row.keys() != rows[0].keys():
            raise Refused(422, f"row {at} is {shown(row)}: all rows must have the names of the first, {names}", "rows")
    if not names:
        raise Refused(422, "row 0 has no values", "rows")
    return {name: [row[name] for row in rows] for name in names}


def frame(values: Any, names: list[str]) -> Any:
    """Return columns as a DataFrame."""
    import pandas

    return pandas.DataFrame(values, columns=names)


def lists_of(found: Any) -> dict[str, list[Any]] | None:
    """Return the columns of a DataFrame as lists; None where it is none."""
    if not nw.dependencies.is_into_dataframe(found):
        return None
    return {str(c.name): c.to_list() for c in nw.from_native(found, eager_only=True).iter_columns()}


def tensor(name: str, datatype: str, *shape: int) -> dict[str, Any]:
    """Return a tensor of any number of rows as the Open Inference Protocol describes it."""
    return {"name": name, "datatype": datatype, "shape": [-1, *shape]}
