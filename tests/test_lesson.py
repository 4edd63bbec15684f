"""`syn0 lesson` is the lesson, to the last digit, and says why things are as they are."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from syn0.errors import ArgumentError, UnknownNameError
from syn0.lab import lesson
from syn0.lab.page import Page

ROOT = Path(__file__).parents[1]


def printed(show: object, *arguments: object) -> str:
    """Return what a function prints on a page, in one line, single-spaced."""
    assert callable(show)
    stream = io.StringIO()
    show(Page(Console(file=stream, width=100, highlight=False, markup=False)), *arguments)
    return " ".join(stream.getvalue().split())


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def by_hand(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The lesson's own program, written here again as its text says."""
    random = np.random.RandomState(1)
    first, second = 2 * random.random_sample((3, 4)) - 1, 2 * random.random_sample((4, 1)) - 1
    for _ in range(steps):
        hidden = sigmoid(lesson.X @ first)
        output = sigmoid(hidden @ second)
        delta = (lesson.Y - output) * output * (1 - output)
        hidden_delta = delta @ second.T * hidden * (1 - hidden)
        second = second + 0.1 * hidden.T @ delta
        first = first + 0.1 * lesson.X.T @ hidden_delta
    return first, second


@pytest.fixture(scope="module")
def sigmoid_result() -> lesson.Result:
    return lesson.train()


# ----- the numbers --------------------------------------------------------


def test_the_lesson_gives_its_answers(sigmoid_result: lesson.Result) -> None:
    assert sigmoid_result.outputs.round(3).tolist() == [0.035, 0.955, 0.962, 0.053]
    assert f"{sigmoid_result.test:.8f}" == "0.69751395"
    assert f"{sigmoid_result.taught:.8f}" == "0.96202137"


def test_the_loss_falls_at_every_step(sigmoid_result: lesson.Result) -> None:
    assert len(sigmoid_result.losses) == 10_000
    assert (np.diff(sigmoid_result.losses) < 0).all()


def test_the_network_starts_with_the_lessons_weights() -> None:
    first, second = by_hand(0)
    parameters = lesson.network().parameters
    assert (parameters["W_hidden"] == first).all()
    assert (parameters["W_output"] == second).all()


def test_linear_stays_at_a_half_and_says_why() -> None:
    result = lesson.train("linear")
    assert np.abs(result.outputs - 0.5).max() < 1e-3
    text = printed(lesson.show, "linear")
    assert "0.500" in text
    assert "a single neuron with three weights" in text


def test_relu_leaves_two_units_dead_and_says_so() -> None:
    text = " ".join(printed(lesson.show, "relu").split())
    assert (
        "2 of 4 neurons of `hidden` are dead: they output 0 for all 4 samples; "
        "try --activation leaky_relu" in text
    )


def test_leaky_relu_learns_as_advised() -> None:
    losses = lesson.train("leaky_relu").losses
    assert losses[-1] < 0.01 < losses[0]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("activation", ["tanh", "leaky_relu", "elu", "swish", "gelu"])
def test_the_others_learn_the_four_rows(activation: str) -> None:
    result = lesson.train(activation)
    assert ((result.outputs > 0.5) == (lesson.Y[:, 0] == 1)).all()
    assert result.dead is None
    assert "right side of .5" in printed(lesson.show, activation)


def test_until_stops_at_the_first_acceptable_loss(sigmoid_result: lesson.Result) -> None:
    result = lesson.train(until=0.01)
    first = next(i for i, loss in enumerate(sigmoid_result.losses) if loss <= 0.01)
    assert result.losses == sigmoid_result.losses[: first + 1]
    assert f"reached at step {first + 1:,}" in printed(lesson.show, "sigmoid", 0.01)


def test_until_says_when_it_was_not_reached() -> None:
    assert "not reached" in printed(lesson.show, "relu", 0.01)


# ----- the program --------------------------------------------------------


def run_without_syn0(path: Path) -> str:
    code = (
        "import sys, runpy\n"
        "sys.modules['syn0'] = None\n"
        f"runpy.run_path({str(path)!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.sampled(3)
@pytest.mark.parametrize("activation", lesson.ACTIVATIONS)
def test_the_program_gives_the_same_answer_with_numpy_alone(
    activation: str, tmp_path: Path
) -> None:
    path = tmp_path / "program.py"
    path.write_text(lesson.program(activation), encoding="utf-8")
    answer = run_without_syn0(path).split()[-1].strip("[]")
    # NumPy prints 8 decimals.
    assert float(answer) == pytest.approx(lesson.train(activation).test, abs=1e-8)


def test_the_program_speaks_the_lessons_words() -> None:
    text = lesson.program()
    for name in ("syn0", "syn1", "layer0", "layer1", "layer2"):
        assert name in text
    assert "import syn0" not in text
    assert "hidden" not in text
    assert "layer2 * (1 - layer2)" in text


def test_the_example_prints_the_same_digits() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / "lesson.py")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[0.69751395]"


# ----- one step -----------------------------------------------------------


def test_a_step_is_shown_forward_then_backward_with_all_numbers() -> None:
    lines = lesson.trace()
    values = {line.name: line.value for line in lines}
    first, second = by_hand(1)
    assert np.allclose(values["syn0"], first, rtol=1e-12)
    assert np.allclose(values["syn1"], second, rtol=1e-12)
    order = [line.name for line in lines]
    assert order.index("layer1") < order.index("layer2") < order.index("syn0")
    sections = list(dict.fromkeys(line.section for line in lines))
    words = " ".join(sections)
    assert words.index("forward") < words.index("backward") < words.index("update")


def test_a_step_prints_the_outputs_of_both_layers() -> None:
    text = printed(lesson.show_step)
    start, _ = by_hand(0)
    hidden = sigmoid(lesson.X @ start)
    for number in hidden.ravel():
        assert f"{number:.6f}".rstrip("0") in text


# ----- wrong values -------------------------------------------------------


def test_an_unknown_activation_names_the_choices() -> None:
    with pytest.raises(UnknownNameError, match="leaky_relu"):
        lesson.network("sigmod")


@pytest.mark.parametrize("until", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_error_is_refused(until: float) -> None:
    with pytest.raises(ArgumentError, match="--until"):
        lesson.train(until=until)
