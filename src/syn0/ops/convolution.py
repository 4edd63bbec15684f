r"""Convolution and its two adjoints, which close under differentiation to any order.

The three are bilinear and made of one sum over windows and channels,

.. math:: L = \sum_{n,h,w,r,s,c,o} x_{n, h', w', c} \, k_{r, s, c, o} \, y_{n, h, w, o}
   \qquad h' = h \cdot stride + r \cdot dilation - top

each the derivative of L by one of image x, kernels k and output y; so the derivatives of one are
the other two. With groups, the g-th share of the channels meets the g-th share of the kernels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from syn0.graph import Op, Sample, Shape, Tensor, bad_shape, common_dtype, public
from syn0.ops.structure import expand_dims, normal, squeeze
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

Padding = str | int | Sequence[Any]


def by_group(xp: Any, x: Any, groups: int) -> Any:
    """Return the last axis as (groups, size of a group)."""
    return xp.reshape(x, (*x.shape[:-1], groups, x.shape[-1] // groups))


# ----- conv2d -------------------------------------------------------------


def _conv2d_shape(
    x: Tensor, w: Tensor, *, strides: Pair, padding: Sides, dilation: Pair, groups: int
) -> tuple[Shape, str]:
    dtype = common_dtype("conv2d", x, w)
    _check_kernels("conv2d", x, w, groups)
    counts = count_windows("conv2d", x, w.shape[:2], strides, padding, dilation)  # type: ignore[arg-type]
    return (x.shape[0], *counts, w.shape[3]), dtype


def _check_kernels(op_name: str, x: Tensor, w: Tensor, groups: int) -> None:
    """Refuse kernels that do not go with the channels of `x`."""
    if w.ndim != 4 or not all(isinstance(n, int) for n in w.shape):
        wanted = "kernels (height, width, channels in a group, filters)"
        raise bad_shape(op_name, "these are no kernels", x, w, expected=wanted)
    if groups < 1 or not isinstance(w.shape[3], int) or w.shape[3] % groups:
        raise bad_shape(op_name, f"{groups} groups do not share {w.shape[3]} filters", x, w)
    if x.ndim != 4 or x.shape[3] != w.shape[2] * groups:
        what = f"kernels for {w.shape[2]} channels in each of {groups} groups do not fit"
        raise bad_shape(op_name, what, x, w, expected="images (n, height, width, channels)")


def _conv2d(
    xp: Any, x: Any, w: Any, *,
    strides: Any = (1, 1), padding: Any = ((0, 0), (0, 0)), dilation: Any = (1, 1), groups: int = 1,
) -> Any:  # fmt: skip
    """Return the sum of each window of the images, weighted by each kernel."""
    # n images, h w windows, r s their pixels, g groups of c channels and o filters each.
    # BLAS serves one group, a plain loop is faster for many.
    parts = by_group(xp, windows(xp, x, w.shape[:2], strides, padding, dilation, 0), groups)
    kernels = by_group(xp, w, groups)
    y = xp.einsum("nhwrsgc,rscgo->nhwgo", parts, kernels, optimize=groups == 1)
    return xp.reshape(y, (*y.shape[:3], w.shape[3]))


def _conv2d_derivative(
    dy: Tensor, y: Tensor, x: Tensor, w: Tensor, **how: Any
) -> tuple[Tensor, Tensor]:
    dx = conv2d_dx_op(dy, w, size=x.shape[1:3], **how)
    return dx, conv2d_dw_op(x, dy, kernel=w.shape[:2], **how)


# Image, kernels, and how these go over that: what the samples of all three ops are made of.
_CASES: tuple[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]], ...] = (
    ((2, 3, 4, 3), (1, 1, 3, 2), {"strides": (2, 2)}),
    ((2, 5, 4, 2), (3, 3, 2, 3), {"strides": (2, 2), "padding": ((1, 1), (0, 1))}),
    ((2, 4, 6, 4), (3, 2, 2, 6), {"padding": ((1, 1), (1, 1)), "dilation": (2, 3), "groups": 2}),
    ((2, 5, 5, 3), (3, 3, 1, 3), {"strides": (2, 1), "padding": ((0, 2), (1, 0)), "groups": 3}),
    ((1, 2, 1, 2), (5, 4, 2, 1), {"strides": (3, 2), "padding": ((3, 2), (4, 1))}),
)


def _case(how: dict[str, Any]) -> dict[str, Any]:
    still = {"strides": ONCE, "padding": ((0, 0), (0, 0)), "dilation": ONCE, "groups": 1}
    return {**still, **how}


def _conv2d_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for image, kernels, how in _CASES:
        yield Sample(normal(rng, *image), normal(rng, *kernels), **_case(how))


conv2d_op = Op("conv2d", _conv2d_shape, _conv2d, _conv2d_derivative, _conv2d_samples)


# ----- conv2d_dx: the adjoint by the image --------------------------------


def _conv2d_dx_shape(
    dy: Tensor, w: Tensor, *,
    size: Pair, strides: Pair, padding: Sides, dilation: Pair, groups: int,
) -> tuple[Shape, str]:  # fmt: skip
    dtype = common_dtype("conv2d_dx", dy, w)
    window = w.shape[:2]
    image = image_shape("conv2d_dx", dy, size, window, strides, padding, dilation)
    if w.ndim != 4 or w.shape[3] != dy.shape[3]:
        raise bad_shape("conv2d_dx", "a value for each filter is needed", dy, w)
    shape = (*image[:3], w.shape[2] * groups)
    _check_kernels("conv2d_dx", Tensor(dy.op, shape=shape), w, groups)
    return shape, dtype


def _conv2d_dx(
    xp: Any, dy: Any, w: Any, *,
    size: Any, strides: Any = (1, 1), padding: Any = ((0, 0), (0, 0)), dilation: Any = (1, 1),
    groups: int = 1,
) -> Any:  # fmt: skip
    """Return what each pixel gets back from all windows that hold it."""
    parts = holders(xp, dy, size, w.shape[:2], strides, padding, dilation)
    parts, kernels = by_group(xp, parts, groups), by_group(xp, w, groups)
    dx = xp.einsum("nhwrsgo,rscgo->nhwgc", parts, kernels, optimize=groups == 1)
    return xp.reshape(dx, (*dx.shape[:3], w.shape[2] * groups))


def _conv2d_dx_derivative(
    d: Tensor, out: Tensor, dy: Tensor, w: Tensor, *, size: Pair, **how: Any
) -> tuple[Tensor, Tensor]:
    return conv2d_op(d, w, **how), conv2d_dw_op(d, dy, kernel=w.shape[:2], **how)


def _outputs(image: tuple[int, ...], kernels: tuple[int, ...], how: dict[str, Any]) -> Any:
    shapes = (Tensor(conv2d_op, shape=s, dtype="float64") for s in (image, kernels))
    return _conv2d_shape(*shapes, **_case(how))[0]


def _conv2d_dx_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for image, kernels, how in _CASES:
        dy = normal(rng, *_outputs(image, kernels, how))
        yield Sample(dy, normal(rng, *kernels), size=image[1:3], **_case(how))


conv2d_dx_op = Op(
    "conv2d_dx", _conv2d_dx_shape, _conv2d_dx, _conv2d_dx_derivative, _conv2d_dx_samples
)


# ----- conv2d_dw: the adjoint by the kernels ------------------------------


def _conv2d_dw_shape(
    x: Tensor, dy: Tensor, *,
    kernel: Pair, strides: Pair, padding: Sides, dilation: Pair, groups: int,
) -> tuple[Shape, str]:  # fmt: skip
    dtype = common_dtype("conv2d_dw", x, dy)
    counts = count_windows("conv2d_dw", x, kernel, strides, padding, dilation)
    if dy.shape[:3] != (x.shape[0], *counts) or dy.ndim != 4:
        what = f"there are {counts[0]} x {counts[1]} windows in each of the images"
        raise bad_shape("conv2d_dw", what, x, dy)
    channels, filters = x.shape[3], dy.shape[3]
    if groups < 1 or channels % groups or filters % groups:  # type: ignore[operator]
        raise bad_shape("conv2d_dw", f"{groups} groups do not share the channels", x, dy)
    return (*kernel, channels // groups, filters), dtype


def _conv2d_dw(
    xp: Any, x: Any, dy: Any, *,
    kernel: Any, strides: Any = (1, 1), padding: Any = ((0, 0), (0, 0)), dilation: Any = (1, 1),
    groups: int = 1,
) -> Any:  # fmt: skip
    """Return what each weight gets back from all windows of all images."""
    parts = by_group(xp, windows(xp, x, kernel, strides, padding, dilation, 0), groups)
    slopes = by_group(xp, dy, groups)
    dw = xp.einsum("nhwrsgc,nhwgo->rscgo", parts, slopes, optimize=groups == 1)
    return xp.reshape(dw, (*dw.shape[:3], dy.shape[3]))


def _conv2d_dw_derivative(
    d: Tensor, out: Tensor, x: Tensor, dy: Tensor, *, kernel: Pair, **how: Any
) -> tuple[Tensor, Tensor]:
    return conv2d_dx_op(dy, d, size=x.shape[1:3], **how), conv2d_op(x, d, **how)


def _conv2d_dw_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for image, kernels, how in _CASES:
        dy = normal(rng, *_outputs(image, kernels, how))
        yield Sample(normal(rng, *image), dy, kernel=kernels[:2], **_case(how))


conv2d_dw_op = Op(
    "conv2d_dw", _conv2d_dw_shape, _conv2d_dw, _conv2d_dw_derivative, _conv2d_dw_samples
)


# ----- what callers write -------------------------------------------------


@public
def conv2d(
    x: Any,
    w: Any,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Any:
    """Return the sum of each window of images, weighted by each kernel: a cross-correlation.

    Parameters
    ----------
    x : Tensor or array
        Images (n, height, width, channels).
    w : Tensor or array
        Kernels (height, width, channels / groups, filters).
    strides, dilation : int or (int, int)
        How far apart windows begin, and the pixels of one window lie.
    padding : "valid", "same", int or ((top, bottom), (left, right))
        Rows and columns of zeros around the image; see `windows.sides`.
    groups : int
        How many equal shares of the channels have kernels of their own; as many as there are
        channels for a depthwise convolution.

    Raises
    ------
    ShapeError, ArgumentError
        If images, kernels and the rest do not go together.

    References
    ----------
    LeCun et al. (1989), Backpropagation applied to handwritten zip code recognition.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> image, kernel = np.ones((1, 4, 5, 1)), np.ones((3, 3, 1, 1))
    >>> syn0.ops.conv2d(image, kernel)[0, :, :, 0]
    array([[9., 9., 9.],
           [9., 9., 9.]])
    >>> syn0.ops.conv2d(image, kernel, strides=2, padding="same").shape
    (1, 2, 3, 1)
    """
    steps, gaps = pair("strides", strides), pair("dilation", dilation)
    border = sides(padding, tuple(np.shape(x)[1:3]), tuple(np.shape(w)[:2]), steps, gaps)
    return conv2d_op(x, w, strides=steps, padding=border, dilation=gaps, groups=groups)


@public
def conv1d(
    x: Any, w: Any, strides: int = 1, padding: str | int | Sequence[int] = "valid",
    dilation: int = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """Return the sum of each window of sequences, weighted by each kernel.

    Parameters
    ----------
    x : Tensor or array
        Sequences (n, length, channels).
    w : Tensor or array
        Kernels (length, channels / groups, filters).
    strides, dilation, groups : int
        As in `conv2d`.
    padding : "valid", "same", int or (before, after)
        Zeros at the ends.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> x = np.arange(5.0).reshape(1, 5, 1)
    >>> syn0.ops.conv1d(x, np.array([-1.0, 1.0]).reshape(2, 1, 1))[0, :, 0]
    array([1., 1., 1., 1.])
    """
    ends = padding if isinstance(padding, str) else (0, padding)
    rows, kernels = expand_dims(x, 1), expand_dims(w, 0)
    return squeeze(conv2d(rows, kernels, (1, strides), ends, (1, dilation), groups), 1)


@public
def conv2d_transpose(
    x: Any, w: Any, strides: int | Sequence[int] = 1, padding: str = "valid"
) -> Any:
    """Return images that grow: the adjoint of `conv2d`, which lays each pixel out as a kernel.

    Parameters
    ----------
    x : Tensor or array
        Images (n, height, width, channels).
    w : Tensor or array
        Kernels (height, width, filters, channels).
    strides : int or (int, int)
        How far apart the pixels are laid out.
    padding : "valid" or "same"
        Whether all of the kernels is kept, or as much as ``size * strides`` pixels hold.

    References
    ----------
    Zeiler, Krishnan, Taylor and Fergus (2010), Deconvolutional networks.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> x, w = np.arange(1.0, 3.0).reshape(1, 1, 2, 1), np.ones((1, 3, 1, 1))
    >>> syn0.ops.conv2d_transpose(x, w, strides=(1, 2))[0, 0, :, 0]
    array([1., 1., 3., 2., 2.])
    """
    steps, window = pair("strides", strides), tuple(np.shape(w)[:2])
    image = tuple(np.shape(x)[1:3])
    kept = [0, 0] if padding == "same" else [max(k - s, 0) for k, s in zip(window, steps)]
    size = tuple(n * s + more for n, s, more in zip(image, steps, kept))
    border = sides(padding, size, window, steps, ONCE)
    return conv2d_dx_op(x, w, size=size, strides=steps, padding=border, dilation=ONCE, groups=1)
