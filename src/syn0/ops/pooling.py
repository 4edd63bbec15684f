"""Pooling: the largest or the mean of each window of images, and the way back.

Max pooling goes back by places: the number of the pixel in its window, counted by rows, that was
the largest. `max_pool2d_places` finds them, `take_places` picks by them, `scatter_places` puts
back; the last two are adjoint, so derivatives of any order are one or the other.
average_pool2d is adjoint to average_pool2d_dx.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from syn0.graph import NoDerivative, Op, Sample, Shape, Tensor, bad_shape, public
from syn0.ops.structure import normal
from syn0.ops.windows import (
    ONCE,
    Pair,
    Sides,
    count_windows,
    holders,
    image_shape,
    pair,
    sides,
    windows,
)

MOST_PLACES = 255  # in a window, so that a byte holds the number of one

# ----- max_pool2d, max_pool2d_places --------------------------------------


def _check_window(op_name: str, x: Tensor, window: Pair, padding: Sides) -> None:
    """Refuse windows that lie in the padding alone, and those that bytes do not number."""
    if any(max(side) >= size for side, size in zip(padding, window, strict=True)):
        what = f"the padding {padding} is not smaller than the window {window}"
        raise bad_shape(op_name, what, x, expected="some of the image in each window")
    if "average" not in op_name and math.prod(window) > MOST_PLACES:
        what = f"a window {window[0]} x {window[1]} has {math.prod(window)} pixels"
        raise bad_shape(op_name, what, x, expected=f"at most {MOST_PLACES} pixels in a window")


def _pooled(op_name: str, x: Tensor, window: Pair, strides: Pair, padding: Sides) -> Shape:
    counts = count_windows(op_name, x, window, strides, padding, ONCE)
    _check_window(op_name, x, window, padding)
    return (x.shape[0], *counts, x.shape[3])


def _max_pool2d_shape(
    x: Tensor, *, window: Pair, strides: Pair, padding: Sides
) -> tuple[Shape, str]:
    return _pooled("max_pool2d", x, window, strides, padding), x.dtype


def _max_pool2d(
    xp: Any, x: Any, *, window: Any, strides: Any, padding: Any = ((0, 0), (0, 0))
) -> Any:
    """Return the largest value of each window, NaN where it holds one."""
    return xp.max(windows(xp, x, window, strides, padding, (1, 1), -xp.inf), axis=(3, 4))


def _max_pool2d_derivative(dy: Tensor, y: Tensor, x: Tensor, **how: Any) -> Any:
    # By places and not by x == y: they are a byte each, and equal values do not share.
    return scatter_op(dy, places_op(x, **how), size=x.shape[1:3], **how)


Case = tuple[tuple[int, int, int, int], Pair, Pair, Sides]
# Images, and how windows go over them.
_CASES: tuple[Case, ...] = (
    ((2, 4, 6, 3), (2, 2), (2, 2), ((0, 0), (0, 0))),
    ((2, 5, 6, 2), (3, 3), (2, 2), ((0, 1), (1, 0))),
    ((1, 3, 7, 1), (1, 3), (1, 4), ((0, 0), (2, 2))),
)


def _windows_of(case: Case) -> Any:
    return _pooled("max_pool2d", Tensor(max_pool_op, shape=case[0], dtype="float64"), *case[1:])


def _how(case: Case) -> dict[str, Any]:
    return dict(zip(("window", "strides", "padding"), case[1:], strict=True))


def _apart(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Draw numbers far enough from each other that a small step changes no maximum."""
    return rng.permutation(math.prod(shape)).reshape(shape) / 8.0


def _max_pool2d_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for case in _CASES:
        yield Sample(_apart(rng, case[0]), **_how(case))
    yield _odd_values()


def _odd_values() -> Sample:
    """Give windows of equals, of NaN, and of nothing but -inf beside the padding."""
    x = np.full((1, 3, 6, 1), -np.inf)
    x[0, :2, 2:4, 0] = [[1.0, 2.0], [2.0, 2.0]]
    x[0, :2, 4:, 0] = [[5.0, np.nan], [np.nan, np.inf]]
    return Sample(x, window=(2, 2), strides=(2, 2), padding=((1, 0), (0, 0)), smooth=False)


max_pool_op = Op(
    "max_pool2d", _max_pool2d_shape, _max_pool2d, _max_pool2d_derivative, _max_pool2d_samples
)


def _places_shape(x: Tensor, *, window: Pair, strides: Pair, padding: Sides) -> tuple[Shape, str]:
    return _pooled("max_pool2d_places", x, window, strides, padding), "uint8"


