"""Ops on pictures in simpler ones: a window of one pixel is a product, a mean a sum divided.

After this the ops of average pooling add up only; their division stands beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from syn0 import ops
from syn0.graph import Tensor, constant
from syn0.ops.contraction import tensordot
from syn0.ops.convolution import conv2d_dw_op, conv2d_dx_op, conv2d_op
from syn0.ops.pooling import average_dx_op, average_op, pixel_counts


def _is_product(window: Any, *, strides: Any, padding: Any, groups: int, **others: Any) -> bool:
    """Tell whether each pixel is a window of its own."""
    plain = tuple(strides) == (1, 1) and not np.any(padding)
    return plain and groups == 1 and tuple(window) == (1, 1)


def _matrix(w: Tensor) -> Tensor:
    made: Tensor = ops.reshape(w, w.shape[2:])
    return made


def _conv2d(x: Tensor, w: Tensor, **how: Any) -> Any:
    return x @ _matrix(w) if _is_product(w.shape[:2], **how) else conv2d_op(x, w, **how)


def _conv2d_dx(dy: Tensor, w: Tensor, *, size: Any, **how: Any) -> Any:
    if _is_product(w.shape[:2], **how):
        return dy @ ops.matrix_transpose(_matrix(w))
    return conv2d_dx_op(dy, w, size=size, **how)


def _conv2d_dw(x: Tensor, dy: Tensor, *, kernel: Any, **how: Any) -> Any:
    if _is_product(kernel, **how):
        return ops.reshape(tensordot(x, dy), (1, 1, x.shape[-1], dy.shape[-1]))
    return conv2d_dw_op(x, dy, kernel=kernel, **how)


def _average_pool2d(x: Tensor, **how: Any) -> Any:
    return average_op(x, **how) / _counts(x.shape[1:3], x.dtype, **how)


def _average_pool2d_dx(dy: Tensor, *, size: Any, **how: Any) -> Any:
    return average_dx_op(dy / _counts(size, dy.dtype, **how), size=size, **how)


def _counts(size: Any, dtype: str, *, window: Any, strides: Any, padding: Any) -> Tensor:
    """Return how many pixels of the picture each window holds."""
    found = pixel_counts(np, size, window, strides, padding, np.dtype(dtype))
    same = np.all(found == np.prod(window))
    return constant(np.asarray(np.prod(window) if same else found, dtype))


IMAGE_LOWERING: Mapping[str, Callable[..., Tensor]] = {
    "conv2d": _conv2d,
    "conv2d_dx": _conv2d_dx,
    "conv2d_dw": _conv2d_dw,
    "average_pool2d": _average_pool2d,
    "average_pool2d_dx": _average_pool2d_dx,
}
