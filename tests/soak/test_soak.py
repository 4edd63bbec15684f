"""The full counts: ``pytest tests/soak``. The usual tests draw a sample of the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import conftest
import pytest
from graphs import Drawn, graphs
from hypothesis import given, settings

for room in ("ops", "engines"):
    sys.path.insert(0, str(Path(__file__).parents[1] / room))

import test_numpy  # noqa: E402
import test_printed_programs  # noqa: E402
import test_registry  # noqa: E402
import test_simplify  # noqa: E402

many = settings(max_examples=5_000)


# ----- random graphs ------------------------------------------------------


@many
@given(graphs())
def test_simplify_keeps_values(drawn: Drawn) -> None:
    test_simplify.check_simplify(drawn)


@many
@given(graphs(gradients=True))
def test_simplify_keeps_gradients(drawn: Drawn) -> None:
    test_simplify.check_simplify(drawn)


@many
@given(graphs(updates=True))
def test_engine(drawn: Drawn) -> None:
    test_numpy.check_engine(drawn)


@many
@given(graphs(dtype="float32", updates=True))
def test_engine_in_float32(drawn: Drawn) -> None:
    test_numpy.check_engine(drawn)


@many
@given(graphs(gradients=True, updates=True))
def test_engine_with_gradients(drawn: Drawn) -> None:
    test_numpy.check_engine(drawn)


@settings(max_examples=500)
@given(test_printed_programs.networks())
def test_printed_programs_of_random_networks(drawn: Any) -> None:
    test_printed_programs.check_program(drawn)


# ----- samples of ops -----------------------------------------------------

ROUNDS = range(1, 21)


@pytest.fixture(params=ROUNDS)
def another_seed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conftest, "SEED", conftest.SEED + request.param)


@pytest.mark.usefixtures("another_seed")
@pytest.mark.parametrize("case", test_registry.ALL, ids=repr)
def test_values(case: Any) -> None:
    test_registry.test_shape_rule_agrees_with_forward(case)
    test_registry.test_engine_agrees_with_the_plain_values("numpy", case)
    test_registry.test_nan_is_carried(case)


@pytest.mark.usefixtures("another_seed")
@pytest.mark.parametrize("case", test_registry.SMOOTH, ids=repr)
def test_derivatives(case: Any) -> None:
    test_registry.test_derivative_agrees_with_differences_to_second_order(case)


@pytest.mark.usefixtures("another_seed")
@pytest.mark.parametrize(("name", "position"), test_registry.MUTANTS)
def test_mutants(name: str, position: int) -> None:
    test_registry.test_a_derivative_wrong_by_a_thousandth_is_caught(name, position)


x64 = test_registry.x64


@pytest.mark.usefixtures("another_seed", "x64")
@pytest.mark.parametrize("case", test_registry.ALL, ids=repr)
def test_jax(case: Any) -> None:
    test_registry.test_jax_agrees_with_numpy(case)
