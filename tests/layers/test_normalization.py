"""Normalizations against NumPy and scikit-learn, their statistics and derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import check, first_values, run
from sklearn.preprocessing import StandardScaler

from syn0 import graph
from syn0.errors import ArgumentError, ShapeError, UnknownNameError
from syn0.layers import BatchNormalization, LayerNormalization, Normalization, Rescaling

RNG = np.random.default_rng(4)
X = RNG.normal(3, 2, (8, 3))
IMAGES = RNG.normal(-1, 3, (4, 5, 6, 3))


# ----- Rescaling ----------------------------------------------------------


def test_rescaling() -> None:
    y, _ = run(Rescaling(2.0, -1.0), X)
    np.testing.assert_allclose(y, 2 * X - 1)
    pixels = np.array([[0, 51, 255]], "uint8")
    y, _ = run(Rescaling(1 / 255), pixels)
    np.testing.assert_allclose(y, [[0, 0.2, 1]])
    check(Rescaling(2.0, 1.0), X)


# ----- Normalization ------------------------------------------------------


def test_normalization_agrees_with_scikit_learn() -> None:
    layer = Normalization().adapt(X)
    y, statistics = run(layer, X)
    np.testing.assert_allclose(y, StandardScaler().fit_transform(X), rtol=1e-12)
    assert statistics == {}
    trained, _ = run(layer, X, training=True)
    np.testing.assert_array_equal(trained, y)


def test_normalization_of_a_feature_that_never_changes() -> None:
    constant = np.column_stack([X[:, 0], np.full(8, 0.1), np.full(8, 1e9 + 0.1)])
    layer = Normalization().adapt(constant)
    y, _ = run(layer, constant)
    np.testing.assert_allclose(y, StandardScaler().fit_transform(constant), atol=1e-6)
    later, _ = run(layer, constant + 1)
    assert later[0, 1] == pytest.approx(1.0)


def test_normalization_measures_unless_it_was_told() -> None:
    found = Normalization().statistics(IMAGES)
    np.testing.assert_allclose(found["mean"], IMAGES.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(found["variance"], IMAGES.var(axis=(0, 1, 2)))
    assert set(found) == set(Normalization().state((5, 6, 3)))
    told = Normalization(mean=2.0, variance=[1.0, 4.0, 9.0])
    assert told.statistics(IMAGES) == {}
    assert told.variance == (1.0, 4.0, 9.0)
    y, _ = run(told, X)
    np.testing.assert_allclose(y, (X - 2) / [1, 2, 3])
    untold, _ = run(Normalization(), X)
    np.testing.assert_array_equal(untold, X)


def test_normalization_of_float32_and_integers() -> None:
    big = (1e4 + RNG.normal(size=(50, 1))).astype("float32")
    y, _ = run(Normalization().adapt(big), big)
    assert y.dtype == np.float32
    assert abs(y.mean()) < 1e-2
    assert y.std() == pytest.approx(1, rel=1e-2)
    counts = np.array([[1, 2], [3, 6]])
    y, _ = run(Normalization().adapt(counts), counts)
    assert y.tolist() == [[-1, -1], [1, 1]]


# ----- BatchNormalization -------------------------------------------------


@pytest.mark.parametrize("x", [X, IMAGES, IMAGES[:, 0]])
def test_batch_normalization_in_training(x: Any) -> None:
    axes = tuple(range(x.ndim - 1))
    gamma, beta = np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.0, -1.0])
    values = {
        "gamma": gamma, "beta": beta, "mean": np.array([1.0, 2.0, 3.0]), "variance": np.ones(3) * 2,
    }  # fmt: skip
    y, statistics = run(BatchNormalization(0.9, 1e-5), x, training=True, values=values)
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    wanted = gamma * (x - mean) / np.sqrt(variance + 1e-5) + beta
    np.testing.assert_allclose(y, wanted, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(statistics["mean"], 0.9 * values["mean"] + 0.1 * mean)
    np.testing.assert_allclose(statistics["variance"], 0.9 * values["variance"] + 0.1 * variance)


def test_batch_normalization_in_prediction() -> None:
    values = {"mean": np.array([1.0, 2.0, 3.0]), "variance": np.array([4.0, 1.0, 0.25])}
    y, statistics = run(BatchNormalization(), X, values=values)
    np.testing.assert_allclose(
        y, (X - values["mean"]) / np.sqrt(values["variance"] + 0.001), rtol=1e-12
    )
    assert statistics == {}
    # A sample is predicted alone as among others.
    alone, _ = run(BatchNormalization(), X[:1], values=values)
    np.testing.assert_array_equal(alone, y[:1])


def test_running_statistics_approach_those_of_the_data() -> None:
    layer = BatchNormalization(decay=0.9)
    values = {k: v for k, v in first_values(layer, (3,)).items() if k in ("mean", "variance")}
    for _ in range(100):
        _, values = run(layer, X, training=True, values=values)
    np.testing.assert_allclose(values["mean"], X.mean(axis=0), rtol=1e-3)
    np.testing.assert_allclose(values["variance"], X.var(axis=0), rtol=1e-3)


def test_decay_is_the_share_kept() -> None:
    _, kept = run(BatchNormalization(decay=1.0), X, training=True)
    assert kept["mean"].tolist() == [0, 0, 0]
    _, replaced = run(BatchNormalization(decay=0.0), X, training=True)
    np.testing.assert_allclose(replaced["mean"], X.mean(axis=0))


@pytest.mark.parametrize("x", [X, IMAGES[:2, :2, :2]])
@pytest.mark.parametrize("training", [True, False])
def test_batch_normalization_derivatives(x: Any, training: bool) -> None:
    check(BatchNormalization(), x, training=training)
    check(BatchNormalization(center=False, scale=False), x, training=training)


def test_batch_of_one_and_constant_features_stay_finite() -> None:
    y, statistics = run(BatchNormalization(), X[:1], training=True)
    assert y.tolist() == [[0, 0, 0]]
    assert np.isfinite(statistics["variance"]).all()


def test_what_batch_normalization_declares() -> None:
    layer = BatchNormalization(center=False)
    assert list(layer.parameters((4, 3))) == ["gamma"]
    assert {k: size for k, (size, _) in layer.state((4, 3)).items()} == {
        "mean": (3,), "variance": (3,),
    }  # fmt: skip
    assert layer.hyperparameters() == {"decay": 0.99, "epsilon": 0.001}
    values = first_values(BatchNormalization(), (3,))
    assert values["gamma"].tolist() == values["variance"].tolist() == [1, 1, 1]
    assert values["beta"].tolist() == values["mean"].tolist() == [0, 0, 0]


# ----- LayerNormalization -------------------------------------------------


@pytest.mark.parametrize("training", [True, False])
def test_layer_normalization(training: bool) -> None:
    x = RNG.normal(5, 2, (2, 4, 6))
    gamma, beta = RNG.normal(size=6), RNG.normal(size=6)
    y, statistics = run(
        LayerNormalization(1e-6), x, training=training, values={"gamma": gamma, "beta": beta}
    )
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    np.testing.assert_allclose(y, gamma * (x - mean) / np.sqrt(variance + 1e-6) + beta)
    assert statistics == {}


def test_layer_normalization_derivatives() -> None:
    check(LayerNormalization(), RNG.normal(size=(2, 3, 5)))
    check(LayerNormalization(scale=False), RNG.normal(size=(2, 5)))


# ----- arguments ----------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: BatchNormalization(momentum=0.9), UnknownNameError, "1 minus PyTorch's"),
        (lambda: BatchNormalization(eps=0.1), UnknownNameError, "write epsilon="),
        (lambda: BatchNormalization(decay=1.5), ArgumentError, "decay=1.5"),
        (lambda: BatchNormalization(epsilon=0.0), ArgumentError, "epsilon=0.0"),
        (lambda: BatchNormalization(axis=1), UnknownNameError, "last axis"),
        (lambda: BatchNormalization().state((graph.time,)), ShapeError, "last size"),
        (lambda: LayerNormalization(normalized_shape=3), UnknownNameError, "inferred"),
        (lambda: LayerNormalization(epsilon=-1.0), ArgumentError, "epsilon=-1.0"),
        (lambda: Normalization(mean=1.0), ArgumentError, "mean and variance, or neither"),
        (lambda: Normalization(0.0, [1.0, 0.0]), ArgumentError, "above 0"),
    ],
)
def test_wrong_arguments_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
