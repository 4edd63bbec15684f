"""What is timed: a network, its data, and how it is trained or asked.

A workload is a record of numbers and words that every peer can read; the network that it
makes here, in syn0, gives all of them the same first weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import syn0

Array = NDArray[Any]
Weights = list[dict[str, Array]]  # of each layer, from the first: W, b, gamma, beta


@dataclass(frozen=True)
class Workload:
    """One line of the table.

    Parameters
    ----------
    name, says : str
        What it is called, and what it is.
    widths : tuple of int
        Features of the data, then units of each layer.
    hidden, output : str
        Activations.
    loss, optimizer : str
        Words of syn0; half_squared_error is summed over the batch, the others are means.
    learning_rate : float
        Of the optimizer.
    rows, batch : int
        Samples, and how many of them a step sees; whole batches, so that all steps are alike.
    epochs : int
        How many times one run goes through the data.
    normalized, bias : bool
        Whether hidden layers normalize before they activate; whether layers have biases.
    dtype : str
        Of data and weights.
    task : {"train", "predict", "predict_one"}
        What is timed: steps of training, all rows in one call, or one row a call.
    wanted : dict
        The peers to compare with, and the ratio to reach.
    """

    name: str
    says: str
    widths: tuple[int, ...]
    hidden: str
    output: str
    loss: str
    optimizer: str = "adam"
    learning_rate: float = 0.001
    rows: int = 1
    batch: int = 1
    epochs: int = 1
    normalized: bool = False
    bias: bool = True
    dtype: str = "float32"
    task: str = "train"
    wanted: dict[str, float] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """What one run does: steps of training, or calls that predict."""
        return self.epochs * (self.rows // self.batch) if self.task == "train" else 1

    @property
    def flops(self) -> int:
        """Floating-point operations of the matrix products of a step or call."""
        sizes = [a * b for a, b in zip(self.widths, self.widths[1:], strict=False)]
        if self.task == "train":  # forward, and back to weights and to all inputs but the first
            return 2 * self.batch * (3 * sum(sizes) - sizes[0])
        return 2 * (self.rows if self.task == "predict" else 1) * sum(sizes)

    def activations(self) -> Iterator[str]:
        """Yield the activation of each layer."""
        yield from [self.hidden] * (len(self.widths) - 2)
        yield self.output

    def cut(self, rows: int, epochs: int = 1) -> Workload:
        """Return the same with fewer rows, whole batches of them."""
        return replace(self, rows=rows, batch=min(self.batch, rows), epochs=epochs)

    # ----- the network and its data

    def network(self) -> syn0.Sequential:
        """Return the network in syn0, with the first weights."""
        layers: list[Any] = []
        last = len(self.widths) - 2
        for i, (units, activation) in enumerate(zip(self.widths[1:], self.activations())):
            normalized = self.normalized and i < last
            inside = None if normalized else activation
            layers.append(
                syn0.Dense(units, activation=inside, use_bias=self.bias, name=f"layer{i}")
            )
            if normalized:
                layers.append(syn0.LayerNormalization(name=f"norm{i}"))
                layers.append(syn0.Activation(activation, name=f"bent{i}"))
        net = syn0.Sequential(*layers, random_state=0, dtype=self.dtype)
        return net.build((self.widths[0],))

    def weights_of(self, net: syn0.Model) -> Weights:
        """Return the network's weights in the peers' order."""
        numbers = net.parameters
        places = {"W": "layer", "b": "layer", "gamma": "norm", "beta": "norm"}
        return [
            {k: numbers[f"{k}_{v}{i}"] for k, v in places.items() if f"{k}_{v}{i}" in numbers}
            for i in range(len(self.widths) - 1)
        ]

    def data(self) -> tuple[Array, Array]:
        """Return X (rows, features) and the targets: numbers, or classes (rows,)."""
        if self.name.startswith("lesson"):
            X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], self.dtype)
            return X, np.array([[0], [1], [1], [0]], self.dtype)
        random = np.random.default_rng(0)
        X = random.random((self.rows, self.widths[0]), dtype="float32")
        if self.loss == "cross_entropy":
            return X, random.integers(self.widths[-1], size=self.rows)
        return X, random.standard_normal((self.rows, self.widths[-1]), dtype="float32")

    def order(self, epoch: int) -> Array:
        """Return the rows of each step, (steps, batch): the order that syn0 takes them in."""
        rows = np.arange(self.rows)
        if self.batch < self.rows:
            rows = np.random.default_rng([0, epoch]).permutation(self.rows)
        return rows.reshape(-1, self.batch)


_LESSON = Workload(
    "lesson", "3-4-1 sigmoid, 4 samples, SGD, float32", (3, 4, 1), "sigmoid", "sigmoid",
    "half_squared_error", "sgd", 0.1, rows=4, batch=4, epochs=10_000, bias=False,
    wanted={"torch": 1000, "jax": 8, "sklearn": 1000},
)  # fmt: skip
_DIGITS = Workload(
    "digits", "64-128-64-10 ReLU, batch 32, Adam", (64, 128, 64, 10), "relu", "softmax",
    "cross_entropy", rows=1792, batch=32, wanted={"torch": 18, "jax": 2, "sklearn": 25},
)  # fmt: skip
_MNIST = Workload(
    "mnist", "784-512-256-10 ReLU, batch 128, Adam", (784, 512, 256, 10), "relu", "softmax",
    "cross_entropy", rows=9984, batch=128, wanted={"torch": 2.5, "jax": 2.9, "sklearn": 10},
)  # fmt: skip

DENSE = (
    _LESSON,
    replace(
        _LESSON, name="lesson64", says="3-4-1 sigmoid, 4 samples, SGD, float64", dtype="float64",
        wanted={"numpy": 80},
    ),
    _DIGITS,
    _MNIST,
    Workload(
        "wide", "1024-2048-2048-1024 GELU, batch 256, Adam", (1024, 2048, 2048, 1024), "gelu",
        "linear", "mean_squared_error", rows=1024, batch=256, wanted={"torch": 1.6, "jax": 1.3},
    ),
    Workload(
        "deep", "16 x (Dense 64, layer normalization, GELU), batch 64, AdamW", (*[64] * 17, 10),
        "gelu", "softmax", "cross_entropy", "adamw", rows=2048, batch=64, normalized=True,
        wanted={"torch": 18, "jax": 5},
    ),
    replace(
        _DIGITS, name="predict_one", says="64-128-64-10, one row a call, NumPy in and out",
        task="predict_one", rows=1, batch=1, wanted={"torch": 18, "jax": 6, "sklearn": 80},
    ),
    replace(
        _MNIST, name="mnist_predict", says="784-512-256-10, 10,000 rows in one call",
        task="predict", rows=10_000, batch=10_000,
        wanted={"torch": 1.6, "jax": 1.8, "sklearn": 1.4},
    ),
)  # fmt: skip

BY_NAME = {workload.name: workload for workload in DENSE}
