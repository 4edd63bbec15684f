"""Where values lie: one piece of memory, in which a place serves again when its value is dead."""

from __future__ import annotations

from collections.abc import Mapping

from syn0.engines.llvm.calls import Buffer

ALIGNMENT = 128  # bytes: two lines, which processors fetch in pairs

Span = tuple[int, int]


def place(spans: Mapping[Buffer, Span]) -> int:
    """Give each buffer its place and return the size of the arena in bytes.

    The largest first, each at the lowest place that no buffer alive at the same time takes.

    Examples
    --------
    >>> from syn0.engines.llvm.fusion import Rows
    >>> a, b, c = (Buffer("arena", n, "float32", 32, Rows(32, False)) for n in "abc")
    >>> place({a: (0, 1), b: (1, 2), c: (2, 3)}), a.place == c.place
    (256, True)
    """
    placed: list[tuple[Buffer, Span]] = []
    size = 0
    for buffer, (first, last) in sorted(spans.items(), key=lambda item: -item[0].bytes):
        needed = _aligned(buffer.bytes)
        rivals = sorted(
            (other.place, other.place + _aligned(other.bytes))
            for other, (begin, end) in placed
            if begin <= last and first <= end
        )
        start = 0
        for begin, end in rivals:
            if start + needed <= begin:
                break
            start = max(start, end)
        buffer.place = start
        placed.append((buffer, (first, last)))
        size = max(size, start + needed)
    return size


def most_alive(spans: Mapping[Buffer, Span]) -> int:
    """Return the largest sum of what is alive at a time, in bytes: no arena can be smaller."""
    last = max((end for _, end in spans.values()), default=0)
    return max(
        sum(_aligned(b.bytes) for b, (first, end) in spans.items() if first <= now <= end)
        for now in range(last + 1)
    )


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
