"""A large state is neither copied in nor out of a span, and nobody's arrays change under them."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
from trainings import digest

import syn0
from syn0.engines.llvm.compiling.target import host
from syn0.engines.llvm.running.state_memory import LARGE, StateMemory, address_of

pytestmark = pytest.mark.skipif(host() is None, reason="the compiler does not know this processor")


def network() -> Any:
    net = syn0.Sequential(syn0.Dense(300, "relu"), syn0.Dense(3), random_state=1).build((500,))
    assert sum(x.nbytes for x in net.numbers.values()) * 3 > LARGE
    return net


@pytest.fixture
def guests(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each state was read where it lay."""
    found: list[bool] = []
    load = StateMemory.load

    def noted(memory: StateMemory, values: Any) -> tuple[int, int]:
        places = load(memory, values)
        found.append(memory.guest is not None)
        return places

    monkeypatch.setattr(StateMemory, "load", noted)
    return found


def data(rng: np.random.Generator, samples: int) -> tuple[Any, Any]:
    return rng.standard_normal((samples, 500)), rng.standard_normal((samples, 3))


@pytest.mark.parametrize("samples", [40, 50])  # 50: a last batch of another plan
def test_fits_go_on_in_the_memory_of_the_last(
    samples: int, guests: list[bool], rng: np.random.Generator
) -> None:
    x, y = data(rng, samples)
    options: dict[str, Any] = {"batch_size": 20, "verbose": 0, "shuffle": False, "engine": "llvm"}
    net, whole = network(), network()
    held, before = [], []
    for _ in range(6):
        net.fit(x, y, epochs=1, **options)
        held.append(dict(net.numbers))
        before.append(digest(held[-1]))
    assert guests[0] is False
    assert all(guests[1:])
    assert [digest(numbers) for numbers in held] == before
    whole.fit(x, y, epochs=6, **options)
    assert digest(whole) == digest(net)


def test_memory_that_nobody_holds_is_used_again(rng: np.random.Generator) -> None:
    x, y = data(rng, 40)
    net = network()
    places = []
    for _ in range(9):
        net.fit(x, y, epochs=1, batch_size=20, verbose=0, engine="llvm")
        gc.collect()
        places.append(address_of(net.numbers["W_dense_1"]))
    assert len(set(places[2:])) <= 3


def test_a_state_that_was_changed_is_copied(guests: list[bool], rng: np.random.Generator) -> None:
    x, y = data(rng, 40)
    net, twin = network(), network()
    for one in (net, twin):
        one.fit(x, y, epochs=1, verbose=0, engine="llvm")
    drawn = rng.standard_normal((500, 300)).astype("float32")
    for one in (net, twin):
        one.set_parameters({"W_dense_1": drawn})
    twin.numbers = {name: value.copy() for name, value in twin.numbers.items()}
    guests.clear()
    for one in (net, twin):
        one.fit(x, y, epochs=2, batch_size=7, verbose=0, engine="llvm")
    assert guests == [False, False]
    assert digest(net) == digest(twin)


def test_a_failed_first_step_changes_nothing(rng: np.random.Generator) -> None:
    x, y = data(rng, 40)
    net = network()
    net.fit(x, y, epochs=1, verbose=0, engine="llvm")
    before = digest(net)
    y[3] = 1e300
    with pytest.raises(syn0.errors.Syn0Error):
        net.fit(x, y, epochs=1, batch_size=20, shuffle=False, verbose=0, engine="llvm")
    assert digest(net) == before