def _max_pool2d_places(
    xp: Any, x: Any, *, window: Any, strides: Any, padding: Any = ((0, 0), (0, 0))
) -> Any:
    """Return the number in its window of the first largest pixel, counted by rows."""
    pixels = windows(xp, x, window, strides, padding, (1, 1), -xp.inf)
    inside = windows(xp, xp.ones_like(x[:1]), window, strides, padding, (1, 1), 0) == 1
    top = xp.max(pixels, axis=(3, 4), keepdims=True)
    found = inside & ((pixels == top) | (pixels != pixels))  # NaN is the largest of all
    found = xp.reshape(found, (*found.shape[:3], window[0] * window[1], x.shape[3]))
    return xp.argmax(found, axis=3).astype("uint8")


places_op = Op(
    "max_pool2d_places",
    _places_shape,
    _max_pool2d_places,
    NoDerivative("a place is constant in steps"),
    _max_pool2d_samples,
)


# ----- take_places, scatter_places ----------------------------------------


def chosen(xp: Any, places: Any, window: Pair) -> Any:
    """Return for each pixel of a window whether it is the one of its place: (..., R, S, C)."""
    return places == xp.reshape(xp.arange(window[0] * window[1]), (*window, 1))


def _take_shape(
    x: Tensor, places: Tensor, *, window: Pair, strides: Pair, padding: Sides
) -> tuple[Shape, str]:
    shape = _pooled("take_places", x, window, strides, padding)
    if places.shape != shape or places.dtype != "uint8":
        raise bad_shape("take_places", "a place for each window is needed", x, places)
    return shape, x.dtype


def _take_places(
    xp: Any, x: Any, places: Any, *, window: Any, strides: Any, padding: Any = ((0, 0), (0, 0))
) -> Any:
    """Return from each window the pixel at its place."""
    pixels = windows(xp, x, window, strides, padding, (1, 1), 0)
    picked = chosen(xp, places[:, :, :, None, None], window)
    return xp.sum(xp.where(picked, pixels, 0), axis=(3, 4))


def _take_derivative(
    dy: Tensor, y: Tensor, x: Tensor, places: Tensor, **how: Any
) -> tuple[Tensor, None]:
    return scatter_op(dy, places, size=x.shape[1:3], **how), None


def _real_places(x: Any, case: Case) -> Any:
    return _max_pool2d_places(np, x, **_how(case))


def _take_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for case in _CASES:
        x, other = normal(rng, *case[0]), normal(rng, *case[0])
        yield Sample(x, _real_places(other, case), **_how(case))


take_op = Op("take_places", _take_shape, _take_places, _take_derivative, _take_samples)


def _scatter_shape(
    dy: Tensor, places: Tensor, *, size: Pair, window: Pair, strides: Pair, padding: Sides
) -> tuple[Shape, str]:
    shape = image_shape("scatter_places", dy, size, window, strides, padding, ONCE)
    _check_window("scatter_places", dy, window, padding)
    if places.shape != dy.shape or places.dtype != "uint8":
        raise bad_shape("scatter_places", "a place for each value is needed", dy, places)
    return shape, dy.dtype


def _scatter_places(
    xp: Any, dy: Any, places: Any, *,
    size: Any, window: Any, strides: Any, padding: Any = ((0, 0), (0, 0)),
) -> Any:  # fmt: skip
    """Return what each pixel gets back from the windows in whose place it stands."""
    parts = holders(xp, dy, size, window, strides, padding, (1, 1))
    picked = chosen(xp, holders(xp, places, size, window, strides, padding, (1, 1)), window)
    return xp.sum(xp.where(picked, parts, 0), axis=(3, 4))


def _scatter_derivative(
    d: Tensor, out: Tensor, dy: Tensor, places: Tensor, *, size: Pair, **how: Any
) -> tuple[Tensor, None]:
    return take_op(d, places, **how), None


def _scatter_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for case in _CASES:
        dy, x = normal(rng, *_windows_of(case)), normal(rng, *case[0])
        yield Sample(dy, _real_places(x, case), size=case[0][1:3], **_how(case))


scatter_op = Op(
    "scatter_places", _scatter_shape, _scatter_places, _scatter_derivative, _scatter_samples
)


# ----- average_pool2d, average_pool2d_dx ----------------------------------


def _average_shape(x: Tensor, *, window: Pair, strides: Pair, padding: Sides) -> tuple[Shape, str]:
    return _pooled("average_pool2d", x, window, strides, padding), x.dtype


