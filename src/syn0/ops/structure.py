"""Ops that move values without changing them, in adjoint pairs.

reshape itself · permute_dims itself · expand_dims with squeeze · broadcast_to with sum.
The derivative of the one is the other, so both live here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import DTypeError, ShapeError
from syn0.graph import (
    Dimension,
    NoDerivative,
    Op,
    Sample,
    Shape,
    Size,
    Tensor,
    bad_shape,
    format_shape,
    public,
)

Axes = int | tuple[int, ...] | None


def normal(rng: np.random.Generator, *shape: int) -> NDArray[np.float64]:
    """Draw standard normal sample inputs."""
    return rng.standard_normal(shape)


def same_shape(x: Tensor, **_: Any) -> tuple[Shape, str]:
    """Give the shape rule of ops that keep the shape and dtype of their input."""
    return x.shape, x.dtype


def normalize_axes(x: Any, axis: Axes) -> Axes:
    """Return `axis` counted from the first axis: None for all, an int for one, else a tuple."""
    if axis is None:
        return None
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for a in axes:
        if not -x.ndim <= a < x.ndim:
            raise ShapeError(
                f"axis {a} does not exist in the shape {format_shape(tuple(x.shape))}.",
                expected=f"an axis from {-x.ndim} to {x.ndim - 1}",
            )
    counted = tuple(sorted(a % x.ndim for a in axes))
    return counted[0] if len(counted) == 1 else counted


def listed_axes(x: Any, axis: Axes) -> tuple[int, ...]:
    """Return the axes that `axis` means: all for None."""
    return tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis


def reduced_shape(x: Tensor, axis: Axes, keepdims: bool) -> Shape:
    """Return the shape that is left when `axis` is reduced."""
    axes = listed_axes(x, axis)
    if keepdims:
        return tuple(1 if i in axes else d for i, d in enumerate(x.shape))
    return tuple(d for i, d in enumerate(x.shape) if i not in axes)


def restore_axes(dy: Tensor, axis: Axes, keepdims: bool) -> Tensor:
    """Put the reduced axes back with size 1, so that `dy` broadcasts against the input."""
    if keepdims or axis is None:
        return dy
    for a in (axis,) if isinstance(axis, int) else axis:
        dy = expand_dims(dy, a)
    return dy


def unbroadcast(dy: Tensor, x: Tensor) -> Tensor:
    """Sum `dy` over the axes that broadcasting repeated, so that it has the shape of `x`."""
    extra = dy.ndim - x.ndim
    if extra:
        dy = sum(dy, axis=tuple(range(extra)))
    repeated = tuple(i for i, (d, n) in enumerate(zip(dy.shape, x.shape, strict=True)) if d != n)
    return sum(dy, axis=repeated, keepdims=True) if repeated else dy


# ----- reshape ------------------------------------------------------------


def _count(shape: Sequence[Size]) -> tuple[int, list[str]]:
    numbers = math.prod(d for d in shape if isinstance(d, int))
    return numbers, sorted(repr(d) for d in shape if isinstance(d, Dimension))


def _reshape_shape(x: Tensor, *, shape: Shape) -> tuple[Shape, str]:
    if _count(x.shape) != _count(shape):
        raise bad_shape(
            "reshape", f"{format_shape(shape)} holds another number of values", x,
            expected=f"a shape of {' * '.join(map(str, x.shape)) or 1} values",
        )  # fmt: skip
    return shape, x.dtype


def _reshape(xp: Any, x: Any, *, shape: Any) -> Any:
    """Return the same values in row order under another shape."""
    return xp.reshape(x, shape)


def _reshape_derivative(dy: Tensor, y: Tensor, x: Tensor, *, shape: Shape) -> Any:
    return reshape_op(dy, shape=x.shape)


def _reshape_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 6), shape=(3, 4))
    yield Sample(normal(rng, 2, 3, 2), shape=(2, 6))
    yield Sample(normal(rng, 1), shape=())
    yield Sample(normal(rng, 0, 3), shape=(3, 0))


reshape_op = Op("reshape", _reshape_shape, _reshape, _reshape_derivative, _reshape_samples)


@public
def reshape(x: Any, shape: Sequence[Size]) -> Any:
    """Return `x` in another shape; one size may be -1 and is computed.

    Examples
    --------
    >>> import syn0
    >>> x = syn0.graph.input_tensor("x", (syn0.graph.batch, 4, 4))
    >>> syn0.ops.reshape(x, (syn0.graph.batch, -1)).shape
    (batch, 16)
    """
    if not isinstance(x, Tensor):
        return np.reshape(x, shape)
    target = list(shape)
    if target.count(-1) > 1:
        raise bad_shape("reshape", f"only one size of {tuple(shape)} may be -1", x)
    if -1 in [d for d in target if isinstance(d, int)]:
        place = next(i for i, d in enumerate(target) if isinstance(d, int) and d == -1)
        rest = target[:place] + target[place + 1 :]
        numbers, names = _count(x.shape)
        known, known_names = _count(rest)
        left = [d for d in x.shape if isinstance(d, Dimension) and repr(d) not in known_names]
        if len(left) == 1 and numbers == known:
            target[place] = left[0]
        elif not left and known and numbers % known == 0 and names == known_names:
            target[place] = numbers // known
        else:
            raise bad_shape("reshape", f"-1 in {tuple(shape)} cannot be computed", x)
    return reshape_op(x, shape=tuple(target))


# ----- permute_dims, matrix_transpose -------------------------------------


def _permute_shape(x: Tensor, *, axes: tuple[int, ...]) -> tuple[Shape, str]:
    if sorted(axes) != list(range(x.ndim)):
        raise bad_shape("permute_dims", f"{axes} does not name each axis once", x)
    return tuple(x.shape[a] for a in axes), x.dtype


def _permute_dims(xp: Any, x: Any, *, axes: tuple[int, ...]) -> Any:
    """Return the values with the axes in another order."""
    return xp.transpose(x, axes)


def _permute_derivative(dy: Tensor, y: Tensor, x: Tensor, *, axes: tuple[int, ...]) -> Any:
    return permute_op(dy, axes=tuple(axes.index(i) for i in range(len(axes))))


def _permute_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 3, 4), axes=(2, 0, 1))
    yield Sample(normal(rng, 2, 3), axes=(1, 0))


permute_op = Op(
    "permute_dims", _permute_shape, _permute_dims, _permute_derivative, _permute_samples
)


@public
def permute_dims(x: Any, axes: Sequence[int] | None = None) -> Any:
    """Return `x` with its axes in another order; None reverses them."""
    order = tuple(range(x.ndim))[::-1] if axes is None else tuple(a % x.ndim for a in axes)
    return matrix_transpose(x) if order == (1, 0) else permute_op(x, axes=order)


def _matrix_transpose_shape(x: Tensor) -> tuple[Shape, str]:
    if x.ndim < 2:
        raise bad_shape("matrix_transpose", "a matrix has at least two axes", x)
    return (*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype


def _matrix_transpose(xp: Any, x: Any) -> Any:
    """Return the values with the last two axes swapped."""
    return x.mT


def _matrix_transpose_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return matrix_transpose(dy)


def _matrix_transpose_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 3))
    yield Sample(normal(rng, 2, 3, 4))


matrix_transpose = Op(
    "matrix_transpose",
    _matrix_transpose_shape,
    _matrix_transpose,
    _matrix_transpose_derivative,
    _matrix_transpose_samples,
)
public(lambda x: matrix_transpose(x), "matrix_transpose")


# ----- expand_dims, squeeze -----------------------------------------------


def _expand_shape(x: Tensor, *, axis: int) -> tuple[Shape, str]:
    if not 0 <= axis <= x.ndim:
        raise bad_shape("expand_dims", f"axis {axis} lies outside the shape", x)
    return (*x.shape[:axis], 1, *x.shape[axis:]), x.dtype


def _expand_dims(xp: Any, x: Any, *, axis: int) -> Any:
    """Return the values with a new axis of size 1."""
    return xp.expand_dims(x, axis)


def _expand_derivative(dy: Tensor, y: Tensor, x: Tensor, *, axis: int) -> Any:
    return squeeze_op(dy, axis=axis)


def _expand_samples(rng: np.random.Generator) -> Iterable[Sample]:
    for axis in (0, 1, 2):
        yield Sample(normal(rng, 2, 3), axis=axis)


expand_op = Op("expand_dims", _expand_shape, _expand_dims, _expand_derivative, _expand_samples)


@public
def expand_dims(x: Any, axis: int) -> Any:
    """Return `x` with a new axis of size 1 at `axis`."""
    return expand_op(x, axis=axis % (x.ndim + 1))


def _squeeze_shape(x: Tensor, *, axis: int) -> tuple[Shape, str]:
    if not 0 <= axis < x.ndim or x.shape[axis] != 1:
        raise bad_shape("squeeze", f"axis {axis} is not of size 1", x)
    return (*x.shape[:axis], *x.shape[axis + 1 :]), x.dtype


def _squeeze(xp: Any, x: Any, *, axis: int) -> Any:
    """Return the values without an axis of size 1."""
    return xp.squeeze(x, axis)


def _squeeze_derivative(dy: Tensor, y: Tensor, x: Tensor, *, axis: int) -> Any:
    return expand_op(dy, axis=axis)


def _squeeze_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 1, 3), axis=1)
    yield Sample(normal(rng, 1), axis=0)


squeeze_op = Op("squeeze", _squeeze_shape, _squeeze, _squeeze_derivative, _squeeze_samples)


@public
def squeeze(x: Any, axis: int) -> Any:
    """Return `x` without its axis of size 1 at `axis`."""
    return squeeze_op(x, axis=axis % x.ndim)


# ----- broadcast_to, sum --------------------------------------------------


def _broadcast_shape(x: Tensor, *, shape: Shape) -> tuple[Shape, str]:
    tail = shape[len(shape) - x.ndim :]
    if x.ndim > len(shape) or any(d != n and d != 1 for d, n in zip(x.shape, tail, strict=True)):
        raise bad_shape("broadcast_to", f"it cannot be repeated to {format_shape(shape)}", x)
    return shape, x.dtype


def _broadcast_to(xp: Any, x: Any, *, shape: Any) -> Any:
    """Return the values repeated along new axes and axes of size 1."""
    return xp.broadcast_to(x, shape)


def _broadcast_derivative(dy: Tensor, y: Tensor, x: Tensor, *, shape: Shape) -> Any:
    return unbroadcast(dy, x)


def _broadcast_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 3), shape=(2, 3))
    yield Sample(normal(rng, 2, 1), shape=(2, 3))
    yield Sample(normal(rng), shape=(2, 2))


broadcast_op = Op(
    "broadcast_to", _broadcast_shape, _broadcast_to, _broadcast_derivative, _broadcast_samples
)


@public
def broadcast_to(x: Any, shape: Sequence[Size]) -> Any:
    """Return `x` repeated to `shape`, as in NumPy."""
    return broadcast_op(x, shape=tuple(shape))


def _sum_shape(x: Tensor, *, axis: Axes, keepdims: bool) -> tuple[Shape, str]:
    if x.dtype == "bool":
        raise DTypeError(
            "sum of booleans has no dtype of its own here.",
            mend="choose one: syn0.ops.astype(x, 'float32')",
        )
    return reduced_shape(x, axis, keepdims), x.dtype


def _sum(xp: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    """Return the sum over axes."""
    return xp.sum(x, axis=axis, keepdims=keepdims)


def _sum_derivative(dy: Tensor, y: Tensor, x: Tensor, *, axis: Axes, keepdims: bool) -> Any:
    return broadcast_op(restore_axes(dy, axis, keepdims), shape=x.shape)


def reduction_samples(rng: np.random.Generator) -> Iterable[Sample]:
    """Give the samples of reductions over axes."""
    yield Sample(normal(rng, 3, 4), axis=0, keepdims=False)
    yield Sample(normal(rng, 3, 4), axis=1, keepdims=True)
    yield Sample(normal(rng, 2, 3, 4), axis=(0, 2), keepdims=False)
    yield Sample(normal(rng, 3, 4), axis=None, keepdims=False)


def _sum_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from reduction_samples(rng)
    yield Sample(normal(rng, 0, 3), axis=0, keepdims=False)
    yield Sample([[1.0, np.nan], [np.inf, 2.0]], axis=0, keepdims=False, smooth=False)


sum_op = Op("sum", _sum_shape, _sum, _sum_derivative, _sum_samples)


@public
def sum(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Return the sum over `axis`, all axes if None."""
    return sum_op(x, axis=normalize_axes(x, axis), keepdims=keepdims)


