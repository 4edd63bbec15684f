"""Learning curves as SVG, for the page of a history."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from syn0.plots.palette import GREY, TRAIN, VALIDATION
from syn0.plots.series import Array, Columns, Series, best_epoch, series_of, ticks
from syn0.plots.svg import Drawing, element, shortened, width_of, words

_PANEL = (300.0, 200.0)
_LEFT, _RIGHT, _TOP, _FOOT = 58.0, 22.0, 30.0, 42.0
_ACROSS = 3  # panels beside each other
_MOST_PANELS = 6
_MOST_POINTS = 240
_LOOK = {"train": (TRAIN, None), "validation": (VALIDATION, "5 3")}

Scale = Callable[[float], float]


def curves_drawing(columns: Columns, first_epoch: int = 0) -> Drawing | None:
    """Return the curves of a history, the loss first; None where nothing can be drawn."""
    drawn = [series for series in series_of(columns) if series.finite().size][:_MOST_PANELS]
    if not drawn:
        return None
    best = best_epoch(columns)
    across = min(len(drawn), _ACROSS)
    rows = -(-len(drawn) // across)
    panels = [
        element(
            "g", _panel(series, first_epoch, best),
            transform=f"translate({i % across * _PANEL[0]:.0f} {i // across * _PANEL[1]:.0f})",
        )
        for i, series in enumerate(drawn)
    ]  # fmt: skip
    title = "Learning curves: " + ", ".join(series.name for series in drawn)
    return Drawing(title, across * _PANEL[0], rows * _PANEL[1], "".join(panels))


def _panel(series: Series, first_epoch: int, best: tuple[str, int] | None) -> str:
    epochs = max(len(values) for _, values in series.curves())
    x = _scale(1, epochs, _LEFT, _PANEL[0] - _RIGHT)
    logarithmic = series.logarithmic
    change = math.log10 if logarithmic else float
    finite = series.finite()
    low, high = change(float(finite.min())), change(float(finite.max()))
    room = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
    y = _scale(low - room, high + room, _PANEL[1] - _FOOT, _TOP)
    told = f"epoch · best {first_epoch + best[1] + 1}" if best is not None else "epoch"
    parts = [_frame(series, first_epoch, epochs, x, told), _levels(low, high, y, logarithmic)]
    if best is not None:
        at = x(best[1] + 1)
        parts.append(element(
            "line", x1=at, x2=at, y1=_TOP, y2=_PANEL[1] - _FOOT, stroke=GREY,
            stroke_dasharray="2 3",
        ))  # fmt: skip
    for label, values in series.curves():
        colour, dashes = _LOOK[label]
        parts += [
            element(
                "polyline", points=points, fill="none", stroke=colour, stroke_width=1.8,
                stroke_dasharray=dashes, stroke_linejoin="round",
            )
            if " " in points
            else _dot(points, colour)
            for points in _runs(values, x, lambda value: y(change(value)))
        ]  # fmt: skip
    return "".join(parts)


def _frame(series: Series, first: int, epochs: int, x: Scale, told: str) -> str:
    """Return name, legend and the axis of epochs."""
    bottom, right = _PANEL[1] - _FOOT, _PANEL[0] - _RIGHT
    name = series.name + (", logarithmic" if series.logarithmic else "")
    parts, at = [], right
    for label, _ in reversed(series.curves()):
        parts.append(words(label, at, 18, text_anchor="end"))
        at -= width_of(label) + 2
        colour, dashes = _LOOK[label]
        parts.append(element(
            "line", x1=at - 20, x2=at - 2, y1=14, y2=14, stroke=colour, stroke_width=1.8,
            stroke_dasharray=dashes,
        ))  # fmt: skip
        at -= 32
    name = shortened(name, (at - _LEFT) / 1.06, 12)
    parts.append(words(name, _LEFT, 18, size=12, font_weight="bold"))
    parts.append(element("path", d=f"M{_LEFT} {_TOP}V{bottom}H{right}", fill="none", stroke=GREY))
    last = first + epochs
    inner = [t for t in ticks(first + 1, last, 4) if 0.12 < (t - first) / epochs < 0.88]
    for epoch in dict.fromkeys([first + 1, *(int(t) for t in inner if t % 1 == 0), last]):
        at = x(epoch - first)
        parts.append(element("path", d=f"M{at:.1f} {bottom}v4", stroke=GREY))
        parts.append(words(epoch, at, bottom + 16, text_anchor="middle"))
    parts.append(words(told, (_LEFT + right) / 2, bottom + 32, text_anchor="middle"))
    return "".join(parts)


def _levels(low: float, high: float, y: Scale, logarithmic: bool) -> str:
    marks: Sequence[float] = ticks(low, high, 6)
    if logarithmic:
        whole = list(range(math.ceil(low), math.floor(high) + 1))
        marks = whole[:: -(-len(whole) // 5)]
    parts = []
    for mark in marks:
        value = 10.0**mark if logarithmic else mark
        grid = f"M{_LEFT - 4} {y(mark):.1f}H{_PANEL[0] - _RIGHT}"
        parts.append(element("path", d=grid, stroke=GREY, stroke_opacity=0.3))
        parts.append(words(f"{value + 0.0:.6g}", _LEFT - 7, y(mark) + 4, text_anchor="end"))
    return "".join(parts)


def _scale(low: float, high: float, start: float, end: float) -> Scale:
    if high == low:
        return lambda value: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _runs(values: Array, x: Scale, y: Scale) -> list[str]:
    """Return the points of each stretch without a gap; of many epochs some, ends included."""
    kept = np.unique(np.linspace(0, len(values) - 1, min(len(values), _MOST_POINTS)).astype(int))
    stretches: list[list[str]] = [[]]
    for i in kept:
        if np.isnan(values[i]):
            stretches.append([])
        else:
            stretches[-1].append(f"{x(i + 1):.1f},{y(float(values[i])):.1f}")
    return [" ".join(points) for points in stretches if points]


def _dot(point: str, colour: str) -> str:
    cx, cy = point.split(",")
    return element("circle", cx=cx, cy=cy, r=3, fill=colour)
