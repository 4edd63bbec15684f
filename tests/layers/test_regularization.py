"""Dropout and noise: in training by the numbers drawn, in prediction nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import run

from syn0.errors import ArgumentError, UnknownNameError
from syn0.layers import Dropout, GaussianNoise

X = np.arange(1.0, 7.0).reshape(2, 3)
DRAWN = np.array([[0.0, 0.25, 0.5], [0.749, 0.75, 0.99]])


def test_dropout_by_hand() -> None:
    y, _ = run(Dropout(0.75), X, training=True, draws=[DRAWN])
    assert y.tolist() == [[0, 0, 0], [0, 20, 24]]
    y, _ = run(Dropout(0.25), X, training=True, draws=[DRAWN])
    np.testing.assert_allclose(y, [[0, 2 / 0.75, 4], [4 / 0.75, 5 / 0.75, 8]])


def test_dropout_of_nothing_keeps_all_but_infinities_are_dropped_too() -> None:
    y, _ = run(Dropout(0.0), X, training=True, draws=[DRAWN])
    np.testing.assert_array_equal(y, X)
    y, _ = run(Dropout(0.75), np.full((2, 3), np.inf), training=True, draws=[DRAWN])
    assert y.tolist() == [[0, 0, 0], [0, np.inf, np.inf]]


@pytest.mark.parametrize("layer", [Dropout(0.9), GaussianNoise(3.0)])
def test_prediction_leaves_the_input(layer: Any) -> None:
    y, _ = run(layer, X)
    np.testing.assert_array_equal(y, X)


def test_the_average_stays() -> None:
    rng = np.random.default_rng(0)
    x = np.ones((1000, 50))
    y, _ = run(Dropout(0.3), x, training=True, draws=[rng.random(x.shape)])
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert y.mean() == pytest.approx(1.0, abs=0.02)


def test_the_rate_is_read_from_the_state() -> None:
    y, _ = run(Dropout(0.0), X, training=True, draws=[DRAWN], values={"rate": np.asarray(0.75)})
    assert y.tolist() == [[0, 0, 0], [0, 20, 24]]


def test_noise_by_hand() -> None:
    y, _ = run(GaussianNoise(2.0), X, training=True, draws=[DRAWN])
    np.testing.assert_allclose(y, X + 2 * DRAWN)
    y, _ = run(GaussianNoise(2.0), X.astype("float32"), training=True, draws=[DRAWN.astype("f4")])
    assert y.dtype == np.float32


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Dropout(1.0), ArgumentError, "rate=1.0"),
        (lambda: Dropout(-0.1), ArgumentError, "rate=-0.1"),
        (lambda: Dropout(p=0.5), UnknownNameError, "write rate="),
        (lambda: Dropout(keep_prob=0.5), UnknownNameError, "share that is dropped"),
        (lambda: Dropout(0.5, seed=1), UnknownNameError, "random_state"),
        (lambda: GaussianNoise(-1.0), ArgumentError, "stddev=-1.0"),
        (lambda: GaussianNoise(sigma=1.0), UnknownNameError, "write stddev="),
    ],
)
def test_wrong_arguments_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
