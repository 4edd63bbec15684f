"""A small network of `Dense` layers drawn as neurons, and a line for each weight."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.layers import Dense
from syn0.networks import Network
from syn0.plots.facts import Facts
from syn0.plots.palette import BLUE, GREY, ORANGE
from syn0.plots.series import short_number
from syn0.plots.svg import Drawing, element, shortened, tooltip, width_of, words

_MOST_UNITS, _MOST_LAYERS, _MOST_LINES = 16, 7, 400
_STEP, _RADIUS = 30.0, 10.0
_COLUMN = 150.0  # from a layer to the next
_TOP, _FOOT, _MARGIN = 92.0, 48.0, 16.0
_THICK, _THIN = 4.5, 0.4


def why_not(network: Network, facts: Sequence[Facts], edges: Sequence[tuple[int, int]]) -> str:
    """Return why the neurons of a network cannot be drawn; nothing if they can."""
    if not network.built:
        return "the shapes are not known yet"
    if list(edges) != [(i, i + 1) for i in range(len(facts) - 1)] or any(f.shared for f in facts):
        return "the layers do not stand one after the other"
    strange = [name for name, layer in network.layers.items() if not isinstance(layer, Dense)]
    if strange:
        return f"the layer {strange[0]!r} is not Dense"
    sizes = [fact.shape or () for fact in facts]
    if any(len(size) != 1 for size in sizes):
        return "the layers work on more than one axis"
    counts = [int(size[0]) for size in sizes]
    lines = sum(a * b for a, b in pairwise(counts))
    if max(counts) > _MOST_UNITS or len(facts) > _MOST_LAYERS or lines > _MOST_LINES:
        return (
            f"it is too large, with {lines:,} weights, up to {max(counts)} units a layer and "
            f"{len(facts)} layers; there is room for {_MOST_LINES}, {_MOST_UNITS} and "
            f"{_MOST_LAYERS}"
        )
    return ""


def draw_neurons(
    network: Network, title: str, facts: Sequence[Facts], weights: bool | None
) -> Drawing:
    """Return the drawing; `weights` tells whether lines show them, None: after training."""
    counts = [int((fact.shape or (0,))[0]) for fact in facts]
    inner = (len(facts) - 1) * _COLUMN
    width = max(inner + _COLUMN + 2 * _MARGIN, width_of(title, 13) + 2 * _MARGIN, 430.0)
    left = (width - inner) / 2
    tall = (max(counts) - 1) * _STEP
    xs = [left + i * _COLUMN for i in range(len(facts))]
    ys = [[_TOP + tall / 2 + (k - (n - 1) / 2) * _STEP for k in range(n)] for n in counts]
    if weights is None:
        weights = bool(getattr(network, "history", ()))
    held = [network.held(f"W_{fact.name}") for fact in facts[1:]]
    biases = [network.held(f"b_{fact.name}") for fact in facts[1:]]
    most = max((float(np.abs(w).max()) for w in held if w is not None), default=0.0)
    shown = [w if weights and most > 0 else None for w in held]
    lines = [
        _lines(facts[i : i + 2], xs[i : i + 2], ys[i : i + 2], shown[i], most)
        for i in range(len(facts) - 1)
    ]
    units = [
        _units(fact, x, y, bias if weights else None)
        for fact, x, y, bias in zip(facts, xs, ys, [None, *biases], strict=True)
    ]
    heads = [_head(fact, x) for fact, x in zip(facts, xs, strict=True)]
    foot = _TOP + tall + _FOOT
    legend = _legend(width / 2, foot, most) if any(w is not None for w in shown) else words(
        "every weight is drawn alike, since the network is not trained"
        if not getattr(network, "history", ()) else "every weight is drawn alike",
        width / 2, foot, text_anchor="middle",
    )  # fmt: skip
    name = words(title, width / 2, 20, size=13, text_anchor="middle")
    body = "".join([name, *lines, *units, *heads, legend])
    return Drawing(title, width, foot + 18, body)


def _head(fact: Facts, x: float) -> str:
    room = _COLUMN - 8
    lines = [fact.kind, fact.size] if not fact.is_input else ["input", fact.size]
    if fact.frozen:
        lines[0] += " · frozen"
    name = words(
        shortened(fact.name, room / 1.06, 12), x, 44, size=12, text_anchor="middle",
        font_weight="bold",
    )  # fmt: skip
    rest = [
        words(shortened(line, room), x, 58 + 14 * i, text_anchor="middle")
        for i, line in enumerate(lines)
    ]
    return element("g", tooltip("\n".join([fact.name, *lines])), name, *rest)


def _units(fact: Facts, x: float, ys: Sequence[float], bias: NDArray[Any] | None) -> str:
    colour = GREY if fact.is_input else BLUE
    found = []
    for k, y in enumerate(ys):
        told = f"{fact.name}[{k}]"
        if bias is not None:
            told += f", bias {short_number(float(bias[k]))}"
        # The paper below the tint keeps the lines from shining through.
        circle = element(
            "circle", cx=x, cy=y, r=_RADIUS, fill=colour, fill_opacity=0.85, stroke=colour,
            stroke_width=1.5,
        )  # fmt: skip
        found.append(element("g", tooltip(told), circle))
    return "".join(found)


def _lines(
    facts: Sequence[Facts], xs: Sequence[float], ys: Sequence[Sequence[float]],
    weights: NDArray[Any] | None, most: float,
) -> str:  # fmt: skip
    """Return a line for each weight between two layers, the weighty ones on top."""
    pairs = [(j, k) for j in range(len(ys[0])) for k in range(len(ys[1]))]
    if weights is not None:
        pairs.sort(key=lambda pair: abs(float(weights[pair])))
    found = []
    for j, k in pairs:
        told = f"{facts[0].name}[{j}] to {facts[1].name}[{k}]"
        ends = {"x1": xs[0] + _RADIUS, "y1": ys[0][j], "x2": xs[1] - _RADIUS, "y2": ys[1][k]}
        if weights is None:
            look = {"stroke": GREY, "stroke_width": 0.8, "stroke_opacity": 0.6}
        else:
            weight = float(weights[j, k])
            told += f": {short_number(weight)}"
            look = _look(weight, most)
        found.append(element("line", tooltip(told), **ends, **look))
    return "".join(found)


def _look(weight: float, most: float) -> dict[str, Any]:
    share = abs(weight) / most
    return {
        "stroke": ORANGE if weight < 0 else BLUE,
        "stroke_width": _THIN + (_THICK - _THIN) * share,
        "stroke_opacity": 0.25 + 0.7 * share,
    }


def _legend(x: float, y: float, most: float) -> str:
    """Return what the lines mean: the largest weights of both signs, and a small one."""
    found = []
    samples = ((-most, short_number(-most)), (most / 20, "near 0"), (most, short_number(most)))
    for at, (weight, text) in zip((-125.0, 5.0, 115.0), samples, strict=True):
        line = element("line", x1=x + at, y1=y - 4, x2=x + at + 34, y2=y - 4, **_look(weight, most))
        found.append(line + words(text, x + at + 40, y))
    return element("g", words("weight", x - 185, y), *found)