def _average_pool2d(
    xp: Any, x: Any, *, window: Any, strides: Any, padding: Any = ((0, 0), (0, 0))
) -> Any:
    """Return the mean of each window; the padding does not count."""
    total = xp.sum(windows(xp, x, window, strides, padding, (1, 1), 0), axis=(3, 4))
    return total / pixel_counts(xp, x.shape[1:3], window, strides, padding, x.dtype)


def pixel_counts(
    xp: Any, size: Pair, window: Pair, strides: Pair, padding: Sides, dtype: Any
) -> Any:
    """Return how many pixels of the image itself each window holds, (1, OH, OW, 1)."""
    ones = xp.ones((1, *size, 1), dtype=dtype)
    return xp.sum(windows(xp, ones, window, strides, padding, (1, 1), 0), axis=(3, 4))


def _average_derivative(dy: Tensor, y: Tensor, x: Tensor, **how: Any) -> Any:
    return average_dx_op(dy, size=x.shape[1:3], **how)


def _average_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for case in _CASES:
        yield Sample(normal(rng, *case[0]), **_how(case))


average_op = Op(
    "average_pool2d", _average_shape, _average_pool2d, _average_derivative, _average_samples
)


def _average_dx_shape(
    dy: Tensor, *, size: Pair, window: Pair, strides: Pair, padding: Sides
) -> tuple[Shape, str]:
    shape = image_shape("average_pool2d_dx", dy, size, window, strides, padding, ONCE)
    _check_window("average_pool2d_dx", dy, window, padding)
    return shape, dy.dtype


def _average_pool2d_dx(
    xp: Any, dy: Any, *, size: Any, window: Any, strides: Any, padding: Any = ((0, 0), (0, 0))
) -> Any:
    """Return to each pixel its share of all windows that hold it."""
    share = dy / pixel_counts(xp, size, window, strides, padding, dy.dtype)
    return xp.sum(holders(xp, share, size, window, strides, padding, (1, 1)), axis=(3, 4))


def _average_dx_derivative(d: Tensor, out: Tensor, dy: Tensor, *, size: Pair, **how: Any) -> Any:
    return average_op(d, **how)


def _average_dx_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for case in _CASES:
        dy = normal(rng, *_windows_of(case))
        yield Sample(dy, size=case[0][1:3], **_how(case))


average_dx_op = Op(
    "average_pool2d_dx",
    _average_dx_shape,
    _average_pool2d_dx,
    _average_dx_derivative,
    _average_dx_samples,
)


# ----- what callers write -------------------------------------------------


def _call(op: Op, x: Any, window: Any, strides: Any, padding: Any) -> Any:
    size = pair("window", window)
    steps = size if strides is None else pair("strides", strides)
    border = sides(padding, tuple(np.shape(x)[1:3]), size, steps, ONCE)
    return op(x, window=size, strides=steps, padding=border)


@public
def max_pool2d(
    x: Any,
    window: int | Sequence[int] = 2,
    strides: int | Sequence[int] | None = None,
    padding: str | int | Sequence[Any] = "valid",
) -> Any:
    """Return the largest value of each window of images (n, height, width, channels).

    Parameters
    ----------
    x : Tensor or array
        The images.
    window : int or (int, int)
        Its size; at most 255 pixels.
    strides : int or (int, int), optional
        How far apart windows begin; None for the size of the window.
    padding : "valid", "same", int or ((top, bottom), (left, right))
        A border that never is the largest.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> syn0.ops.max_pool2d(np.arange(8.0).reshape(1, 2, 4, 1))[0, 0, :, 0]
    array([5., 7.])
    """
    return _call(max_pool_op, x, window, strides, padding)


@public
def average_pool2d(
    x: Any,
    window: int | Sequence[int] = 2,
    strides: int | Sequence[int] | None = None,
    padding: str | int | Sequence[Any] = "valid",
) -> Any:
    """Return the mean of each window of images (n, height, width, channels).

    Parameters
    ----------
    x : Tensor or array
        The images.
    window : int or (int, int)
        Its size.
    strides : int or (int, int), optional
        How far apart windows begin; None for the size of the window.
    padding : "valid", "same", int or ((top, bottom), (left, right))
        A border that does not count.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> syn0.ops.average_pool2d(np.arange(8.0).reshape(1, 2, 4, 1))[0, 0, :, 0]
    array([2.5, 4.5])
    """
    return _call(average_op, x, window, strides, padding)
