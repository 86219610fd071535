"""Answers: the results of the API, as plain values."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch

from isthmus import InputError
from isthmus.apps.explorer.api import bodies
from isthmus.apps.explorer.examples import Examples
from isthmus.apps.explorer.maps import maps
from isthmus.apps.explorer.view import CONTRIBUTORS, View

NEIGHBOURS = 8
BARS = 40
"""Of the histogram of scores."""


def _made(view: View, asked: bodies.OnMap) -> maps.Map:
    """Return the map that was asked for; raise InputError where it is still being made."""
    result = view.planes.named(asked.map, asked.x, asked.y)
    if result is None:
        raise InputError("map: UMAP is still being made: ask for the map again in a while")
    return result


def _positions(view: View, asked: bodies.OnMap, codes: maps.Floats) -> list[list[float]]:
    result = view.planes.named(asked.map, asked.x, asked.y)
    return [] if result is None else cast("list[list[float]]", result.at(codes).tolist())


# -- examples ----------------------------------------------------------------------------------------------------


def example(view: View, examples: Examples, index: int) -> dict[str, Any]:
    """Return all that is known of one example."""
    examples.check([index], "i")
    columns = view.read.one(index)
    visible = examples.visible
    original, reconstruction = view.heard(index) if visible else ({}, {})
    return {
        "index": index,
        "row": int(examples.row_index[index]),
        "label": examples.label(index),
        "error": float(view.run("error", columns)["error"]),
        **_scored(view, index, columns),
        "original": examples.values(torch.tensor([index]))[0] | original if visible else None,
        "reconstruction": view.kind.values(view.run("reconstruct", columns))[0] | reconstruction if visible else None,
        "contributions": view.kind.contributions(view.error_map(columns)[0]) if visible else None,
        "heat": _heat(view, index, columns) if visible else None,
        "code": view.codes[index].tolist(),
        "neighbours": near(view, view.codes[index], index),
    }


def _heat(view: View, index: int, columns: Any) -> dict[str, Any] | None:
    """Return the heat map of one example over it, in multiples of its threshold; None where there is none."""
    if not view.maps:
        return None
    threshold = view.abnormality.limits([index])
    if threshold[0] <= 0:
        return None
    relative = {**columns, "threshold": torch.from_numpy(threshold).float()}
    return view.kind.heat(columns, view.run("heat_map", relative)["heat"][0])


def _scored(view: View, index: int, columns: Any) -> dict[str, Any]:
    """Return the score of one example, its threshold, and whether it is above."""
    if not view.scored:
        return {"score": None, "threshold": None, "flagged": None}
    score, [threshold] = view.score(index, columns), view.abnormality.limits([index]).tolist()
    return {"score": score, "threshold": threshold, "flagged": score > threshold}


def near(view: View, code: maps.Floats, but: int | None = None) -> list[dict[str, Any]]:
    """Return the examples whose codes are nearest."""
    result = zip(*view.planes.nearest.to(code, NEIGHBOURS, but), strict=True)
    return [{"index": int(index), "distance": float(distance)} for index, distance in result]


# -- codes -------------------------------------------------------------------------------------------------------


def decode(view: View, asked: bodies.Decode) -> dict[str, Any]:
    """Return what codes decode to."""
    return {"values": view.values(_codes(view, asked.z))}


def _codes(view: View, codes: list[list[float]]) -> maps.Floats:
    if any(len(code) != view.latent_dim for code in codes):
        raise InputError(f"z: a code of this model has {view.latent_dim} numbers")
    return np.array(codes, dtype=np.float32)


def walk(view: View, asked: bodies.WalkBody) -> dict[str, Any]:
    """Return what points of a map decode to."""
    codes = _at(view, asked, np.array(asked.points, dtype=np.float32), asked.code)
    return {"codes": codes.tolist(), "values": view.values(codes)}


def _at(view: View, asked: bodies.OnMap, points: maps.Floats, code: list[float] | None) -> maps.Floats:
    rest = None if code is None or asked.map != "codes" else _codes(view, [code])[0]
    return _made(view, asked).codes(points, rest)


def grid(view: View, asked: bodies.Grid) -> dict[str, Any]:
    """Return what the centres of the cells of a grid decode to, row by row from y0 on."""
    x0, y0, x1, y1 = asked.bounds
    across = x0 + (x1 - x0) * (np.arange(asked.columns) + 0.5) / asked.columns
    down = y0 + (y1 - y0) * (np.arange(asked.rows) + 0.5) / asked.rows
    points = np.stack([part.ravel() for part in np.meshgrid(across, down)], 1).astype(np.float32)
    return {"values": view.values(_at(view, asked, points, asked.code))}


def interpolate(view: View, examples: Examples, asked: bodies.Interpolate) -> dict[str, Any]:
    """Return what the codes on a straight line decode to, and where they are."""
    ends = view.codes[examples.check([asked.from_, asked.to], "from, to").numpy()]
    fraction = np.linspace(0, 1, asked.steps, dtype=np.float32)[:, None]
    return _decoded(view, asked, (1 - fraction) * ends[0] + fraction * ends[1])


def sample(view: View, asked: bodies.Sample) -> dict[str, Any]:
    """Return what codes drawn from the prior decode to, and where they are."""
    return _decoded(view, asked, view.sampled(asked.n, asked.seed, asked.temperature))


def _decoded(view: View, asked: bodies.OnMap, codes: maps.Floats) -> dict[str, Any]:
    return {"codes": codes.tolist(), "positions": _positions(view, asked, codes), "values": view.values(codes)}


def direction(view: View, examples: Examples, asked: bodies.Direction) -> dict[str, Any]:
    """Return the direction from the mean code of one group to that of another."""
    view.check_decodes()
    start, end = (
        view.codes[examples.check(indices, field).numpy()].mean(0)
        for field, indices in (("from", asked.from_), ("to", asked.to))
    )
    return {"direction": (end - start).tolist(), "norm": float(np.linalg.norm(end - start))}


def encode(view: View, asked: bodies.Encode) -> dict[str, Any]:
    """Return what a model makes of an example that the user made."""
    view.check_vectors()
    key = view.kind.key
    value = getattr(asked, key)
    if value is None:
        raise InputError(f"{key}: the data of this model are sent as {key!r}")
    random = torch.Generator().manual_seed(asked.seed)
    columns = view.kind.corrupted(view.kind.read(value), asked.noise, asked.erase, view.deviation, random)
    columns |= view.condition
    code = view.run("encode", columns)["z"]
    if not bool(torch.isfinite(code).all()):
        raise InputError(f"{key}: these values are too far from what was learnt to be computed with")
    positions = _positions(view, asked, code.numpy())
    return {
        "input": view.kind.values(columns)[0],
        "reconstruction": view.kind.values(view.run("reconstruct", columns))[0],
        "error": float(view.run("error", columns)["error"]),
        "score": float(view.run("score", columns)["score"]) if view.scored else None,
        "code": code[0].tolist(),
        "position": positions[0] if positions else None,
        "nearest": near(view, code[0].numpy()),
    }


def file(view: View, content: bytes, name: str) -> dict[str, Any]:
    """Read a file of the user's, and return the number by which it is asked for."""
    return {"file": view.at_hand.add(content, name)}


