"""Tiles: computing a graph over large images tile by tile, with the same results as for the whole.

An output of a convolutional net depends only on the elements within its `reach`. A tile is cut with that margin, on the
grid of the net's stride, and the margin is left out of the result. Tiles are cut from columns, without a float copy of
the whole image. What depends on all of it, such as its noise level, is estimated before.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor

from isthmus.core.data import Columns
from isthmus.core.graphs import Graph
from isthmus.support.allocator import return_freed
from isthmus.support.errors import InputError

Span = tuple[int, int]


class Tile(NamedTuple):
    """A part of an image: the region of its results, and the region that it needs, as spans along each axis."""

    inner: tuple[Span, ...]
    outer: tuple[Span, ...]


def tiles(space: tuple[int, ...], side: int, reach: int, stride: int) -> Iterator[Tile]:
    """Yield the tiles of an image, which are about equally large with their margins.

    Parameters
    ----------
    space : tuple of int
        Lengths of the image's axes.
    side : int
        Largest side of a tile that has margins on both sides; rounded up to a multiple of `stride`, as is `reach`. At
        the border of the image, where it needs none, a tile is larger by as much.
    reach : int
        Margin that a tile needs on each side.
    stride : int
        Stride of the grid on which tiles begin.
    """
    side, reach = (-(-length // stride) * stride for length in (max(side, 1), reach))
    for inner in product(*(_spans(length, side, reach, stride) for length in space)):
        outer = tuple(
            (max(start - reach, 0), min(end + reach, length)) for (start, end), length in zip(inner, space, strict=True)
        )
        yield Tile(inner, outer)


def _spans(length: int, side: int, reach: int, stride: int) -> list[Span]:
    """Return the parts of an axis, as few as possible: with margins they are about equally long.

    Examples
    --------
    >>> _spans(100, 40, 8, 4)
    [(0, 36), (36, 64), (64, 100)]
    """
    if length <= side + 2 * reach:
        return [(0, length)]
    count = max(2, -(-(length - 2 * reach) // side))
    ends = [reach + -(-(length - 2 * reach) * (number + 1) // (count * stride)) * stride for number in range(count - 1)]
    bounds = sorted({0, length, *(end for end in ends if end < length)})
    return list(pairwise(bounds))


def in_tiles(graph: Graph, columns: Columns, side: int | None = None) -> Columns:
    """Return the result of a graph, computed tile by tile if rows are large.

    Parameters
    ----------
    graph : Graph
    columns : Columns
        Rows of one size.
    side : int or None, default None
        Side of a tile without its margin; None: rows of up to `Graph.at_once` elements are computed whole, and tiles
        have about as many with their margins.

    Raises
    ------
    InputError
        A row is large, and the net needs all of it at once, or the graph returns no map.
    """
    if not graph.reads_rows or (side is None and prod(graph.data.space(columns)) <= graph.at_once):
        whole: Columns = graph(columns)
        return whole
    space, reach = graph.data.space(columns), graph.reach
    if reach is None or graph.axis is None:
        channels = graph.model.typical_shape[0]
        what = "the net" if reach is None else "this part of the model"
        raise InputError(
            f"an image of {' x '.join(map(str, space))} with {channels} channels is larger than the "
            f"{graph.at_once * channels:,} numbers that are computed at once, and {what} looks at all of it: bring it "
            "to a smaller size, or use the net 'feature-map'"
        )
    side = side or max(int(graph.at_once ** (1 / len(space))) - 2 * reach, reach)
    columns = _with_noise(graph, graph.data.with_whole(columns), side)
    return graph.finish(_joined(graph, columns, graph.axis, tiles(space, side, reach, graph.grid)))


def _with_noise(graph: Graph, columns: Columns, side: int) -> Columns:
    """Return the columns with the noise level of whole rows, if the net asks for it and it is not known."""
    net = graph.model.net
    if not net.estimates_noise or "noise" in columns:
        return columns
    whole = tuple(max(length // net.reading, 1) * net.reading for length in graph.data.space(columns))
    apart = tiles(whole, side, 0, net.reading)
    readings = [net.readings(graph.data.batch(graph.data.cut(columns, tile.inner))) for tile in apart]
    return {**columns, "noise": net.noise(torch.cat(readings, 1))}


def _joined(graph: Graph, columns: Columns, axis: int, parts: Iterator[Tile]) -> Columns:
    space = graph.data.space(columns)
    whole: Columns = {}
    for tile in parts:
        for name, tensor in graph.local(graph.data.cut(columns, tile.outer)).items():
            if tensor.ndim <= axis:  # a number for each row, the same for all tiles
                whole[name] = tensor
                continue
            if name not in whole:
                shape = (*tensor.shape[:axis], *_on_grid(graph, space), *tensor.shape[axis + len(space) :])
                whole[name] = torch.empty(shape, dtype=tensor.dtype, device=tensor.device)
            _paste(whole[name], tensor, axis, [_spans_on_grid(graph, one) for one in (tile.inner, tile.outer)])
        return_freed()
    return whole


def _paste(whole: Tensor, tensor: Tensor, axis: int, spans: list[list[Span]]) -> None:
    """Copy the results of a tile into the whole."""
    inner, outer = spans
    before = (slice(None),) * axis
    into = tuple(slice(start, end) for start, end in inner)
    of = tuple(slice(start - seen, end - seen) for (start, end), (seen, _) in zip(inner, outer, strict=True))
    whole[before + into] = tensor[before + of]


def _on_grid(graph: Graph, space: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(end for _, end in _spans_on_grid(graph, [(0, length) for length in space]))


def _spans_on_grid(graph: Graph, spans: tuple[Span, ...] | list[Span]) -> list[Span]:
    """Return spans of elements as spans of the graph's output: elements too, or positions of the code."""
    stride = graph.model.net.stride if graph.by_position else 1
    return [(start // stride, -(-end // stride)) for start, end in spans]
