"""Layers that move numbers: shapes with a named batch, values, wrong shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import check, run

from syn0 import graph
from syn0.errors import ArgumentError, ShapeError, UnknownNameError
from syn0.layers import Flatten, GlobalAveragePool2D, Reshape, ZeroPadding2D

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


@pytest.mark.parametrize(
    ("padding", "rows", "columns"),
    [
        (1, (1, 1), (1, 1)),
        ((1, 2), (1, 1), (2, 2)),
        (((1, 0), (2, 3)), (1, 0), (2, 3)),
        ([[0, 0], [0, 1]], (0, 0), (0, 1)),
    ],
)
def test_zero_padding(padding: Any, rows: Any, columns: Any) -> None:
    y, _ = run(ZeroPadding2D(padding), IMAGES)
    np.testing.assert_array_equal(y, np.pad(IMAGES, ((0, 0), rows, columns, (0, 0))))


def test_zero_padding_derivatives() -> None:
    check(ZeroPadding2D((1, 2)), IMAGES)


def test_global_average() -> None:
    y, _ = run(GlobalAveragePool2D(), IMAGES)
    np.testing.assert_allclose(y, IMAGES.mean(axis=(1, 2)))
    check(GlobalAveragePool2D(), IMAGES)


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
        (lambda: ZeroPadding2D(-1), ArgumentError, "padding=-1"),
        (lambda: ZeroPadding2D((1, 2, 3)), ArgumentError, "height, width"),
        (lambda: run(ZeroPadding2D(), IMAGES[0]), ShapeError, "Reshape"),
        (lambda: run(GlobalAveragePool2D(), IMAGES[0, 0]), ShapeError, "an image"),
    ],
)
def test_wrong_uses_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
