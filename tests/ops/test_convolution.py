"""Convolution against `jax.lax`, another library's, and what callers may write."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from conftest import seeded

from syn0 import graph, ops
from syn0.errors import ArgumentError, DTypeError, ShapeError
from syn0.ops.convolution import conv2d_dw_op, conv2d_dx_op, conv2d_op
from syn0.ops.windows import sides

RNG = np.random.default_rng(7)


def in_lax(x: Any, w: Any, how: dict[str, Any]) -> Any:
    return jax.lax.conv_general_dilated(
        x, w, how["strides"], how["padding"], rhs_dilation=how["dilation"],
        dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=how["groups"],
    )  # fmt: skip


def drawn(turn: int) -> tuple[Any, Any, dict[str, Any]]:
    """Draw an image, kernels that fit into it with the padding, and how they go over it."""
    rng = seeded("convolution", turn)
    window, strides, dilation = (rng.integers(1, most, 2) for most in (6, 4, 4))
    padding = rng.integers(0, 4, (2, 2))
    least = dilation * (window - 1) + 1 - padding.sum(axis=1)
    height, width = np.maximum(least, 1) + rng.integers(0, 9, 2)
    groups, inside, out = (int(n) for n in rng.integers(1, 4, 3))
    if turn % 3 == 0:
        inside = 1  # depthwise
    x = rng.standard_normal((2, height, width, groups * inside))
    w = rng.standard_normal((*window, inside, groups * out))
    pairs = {"strides": strides, "dilation": dilation}
    how: dict[str, Any] = {k: tuple(v.tolist()) for k, v in pairs.items()}
    return x, w, {**how, "padding": tuple(map(tuple, padding.tolist())), "groups": groups}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("turn", range(10))
def test_convolution_and_its_adjoints_agree_with_lax(turn: int) -> None:
    x, w, how = drawn(turn)
    with jax.enable_x64(True):
        expected, pull = jax.vjp(lambda a, b: in_lax(a, b, how), x, w)
        y = conv2d_op(x, w, **how)
        np.testing.assert_allclose(y, expected, rtol=1e-11, atol=1e-11, err_msg=repr(how))
        dy = seeded("dy", turn).standard_normal(y.shape)
        dx, dw = pull(jax.numpy.asarray(dy))
    found = conv2d_dx_op(dy, w, size=x.shape[1:3], **how)
    np.testing.assert_allclose(found, dx, rtol=1e-11, atol=1e-11, err_msg=repr(how))
    found = conv2d_dw_op(x, dy, kernel=w.shape[:2], **how)
    np.testing.assert_allclose(found, dw, rtol=1e-11, atol=1e-11, err_msg=repr(how))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(
    ("size", "window", "strides", "dilation"),
    [
        ((7, 8), (3, 2), (2, 3), (1, 1)),
        ((5, 5), (1, 1), (2, 2), (1, 1)),
        ((9, 6), (3, 2), (1, 1), (3, 2)),
    ],
)
def test_paddings_in_words(
    padding: str, size: Any, window: Any, strides: Any, dilation: Any
) -> None:
    x, w = RNG.normal(size=(1, *size, 1)), RNG.normal(size=(*window, 1, 1))
    expected = jax.lax.conv_general_dilated(
        jax.numpy.asarray(x, "float32"), jax.numpy.asarray(w, "float32"), strides, padding.upper(),
        rhs_dilation=dilation, dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )  # fmt: skip
    found = ops.conv2d(x, w, strides, padding, dilation)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_padding_in_numbers() -> None:
    assert sides(2, (4, 4), (3, 3), (1, 1), (1, 1)) == ((2, 2), (2, 2))
    assert sides((1, 2), (4, 4), (3, 3), (1, 1), (1, 1)) == ((1, 1), (2, 2))
    assert sides(((1, 0), [2, 3]), (4, 4), (3, 3), (1, 1), (1, 1)) == ((1, 0), (2, 3))


def test_one_dimension_is_a_row() -> None:
    x, w = RNG.normal(size=(3, 9, 2)), RNG.normal(size=(3, 2, 4))
    found = ops.conv1d(x, w, strides=2, padding=(2, 1), dilation=2)
    padded = np.pad(x, ((0, 0), (2, 1), (0, 0)))
    rows = [np.tensordot(padded[:, i : i + 5 : 2], w, axes=2) for i in range(0, 8, 2)]
    np.testing.assert_allclose(found, np.stack(rows, axis=1))
    drawn = ops.conv1d(graph.input_tensor("x", (graph.batch, 9, 2), "float64"), w, padding="same")
    assert drawn.shape == (graph.batch, 9, 4)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(
    ("window", "strides"), [((3, 3), (2, 2)), ((2, 4), (3, 1)), ((1, 1), (1, 2))]
)
def test_transposed_convolution_agrees_with_lax(padding: str, window: Any, strides: Any) -> None:
    x, w = RNG.normal(size=(2, 3, 4, 5)), RNG.normal(size=(*window, 2, 5))
    expected = jax.lax.conv_transpose(
        jax.numpy.asarray(x, "float32"), jax.numpy.asarray(w, "float32"), strides, padding.upper(),
        dimension_numbers=("NHWC", "HWIO", "NHWC"), transpose_kernel=True,
    )  # fmt: skip
    found = ops.conv2d_transpose(x, w, strides, padding)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_shapes_with_a_named_batch() -> None:
    x = graph.input_tensor("x", (graph.batch, 7, 5, 3))
    assert ops.conv2d(x, np.zeros((3, 3, 3, 8)), strides=2).shape == (graph.batch, 3, 2, 8)
    assert ops.conv2d_transpose(x, np.zeros((3, 3, 8, 3)), 2).shape == (graph.batch, 15, 11, 8)


def image(*shape: Any, dtype: str = "float32") -> Any:
    return graph.input_tensor("x", (graph.batch, *shape), dtype)


KERNELS = np.zeros((3, 3, 2, 4))


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: ops.conv2d(image(4, 4), KERNELS), ShapeError, "height, width, channels"),
        (lambda: ops.conv2d(image(4, 4, 3), KERNELS), ShapeError, "kernels for 2 channels"),
        (lambda: ops.conv2d(image(2, 4, 2), KERNELS), ShapeError, "3 pixels high .* into 2"),
        (lambda: ops.conv2d(image(4, graph.time, 2), KERNELS), ShapeError, "are numbers"),
        (lambda: ops.conv2d(image(4, 4, 2), KERNELS[0]), ShapeError, "no kernels"),
        (lambda: ops.conv2d(image(4, 4, 6), KERNELS, groups=3), ShapeError, "share 4 filters"),
        (lambda: ops.conv2d(image(4, 4, 2), KERNELS, strides=0), ArgumentError, "strides=0"),
        (lambda: ops.conv2d(image(4, 4, 2), KERNELS, dilation=(1, 1, 1)), ArgumentError, "dilat"),
        (lambda: ops.conv2d(image(4, 4, 2), KERNELS, padding="full"), ArgumentError, "'same'"),
        (lambda: ops.conv2d(image(4, 4, 2), KERNELS, padding=-1), ArgumentError, "at least 0"),
        (lambda: ops.conv2d(image(graph.time, 4, 2), KERNELS, padding="same"), ShapeError, "Input"),
        (lambda: ops.conv2d(image(4, 4, 2, dtype="uint8"), KERNELS), DTypeError, "dtype"),
    ],
)  # fmt: skip
def test_wrong_uses_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


STILL: dict[str, Any] = {"strides": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({"size": (6, 6)}, "6 x 6 have 4 x 4 windows"),
        ({"size": (5, 5), "strides": (0, 1)}, "at least 1"),
        ({"size": (5, 5), "padding": ((0, -1), (0, 0))}, "at least 0"),
        ({"size": (5,)}, "two whole numbers"),
        ({"size": (5, 5), "groups": 3}, "3 groups"),
    ],
)
def test_adjoints_do_not_trust_their_attributes(attributes: Any, text: str) -> None:
    dy, w = image(3, 3, 4), graph.input_tensor("w", (3, 3, 2, 4))
    with pytest.raises(ShapeError, match=text):
        conv2d_dx_op(dy, w, **{**STILL, "groups": 1, **attributes})


def test_the_kernels_slope_needs_a_value_for_each_window() -> None:
    with pytest.raises(ShapeError, match="3 x 2 windows"):
        conv2d_dw_op(image(5, 4, 2), image(3, 3, 4), kernel=(3, 3), groups=1, **STILL)
