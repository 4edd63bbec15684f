"""Where values lie: one piece of memory, in which a place serves again when its value is dead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from syn0.engines.llvm.planning.memory import Buffer

ALIGNMENT = 128  # bytes: two lines, which processors fetch in pairs
TRIES = 32  # orders in which buffers are placed
GOOD = 1.05  # an arena so many times larger than needed is left as it is

Span = tuple[int, int]


def place(spans: Mapping[Buffer, Span]) -> int:
    """Give each buffer its place and return the size of the arena in bytes.

    Those alive for longest come first, of these the largest, each at the lowest place that no
    buffer alive at the same time takes. While that wastes memory, what lies last comes first.

    Examples
    --------
    >>> from syn0.engines.llvm.planning.fusion import Rows
    >>> a, b, c = (Buffer("arena", n, "float32", 32, Rows(32, False)) for n in "abc")
    >>> place({a: (0, 1), b: (1, 2), c: (2, 3)}), a.place == c.place
    (256, True)
    """
    order = sorted(spans, key=lambda b: (spans[b][0] - spans[b][1], -b.bytes))
    best: dict[Buffer, int] = {}
    size, enough = -1, GOOD * most_alive(spans)
    for _ in range(TRIES):
        places, ends = _placed(order, spans), 0
        last = max(places, key=lambda b: places[b] + _aligned(b.bytes), default=None)
        if last is not None:
            ends = places[last] + _aligned(last.bytes)
            order.remove(last)
            order.insert(0, last)
        if size < 0 or ends < size:
            best, size = places, ends
        if size <= enough:
            break
    for buffer, start in best.items():
        buffer.place = start
    return size


def _placed(order: Sequence[Buffer], spans: Mapping[Buffer, Span]) -> dict[Buffer, int]:
    """Return a place for each buffer, the lowest that is free when its turn comes."""
    places: dict[Buffer, int] = {}
    taken: list[tuple[int, int, int, int]] = []  # from and to when, from and to where
    for buffer in order:
        first, last = spans[buffer]
        needed = _aligned(buffer.bytes)
        rivals = sorted((a, b) for begins, ends, a, b in taken if begins <= last and first <= ends)
        start = 0
        for begin, end in rivals:
            if start + needed <= begin:
                break
            start = max(start, end)
        places[buffer] = start
        taken.append((first, last, start, start + needed))
    return places


def most_alive(spans: Mapping[Buffer, Span]) -> int:
    """Return the largest sum of what is alive at a time, in bytes: no arena can be smaller."""
    changes = [0] * (2 + max((end for _, end in spans.values()), default=0))
    for buffer, (first, end) in spans.items():
        changes[first] += _aligned(buffer.bytes)
        changes[end + 1] -= _aligned(buffer.bytes)
    return max(accumulate(changes))


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
