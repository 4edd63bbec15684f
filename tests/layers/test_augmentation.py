"""Augmented images: what is drawn by hand, borders, angles, and that prediction sees none of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from bench import Values, check, first_values, run

import syn0
from syn0 import graph, ops
from syn0.errors import ArgumentError, ShapeError, UnknownNameError
from syn0.gradient import backpropagate
from syn0.layers import Cutout, RandomCrop, RandomFlip, RandomRotation
from syn0.layers.moving_images import bordered, shifted

X = np.random.default_rng(0).normal(size=(4, 7, 9, 2))


def draws(*numbers: float) -> Any:
    return np.array(numbers).reshape(-1, 1, 1, 1)


def test_flips_by_hand() -> None:
    across, down = draws(0.49, 0.0, 0.5, 0.99), draws(0.2, 0.8, 0.2, 0.8)
    y, _ = run(RandomFlip(), X, training=True, draws=[across, down])
    wanted = [X[0, ::-1, ::-1], X[1, :, ::-1], X[2, ::-1], X[3]]
    np.testing.assert_array_equal(y, wanted)
    y, _ = run(RandomFlip("vertical"), X, training=True, draws=[down])
    np.testing.assert_array_equal(y, [X[0, ::-1], X[1], X[2, ::-1], X[3]])


def test_crops_by_hand() -> None:
    rows, columns = draws(0.0, 0.34, 0.67, 1 - 2**-24), draws(1 - 2**-24, 0.5, 0.25, 0.0)
    y, _ = run(RandomCrop(5, 6), X, training=True, draws=[rows, columns])
    places = [(0, 3), (1, 2), (2, 1), (2, 0)]
    wanted = [X[i, a : a + 5, b : b + 6] for i, (a, b) in enumerate(places)]
    np.testing.assert_array_equal(y, wanted)


@pytest.mark.parametrize("most", [*range(1, 12), 40])
def test_any_shift_is_a_sum_of_steps(most: int) -> None:
    x = np.arange(60.0).reshape(1, 60, 1, 1).repeat(4 * most + 4, axis=0)
    by = np.linspace(0, most + 1, len(x), endpoint=False)
    image = graph.input_tensor("x", x.shape, "float64")
    way = graph.input_tensor("by", (len(x), 1, 1, 1), "float64")
    given = {"x": x, "by": by[:, None, None, None]}
    y, rest = graph.evaluate(shifted(image, way, 1, most), given)
    assert y.shape[1] == 60 - most
    np.testing.assert_array_equal(y[:, 0, 0, 0], np.floor(by))
    np.testing.assert_allclose(rest.ravel(), by - np.floor(by), atol=1e-12)


def test_a_crop_keeps_what_is_not_finite_where_it_is() -> None:
    x = X.copy()
    x[0, 0, 0, 0], x[0, 6, 8, 0] = np.nan, np.inf
    y, _ = run(RandomCrop(5, 6), x, training=True, draws=[draws(*[0.5] * 4)] * 2)
    np.testing.assert_array_equal(y, x[:, 1:6, 2:8])


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_cutouts_by_hand(size: int) -> None:
    rows, columns = draws(0.0, 0.5, 0.99, 0.3), draws(0.0, 0.5, 0.99, 0.7)
    y, _ = run(Cutout(size, -9.0), X, training=True, draws=[rows, columns])
    for i in range(4):
        top = int(rows[i, 0, 0, 0] * 7) - (size - 1) // 2
        left = int(columns[i, 0, 0, 0] * 9) - (size - 1) // 2
        wanted = X[i].copy()
        wanted[max(top, 0) : top + size, max(left, 0) : left + size] = -9.0
        np.testing.assert_array_equal(y[i], wanted)


# ----- rotation -----------------------------------------------------------


def smooth(height: int, width: int) -> Any:
    rows, columns = np.mgrid[:height, :width] / 4
    return (np.sin(rows + 1) * np.cos(0.7 * columns) + 0.1 * rows)[None, ..., None]


def turned(x: Any, share: float, layer: RandomRotation) -> Any:
    low, high = layer.angles
    drawn = (2 * math.pi * share - low) / (high - low)
    return run(layer, x, training=True, draws=[draws(drawn)])[0]


@pytest.mark.parametrize(
    ("factor", "share"),
    [(0.1, 0.03), (0.1, -0.1), ((0.0, 0.25), 0.2), (0.5, 0.4), (0.5, -0.3), (0.3, 0.25)],
)
@pytest.mark.parametrize("size", [(21, 21), (20, 29)])
def test_a_rotation_is_that_of_scipy(factor: Any, share: float, size: tuple[int, int]) -> None:
    from scipy.ndimage import rotate

    x = smooth(*size)
    y = turned(x, share, RandomRotation(factor, "constant"))
    wanted = rotate(x[0, ..., 0], 360 * share, reshape=False, order=3)
    rows, columns = (np.arange(n) - (n - 1) / 2 for n in size)
    inside = np.hypot(rows[:, None], columns) < min(size) / 2 - 2
    np.testing.assert_allclose(y[0, ..., 0][inside], wanted[inside], atol=0.05)


@pytest.mark.parametrize("mode", ["constant", "nearest", "reflect"])
def test_half_a_turn_and_none_keep_the_bits(mode: str) -> None:
    layer = RandomRotation(0.5, mode, fill_value=3.0)
    np.testing.assert_array_equal(turned(X[:1], 0.0, layer), X[:1])
    y = turned(X[:1], 0.5, layer)
    np.testing.assert_allclose(y, X[:1, ::-1, ::-1], atol=1e-12)


@pytest.mark.parametrize("widths", [((0, 1), (2, 0)), ((3, 2), (1, 4)), ((9, 20), (0, 23))])
@pytest.mark.parametrize(("mode", "theirs"), [
    ("constant", {"mode": "constant", "constant_values": 1.5}), ("nearest", {"mode": "edge"}),
    ("reflect", {"mode": "symmetric"}),
])  # fmt: skip
def test_borders_are_those_of_numpy(mode: str, theirs: dict[str, Any], widths: Any) -> None:
    image = graph.input_tensor("x", (graph.batch, 7, 9, 2), "float64")
    (y,) = graph.evaluate([bordered(image, widths, mode, 1.5)], {"x": X})
    np.testing.assert_array_equal(y, np.pad(X, ((0, 0), *widths, (0, 0)), **theirs))


# ----- all of them --------------------------------------------------------

ALL = (RandomFlip(), RandomCrop(5, 6), Cutout(3), RandomRotation(0.2))


@pytest.mark.parametrize("layer", ALL, ids=lambda layer: type(layer).__name__)
def test_prediction_sees_the_image_or_its_middle(layer: Any) -> None:
    y, _ = run(layer, X)
    np.testing.assert_array_equal(y, X[:, 1:6, 1:7] if isinstance(layer, RandomCrop) else X)
    check(layer, X, training=False)


@pytest.mark.parametrize("layer", ALL, ids=lambda layer: type(layer).__name__)
def test_gradients_reach_the_pixels_that_are_seen(layer: Any) -> None:
    net = syn0.Sequential(syn0.Input((7, 9, 2)), layer, dtype="float64", random_state=1)
    tensor = graph.input_tensor("x", X.shape, "float64")
    drawn = iter([draws(0.1, 0.4, 0.6, 0.9), draws(0.2, 0.3, 0.7, 0.8)])
    held = {k: graph.constant(v) for k, v in first_values(layer, X.shape[1:]).items()}
    p = Values(held, drawn)
    y = layer.forward(p, tensor, training=True)
    (dx,) = backpropagate(ops.sum(y), [tensor])
    found, out = graph.evaluate([dx, y], {"x": X, **p.drawn})
    seen = out.size if not isinstance(layer, Cutout) else np.count_nonzero(out)
    if not isinstance(layer, RandomRotation):
        assert set(np.unique(found)) <= {0.0, 1.0} and found.sum() == seen
    assert net.predict(X).shape == out.shape


@pytest.mark.filterwarnings("ignore:threads=")
def test_the_engines_draw_and_move_alike() -> None:
    layers = (
        syn0.Input((8, 9, 1)), syn0.ZeroPadding2D(2), RandomCrop(8, 9), RandomFlip(),
        RandomRotation(0.15, "constant"), Cutout(3), syn0.Flatten(), syn0.Dense(3, "softmax"),
    )  # fmt: skip
    x = np.random.default_rng(3).integers(0, 256, (50, 8, 9, 1), np.uint8)
    y = np.arange(50) % 3
    nets = [syn0.Sequential(*layers, random_state=5) for _ in range(3)]
    for net, engine, threads in zip(nets, ("numpy", "llvm", "llvm"), (1, 1, 3), strict=True):
        net.fit(x, y, epochs=3, batch_size=16, engine=engine, threads=threads, verbose=0)
    for name, values in nets[0].parameters.items():
        np.testing.assert_allclose(nets[1].parameters[name], values, rtol=1e-3, atol=1e-4)
        assert nets[1].parameters[name].tobytes() == nets[2].parameters[name].tobytes()


def test_bytes_may_be_declared_as_such() -> None:
    x = np.random.default_rng(3).integers(0, 256, (10, 7, 9, 2), np.uint8)
    ends = syn0.Rescaling(1 / 255), syn0.Flatten(), syn0.Dense(2, "softmax")
    nets = [
        syn0.Sequential(syn0.Input((7, 9, 2), dtype=dtype), *ALL, *ends, random_state=1)
        for dtype in ("uint8", None)
    ]
    for net in nets:
        net.fit(x, np.arange(10) % 2, epochs=2, verbose=0)
    first, second = (net.parameters["W_dense_1"] for net in nets)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: RandomFlip("both"), ArgumentError, "mode='both'"),
        (lambda: RandomCrop(0, 4), ArgumentError, "height=0"),
        (lambda: RandomCrop(4, 2.5), ArgumentError, "width=2.5"),
        (lambda: RandomCrop(size=4), UnknownNameError, "height and width"),
        (lambda: Cutout(0), ArgumentError, "size=0"),
        (lambda: RandomRotation(0.6), ArgumentError, "factor=0.6"),
        (lambda: RandomRotation((0.2, 0.1)), ArgumentError, "from -0.5 to 0.5"),
        (lambda: RandomRotation(0.1, "wrap"), ArgumentError, "'reflect', 'nearest'"),
        (lambda: RandomRotation(degrees=10), UnknownNameError, "degrees / 360"),
        (lambda: run(RandomCrop(8, 4), X), ShapeError, "7 x 9 pixels"),
        (lambda: run(RandomFlip(), X[0]), ShapeError, "height, width, channels"),
    ],
)
def test_wrong_arguments_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
