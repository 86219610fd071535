"""Decoder: what a page needs to decode codes by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from isthmus.apps.explorer.view import View
from isthmus.apps.export.page.steps import DecoderProgram
from isthmus.apps.export.page.tape import Untranslatable
from isthmus.data.tables import bins

TESTED = 4
"""Codes that a page can check itself by."""


class Rebuilt(nn.Module):
    """From a code to x̂.

    Parameters
    ----------
    decode : nn.Module
        The graph of an estimator.
    given : dict of Tensor
        What stands beside the code.
    """

    def __init__(self, decode: nn.Module, given: dict[str, Tensor]) -> None:
        super().__init__()
        self.decode, self.given = decode, given

    def forward(self, z: Tensor) -> Tensor:
        """Return x̂."""
        decode: Any = self.decode
        given = {name: tensor.expand(len(z), -1) for name, tensor in self.given.items()}
        x: Tensor = decode.model.likelihood.mean(decode.decoded({"z": z, **given}))
        return x


def decoder(view: View) -> dict[str, Any] | None:
    """Return the decoder of a model as JSON; None where it cannot be told in plain steps."""
    if not view.decodes:
        return None
    module = Rebuilt(view.graphs["decode"], view.given).eval()
    try:
        steps = DecoderProgram(module, view.latent_dim)
    except Untranslatable:
        return None
    random = np.random.default_rng(0).normal(size=(TESTED, view.latent_dim))
    codes = (view.codes.mean(0) + random * view.codes.std(0)).astype(np.float32)
    with torch.inference_mode():
        x = module(torch.from_numpy(codes)).flatten(1)
    return {
        "input": view.latent_dim,
        "ops": steps.ops,
        "result": steps.result.at,
        "value": VALUES[view.kind.name](view.ae.data_),
        "test": {"z": codes.tolist(), "x": x.tolist(), "values": view.kind.plain(view.decoded(codes))},
    }


def _pixels(data: Any) -> dict[str, Any]:
    channels, height, width = data.shape
    return {"kind": "pixels", "height": height, "width": width, "channels": channels}


def _signal(data: Any) -> dict[str, Any]:
    channels, window = data.shape
    scale, offset = data.divisor.flatten().tolist(), data.offset.flatten().tolist()
    return {"kind": "signal", "channels": channels, "window": window, "scale": scale, "offset": offset}


def _table(data: Any) -> dict[str, Any]:
    """Return where each column of a table is in x̂, and how its cells are told from it."""
    schema = data.schema
    columns: dict[int, dict[str, Any]] = {}
    for at, place in enumerate(schema.numbers):
        kind = schema.kinds[place]
        empty = kind == "empty"
        columns[place] = {"kind": kind} if empty else {"kind": kind, "at": at, **_scale(data.scaler, at)}
    start = len(schema.numbers) + len(data.gapped)
    for place, known in zip(schema.places("category"), schema.categories, strict=True):
        shown = [name if isinstance(name, (str, int, float, bool)) else str(name) for name in known]
        columns[place] = {"kind": "category", "start": start, "stop": start + len(known), "categories": shown}
        start += len(known) + 1  # and one for those that were not learnt
    return {"kind": "table", "columns": [columns[place] for place in sorted(columns)]}


def _scale(scaler: Any, at: int) -> dict[str, Any]:
    """Return how a number is told from its place in x̂."""
    if not isinstance(scaler, bins.Bins):
        return {"scale": float(scaler.divisor[at]), "offset": float(scaler.offset[at])}
    if at >= len(scaler.count):
        return {"scale": 1.0, "offset": 0.0}
    count = int(scaler.count[at])
    units = [None if unit != unit else unit for unit in scaler.unit[at, :count].tolist()]
    knots = scaler.knots[at, :count].tolist()
    return {"bins": {"count": count, "rim": bins.RIM, "parts": bins.PARTS, "knots": knots, "units": units}}


VALUES = {"pixels": _pixels, "signal": _signal, "table": _table}
"""How x̂ becomes what an example looks like, by the kind of data."""
