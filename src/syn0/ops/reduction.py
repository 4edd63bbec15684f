"""Ops that reduce an axis: mean, var, max, logsumexp, argmax, softmax and its loss.

`sum` stands with its adjoint `broadcast_to` in `structure`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from syn0.errors import DTypeError
from syn0.graph import (
    FLOATS,
    NoDerivative,
    Op,
    Sample,
    Shape,
    Tensor,
    bad_shape,
    common_dtype,
    public,
    size,
)
from syn0.ops.elementwise import astype, exp
from syn0.ops.structure import (
    Axes,
    broadcast_to,
    expand_dims,
    listed_axes,
    normal,
    normalize_axes,
    reduced_shape,
    reduction_samples,
    restore_axes,
    sum,
)


def _reduce_shape(x: Tensor, *, axis: Axes, keepdims: bool) -> tuple[Shape, str]:
    if x.dtype == "bool":
        raise DTypeError("booleans have no mean or maximum.", mend="syn0.ops.astype(x, 'float32')")
    return reduced_shape(x, axis, keepdims), x.dtype


def _float_reduce_shape(x: Tensor, *, axis: Axes, keepdims: bool) -> tuple[Shape, str]:
    if x.dtype not in FLOATS:
        raise DTypeError(f"a mean needs floating-point numbers, not {x.dtype}.")
    return reduced_shape(x, axis, keepdims), x.dtype


# ----- mean ---------------------------------------------------------------


def _mean(xp: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    """Return the average over axes."""
    return xp.mean(x, axis=axis, keepdims=keepdims)


def _mean_derivative(dy: Tensor, y: Tensor, x: Tensor, *, axis: Axes, keepdims: bool) -> Any:
    axes = listed_axes(x, axis)
    count = size([x.shape[a] for a in axes], x.dtype)
    return broadcast_to(restore_axes(dy, axis, keepdims) / count, x.shape)


mean_op = Op("mean", _float_reduce_shape, _mean, _mean_derivative, reduction_samples)


@public
def mean(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Return the average over `axis`, all axes if None."""
    return mean_op(x, axis=normalize_axes(x, axis), keepdims=keepdims)


# ----- var ----------------------------------------------------------------


def _var(xp: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    """Return the mean squared distance from the mean over axes."""
    return xp.var(x, axis=axis, keepdims=keepdims)


def _var_derivative(dy: Tensor, y: Tensor, x: Tensor, *, axis: Axes, keepdims: bool) -> Any:
    # That x moves the mean too changes nothing: distances from the mean add up to 0.
    count = size([x.shape[a] for a in listed_axes(x, axis)], x.dtype)
    distance = x - mean(x, axis, keepdims=not are_first(x, axis))
    return 2 * restore_axes(dy, axis, keepdims) / count * distance


def are_first(x: Tensor, axis: Axes) -> bool:
    """Tell whether axes come before all others: what is reduced over them broadcasts as it is."""
    axes = listed_axes(x, axis)
    return axes == tuple(range(len(axes)))


var_op = Op("var", _float_reduce_shape, _var, _var_derivative, reduction_samples)


@public
def var(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Return the mean squared distance from the mean over `axis`."""
    return var_op(x, axis=normalize_axes(x, axis), keepdims=keepdims)


# ----- max, min -----------------------------------------------------------


def _max(xp: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    """Return the largest value over axes."""
    return xp.max(x, axis=axis, keepdims=keepdims)


def _max_derivative(dy: Tensor, y: Tensor, x: Tensor, *, axis: Axes, keepdims: bool) -> Any:
    # Equal maxima share the gradient, so the result does not hang on their order.
    largest = astype(x == restore_axes(y, axis, keepdims), x.dtype)
    return largest * restore_axes(dy, axis, keepdims) / sum(largest, axis, keepdims=True)


def _max_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from reduction_samples(rng)
    yield Sample([[1.0, np.nan], [np.inf, 2.0]], axis=1, keepdims=False, smooth=False)


max_op = Op("max", _reduce_shape, _max, _max_derivative, _max_samples)


@public
def max(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Return the largest value over `axis`, all axes if None."""
    return max_op(x, axis=normalize_axes(x, axis), keepdims=keepdims)


@public
def min(x: Any, axis: Axes = None, keepdims: bool = False) -> Any:
    """Return the smallest value over `axis`, all axes if None."""
    return -max(-x, axis, keepdims)


# ----- argmax -------------------------------------------------------------


def _argmax_shape(x: Tensor, *, axis: int) -> tuple[Shape, str]:
    return reduced_shape(x, axis, keepdims=False), "int64"


def _argmax(xp: Any, x: Any, *, axis: int) -> Any:
    """Return the index of the largest value along an axis, the first of equals."""
    return xp.argmax(x, axis=axis)


def _argmax_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 3, 4), axis=1)
    yield Sample([[2.0, 2.0], [0.0, 1.0]], axis=0)


