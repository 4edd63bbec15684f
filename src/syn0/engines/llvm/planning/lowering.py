"""From ops to the few that kernels are made of: elementwise ops, reductions, contractions, moves.

An op made of simpler ones is written out in them, as its own ``forward`` computes it; equal
parts of what results, such as the exponentials of a softmax and of its loss, become one.

Single numbers, which printed programs take as Python's own, are computed in float64 and
rounded where they meet an array: ``1 - beta_2`` keeps its digits in a float32 network too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from syn0 import ops
from syn0.engines.llvm.planning.image_lowering import IMAGE_LOWERING
from syn0.engines.source import is_plain_number
from syn0.graph import FLOATS, Tensor, constant_op, scope, size, topological_order
from syn0.ops.contraction import matmul_op
from syn0.ops.random import random_normal, random_uniform
from syn0.ops.reduction import are_first, argmax_op, max_op
from syn0.ops.structure import listed_axes, reshape_op, restore_axes, sum_op
from syn0.simplify import simplify

LEAVES = frozenset(["input", "state", "constant", "size"])
ARITHMETIC = frozenset("add subtract multiply divide negative pow square sqrt".split())


def lower(outputs: Sequence[Tensor], updated: Collection[str] = ()) -> list[Tensor]:
    """Return tensors with the values of `outputs`, made of ops that kernels know.

    Parameters
    ----------
    outputs : sequence of Tensor
        What a program computes.
    updated : collection of str
        The entries of the state that it writes; they keep their dtype.
    """
    numbers: set[int] = set()
    new: dict[int, Tensor] = {}
    for tensor in topological_order(outputs):
        if _is_number(tensor, numbers, updated):
            numbers.add(id(tensor))
        inputs = [new[id(x)] for x in tensor.inputs]
        new[id(tensor)] = _lowered(tensor, inputs, numbers)
    found = [new[id(t)] for t in outputs]
    return simplify([_as(x, t.dtype) for x, t in zip(found, outputs, strict=True)])


def _lowered(tensor: Tensor, inputs: list[Tensor], numbers: Collection[int]) -> Tensor:
    if not tensor.inputs:
        return _widened(tensor) if id(tensor) in numbers else tensor
    if id(tensor) in numbers and tensor.dtype in FLOATS:
        made: Tensor = tensor.op(*map(_widened_constant, inputs), **tensor.attributes)
        return made
    fitting = [_as(x, was.dtype) for x, was in zip(inputs, tensor.inputs, strict=True)]
    rule = RULES.get(tensor.op.name)
    if rule is None:
        return replace(tensor, inputs=tuple(fitting))
    with scope(tensor.scope):
        made = rule(*fitting, **tensor.attributes)
    return replace(made, name=tensor.name) if made.inputs and not made.name else made


def _as(x: Tensor, dtype: str) -> Tensor:
    same: Tensor = x if x.dtype == dtype else ops.astype(x, dtype)
    return same


# ----- single numbers -----------------------------------------------------


def _is_number(tensor: Tensor, numbers: Collection[int], updated: Collection[str]) -> bool:
    """Tell whether a tensor is a number that no array was needed for."""
    if tensor.shape != ():
        return False
    if tensor.op.name in LEAVES:
        return is_plain_number(tensor) and tensor.name not in updated
    return tensor.op.name in ARITHMETIC and all(id(x) in numbers for x in tensor.inputs)


def _widened(leaf: Tensor) -> Tensor:
    if leaf.dtype not in FLOATS or leaf.op is constant_op:
        return leaf
    return replace(leaf, dtype="float64", attributes={**leaf.attributes, "dtype": "float64"})


def _widened_constant(x: Tensor) -> Tensor:
    if x.op is not constant_op or x.dtype not in FLOATS:
        return x
    return replace(x, dtype="float64", attributes={**x.attributes, "dtype": "float64"})


# ----- rules --------------------------------------------------------------


def _mean(x: Tensor, *, axis: Any, keepdims: bool) -> Tensor:
    axes = listed_axes(x, axis)
    total = _sum(x, axis=axis, keepdims=keepdims)
    mean: Tensor = total / size([x.shape[a] for a in axes], x.dtype)
    return mean


def _var(x: Tensor, *, axis: Any, keepdims: bool) -> Tensor:
    distance = x - _mean(x, axis=axis, keepdims=not are_first(x, axis))
    return _mean(ops.square(distance), axis=axis, keepdims=keepdims)


def _logsumexp(x: Tensor, *, axis: Any, keepdims: bool) -> Tensor:
    top = _max(x, axis=axis, keepdims=True)
    top = ops.where(ops.isfinite(top), top, 0)
    total = _sum(ops.exp(x - top), axis=axis, keepdims=keepdims)
    made: Tensor = ops.log(total) + ops.reshape(top, total.shape)
    return made


def _softmax(x: Tensor) -> Tensor:
    e = ops.exp(x - ops.max(x, axis=-1, keepdims=True))
    made: Tensor = e / ops.sum(e, axis=-1, keepdims=True)
    return made


def _softmax_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    shifted = logits - ops.max(logits, axis=-1, keepdims=True)
    log_total = ops.log(ops.sum(ops.exp(shifted), axis=-1, keepdims=True))
    parts = ops.where(targets == 0, 0, targets * (log_total - shifted))
    made: Tensor = ops.sum(parts, axis=-1)
    return made


def _matmul(x: Tensor, y: Tensor) -> Tensor:
    """Return a product; that of a column and a row is one of elements, which joins a nest."""
    made: Tensor = x * y if x.shape[-1] == 1 else matmul_op(x, y)
    return made


def _sum(x: Tensor, *, axis: Any, keepdims: bool) -> Tensor:
    if x.op.name == "negative":  # the same number, of a value that is there already
        made: Tensor = -_sum(x.inputs[0], axis=axis, keepdims=keepdims)
        return made
    for value, factor in _products_with_rows(x):
        if listed_axes(x, axis) == tuple(range(x.ndim - factor.ndim)) and not keepdims:
            by_column: Tensor = _sum(value, axis=axis, keepdims=False) * factor
            return by_column
    return _over_last_axes(sum_op, x, axis, keepdims)


def _products_with_rows(x: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return the value and the row whose product a tensor is; there may be none.

    That a row comes after the sum may cost range, where values are near the largest number. It
    lets a normalization share one sum between its shift and what its mean sends back.
    """
    if x.op.name != "multiply":
        return []
    pairs = (x.inputs, x.inputs[::-1])
    return [(a, b) for a, b in pairs if a.shape == x.shape and 0 < b.ndim < x.ndim]


