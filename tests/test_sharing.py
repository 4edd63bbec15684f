"""Networks that are alike share what is drawn and compiled of them, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import syn0
from syn0.networks import Network
from syn0.sharing import shared

X = np.random.default_rng(0).normal(size=(30, 3)).astype("float32")
y = X[:, :1] * X[:, 1:2]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which programs are drawn."""
    shared.clear()
    kinds: list[str] = []
    program = syn0.Model.program

    def noted(net: Any, kind: str, **options: Any) -> Any:
        kinds.append(kind)
        return program(net, kind, **options)

    monkeypatch.setattr(syn0.Model, "program", noted)
    return kinds


def network(
    seed: int, activation: Any = "tanh", rate: float = 0.1, **options: Any
) -> syn0.Sequential:
    hidden = syn0.Dense(4, activation=activation, name="hidden")
    return syn0.Sequential(
        replace(hidden, **options), syn0.Dropout(rate), syn0.Dense(1), random_state=seed
    )


def trained(net: Any, **options: Any) -> Any:
    net.fit(X, y, epochs=2, batch_size=8, verbose=0, **options)
    return net.predict(X)


@pytest.mark.parametrize("engine", ["numpy", "auto"])
def test_other_numbers_draw_nothing_anew(engine: str, drawn: list[str]) -> None:
    first = trained(network(0), engine=engine, optimizer=syn0.Adam(0.01))
    assert sorted(drawn) == ["predict", "train_step"]
    other = network(1, rate=0.4)
    second = trained(other, engine=engine, optimizer=syn0.Adam(0.5, beta_1=0.8))
    assert len(drawn) == 2
    assert np.abs(first - second).max() > 1e-3
    shared.clear()
    alone = trained(network(1, rate=0.4), engine=engine, optimizer=syn0.Adam(0.5, beta_1=0.8))
    assert (alone == second).all()  # the same bits, whoever came before


DIFFERENT: dict[str, Callable[[], Network]] = {
    "activation": lambda: network(0, "relu"),
    "units": lambda: network(0, units=5),
    "name": lambda: network(0, name="other"),
    "bias": lambda: network(0, use_bias=False),
    "penalty": lambda: network(0, kernel_penalty=syn0.L2(0.1)),
    "frozen": lambda: network(0).freeze("hidden"),
    "dtype": lambda: syn0.Sequential(*network(0).layers.values(), random_state=0, dtype="float64"),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("change", DIFFERENT)
def test_another_network_is_drawn_anew(change: str, drawn: list[str]) -> None:
    trained(network(0))
    drawn.clear()
    trained(DIFFERENT[change]())
    assert "train_step" in drawn


def test_a_function_of_ones_own_is_drawn_each_time(drawn: list[str]) -> None:
    slope = 1.0

    def bent(x: Any) -> Any:
        return syn0.ops.maximum(x, slope * x)

    first = trained(network(0, bent))
    slope = 0.0
    second = trained(network(0, bent))
    assert drawn.count("train_step") == 2
    assert not np.array_equal(first, second)


def test_two_that_train_by_turns_keep_their_numbers_apart() -> None:
    together, alone = [network(0), network(1)], [network(0), network(1)]
    for _ in range(3):
        for net in together:
            net.fit(X, y, epochs=1, batch_size=8, verbose=0)
    for net in alone:
        for _ in range(3):
            net.fit(X, y, epochs=1, batch_size=8, verbose=0)
    for ours, theirs in zip(together, alone, strict=True):
        for name, value in ours.parameters.items():
            assert (value == theirs.parameters[name]).all(), name
