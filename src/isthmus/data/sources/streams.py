"""Functions that streams share: reading ahead, taking turns, and regrouping."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T], depth: int = 1) -> Iterator[T]:
    """Yield items while another thread prepares the next `depth` of them."""
    end = object()
    with ThreadPoolExecutor(1) as thread:
        pending = deque(thread.submit(next, items, end) for _ in range(depth))
        while (item := pending.popleft().result()) is not end:
            pending.append(thread.submit(next, items, end))
            yield item  # type: ignore[misc]  # what is not the end is an item


def take_turns(sequences: Iterable[Iterable[T]], lanes: int) -> Iterator[T]:
    """Yield from `lanes` sequences in turn; when one ends, the next sequence takes its turn.

    Examples
    --------
    >>> "".join(take_turns(["aaa", "b", "ccc"], lanes=2))
    'abaaccc'
    """
    end = object()
    waiting = map(iter, sequences)
    active = deque(islice(waiting, lanes))
    while active:
        turn = active.popleft()
        if (item := next(turn, end)) is end:
            active.extend(islice(waiting, 1))
            continue
        active.append(turn)
        yield item  # type: ignore[misc]  # what is not the end is an item


def regroup(
    pieces: Iterable[T],
    size: int,
    length: Callable[[T], int],
    join: Callable[[list[T]], T],
    cut: Callable[[T, int, int], T],
) -> Iterator[T]:
    """Yield pieces of `size` rows, and a last one with the remaining rows.

    Parameters
    ----------
    pieces : iterable
        Of any lengths.
    size : int
        At least 1.
    length, join, cut : callables
        Return the number of rows of a piece; join pieces; and return the rows of a piece from one index up to another.

    Examples
    --------
    >>> list(regroup(["ab", "cdefg", "h"], 3, len, "".join, lambda text, a, b: text[a:b]))
    ['abc', 'def', 'gh']
    """
    waiting: list[T] = []
    count = 0
    for piece in pieces:
        waiting.append(piece)
        count += length(piece)
        if count < size:
            continue
        whole, full = join(waiting), count - count % size
        yield from (cut(whole, a, a + size) for a in range(0, full, size))
        waiting, count = [cut(whole, full, count)], count - full
        del whole
    if count:
        yield join(waiting)
