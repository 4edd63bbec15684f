"""Orders of samples, drawn in compiled code or not, are those of NumPy, and so is what follows."""

from __future__ import annotations

import numpy as np
import pytest

from syn0.engines import choose
from syn0.engines.llvm.compiling.target import host
from syn0.neural_network.scikit_learn_rules import ShuffledOrders

ENGINES = ["numpy", *(["llvm"] if host() is not None else [])]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("words", [np.random.MT19937, np.random.PCG64])
@pytest.mark.parametrize("samples", [1, 2, 3, 64, 65, 569])
@pytest.mark.parametrize("count", [0, 4])
def test_orders_are_shuffled_as_numpy_does(
    engine: str, words: type, samples: int, count: int
) -> None:
    ours, theirs = (np.random.RandomState(words(seed=5)) for _ in range(2))
    goal, wanted = np.empty((count, samples), np.int64), np.arange(samples)[::-1].copy()
    choose(engine)[0].shuffle(ours, wanted.copy(), goal)
    for found in goal:
        theirs.shuffle(wanted)
        assert found.tolist() == wanted.tolist()
    assert ours.randint(2**31, size=9).tolist() == theirs.randint(2**31, size=9).tolist()


def test_orders_that_are_asked_for_together_are_those_one_by_one() -> None:
    orders = [ShuffledOrders(9, np.random.RandomState(1), choose()[0]) for _ in range(2)]
    wanted = [orders[0](7 + epoch, 1)[0].tolist() for epoch in range(12)]
    for first, count in ((0, 3), (1, 2), (1, 5), (5, 1), (3, 4), (11, 1)):
        found = orders[1](7 + first, count) if first else orders[1](7, count)
        assert found.tolist() == wanted[first : first + count]
    assert orders[1].epochs == 12
