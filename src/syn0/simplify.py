"""Rewrites from graph to graph that every engine wants: fewer ops, the same values.

The rules hold for NaN and infinity too: none of them drops an operand (``0 * x`` stays).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from syn0.graph import (
    FLOATS,
    Dimension,
    Op,
    Tensor,
    apply,
    constant,
    get_op,
    scope,
    topological_order,
)

ELEMENTWISE = frozenset(
    "add subtract multiply divide negative abs sign pow square sqrt exp expm1 log log1p "
    "logaddexp sin cos tanh sigmoid relu erf maximum minimum where less less_equal greater "
    "greater_equal equal not_equal logical_and logical_or logical_not isfinite astype "
    "sigmoid_cross_entropy".split()
)
_INVERSE = {
    "matrix_transpose": "matrix_transpose",
    "negative": "negative",
    "logical_not": "logical_not",
    "squeeze": "expand_dims",
    "expand_dims": "squeeze",
}


def simplify(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Return tensors with the values of `outputs` and a smaller graph.

    Equal subexpressions become one, constants are folded, numbers are not repeated into
    arrays before they meet one, ``x * 1``, ``x + 0`` and double transposes vanish. A value
    keeps the first name that was given to it.

    Examples
    --------
    >>> from syn0 import graph, simplify
    >>> x = graph.input_tensor("x", (3,))
    >>> simplify.simplify([x * 1 + 0])[0] is x
    True
    """
    order = topological_order(outputs)
    uses = Counter(id(x) for t in order for x in t.inputs)
    table = _Table()
    new: dict[int, Tensor] = {}
    for tensor in order:
        inputs = tuple(new[id(x)] for x in tensor.inputs)
        with scope(tensor.scope):
            result = table.add(tensor, inputs)
        table.name(result, tensor.name, shared=uses[id(tensor)] > 1)
        new[id(tensor)] = result
    return table.with_names([new[id(t)] for t in outputs])


