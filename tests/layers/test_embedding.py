"""Embedding: rows by number, gradients that add up, wrong arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import Values, first_values, run

from syn0 import graph, ops
from syn0.errors import ArgumentError, UnknownNameError
from syn0.gradient import backpropagate
from syn0.layers import Embedding

WORDS = np.array([[0, 3, 3], [4, 0, 1]])


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "float32"])
def test_rows_are_looked_up(dtype: str) -> None:
    layer = Embedding(5, 2)
    W = first_values(layer, (3,))["W"]
    y, _ = run(layer, WORDS.astype(dtype), values={"W": W})
    np.testing.assert_array_equal(y, W[WORDS])
    assert y.shape == (2, 3, 2)


def test_gradients_of_repeated_words_add_up() -> None:
    W = graph.input_tensor("W", (5, 2), "float64")
    x = graph.constant(WORDS)
    y = Embedding(5, 2).forward(Values({"W": W}, iter(())), x, training=True)
    (dw,) = backpropagate(ops.sum(y), [W])
    (found,) = graph.evaluate([dw], {"W": np.zeros((5, 2))})
    assert found[:, 0].tolist() == [2, 1, 0, 2, 1]


def test_what_it_declares() -> None:
    W = first_values(Embedding(1000, 8), (20,))["W"]
    assert W.shape == (1000, 8)
    assert 0.04 < np.abs(W).max() <= 0.05
    assert Embedding(3, 2, initializer="ones").parameters((1,))["W"][1] is not None
    assert Embedding.input_dtype == "int64"


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Embedding(0, 2), ArgumentError, "vocabulary=0"),
        (lambda: Embedding(2, 1.5), ArgumentError, "units=1.5"),
        (lambda: Embedding(input_dim=10, output_dim=2), UnknownNameError, "write vocabulary="),
        (lambda: Embedding(10, embedding_dim=2), UnknownNameError, "write units="),
    ],
)
def test_wrong_arguments_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
