"""The page as one file that works from disk: its script, the examples, and decoders in plain steps."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch

from isthmus import InputError
from isthmus.apps.explorer.api import answers
from isthmus.apps.explorer.api.app import STATIC, finite
from isthmus.apps.explorer.colours import Colour
from isthmus.apps.explorer.decoder import decoder
from isthmus.apps.explorer.session import Session
from isthmus.apps.explorer.view import View
from isthmus.apps.export.page.tape import packed
from isthmus.support.atomic import atomic

DRAWS = 20_000
"""Codes that a prior of no simple form is described by."""

OTHER = "the decoder of this model cannot be written in the steps that a page without a server computes"
"""Why a page cannot decode although the model can."""

POLICY = (
    "default-src 'none'; img-src data: blob:; media-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:; connect-src data: blob:; "
    "font-src data:; base-uri 'none'; form-action 'none'"
)


def write(session: Session, path: str | os.PathLike[str]) -> None:
    """Write the page, whole or not at all.

    Raises
    ------
    InputError
        The path cannot be written.
    """
    text = html(session)
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def html(session: Session) -> str:
    """Return the page as one HTML document that needs nothing else."""
    page = STATIC / "index.html"
    if not page.exists():
        raise InputError("the page of the explorer was not built: install isthmus from a release, or build it first")
    text = _inlined(page.read_text(encoding="utf-8"))
    value = json.dumps(finite(content(session)), allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    element = f'<script type="application/json" id="ISTHMUS_PAGE">{value}</script>'
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    head, result, tail = text.partition("<head>")
    if not result:
        raise InputError("the page of the explorer has no <head>: build it again")
    return f"{head}<head>\n{policy}\n{element}{tail}"


SCRIPT = re.compile(r'<script\b([^>]*?)\ssrc="([^"]+)"([^>]*)>\s*</script>')
STYLE = re.compile(r'<link\b[^>]*?rel="(stylesheet|modulepreload|icon)"[^>]*?href="([^"]+)"[^>]*>')


def _inlined(text: str) -> str:
    """Return the page with script and style in it."""

    def script(result: re.Match[str]) -> str:
        attributes = f"{result[1]}{result[3]}".replace(" crossorigin", "")
        body = _asset(result[2]).read_text(encoding="utf-8").replace("</script", "<\\/script")
        scripts.append(f"<script{attributes}>{body}</script>")
        return ""

    def style(result: re.Match[str]) -> str:
        if result[1] != "stylesheet":
            return result[0] if result[2].startswith("data:") else ""
        return f"<style>{_asset(result[2]).read_text(encoding='utf-8')}</style>"

    scripts: list[str] = []
    text = STYLE.sub(style, SCRIPT.sub(script, text))
    before, _, after = text.rpartition("</body>")  # scripts of a page that is read at once run where they stand
    return f"{before}{''.join(scripts)}</body>{after}"


def _asset(address: str) -> Path:
    name = address.removeprefix("./").removeprefix("/").removeprefix("static/")
    return STATIC / name


# -- what is on it -----------------------------------------------------------------------------------------------


def content(session: Session) -> dict[str, Any]:
    """Return the data of the page, as plain values."""
    models = [_model(session, view) for view in session.views]
    state = session.state()
    for model, made in zip(state["models"], models, strict=True):
        model["maps"] = [one for one in model["maps"] if one["id"] != "umap"]
        model["decodes"] = made["decoder"] is not None
        model["why"] = None if model["decodes"] else model["why"] or OTHER
        model["samples"] = model["decodes"] and made["prior"] is not None
    examples = session.examples
    colours = dict(examples.colours)
    for colour in state["colours"]:
        if colour["id"] not in colours:
            what, _, id = colour["id"].partition(":")
            result = session.views[int(id)].colour(what)
            assert result is not None  # it is in the state
            colours[colour["id"]] = result
    state["colours"] = [colour.about(id) for id, colour in colours.items()]
    return {
        "version": 2,
        "state": state,
        "colours": {id: _colour(colour) for id, colour in colours.items()},
        "rows": _rows(examples.row_index),
        "values": examples.packed() if examples.visible else None,
        "models": models,
    }


def _rows(row_index: np.ndarray) -> list[int] | None:
    """Return the index of each example in the user's data; None if it is the same as that of the example."""
    return None if np.array_equal(row_index, np.arange(len(row_index))) else row_index.tolist()


def _colour(colour: Colour) -> dict[str, Any]:
    return packed(colour.values, "float32" if colour.names is None else "uint16")


def _model(session: Session, view: View) -> dict[str, Any]:
    axes, steps = view.planes.pca, decoder(view)
    pca = {
        "positions": packed(axes.points),
        "offset": axes.frame.offset.tolist(),
        "scale": axes.frame.scale,
        "mean": axes.origin.tolist(),
        "axes": axes.axes.tolist(),
    }
    return {
        "codes": packed(view.codes),
        "maps": {"pca": pca},
        "errors": packed(view.errors),
        "scores": packed(view.abnormality.detected.scores) if view.scored else None,
        "excess": packed(view.abnormality.measured) if view.abnormality.measure == "excess" else None,
        "threshold": view.abnormality.threshold,
        "hist": answers.scores(view),
        "anomalies": answers.anomalies(view, session.examples, None, 50),
        "prior": None if steps is None else _prior(view),
        "decoder": steps,
        "reconstructions": None if steps is not None or not session.examples.visible else view.packed(),
    }


def _prior(view: View) -> dict[str, Any]:
    """Return the mean of the prior and a factor of its covariance; of priors that have none, those of many draws."""
    value = dict(view.ae.prior_.named_buffers())
    if not value:
        mean, factor = torch.zeros(view.latent_dim), torch.eye(view.latent_dim)
    elif value["mean"].ndim == 1:
        mean, factor = value["mean"], value["factor"]
    else:
        drawn = torch.from_numpy(view.sampled(DRAWS, 0, 1.0)).double()
        values, vectors = torch.linalg.eigh(torch.atleast_2d(torch.cov(drawn.T)))
        mean, factor = drawn.mean(0), vectors * values.clamp_min(0).sqrt()
    return {"mean": mean.tolist(), "factor": factor.tolist()}
