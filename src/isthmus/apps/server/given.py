"""Given: what stands beside rows for a model with a condition, labels or columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from isthmus.apps.http.refusals import Refused
from isthmus.apps.server.kinds.base import Values
from isthmus.apps.server.kinds.table import TableRequests

CONDITION = "condition"
"""What labels are called, and where a document has what is given."""


class Given:
    """What a model is given beside its rows.

    Parameters
    ----------
    condition : Condition or None
        Of a fitted Autoencoder.
    """

    def __init__(self, condition: Any) -> None:
        fields = [] if condition is None else condition.table.fields()
        self.labelled = condition is not None and condition.names == "y"
        self.fields = [replace(field, name=CONDITION) for field in fields] if self.labelled else fields
        self.table = TableRequests(None, self.fields, named=not self.labelled)

    @property
    def columns(self) -> list[Any]:
        """Fields that stand in the rows of a request, where it has rows."""
        return [] if self.labelled else self.fields

    def wanted(self, operation: str) -> bool:
        """Tell whether an operation wants it beside the rows: labels always, columns where there are no rows."""
        return self.labelled or (bool(self.fields) and operation in ("decode", "sample"))

    def read(self, operation: str, given: Any, count: int | None) -> Values | None:
        """Return what is given: a label or one for each row, or an object of columns.

        Parameters
        ----------
        operation : str
        given : Any
            As the request has it; None: nothing.
        count : int or None
            Rows for which it is repeated; None: only the model knows.

        Raises
        ------
        Refused
            The operation takes none, takes another, or has another number of rows.
        """
        names = [field.name for field in self.fields]
        if not self.wanted(operation):
            if given is not None:
                why = f"{names}: the condition stands in the rows" if names else "the model was trained without one"
                raise Refused(422, why, CONDITION)
            return None
        columns = {CONDITION: given} if self.labelled else given
        if given is None or not isinstance(columns, dict):
            wanted = "a label, or a list with one for each row" if self.labelled else f"an object with {names}"
            raise Refused(422, f"the model wants a condition: {wanted}", CONDITION)
        lists = {name: cells if isinstance(cells, list | np.ndarray) else [cells] for name, cells in columns.items()}
        if self.labelled and None in lists[CONDITION]:
            raise Refused(422, "null is no label", CONDITION)
        read = self.table.read("columns", lists)
        if count is None:
            return read.values
        if read.count not in (1, count):
            message = f"{read.count} given, but there are {count} rows: one for each, or one for all"
            raise Refused(422, message, CONDITION)
        return _repeated(read.values, count // read.count)

    def join(self, parts: Sequence[Values | None]) -> Any:
        """Return what several requests gave as an estimator takes it."""
        return None if parts[0] is None else self.table.join(parts, True)


def _repeated(values: Values, times: int) -> Values:
    if isinstance(values, dict):
        return {name: _repeated(cells, times) for name, cells in values.items()}
    return np.repeat(values, times, 0)
