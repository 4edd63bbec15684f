"""Activations against hand-worked numbers, SciPy, differences, and their own edges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.special

from syn0 import activations, graph, ops
from syn0.activations import ELU, CustomDerivative, LeakyReLU
from syn0.errors import ArgumentError, UnknownNameError
from syn0.gradient import backpropagate, check_derivatives

NAMES = sorted(activations.catalogue.makers)
POINTS = np.array([-30.0, -3.5, -1.0, -0.25, 0.0, 0.25, 1.0, 2.5, 3.5, 30.0])

Phi = scipy.special.ndtr
REFERENCES: dict[str, Any] = {
    "linear": lambda x: x,
    "sigmoid": scipy.special.expit,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1),
    "selu": lambda x: (
        1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(np.minimum(x, 0)) - 1))
    ),
    "swish": lambda x: x * scipy.special.expit(x),
    "gelu": lambda x: x * Phi(x),
    "softplus": lambda x: -scipy.special.log_expit(-x),
    "softmax": lambda x: scipy.special.softmax(x, axis=-1),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "hard_sigmoid": lambda x: np.clip((x + 3) / 6, 0, 1),
    "hard_swish": lambda x: x * np.clip((x + 3) / 6, 0, 1),
}


def slopes(f: Any, points: list[float], dtype: str = "float64") -> Any:
    """Return the derivative of an elementwise function at points, by backpropagation."""
    array = np.array(points, dtype)
    x = graph.input_tensor("x", array.shape, dtype)
    (dx,) = backpropagate(ops.sum(f(x)), [x])
    with np.errstate(all="raise", under="ignore"):
        return graph.evaluate([dx], {"x": array})[0]


def test_every_name_has_a_reference() -> None:
    assert set(REFERENCES) == set(NAMES)
    assert len(NAMES) == 14


@pytest.mark.parametrize("name", NAMES)
def test_values_agree_with_the_definition(name: str) -> None:
    f = activations.get(name)
    np.testing.assert_allclose(f(POINTS), REFERENCES[name](POINTS), rtol=1e-12, atol=1e-15)
    x = graph.input_tensor("x", POINTS.shape, "float64")
    (y,) = graph.evaluate([f(x)], {"x": POINTS})
    np.testing.assert_allclose(y, REFERENCES[name](POINTS), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_agree_with_differences(name: str) -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(-2.5, 2.5, (3, 4))
    check_derivatives(activations.get(name), [x])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extremes_keep_values_and_derivatives_finite(name: str, dtype: str) -> None:
    f = activations.get(name)
    points = [-1e4, -500.0, -89.0, 0.0, 89.0, 500.0, 1e4]
    array = np.array(points, dtype)
    x = graph.input_tensor("x", array.shape, dtype)
    y = f(x)
    assert y.dtype == dtype
    (value,) = graph.evaluate([y], {"x": array})
    assert value.dtype == dtype
    assert np.isfinite(value).all()
    assert np.isfinite(slopes(f, points, dtype)).all()


@pytest.mark.parametrize("name", NAMES)
def test_nan_is_carried(name: str) -> None:
    x = graph.input_tensor("x", (1,), "float64")
    with np.errstate(invalid="ignore"):
        (y,) = graph.evaluate([activations.get(name)(x)], {"x": np.array([np.nan])})
    assert np.isnan(y).all()


def test_derivatives_at_zero() -> None:
    at_zero = {
        "relu": 0.0, "elu": 1.0, "selu": 1.0507009873554805 * 1.6732632423543772,
        "sigmoid": 0.25, "tanh": 1.0, "swish": 0.5, "gelu": 0.5, "softplus": 0.5,
        "leaky_relu": 0.2, "hard_sigmoid": 1 / 6,
    }  # fmt: skip
    found = {name: slopes(activations.get(name), [0.0])[0] for name in at_zero}
    assert found == pytest.approx(at_zero, rel=1e-12)


def test_lesson_definitions() -> None:
    assert float(activations.swish(np.float64(1.0))) == pytest.approx(1 / (1 + math.exp(-1)))
    phi = 0.5 * (1 + math.erf(1 / math.sqrt(2)))
    assert float(activations.gelu(np.float64(1.0))) == pytest.approx(phi, rel=1e-14)
    assert activations.relu([-1.0, 0.0, 2.0]).tolist() == [0.0, 0.0, 2.0]


def test_softmax_rows_sum_to_one() -> None:
    x = np.random.default_rng(0).normal(size=(5, 7)) * 100
    rows = activations.softmax(x)
    np.testing.assert_allclose(rows.sum(axis=-1), 1, rtol=1e-14)


def test_parameters_make_another_function() -> None:
    assert LeakyReLU(0.5)(np.array([-2.0, 1.0])).tolist() == [-1.0, 1.0]
    assert ELU(2.0)(np.array([-1.0]))[0] == pytest.approx(2 * math.expm1(-1))
    assert activations.get(ELU(2.0)) == ELU(2.0)
    assert activations.name_of(ELU(2.0)) == "elu"


# ----- a derivative of one's own ------------------------------------------


def hand_sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(
    ("derivative", "derivative_of"),
    [
        (lambda y: y * (1 - y), "output"),
        (lambda x: hand_sigmoid(x) * (1 - hand_sigmoid(x)), "input"),
    ],
)
def test_own_derivative_is_used(derivative: Any, derivative_of: str) -> None:
    f = CustomDerivative(hand_sigmoid, derivative, derivative_of)
    points = [-1.0, 0.0, 2.0]
    true = hand_sigmoid(np.array(points)) * (1 - hand_sigmoid(np.array(points)))
    np.testing.assert_allclose(slopes(f, points), true, rtol=1e-12)
    doubled = CustomDerivative(hand_sigmoid, lambda v: 2 * derivative(v), derivative_of)
    np.testing.assert_allclose(slopes(doubled, points), 2 * true, rtol=1e-12)
    np.testing.assert_allclose(f(np.array(points)), hand_sigmoid(np.array(points)))


def test_own_derivative_within_a_chain() -> None:
    f = CustomDerivative(np.square, lambda x: 10 * x, "input")
    # d/dx 3 f(2x) = 3 * 10 * 2x * 2 = 120 x
    np.testing.assert_allclose(slopes(lambda x: 3 * f(2 * x), [1.0, -2.0]), [120.0, -240.0])


# ----- names --------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "use"),
    [
        ("silu", "'swish'"),
        ("SiLU", "'swish'"),
        ("logistic", "'sigmoid'"),
        ("identity", "'linear'"),
        ("rellu", "did you mean 'relu'"),
        ("PReLU", "syn0.PReLU()"),
    ],
)
def test_unknown_names_say_what_to_write(word: str, use: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        activations.get(word)
    assert use in str(caught.value)
    assert repr(word) in str(caught.value)


def test_what_is_no_activation_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"write ELU\(\)"):
        activations.get(ELU)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="3 of type int is not an activation"):
        activations.get(3)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="'output' or 'input'"):
        CustomDerivative(np.tanh, np.cos, "x")
    with pytest.raises(UnknownNameError, match="write negative_slope="):
        LeakyReLU(alpha=0.3)  # type: ignore[call-arg]


def test_none_is_linear_and_functions_pass() -> None:
    assert activations.get(None) is activations.linear
    assert activations.get(np.tanh) is np.tanh
    assert activations.name_of(hand_sigmoid) == "hand_sigmoid"
