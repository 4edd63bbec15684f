"""The one table of tolerances: how far two ways of computing the same may lie apart.

The unit is the ULP of the expected value in its own dtype. Where a value is a sum, its
error belongs to the terms and not to what is left after they cancel; such ops are measured
against the ``largest`` value of inputs and output instead of against each ``element``.

Everything that is not listed must agree to the last bit. Each exception says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tolerance:
    """Allowed distance in ULP for each dtype, what the ULP is taken of, and the reason."""

    float32: float
    float64: float
    of: str = "element"
    reason: str = ""

    def ulp(self, dtype: str) -> float:
        return {"float32": self.float32, "float64": self.float64}[dtype]


EXACT = Tolerance(0, 0)


def _library(float32: float, float64: float, of: str = "element") -> Tolerance:
    return Tolerance(float32, float64, of, "XLA has its own polynomials, not the C library's")


def _order(float32: float, float64: float) -> Tolerance:
    return Tolerance(
        float32, float64, "largest", "XLA adds in another order and may leave products unrounded"
    )


def _own(float32: float, float64: float, of: str = "element") -> Tolerance:
    return Tolerance(
        float32, float64, of, "the compiler has its own polynomials, with bounds of their own"
    )


def _chain(float32: float, float64: float) -> Tolerance:
    return Tolerance(
        float32,
        float64,
        "largest",
        "each element is one ascending chain; BLAS and NumPy add in parts",
    )


# Worst values seen over 300 seeds and, for functions of one number, a million points, are
# about two thirds of what is allowed.
TABLE: Mapping[tuple[str, str], Tolerance] = {
    ("jax", "divide"): Tolerance(
        2, 2, reason="XLA multiplies by the reciprocal where one divisor serves a row"
    ),
    ("jax", "pow"): _library(3, 3),
    ("jax", "exp"): _library(3, 3),
    ("jax", "expm1"): _library(10, 6),
    ("jax", "log"): _library(6, 2),
    ("jax", "log1p"): _library(5, 3),
    ("jax", "logaddexp"): _library(4, 4, of="largest"),
    ("jax", "sin"): _library(2, 1),
    ("jax", "cos"): _library(2, 1),
    ("jax", "tanh"): _library(8, 10),
    ("jax", "sigmoid"): _library(5, 4),
    ("jax", "erf"): _library(4, 4),
    ("jax", "sigmoid_cross_entropy"): _library(4, 4, of="largest"),
    ("jax", "softmax"): _library(6, 6),
    ("jax", "softmax_cross_entropy"): _library(4, 4, of="largest"),
    ("jax", "logsumexp"): _library(4, 4, of="largest"),
    ("jax", "random_normal"): _library(4, 4, of="largest"),
    ("jax", "sum"): _order(8, 8),
    ("jax", "mean"): _order(2, 2),
    ("jax", "var"): _order(4, 4),
    ("jax", "matmul"): _order(6, 6),
    ("jax", "tensordot"): _order(8, 8),
    ("jax", "conv2d"): _order(6, 6),
    ("jax", "conv2d_dx"): _order(6, 6),
    ("jax", "conv2d_dw"): _order(6, 6),
    ("jax", "average_pool2d"): _order(1, 1),
    ("jax", "average_pool2d_dx"): _order(2, 2),
    ("llvm", "pow"): _own(2, 4),
    ("llvm", "exp"): _own(2, 2),
    ("llvm", "expm1"): _own(3, 3),
    ("llvm", "log"): _own(2, 2),
    ("llvm", "log1p"): _own(3, 3),
    ("llvm", "logaddexp"): _own(4, 4, of="largest"),
    ("llvm", "sin"): _own(2, 2),
    ("llvm", "cos"): _own(2, 2),
    ("llvm", "tanh"): _own(3, 3),
    ("llvm", "sigmoid"): _own(4, 4),
    ("llvm", "erf"): _own(4, 4),
    ("llvm", "sigmoid_cross_entropy"): _own(4, 4, of="largest"),
    ("llvm", "softmax"): _own(6, 6),
    ("llvm", "softmax_cross_entropy"): _own(4, 4, of="largest"),
    ("llvm", "logsumexp"): _own(4, 4, of="largest"),
    ("llvm", "random_normal"): _own(4, 4, of="largest"),
    ("llvm", "sum"): _chain(4, 4),
    ("llvm", "mean"): _chain(2, 2),
    ("llvm", "var"): _chain(4, 4),
    ("llvm", "matmul"): _chain(4, 4),
    ("llvm", "tensordot"): _chain(8, 8),
    ("llvm", "conv2d"): _chain(8, 8),
    ("llvm", "conv2d_dx"): _chain(8, 8),
    ("llvm", "conv2d_dw"): _chain(8, 8),
}

# A whole network's training: rounding of single ops, carried from step to step.
TRAINING_RELATIVE = {"float64": 1e-9, "float32": 2e-3}


def tolerance(engine: str, op: str) -> Tolerance:
    """Return what `engine` is allowed for an op, against the plain NumPy values."""
    return TABLE.get((engine, op), EXACT)


def distance(
    found: Any, expected: Any, allowed: Tolerance, inputs: Sequence[NDArray[Any]] = ()
) -> float:
    """Return the largest distance in ULP; infinite where NaN, infinity or shape differ."""
    a, b = np.asarray(found), np.asarray(expected)
    if a.shape != b.shape:
        return float("inf")
    if b.dtype.kind != "f":
        return 0.0 if np.array_equal(a, b) else float("inf")
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return float("inf")
    if not np.isfinite(a[finite]).all():
        return float("inf")
    if not finite.any():
        return 0.0
    # In the wider dtype the subtraction itself is exact enough.
    gap = np.abs(a[finite].astype(np.longdouble) - b[finite].astype(np.longdouble))
    scale = np.abs(b[finite])
    if allowed.of == "largest":
        parts = [np.abs(x[np.isfinite(x)]) for x in inputs if x.dtype.kind == "f"]
        scale = np.full_like(scale, max([float(p.max()) for p in (scale, *parts) if p.size]))
    # Below the normal range XLA flushes to zero; the unit there is the smallest normal number.
    smallest = np.finfo(b.dtype).tiny if allowed is not EXACT else 0
    unit = np.maximum(np.spacing(np.maximum(scale, np.finfo(b.dtype).smallest_subnormal)), smallest)
    return float((gap / unit).max())
