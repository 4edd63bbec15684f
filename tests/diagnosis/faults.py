"""One planted fault for each kind of verdict, and the same with the advised change."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from healthy import Made, digits, drawn, hidden, net_of, scaled, table
from sklearn import datasets

import syn0
from syn0 import Dense, ops
from syn0.errors import NonFiniteError


@dataclass(frozen=True)
class Fault:
    """A training with one thing wrong.

    Parameters
    ----------
    kind : str
        The verdict that must come.
    layer : str
        Where.
    make : callable
        ``make(mended)``: network, data and arguments of fit, with the fault or mended.
    """

    kind: str
    layer: str
    make: Callable[[bool], Made]

    def run(self, mended: bool = False, **options: Any) -> tuple[syn0.Model, Any, Any]:
        net, X, y, settings = self.make(mended)
        settings = {"verbose": 0, **settings, **options}
        if settings["epochs"]:
            with suppress(NonFiniteError):  # the network keeps the last full step
                net.fit(X, y, **settings)
        else:
            net.build(np.shape(X)[1:])
        return net, X, y

    def __repr__(self) -> str:
        return f"{self.kind}-{self.make.__name__}"


# ----- the network does not compute what it seems to ----------------------


def softmax_twice(mended: bool) -> Made:
    X, y = table("iris")
    last = Dense(3, activation=None if mended else "softmax", name="scores")
    net = net_of(0, hidden(16, "relu"), last, syn0.Activation("softmax"))
    return net, X, y, {"epochs": 60, "optimizer": syn0.Adam(0.01)}


def loss_of_scores(mended: bool) -> Made:
    """A loss of one's own that takes scores, after a softmax."""
    X, y = table("iris")
    last = Dense(3, activation=None if mended else "softmax", name="scores")

    def mine(y_true: Any, y_pred: Any) -> Any:
        return ops.softmax_cross_entropy(y_pred, y_true)

    return net_of(0, hidden(16, "relu"), last), X, np.eye(3)[y], {
        "loss": mine, "epochs": 60, "optimizer": syn0.Adam(0.01)
    }  # fmt: skip


def sigmoid_for_large_targets(mended: bool) -> Made:
    X, y = table("diabetes")
    net = net_of(0, hidden(16, "relu"), Dense(1, activation=None if mended else "sigmoid",
                                              name="answer"))  # fmt: skip
    return net, X, y / 100, {"loss": "mean_squared_error", "epochs": 40}


def the_answer_among_the_columns(mended: bool) -> Made:
    X, y = table("breast_cancer")
    X = X if mended else np.column_stack([X, 2.0 * y - 1])
    return net_of(0, hidden(16, "relu"), hidden(1, "sigmoid")), X, y, {"epochs": 20}


def the_number_among_the_columns(mended: bool) -> Made:
    X, y = table("diabetes")
    y = scaled(y[:, None])
    X = X if mended else np.column_stack([X, 3 * y + 1])
    return net_of(0, hidden(16, "relu"), Dense(1)), X, y, {"epochs": 20}


def all_of_one_class(mended: bool) -> Made:
    X, y = table("wine")
    y = y if mended else np.full(len(y), 2)
    net = net_of(0, hidden(16, "relu"), Dense(3, activation="softmax", name="answer"))
    return net, X, y, {"epochs": 20}


def a_derivative_of_the_wrong_sign(mended: bool) -> Made:
    X, y = table("breast_cancer")
    sign = 1 if mended else -1
    mine = syn0.Activation("sigmoid", derivative=lambda y: sign * y * (1 - y))
    net = net_of(0, hidden(16, "tanh"), Dense(1, activation=mine, name="answer"))
    return net, X, y, {"loss": "mean_squared_error", "epochs": 30, "optimizer": syn0.SGD(0.5)}


def layers_without_activation(mended: bool) -> Made:
    X, y = drawn("circles", 0, n_samples=300, noise=0.08, factor=0.4)
    net = net_of(0, Dense(16, activation="relu" if mended else None, name="first"),
                 hidden(2, "softmax"))  # fmt: skip
    return net, X, y, {"epochs": 60, "optimizer": syn0.Adam(0.01)}


