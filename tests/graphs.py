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
from syn0.graph import (
    Tensor,
    batch,
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
FACTORS = (0, 1, -1, 2, -2, 0.5, 4)
CLOSE = {"float64": 1e-11, "float32": 1e-4}


@dataclass
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

    def evaluate(self, tensors: list[Tensor]) -> list[Any]:
        with np.errstate(all="ignore"):
            return evaluate(tensors, self.values)

    def tolerance(self, tensors: list[Tensor]) -> float:
        """Return what rounding may do to the largest number on the way."""
        order = topological_order(tensors)
        found = [np.asarray(v, "float64") for v in self.evaluate(order)]
        sizes = [np.abs(v[np.isfinite(v)]).max(initial=1) for v in found]
        return float(max(sizes)) * CLOSE[self.dtype]

    def assert_equal(self, found: list[Any], expected: list[Tensor]) -> None:
        """Compare numbers with the plain meaning of tensors."""
        allowed = self.tolerance(expected)
        for ours, tensor, plain in zip(found, expected, self.evaluate(expected), strict=True):
            assert np.shape(ours) == np.shape(plain), tensor
            np.testing.assert_allclose(ours, plain, rtol=0, atol=allowed, err_msg=repr(tensor))


Recipe = Callable[[Any, Any, Any], Any]


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


def _empties(x: Any) -> bool:
    """Tell whether a maximum or mean of this tensor might be of nothing."""
    return not isinstance(x, Tensor) or x.shape == () or any(d == 0 for d in x.shape)


@st.composite
def graphs(
    draw: Any, *, dtype: str = "float64", special: bool = True, updates: bool = False
) -> Drawn:
    """Draw a graph of up to 14 steps over a batch, two vectors, two matrices and two numbers."""
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
    values = {t.name: _fill(t, rows, rng, odd) for t in (*inputs, *state)}
    pool: list[Tensor] = [*inputs, *state]
    for _ in range(draw(st.integers(1, 14))):
        made = _step(draw, pool, [*inputs, *state], rows)
        if made is not None:
            pool.append(made)
    chosen = draw(st.lists(st.sampled_from(pool), max_size=2))
    outputs = [pool[-1], *chosen]
    if not {"x0", "x1"} & {t.name for t in topological_order(outputs)}:
        outputs.append(inputs[0])  # something must say how large the batch is
    drawn = Drawn(
        outputs,
        {t.name: values[t.name] for t in inputs},
        {t.name: values[t.name] for t in state},
        dtype,
    )
    if updates:
        for entry in state:
            fits = [t for t in pool if (t.shape, t.dtype) == (entry.shape, dtype)]
            if draw(st.booleans()):
                drawn.updates[entry.name or ""] = draw(st.sampled_from(fits))
    return drawn


def _fill(tensor: Tensor, rows: int, rng: np.random.Generator, odd: bool) -> np.ndarray:
    shape = tuple(d if isinstance(d, int) else rows for d in tensor.shape)
    if shape == ():  # numbers are divided by
        return np.array(rng.choice([0.25, 0.5, 2.0, -4.0]), tensor.dtype)
    values = rng.integers(-8, 9, shape) / 4
    if odd:
        mask = rng.random(shape) < 0.15
        values[mask] = rng.choice([np.nan, np.inf, -np.inf], mask.sum())
    return values.astype(tensor.dtype)


def _step(draw: Any, pool: list[Tensor], leaves: list[Tensor], rows: int) -> Tensor | None:
    """Draw one more tensor, or None where what was drawn does not fit."""
    # What was made last is drawn most often, so that graphs grow deep.
    recent = pool[-4:]
    x = draw(st.sampled_from(recent if draw(st.booleans()) else pool))
    kind = draw(st.sampled_from(["unary", "unary", "binary", "binary", "structure", "structure",
                                 "factor", "number", "compare", "rows", "repeat"]))  # fmt: skip
    try:
        match kind:
            case "unary":
                made = draw(st.sampled_from(UNARY))(x)
            case "binary":
                made = draw(st.sampled_from(BINARY))(x, draw(st.sampled_from(pool)))
            case "structure":
                if _empties(x) or (rows == 0 and batch in x.shape):
                    return None
                made = draw(st.sampled_from(STRUCTURE))(x)
                if any(d == 0 for d in made.shape):
                    return None
            case "factor":
                factor = draw(st.sampled_from(FACTORS))
                made = draw(st.sampled_from([
                    lambda: x * factor, lambda: factor * x, lambda: factor * (2 * x),
                    lambda: x + factor, lambda: factor - x, lambda: -(factor * x),
                ]))()  # fmt: skip
            case "number":
                a, b = leaves[2], leaves[-1]  # rate and scale
                made = draw(st.sampled_from([
                    lambda: x / a, lambda: x * (a / b), lambda: (2 / a) * x, lambda: a / b / a,
                    lambda: x / 2 / b, lambda: x * a * b, lambda: a * (b * x),
                ]))()  # fmt: skip
            case "compare":
                one, other = (draw(st.sampled_from(leaves)) for _ in range(2))
                made = ops.where(one > other, x, -x)
            case "rows":
                b = leaves[-2]
                picked = ops.argmax(b)
                made = ops.take(x, np.array([0, 0])) if x.shape[:1] == b.shape else (
                    x * ops.one_hot(picked, 1, x.dtype)
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
