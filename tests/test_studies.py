"""The studies measure what they say; whether a claim holds is for them to find."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import syn0
from syn0.lab import (
    study_activations,
    study_backpropagation,
    study_descent,
    study_size,
)
from syn0.lab.data import wave
from syn0.lab.page import spread
from syn0.lab.study import Claim, Scale, Study, interval

MODULES = (study_activations, study_backpropagation, study_descent, study_size)
QUICK = Scale(seeds=2, quick=True)


@pytest.fixture(scope="module", params=MODULES, ids=lambda module: module.__name__)
def study(request: pytest.FixtureRequest) -> Study:
    found = request.param.run(QUICK)
    assert isinstance(found, Study)
    return found


def test_every_claim_has_a_number_for_each_seed(study: Study) -> None:
    assert study.claims
    for claim in study.claims:
        assert len(claim.effects) == study.seeds
        assert np.isfinite(claim.effects).all()
        assert claim.verdict in ("shown", "not shown", "refuted")


def test_every_chart_is_full(study: Study) -> None:
    assert study.charts
    for chart in study.charts:
        assert chart.rows
        assert {len(row) for row in chart.rows} == {len(chart.columns)}


def test_every_curve_has_a_run_for_each_seed(study: Study) -> None:
    assert study.curves
    for curve in study.curves:
        assert len(curve.runs) == study.seeds
        assert {len(run) for run in curve.runs} == {len(curve.x)}


# ----- judging ------------------------------------------------------------


@pytest.mark.parametrize(
    ("effects", "verdict"),
    [
        ((1.0, 1.1, 0.9), "shown"),
        ((-1.0, -1.1, -0.9), "refuted"),
        ((1.0, -1.1, 0.2), "not shown"),
        ((0.5, 0.5, 0.5), "shown"),
        ((0.0, 0.0, 0.0), "not shown"),
        ((1.0,), "not shown"),
        ((1.0, math.nan, 1.0), "not shown"),
    ],
)
def test_a_claim_is_judged_by_its_interval(effects: tuple[float, ...], verdict: str) -> None:
    assert Claim("a claim", "a measure", effects).verdict == verdict


def test_the_interval_is_students() -> None:
    stats = pytest.importorskip("scipy.stats")
    for count in (2, 5, 31):
        values = np.random.default_rng(count).standard_normal(count)
        expected = stats.t.interval(
            0.95, count - 1, values.mean(), values.std(ddof=1) / math.sqrt(count)
        )
        assert interval(values) == pytest.approx(expected, rel=1e-3)


def test_a_spread_leaves_out_what_is_not_finite() -> None:
    assert spread([1.0, 3.0, math.inf], 1) == "2.0 ± 1.4"
    assert spread([math.nan]) == "-"


# ----- measuring ----------------------------------------------------------


def test_nudging_finds_the_gradient_in_n_plus_one_passes() -> None:
    random = np.random.default_rng(0)
    X, y = random.standard_normal((7, 3)), random.standard_normal((7, 1))
    net = syn0.Sequential(
        syn0.Dense(4, activation="tanh"), syn0.Dense(1), random_state=0, dtype="float64"
    )
    net.build((3,))
    before = net.parameters
    gradient, passes, seconds = study_backpropagation.gradient_by_nudging(net, X, y)
    backwards = net.gradients(X, y)
    assert passes == sum(values.size for values in before.values()) + 1
    assert seconds > 0
    for name, values in backwards.items():
        assert np.allclose(gradient[name], values, atol=1e-5)
        assert (net.parameters[name] == before[name]).all()


def test_a_dead_unit_is_counted_as_stuck() -> None:
    net = syn0.Sequential(
        syn0.Dense(4, activation="relu", name="hidden_1"),
        syn0.Dense(1, name="output"),
        random_state=0,
        dtype="float64",
    )
    net.build((2,))
    X = np.random.default_rng(0).standard_normal((20, 2))
    bias = np.array([-100.0, 100.0, -100.0, 100.0])
    net.set_parameters({"b_hidden_1": bias})
    assert study_activations.stuck_share(net, "relu", X, 1) == 0.5
    assert study_activations.stuck_share(net, "leaky_relu", X, 1) == 0.0


@pytest.mark.parametrize("activation", study_activations.ACTIVATIONS)
def test_the_slope_is_the_derivative(activation: str) -> None:
    z = np.array([[-2.0, -0.3], [0.4, 1.5]])
    function = syn0.activations.get(activation)
    nudged = (function(z + 1e-6) - function(z - 1e-6)) / 2e-6
    assert np.allclose(study_activations.slope(activation, z), nudged, atol=1e-6)


def test_a_wave_with_more_bends_crosses_more_often() -> None:
    def crossings(bends: int) -> int:
        X, y = wave(bends, 200_000, seed=0)
        near = np.abs(X[:, 1]) < 0.02
        ordered = y[near, 0][np.argsort(X[near, 0])]
        smooth = np.convolve(ordered, np.ones(201) / 201, mode="valid") > 0.5
        return int(np.abs(np.diff(smooth.astype(int))).sum())

    assert crossings(1) < crossings(3) < crossings(6)


def test_steps_too_big_for_a_bowl_lead_up() -> None:
    # A single neuron's error is a parabola in each direction: this one is theory, not luck.
    found = study_descent._bowl(seed=0, epochs=60)
    assert found[1.9] < 1 < found[2.1]


def test_the_two_shapes_compared_are_alike_in_size() -> None:
    def parameters(shape: tuple[int, ...]) -> int:
        sizes = (2, *shape, 1)
        return sum((a + 1) * b for a, b in itertools.pairwise(sizes))

    wide, narrow = parameters(study_size.WIDE), parameters(study_size.NARROW)
    assert abs(wide - narrow) < 0.1 * wide


def test_the_smallest_good_width_is_found() -> None:
    found = {(1, (width,)): [0.5 + width / 20] for width in (2, 4, 8, 16)}
    assert study_size.smallest_good(found, 1, 1, 0) == 16
    assert study_size.smallest_good({(1, (2,)): [0.5]}, 1, 1, 0) == 4
