"""Initializers: their spread, their angles, their determinism, their words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats

from syn0 import initializers
from syn0.activations import ELU, CustomDerivative
from syn0.errors import ArgumentError, ShapeError, UnknownNameError
from syn0.initializers import (
    Auto,
    Constant,
    GlorotUniform,
    HeUniform,
    LecunNormal,
    Normal,
    Orthogonal,
    Uniform,
)

SHAPE = (300, 200)
FAN_IN, FAN_OUT = SHAPE


def draw(name: Any, shape: tuple[int, ...] = SHAPE, dtype: str = "float64", seed: int = 0) -> Any:
    return initializers.get(name)(np.random.default_rng(seed), shape, dtype)


# Relative error of a sample variance of 60,000 numbers: below 0.6 % (normal), so 3 % is 5 sigma.
@pytest.mark.parametrize(
    ("name", "variance", "family"),
    [
        ("uniform", 0.1**2 / 12, "uniform"),
        ("normal", 0.05**2, "norm"),
        ("glorot_uniform", 2 / (FAN_IN + FAN_OUT), "uniform"),
        ("glorot_normal", 2 / (FAN_IN + FAN_OUT), "norm"),
        ("he_uniform", 2 / FAN_IN, "uniform"),
        ("he_normal", 2 / FAN_IN, "norm"),
        ("lecun_normal", 1 / FAN_IN, "norm"),
        ("auto", 2 / (FAN_IN + FAN_OUT), "uniform"),
    ],
)
def test_spread_is_as_published(name: str, variance: float, family: str) -> None:
    values = draw(name).ravel()
    assert values.var() == pytest.approx(variance, rel=0.03)
    assert abs(values.mean()) < 5 * math.sqrt(variance / values.size)
    half = math.sqrt(3 * variance)
    arguments = (-half, 2 * half) if family == "uniform" else (0, math.sqrt(variance))
    assert scipy.stats.kstest(values, family, arguments).pvalue > 1e-3
    if family == "uniform":
        assert np.abs(values).max() <= half


def test_kernels_count_their_window() -> None:
    kernel = draw("he_normal", (5, 5, 16, 32)).ravel()
    assert kernel.var() == pytest.approx(2 / (25 * 16), rel=0.06)
    assert initializers.fans((5, 5, 16, 32)) == (400, 800)
    assert initializers.fans(()) == (1, 1)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (3, 3, 2, 4)])
def test_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    W = draw(Orthogonal(2.0), shape).reshape(-1, shape[-1])
    small = W.T @ W if W.shape[0] >= W.shape[1] else W @ W.T
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


def test_orthogonal_prefers_no_direction() -> None:
    draws = [draw("orthogonal", (3, 3), seed=seed)[0, 0] for seed in range(400)]
    # An entry of a uniform rotation of 3 axes is uniform in -1..1.
    assert scipy.stats.kstest(draws, "uniform", (-1, 2)).pvalue > 1e-3


def test_known_values() -> None:
    assert draw("zeros", (2, 2)).tolist() == [[0, 0], [0, 0]]
    assert draw("ones", (2,)).tolist() == [1, 1]
    assert draw("constant", (2,)).tolist() == [0, 0]
    assert draw(Constant([[1, 2], [3, 4]]), (2, 2)).tolist() == [[1, 2], [3, 4]]
    assert draw(0.5, (2,)).tolist() == [0.5, 0.5]
    assert draw(np.array([1.0, 2.0]), (2,)).tolist() == [1, 2]
    assert draw(Uniform(1, 1), (2,)).tolist() == [1, 1]
    assert draw(Normal(3, 0), (2,)).tolist() == [3, 3]
    with pytest.raises(ShapeError, match="array of shape"):
        draw(Constant([1.0, 2.0]), (3,))


@pytest.mark.parametrize("name", sorted(initializers.catalogue.makers))
def test_one_seed_one_draw_in_both_dtypes(name: str) -> None:
    double, single = draw(name), draw(name, dtype="float32")
    assert (double.dtype, single.dtype) == (np.float64, np.float32)
    np.testing.assert_array_equal(single, double.astype("float32"))
    np.testing.assert_array_equal(double, draw(name))
    if name not in ("zeros", "ones", "constant"):
        assert (double != draw(name, seed=1)).any()


@pytest.mark.parametrize("name", sorted(initializers.catalogue.makers))
def test_records_are_equal_and_hashable(name: str) -> None:
    one, two = initializers.get(name), initializers.get(name)
    assert one == two
    assert hash(one) == hash(two)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("relu", HeUniform()),
        ("leaky_relu", HeUniform()),
        ("gelu", HeUniform()),
        (ELU(0.5), HeUniform()),
        ("selu", LecunNormal()),
        ("sigmoid", GlorotUniform()),
        ("linear", GlorotUniform()),
        (np.tanh, GlorotUniform()),
        (CustomDerivative(np.tanh, np.cos), GlorotUniform()),
    ],
)
def test_auto_goes_by_the_activation(activation: Any, expected: object) -> None:
    assert initializers.for_activation(activation) == expected


def test_he_keeps_the_size_of_signals_through_relu() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 256))
    for _ in range(20):
        x = np.maximum(x @ HeUniform()(rng, (256, 256), "float64"), 0)
    assert 0.3 < (x**2).mean() < 3


@pytest.mark.parametrize(
    ("word", "use"),
    [
        ("xavier_uniform", "'glorot_uniform'"),
        ("kaiming_normal", "'he_normal'"),
        ("glorot", "glorot_"),
    ],
)
def test_unknown_names_say_what_to_write(word: str, use: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        initializers.get(word)
    assert use in str(caught.value)


def test_what_is_no_initializer_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"write Auto\(\)"):
        initializers.get(Auto)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="not an initializer"):
        initializers.get(None)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="high=0"):
        Uniform(1, 0)
    with pytest.raises(UnknownNameError, match="write stddev="):
        Normal(std=1)  # type: ignore[call-arg]
    with pytest.raises(ShapeError, match="orthogonal"):
        draw("orthogonal", (3,))


def test_own_functions_are_checked() -> None:
    rng = np.random.default_rng(0)
    values = initializers.draw(lambda rng, shape, dtype: np.ones(shape), rng, (2,), "float32")
    assert values.dtype == np.float32
    with pytest.raises(ArgumentError, match="shape \\(3,\\)"):
        initializers.draw(lambda rng, shape, dtype: np.ones(3), rng, (2,), "float32")
