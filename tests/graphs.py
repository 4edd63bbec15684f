"""Random graphs for hypothesis: every kind of op, awkward names, sizes 0 and 1, NaN and infinity.

The leaves hold quarters, and factors are powers of two, so that most sums and products are
exact and rewriting them changes no bit. Comparisons are of leaves alone: a rounding error
must not decide a branch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from syn0 import ops
from syn0.errors import Syn0Error
from syn0.gradient import backpropagate
from syn0.graph import (
    Tensor,
    batch,
    bind_shape,
    evaluate,
    input_tensor,
    state_tensor,
    topological_order,
)
from syn0.program import Program

NAMES = (
    "z", "z", "loss", "hidden", "np", "math", "lambda", "sum", "len", "batch", "rows", "x0",
    "sigmoid", "softmax", "one hot", "2nd", "W", "epoch", "class", "_", "print", "dtype",
)  # fmt: skip
KINDS = (
    "unary", "unary", "binary", "binary", "structure", "structure",
    "factor", "number", "compare", "rows", "repeat", "random",
)  # fmt: skip
FACTORS = (0, 1, -1, 2, -2, 0.5, 4)
CLOSE = {"float64": 1e-11, "float32": 1e-4}


@dataclass(repr=False)
class Drawn:
    """A graph with numbers for its leaves."""

    outputs: list[Tensor]
    inputs: Mapping[str, Any]
    state: Mapping[str, Any]
    dtype: str
    updates: dict[str, Tensor] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        return {**self.inputs, **self.state}

    def program(self) -> Program:
        outputs = {f"out_{i}": t for i, t in enumerate(self.outputs)}
        return Program("drawn", outputs, self.updates)

    def __repr__(self) -> str:
        outputs = ", ".join(map(written, self.outputs))
        updates = {name: written(t) for name, t in self.updates.items()}
        return f"{self.dtype} [{outputs}] updates {updates} at {self.values}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # read by hypothesis
        printer.text(repr(self))

    def evaluate(self, tensors: list[Tensor]) -> list[Any]:
        sizes = {"batch": len(self.inputs["x0"])} if "x0" in self.inputs else {}
        with np.errstate(all="ignore"):
            return evaluate(tensors, self.values, sizes)

    def tolerance(self, tensors: list[Tensor]) -> float:
        """Return what rounding may do to the largest number on the way."""
        order = topological_order(tensors)
        found = [np.asarray(v, "float64") for v in self.evaluate(order)]
        sizes = [np.abs(v[np.isfinite(v)]).max(initial=1) for v in found]
        return float(max(sizes, default=1)) * CLOSE[self.dtype]

    def assert_equal(self, found: list[Any], expected: list[Tensor]) -> None:
        """Compare numbers with the plain meaning of tensors."""
        allowed = self.tolerance(expected)
        for ours, tensor, plain in zip(found, expected, self.evaluate(expected), strict=True):
            assert np.shape(ours) == np.shape(plain), tensor
            np.testing.assert_allclose(ours, plain, rtol=0, atol=allowed, err_msg=repr(tensor))


def written(tensor: Tensor) -> str:
    """Write a graph as nested calls, for messages."""
    if not tensor.inputs:
        return str(tensor.attributes.get("value", tensor.name))
    skipped = ("dtype", "keepdims")
    options = [f"{k}={v}" for k, v in tensor.attributes.items() if k not in skipped]
    name = f":{tensor.name}" if tensor.name else ""
    return f"{tensor.op.name}({', '.join([*map(written, tensor.inputs), *options])}){name}"


def _softened(x: Any) -> Any:
    return ops.square(x) + 0.5


UNARY: tuple[Callable[[Any], Any], ...] = (
    ops.negative, ops.abs, ops.square, ops.tanh, ops.sigmoid, ops.relu, ops.sin, ops.cos,
    ops.erf, ops.stop_gradient, lambda x: ops.exp(ops.tanh(x)), lambda x: ops.log(_softened(x)),
    lambda x: ops.sqrt(_softened(x)), lambda x: ops.log1p(ops.square(x)), lambda x: -(-x),
    lambda x: ops.expm1(ops.sin(x)), lambda x: x**2, lambda x: x**3, lambda x: 1 - x,
    lambda x: x + 0, lambda x: 0 + x, lambda x: x - 0, lambda x: x * 1, lambda x: x / 1,
    lambda x: x + x, lambda x: x * x, lambda x: -(x * 0.5), lambda x: ops.clip(x, -1, 1),
    lambda x: ops.custom_derivative(ops.tanh(x), x, x), lambda x: ops.isfinite(x) * x,
)  # fmt: skip
BINARY: tuple[Callable[[Any, Any], Any], ...] = (
    ops.add, ops.subtract, ops.multiply, ops.maximum, ops.minimum,
    lambda x, y: x / _softened(y), lambda x, y: x + -y, lambda x, y: -(x - y),
    lambda x, y: -x * y, lambda x, y: -x - y, lambda x, y: ops.logaddexp(ops.tanh(x), ops.sin(y)),
    lambda x, y: ops.sigmoid_cross_entropy(x, ops.sigmoid(y)),
)  # fmt: skip
STRUCTURE: tuple[Callable[[Any], Any], ...] = (
    lambda x: x.T, lambda x: x.T.T, ops.matrix_transpose, lambda x: ops.expand_dims(x, 0),
    lambda x: ops.expand_dims(x, -1), lambda x: ops.squeeze(x, 0), lambda x: ops.squeeze(x, -1),
    lambda x: ops.squeeze(ops.expand_dims(x, 0), 0), lambda x: ops.reshape(x, (-1,)),
    lambda x: ops.broadcast_to(x, (2, *x.shape)), lambda x: x.sum(), lambda x: x.sum(axis=0),
    lambda x: x.sum(axis=-1, keepdims=True), lambda x: ops.mean(x, axis=-1),
    lambda x: ops.max(x, axis=-1, keepdims=True), lambda x: ops.softmax(x),
    lambda x: ops.logsumexp(x), lambda x: ops.min(x), lambda x: ops.var(x, axis=-1),
    lambda x: x[1:], lambda x: x[..., :-1], lambda x: x[..., 0], lambda x: x[None, ..., -1],
    lambda x: ops.pad(x, [(0, 0)] * (x.ndim - 1) + [(1, 2)]),
    lambda x: ops.concat([x, x], axis=-1), lambda x: ops.stack([x, -x], axis=x.ndim),
    lambda x: x.T @ x, lambda x: x @ x.T, lambda x: ops.mean(x),
    lambda x: ops.softmax_cross_entropy(x, ops.softmax(x)),
)  # fmt: skip


def _least(x: Tensor, rows: int) -> int:
    """Return the smallest size of a tensor: of nothing there is no mean and no maximum."""
    return min(bind_shape(x.shape, {"batch": rows}), default=1)


@st.composite
def graphs(
    draw: Any, *, dtype: str = "float64", special: bool = True, updates: bool = False,
    gradients: bool = False,
) -> Drawn:  # fmt: skip
    """Draw a graph of up to 16 steps over a batch, two vectors, two matrices and two numbers."""
    n = draw(st.sampled_from([1, 2, 3]))
    rows = draw(st.sampled_from([0, 1, 2, 5]))
    inputs = [
        input_tensor("x0", (batch, n), dtype),
        input_tensor("x1", (batch,), dtype),
        input_tensor("rate", (), dtype),
    ]
    state = [
        state_tensor("W", (n, n), dtype),
        state_tensor("V", (n, n), dtype),
        state_tensor("b", (n,), dtype),
        state_tensor("scale", (), dtype),
    ]
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    odd = special and draw(st.booleans())
    counters = [state_tensor("seed", (), "uint32"), state_tensor("step", (), "int64")]
    leaves = {t.name or "": t for t in (*inputs, *state, *counters)}
    values = {name: _fill(t, rows, rng, odd) for name, t in leaves.items()}
    pool: list[Tensor] = [*inputs, *state]
    for _ in range(draw(st.integers(3, 16))):
        made = _step(draw, pool, leaves, rows)
        if made is not None:
            pool.append(made)
    chosen = draw(st.lists(st.sampled_from(pool), max_size=2))
    outputs = [pool[-1], *chosen]
    if not {"x0", "x1"} & {t.name for t in topological_order(outputs) if not t.inputs}:
        outputs.append(inputs[0])  # something must say how large the batch is
    if gradients:
        outputs += _gradients(outputs, [*inputs, *state])
    drawn = Drawn(
        outputs,
        {t.name or "": values[t.name or ""] for t in inputs},
        {t.name or "": values[t.name or ""] for t in (*state, *counters)},
        dtype,
    )
    if updates:
        drawn.updates["step"] = counters[1] + 1
        for entry in state:
            fits = [t for t in pool if (t.shape, t.dtype) == (entry.shape, dtype)]
            if draw(st.booleans()):
                drawn.updates[entry.name or ""] = draw(st.sampled_from(fits))
    return drawn


def _gradients(outputs: list[Tensor], leaves: list[Tensor]) -> list[Tensor]:
    loss = ops.sum(ops.square(outputs[0]))
    wanted = [t for t in leaves if any(t is x for x in topological_order([loss]))]
    return backpropagate(loss, wanted, steps_are_flat=True)


def _fill(tensor: Tensor, rows: int, rng: np.random.Generator, odd: bool) -> np.ndarray:
    shape = tuple(d if isinstance(d, int) else rows for d in tensor.shape)
    if "int" in tensor.dtype:
        return np.array(rng.integers(1, 9), tensor.dtype)
    if shape == ():  # numbers are divided by
        return np.array(rng.choice([0.25, 0.5, 2.0, -4.0]), tensor.dtype)
    values = rng.integers(-8, 9, shape) / 4
    if odd:
        mask = rng.random(shape) < 0.15
        values[mask] = rng.choice([np.nan, np.inf, -np.inf], mask.sum())
    return values.astype(tensor.dtype)


def _step(draw: Any, pool: list[Tensor], leaves: Mapping[str, Tensor], rows: int) -> Tensor | None:
    """Draw one more tensor, or None where what was drawn does not fit."""
    # What was made last is drawn most often, so that graphs grow deep.
    recent = pool[-4:]
    x = draw(st.sampled_from(recent if draw(st.booleans()) else pool))
    kind = draw(st.sampled_from(KINDS))
    try:
        match kind:
            case "unary":
                made = draw(st.sampled_from(UNARY))(x)
            case "binary":
                made = draw(st.sampled_from(BINARY))(x, draw(st.sampled_from(pool)))
            case "structure":
                if x.shape == () or _least(x, rows) < 1:
                    return None
                made = draw(st.sampled_from(STRUCTURE))(x)
                if _least(made, rows) < 0:
                    return None
            case "factor":
                factor = draw(st.sampled_from(FACTORS))
                made = draw(st.sampled_from([
                    lambda: x * factor, lambda: factor * x, lambda: factor * (2 * x),
                    lambda: x + factor, lambda: factor - x, lambda: -(factor * x),
                ]))()  # fmt: skip
            case "number":
                a, b = leaves["rate"], leaves["scale"]
                made = draw(st.sampled_from([
                    lambda: x / a, lambda: x * (a / b), lambda: (2 / a) * x, lambda: a / b / a,
                    lambda: x / 2 / b, lambda: x * a * b, lambda: a * (b * x),
                    lambda: x * a ** leaves["step"],
                ]))()  # fmt: skip
            case "compare":
                one, other = (draw(st.sampled_from(list(leaves.values())[:7])) for _ in range(2))
                made = draw(st.sampled_from([
                    lambda: ops.where(one > other, x, -x), lambda: x * (one <= other),
                    lambda: ops.where((one == other) | (one < 0), x, 1),
                    lambda: x + ops.astype(~(one >= 0) & (other != one), x.dtype),
                    lambda: x * ops.sign(one),
                ]))()  # fmt: skip
            case "random":
                draws = draw(st.sampled_from([ops.random_uniform, ops.random_normal]))
                made = x * draws(
                    leaves["seed"], leaves["step"], stream=draw(st.integers(0, 3)),
                    shape=x.shape, dtype=x.dtype,
                )  # fmt: skip
            case "rows":
                b = leaves["b"]
                picked = ops.argmax(b)
                made = ops.take(x, np.array([0, 0])) if x.shape[:1] == b.shape else (
                    x * ops.one_hot(picked, b.shape[0], x.dtype)
                )  # fmt: skip
            case _:
                if x.shape != ():
                    return None
                made = ops.broadcast_to(x, draw(st.sampled_from([(2,), (batch, 1), (1, 3)])))
    except Syn0Error:
        return None
    if draw(st.integers(0, 4)) == 0:
        made = made.named(draw(st.sampled_from(NAMES)))
    return made