# ----- stop_gradient, custom_derivative -----------------------------------


def _stop_gradient(xp: Any, x: Any) -> Any:
    """Return `x`, as if it were data."""
    return x


def _stop_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 3))


stop_gradient = Op(
    "stop_gradient",
    same_shape,
    _stop_gradient,
    NoDerivative("it exists to stop the gradient"),
    _stop_samples,
)


def _custom_shape(y: Tensor, x: Tensor, factor: Tensor) -> tuple[Shape, str]:
    if y.shape != x.shape or factor.shape != x.shape:
        raise bad_shape("custom_derivative", "value, input and derivative differ", y, x, factor)
    return y.shape, y.dtype


def _custom_derivative(xp: Any, y: Any, x: Any, factor: Any) -> Any:
    """Return `y` computed from `x`, with `factor` for its derivative."""
    return y


def _custom_derivative_derivative(
    dy: Tensor, out: Tensor, y: Tensor, x: Tensor, factor: Tensor
) -> Any:
    return None, dy * factor, None


def _custom_samples(rng: np.random.Generator) -> Iterable[Sample]:
    # The three inputs of a sample are independent, so only forward values are compared.
    yield Sample(normal(rng, 3), normal(rng, 3), normal(rng, 3), smooth=False)


custom_derivative = Op(
    "custom_derivative",
    _custom_shape,
    _custom_derivative,
    _custom_derivative_derivative,
    _custom_samples,
)
