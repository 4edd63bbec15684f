"""Twenty trainings with nothing wrong: other data, networks, activations, optimizers, seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

import syn0
from syn0 import Dense

Array = np.ndarray[Any, Any]
Made = tuple[syn0.Model, Any, Any, dict[str, Any]]  # network, X, y, arguments of fit


@dataclass(frozen=True)
class Healthy:
    """A training that learns what there is to learn."""

    name: str
    make: Callable[[int], Made]

    def run(self, seed: int, **options: Any) -> tuple[syn0.Model, Any, Any]:
        net, X, y, settings = self.make(seed)
        net.fit(X, y, **{"verbose": 0, **settings, **options})
        return net, X, y


def scaled(X: Array) -> Array:
    return StandardScaler().fit_transform(X)


def table(name: str) -> tuple[Array, Array]:
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return scaled(X), y


def drawn(name: str, seed: int, **options: Any) -> tuple[Array, Array]:
    X, y = getattr(datasets, f"make_{name}")(random_state=seed, **options)[:2]
    return scaled(X), y


def digits(scale: float = 16) -> tuple[Array, Array]:
    X, y = datasets.load_digits(return_X_y=True)
    return X / scale, y


def net_of(seed: int, *layers: Any, **options: Any) -> syn0.Sequential:
    return syn0.Sequential(*layers, random_state=seed, **options)


def hidden(units: int, activation: Any, **options: Any) -> Dense:
    return Dense(units, activation=activation, **options)


# ----- tables of classes --------------------------------------------------


def iris_relu(seed: int) -> Made:
    X, y = table("iris")
    net = net_of(seed, hidden(16, "relu"), hidden(3, "softmax"))
    return net, X, y, {"optimizer": syn0.Adam(0.01), "epochs": 60}


def iris_tanh(seed: int) -> Made:
    X, y = table("iris")
    net = net_of(seed, hidden(12, "tanh"), hidden(8, "tanh"), hidden(3, "softmax"))
    return net, X, y, {"optimizer": syn0.SGD(0.1, momentum=0.9), "epochs": 100, "batch_size": 16}


def wine_normalized(seed: int) -> Made:
    X, y = datasets.load_wine(return_X_y=True)  # up to 1,680: the first layer scales it
    net = net_of(seed, syn0.Normalization(), hidden(32, "relu"), hidden(3, "softmax"))
    return net, X, y, {"epochs": 100, "optimizer": syn0.Adam(0.005)}


def wine_sigmoid(seed: int) -> Made:
    X, y = table("wine")
    net = net_of(seed, hidden(20, "sigmoid"), hidden(3, "softmax"))
    return net, X, y, {"optimizer": syn0.RMSprop(0.01), "epochs": 80, "batch_size": 32}


def cancer_yes_or_no(seed: int) -> Made:
    X, y = table("breast_cancer")
    net = net_of(seed, hidden(16, "relu"), hidden(1, "sigmoid"))
    return net, X, y, {"epochs": 60, "optimizer": syn0.Adam(0.003), "batch_size": 64}


def cancer_gelu(seed: int) -> Made:
    X, y = table("breast_cancer")
    net = net_of(seed, hidden(32, "gelu"), hidden(16, "gelu"), Dense(2))
    return net, X, y, {
        "loss": "cross_entropy", "epochs": 30, "optimizer": syn0.AdamW(0.002, weight_decay=0.01)
    }  # fmt: skip


def cancer_alone(seed: int) -> Made:
    X, y = table("breast_cancer")
    return net_of(seed, hidden(1, "sigmoid")), X, y, {"epochs": 200, "optimizer": "lbfgs"}


# ----- images -------------------------------------------------------------


def digits_relu(seed: int) -> Made:
    X, y = digits()
    net = net_of(seed, hidden(64, "relu"), hidden(10, "softmax"))
    return net, X, y, {"epochs": 30, "validation_data": 0.2}


def digits_tanh(seed: int) -> Made:
    X, y = digits()
    net = net_of(seed, hidden(64, "tanh"), hidden(32, "tanh"), hidden(10, "softmax"))
    return net, X, y, {"optimizer": syn0.SGD(0.1, nesterov=True, momentum=0.9), "epochs": 30}


def digits_as_they_are(seed: int) -> Made:
    X, y = digits(1)
    net = net_of(seed, hidden(100, "relu"), hidden(10, "softmax"))
    return net, X, y, {"epochs": 30}


def digits_batch_normalized(seed: int) -> Made:
    X, y = digits()
    block = [Dense(48), syn0.BatchNormalization(), syn0.Activation("relu")]
    net = net_of(seed, *block, Dense(32), syn0.BatchNormalization(), syn0.Activation("relu"),
                 hidden(10, "softmax"))  # fmt: skip
    return net, X, y, {"epochs": 20, "batch_size": 100}


def digits_dropout(seed: int) -> Made:
    X, y = digits()
    net = net_of(seed, hidden(128, "relu"), syn0.Dropout(0.4), hidden(64, "relu"),
                 syn0.Dropout(0.3), hidden(10, "softmax"))  # fmt: skip
    return net, X, y, {"epochs": 40, "validation_data": 0.25, "optimizer": syn0.Nadam(0.002)}


def digits_residual(seed: int) -> Made:
    X, y = digits()
    blocks = [syn0.Residual(hidden(32, "relu"), Dense(32)) for _ in range(6)]
    net = net_of(seed, Dense(32), *blocks, syn0.LayerNormalization(), hidden(10, "softmax"))
    return net, X, y, {"epochs": 15}


def digits_deep(seed: int) -> Made:
    X, y = digits()
    net = net_of(seed, *(hidden(48, "relu") for _ in range(6)), hidden(10, "softmax"))
    return net, X, y, {"epochs": 20, "optimizer": syn0.Adam(syn0.CosineDecay(0.003, 200))}


def digits_through_a_bottleneck(seed: int) -> Made:
    X, _ = digits()
    net = net_of(seed, hidden(32, "relu"), Dense(8), hidden(32, "relu"), hidden(64, "sigmoid"))
    return net, X, X, {"epochs": 40, "loss": "mean_squared_error", "optimizer": syn0.Adam(0.003)}


# ----- numbers ------------------------------------------------------------


def diabetes_relu(seed: int) -> Made:
    X, y = table("diabetes")
    net = net_of(seed, hidden(16, "relu"), Dense(1))
    return net, X, (y - y.mean()) / y.std(), {"epochs": 40, "batch_size": 32}


def diabetes_elu(seed: int) -> Made:
    X, y = datasets.load_diabetes(return_X_y=True, scaled=False)
    net = net_of(seed, syn0.Normalization(), hidden(24, "elu"), Dense(1))
    return net, X, y / 100, {"loss": "huber", "optimizer": syn0.Lion(0.001), "epochs": 40}


def linnerud(seed: int) -> Made:
    X, y = datasets.load_linnerud(return_X_y=True)
    net = net_of(seed, hidden(8, "softplus"), Dense(3))
    return net, scaled(X), scaled(y), {"epochs": 200, "optimizer": syn0.SGD(0.02)}


def friedman(seed: int) -> Made:
    X, y = drawn("friedman1", seed, n_samples=1500, noise=0.5)
    net = net_of(seed, hidden(32, "swish"), hidden(16, "swish"), Dense(1))
    return net, X, scaled(y[:, None]), {"epochs": 40, "optimizer": syn0.Adam(0.005),
                                        "validation_data": 0.2}  # fmt: skip


def s_curve(seed: int) -> Made:
    X, y = drawn("s_curve", seed, n_samples=800, noise=0.05)
    net = net_of(seed, hidden(32, "selu"), hidden(32, "selu"), Dense(1), dtype="float64")
    return net, X, scaled(y[:, None]), {"epochs": 60, "optimizer": syn0.Adam(0.003)}


# ----- drawn classes ------------------------------------------------------


def moons(seed: int) -> Made:
    X, y = drawn("moons", seed, n_samples=600, noise=0.15)
    net = net_of(seed, hidden(16, "relu"), hidden(16, "relu"), hidden(1, "sigmoid"))
    return net, X, y, {"epochs": 100, "batch_size": 32, "optimizer": syn0.Adam(0.003)}


def circles(seed: int) -> Made:
    X, y = drawn("circles", seed, n_samples=500, noise=0.08, factor=0.4)
    net = net_of(seed, hidden(12, "tanh"), hidden(2, "softmax"))
    return net, X, y, {"epochs": 150, "optimizer": syn0.Adagrad(0.1), "batch_size": 50}


def blobs(seed: int) -> Made:
    X, y = drawn("blobs", seed, n_samples=500, centers=5, cluster_std=1.5)
    net = net_of(seed, hidden(16, "leaky_relu"), hidden(5, "softmax"))
    return net, X, y, {"epochs": 40, "optimizer": syn0.Adam(0.01)}


def two_inputs(seed: int) -> Made:
    X, y = table("wine")
    a, b = syn0.Input((6,), name="a"), syn0.Input((7,), name="b")
    h = syn0.Concatenate()(hidden(8, "relu")(a), hidden(8, "tanh")(b))
    kind = hidden(3, "softmax", name="kind")(h)
    strength = Dense(1, name="strength")(h)
    net = syn0.Model((a, b), {"kind": kind, "strength": strength}, random_state=seed)
    return net, (X[:, :6], X[:, 6:]), {"kind": y, "strength": X[:, 0] * X[:, 7]}, {
        "epochs": 80, "optimizer": syn0.Adam(0.01)
    }  # fmt: skip


def exclusive_or(seed: int) -> Made:
    X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
    y = np.array([[0], [1], [1], [0]])
    net = net_of(seed, hidden(4, "sigmoid", initializer="normal"), hidden(1, "sigmoid"))
    return net, X, y, {"epochs": 2000, "optimizer": syn0.Adam(0.01), "loss": "mean_squared_error"}


RUNS = tuple(
    Healthy(make.__name__, make)
    for make in (
        iris_relu, iris_tanh, wine_normalized, wine_sigmoid, cancer_yes_or_no, cancer_gelu,
        cancer_alone, digits_relu, digits_tanh, digits_as_they_are, digits_batch_normalized,
        digits_dropout, digits_residual, digits_deep, digits_through_a_bottleneck, diabetes_relu,
        diabetes_elu, linnerud, friedman, s_curve, moons, circles, blobs, two_inputs,
        exclusive_or,
    )
)  # fmt: skip
