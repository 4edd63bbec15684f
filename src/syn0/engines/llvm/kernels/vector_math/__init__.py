"""Elementary functions on vectors, of arithmetic alone: no call of the C library.

Each takes vectors of float32 or float64 of any number of lanes and has no branch. NaN,
infinity, signed zeros and overflow are as in NumPy, and so are subnormal arguments and
results where the processor does not flush them to zero. What is added to what is written
down, so the bits are the same on every machine with a fused multiply-add.

The coefficients are minimax fits (Remez' exchange in 45 digits, of the relative error),
rounded to the type. `BOUNDS` holds the largest errors.
"""

from __future__ import annotations

from syn0.engines.llvm.ir import Function, Value
from syn0.engines.llvm.kernels.vector_math import (
    error_function,
    exponential,
    logarithm,
    power,
    trigonometric,
)
from syn0.engines.llvm.kernels.vector_math.lanes import Lanes

# How many ULP a float32 and a float64 may be off; for `logaddexp`, which is a sum, those of the
# largest of inputs and result. The worst seen over millions of points is a little less.
BOUNDS = {
    "exp": (1.05, 1.05),
    "expm1": (1.6, 2.1),
    "log": (1.0, 1.0),
    "log1p": (1.0, 1.0),
    "tanh": (1.5, 1.7),
    "sigmoid": (2.5, 2.6),
    "erf": (1.6, 1.6),
    "sin": (2.5, 1.8),  # 1.6 up to 1e4
    "cos": (2.5, 1.8),
    "pow": (0.51, 1.3),
    "logaddexp": (4.0, 4.0),  # 2.2 of the result where one input is 0: softplus
}


def exp(f: Function, x: Value) -> Value:
    """Return e**x."""
    return exponential.exp(Lanes(f, x)).value


def expm1(f: Function, x: Value) -> Value:
    """Return e**x - 1, also near 0."""
    return exponential.expm1(Lanes(f, x)).value


def sigmoid(f: Function, x: Value) -> Value:
    """Return 1 / (1 + e**-x); 0 where that is below the smallest normal number."""
    return exponential.sigmoid(Lanes(f, x)).value


def tanh(f: Function, x: Value) -> Value:
    """Return the hyperbolic tangent."""
    return exponential.tanh(Lanes(f, x)).value


def log(f: Function, x: Value) -> Value:
    """Return the natural logarithm."""
    return logarithm.log(Lanes(f, x)).value


def log1p(f: Function, x: Value) -> Value:
    """Return log(1 + x), also near 0."""
    return logarithm.log1p(Lanes(f, x)).value


def logaddexp(f: Function, x: Value, y: Value) -> Value:
    """Return log(e**x + e**y)."""
    return logarithm.logaddexp(Lanes(f, x), Lanes(f, y)).value


def erf(f: Function, x: Value) -> Value:
    """Return the error function."""
    return error_function.erf(Lanes(f, x)).value


def sin(f: Function, x: Value) -> Value:
    """Return the sine; NaN where |x| is too large for it (1e6 in float32, 1e15 in float64)."""
    return trigonometric.sin(Lanes(f, x)).value


def cos(f: Function, x: Value) -> Value:
    """Return the cosine; NaN where |x| is too large for it (1e6 in float32, 1e15 in float64)."""
    return trigonometric.cos(Lanes(f, x)).value


def pow(f: Function, x: Value, y: Value) -> Value:
    """Return x to the power of y."""
    return power.power(Lanes(f, x), Lanes(f, y)).value
