"""The workloads of dense layers: from the lesson's four samples to matrices that fill a cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import syn0
from benchmarks.workloads import Workload


def perceptron(
    widths: Sequence[int],
    hidden: str,
    output: str = "softmax",
    *,
    normalized: bool = False,
    bias: bool = True,
    **options: Any,
) -> syn0.Sequential:
    """Return dense layers: features of the data, then units of each layer.

    Parameters
    ----------
    widths : sequence of int
        The features, then the units.
    hidden, output : str
        Activations.
    normalized, bias : bool
        Whether hidden layers normalize before they activate; whether layers have biases.
    **options
        Those of `Sequential`.
    """
    layers: list[Any] = []
    for i, units in enumerate(widths[1:-1]):
        activation = None if normalized else hidden
        layers.append(syn0.Dense(units, activation=activation, use_bias=bias, name=f"layer{i}"))
        if normalized:
            layers.append(syn0.LayerNormalization(name=f"norm{i}"))
            layers.append(syn0.Activation(hidden, name=f"bent{i}"))
    last = f"layer{len(widths) - 2}"
    layers.append(syn0.Dense(widths[-1], activation=output, use_bias=bias, name=last))
    return syn0.Sequential(*layers, **options).build((widths[0],))


_LESSON = Workload(
    "lesson", "3-4-1 sigmoid, 4 samples, SGD, float32",
    partial(perceptron, (3, 4, 1), "sigmoid", "sigmoid", bias=False),
    "half_squared_error", "sgd", 0.1, rows=4, batch=4, epochs=10_000,
    wanted={"torch": 1000, "jax": 8, "sklearn": 1000},
)  # fmt: skip
_DIGITS = Workload(
    "digits", "64-128-64-10 ReLU, batch 32, Adam", partial(perceptron, (64, 128, 64, 10), "relu"),
    rows=1792, batch=32, wanted={"torch": 18, "jax": 2, "sklearn": 25},
)  # fmt: skip
_MNIST = Workload(
    "mnist", "784-512-256-10 ReLU, batch 128, Adam",
    partial(perceptron, (784, 512, 256, 10), "relu"),
    rows=9984, batch=128, wanted={"torch": 2.5, "jax": 2.9, "sklearn": 10},
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
        "wide", "1024-2048-2048-1024 GELU, batch 256, Adam",
        partial(perceptron, (1024, 2048, 2048, 1024), "gelu", "linear"), "mean_squared_error",
        rows=1024, batch=256, wanted={"torch": 1.6, "jax": 1.3},
    ),
    Workload(
        "deep", "16 x (Dense 64, layer normalization, GELU), batch 64, AdamW",
        partial(perceptron, (*[64] * 17, 10), "gelu", normalized=True),
        optimizer="adamw", rows=2048, batch=64, wanted={"torch": 18, "jax": 5},
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
