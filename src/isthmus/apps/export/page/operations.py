"""PyTorch operations, translated to operations on a tape."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from isthmus.apps.export.page.tape import Program, Register, Untranslatable

ROWS = 2
"""Of the batch that is traced."""

NEVER = -1e30
"""Stands for minus infinity, which JSON does not have, in front of a softmax."""


def _linear(tape: Program, x: Register, weight: Tensor, bias: Tensor | None = None) -> Register:
    _vector(x)
    entry = None if bias is None else tape.array(bias)
    return tape.emit("linear", [x], (len(weight),), weight=tape.array(weight), bias=entry)


def _layer_norm(
    tape: Program,
    x: Register,
    shape: list[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
    *_: Any,
) -> Register:
    if prod(shape) != x.size:
        raise Untranslatable("a norm over a part of a row")
    scale, shift = (None if entry is None else tape.array(entry.flatten()) for entry in (weight, bias))
    return tape.emit("layernorm", [x], x.shape, weight=scale, bias=shift, eps=eps)


def _plain(name: str) -> Callable[..., Register]:
    def step(tape: Program, x: Register, **more: Any) -> Register:
        if more.get("approximate", "none") != "none":
            raise Untranslatable("gelu that is not exact")
        return tape.emit(name, [x], x.shape)

    return step


def _same(tape: Program, x: Register, *_: Any, **__: Any) -> Register:
    return x


def _add(tape: Program, a: Any, b: Any, sign: float = 1.0) -> Register:
    if not isinstance(a, Register):
        a, b = (b, a) if sign == 1 else (_mul(tape, b, -1.0), a)
        sign = 1.0
    if isinstance(b, Register):
        return tape.emit("add", [a, b if sign == 1 else _mul(tape, b, sign)], a.shape)
    if _one(b):
        return a if float(b) == 0 else tape.emit("affine", [a], a.shape, scale=1.0, offset=sign * float(b))
    return tape.emit("add", [a, tape.constant(sign * b, a)], a.shape)


def _sub(tape: Program, a: Any, b: Any) -> Register:
    return _add(tape, a, b, -1.0)


def _mul(tape: Program, a: Any, b: Any) -> Register:
    if not isinstance(a, Register):
        a, b = b, a
    if isinstance(b, Register):
        return tape.emit("mul", [a, b], a.shape)
    if _one(b):
        return tape.emit("affine", [a], a.shape, scale=float(b), offset=0.0)
    return tape.emit("mul", [a, tape.constant(b, a)], a.shape)


def _div(tape: Program, a: Any, b: Any) -> Register:
    if isinstance(b, Register):
        raise Untranslatable("a division by what depends on the code")
    return _mul(tape, a, 1 / b)


def _unflatten(tape: Program, x: Register, axis: int, sizes: list[int]) -> Register:
    axis = axis % (len(x.shape) + 1) - 1
    _inside(axis)
    known = prod(size for size in sizes if size != -1)
    filled = tuple(x.shape[axis] // known if size == -1 else size for size in sizes)
    return Register(x.at, (*x.shape[:axis], *filled, *x.shape[axis + 1 :]), x.logarithm)


def _flatten(tape: Program, x: Register, start: int = 0, end: int = -1) -> Register:
    start, end = start % (len(x.shape) + 1) - 1, end % (len(x.shape) + 1)
    _inside(start)
    return Register(x.at, (*x.shape[:start], prod(x.shape[start:end]), *x.shape[end:]), x.logarithm)


def _view(tape: Program, x: Register, sizes: list[int]) -> Register:
    if sizes[0] not in (ROWS, -1):
        raise Untranslatable("rows that are mixed")
    known = prod(size for size in sizes[1:] if size != -1)
    return Register(x.at, tuple(x.size // known if size == -1 else size for size in sizes[1:]), x.logarithm)


def _split(tape: Program, x: Register, sizes: list[int] | int, axis: int = 0) -> list[Register]:
    if isinstance(sizes, int):
        whole = x.shape[0]
        sizes = [min(sizes, whole - at) for at in range(0, whole, sizes)]
    ends = np.cumsum(sizes).tolist()
    return [_slice(tape, x, axis, end - size, end) for size, end in zip(sizes, ends, strict=True)]


def _chunk(tape: Program, x: Register, chunks: int, axis: int = 0) -> list[Register]:
    return _split(tape, x, -(-x.shape[0] // chunks), axis)


def _slice(tape: Program, x: Register, axis: int = 0, start: int | None = None, stop: int | None = None) -> Register:
    if axis % (len(x.shape) + 1) != 1:
        raise Untranslatable("a slice of an inner axis")
    first, last, _ = slice(start, stop).indices(x.shape[0])
    step = prod(x.shape[1:])
    shape = (last - first, *x.shape[1:])
    return x if shape == x.shape else tape.emit("slice", [x], shape, start=first * step, stop=last * step)


def _getitem(tape: Program, pieces: list[Register], at: int) -> Register:
    return pieces[at]


def _cat(tape: Program, pieces: list[Any], axis: int = 0) -> Register:
    first = next(piece for piece in pieces if isinstance(piece, Register))
    if axis % (len(first.shape) + 1) != 1:
        raise Untranslatable("a join along an inner axis")
    entry = [
        piece if isinstance(piece, Register) else tape.constant(piece, Register(0, tuple(piece.shape[1:])))
        for piece in pieces
    ]
    shape = (sum(piece.shape[0] for piece in entry), *first.shape[1:])
    return tape.emit("concat", entry, shape)


def _softmax(tape: Program, x: Register, axis: int, *_: Any) -> Register:
    if axis % (len(x.shape) + 1) != len(x.shape):
        raise Untranslatable("a softmax over an inner axis")
    return _by_line(tape, x, lambda line: tape.emit("softmax", [line], line.shape), x.shape)


def _log_softmax(tape: Program, x: Register, axis: int, *_: Any) -> Register:
    result = _softmax(tape, x, axis)
    return Register(result.at, result.shape, logarithm=True)


def _exp(tape: Program, x: Register) -> Register:
    if not x.logarithm:
        raise Untranslatable("the operation 'exp'")
    return Register(x.at, x.shape)


def _sum(tape: Program, x: Register, axes: list[int], keep: bool = False) -> Register:
    if [axis % (len(x.shape) + 1) for axis in axes] != [len(x.shape)] or keep:
        raise Untranslatable("a sum over an inner axis")

    def total(line: Register) -> Register:
        return tape.emit("linear", [line], (1,), weight=tape.array(torch.ones(1, line.size)), bias=None)

    return _by_line(tape, x, total, x.shape[:-1])


def _by_line(tape: Program, x: Register, function: Callable[[Register], Register], shape: tuple[int, ...]) -> Register:
    """Apply a function to each line along the last axis, and join the results."""
    if len(x.shape) == 1:
        return function(x)
    flat, width = Register(x.at, (x.size,)), x.shape[-1]
    lines = [function(_slice(tape, flat, 1, at, at + width)) for at in range(0, x.size, width)]
    joined = lines[0] if len(lines) == 1 else tape.emit("concat", lines, (x.size,))
    return Register(joined.at, shape)


def _masked_fill(tape: Program, x: Register, mask: Tensor, value: float) -> Register:
    if value != -torch.inf:
        raise Untranslatable("the operation 'masked_fill'")
    return x if not mask.any() else tape.emit("add", [x, tape.constant(mask * NEVER, x)], x.shape)


def _clamp(tape: Program, x: Register, low: float | None = None, high: float | None = None) -> Register:
    return tape.emit("clip", [x], x.shape, low=low, high=high)


def _one(value: Any) -> bool:
    return not isinstance(value, Tensor) or value.numel() == 1


def _vector(x: Register) -> None:
    if len(x.shape) != 1:
        raise Untranslatable("a linear map along one axis of several")


def _inside(axis: int) -> None:
    if axis < 0:
        raise Untranslatable("rows that are mixed")


TRANSLATED: dict[str, Callable[..., Any]] = {
    **{name: _plain(name) for name in ("gelu", "relu", "tanh", "sigmoid", "silu")},
    **dict.fromkeys(("to", "_to_copy", "dropout", "contiguous", "clone", "detach", "alias", "float"), _same),
    **dict.fromkeys(("view", "reshape", "_unsafe_view"), _view),
    **{function.__name__[1:]: function for function in (_linear, _layer_norm, _add, _sub, _mul, _div)},
    **{function.__name__[1:]: function for function in (_unflatten, _flatten, _split, _chunk, _slice, _getitem, _cat)},
    **{function.__name__[1:]: function for function in (_softmax, _log_softmax, _exp, _sum, _masked_fill, _clamp)},
    "split_with_sizes": _split,
    operator.getitem.__name__: _getitem,
}
"""The operations of PyTorch that there are steps for, by name."""