def _max(x: Tensor, *, axis: Any, keepdims: bool) -> Tensor:
    return _over_last_axes(max_op, x, axis, keepdims)


def _over_last_axes(op: Any, x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """Return a reduction of the last axes in one or two turns, each over a single axis.

    The axes of known size are taken as one; a named one, such as the batch, comes after
    them. A reduction of other axes stays as it is.
    """
    axes = listed_axes(x, axis)
    if not axes or axes != tuple(range(x.ndim - len(axes), x.ndim)):
        made: Tensor = op(x, axis=axis, keepdims=keepdims)
        return made
    reduced, left = x, x.ndim
    while left > axes[0]:
        first = left - 1
        while first > axes[0] and all(isinstance(d, int) for d in reduced.shape[first - 1 :]):
            first -= 1
        if first < left - 1:
            width = math.prod(d for d in reduced.shape[first:] if isinstance(d, int))
            reduced = reshape_op(reduced, shape=(*reduced.shape[:first], width))
        reduced = op(reduced, axis=first, keepdims=False)
        left = first
    kept: Tensor = restore_axes(reduced, axes, False) if keepdims else reduced
    return kept


def _argmax(x: Tensor, *, axis: int) -> Tensor:
    order = (*(a for a in range(x.ndim) if a != axis), axis)
    made: Tensor = argmax_op(ops.permute_dims(x, order), axis=x.ndim - 1)
    return made


def _random(op: Any) -> Callable[..., Tensor]:
    def rule(seed: Tensor, step: Tensor, **attributes: Any) -> Tensor:
        made: Tensor = op(_as(seed, "uint32"), _as(step, "int64"), **attributes)
        return made

    return rule


RULES: dict[str, Callable[..., Tensor]] = {
    "mean": _mean,
    "var": _var,
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "softmax_cross_entropy": _softmax_cross_entropy,
    "matmul": _matmul,
    "sum": _sum,
    "max": _max,
    "argmax": _argmax,
    "random_uniform": _random(random_uniform),
    "random_normal": _random(random_normal),
    **IMAGE_LOWERING,
}
