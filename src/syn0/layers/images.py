"""What layers of images and sequences ask of their options and of their input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from syn0.errors import ArgumentError, ShapeError
from syn0.graph import Shape, Tensor, current_scope, format_shape, input_op
from syn0.layers.layer import Layer, one_input
from syn0.names import is_count, require
from syn0.ops.windows import ONCE, Pair, sides
from syn0.simplify import ELEMENTWISE

Size = int | Sequence[int]
Padding = str | int | Sequence[int | Sequence[int]]
COLOURS = (1, 3, 4)  # how many channels a picture has: grey; red, green, blue; and opacity
SMALL = 8  # pixels: where pictures have fewer rows, these are channels in the wrong place

# ----- options ------------------------------------------------------------


def check_counts(layer: Layer, *names: str) -> None:
    """Require whole numbers from 1 on."""
    for name in names:
        require(is_count(getattr(layer, name)), layer, name, "a whole number from 1 on")
        object.__setattr__(layer, name, int(getattr(layer, name)))


def check_sizes(layer: Layer, *names: str) -> None:
    """Require a whole number from 1 on, or two; lists are kept as tuples."""
    for name in names:
        value = getattr(layer, name)
        good = is_count(value) or (
            isinstance(value, (tuple, list)) and len(value) == 2 and all(map(is_count, value))
        )
        require(good, layer, name, "a whole number from 1 on, or two: (height, width)")
        object.__setattr__(layer, name, int(value) if is_count(value) else tuple(map(int, value)))


def check_padding(layer: Layer, value: Any) -> None:
    """Require what `ops.windows.sides` takes; lists are kept as tuples, NumPy's numbers as int."""
    kept = _tuples(value)
    try:
        sides(kept, ONCE, ONCE, ONCE, ONCE)
    except ArgumentError:
        wanted = "'valid', 'same', a number, (height, width) or ((top, bottom), (left, right))"
        require(False, layer, "padding", wanted)
    object.__setattr__(layer, "padding", kept)


def _tuples(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return tuple(map(_tuples, value))
    return int(value) if isinstance(value, np.integer) else value


# ----- input --------------------------------------------------------------


def image(layer: Layer, x: Any) -> Tensor:
    """Return the images of a layer, or raise `ShapeError` if they are something else."""
    x = one_input(layer, x)
    height, width, channels = image_shape(layer, x.shape[1:])
    pictured = height in COLOURS and min(width, channels) >= SMALL
    if pictured and _is_data(x):
        given = f"({height}, {width}, {channels})"
        raise ShapeError(
            f"{type(layer).__name__} got images {height} pixels high with {channels} channels; "
            f"{given} a sample looks like channels first.",
            where=_where(),
            expected="channels last: (height, width, channels)",
            mend="X.transpose(0, 2, 3, 1); if the images are like that, say so by "
            f"syn0.Reshape({given}) as first layer",
        )
    return x


def image_shape(layer: Layer, shape: Shape) -> tuple[int, int, int]:
    """Return (height, width, channels) of a sample, or raise `ShapeError`."""
    sizes = [n for n in shape if isinstance(n, int)]
    if len(shape) == 3 and len(sizes) == 3:
        return sizes[0], sizes[1], sizes[2]
    mend = None
    if len(sizes) == len(shape) == 2:
        whole = format_shape((*shape, 1))
        mend = f"for one channel X[..., None], or syn0.Reshape({whole}) as first layer"
    elif len(sizes) == len(shape) == 1:
        mend = "put syn0.Reshape((height, width, channels)) before it"
    raise _wrong_shape(layer, shape, "images (height, width, channels), all sizes known", mend)


def sequence(layer: Layer, x: Any) -> Tensor:
    """Return the sequences of a layer, or raise `ShapeError` if they are something else."""
    x = one_input(layer, x)
    sequence_shape(layer, x.shape[1:])
    return x


def sequence_shape(layer: Layer, shape: Shape) -> tuple[int, int]:
    """Return (length, channels) of a sample, or raise `ShapeError`."""
    sizes = [n for n in shape if isinstance(n, int)]
    if len(shape) == 2 and len(sizes) == 2:
        return sizes[0], sizes[1]
    mend = None
    if len(shape) == 1:
        mend = "for one channel X[..., None], or syn0.Reshape((-1, 1)) before it"
    raise _wrong_shape(layer, shape, "sequences (length, channels), both sizes known", mend)


def check_fit(layer: Layer, size: Pair, window: Pair, padding: Any, dilation: Pair = ONCE) -> None:
    """Raise `ShapeError` where a window is larger than the image with its border."""
    border = sides(padding, size, window, ONCE, dilation)
    reach = [gap * (n - 1) + 1 for n, gap in zip(window, dilation, strict=True)]
    if all(n + sum(side) >= r for n, side, r in zip(size, border, reach, strict=True)):
        return
    raise ShapeError(
        f"{type(layer).__name__} has windows of {reach[0]} x {reach[1]} pixels, the images have "
        f"{size[0]} x {size[1]}.",
        where=_where(),
        expected="windows that are not larger than the images with their padding",
        mend="padding='same', smaller windows, or fewer layers before it that shrink the images",
    )


def _wrong_shape(layer: Layer, shape: Shape, expected: str, mend: str | None) -> ShapeError:
    what = f"{type(layer).__name__} got an input of shape {format_shape(shape)} a sample."
    return ShapeError(what, where=_where(), expected=expected, mend=mend)


def _where() -> str | None:
    return f"layer {current_scope()!r}" if current_scope() else None


def _is_data(x: Tensor) -> bool:
    """Tell whether these are data that at most were scaled: what a person gave, as it was."""
    while x.op.name in ELEMENTWISE:
        x = next((t for t in x.inputs if t.shape == x.shape), x.inputs[0])
    return x.op is input_op
