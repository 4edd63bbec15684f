"""Windows that slide over images: where they lie, what they hold, and which hold a pixel.

Images are (N, H, W, C), windows (R, S). A window begins every `strides` pixels of the padded
image, its pixels lie `dilation` apart. `windows` and `holders` are adjoint: they pair the same
windows with the same pixels, the one seen from the windows, the other from the pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from syn0.errors import ArgumentError, DTypeError, ShapeError
from syn0.graph import FLOATS, Shape, Tensor, bad_shape

Pair = tuple[int, int]
Sides = tuple[Pair, Pair]
ONCE: Pair = (1, 1)
_WAYS = ("high", "wide")

# ----- values, in any array namespace -------------------------------------


def windows(
    xp: Any, x: Any, window: Pair, strides: Pair, padding: Sides, dilation: Pair, fill: float
) -> Any:
    """Return the pixels in each window, (N, OH, OW, R, S, C); the border holds `fill`."""
    x = xp.pad(x, ((0, 0), *padding, (0, 0)), constant_values=fill)
    at = []
    for length, size, stride, gap in zip(x.shape[1:3], window, strides, dilation, strict=True):
        count = (length - gap * (size - 1) - 1) // stride + 1
        at.append(stride * xp.arange(count)[:, None] + gap * xp.arange(size))
    rows, columns = at  # (OH, R), (OW, S)
    return x[:, rows[:, None, :, None], columns[:, None, :]]


def holders(
    xp: Any, y: Any, size: Pair, window: Pair, strides: Pair, padding: Sides, dilation: Pair
) -> Any:
    """Return what the windows that hold a pixel have, (N, H, W, R, S, C); 0 where none does."""
    at = []
    for axis in (0, 1):
        first = padding[axis][0] + xp.arange(size[axis])[:, None]
        first = first - dilation[axis] * xp.arange(window[axis])  # where such a window begins
        count, stride = y.shape[1 + axis], strides[axis]
        real = (first % stride == 0) & (first >= 0) & (first < stride * count)
        at.append(xp.where(real, first // stride, count))
    rows, columns = at  # (H, R), (W, S); `count` is the row or column of zeros
    y = xp.pad(y, ((0, 0), (0, 1), (0, 1), (0, 0)))
    return y[:, rows[:, None, :, None], columns[:, None, :]]


# ----- shapes -------------------------------------------------------------


def count_windows(
    op_name: str, x: Tensor, window: Pair, strides: Pair, padding: Sides, dilation: Pair
) -> Pair:
    """Return how many windows fit below and beside each other, or raise `ShapeError`."""
    if x.dtype not in FLOATS:
        raise DTypeError(
            f"{op_name} needs floating-point numbers, not {x.dtype}.",
            mend="syn0.ops.astype(x, 'float32'), or a layer syn0.Rescaling(1 / 255) before it",
        )
    if x.ndim != 4 or not all(isinstance(n, int) for n in x.shape[1:]):
        wanted = "images (n, height, width, channels) whose last three sizes are numbers"
        raise bad_shape(op_name, "these are no images", x, expected=wanted)
    for name, value in (("window", window), ("strides", strides), ("dilation", dilation)):
        _check_pair(op_name, name, value, 1)
    for side in padding:
        _check_pair(op_name, "padding", side, 0)
    counts = []
    for axis, pixels in enumerate(numbers(x.shape[1:3])):
        length = pixels + sum(padding[axis])
        extent = dilation[axis] * (window[axis] - 1) + 1
        if length < extent:
            what = f"a window {extent} pixels {_WAYS[axis]} does not fit into {length}"
            wanted = "images at least as large as the window, with their padding"
            raise bad_shape(op_name, what, x, expected=wanted)
        counts.append((length - extent) // strides[axis] + 1)
    return counts[0], counts[1]


def numbers(shape: Shape) -> tuple[int, ...]:
    """Return the sizes that are numbers: all of them, once `count_windows` has looked."""
    return tuple(n for n in shape if isinstance(n, int))


def image_shape(op_name: str, y: Tensor, size: Pair, *where: Any) -> Shape:
    """Return the shape of images of `size` whose windows `y` has a value for, checked."""
    _check_pair(op_name, "size", size, 1)
    if y.ndim != 4:
        raise bad_shape(op_name, "a value for each window is needed", y)
    image = Tensor(y.op, shape=(y.shape[0], *size, y.shape[3]), dtype=y.dtype)
    counts = count_windows(op_name, image, *where)
    if y.shape[1:3] != counts:
        what = f"images of {size[0]} x {size[1]} have {counts[0]} x {counts[1]} windows"
        raise bad_shape(op_name, what, y)
    return image.shape


def _check_pair(op_name: str, name: str, value: Pair, least: int) -> None:
    if len(value) != 2 or not all(isinstance(n, int) and n >= least for n in value):
        raise ShapeError(
            f"{op_name} got {name} {value!r}.", expected=f"two whole numbers of at least {least}"
        )


# ----- what callers write -------------------------------------------------


def pair(name: str, value: int | Sequence[int], least: int = 1) -> Pair:
    """Return (height, width) from one number for both, or from two.

    Raises
    ------
    ArgumentError
        If it is something else, or less than `least`.

    Examples
    --------
    >>> pair("strides", 2), pair("strides", [1, 2])
    ((2, 2), (1, 2))
    """
    both = tuple(value) if isinstance(value, Sequence) else (value, value)
    if len(both) != 2 or not all(_is_whole(n, least) for n in both):
        raise ArgumentError(
            f"{name}={value!r} is not a size in pixels.", where=f"{name}=",
            expected=f"a whole number of at least {least}, or two (height, width)",
        )  # fmt: skip
    return int(both[0]), int(both[1])


def _is_whole(value: Any, least: int) -> bool:
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return whole and int(value) >= least


def sides(
    padding: str | int | Sequence[Any], image: Shape, window: Pair, strides: Pair, dilation: Pair
) -> Sides:
    """Return ((top, bottom), (left, right)) from what callers write for padding.

    ``"valid"`` is no border. With ``"same"`` there are ``ceil(size / stride)`` windows; an odd
    pixel goes to the bottom and to the right, as in Keras.

    Examples
    --------
    >>> sides("same", (5, 5), (3, 3), (1, 1), (1, 1)), sides("same", (6, 5), (3, 2), (2, 2), ONCE)
    (((1, 1), (1, 1)), ((0, 1), (0, 1)))
    """
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        known = numbers(image)
        if len(known) != 2:
            raise ShapeError(
                "padding='same' needs images whose sizes are numbers.",
                mend="give Input((height, width, channels)) first",
            )
        found = []
        for length, size, stride, gap in zip(known, window, strides, dilation, strict=True):
            last = (length - 1) // stride * stride + gap * (size - 1) + 1
            total = max(last - length, 0)
            found.append((total // 2, total - total // 2))
        return found[0], found[1]
    both = tuple(padding) if isinstance(padding, Sequence) else (padding, padding)
    if isinstance(padding, str) or len(both) != 2:
        raise ArgumentError(
            f"padding={padding!r} is not a padding.", where="padding=",
            expected="'valid', 'same', a number, or ((top, bottom), (left, right))",
        )  # fmt: skip
    return pair("padding", both[0], 0), pair("padding", both[1], 0)
