"""Layers of convolution: what they compute and start from, and what they answer to mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import check, first_values, run

import syn0
from syn0 import ops
from syn0.errors import ArgumentError, ShapeError, UnknownNameError
from syn0.layers import Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(2, 5, 6, 4))
SEQUENCES = RNG.normal(size=(2, 9, 4))

# ----- values -------------------------------------------------------------


def test_convolution_adds_the_bias_and_applies_the_activation() -> None:
    layer = Conv2D(6, (3, 2), (2, 1), "same", groups=2, activation="tanh")
    held = first_values(layer, IMAGES.shape[1:]) | {"b": RNG.normal(size=6)}
    y, _ = run(layer, IMAGES, values=held)
    sums = ops.conv2d(IMAGES, held["W"], (2, 1), "same", groups=2) + held["b"]
    np.testing.assert_allclose(y, np.tanh(sums))
    assert y.shape == (2, 3, 6, 6)


def test_depthwise_convolution_keeps_the_channels_apart() -> None:
    layer = DepthwiseConv2D(2, depth_multiplier=3, use_bias=False)
    held = first_values(layer, IMAGES.shape[1:])
    y, _ = run(layer, IMAGES, values=held)
    assert held["W"].shape == (2, 2, 1, 12)
    for c in range(4):
        own = slice(3 * c, 3 * c + 3)
        alone = ops.conv2d(IMAGES[..., c : c + 1], held["W"][..., own])
        np.testing.assert_allclose(y[..., own], alone)


def test_a_transposed_convolution_is_what_goes_back_through_a_convolution() -> None:
    x = RNG.normal(size=(2, 4, 4, 3))
    layer = Conv2DTranspose(2, 3, strides=2, padding="same", use_bias=False)
    held = first_values(layer, x.shape[1:])
    y, _ = run(layer, x, values=held)
    assert y.shape == (2, 8, 8, 2)
    other = RNG.normal(size=y.shape)
    forward = ops.conv2d(other, held["W"], 2, "same")
    np.testing.assert_allclose(np.sum(forward * x), np.sum(other * y))


def test_sequences() -> None:
    layer = Conv1D(2, 3, strides=2, padding=(2, 0), dilation=2)
    held = first_values(layer, SEQUENCES.shape[1:])
    y, _ = run(layer, SEQUENCES, values=held)
    np.testing.assert_allclose(y, ops.conv1d(SEQUENCES, held["W"], 2, (2, 0), 2))
    assert y.shape == (2, 4, 2)


@pytest.mark.parametrize("layer", [
    Conv2D(2, 3, padding=((1, 0), (2, 1)), activation="softplus"),
    DepthwiseConv2D((2, 3), 2, "same", activation="tanh"),
    Conv2DTranspose(2, (3, 1), (1, 2), use_bias=False),
])  # fmt: skip
def test_derivatives(layer: Any) -> None:
    check(layer, IMAGES[:, :4, :3, :2])


# ----- what kernels start from --------------------------------------------


@pytest.mark.parametrize(
    ("layer", "fan_in", "fan_out"),
    [
        (Conv2D(64, 3, initializer="glorot_normal"), 9 * 32, 9 * 64),
        (Conv2D(64, 3, groups=4, initializer="glorot_normal"), 9 * 8, 9 * 16),
        (DepthwiseConv2D(5, initializer="glorot_normal"), 25, 25),
        (DepthwiseConv2D(5, depth_multiplier=3, initializer="glorot_normal"), 25, 75),
        (Conv2DTranspose(64, 3, initializer="glorot_normal"), 9 * 32, 9 * 64),
        (Conv2DTranspose(64, 3, activation="relu"), 9 * 32, 9 * 32),
        (Conv2D(64, (1, 5), activation="relu"), 5 * 32, 5 * 32),
        (Conv1D(64, 5, groups=2, initializer="he_normal"), 5 * 16, 5 * 16),
    ],
    ids=repr,
)
def test_the_spread_is_that_of_the_fans(layer: Any, fan_in: int, fan_out: int) -> None:
    shape = (32, 32) if isinstance(layer, Conv1D) else (16, 16, 32)
    W = first_values(layer, shape)["W"]
    expected = np.sqrt(4 / (fan_in + fan_out) if fan_in != fan_out else 2 / fan_in)
    if layer.initializer == "glorot_normal":
        expected = np.sqrt(2 / (fan_in + fan_out))
    assert abs(W.std() / expected - 1) < 5 / np.sqrt(2 * W.size)


def test_numbers_given_are_taken_as_they_are() -> None:
    kernels = RNG.normal(size=(3, 3, 1, 4))
    for layer in (
        DepthwiseConv2D(3, initializer=kernels),
        Conv2D(4, 3, groups=4, initializer=kernels),
    ):
        np.testing.assert_array_equal(first_values(layer, (5, 6, 4))["W"], kernels)


def test_a_penalty_is_on_the_kernels() -> None:
    net = syn0.Sequential(Conv2D(2, 2, kernel_penalty=syn0.L2(0.5), name="c"), syn0.Flatten())
    x, y = np.zeros((4, 3, 3, 1)), np.zeros((4, 8))
    net.build((3, 3, 1))
    net.fit(x, y, epochs=1, verbose=0, engine="numpy", optimizer=syn0.SGD(0.0))
    W = net.parameters["W_c"]
    np.testing.assert_allclose(net.history["loss"][-1], 0.5 * np.sum(W**2), rtol=1e-5)


def test_lists_are_kept_as_tuples_and_numbers_as_int() -> None:
    one = np.int64(1)
    layer = Conv2D(np.int64(4), [3, 2 * one], strides=one, padding=[[one, 0], 2])
    assert repr(layer) == repr(Conv2D(4, (3, 2), padding=((1, 0), 2)))
    assert hash(layer)


# ----- mistakes -----------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Conv2D(0, 3), ArgumentError, "filters=0"),
        (lambda: Conv2D(4, 0), ArgumentError, "kernel_size=0"),
        (lambda: Conv2D(4, 2.5), ArgumentError, "kernel_size=2.5"),
        (lambda: Conv2D(4, (3, 3, 3)), ArgumentError, "two: "),
        (lambda: Conv2D(4, 3, strides=0), ArgumentError, r"Conv2D\(strides=...\)"),
        (lambda: Conv2D(4, 3, padding="full"), ArgumentError, "'valid', 'same'"),
        (lambda: Conv2D(4, 3, padding=-1), ArgumentError, "padding=-1"),
        (lambda: Conv2D(4, 3, padding=(1, 2, 3)), ArgumentError, "top, bottom"),
        (lambda: Conv2D(4, 3, padding=None), ArgumentError, "padding=None"),
        (lambda: Conv2D(4, 3, padding=((1, 2), (3, 4, 5))), ArgumentError, "top, bottom"),
        (lambda: Conv2D(4, 3, groups=3), ArgumentError, "divides the filters"),
        (lambda: Conv2D(4, 3, dilation_rate=2), UnknownNameError, "write dilation="),
        (lambda: Conv2D(4, 3, stride=2), UnknownNameError, "write strides="),
        (lambda: Conv2D(4, 3, activation="rellu"), UnknownNameError, "relu"),
        (lambda: DepthwiseConv2D(3, depth_multiplier=0), ArgumentError, "depth_multiplier=0"),
        (lambda: Conv2DTranspose(4, 3, padding=1), ArgumentError, "'valid' or 'same'"),
        (lambda: Conv1D(4, (3, 3)), ArgumentError, "kernel_size"),
        (lambda: run(Conv2D(6, 3, groups=3), IMAGES), ArgumentError, "divisor of 4 channels"),
        (lambda: run(Conv2D(4, 3), IMAGES[..., 0]), ShapeError, r"Reshape\(\(5, 6, 1\)\)"),
        (lambda: run(Conv2D(4, 3), IMAGES[:, 0, 0]), ShapeError, "height, width, channels"),
        (lambda: run(Conv2D(4, 7), IMAGES), ShapeError, "windows of 7 x 7 .* 5 x 6"),
        (lambda: run(Conv2D(4, 3, dilation=(1, 3)), IMAGES), ShapeError, "windows of 3 x 7"),
        (lambda: run(Conv1D(4, 10), SEQUENCES), ShapeError, "1 x 10 pixels"),
        (lambda: run(Conv1D(4, 3), SEQUENCES[..., 0]), ShapeError, r"Reshape\(\(-1, 1\)\)"),
        (lambda: run(Conv1D(4, 3), IMAGES), ShapeError, "length, channels"),
    ],
)
def test_wrong_uses_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 28, 28), (4, 9, 30)])
@pytest.mark.parametrize("before", [(), (syn0.Rescaling(1 / 255),), (syn0.Normalization(),)])
def test_channels_first_are_named(shape: Any, before: Any) -> None:
    net = syn0.Sequential(*before, Conv2D(4, 3, padding="same", name="edges"))
    with pytest.raises(ShapeError, match="channels first") as caught:
        net.build(shape)
    assert "layer 'edges'" in str(caught.value)
    assert "X.transpose(0, 2, 3, 1)" in str(caught.value)
    said = syn0.Sequential(syn0.Reshape(shape), *before, Conv2D(4, 3, padding="same"))
    assert said.build(shape).output_shape == (*shape[:2], 4)


def test_features_that_look_so_are_none_of_our_business() -> None:
    net = syn0.Sequential(Conv2D(32, 3, padding="same"), Conv2D(4, 3, padding="same"))
    assert net.build((3, 16, 3)).output_shape == (3, 16, 4)
