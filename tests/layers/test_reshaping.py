"""Layers that move numbers: shapes with a named batch, values, wrong shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import check, run

from syn0 import graph
from syn0.errors import ArgumentError, ShapeError, UnknownNameError
from syn0.layers import Flatten, Reshape

IMAGES = np.random.default_rng(0).normal(size=(2, 3, 4, 2))


def test_flatten() -> None:
    y, _ = run(Flatten(), IMAGES)
    np.testing.assert_array_equal(y, IMAGES.reshape(2, 24))
    flat, _ = run(Flatten(), y)
    np.testing.assert_array_equal(flat, y)
    check(Flatten(), IMAGES)


@pytest.mark.parametrize("shape", [(24,), (6, 4), (-1, 2), (2, -1, 3), 24])
def test_reshape(shape: Any) -> None:
    y, _ = run(Reshape(shape), IMAGES)
    np.testing.assert_array_equal(y, IMAGES.reshape(2, *np.atleast_1d(shape)))


def test_lengths_known_only_with_the_data_are_refused() -> None:
    x = graph.input_tensor("x", (graph.batch, graph.time, 3))
    with pytest.raises(ShapeError, match=r"Flatten got an input of shape \(time, 3\)"):
        Flatten().forward({}, x, training=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Reshape((-1, -1)), ArgumentError, "perhaps -1"),
        (lambda: Reshape((0,)), ArgumentError, "sizes above 0"),
        (lambda: Reshape(shape=(3,)), UnknownNameError, "write target_shape="),
        (lambda: run(Reshape((5, 5)), IMAGES), ShapeError, "another number of values"),
    ],
)
def test_wrong_uses_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