def restore(view: View, examples: Examples, asked: bodies.Restore) -> dict[str, Any]:
    """Return an example or a file of the user's before and after noise was removed."""
    _check_one(examples, asked)
    return view.before_and_after(asked.index, asked.file, noise=asked.noise, seed=asked.seed, strength=asked.strength)


def compress(view: View, examples: Examples, asked: bodies.Compress) -> dict[str, Any]:
    """Return an example or a file of the user's as a codec gives it back."""
    _check_one(examples, asked)
    return view.compression.answer(asked.index, asked.file, asked.quality, asked.codec)


def _check_one(examples: Examples, asked: bodies.OnOne) -> None:
    """Refuse what names neither an example nor a file, or both."""
    if (asked.index is None) == (asked.file is None):
        raise InputError("index, file: give one of them")
    if asked.index is not None:
        examples.check([asked.index], "index")


# -- anomalies ---------------------------------------------------------------------------------------------------


def scores(view: View) -> dict[str, Any]:
    """Return the histogram of how abnormal examples are."""
    measured, threshold = view.abnormality.measured, view.abnormality.threshold
    there = measured[np.isfinite(measured)]
    low = float(there.min(initial=threshold))
    top = max(float(np.quantile(there, 0.999)), threshold) if len(there) else threshold
    edges = np.linspace(low, top + 0.1 * (top - low or 1.0), BARS + 1)
    counts = np.histogram(np.minimum(there, edges[-1]), edges)[0]
    return {
        "threshold": threshold,
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "what": view.abnormality.measure,
    }


def flagged(view: View, threshold: float | None) -> tuple[float, np.ndarray]:
    """Return the threshold, and the examples above it, the most abnormal first."""
    measured = view.abnormality.measured
    threshold = view.abnormality.threshold if threshold is None else threshold
    result = np.flatnonzero(measured > threshold)
    return threshold, result[np.argsort(-measured[result], kind="stable")]


def contributors(view: View, indices: np.ndarray) -> list[list[dict[str, Any]]]:
    """Return what contributes most to the scores of some examples."""
    if not view.kind.named:
        return [[] for _ in indices]
    known = view.known_contributors
    new = np.array([at for at in indices.tolist() if at not in known], dtype=np.int64)
    for start in range(0, len(new), 256):
        piece = new[start : start + 256]
        parts = view.read.each(view.contributors, torch.from_numpy(piece))
        known.update(zip(piece.tolist(), parts, strict=True))
    return [known[at] for at in indices.tolist()]


def anomalies(view: View, examples: Examples, threshold: float | None, limit: int) -> dict[str, Any]:
    """Return how many examples are flagged, and the most abnormal of them."""
    threshold, result = flagged(view, threshold)
    first = result[:limit]
    rows = [
        {
            "index": int(at),
            "label": examples.label(at),
            "score": float(view.abnormality.measured[at]),
            "contributors": parts,
        }
        for at, parts in zip(first, contributors(view, first), strict=True)
    ]
    return {"threshold": threshold, "flagged": len(result), "rows": rows}


def anomalies_csv(view: View, examples: Examples, threshold: float | None) -> str:
    """Return all flagged examples as CSV, with what contributes most to their scores."""
    _, result = flagged(view, threshold)
    named = [[f"{part['name']} ({part['fraction']:.0%})" for part in parts] for parts in contributors(view, result)]
    abnormality = view.abnormality
    what = "score" if view.scored else "error"
    more: dict[str, Any] = {what: abnormality.numbers(what)[result].tolist()}
    if abnormality.measure == "excess":
        more["threshold"] = abnormality.limits(result).tolist()
    for rank in range(CONTRIBUTORS if any(named) else 0):
        more[f"contributor {rank + 1}"] = [parts[rank] if rank < len(parts) else "" for parts in named]
    return examples.csv(torch.from_numpy(result), more)
