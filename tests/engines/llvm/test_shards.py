"""Sums over samples by shards: which, how they are cut, and that they are the same sums."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from plans import mlp, plan_of_step
from trainings import Training

import syn0
from syn0.engines.llvm.compiling.target import host
from syn0.engines.llvm.planning.fusion import Rows
from syn0.engines.llvm.planning.listing import page
from syn0.engines.llvm.planning.plan import Plan
from syn0.engines.llvm.planning.shards import LEAST, MOST, shards_of


def _plan(rows: int, *units: int) -> Plan:
    x, y = np.zeros((2 * rows, 64)), np.arange(2 * rows) % units[-1]
    return plan_of_step(mlp(*units), x, y, rows, optimizer="adam")


def test_shards_are_all_samples_in_even_parts() -> None:
    for samples in range(1, 3000):
        shards = shards_of(samples)
        assert shards.split(Rows(samples, True))
        assert shards.count in (1, 2, 4, 8)
        assert shards.count == 1 or shards.shard >= LEAST
        assert samples < 2 * LEAST * shards.count or shards.count == MOST


@pytest.mark.parametrize("rows", [128, 200, 201, 1000])
def test_shards_are_added_up_by_the_threads_that_made_them(rows: int) -> None:
    plan = _plan(rows, 100, 10)
    (phase,) = [p for p in plan.phases if any(g.rows.shard for g in p.groups)]
    samples = Rows(rows, True)
    shards = phase.shards(samples)
    assert shards == shards_of(rows)
    order = [group.rows for group in phase.groups]
    assert order.index(samples) < order.index(shards) == len(order) - 1
    made = [call.label for call in phase.groups[-1].calls]
    assert len(made) == 3, made  # two matrices and a bias; the other is of ten numbers
    assert f"{shards.count} shards of {shards.shard} samples" in page(plan)
    assert len(plan.phases) == 3


def test_what_sums_alone_read_lives_for_a_block() -> None:
    layers = syn0.Conv2D(8, 3), syn0.BatchNormalization(), syn0.Activation("relu"), syn0.Flatten()
    net = syn0.Sequential(*layers, syn0.Dense(3))
    x, y = np.zeros((64, 42, 42, 2)), np.zeros((64, 3))
    plan = plan_of_step(net, x, y, 32, optimizer="sgd")
    groups = [group for phase in plan.phases for group in phase.groups if group.chained]
    passing = [(buffer, group) for group in groups for buffer in group.passing]
    added = 0
    for buffer, group in passing:
        readers = [call for call in plan.calls if any(b is buffer for b, _ in call.reads)]
        assert all(call in (*group.calls, *group.chained) for call in readers)
        added += any(call in group.chained for call in readers)
        assert not any(buffer is output for output in plan.outputs.values())
    assert added >= 2  # squared distances, and the gradient times the distances
    assert "each at once added to 4 shards of 8 samples" in page(plan)


def test_few_samples_and_large_matrices_are_not_cut() -> None:
    assert "shards" not in page(_plan(127, 100, 10))
    made = [c.label for c in _plan(200, 1000, 900, 10).calls if c.rows.shard]
    assert not [label for label in made if "dense_2" in label], made


@pytest.mark.skipif(host() is None, reason="the compiler does not know this processor")
@pytest.mark.parametrize("name", ["many", "series"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sums_are_those_of_the_definition(name: str, dtype: str, rng: np.random.Generator) -> None:
    training = Training(name, dtype=dtype)
    x, y = training.data()
    count = int(rng.integers(128, len(x)))
    found: dict[str, Any] = {}
    for engine in ("llvm", "numpy"):
        net = training.make()
        options = {"optimizer": syn0.SGD(1.0), "epochs": 1, "batch_size": None, "verbose": 0}
        net.fit(x[:count], y[:count], engine=engine, **options)
        found[engine] = net.parameters
    tolerance = 1e-4 if dtype == "float32" else 1e-12
    for parameter, expected in found["numpy"].items():
        np.testing.assert_allclose(found["llvm"][parameter], expected, tolerance, tolerance)


@pytest.mark.skipif(host() is None, reason="the compiler does not know this processor")
def test_a_value_of_several_parts_stays_where_it_is(rng: np.random.Generator) -> None:
    x = syn0.Input((2048,))
    both = syn0.Concatenate()(x, syn0.BatchNormalization()(x))  # made in two phases
    net = syn0.Model(x, syn0.Dense(3)(syn0.Activation("relu")(both)), dtype="float64")
    X, y = rng.standard_normal((512, 2048)), np.arange(512) % 3
    wanted = {}
    for engine, threads in (("numpy", 1), ("llvm", 1), ("llvm", 2), ("llvm", 9)):
        again = net.anew(random_state=0)
        how = {"engine": engine, "threads": threads, "loss": "cross_entropy"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # more threads than processors
            wanted[engine, threads] = again.step(X, y, **how)["loss"]
    for loss in wanted.values():
        assert loss == pytest.approx(wanted["numpy", 1], rel=1e-10)
