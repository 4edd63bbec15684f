"""Ops that treat each element alone; inputs of different shapes broadcast as in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from syn0.errors import DTypeError
from syn0.graph import (
    DTYPES,
    FLOATS,
    NoDerivative,
    Op,
    Sample,
    Shape,
    Tensor,
    broadcast_shapes,
    common_dtype,
    public,
)
from syn0.ops.structure import normal, unbroadcast

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-30, -20.0, 20.0, 88.0, -88.0]


def _float_shape(name: str) -> Callable[..., tuple[Shape, str]]:
    def rule(*tensors: Tensor, **_: Any) -> tuple[Shape, str]:
        dtype = common_dtype(name, *tensors)
        if dtype not in FLOATS:
            raise DTypeError(
                f"{name} needs floating-point numbers, not {dtype}.",
                mend="convert first: syn0.ops.astype(x, 'float32')",
            )
        return broadcast_shapes(name, *tensors), dtype

    return rule


def _number_shape(name: str) -> Callable[..., tuple[Shape, str]]:
    def rule(*tensors: Tensor, **_: Any) -> tuple[Shape, str]:
        return broadcast_shapes(name, *tensors), common_dtype(name, *tensors)

    return rule


def bool_shape(name: str) -> Callable[..., tuple[Shape, str]]:
    """Return the shape rule of an op that answers true or false."""

    def rule(*tensors: Tensor, **_: Any) -> tuple[Shape, str]:
        common_dtype(name, *tensors)
        return broadcast_shapes(name, *tensors), "bool"

    return rule


def reals(rng: np.random.Generator) -> Iterable[Sample]:
    """Give the samples of a function of one number."""
    yield Sample(normal(rng, 3, 5))
    yield Sample(normal(rng, 0))
    yield Sample(np.array(SPECIAL), smooth=False)


def _positives(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(rng.uniform(0.2, 3.0, (3, 5)))
    yield Sample([np.nan, np.inf, 1e-30, 1.0], smooth=False)


def pairs(rng: np.random.Generator) -> Iterable[Sample]:
    """Give the samples of a function of two numbers, broadcasting among them."""
    yield Sample(normal(rng, 3, 5), normal(rng, 3, 5))
    yield Sample(normal(rng, 3, 1), normal(rng, 5))
    yield Sample(normal(rng), normal(rng, 2, 2))
    yield Sample([np.nan, np.inf, 1.0, 0.0], [1.0, -np.inf, np.nan, 0.0], smooth=False)


# ----- add, subtract, multiply, divide ------------------------------------


def _add(xp: Any, x: Any, y: Any) -> Any:
    """Return x + y."""
    return x + y


def _add_derivative(dy: Tensor, out: Tensor, x: Tensor, y: Tensor) -> Any:
    return unbroadcast(dy, x), unbroadcast(dy, y)


add = Op("add", _number_shape("add"), _add, _add_derivative, pairs)


def _subtract(xp: Any, x: Any, y: Any) -> Any:
    """Return x - y."""
    return x - y


def _subtract_derivative(dy: Tensor, out: Tensor, x: Tensor, y: Tensor) -> Any:
    return unbroadcast(dy, x), unbroadcast(-dy, y)


subtract = Op("subtract", _number_shape("subtract"), _subtract, _subtract_derivative, pairs)


def _multiply(xp: Any, x: Any, y: Any) -> Any:
    """Return x * y."""
    return x * y


def _multiply_derivative(dy: Tensor, out: Tensor, x: Tensor, y: Tensor) -> Any:
    return unbroadcast(dy * y, x), unbroadcast(dy * x, y)


multiply = Op("multiply", _number_shape("multiply"), _multiply, _multiply_derivative, pairs)


def _divide(xp: Any, x: Any, y: Any) -> Any:
    """Return x / y."""
    return x / y


def _divide_derivative(dy: Tensor, out: Tensor, x: Tensor, y: Tensor) -> Any:
    # From the output: x / y**2 would lose range where y is small.
    return unbroadcast(dy / y, x), unbroadcast(-dy * out / y, y)


def _divide_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 3, 5), rng.uniform(0.5, 2.0, (3, 5)))
    yield Sample(normal(rng, 5), -rng.uniform(0.5, 2.0, (3, 1)))
    yield Sample([np.nan, np.inf, 1.0], [1.0, np.inf, np.inf], smooth=False)


divide = Op("divide", _float_shape("divide"), _divide, _divide_derivative, _divide_samples)


# ----- negative, abs, sign ------------------------------------------------


def _negative(xp: Any, x: Any) -> Any:
    """Return -x."""
    return -x


def _negative_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return -dy


negative = Op("negative", _number_shape("negative"), _negative, _negative_derivative, reals)


def _abs(xp: Any, x: Any) -> Any:
    """Return the absolute value; its derivative at 0 is taken as 0."""
    return xp.abs(x)


def _abs_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return dy * sign(x)


abs = Op("abs", _number_shape("abs"), _abs, _abs_derivative, reals)


def _sign(xp: Any, x: Any) -> Any:
    """Return -1, 0 or 1."""
    return xp.sign(x)


sign = Op("sign", _number_shape("sign"), _sign, NoDerivative("it is constant in steps"), reals)


# ----- pow, square, sqrt --------------------------------------------------


def _pow_shape(x: Tensor, y: Tensor) -> tuple[Shape, str]:
    # One whole number goes with any base: beta ** step keeps the dtype of beta.
    whole = "int" in y.dtype and y.shape == ()
    dtype = x.dtype if whole else common_dtype("pow", x, y)
    return broadcast_shapes("pow", x, y), dtype


def _pow(xp: Any, x: Any, y: Any) -> Any:
    """Return x ** y."""
    return x**y


def _pow_derivative(dy: Tensor, out: Tensor, x: Tensor, y: Tensor) -> Any:
    dx = unbroadcast(_pow_slope(dy, x, y), x)
    if y.op.name == "constant" or "int" in y.dtype:
        return dx, None
    # 0 ** y is taken as constant: its logarithm has no value.
    return dx, unbroadcast(dy * out * log(where(x == 0, 1, x)), y)


def _pow_slope(dy: Tensor, x: Tensor, y: Tensor) -> Any:
    """Return dy * y * x ** (y - 1), which is 0 for y = 0 even where x is 0."""
    number = y.attributes["value"] if y.op.name == "constant" and y.shape == () else None
    if number == 1:
        return dy
    factor = dy * (y if "int" not in y.dtype else astype(y, x.dtype))
    if number is None:
        return factor * x ** where(y == 0, y, y - 1)
    return factor * x ** (y - 1 if number else y)


def _pow_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(rng.uniform(0.3, 2.0, (3, 4)), normal(rng, 4))
    yield Sample(rng.uniform(0.3, 2.0, (3,)), np.array(3))
    yield Sample([np.nan, np.inf, 2.0, 0.0], [1.0, 2.0, -np.inf, 0.0], smooth=False)


pow = Op("pow", _pow_shape, _pow, _pow_derivative, _pow_samples)


def _square(xp: Any, x: Any) -> Any:
    """Return x * x."""
    return x**2


def _square_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return dy * (2 * x)


square = Op("square", _number_shape("square"), _square, _square_derivative, reals)


def _sqrt(xp: Any, x: Any) -> Any:
    """Return the square root."""
    return xp.sqrt(x)


def _sqrt_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return dy / (2 * y)


sqrt = Op("sqrt", _float_shape("sqrt"), _sqrt, _sqrt_derivative, _positives)


# ----- exp, expm1, log, log1p, logaddexp ----------------------------------


def _exp(xp: Any, x: Any) -> Any:
    """Return e**x."""
    return xp.exp(x)


def _exp_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return dy * y


exp = Op("exp", _float_shape("exp"), _exp, _exp_derivative, reals)


def _expm1(xp: Any, x: Any) -> Any:
    """Return e**x - 1, exact for small x."""
    return xp.expm1(x)


def _expm1_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return dy * (y + 1)


expm1 = Op("expm1", _float_shape("expm1"), _expm1, _expm1_derivative, reals)


def _log(xp: Any, x: Any) -> Any:
    """Return the natural logarithm."""
    return xp.log(x)


def _log_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return dy / x


log = Op("log", _float_shape("log"), _log, _log_derivative, _positives)


def _log1p(xp: Any, x: Any) -> Any:
    """Return log(1 + x), exact for small x."""
    return xp.log1p(x)


def _log1p_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return dy / (1 + x)


log1p = Op("log1p", _float_shape("log1p"), _log1p, _log1p_derivative, _positives)


def _logaddexp(xp: Any, x: Any, y: Any) -> Any:
    """Return log(e**x + e**y) without overflow."""
    return xp.logaddexp(x, y)


def _logaddexp_derivative(dy: Tensor, out: Tensor, x: Tensor, y: Tensor) -> Any:
    # The shares of x and y in the sum, which stay in 0..1 where exp(x - out) might not.
    return unbroadcast(dy * sigmoid(x - y), x), unbroadcast(dy * sigmoid(y - x), y)


logaddexp = Op("logaddexp", _float_shape("logaddexp"), _logaddexp, _logaddexp_derivative, pairs)


# ----- sin, cos, tanh, sigmoid, relu, erf ---------------------------------


def _sin(xp: Any, x: Any) -> Any:
    """Return the sine of an angle in radians."""
    return xp.sin(x)


def _sin_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return dy * cos(x)


def _angles(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 3, 5))


sin = Op("sin", _float_shape("sin"), _sin, _sin_derivative, _angles)


def _cos(xp: Any, x: Any) -> Any:
    """Return the cosine of an angle in radians."""
    return xp.cos(x)


def _cos_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return -dy * sin(x)


cos = Op("cos", _float_shape("cos"), _cos, _cos_derivative, _angles)


def _tanh(xp: Any, x: Any) -> Any:
    """Return the hyperbolic tangent."""
    return xp.tanh(x)


def _tanh_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    # From the output, which is stored anyway; its absolute error stays near 3e-8 in float32.
    return dy * (1 - square(y))


tanh = Op("tanh", _float_shape("tanh"), _tanh, _tanh_derivative, reals)


def _sigmoid(xp: Any, x: Any) -> Any:
    """Return 1 / (1 + e**-x)."""
    e = xp.exp(-xp.abs(x))  # never overflows
    return xp.where(x >= 0, 1, e) / (1 + e)


def _sigmoid_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    # From the output, as the lesson does it.
    return dy * (y * (1 - y))


sigmoid = Op("sigmoid", _float_shape("sigmoid"), _sigmoid, _sigmoid_derivative, reals)


def _relu(xp: Any, x: Any) -> Any:
    """Return max(0, x)."""
    return xp.maximum(x, 0)


def _relu_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    # From the output, so that x need not be kept; 0 at 0.
    return dy * (y > 0)


relu = Op("relu", _number_shape("relu"), _relu, _relu_derivative, reals)


def _erf(xp: Any, x: Any) -> Any:
    """Return the error function, within 2e-16 of the exact value (float64)."""
    z = xp.abs(x)
    u = xp.minimum(z, 1) ** 2
    near = 0.0  # erf(z) / z, a polynomial in z**2 for z < 1
    for c in (
        -7.795898827002142e-10,
        1.3720064546777686e-08,
        -1.6208483801871705e-07,
        1.6447424703317362e-06,
        -1.492473690741966e-05,
        0.00012055294904839707,
        -0.0008548325975389692,
        0.0052239776071164225,
        -0.02686617064323777,
        0.11283791670945006,
        -0.37612638903183543,
        1.1283791670955126,
    ):
        near = near * u + c
    t = 1 - 4 / (z + 2)
    far = 0.0  # exp(z**2) * (1 - erf(z)) * (z + 2), a polynomial in t
    for c in (
        1.6148592924652247e-06,
        -8.430837727412995e-06,
        1.3857697982049834e-05,
        -3.869966710351134e-06,
        -5.345471501563566e-07,
        -1.4005816222426952e-05,
        -2.2793359153756835e-05,
        3.412321927652673e-05,
        0.00014464425959324377,
        3.4336776682401497e-05,
        -0.0006630835628143241,
        -0.000837292296501735,
        0.003090612217066535,
        0.006479184909668388,
        -0.02151066188551542,
        -0.03644223150416223,
        0.27947209255595423,
        -0.6871606844138243,
        1.0215827052420232,
    ):
        far = far * t + c
    return xp.sign(x) * xp.where(z < 1, z * near, 1 - xp.exp(-z * z) * far / (z + 2))


def _erf_derivative(dy: Tensor, y: Tensor, x: Tensor) -> Any:
    return dy * (2 / np.pi**0.5 * exp(-square(x)))


erf = Op("erf", _float_shape("erf"), _erf, _erf_derivative, reals)


# ----- maximum, minimum, where --------------------------------------------


def _maximum(xp: Any, x: Any, y: Any) -> Any:
    """Return the larger of x and y; where they are equal the derivative goes to y."""
    return xp.maximum(x, y)


def _maximum_derivative(dy: Tensor, out: Tensor, x: Tensor, y: Tensor) -> Any:
    return unbroadcast(dy * (x > y), x), unbroadcast(dy * (x <= y), y)


maximum = Op("maximum", _number_shape("maximum"), _maximum, _maximum_derivative, pairs)


def _minimum(xp: Any, x: Any, y: Any) -> Any:
    """Return the smaller of x and y; where they are equal the derivative goes to y."""
    return xp.minimum(x, y)


def _minimum_derivative(dy: Tensor, out: Tensor, x: Tensor, y: Tensor) -> Any:
    return unbroadcast(dy * (x < y), x), unbroadcast(dy * (x >= y), y)


minimum = Op("minimum", _number_shape("minimum"), _minimum, _minimum_derivative, pairs)


def _where_shape(condition: Tensor, x: Tensor, y: Tensor) -> tuple[Shape, str]:
    if condition.dtype != "bool":
        raise DTypeError(
            f"where needs a boolean condition, not {condition.dtype}.", mend="compare: x > 0"
        )
    return broadcast_shapes("where", condition, x, y), common_dtype("where", x, y)


def _where(xp: Any, condition: Any, x: Any, y: Any) -> Any:
    """Return x where the condition holds, else y."""
    return xp.where(condition, x, y)


def _where_derivative(dy: Tensor, out: Tensor, condition: Tensor, x: Tensor, y: Tensor) -> Any:
    return (
        None,
        unbroadcast(where(condition, dy, 0), x),
        unbroadcast(where(condition, 0, dy), y),
    )


def _where_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 3, 4) > 0, normal(rng, 3, 4), normal(rng, 4))
    yield Sample([True, False], [np.nan, 1.0], [1.0, np.inf], smooth=False)


where = Op("where", _where_shape, _where, _where_derivative, _where_samples)
public(lambda condition, x, y: where(condition, x, y), "where")


@public
def clip(x: Any, low: float, high: float) -> Any:
    """Return `x` kept between `low` and `high`."""
    return minimum(maximum(x, low), high)


# ----- astype -------------------------------------------------------------


def _astype_shape(x: Tensor, *, dtype: str) -> tuple[Shape, str]:
    if dtype not in DTYPES:
        raise DTypeError(f"there is no dtype {dtype!r}.", expected=", ".join(DTYPES))
    return x.shape, dtype


def _astype(xp: Any, x: Any, *, dtype: str) -> Any:
    """Return the values as another dtype."""
    return xp.asarray(x, dtype=dtype)


def _astype_derivative(dy: Tensor, y: Tensor, x: Tensor, *, dtype: str) -> Any:
    return astype(dy, x.dtype) if x.dtype in FLOATS else None


def _astype_samples(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 3), dtype="float64")
    yield Sample(rng.integers(0, 9, 4), dtype="float64")
    yield Sample([True, False], dtype="float64")


astype_op = Op("astype", _astype_shape, _astype, _astype_derivative, _astype_samples)


@public
def astype(x: Any, dtype: str) -> Any:
    """Return `x` as another dtype."""
    return x if isinstance(x, Tensor) and x.dtype == dtype else astype_op(x, dtype=dtype)


# ----- sigmoid_cross_entropy ----------------------------------------------


def _sigmoid_cross_entropy(xp: Any, logits: Any, targets: Any) -> Any:
    """Return -t log(s) - (1 - t) log(1 - s) with s = sigmoid(logits), without overflow."""
    return xp.logaddexp(0, logits) - targets * logits


def _sigmoid_cross_entropy_derivative(
    dy: Tensor, y: Tensor, logits: Tensor, targets: Tensor
) -> Any:
    # One rule for both, so that the backward pass reads: output - target.
    return unbroadcast(dy * (sigmoid(logits) - targets), logits), unbroadcast(-dy * logits, targets)


def _cross_entropy_pairs(rng: np.random.Generator) -> Iterable[Sample]:
    yield Sample(normal(rng, 4, 3), rng.uniform(0, 1, (4, 3)))
    yield Sample([800.0, -800.0, np.nan], [1.0, 0.0, 1.0], smooth=False)


sigmoid_cross_entropy = Op(
    "sigmoid_cross_entropy",
    _float_shape("sigmoid_cross_entropy"),
    _sigmoid_cross_entropy,
    _sigmoid_cross_entropy_derivative,
    _cross_entropy_pairs,
)
