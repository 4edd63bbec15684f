"""Mixup: inputs and targets by the same shares, drawn from the right distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import run
from scipy import stats

import syn0
from syn0 import graph
from syn0.errors import ArgumentError
from syn0.layers import Mixup
from syn0.layers.mixup import mixed

SHAPE = (5, 3, 2)


def shares(u: Any, v: Any, alpha: float) -> Any:
    """Return the larger share, as written in the article."""
    t = np.sqrt(2 * alpha * (u ** (-1 / alpha) - 1)) * np.cos(2 * np.pi * v)
    return 0.5 + 0.5 * abs(t) / np.sqrt(2 * alpha + t**2)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.5])
def test_each_sample_is_mixed_with_the_one_from_the_other_end(
    alpha: float, rng: np.random.Generator
) -> None:
    x, u, v = rng.normal(size=SHAPE), rng.uniform(size=5), rng.uniform(size=5)
    y, _ = run(Mixup(alpha), x, training=True, draws=[u, v])
    share = shares(u, v, alpha)[:, None, None]
    np.testing.assert_allclose(y, share * x + (1 - share) * x[::-1], rtol=1e-9)
    np.testing.assert_array_equal(y[2], x[2])
    y, _ = run(Mixup(alpha), x)
    np.testing.assert_array_equal(y, x)


@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5, 1.0, 4.0])
def test_shares_are_of_the_beta_distribution(alpha: float, rng: np.random.Generator) -> None:
    u, v = (rng.random(20_000, np.float32) for _ in range(2))
    u[:3], v[:3] = (0, 1 - 2**-24, 2**-24), (0.25, 0.75, 0.25)
    x = np.zeros((20_000, 1), np.float32)
    x[:10_000] = 1
    y, _ = run(Mixup(alpha), x, training=True, draws=[u, v])
    share = np.where(x, y, 1 - y)[:, 0]
    assert np.all((share >= 0.5) & (share <= 1))
    sign = rng.choice([-1, 1], share.size)
    both = 0.5 + sign * (share - 0.5)  # which of the two is the larger one is chance
    inner = both[(both > 1e-5) & (both < 1 - 1e-5)]  # beyond there is no float32 between
    low, high = stats.beta.cdf([1e-5, 1 - 1e-5], alpha, alpha)
    assert abs(inner.size / both.size - (high - low)) < 0.02
    wanted = (stats.beta.cdf(inner, alpha, alpha) - low) / (high - low)
    assert stats.kstest(wanted, "uniform").pvalue > 1e-6


@pytest.mark.parametrize("engine", ["numpy", "llvm"])
@pytest.mark.parametrize("kind", ["numbers", "rows"])
def test_losses_see_mixed_targets(kind: str, engine: str, rng: np.random.Generator) -> None:
    X, numbers = rng.normal(size=(9, 4)), np.r_[0:3, rng.integers(0, 3, 6)]
    rows = np.eye(3)[numbers]
    y = numbers if kind == "numbers" else rng.normal(size=(9, 3))
    layers = Mixup(0.6), syn0.Dense(3)
    net = syn0.Sequential(*layers, dtype="float64", random_state=1).build((4,))
    trace = net.trace(training=True)
    ((input_name, _),) = trace.inputs.items()
    wanted = [trace.gathered.share, *trace.outputs.values()]
    share, scores = graph.evaluate(wanted, {**net.numbers, input_name: X})
    how = {"optimizer": syn0.optimizers.SGD(0.0), "engine": engine}
    if kind == "numbers":
        found = net.step(X, y, **how, loss="cross_entropy", metrics=["accuracy"])
        rows, scores = mix(rows, share), scores - np.log(np.exp(scores).sum(1, keepdims=True))
        assert found["loss"] == pytest.approx(-(rows * scores).sum(1).mean())
        assert found["accuracy"] == pytest.approx(np.mean(scores.argmax(1) == numbers))
    else:
        found = net.step(X, y, **how, loss="mean_squared_error")
        assert found["loss"] == pytest.approx(np.mean((scores - mix(y, share)) ** 2))
    assert 0.5 < share.mean() < 1


def test_a_loss_of_signs_is_refused() -> None:
    net = syn0.Sequential(Mixup(0.2), syn0.Dense(1))
    with pytest.raises(ArgumentError, match="reads the sign of a target"):
        net.fit(np.eye(4), [0.0, 1.0, 1.0, 0.0], loss="hinge", verbose=0)


def mix(y: Any, share: Any) -> Any:
    return share[:, None] * y + (1 - share[:, None]) * y[::-1]


def test_what_is_validated_is_not_mixed(rng: np.random.Generator) -> None:
    X, y = rng.normal(size=(20, 4)), rng.normal(size=(20, 2))
    net = syn0.Sequential(Mixup(1.0), syn0.Dense(2), dtype="float64", random_state=0)
    history = net.fit(X, y, validation_data=(X, y), epochs=2, verbose=0)
    assert history["val_loss"][-1] == pytest.approx(net.evaluate(X, y)["loss"])
    assert net.evaluate(X, y)["loss"] == pytest.approx(np.mean((net.predict(X) - y) ** 2))


def test_all_inputs_are_mixed_by_one_draw() -> None:
    a, b = syn0.Input((4,)), syn0.Input((4,))
    both = syn0.Add()([Mixup(0.3)(a), Mixup(0.3)(b)])
    net = syn0.Model([a, b], syn0.Dense(2)(both))
    assert net.trace(training=True).gathered.streams == 2
    twice = syn0.Add()([Mixup(0.3)(a), Mixup(0.4)(b)])
    with pytest.raises(ArgumentError, match="one alpha for all"):
        syn0.Model([a, b], syn0.Dense(2)(twice)).trace(training=True)


def test_a_batch_may_be_turned_round_and_back(rng: np.random.Generator) -> None:
    x = graph.input_tensor("x", (graph.batch, 3), "float64")
    given = rng.normal(size=(4, 3))
    y = x[::-1]
    assert y.shape == x.shape
    np.testing.assert_array_equal(graph.evaluate([y], {"x": given})[0], given[::-1])
    share = graph.constant(np.full(4, 0.25))
    fixed = graph.constant(given)
    wanted = 0.25 * given + 0.75 * given[::-1]
    np.testing.assert_allclose(graph.evaluate([mixed(fixed, share)], {})[0], wanted)


@pytest.mark.parametrize("alpha", [0, -1])
def test_alpha_is_above_zero(alpha: float) -> None:
    with pytest.raises(ArgumentError, match="alpha"):
        Mixup(alpha)