argmax_op = Op(
    "argmax", _argmax_shape, _argmax, NoDerivative("an index is constant in steps"), _argmax_samples
)


def argmax(x: Any, axis: int = -1) -> Any:
    """Return the index of the largest value along `axis`."""
    return argmax_op(x, axis=normalize_axes(x, axis))


# NumPy's own default is the index in the flattened array.
public(lambda a, axis=None: argmax(a if axis is not None else a.reshape(-1), axis or 0), "argmax")


# ----- logsumexp, softmax -------------------------------------------------


def _logsumexp(xp: Any, x: Any, *, axis: Axes, keepdims: bool) -> Any:
    """Return log(sum(exp(x))) over axes, without overflow."""
    top = xp.max(x, axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, 0)
    total = xp.sum(xp.exp(x - top), axis=axis, keepdims=keepdims)
    return xp.log(total) + xp.reshape(top, total.shape)


def _logsumexp_derivative(dy: Tensor, y: Tensor, x: Tensor, *, axis: Axes, keepdims: bool) -> Any:
    share = exp(x - restore_axes(y, axis, keepdims))
    return restore_axes(dy, axis, keepdims) * share


def _logsumexp_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield from reduction_samples(rng)
    yield Sample([[800.0, 801.0], [-800.0, -801.0]], axis=1, keepdims=False)
    yield Sample([[np.nan, 1.0], [np.inf, 2.0]], axis=1, keepdims=False, smooth=False)


logsumexp_op = Op(
    "logsumexp", _float_reduce_shape, _logsumexp, _logsumexp_derivative, _logsumexp_samples
)


@public
def logsumexp(x: Any, axis: Axes = -1, keepdims: bool = False) -> Any:
    """Return ``log(sum(exp(x)))`` over `axis`, without overflow."""
    return logsumexp_op(x, axis=normalize_axes(x, axis), keepdims=keepdims)


def _last_axis_shape(x: Tensor) -> tuple[Shape, str]:
    if x.ndim < 1 or x.dtype not in FLOATS:
        raise bad_shape("softmax", f"it needs an axis of {x.dtype} scores", x)
    return x.shape, x.dtype


def _softmax(xp: Any, x: Any) -> Any:
    """Return exp(x) / sum(exp(x)) over the last axis, without overflow."""
    e = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)


def _softmax_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return y * (dy - sum(dy * y, axis=-1, keepdims=True))


def _softmax_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 3, 4))
    yield Sample(normal(rng, 2, 3, 4))
    yield Sample([[800.0, -800.0], [1.0, 2.0]])
    yield Sample([[np.nan, 1.0]], smooth=False)


softmax = Op("softmax", _last_axis_shape, _softmax, _softmax_derivative, _softmax_samples)


@public
def log_softmax(x: Any) -> Any:
    """Return the logarithm of `softmax`, without overflow."""
    return x - logsumexp(x, axis=-1, keepdims=True)


# ----- softmax_cross_entropy ----------------------------------------------


def _cross_entropy_shape(logits: Tensor, targets: Tensor) -> tuple[Shape, str]:
    if logits.shape != targets.shape or logits.ndim < 1:
        raise bad_shape("softmax_cross_entropy", "scores and targets differ", logits, targets)
    return logits.shape[:-1], common_dtype("softmax_cross_entropy", logits, targets)


def _softmax_cross_entropy(xp: Any, logits: Any, targets: Any) -> Any:
    """Return -sum(targets * log(softmax(logits))) over the last axis, without overflow."""
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_total = xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    return xp.sum(xp.where(targets == 0, 0, targets * (log_total - shifted)), axis=-1)


def _softmax_cross_entropy_derivative(
    dy: Tensor, y: Tensor, logits: Tensor, targets: Tensor
) -> Any:
    # One rule for softmax and logarithm: output - target. The targets of a row sum to 1.
    return expand_dims(dy, dy.ndim) * (softmax(logits) - targets), None


def _cross_entropy_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 3, 4), np.eye(4)[[0, 3, 1]], data=(1,))
    yield Sample([[np.nan, 1.0], [900.0, -900.0]], [[1.0, 0.0], [1.0, 0.0]], smooth=False)


softmax_cross_entropy = Op(
    "softmax_cross_entropy",
    _cross_entropy_shape,
    _softmax_cross_entropy,
    _softmax_cross_entropy_derivative,
    _cross_entropy_samples,
)
