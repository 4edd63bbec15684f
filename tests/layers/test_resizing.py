"""Layers that give images another size."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from bench import check, run

from syn0 import graph, ops
from syn0.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from syn0.layers import Resize, ZeroPadding2D

IMAGES = np.random.default_rng(0).normal(size=(2, 3, 4, 2))


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


@pytest.mark.parametrize("size", [(6, 8), (2, 3), (3, 4), (1, 1), (7, 2)])
@pytest.mark.parametrize(("word", "theirs"), [("bilinear", "linear"), ("nearest", "nearest")])
def test_resizing_agrees_with_jax(size: Any, word: str, theirs: str) -> None:
    y, _ = run(Resize(*size, word), IMAGES)
    expected = jax.image.resize(IMAGES, (2, *size, 2), theirs, antialias=False)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


def test_resizing_derivatives() -> None:
    check(Resize(5, 2), IMAGES)


def test_arrays_are_resized_at_once() -> None:
    x = IMAGES.astype("float32")
    assert ops.resize(x, (6, 8)).dtype == "float32"


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: ZeroPadding2D(-1), ArgumentError, "padding=-1"),
        (lambda: ZeroPadding2D((1, 2, 3)), ArgumentError, "height, width"),
        (lambda: ZeroPadding2D("same"), ArgumentError, "padding='same'"),
        (lambda: run(ZeroPadding2D(), IMAGES[0]), ShapeError, "Reshape"),
        (lambda: Resize(0, 4), ArgumentError, "height=0"),
        (lambda: Resize(4, 4, "cubic"), ArgumentError, "'bilinear' or 'nearest'"),
        (lambda: Resize(4, 4, mode="nearest"), UnknownNameError, "write interpolation="),
        (lambda: run(Resize(4, 4), IMAGES[0]), ShapeError, "images"),
        (lambda: ops.resize(IMAGES[0], (4, 4)), ShapeError, "sizes are numbers"),
        (lambda: ops.resize(IMAGES, (4, 4), "cubic"), ArgumentError, "no interpolation"),
        (lambda: ops.resize(IMAGES.astype("uint8"), (4, 4)), DTypeError, "uint8"),
        (
            lambda: ops.resize(graph.input_tensor("x", (graph.batch, graph.time, 4, 1)), (4, 4)),
            ShapeError,
            "sizes are numbers",
        ),
    ],
)
def test_wrong_uses_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