class _Table:
    """The tensors of the new graph, each value once, and the names they go by."""

    def __init__(self) -> None:
        self.known: dict[Any, Tensor] = {}
        self.names: dict[int, str] = {}
        self.shared: set[int] = set()

    def add(self, tensor: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        """Return the one tensor for this op on these inputs."""
        if not tensor.inputs:
            return self._intern(tensor)
        attributes = tensor.attributes
        return self._rewrite(replace(tensor, inputs=inputs, attributes=attributes, name=None))

    def name(self, tensor: Tensor, name: str | None, *, shared: bool) -> None:
        """Note a name of this value, and whether several others use it."""
        if name:
            self.names.setdefault(id(tensor), name)
        if shared or name:
            self.shared.add(id(tensor))

    def with_names(self, outputs: Sequence[Tensor]) -> list[Tensor]:
        """Return the graph with the names written on the tensors."""
        new: dict[int, Tensor] = {}
        for tensor in topological_order(outputs):
            if not tensor.inputs:
                new[id(tensor)] = tensor
                continue
            inputs = tuple(new[id(x)] for x in tensor.inputs)
            new[id(tensor)] = replace(tensor, inputs=inputs, name=self.names.get(id(tensor)))
        return [new[id(t)] for t in outputs]

    def make(self, op: str, *inputs: Any, **attributes: Any) -> Tensor:
        """Return the one tensor for an op that a rule asks for."""
        tensor = apply(get_op(op), *inputs, **attributes)
        leaves = tuple(self._intern(x) if not x.inputs else x for x in tensor.inputs)
        return self._rewrite(replace(tensor, inputs=leaves))

    def free(self, tensor: Tensor, *ops: str) -> bool:
        """Tell whether a value is made by one of `ops` for a single use, so may change."""
        return tensor.op.name in ops and id(tensor) not in self.shared

    def _rewrite(self, tensor: Tensor) -> Tensor:
        for rule in (_undo, _fold, _neutral, _signs, _scales, _broadcasts):
            found = rule(tensor, self)
            if found is not None:
                return found
        return self._intern(tensor)

    def _intern(self, tensor: Tensor) -> Tensor:
        return self.known.setdefault(_key(tensor.op, tensor.inputs, tensor), tensor)


def _key(op: Op, inputs: tuple[Tensor, ...], tensor: Tensor) -> Any:
    if op.name in ("input", "state"):
        return op.name, tensor.name
    if op.name == "constant" and tensor.shape != ():
        value = tensor.attributes["value"]
        return op.name, tensor.dtype, tensor.shape, value.tobytes()
    return op.name, tuple(map(id, inputs)), _frozen(tensor.attributes)


def _frozen(attributes: Mapping[str, Any]) -> str:
    # Plain values are equal if they read the same; of others, such as graphs, only the same one.
    plain = (bool, int, float, str, tuple, slice, Dimension, type(None))
    read = {k: v if isinstance(v, plain) else f"object {id(v)}" for k, v in attributes.items()}
    return repr(sorted(read.items()))


def _number(tensor: Tensor) -> Any:
    """Return the value of a scalar constant, or None."""
    if tensor.op.name == "constant" and tensor.shape == () and tensor.dtype != "bool":
        return tensor.attributes["value"]
    return None


def _undo(t: Tensor, table: _Table) -> Tensor | None:
    """Drop pairs that undo each other, and ops that only guided the derivative."""
    name = t.op.name
    if name in ("custom_derivative", "stop_gradient"):
        return t.inputs[0]
    if name == "astype" and t.inputs[0].dtype == t.dtype:
        return t.inputs[0]
    if name in ("reshape", "broadcast_to") and t.inputs[0].shape == t.shape:
        return t.inputs[0]
    if name in _INVERSE and t.inputs[0].op.name == _INVERSE[name]:
        (x,) = t.inputs
        if x.attributes == t.attributes:
            return x.inputs[0]
    return None


def _fold(t: Tensor, table: _Table) -> Tensor | None:
    """Compute with numbers that are known."""
    if t.op.name not in ELEMENTWISE or t.shape != () or t.dtype == "bool":
        return None
    numbers = [_number(x) for x in t.inputs]
    if any(n is None for n in numbers):
        return None
    with np.errstate(all="ignore"):
        value = t.op.forward(np, *map(np.asarray, numbers), **t.attributes)
    return table._intern(constant(value, t.dtype))


def _neutral(t: Tensor, table: _Table) -> Tensor | None:
    """Drop x * 1, x / 1, x + 0 and x - 0; write x ** 2 as a square."""
    if t.op.name == "pow" and _number(t.inputs[1]) == 2:
        return table.make("square", t.inputs[0])
    if t.op.name not in ("multiply", "divide", "add", "subtract"):
        return None
    x, y = t.inputs
    neutral = 0 if t.op.name in ("add", "subtract") else 1
    if _number(y) == neutral and (x.shape, x.dtype) == (t.shape, t.dtype):
        return x
    if t.op.name in ("multiply", "add") and _number(x) == neutral:
        return y if (y.shape, y.dtype) == (t.shape, t.dtype) else None
    return None


def _signs(t: Tensor, table: _Table) -> Tensor | None:
    """Move a minus sign to where it vanishes: -(a - b) = b - a, a + -b = a - b."""
    if t.op.name == "negative":
        return _negated(t.inputs[0], table)
    if t.op.name not in ("add", "subtract"):
        return None
    x, y = t.inputs
    if table.free(y, "negative"):
        return table.make("subtract" if t.op.name == "add" else "add", x, y.inputs[0])
    if t.op.name == "add" and table.free(x, "negative"):
        return table.make("subtract", y, x.inputs[0])
    return None


def _negated(x: Tensor, table: _Table) -> Tensor | None:
    if table.free(x, "subtract"):
        return table.make("subtract", x.inputs[1], x.inputs[0])
    if table.free(x, "multiply", "divide"):
        a, b = x.inputs
        if _number(a) is not None:
            return table.make(x.op.name, constant(-_number(a), a.dtype), b)
        for part in (a, b):
            if table.free(part, "subtract", "negative", "multiply", "divide"):
                turned = _negated(part, table) if part.op.name != "negative" else part.inputs[0]
                if turned is not None:
                    pair = (turned, b) if part is a else (a, turned)
                    return table.make(x.op.name, *pair)
    return None


def _joinable(x: Tensor, y: Tensor) -> bool:
    """Tell whether the product of two numbers keeps its digits: no overflow, no underflow."""
    c, d = _number(x), _number(y)
    if c is None or d is None or x.dtype not in FLOATS:
        return True
    limits = np.finfo(x.dtype)
    return float(limits.tiny) <= abs(float(c) * float(d)) <= float(limits.max)


def _scales(t: Tensor, table: _Table) -> Tensor | None:
    """Gather factors: c * (d * x) = (c * d) * x, x * (c / s) = c * x / s."""
    if t.op.name == "divide":
        x, y = t.inputs
        if x.shape == () and table.free(x, "divide") and _joinable(x.inputs[1], y):
            return table.make("divide", x.inputs[0], table.make("multiply", x.inputs[1], y))
        return None
    if t.op.name != "multiply":
        return None
    for x, y in (t.inputs, t.inputs[::-1]):
        c = _number(x)
        if c == -1 and y.dtype == t.dtype:
            return table.make("negative", y)
        if c is not None and table.free(y, "multiply"):
            for d, rest in (y.inputs, y.inputs[::-1]):
                if _number(d) is not None and _joinable(x, d):
                    factor = constant(c * _number(d), x.dtype)
                    return table.make("multiply", factor, rest)
        if x.shape == () and y.shape != () and table.free(x, "divide"):
            product = table.make("multiply", x.inputs[0], y)
            return table.make("divide", product, x.inputs[1])
        if c is not None and x is t.inputs[1] and _number(y) is None:
            return table.make("multiply", x, y)
    return None


def _broadcasts(t: Tensor, table: _Table) -> Tensor | None:
    """Repeat a number into an array as late as possible, or not at all."""
    name = t.op.name
    if name in ("expand_dims", "squeeze", "reshape", "broadcast_to", "matrix_transpose"):
        (x,) = t.inputs
        if x.op.name == "broadcast_to" and x.inputs[0].shape == ():
            return table.make("broadcast_to", x.inputs[0], shape=t.shape)
    if name not in ELEMENTWISE:
        return None
    bare = [x.inputs[0] if x.op.name == "broadcast_to" else x for x in t.inputs]
    if all(a is b for a, b in zip(bare, t.inputs, strict=True)):
        return None
    shape, _ = t.op.shape(*bare, **t.attributes)
    if shape == t.shape:
        return table.make(name, *bare, **t.attributes)
    if shape == ():
        return table.make("broadcast_to", table.make(name, *bare, **t.attributes), shape=t.shape)
    return None
