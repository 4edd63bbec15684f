"""Layers of pooling: values, sequences, and what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import check, run

from syn0 import ops
from syn0.errors import ArgumentError, ShapeError, UnknownNameError
from syn0.layers import AveragePool2D, GlobalAveragePool2D, MaxPool1D, MaxPool2D

IMAGES = np.random.default_rng(0).normal(size=(2, 5, 6, 3))


def test_windows_lie_side_by_side_by_default() -> None:
    y, _ = run(MaxPool2D(), IMAGES)
    quarters = IMAGES[:, :4].reshape(2, 2, 2, 3, 2, 3)
    np.testing.assert_array_equal(y, quarters.max(axis=(2, 4)))
    y, _ = run(AveragePool2D(), IMAGES)
    np.testing.assert_allclose(y, quarters.mean(axis=(2, 4)))


def test_options() -> None:
    y, _ = run(MaxPool2D((3, 2), strides=1, padding="same"), IMAGES)
    np.testing.assert_array_equal(y, ops.max_pool2d(IMAGES, (3, 2), 1, "same"))
    y, _ = run(AveragePool2D(2, (1, 2), ((1, 0), (0, 0))), IMAGES)
    np.testing.assert_array_equal(y, ops.average_pool2d(IMAGES, 2, (1, 2), ((1, 0), (0, 0))))


def test_sequences() -> None:
    y, _ = run(MaxPool1D(), IMAGES[:, 0])
    np.testing.assert_array_equal(y, IMAGES[:, 0].reshape(2, 3, 2, 3).max(axis=2))
    y, _ = run(MaxPool1D(3, strides=2, padding=1), IMAGES[:, 0])
    assert y.shape == (2, 3, 3)


def test_global_average() -> None:
    y, _ = run(GlobalAveragePool2D(), IMAGES)
    np.testing.assert_allclose(y, IMAGES.mean(axis=(1, 2)))
    check(GlobalAveragePool2D(), IMAGES)


@pytest.mark.parametrize("layer", [MaxPool2D(3, 2), AveragePool2D(3, 2, 1), MaxPool2D()])
def test_derivatives(layer: Any) -> None:
    check(layer, IMAGES)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: MaxPool2D(0), ArgumentError, "pool_size=0"),
        (lambda: MaxPool2D(2, strides=(1, 0)), ArgumentError, "strides"),
        (lambda: MaxPool2D(2, padding="full"), ArgumentError, "padding='full'"),
        (lambda: MaxPool2D(kernel_size=2), UnknownNameError, "write pool_size="),
        (lambda: MaxPool1D((2, 2)), ArgumentError, "pool_size"),
        (lambda: run(MaxPool2D(), IMAGES[0]), ShapeError, "Reshape"),
        (lambda: run(MaxPool2D(6), IMAGES), ShapeError, "windows of 6 x 6"),
        (lambda: run(MaxPool2D(2, padding=2), IMAGES), ShapeError, "some of the image"),
        (lambda: run(AveragePool2D(9), IMAGES), ShapeError, "windows of 9 x 9"),
        (lambda: run(MaxPool1D(7), IMAGES[:, 0]), ShapeError, "1 x 7"),
        (lambda: run(GlobalAveragePool2D(), IMAGES[0, 0]), ShapeError, "images"),
    ],
)
def test_wrong_uses_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
