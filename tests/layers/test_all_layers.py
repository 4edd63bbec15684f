"""Every layer in one table: it trains, prints code that runs, and gives the same bits again."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import syn0
from syn0 import layers


@dataclass(frozen=True)
class Row:
    """A layer in a network, and the data that it is tried on."""

    body: tuple[Any, ...]
    shape: tuple[int, ...] = (6,)
    whole: int | None = None  # whole numbers below this, for layers that look up

    def network(self) -> Any:
        ends = (syn0.Flatten(), syn0.Dense(2, name="output"))
        return syn0.Sequential(*self.body, *ends, dtype="float64", random_state=3)

    def data(self) -> tuple[Any, Any]:
        rng = np.random.default_rng(5)
        size = (24, *self.shape)
        x = rng.integers(0, self.whole, size) if self.whole else rng.standard_normal(size)
        return x, rng.standard_normal((24, 2))


def dense(units: int = 5) -> syn0.Dense:
    return syn0.Dense(units, activation="tanh")


IMAGE = (5, 6, 2)
TABLE = {
    "Activation": Row((dense(), syn0.Activation("swish"))),
    "AveragePool2D": Row((syn0.AveragePool2D(3, strides=2, padding="same"), dense()), IMAGE),
    "BatchNormalization": Row((dense(), syn0.BatchNormalization(decay=0.5))),
    "Conv1D": Row((syn0.Conv1D(4, 3, activation="tanh", padding=(1, 0), groups=2),), (8, 2)),
    "Conv2D": Row(
        (syn0.Conv2D(4, (3, 2), 2, "same", activation="tanh"), syn0.Conv2D(3, 2, dilation=(1, 2))),
        IMAGE,
    ),
    "Conv2DTranspose": Row((syn0.Conv2DTranspose(3, 3, 2, activation="tanh"),), (3, 2, 2)),
    "Cutout": Row((syn0.Conv2D(3, 2), layers.Cutout(2, 0.5)), IMAGE),
    "Dense": Row((dense(),)),
    "DepthwiseConv2D": Row((syn0.DepthwiseConv2D(3, 2, "same", 2, activation="tanh"),), IMAGE),
    "Dropout": Row((dense(), syn0.Dropout(0.25))),
    "Embedding": Row((syn0.Embedding(9, 3),), (4,), whole=9),
    "Flatten": Row((syn0.Flatten(),), (2, 3)),
    "GaussianNoise": Row((syn0.GaussianNoise(0.1), dense())),
    "GlobalAveragePool2D": Row((syn0.GlobalAveragePool2D(), dense()), (3, 4, 2)),
    "Input": Row((syn0.Input((6,)), dense())),
    "LayerNormalization": Row((dense(), syn0.LayerNormalization())),
    "MaxPool1D": Row((syn0.Conv1D(4, 3), syn0.MaxPool1D(2, padding="same")), (8, 2)),
    "MaxPool2D": Row((syn0.Conv2D(4, 2), syn0.MaxPool2D(3, strides=2, padding=1)), IMAGE),
    "Mixup": Row((layers.Mixup(0.4), dense())),
    "MultiHeadAttention": Row((syn0.MultiHeadAttention(2, 3),), (4, 6)),
    "Normalization": Row((syn0.Normalization(), dense())),
    "PReLU": Row((syn0.Dense(5), syn0.PReLU())),
    "RandomCrop": Row((syn0.Conv2D(3, 2), layers.RandomCrop(3, 2)), IMAGE),
    "RandomFlip": Row((syn0.Conv2D(3, 2), layers.RandomFlip()), IMAGE),
    "RandomRotation": Row((syn0.Conv2D(3, 2), layers.RandomRotation(0.1)), IMAGE),
    "Rescaling": Row((syn0.Rescaling(0.5, 1.0), dense())),
    "Reshape": Row((syn0.Reshape((3, 2)),)),
    "Resize": Row((syn0.Resize(3, 4), dense()), IMAGE),
    "Residual": Row((syn0.Residual(dense(6)),)),
    "ZeroPadding2D": Row((syn0.ZeroPadding2D(1),), (2, 2, 1)),
}
# The base class, and layers of several inputs, whose tests wire them.
ELSEWHERE = {"Layer", "Add", "Attention", "Concatenate"}


def test_the_table_is_complete() -> None:
    assert {*TABLE, *ELSEWHERE} == {*layers.__all__, "Residual"}


@pytest.mark.sampled(10)
@pytest.mark.parametrize("name", TABLE)
def test_a_layer_trains_to_the_same_bits_each_time(name: str) -> None:
    x, y = TABLE[name].data()
    options = {"optimizer": syn0.Adam(0.02), "epochs": 30, "batch_size": 8, "verbose": 0}
    runs = [TABLE[name].network() for _ in range(2)]
    losses = [net.fit(x, y, **options)["loss"] for net in runs]
    assert losses[0][-1] < 0.9 * losses[0][0]
    assert losses[0] == losses[1]
    first, second = (net.parameters for net in runs)
    assert all(first[k].tobytes() == second[k].tobytes() for k in first)


@pytest.mark.parametrize("name", TABLE)
def test_a_layer_prints_code_that_gives_its_numbers(name: str, tmp_path: Path) -> None:
    x, y = TABLE[name].data()
    net = TABLE[name].network()
    # The engine that runs the printed text; Adam makes much of the last digits of a sum of 0.
    net.fit(x, y, epochs=3, batch_size=10, verbose=0, engine="numpy")
    program = net.save_code(tmp_path, x, y).read_text()
    found: dict[str, Any] = {}
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            exec(compile(program, "program.py", "exec"), found)
    finally:
        os.chdir(here)
    compared = [k for k in net.parameters if k in found]
    assert compared
    for key in compared:
        np.testing.assert_allclose(found[key], net.parameters[key], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", TABLE)
def test_the_gradients_of_a_layer_equal_differences(name: str) -> None:
    x, y = TABLE[name].data()
    assert syn0.check_gradients(TABLE[name].network(), x[:6], y[:6]) < 1e-4
