"""A kind of data that isthmus does not have, with all that the apps ask of it: angles in degrees."""

import math

import numpy as np
import torch

from isthmus import InputError
from isthmus.apps.cli.kinds.base import Files
from isthmus.apps.explorer.kinds.base import Kind, Number
from isthmus.apps.export.kinds.base import Adapter
from isthmus.apps.export.ports import Port
from isthmus.apps.report.blocks import Bar, Bars, Cell, Table
from isthmus.apps.report.kinds.base import Rows, picked_rows, take
from isthmus.apps.server import schemas
from isthmus.apps.server.kinds.base import Requests, array_rows, listed_rows, tensor
from isthmus.core.data import Data, Defaults, Field
from isthmus.core.part import lookup, part
from isthmus.core.records import Batch

# -- its own room ----------------------------------------------------------------------------------------------------


@part("data/angles")
class Angles(Data):
    """Angles in degrees, (n,); the model sees their cosine and sine."""

    def __init__(self, known: bool = False) -> None:
        super().__init__()
        self.known, self.shape = known, (2,)

    @property
    def fitted(self):
        return self.known

    @property
    def summary(self):
        return "angles in degrees"

    def learn(self, chunks):
        for chunk in chunks:
            self.read(chunk)
        return Angles(True)

    def read(self, X):
        degrees = np.asarray(X, dtype=np.float64)
        if degrees.ndim != 1:
            raise InputError(f"angles of shape {degrees.shape}; expected (n,)")
        return {"degrees": torch.from_numpy(degrees)}

    def write(self, columns, like=None):
        return columns["degrees"].numpy()

    def forward(self, columns):
        radians = columns["degrees"] * (math.pi / 180)
        x = torch.stack([radians.cos(), radians.sin()], 1).float()
        return Batch(x, x)

    def invert(self, mean):
        return {"degrees": torch.atan2(mean[:, 1], mean[:, 0]).double() * (180 / math.pi)}

    def per_feature(self, error):
        return error.sum(1, keepdim=True)

    def feature_names(self):
        return ["degrees"]

    def fields(self):
        return [Field("degrees", "float")]

    def defaults(self):
        return Defaults(lookup("net/linear")(), lookup("likelihood/squared")())


# -- its adapters ----------------------------------------------------------------------------------------------------


class AngleFiles(Files):
    noun = "angles"

    def takes(self, X):
        return getattr(X, "ndim", 2) == 1

    def about(self, rows):
        return {"angles": len(rows.X)}, {"angles": f"  {len(rows.X)}"}

    def detect(self, detector, wish, span, output, explain, plot):
        raise NotImplementedError


class AngleKind(Kind):
    name = key = "degrees"
    accepts = Number

    def __init__(self, data):
        self.data = data

    def values(self, columns):
        return [{"degrees": angle} for angle in columns["degrees"].tolist()]

    def packed(self, columns):
        return {"degrees": columns["degrees"].tolist()}

    def layout(self):
        return {"kind": self.name}

    def contributions(self, located):
        return {"degrees": located.item()}

    def contributors(self, located, count):
        return [{"name": "degrees", "fraction": 1.0}]

    def read(self, value):
        return {"degrees": torch.tensor([value], dtype=torch.float64)}

    def corrupted(self, columns, noise, erase, deviation, random):
        return columns

    def flat(self, columns):
        return {"degrees": columns["degrees"].tolist()}


class AngleRows(Rows):
    def __init__(self, data, X):
        self.data = data

    @classmethod
    def pick(cls, data, X):
        return picked_rows(data, X)

    def versions(self, versions, errors):
        columns = [[Cell(f"{angle:.0f}°") for angle in angles[:3]] for angles in versions.values()]
        return [Table(list(versions), [list(row) for row in zip(*columns, strict=True)])]

    def extreme(self, title, versions, errors):
        return self.versions(versions, errors)

    def grid(self, rows, across, what, caption="", names=()):
        return Table(["angle"], [[Cell(f"{angle:.0f}°")] for angle in rows], what)

    def code_unit(self, name, below, above, walk, steps):
        return [self.grid(walk, len(steps), name)]

    def examples(self, name, rows, activations, walk):
        return self.grid(rows, len(rows), name)

    def by_feature(self, errors):
        return [Bars([Bar("degrees", 1.0, f"{errors[0]:.3g}")])]

    def abnormal(self, scoring, reconstruct):
        return [self.grid(take(scoring.X, scoring.worst(3)), 3, "the most abnormal angles")]


class AngleRequests(Requests):
    def __init__(self, data, fields, named):
        pass

    def read(self, form, given):
        return listed_rows("degrees", (), "rows", form, given)

    def array(self, found):
        return array_rows("degrees", (), "rows", found)

    def inputs(self):
        return [tensor("degrees", "FP64")]

    def forms(self, most):
        return [("rows", schemas.rows({"type": "number"}, most))]


class AnglePorts(Adapter):
    keys = frozenset({"degrees"})

    def __init__(self, data):
        super().__init__()
        self.inputs = self.outputs = [
            Port("degrees", "float", "float64", spread=180.0, low=-90.0, high=90.0, gaps=False)
        ]

    def read(self, tensors):
        return {"degrees": tensors[0]}

    def write(self, columns):
        return [columns["degrees"]]


LINE = {
    "data/angles": {
        "cli": f"{__name__}:AngleFiles",
        "explorer": f"{__name__}:AngleKind",
        "report": f"{__name__}:AngleRows",
        "server": f"{__name__}:AngleRequests",
        "export": f"{__name__}:AnglePorts",
    }
}
"""The one line of the table of adapters."""
