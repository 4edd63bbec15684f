"""Pooling against `jax.lax`; padding, equal values, NaN; what cannot be pooled."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from conftest import seeded

from syn0 import graph, ops
from syn0.errors import DTypeError, ShapeError
from syn0.gradient import backpropagate
from syn0.ops.pooling import max_pool_op, places_op, scatter_op, take_op


def drawn(turn: int) -> tuple[Any, dict[str, Any]]:
    rng = seeded("pooling", turn)
    window, strides = rng.integers(1, 5, 2), rng.integers(1, 4, 2)
    padding = rng.integers(0, window, (2, 2)).T
    height, width = np.maximum(window - padding.sum(axis=1), 1) + rng.integers(0, 8, 2)
    how = {"window": tuple(window.tolist()), "strides": tuple(strides.tolist())}
    x = rng.standard_normal((2, height, width, 3))
    return x, {**how, "padding": tuple(map(tuple, padding.tolist()))}


@pytest.mark.parametrize("turn", range(6))
def test_pooling_agrees_with_lax(turn: int) -> None:
    x, how = drawn(turn)
    around = ((0, 0), *how["padding"], (0, 0))
    over = (1, *how["window"], 1), (1, *how["strides"], 1), around
    with jax.enable_x64(True):
        largest = jax.lax.reduce_window(x, -np.inf, jax.lax.max, *over)
        total = jax.lax.reduce_window(x, 0.0, jax.lax.add, *over)
        count = jax.lax.reduce_window(np.ones_like(x), 0.0, jax.lax.add, *over)
    call = (x, how["window"], how["strides"], how["padding"])
    np.testing.assert_array_equal(ops.max_pool2d(*call), largest, err_msg=repr(how))
    np.testing.assert_allclose(ops.average_pool2d(*call), total / count, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(take_op(x, places_op(x, **how), **how), largest)


def test_same_padding_does_not_count() -> None:
    x = np.ones((1, 3, 3, 1))
    np.testing.assert_array_equal(ops.average_pool2d(x, 2, padding="same"), np.ones((1, 2, 2, 1)))
    np.testing.assert_array_equal(ops.max_pool2d(-x, 2, padding="same"), -np.ones((1, 2, 2, 1)))


def places(x: Any, **how: Any) -> list[int]:
    how = {"window": (2, 2), "strides": (2, 2), "padding": ((0, 0), (0, 0)), **how}
    return places_op(np.asarray(x, "float64")[None, :, :, None], **how).ravel().tolist()


def test_the_first_of_equals_has_the_place() -> None:
    assert places([[1, 1, 0, 2], [1, 1, 2, 2]]) == [0, 1]


def test_nan_is_the_largest() -> None:
    assert places([[np.inf, 1, np.nan, 2], [1, np.nan, np.nan, 2]]) == [3, 0]
    x = np.array([[np.inf, 1.0], [np.nan, 2.0]])[None, :, :, None]
    assert np.isnan(ops.max_pool2d(x)).all()


def test_the_padding_never_has_the_place() -> None:
    assert places([[-np.inf]], padding=((1, 0), (1, 0))) == [3]


def test_equals_do_not_share_the_slope() -> None:
    x = graph.input_tensor("x", (1, 2, 2, 1), "float64")
    (dx,) = backpropagate(ops.max_pool2d(x).sum(), [x])
    (found,) = graph.evaluate([dx], {"x": np.ones((1, 2, 2, 1))})
    np.testing.assert_array_equal(found.ravel(), [1, 0, 0, 0])


def image(*shape: Any, dtype: str = "float32") -> Any:
    return graph.input_tensor("x", (graph.batch, *shape), dtype)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: ops.max_pool2d(image(4, 4)), ShapeError, "height, width, channels"),
        (lambda: ops.max_pool2d(image(1, 4, 3)), ShapeError, "2 pixels high"),
        (lambda: ops.max_pool2d(image(40, 40, 3), 16), ShapeError, "256 pixels"),
        (lambda: ops.max_pool2d(image(4, 4, 3), 2, padding=2), ShapeError, "not smaller"),
        (lambda: ops.average_pool2d(image(4, 4, 3), 2, padding=2), ShapeError, "not smaller"),
        (lambda: ops.max_pool2d(image(4, 4, 3, dtype="uint8")), DTypeError, "Rescaling"),
    ],
)
def test_wrong_uses_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


def test_average_windows_may_have_any_size() -> None:
    assert ops.average_pool2d(image(40, 40, 3), 20).shape == (graph.batch, 2, 2, 3)


def test_places_go_with_their_windows() -> None:
    how: dict[str, Any] = {"window": (2, 2), "strides": (2, 2), "padding": ((0, 0), (0, 0))}
    x, y = image(4, 4, 3), image(2, 2, 3)
    assert max_pool_op(x, **how).shape == y.shape
    with pytest.raises(ShapeError, match="a place for each window"):
        take_op(x, image(2, 1, 3, dtype="uint8"), **how)
    with pytest.raises(ShapeError, match="a place for each value"):
        scatter_op(y, image(2, 2, 3, dtype="int64"), size=(4, 4), **how)
    with pytest.raises(ShapeError, match="2 x 2 windows"):
        scatter_op(image(3, 3, 3), image(3, 3, 3, dtype="uint8"), size=(4, 4), **how)
