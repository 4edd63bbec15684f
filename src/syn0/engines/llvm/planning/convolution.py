"""The calls of convolution and its adjoints: their results cut into parts of the same taps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from syn0.engines.llvm.kernels.convolution import Part
from syn0.engines.llvm.planning.views import Sizes
from syn0.engines.llvm.planning.windows import Axis, Run, tap_runs, window_runs

FEW = 6  # rows of a line below which lines are taken as rows, if they are more


@dataclass(frozen=True)
class Strides:
    """How far apart neighbours are: samples, lines, pixels, channels; or taps and channels."""

    sample: int
    line: int
    pixel: int
    channel: int


def axes_of(
    size: Sizes, windows: Sizes, taps: Sizes, attributes: Mapping[str, Any]
) -> tuple[Axis, Axis]:
    """Return the two axes along which a window moves: down, and to the right."""
    strides, padding = attributes["strides"], attributes["padding"]
    dilation = attributes.get("dilation", (1, 1))
    down, right = (
        Axis(size[i], windows[i], taps[i], strides[i], dilation[i], padding[i][0]) for i in range(2)
    )
    return down, right


def is_by_channel(groups: int, channels: int, filters: int) -> bool:
    """Tell whether each channel has one filter of its own, and there are several."""
    return groups == channels == filters and groups > 1


def map_parts(
    runs: Sequence[Sequence[Run]], source: Strides, weights: Strides, target: Strides,
    depth: int, groups: int, columns: int, *, tidy: bool = True,
) -> list[Part]:  # fmt: skip
    """Return the parts of a result of which each sample is made from that sample alone.

    Parameters
    ----------
    runs : sequence
        Those of the lines and those of the pixels.
    source, weights, target : Strides
        Of A, B and C; the `sample` of the weights is the distance of groups.
    depth, groups, columns : int
        Channels of a group of the source, groups, channels of a group of the target.
    tidy : bool
        Whether loops are joined where they can be.
    """
    parts = [
        Part(
            a=v.source * source.line + h.source * source.pixel + g * depth * source.channel,
            b=v.tap * weights.line + h.tap * weights.pixel + g * weights.sample,
            c=v.first * target.line + h.first * target.pixel + g * columns,
            lines=v.count,
            a_line=v.source_step * source.line,
            c_line=v.step * target.line,
            rows=h.count,
            a_m=h.source_step * source.pixel,
            c_m=h.step * target.pixel,
            taps=v.taps,
            a_tap=v.source_tap * source.line,
            b_tap=v.tap_step * weights.line,
            inner_taps=h.taps,
            a_inner=h.source_tap * source.pixel,
            b_inner=h.tap_step * weights.pixel,
            depth=depth,
            a_k=source.channel,
            b_k=weights.channel,
        )
        for g in range(groups)
        for v in runs[0]
        for h in runs[1]
    ]
    return [_tidy(part) for part in parts] if tidy else parts


def sum_parts(
    runs: Sequence[Sequence[Run]], x: Strides, dy: Strides, channels: int, groups: int, columns: int
) -> list[Part]:
    """Return the parts of the gradient of a window, a sum over all samples and places.

    Each tap is one part, or as many neighbours as meet the same windows; tap by tap down the
    window, so that the parts of each of its lines are equally many.
    """
    width = groups * columns
    parts = []
    for v in runs[0]:
        for taps in _same_windows(runs[1], merge=groups == 1 and x.pixel == channels * x.channel):
            h = taps[0]
            for g in range(groups):
                part = _sum_part(
                    v, h, x, dy, c=(v.tap * len(runs[1]) + h.tap) * channels * width,
                    rows=channels * len(taps), a_m=x.channel, c_m=width,
                )  # fmt: skip
                a, c = g * channels * x.channel, g * columns
                parts.append(replace(part, a=part.a + a, b=part.b + c, c=part.c + c))
    return parts


def channel_sum_parts(
    vertical: Axis, horizontal: Axis, x: Strides, dy: Strides, channels: int
) -> list[Part] | None:
    """Return the parts of the gradient of windows of which each channel has its own.

    All taps below each other are one part over the lines where all of them meet the picture,
    which comes first; then what the lines of the rims add to some. None where no line has all.
    """
    runs = sorted(window_runs(vertical), key=lambda run: -run.taps)
    if not runs or runs[0].taps < vertical.taps:
        return None
    width = horizontal.taps * channels
    return [
        _sum_part(
            v, h, x, dy, c=v.tap * width + h.tap * channels, rows=v.taps,
            a_m=v.source_tap * x.line, c_m=width, resumes=int(place > 0),
        )
        for place, v in enumerate(runs)
        for h in tap_runs(horizontal)
        if v.taps or not place
    ]  # fmt: skip


def _sum_part(
    v: Run, h: Run, x: Strides, dy: Strides, *, c: int, rows: int, a_m: int, c_m: int,
    resumes: int = 0,
) -> Part:  # fmt: skip
    """Return a part that adds up over samples, and over the lines and pixels of two runs."""
    part = Part(
        a=v.source * x.line + h.source * x.pixel,
        b=v.first * dy.line + h.first * dy.pixel,
        c=c,
        lines=1,
        a_line=0,
        c_line=0,
        rows=rows,
        a_m=a_m,
        c_m=c_m,
        taps=0,
        a_tap=x.sample,
        b_tap=dy.sample,
        inner_taps=v.count,
        a_inner=v.source_step * x.line,
        b_inner=dy.line,
        depth=h.count,
        a_k=h.source_step * x.pixel,
        b_k=dy.pixel,
        resumes=resumes,
    )
    return _tidy(part)


def _same_windows(runs: Sequence[Run], *, merge: bool) -> list[list[Run]]:
    """Group neighbouring taps that meet the same windows at neighbouring places."""
    groups: list[list[Run]] = []
    for run in runs:
        last = groups[-1][-1] if groups and merge else None
        if last == replace(run, tap=run.tap - 1, source=run.source - 1):
            groups[-1].append(run)
        else:
            groups.append([run])
    return groups


def _tidy(part: Part) -> Part:
    """Return a part with loops joined where they go on in even steps."""
    if not part.lines:
        return part
    if part.depth == 1:
        part = replace(
            part, a_k=part.a_inner, b_k=part.b_inner, depth=part.inner_taps, inner_taps=1
        )
    elif (part.a_inner, part.b_inner) == (part.depth * part.a_k, part.depth * part.b_k):
        part = replace(part, depth=part.depth * part.inner_taps, inner_taps=1)
    if (part.a_line, part.c_line) == (part.rows * part.a_m, part.rows * part.c_m):
        part = replace(part, rows=part.rows * part.lines, lines=1)
    if part.rows < min(FEW, part.lines):
        part = replace(
            part, rows=part.lines, a_m=part.a_line, c_m=part.c_line,
            lines=part.rows, a_line=part.a_m, c_line=part.c_m,
        )  # fmt: skip
    return part
