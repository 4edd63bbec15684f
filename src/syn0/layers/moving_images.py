"""Images moved by amounts that are not known before they are drawn.

A slice begins where the program says, not where the data say. But any shift is a sum of steps
of half, a quarter, ... of the farthest one, and a step is taken or not: one `where` of two
slices each. So a shift by up to n pixels takes about log2(n) passes, moves values without
changing them, and has a gradient. What is left below one pixel blends two neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from syn0 import ops
from syn0.graph import Tensor, constant

Border = Sequence[tuple[int, int]]  # (top, bottom), (left, right)


def cut(x: Tensor, axis: int, start: int, stop: int | None = None) -> Tensor:
    """Return a part of `x` along one axis."""
    part: Tensor = x[(*[slice(None)] * axis, slice(start, stop))]
    return part


def shifted(x: Tensor, by: Tensor, axis: int, most: int) -> tuple[Tensor, Tensor]:
    """Return `x` from `by` on along an axis, `most` pixels shorter, and what is left of `by`.

    Parameters
    ----------
    x : Tensor
        Images (n, height, width, channels).
    by : Tensor
        From 0 to below ``most + 1``, of a shape that broadcasts to that of `x`.
    axis : int
        1 moves rows, 2 columns.
    most : int
        The farthest shift.
    """
    while most:
        step = (most + 1) // 2
        far = (by >= step).named("far")
        x = ops.where(far, cut(x, axis, step), cut(x, axis, 0, -step)).named("moved")
        by = ops.where(far, by - step, by).named("rest")
        most -= step
    return x, by


def slid(x: Tensor, by: Tensor, axis: int, most: int) -> Tensor:
    """Return what `shifted` does, one pixel shorter, blended between two neighbours."""
    x, rest = shifted(x, by, axis, most)
    here, next_one = cut(x, axis, 0, -1), cut(x, axis, 1)
    return (here + rest * (next_one - here)).named("blended")


def flipped(x: Tensor, axis: int) -> Tensor:
    """Return images with the order of one axis turned round."""
    part: Tensor = x[(*[slice(None)] * axis, slice(None, None, -1))]
    return part


# ----- borders ------------------------------------------------------------


def bordered(x: Tensor, border: Border, fill_mode: str, fill_value: float) -> Tensor:
    """Return images with a border.

    Parameters
    ----------
    x : Tensor
        Images (n, height, width, channels).
    border : ((top, bottom), (left, right))
        Its widths.
    fill_mode : {"constant", "nearest", "reflect"}
        What it holds: one value, the nearest pixel, or the image mirrored at its edge.
    fill_value : float
        The value, where it is one.
    """
    if fill_mode == "constant":
        padded = ops.pad(x, ((0, 0), *border, (0, 0)))
        if fill_value:  # added to zeros, so that the image keeps its bits
            inside = np.pad(np.ones((1, *sizes_of(x)[:2], 1), bool), ((0, 0), *border, (0, 0)))
            padded = padded + constant(np.where(inside, 0.0, fill_value).astype(x.dtype))
        return padded
    lengthened = _mirrored if fill_mode == "reflect" else _stretched
    for axis, (before, after) in enumerate(border, start=1):
        x = lengthened(x, axis, before, after)
    return x


def sizes_of(x: Tensor) -> tuple[int, ...]:
    """Return height, width and channels, which are numbers wherever images come in."""
    return tuple(size for size in x.shape[1:] if isinstance(size, int))


def _stretched(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    def repeated(edge: Tensor, count: int) -> Tensor:
        shape = [*edge.shape]
        shape[axis] = count
        return ops.broadcast_to(edge, tuple(shape))

    last = sizes_of(x)[axis - 1] - 1
    parts = [repeated(cut(x, axis, 0, 1), before), x, repeated(cut(x, axis, last), after)]
    return ops.concat([part for part in parts if part.shape[axis]], axis=axis)


def _mirrored(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    while before or after:  # as often as the border is wider than what there is to mirror
        length = sizes_of(x)[axis - 1]
        a, b = min(before, length), min(after, length)
        parts = [flipped(cut(x, axis, 0, a), axis), x, flipped(cut(x, axis, length - b), axis)]
        x = ops.concat([part for part in parts if part.shape[axis]], axis=axis)
        before, after = before - a, after - b
    return x
