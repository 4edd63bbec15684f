"""A program bound to a batch gives what it gives unbound, whatever becomes of the state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import syn0
from syn0.engines.llvm.compiling.target import host
from syn0.engines.llvm.running.workspace import Workspace

pytestmark = pytest.mark.skipif(host() is None, reason="the compiler does not know this processor")

PROGRAMS = ["predict", "loss_and_gradient"]


def executable(net: syn0.Sequential, kind: str, batch: dict[str, np.ndarray]) -> Any:
    task, _ = net._trainer.given(batch["x"], batch["y"], None)
    options = {"task": task, "trainable": tuple(net.trainable())}
    return net.executable(kind, **({} if kind == "predict" else options))


@pytest.mark.parametrize("kind", PROGRAMS)
@pytest.mark.parametrize("rows", [1, 37, 300])
def test_a_bound_program_follows_the_state(
    kind: str, rows: int, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = syn0.Sequential(
        syn0.Dense(7, name="hidden"), syn0.BatchNormalization(), syn0.PReLU(), syn0.Dense(2),
        random_state=0,
    ).build((5,))  # fmt: skip
    given = {"x": rng.normal(size=(rows, 5)), "y": rng.normal(size=(rows, 2))}
    batch = {name: x.astype("float32") for name, x in given.items()}
    run = executable(net, kind, batch)
    bound, state = run.bound(batch), dict(net.numbers)
    kept = []
    for change in ("nothing", "another array", "in place", "by row"):
        if change == "another array":
            state["W_hidden"] = state["W_hidden"] + np.float32(0.5)
        elif change == "in place":
            state["W_hidden"] *= np.float32(0.5)
        elif change == "by row":  # not in the order that programs read
            state["W_hidden"] = np.asfortranarray(rng.normal(size=(5, 7)).astype("float32"))
        wanted, found = run.run(state, batch), bound(state)
        kept.append((wanted, found))
    for wanted, found in kept:  # what was returned before is not written to
        for ours, theirs in zip(found, wanted, strict=True):
            assert ours.keys() == theirs.keys()
            for name, value in ours.items():
                np.testing.assert_array_equal(value, theirs[name])
    monkeypatch.setattr(Workspace, "__init__", None)  # nothing is bound to new memory
    bound(state)


def test_minimizing_binds_its_data_once(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.random.default_rng(0).normal(size=(50, 4))
    net = syn0.Sequential(syn0.Dense(3, "tanh"), syn0.Dense(1), random_state=0)
    net.fit(X, X[:, :1], optimizer=syn0.LBFGS(), epochs=1, verbose=0)
    bound = []
    kind = type(net.executable("predict"))
    plain = kind.bound
    monkeypatch.setattr(kind, "bound", lambda *given: bound.append(1) or plain(*given))
    net.fit(X, X[:, :1], epochs=9, verbose=0)
    assert len(bound) == 1