def all_weights_alike(mended: bool) -> Made:
    X, y = table("wine")
    start = "auto" if mended else 0.1
    net = net_of(0, Dense(16, activation="tanh", initializer=start, name="alike"),
                 hidden(3, "softmax", initializer=start))  # fmt: skip
    return net, X, y, {"epochs": 30, "optimizer": syn0.Adam(0.01)}


# ----- why it does not learn ----------------------------------------------


def columns_as_they_are(mended: bool) -> Made:
    X, y = datasets.load_wine(return_X_y=True)
    first = [syn0.Normalization()] if mended else []
    net = net_of(0, *first, Dense(16, activation="relu", name="first"), hidden(3, "softmax"))
    return net, X, y, {"epochs": 40, "optimizer": syn0.Adam(0.01)}


def pixels_divided_twice(mended: bool) -> Made:
    X, y = digits(16 if mended else 16 * 255)
    return net_of(0, Dense(32, activation="relu", name="first"), hidden(10, "softmax")), X, y, {
        "epochs": 10
    }  # fmt: skip


def targets_as_they_are(mended: bool) -> Made:
    X, y = table("diabetes")
    y = (y - y.mean()) / y.std() if mended else y
    return net_of(0, hidden(16, "relu"), Dense(1, name="answer")), X, y, {"epochs": 30}


def steps_too_long(mended: bool) -> Made:
    X, y = digits()
    net = net_of(0, hidden(32, "tanh"), hidden(10, "softmax"))
    rate = 0.1 if mended else 10.0
    return net, X, y, {"epochs": 15, "optimizer": syn0.SGD(rate)}


def steps_to_infinity(mended: bool) -> Made:
    X, y = table("diabetes")
    net = net_of(0, hidden(16, "swish"), Dense(1))
    return net, X, scaled(y[:, None]), {
        "epochs": 30, "optimizer": syn0.SGD(0.05 if mended else 0.5), "batch_size": None
    }  # fmt: skip


def steps_too_short(mended: bool) -> Made:
    X, y = digits()
    net = net_of(0, hidden(32, "relu"), hidden(10, "softmax"))
    return net, X, y, {"epochs": 15, "optimizer": syn0.Adam(1e-3 if mended else 1e-6)}


def steps_of_descent_too_short(mended: bool) -> Made:
    X, y = table("wine")
    net = net_of(0, hidden(16, "tanh"), hidden(3, "softmax"))
    return net, X, y, {"epochs": 30, "optimizer": syn0.SGD(0.1 if mended else 1e-5)}


def steps_as_long_as_the_weights(mended: bool) -> Made:
    X, y = table("wine")
    net = net_of(0, Dense(8, activation="relu", name="first"), hidden(3, "softmax"))
    return net, X, y, {"epochs": 1, "optimizer": syn0.Adam(0.003 if mended else 0.5)}


def neurons_that_died(mended: bool) -> Made:
    """The bias of most units is so low that nothing reaches them."""
    X, y = digits()
    activation = "leaky_relu" if mended else "relu"
    net = net_of(0, Dense(64, activation=activation, name="hidden"), hidden(10, "softmax"))
    net.build((64,)).set_parameters({"b_hidden": np.where(np.arange(64) < 40, -30.0, 0.0)})
    return net, X, y, {"epochs": 10}


def large_first_weights(mended: bool) -> Made:
    X, y = table("wine")
    start = "auto" if mended else syn0.initializers.Normal(5.0)
    net = net_of(0, Dense(24, activation="tanh", initializer=start, name="hidden"),
                 hidden(3, "softmax"))  # fmt: skip
    return net, X, y, {"epochs": 30}


def many_sigmoids(mended: bool) -> Made:
    X, y = digits()
    activation = "relu" if mended else "sigmoid"
    net = net_of(0, *(hidden(24, activation) for _ in range(8)), hidden(10, "softmax"))
    return net, X, y, {"epochs": 8}


