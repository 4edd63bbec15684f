"""The full counts: ``pytest tests/soak``. The usual tests draw a sample of the same."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import conftest
import pytest
from graphs import Drawn, graphs
from hypothesis import given, settings

for room in ("ops", "engines", "engines/llvm", "diagnosis", "files", "neural_network"):
    sys.path.insert(0, str(Path(__file__).parents[1] / room))

import test_hostile  # noqa: E402
import test_image_networks  # noqa: E402
import test_life_of_a_perceptron  # noqa: E402
import test_life_of_an_estimator  # noqa: E402
import test_numpy  # noqa: E402
import test_perceptron_parity  # noqa: E402
import test_plan  # noqa: E402
import test_printed_programs  # noqa: E402
import test_random_graphs  # noqa: E402
import test_registry  # noqa: E402
import test_round_trip  # noqa: E402
import test_same_bits  # noqa: E402
import test_saving  # noqa: E402
import test_simplify  # noqa: E402
import test_verdicts  # noqa: E402
import trainings  # noqa: E402

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


@settings(max_examples=300)
@given(test_image_networks.image_networks(33, ("float32", "float64")))
def test_random_image_networks(drawn: Any) -> None:
    test_image_networks.check(drawn)


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


# ----- the compiler's promises --------------------------------------------


@settings(max_examples=500)
@given(graphs(gradients=True, updates=True))
def test_compiled_graphs(drawn: Drawn) -> None:
    test_random_graphs.check(drawn)


@settings(max_examples=500)
@given(graphs(dtype="float32", updates=True))
def test_compiled_graphs_in_float32(drawn: Drawn) -> None:
    test_random_graphs.check(drawn)


@many
@given(graphs(gradients=True, updates=True))
def test_plans(drawn: Drawn) -> None:
    test_plan.check_fusion(drawn)
    for plan in test_plan.plans_of(drawn):
        test_plan.check_memory(plan)
        test_plan.check_order(plan)


entered = trainings.entered
TRAININGS = [
    trainings.Training(network, optimizer, dtype)
    for place, network in enumerate(trainings.NETWORKS)
    for turn, dtype in enumerate(("float32", "float64"))
    for optimizer in [[*trainings.OPTIMIZERS][(2 * place + turn) % len(trainings.OPTIMIZERS)]]
] + [
    trainings.Training("wide", optimizer, dtype)
    for optimizer in trainings.OPTIMIZERS
    for dtype in ("float32", "float64")
]


@pytest.mark.filterwarnings("ignore:threads=")
@pytest.mark.parametrize(
    "training", TRAININGS, ids=lambda t: f"{t.network}-{t.optimizer}-{t.dtype}"
)
def test_same_bits_always(
    training: trainings.Training, rng: Any, entered: list[int], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    test_same_bits.check_threads(training, entered)
    test_same_bits.check_watched(training)
    test_same_bits.check_splits(training, rng)
    test_same_bits.check_probes(training, rng)
    test_same_bits.check_rows(training, rng)
    test_same_bits.check_processes(training, tmp_path)
    test_same_bits.check_targets(training, monkeypatch)


@pytest.mark.parametrize("whole", [False, True])
def test_guard_pages_at_forty_sizes(whole: bool) -> None:
    layers = len(trainings.NETWORKS)
    script = (
        f"import test_guarded; test_guarded.child({conftest.SEED}, 40, {layers}, whole={whole})"
    )
    trainings.python(script, timeout=3600)


@pytest.mark.parametrize("side", ["end", "begin"])
@pytest.mark.parametrize("turn", range(20))
def test_overruns_are_faults(side: str, turn: int) -> None:
    shift = 1 if side == "end" else -1
    script = f"import test_guarded; test_guarded.overrun({conftest.SEED + turn}, {side!r}, {shift})"
    trainings.python(script, code=-11)


def test_the_checked_build() -> None:
    cases, layers = len(test_registry.ALL), len(trainings.NETWORKS)
    script = f"import test_checked; test_checked.child({conftest.SEED}, {cases}, 200, {layers})"
    trainings.python(script, timeout=3600, SYN0_CHECKED="1")


# ----- verdicts -----------------------------------------------------------


@pytest.mark.parametrize("run", test_verdicts.RUNS, ids=lambda run: run.name)
def test_healthy_trainings_of_ten_seeds(run: Any) -> None:
    for seed in range(10, 20):
        test_verdicts.check_healthy(run, seed)


# ----- estimators ---------------------------------------------------------


class TestLives(test_life_of_an_estimator.Life.TestCase):
    settings = settings(max_examples=100, stateful_step_count=200)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:batch_size=7 is more than")
class TestLivesOfPerceptrons(test_life_of_a_perceptron.PerceptronLife.TestCase):
    settings = settings(max_examples=400, stateful_step_count=50)


@pytest.mark.parametrize("case", range(300))
def test_perceptrons_learn_as_scikit_learns_do(case: int, rng: Any) -> None:
    test_perceptron_parity.check_drawn(case, rng)


# ----- model files --------------------------------------------------------


@pytest.mark.parametrize("turn", range(10))
def test_mutants_of_model_files(turn: int, tmp_path: Path) -> None:
    test_hostile.check_mutants(10_000, conftest.SEED + turn, tmp_path)


def test_two_hundred_kills_while_saving(tmp_path: Path) -> None:
    test_saving.check_kills(200, tmp_path, conftest.SEED)


@pytest.mark.parametrize(
    "training", TRAININGS, ids=lambda t: f"{t.network}-{t.optimizer}-{t.dtype}"
)
def test_round_trips(training: trainings.Training, tmp_path: Path) -> None:
    test_round_trip.check_training(training, tmp_path)
