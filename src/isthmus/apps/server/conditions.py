"""Conditions in requests: labels or columns that come with the rows for a model with a condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from isthmus.apps.http.refusals import Refused
from isthmus.apps.server.kinds.base import Values
from isthmus.apps.server.kinds.table import TableRequests

CONDITION = "condition"
"""The name of the labels, and the field of a request that holds the condition."""


class ConditionRequests:
    """Reads the condition of rows from requests.

    Parameters
    ----------
    condition : Condition or None
        The condition of a fitted Autoencoder.
    """

    def __init__(self, condition: Any) -> None:
        fields = [] if condition is None else condition.table.fields()
        self.labelled = condition is not None and condition.names == "y"
        self.fields = [replace(field, name=CONDITION) for field in fields] if self.labelled else fields
        self.table = TableRequests(None, self.fields, named=not self.labelled)

    @property
    def columns(self) -> list[Any]:
        """Fields that are columns of the rows in a request."""
        return [] if self.labelled else self.fields

    def wanted(self, operation: str) -> bool:
        """Tell if an operation needs the condition beside the rows: labels always, columns if it has no rows."""
        return self.labelled or (bool(self.fields) and operation in ("decode", "sample"))

    def read(self, operation: str, condition: object, count: int | None) -> Values | None:
        """Return the condition in a request: a label for all rows or one per row, or an object of columns.

        Parameters
        ----------
        operation : str
        condition : Any
            As in the request; None if there is none.
        count : int or None
            Number of rows for which to repeat it; None if only the model knows it.

        Raises
        ------
        Refused
            The operation takes no condition or another one, or the number of rows differs.
        """
        names = [field.name for field in self.fields]
        if not self.wanted(operation):
            if condition is not None:
                why = f"{names}: the condition is part of the rows" if names else "the model was trained without one"
                raise Refused(422, why, CONDITION)
            return None
        columns = {CONDITION: condition} if self.labelled else condition
        if condition is None or not isinstance(columns, dict):
            wanted = "a label, or a list with one for each row" if self.labelled else f"an object with {names}"
            raise Refused(422, f"the model needs a condition: {wanted}", CONDITION)
        lists = {name: cells if isinstance(cells, list | np.ndarray) else [cells] for name, cells in columns.items()}
        if self.labelled and None in lists[CONDITION]:
            raise Refused(422, "null is not a label", CONDITION)
        read = self.table.read("columns", lists)
        if count is None:
            return read.values
        if read.count not in (1, count):
            message = f"{read.count} conditions for {count} rows: give one for each, or one for all"
            raise Refused(422, message, CONDITION)
        return _repeated(read.values, count // read.count)

    def join(self, parts: Sequence[Values | None]) -> Any:
        """Return the conditions of several requests, joined for an estimator."""
        return None if parts[0] is None else self.table.join(parts, True)


def _repeated(values: Values, times: int) -> Values:
    if isinstance(values, dict):
        return {name: _repeated(cells, times) for name, cells in values.items()}
    return np.repeat(values, times, 0)
