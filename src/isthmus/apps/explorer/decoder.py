"""Decoder: what a page needs to decode codes without a server."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from isthmus.apps.explorer.view import View
from isthmus.apps.export.page.steps import DecoderProgram
from isthmus.apps.export.page.tape import Untranslatable

TESTED = 4
"""Codes that a page can check itself by."""


class FromCode(nn.Module):
    """From a code to x̂.

    Parameters
    ----------
    decode : nn.Module
        The graph of an estimator.
    condition : dict of Tensor
        What codes are decoded under.
    """

    def __init__(self, decode: nn.Module, condition: dict[str, Tensor]) -> None:
        super().__init__()
        self.decode, self.condition = decode, condition

    def forward(self, z: Tensor) -> Tensor:
        """Return x̂."""
        decode: Any = self.decode
        condition = {name: tensor.expand(len(z), -1) for name, tensor in self.condition.items()}
        x: Tensor = decode.model.likelihood.mean(decode.decoded({"z": z, **condition}))
        return x


def decoder(view: View) -> dict[str, Any] | None:
    """Return the decoder of a model as JSON; None where it cannot be written in plain steps."""
    if not view.decodes:
        return None
    module = FromCode(view.graphs["decode"], view.condition).eval()
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
        "value": view.kind.layout(),
        "test": {"z": codes.tolist(), "x": x.tolist(), "values": view.kind.plain(view.decoded(codes))},
    }
