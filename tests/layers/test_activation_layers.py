"""Activation with one's own derivative, and PReLU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import check, run, slope

from syn0 import activations, graph, ops
from syn0.errors import ArgumentError, ShapeError, UnknownNameError
from syn0.gradient import backpropagate
from syn0.layers import Activation, Dense, Dropout, PReLU
from syn0.layers.activation import function_of

X = np.array([[-2.0, 0.5, 0.0], [1.0, -0.25, 3.0]])


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def test_activation_layer_is_the_function() -> None:
    y, _ = run(Activation("tanh"), X)
    np.testing.assert_array_equal(y, np.tanh(X))
    y, _ = run(Activation(sigmoid), X)
    np.testing.assert_allclose(y, sigmoid(X))
    assert Activation("tanh").parameters((3,)) == {}


def test_own_derivative_of_output_and_of_input() -> None:
    true = sigmoid(X) * (1 - sigmoid(X))
    of_output = Activation(sigmoid, derivative=lambda y: y * (1 - y), derivative_of="output")
    of_input = Activation(sigmoid, lambda x: 3.0 * x, "input")
    np.testing.assert_allclose(slope(of_output, X, training=True), true)
    np.testing.assert_allclose(slope(of_input, X, training=True), 3.0 * X)
    y, _ = run(of_output, X)
    np.testing.assert_allclose(y, sigmoid(X))


def test_own_derivative_within_dense() -> None:
    """The lesson's way: the delta of a layer is its error times the derivative of its output."""
    layer = Dense(2, Activation(sigmoid, derivative=lambda y: 5 * y * (1 - y)), use_bias=False)
    W = np.random.default_rng(0).normal(size=(3, 2))
    w = graph.input_tensor("W", W.shape, "float64")
    x = graph.input_tensor("x", X.shape, "float64")
    y = layer.forward({"W": w}, x, training=True)  # type: ignore[arg-type]
    (dw,) = backpropagate(ops.sum(y), [w])
    (found,) = graph.evaluate([dw], {"W": W, "x": X})
    out = sigmoid(X @ W)
    np.testing.assert_allclose(found, X.T @ (5 * out * (1 - out)))


def test_function_of_what_people_give() -> None:
    assert function_of(None) is activations.linear
    assert function_of("relu") is activations.relu
    assert function_of(Activation("relu")) is activations.relu
    assert function_of(np.tanh) is np.tanh


def test_prelu_by_hand() -> None:
    y, _ = run(PReLU(), X)
    np.testing.assert_array_equal(y, np.where(X > 0, X, 0.25 * X))
    slopes = np.array([0.0, 1.0, 2.0])
    y, _ = run(PReLU(), X, values={"slope": slopes})
    np.testing.assert_array_equal(y, np.where(X > 0, X, slopes * X))
    assert PReLU(0.1).parameters((28, 28, 3))["slope"][0] == (3,)


def test_prelu_derivatives() -> None:
    check(PReLU(), np.random.default_rng(0).normal(size=(2, 4, 3)))


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Activation("silu"), UnknownNameError, "'swish'"),
        (lambda: Activation("relu", derivative="x"), ArgumentError, "a function of a tensor"),
        (lambda: Activation("relu", np.cos, "y"), ArgumentError, "'output' or 'input'"),
        (lambda: PReLU(alpha_initializer=0), UnknownNameError, "write start="),
        (lambda: PReLU().parameters((graph.time,)), ShapeError, "last size known"),
        (lambda: function_of(Dropout(0.5)), ArgumentError, "layer of its own"),
    ],
)
def test_wrong_arguments_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
