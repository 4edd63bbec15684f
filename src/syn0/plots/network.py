"""The drawing of a network: small ones as neurons, all others as boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syn0.errors import ArgumentError
from syn0.networks import Network
from syn0.plots.facts import Facts, count_of, facts_of
from syn0.plots.neurons import draw_neurons, why_not
from syn0.plots.palette import BLUE, GREY
from syn0.plots.ranks import Bend, Point, place
from syn0.plots.svg import Drawing, element, shortened, tooltip, width_of, words

_DETAILS = ("auto", "neurons", "layers")
_WIDEST = 230.0  # pixels of a box; longer names lose their middle
_MARGIN, _HEAD = 16.0, 34.0
_GAP = (28.0, 30.0)
_CROOKED = 9.0
_FOLD = 12  # boxes of a plain chain that stand below each other
_LINE, _NAME = 11, 13  # sizes of letters


def draw_network(network: Network, *, detail: str = "auto", weights: bool | None = None) -> Drawing:
    """Return a drawing of a network; see `Model.plot`."""
    if detail not in _DETAILS:
        raise ArgumentError(
            f"detail is {detail!r}.", where="net.plot", expected="'auto', 'neurons' or 'layers'"
        )
    facts, edges = facts_of(network)
    obstacle = why_not(network, facts, edges)
    if detail == "neurons" and obstacle:
        raise ArgumentError(
            f"the neurons cannot be drawn: {obstacle}.", where="net.plot",
            mend="write detail='layers'",
        )  # fmt: skip
    title = _title(network, facts)
    if detail == "layers" or obstacle:
        return _draw_boxes(title, facts, edges)
    return draw_neurons(network, title, facts, weights)


def _title(network: Network, facts: Sequence[Facts]) -> str:
    layers = len(network.layers)
    name = f" {network.name!r}" if network.name else ""
    total = sum(fact.parameters for fact in facts)
    count = count_of(total) if network.built else "parameters not known yet"
    return f"{type(network).__name__}{name} · {layers} layer{'' if layers == 1 else 's'} · {count}"


# ----- boxes ----------------------------------------------------------------


def _draw_boxes(title: str, facts: Sequence[Facts], edges: Sequence[tuple[int, int]]) -> Drawing:
    sizes = [_size(fact) for fact in facts]
    chain = [(i, i + 1) for i in range(len(facts) - 1)]
    if list(edges) == chain and len(facts) > _FOLD:
        centres, paths = _folded(sizes)
        right = max(x + w / 2 for (x, _), (w, _) in zip(centres, sizes, strict=True))
    else:
        places = place(sizes, edges, _GAP)
        centres, right = places.centres, places.width
        paths = _curves(centres, sizes, edges, places.bends)
    bottom = max(y + h / 2 for (_, y), (_, h) in zip(centres, sizes, strict=True))
    width = max(right + 2 * _MARGIN, width_of(title, _NAME) + 2 * _MARGIN)
    shift = (width - right) / 2
    boxes = [_box(*given) for given in zip(facts, centres, sizes, strict=True)]
    moved = element("g", *paths, *boxes, transform=f"translate({shift:.1f} {_HEAD:.1f})")
    head = words(title, width / 2, 20, size=_NAME, text_anchor="middle")
    return Drawing(title, width, bottom + _HEAD + _MARGIN, head + moved)


def _lines(fact: Facts) -> list[str]:
    found = [fact.kind, fact.size] if not fact.is_input else [f"input · {fact.size}"]
    if fact.frozen:
        found.append("frozen")
    others = [name for name in fact.outputs if name != fact.name]
    if fact.outputs:
        found.append("output" + "".join(f" {name}" for name in others))
    return found


def _size(fact: Facts) -> Point:
    lines = _lines(fact)
    widest = max(width_of(fact.name, _NAME + 1), *(width_of(line, _LINE) for line in lines))
    return min(max(widest + 24, 110.0), _WIDEST), 29.0 + 15.0 * len(lines)


def _box(fact: Facts, centre: Point, size: Point) -> str:
    (x, y), (width, height) = centre, size
    top, room = y - height / 2, width - 16
    lines = _lines(fact)
    colour = BLUE if fact.parameters or fact.shared else GREY
    frame = element(
        "rect", x=x - width / 2, y=top, width=width, height=height,
        rx=height / 2 if fact.is_input else 6.0,
        fill=colour, fill_opacity=0.14, stroke=colour,
        stroke_width=2.5 if fact.outputs else 1.2,
        stroke_dasharray="5 4" if fact.frozen else None,
    )  # fmt: skip
    name = words(
        shortened(fact.name, room / 1.06, _NAME), x, top + 19, size=_NAME, text_anchor="middle",
        font_weight="bold",
    )  # fmt: skip
    rest = [
        words(shortened(line, room, _LINE), x, top + 35 + 15 * i, size=_LINE, text_anchor="middle")
        for i, line in enumerate(lines)
    ]
    return element("g", tooltip("\n".join([fact.name, *lines])), frame, name, *rest)


def _curves(
    centres: Sequence[Point], sizes: Sequence[Point], edges: Sequence[tuple[int, int]],
    bends: Mapping[tuple[int, int], Sequence[Bend]],
) -> list[str]:  # fmt: skip
    """Return the connections: curves between ranks, straight where they pass one."""
    drawn = list(dict.fromkeys(edges))
    found = []
    for source, target in drawn:
        arriving = [s for s, t in drawn if t == target]
        came_from = {
            s: bends[s, target][-1][0] if bends[s, target] else centres[s][0] for s in arriving
        }
        arriving.sort(key=lambda s: came_from[s])
        # Those that arrive share the upper edge of the box, in the order in which they come.
        share = (arriving.index(source) + 0.5) / len(arriving) - 0.5
        (x, y), (tx, ty) = centres[source], centres[target]
        y += sizes[source][1] / 2
        path = [f"M{x:.1f} {y:.1f}"]
        for across, top, bottom in bends[source, target]:
            path.append(_bow((x, y), (across, top)) + f"V{bottom:.1f}")
            x, y = across, bottom
        tx += share * sizes[target][0] * 0.6
        # A line that is nearly straight looks crooked.
        end = (x if abs(x - tx) < _CROOKED else tx, ty - sizes[target][1] / 2 - 6)
        path.append(_bow((x, y), end))
        found.append(_line("".join(path)) + _arrow(end))
    return found


def _bow(start: Point, end: Point) -> str:
    middle = (start[1] + end[1]) / 2
    return f"C{start[0]:.1f} {middle:.1f} {end[0]:.1f} {middle:.1f} {end[0]:.1f} {end[1]:.1f}"


def _line(path: str) -> str:
    return element("path", d=path, fill="none", stroke=GREY, stroke_width=1.4)


def _arrow(tip: Point) -> str:
    x, y = tip
    points = f"{x - 4:.1f},{y - 2:.1f} {x + 4:.1f},{y - 2:.1f} {x:.1f},{y + 6:.1f}"
    return element("polygon", points=points, fill=GREY)


def _folded(sizes: Sequence[Point]) -> tuple[list[Point], list[str]]:
    """Return places and connections of a long chain: columns, read like those of a paper."""
    columns = -(-len(sizes) // _FOLD)
    rows = -(-len(sizes) // columns)
    wide, tall = max(w for w, _ in sizes), max(h for _, h in sizes)
    lane = _GAP[0] * 2
    centres = [
        (wide / 2 + (i // rows) * (wide + lane), 14 + tall / 2 + (i % rows) * (tall + _GAP[1]))
        for i in range(len(sizes))
    ]
    paths = []
    for i in range(len(sizes) - 1):
        (x, y), (tx, ty) = centres[i], centres[i + 1]
        y, end = y + sizes[i][1] / 2, (tx, ty - sizes[i + 1][1] / 2 - 6)
        if x == tx:
            path = f"M{x:.1f} {y:.1f}V{end[1]:.1f}"
        else:  # round the foot of the column, up between the two, and in from above
            between = x + wide / 2 + lane / 2
            path = f"M{x:.1f} {y:.1f}v14H{between:.1f}V2H{tx:.1f}V{end[1]:.1f}"
        paths.append(_line(path) + _arrow(end))
    return centres, paths
