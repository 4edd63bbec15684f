"""Predictions go through a program in blocks: each row answers as it does alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import syn0
from syn0 import ops
from syn0.engines.llvm.compiling.target import host
from syn0.graph import batch, evaluate, input_tensor

pytestmark = pytest.mark.skipif(host() is None, reason="the compiler does not know this processor")


@pytest.mark.parametrize("scale", [syn0.Normalization(), syn0.Rescaling(0.5)])
def test_what_is_computed_once_lives_through_all_blocks(scale: Any, rng: Any) -> None:
    # Deviations are numbers of the state alone, made once; the second is read after much else.
    layers = [
        part
        for _ in range(2)
        for part in (syn0.Dense(64), syn0.BatchNormalization(), syn0.Activation("relu"))
    ]
    net = syn0.Sequential(scale, *layers, syn0.Dense(3), random_state=0).build((20,))
    x = rng.normal(size=(300, 20))
    rows = np.concatenate([net.predict(row[None]) for row in x])
    np.testing.assert_array_equal(net.predict(x), rows)


@dataclass(frozen=True)
class Moved(syn0.Layer):
    """Puts out other samples than it is given, or what they differ by."""

    move: Any

    def forward(self, p: Any, x: Any, *, training: bool) -> Any:
        return self.move(x)


@pytest.mark.parametrize("width", [3, 200_000])  # many such go together, or one by one
@pytest.mark.parametrize(
    "move",
    [lambda x: x[::-1], lambda x: x - x[-1:], lambda x: x - ops.pad(x[1:], ((0, 1), (0, 0)))],
    ids=["turned", "last", "next"],
)
def test_samples_that_change_places_are_no_rows(
    width: int, move: Any, rng: np.random.Generator
) -> None:
    net = syn0.Sequential(syn0.Activation("relu"), Moved(move)).build((width,))
    x = rng.random((3, width), np.float32)
    (expected,) = evaluate([move(input_tensor("x", (batch, width), "float32"))], {"x": x})
    np.testing.assert_array_equal(net.predict(x), expected)
