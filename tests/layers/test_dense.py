"""Dense: the numbers, the shapes, the choice of initializer, the penalty, wrong arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import check, first_values, run

from syn0 import activations, graph, initializers
from syn0.errors import ArgumentError, ShapeError, UnknownNameError
from syn0.layers import Activation, Dense, Dropout, PReLU
from syn0.penalties import L2

X = np.random.default_rng(1).normal(size=(4, 3))
W = np.array([[1.0, -1.0], [0.5, 2.0], [0.0, 1.0]])


def test_weighted_sums_by_hand() -> None:
    values = {"W": W, "b": np.array([0.5, -10.0])}
    y, statistics = run(Dense(2), np.array([[1.0, 2.0, 3.0]]), values=values)
    assert y.tolist() == [[2.5, -4.0]]
    assert statistics == {}
    y, _ = run(Dense(2, "relu"), np.array([[1.0, 2.0, 3.0]]), values=values)
    assert y.tolist() == [[2.5, 0.0]]
    y, _ = run(Dense(2, use_bias=False), np.array([[1.0, 2.0, 3.0]]), values={"W": W})
    assert y.tolist() == [[2.0, 6.0]]


@pytest.mark.parametrize("shape", [(4, 3), (4, 5, 3), (4, 2, 5, 3)])
def test_leading_axes_stay(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    y, _ = run(Dense(2, "tanh"), x)
    held = first_values(Dense(2, "tanh"), shape[1:])
    np.testing.assert_allclose(y, np.tanh(x @ held["W"] + held["b"]))


@pytest.mark.parametrize("activation", [None, "sigmoid", "softmax", "gelu"])
def test_derivatives(activation: str | None) -> None:
    check(Dense(3, activation), X)
    check(Dense(3, activation, use_bias=False), X.reshape(2, 2, 3))


def test_parameters() -> None:
    declared = Dense(5, "relu").parameters((7, 3))
    assert {name: size for name, (size, _) in declared.items()} == {"W": (3, 5), "b": (5,)}
    assert list(Dense(5, use_bias=False).parameters((3,))) == ["W"]
    values = first_values(Dense(5), (3,), "float32")
    assert values["b"].tolist() == [0] * 5
    assert values["W"].dtype == np.float32


@pytest.mark.parametrize(
    ("activation", "initializer", "expected"),
    [
        (None, "auto", initializers.GlorotUniform()),
        ("relu", "auto", initializers.HeUniform()),
        ("selu", "auto", initializers.LecunNormal()),
        (Activation("relu"), "auto", initializers.HeUniform()),
        (activations.ELU(0.5), "auto", initializers.HeUniform()),
        (np.tanh, "auto", initializers.GlorotUniform()),
        ("relu", "zeros", initializers.Zeros()),
        ("relu", 0.5, initializers.Constant(0.5)),
        ("relu", W, initializers.Constant(W)),
    ],
)
def test_initializer(activation: Any, initializer: Any, expected: object) -> None:
    layer = Dense(2, activation, initializer=initializer)
    assert layer.parameters((3,))["W"][1] == expected


def test_penalty() -> None:
    p = {"W": graph.constant(W), "b": graph.constant(np.ones(2))}
    (penalty,) = Dense(2, kernel_penalty=L2(0.1)).penalties(p)  # type: ignore[arg-type]
    assert graph.evaluate([penalty], {})[0] == pytest.approx(0.725)
    (penalty,) = Dense(2, kernel_penalty="l1").penalties(p)  # type: ignore[arg-type]
    assert graph.evaluate([penalty], {})[0] == pytest.approx(0.055)
    assert penalty.shape == ()
    assert Dense(2).penalties(p) == []  # type: ignore[arg-type]
    (own,) = Dense(2, kernel_penalty=lambda w: (w**4).sum()).penalties(p)  # type: ignore[arg-type]
    assert graph.evaluate([own], {})[0] == 19.0625


def test_printed_names() -> None:
    x = graph.input_tensor("x", (graph.batch, 3), "float64")
    p = {"W": graph.constant(W), "b": graph.constant(np.ones(2))}
    with graph.scope("hidden"):
        y = Dense(2, "relu").forward(p, x, training=True)  # type: ignore[arg-type]
        assert y.inputs[0].name == "z_hidden"
        assert Dense(2).forward(p, x, training=True).name is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Dense(0), ArgumentError, "units=0"),
        (lambda: Dense(2.5), ArgumentError, "units=2.5"),
        (lambda: Dense(True), ArgumentError, "units=True"),
        (lambda: Dense("many"), ArgumentError, "units='many'"),
        (lambda: Dense(2, "rely"), UnknownNameError, "did you mean 'relu'"),
        (lambda: Dense(2, PReLU()), ArgumentError, "PReLU is a layer, not an activation"),
        (lambda: Dense(2, initializer="xavier"), UnknownNameError, "'glorot_uniform'"),
        (lambda: Dense(2, kernel_penalty="l3"), UnknownNameError, "there is no penalty 'l3'"),
        (lambda: Dense(2, kernel_regularizer="l2"), UnknownNameError, "write kernel_penalty="),
        (lambda: Dense(2, kernel_initializer="zeros"), UnknownNameError, "write initializer="),
        (lambda: Dense(2, input_shape=(3,)), UnknownNameError, "sizes are inferred"),
        (lambda: Dense(in_features=3, out_features=2), UnknownNameError, "inferred"),
        (lambda: Dense(2, activatoin="relu"), UnknownNameError, "did you mean 'activation'"),
        (lambda: Dense("auto").parameters((3,)), ArgumentError, "does not know its units"),
        (lambda: Dense(2).parameters(()), ShapeError, "its last size known"),
        (lambda: Dense(2).parameters((graph.time,)), ShapeError, r"shape \(time,\)"),
        (lambda: run(Dense(2), X, values={"W": W.T}), ShapeError, "inner sizes"),
    ],
)
def test_wrong_arguments_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


def test_several_inputs_are_refused() -> None:
    x = graph.input_tensor("x", (graph.batch, 3))
    with pytest.raises(ShapeError, match="Concatenate"):
        Dense(2).forward({}, (x, x), training=True)  # type: ignore[arg-type]


def test_layers_are_frozen_records() -> None:
    assert Dense(2, "relu", name="a") == Dense(2, "relu", name="a")
    assert Dense(2) != Dense(3)
    with pytest.raises(AttributeError):
        Dense(2).units = 3  # type: ignore[misc]
    assert Dropout(0.5, name="drop").name == "drop"
