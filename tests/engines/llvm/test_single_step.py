"""One step at a time is the same step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import syn0
from syn0.engines.llvm.compiling.target import host

from trainings import digest  # isort: skip

pytestmark = pytest.mark.skipif(host() is None, reason="the compiler does not know this processor")


def network(dtype: str) -> syn0.Sequential:
    return syn0.Sequential(
        syn0.Dense(7, activation="relu", name="hidden"), syn0.Dropout(0.1),
        syn0.Dense(3, activation="softmax"), random_state=2, dtype=dtype,
    )  # fmt: skip


def data(rows: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return rng.normal(size=(8 * rows, 4)).astype(dtype), rng.integers(0, 3, 8 * rows)


def bound(net: Any, X: Any, y: Any, **more: Any) -> Any:
    trainer = net._trainer
    executable = net.executable("train_step", task=trainer.task, plan=trainer.plan)
    return executable.single_step(net.numbers, {"x": X, "y": y, **more})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 5])
def test_it_is_the_step_of_a_fit(rows: int, dtype: str) -> None:
    X, y = data(rows, dtype)
    nets = [network(dtype), network(dtype)]
    for net in nets:
        net.step(X[:rows], y[:rows])
    step, losses = bound(nets[0], X[:rows], y[:rows]), []
    for first in range(rows, 8 * rows, rows):
        part = slice(first, first + rows)
        step.inputs["x"][...], step.inputs["y"][...] = X[part], y[part]
        assert step.fits(nets[0].numbers, {"x": X[part], "y": y[part]})
        if first == 4 * rows:  # what its owner changes between two steps counts
            for net in nets:
                net.set_parameters({"learning_rate": 0.1, "W_hidden": net.numbers["W_hidden"] * 2})
        losses.append((step(), nets[1].step(X[part], y[part])))
        assert digest(nets[0]) == digest(nets[1])
    for totals, logs in losses:
        assert totals["loss_total"] / totals["weight_total"] == pytest.approx(logs["loss"])
        assert totals["accuracy_total"] / rows == pytest.approx(logs["accuracy"])
    assert not step.fits(nets[1].numbers, {"x": X[part], "y": y[part]})
    assert not step.fits(nets[0].numbers, {"x": X[: rows + 1], "y": y[: rows + 1]})


def test_a_scheduled_rate_comes_with_each_step() -> None:
    X, y = data(1, "float32")
    found = []
    for rates in ((0.1, 0.02), (0.02, 0.1)):
        net = network("float32")
        net.step(X[:1], y[:1], optimizer=syn0.SGD(syn0.ExponentialDecay(0.1, 1, 0.5)))
        step = bound(net, X[:1], y[:1], learning_rate=np.asarray(0.0))
        for rate in rates:
            step.fill("learning_rate", rate)
            before = net.numbers["W_hidden"].copy()
            assert step() is not None
            found.append(np.abs(net.numbers["W_hidden"] - before).max())
    assert found[0] > 3 * found[1]
    assert found[3] > 3 * found[2]


def test_what_is_not_finite_leaves_the_state_alone() -> None:
    X, y = data(1, "float32")
    net = network("float32")
    net.step(X[:1], y[:1])
    step, before = bound(net, X[:1], y[:1]), digest(net)
    step.inputs["x"][...] = np.inf
    assert step() is None
    assert digest(net) == before
    step.inputs["x"][...] = X[1]
    assert step() is not None
    assert digest(net) != before