def many_large_weights(mended: bool) -> Made:
    X, y = digits()
    start = "auto" if mended else syn0.initializers.Normal(1.0)
    layers = [hidden(32, "relu", initializer=start) for _ in range(8)]
    return net_of(0, *layers, hidden(10, "softmax")), X, y, {
        "epochs": 0
    }  # fmt: skip


# ----- what comes of it ---------------------------------------------------


def one_class_is_rare(mended: bool) -> Made:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((1000, 5)), (rng.random(1000) < 0.06).astype(int)
    return net_of(0, hidden(8, "relu"), Dense(2, activation="softmax", name="answer")), X, y, {
        "epochs": 100, "class_weight": "balanced" if mended else None
    }  # fmt: skip


def always_the_same_number(mended: bool) -> Made:
    X, y = table("diabetes")
    net = net_of(0, hidden(8, "relu"), Dense(1, name="answer"))
    if not mended:
        net.build((10,)).set_parameters({"W_answer": np.zeros((8, 1))}).freeze("answer")
    return net, X, scaled(y[:, None]), {"epochs": 5}


def learned_by_heart(mended: bool) -> Made:
    X, y = drawn("classification", 0, n_samples=120, n_features=30, flip_y=0.3)
    stop = [syn0.EarlyStopping(patience=5)] if mended else []
    net = net_of(0, hidden(128, "relu"), hidden(2, "softmax"))
    return net, X, y, {
        "epochs": 120, "optimizer": syn0.Adam(0.005), "validation_data": 0.3, "callbacks": stop
    }  # fmt: skip


def loss_without_end(mended: bool) -> Made:
    X, y = table("diabetes")
    net = net_of(0, Dense(8, name="first"), hidden(8, "relu"), Dense(1))
    if not mended:
        net.build((10,)).set_parameters({"W_first": np.full((10, 8), 1e30)})
    return net, X, y, {"epochs": 0, "loss": "mean_squared_error"}


# ----- what costs little --------------------------------------------------


def a_column_twice(mended: bool) -> Made:
    X, y = table("wine")
    X = X if mended else np.column_stack([X, -2 * X[:, 4] + 1])
    return net_of(0, hidden(16, "relu"), hidden(3, "softmax")), X, y, {"epochs": 20}


def a_column_that_never_changes(mended: bool) -> Made:
    X, y = table("wine")
    X = X if mended else np.column_stack([X, np.full(len(X), 3.5)])
    return net_of(0, hidden(16, "relu"), hidden(3, "softmax")), X, y, {"epochs": 20}


FAULTS = (
    Fault("double_softmax", "scores", softmax_twice),
    Fault("double_softmax", "scores", loss_of_scores),
    Fault("target_out_of_reach", "answer", sigmoid_for_large_targets),
    Fault("constant_target", "answer", all_of_one_class),
    Fault("own_derivative", "answer", a_derivative_of_the_wrong_sign),
    Fault("label_leak", "x", the_answer_among_the_columns),
    Fault("label_leak", "x", the_number_among_the_columns),
    Fault("no_activation", "first", layers_without_activation),
    Fault("identical_units", "alike", all_weights_alike),
    Fault("unscaled_input", "first", columns_as_they_are),
    Fault("tiny_input", "first", pixels_divided_twice),
    Fault("unscaled_target", "answer", targets_as_they_are),
    Fault("step_too_high", "loss", steps_too_long),
    Fault("step_too_high", "loss", steps_to_infinity),
    Fault("step_too_low", "loss", steps_too_short),
    Fault("step_too_low", "loss", steps_of_descent_too_short),
    Fault("update_ratio", "first", steps_as_long_as_the_weights),
    Fault("dead_units", "hidden", neurons_that_died),
    Fault("saturation", "hidden", large_first_weights),
    Fault("vanishing_gradients", "dense_1", many_sigmoids),
    Fault("exploding_gradients", "dense_1", many_large_weights),
    Fault("collapse", "answer", one_class_is_rare),
    Fault("constant_output", "answer", always_the_same_number),
    Fault("overfitting", "val_loss", learned_by_heart),
    Fault("not_finite", "loss", loss_without_end),
    Fault("duplicate_column", "x", a_column_twice),
    Fault("constant_column", "x", a_column_that_never_changes),
)
