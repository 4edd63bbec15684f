"""Places for the boxes of a directed graph: ranks from top to bottom, few crossings.

The way of Sugiyama, Tagawa and Toda (1981): each box one rank below all that it reads; a
connection over several ranks bends where it passes one; boxes of a rank are ordered by the
mean of their neighbours, and stand as near to it as the others let them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Edge = tuple[int, int]
Point = tuple[float, float]
Bend = tuple[float, float, float]

_SWEEPS = 12
_PULLS = 40
_STIFF = 6.0  # how much more a passing connection wants to be straight than another
_BEND = 14.0  # the room that a passing connection takes


@dataclass(frozen=True)
class Places:
    """Where everything goes.

    Attributes
    ----------
    centres : list of (x, y)
        The middle of each box.
    bends : mapping of (source, target) to list of (x, top, bottom)
        Where a connection passes the ranks between, and from where to where they reach.
    width, height : float
        Of the whole.
    """

    centres: list[Point]
    bends: Mapping[Edge, list[Bend]]
    width: float
    height: float


def place(sizes: Sequence[Point], edges: Sequence[Edge], gap: Point) -> Places:
    """Return places for boxes.

    Parameters
    ----------
    sizes : sequence of (width, height)
        Of the boxes, each after those that it reads.
    edges : sequence of (source, target)
        Which box reads which.
    gap : (across, down)
        The least room between boxes and between ranks.
    """
    rank_of = _ranks(len(sizes), edges)
    widths = [width for width, _ in sizes]
    paths = {edge: [edge[0]] for edge in dict.fromkeys(edges)}
    rows: list[list[int]] = [[] for _ in range(max(rank_of) + 1)]
    for box, rank in enumerate(rank_of):
        rows[rank].append(box)
    for (source, target), path in paths.items():
        for rank in range(rank_of[source] + 1, rank_of[target]):
            path.append(len(widths))
            rows[rank].append(len(widths))
            widths.append(_BEND)
        path.append(target)
    links = [link for path in paths.values() for link in pairwise(path)]
    rows = _ordered(rows, links)
    xs = _across(rows, widths, links, gap[0], bends_from=len(sizes))
    left = min(x - w / 2 for x, w in zip(xs, widths, strict=True))
    right = max(x + w / 2 for x, w in zip(xs, widths, strict=True))
    reach: dict[int, Point] = {}
    top = 0.0
    for row in rows:
        bottom = top + max((sizes[i][1] for i in row if i < len(sizes)), default=0.0)
        reach |= dict.fromkeys(row, (top, bottom))
        top = bottom + gap[1]
    spans = [(x - left, *reach[i]) for i, x in enumerate(xs)]
    bends = {edge: [spans[i] for i in path[1:-1]] for edge, path in paths.items()}
    centres = [(x, (high + low) / 2) for x, high, low in spans[: len(sizes)]]
    return Places(centres, bends, right - left, top - gap[1])


def _ranks(count: int, edges: Sequence[Edge]) -> list[int]:
    ranks = [0] * count
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        ranks[target] = max(ranks[target], ranks[source] + 1)
    # What reads nothing stands right above its first reader.
    for box in set(range(count)) - {target for _, target in edges}:
        below = [ranks[target] for source, target in edges if source == box]
        ranks[box] = min(below, default=1) - 1
    return ranks


def _ordered(rows: list[list[int]], links: Sequence[Edge]) -> list[list[int]]:
    """Return the rows in the order with the fewest crossings that a few sweeps find."""
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for source, target in links:
        above.setdefault(target, []).append(source)
        below.setdefault(source, []).append(target)
    best, fewest = rows, _crossings(rows, below)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        downward = sweep % 2 == 0
        rows = [list(row) for row in rows]
        steps = range(1, len(rows)) if downward else range(len(rows) - 2, -1, -1)
        for i in steps:
            beside, near = (rows[i - 1], above) if downward else (rows[i + 1], below)
            at = {box: number for number, box in enumerate(beside)}
            now = {box: number for number, box in enumerate(rows[i])}
            rows[i].sort(key=lambda box: _mean([at[n] for n in near.get(box, ())], now[box]))
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = rows, crossings
    return best


def _crossings(rows: Sequence[Sequence[int]], below: Mapping[int, Sequence[int]]) -> int:
    found = 0
    for row, following in pairwise(rows):
        at = {box: number for number, box in enumerate(following)}
        ends = [at[target] for box in row for target in sorted(below.get(box, ()), key=at.get)]  # type: ignore[arg-type]
        found += sum(a > b for i, a in enumerate(ends) for b in ends[i + 1 :])
    return found


def _across(
    rows: Sequence[Sequence[int]], widths: Sequence[float], links: Sequence[Edge], gap: float,
    bends_from: int,
) -> list[float]:  # fmt: skip
    """Return how far to the right each middle is: near its neighbours, apart from others."""
    near: dict[int, list[tuple[int, float]]] = {i: [] for i in range(len(widths))}
    for source, target in links:
        weight = _STIFF if min(source, target) >= bends_from else 1.0
        near[source].append((target, weight))
        near[target].append((source, weight))
    xs = [0.0] * len(widths)
    for step in range(_PULLS):
        for row in rows if step % 2 == 0 else reversed(rows):
            wanted = [_pulled(xs, near[i]) if step and near[i] else xs[i] for i in row]
            apart = [
                (widths[a] + widths[b]) / 2 + (gap if max(a, b) < bends_from else gap / 2)
                for a, b in pairwise(row)
            ]
            for i, x in zip(row, _spread(wanted, apart), strict=True):
                xs[i] = x
    return xs


def _spread(wanted: Sequence[float], apart: Sequence[float]) -> list[float]:
    """Return the numbers nearest to those wanted that keep their distances.

    Least squares under an order: neighbours that come too near are averaged (pool adjacent
    violators).

    Examples
    --------
    >>> _spread([0.0, 0.0, 9.0], [4.0, 4.0])
    [-2.0, 2.0, 9.0]
    """
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    blocks: list[tuple[float, int]] = []
    for x, offset in zip(wanted, offsets, strict=True):
        mean, count = x - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, more = blocks.pop()
            mean, count = (mean * count + other * more) / (count + more), count + more
        blocks.append((mean, count))
    means = [mean for mean, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _pulled(xs: Sequence[float], near: Sequence[tuple[int, float]]) -> float:
    return sum(xs[n] * weight for n, weight in near) / sum(weight for _, weight in near)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
