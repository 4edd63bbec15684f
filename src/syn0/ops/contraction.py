"""Ops that multiply and add along a shared axis: matmul and its adjoint for weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from syn0.errors import ShapeError
from syn0.graph import (
    Op,
    Sample,
    Shape,
    Tensor,
    bad_shape,
    broadcast_shapes,
    common_dtype,
    public,
)
from syn0.ops.elementwise import astype
from syn0.ops.structure import expand_dims, matrix_transpose, normal, squeeze, unbroadcast

# ----- matmul -------------------------------------------------------------


def _matmul_shape(x: Tensor, y: Tensor) -> tuple[Shape, str]:
    if x.ndim < 2 or y.ndim < 2:
        raise bad_shape("matmul", "both need at least two axes", x, y)
    if x.shape[-1] != y.shape[-2]:
        inner = f"the inner sizes {x.shape[-1]} and {y.shape[-2]} differ"
        raise bad_shape("matmul", inner, x, y, expected="shapes (..., n, k) and (..., k, m)")
    lead = broadcast_shapes("matmul", *(Tensor(t.op, shape=t.shape[:-2]) for t in (x, y)))
    return (*lead, x.shape[-2], y.shape[-1]), common_dtype("matmul", x, y)


def _matmul(xp: Any, x: Any, y: Any) -> Any:
    """Return the matrix product over the last two axes."""
    return x @ y


def _matmul_derivative(dy: Tensor, out: Tensor, x: Tensor, y: Tensor) -> Any:
    dx = unbroadcast(dy @ matrix_transpose(y), x)
    if y.ndim == 2 and x.ndim > 2:
        return dx, tensordot(x, dy)
    return dx, unbroadcast(matrix_transpose(x) @ dy, y)


def _matmul_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 3), normal(rng, 3, 4))
    yield Sample(normal(rng, 2, 5, 3), normal(rng, 3, 4))
    yield Sample(normal(rng, 2, 1, 5, 3), normal(rng, 4, 3, 2))
    yield Sample(normal(rng, 2, 0), normal(rng, 0, 3))
    yield Sample([[np.nan, 1.0]], [[1.0], [np.inf]], smooth=False)


matmul_op = Op("matmul", _matmul_shape, _matmul, _matmul_derivative, _matmul_samples)


@public
def matmul(x: Any, y: Any, accumulate: str | None = None) -> Any:
    """Return the matrix product; vectors are taken as rows on the left, columns on the right.

    Parameters
    ----------
    x, y : Tensor or array
        Shapes (..., n, k) and (..., k, m).
    accumulate : str, optional
        The dtype to multiply and add in, and of the result.
    """
    if accumulate is not None:
        x, y = astype(x, accumulate), astype(y, accumulate)
    if not np.ndim(x) or not np.ndim(y):
        raise ShapeError("matmul needs vectors or matrices, not single numbers.")
    row, column = np.ndim(x) == 1, np.ndim(y) == 1
    out = matmul_op(expand_dims(x, 0) if row else x, expand_dims(y, 1) if column else y)
    out = squeeze(out, -1) if column else out
    return squeeze(out, -1 if column else -2) if row else out


# ----- tensordot: the adjoint of matmul for a weight that all samples share


def _tensordot_shape(x: Tensor, y: Tensor, *, axes: int) -> tuple[Shape, str]:
    if x.ndim != y.ndim or x.shape[:-1] != y.shape[:-1] or axes != x.ndim - 1:
        raise bad_shape("tensordot", "all axes but the last must agree", x, y)
    return (x.shape[-1], y.shape[-1]), common_dtype("tensordot", x, y)


def _tensordot(xp: Any, x: Any, y: Any, *, axes: int) -> Any:
    """Return the products of x and y summed over all axes but the last."""
    return xp.tensordot(x, y, axes=(tuple(range(axes)), tuple(range(axes))))


def _tensordot_derivative(dy: Tensor, out: Tensor, x: Tensor, y: Tensor, *, axes: int) -> Any:
    return y @ matrix_transpose(dy), x @ dy


def _tensordot_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 2, 5, 3), normal(rng, 2, 5, 4), axes=2)
    yield Sample(normal(rng, 2, 2, 2, 3), normal(rng, 2, 2, 2, 1), axes=3)


tensordot_op = Op(
    "tensordot", _tensordot_shape, _tensordot, _tensordot_derivative, _tensordot_samples
)


def tensordot(x: Any, y: Any) -> Any:
    """Return ``sum(x[..., :, None] * y[..., None, :])`` over all axes but the last."""
    return tensordot_op(x, y, axes=np.ndim(x) - 1)
