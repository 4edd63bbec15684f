"""`syn0 lesson`: four rows, sixteen weights, ten thousand steps; every number can be seen.

The network has three inputs, four hidden units and one output, no biases. It learns y = 1
where exactly one of the first two columns is 1; the third column is always 1.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import syn0
from syn0.diagnosis import Verdict
from syn0.errors import ArgumentError, UnknownNameError, did_you_mean
from syn0.lab.page import Page

X = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
Y = np.array([[0], [1], [1], [0]])
TEST_ROW = np.array([1, 0, 0])
TAUGHT_ROW = np.array([1, 0, 1])

EPOCHS = 10_000
LEARNING_RATE = 0.1
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "swish", "gelu", "linear")
NAMES = {
    "x": "layer0",
    "hidden": "layer1",
    "output": "layer2",
    "z_hidden": "z1",
    "z_output": "z2",
    "W_hidden": "syn0",
    "W_output": "syn1",
}

_ABOUT = {
    "sigmoid": "1 / (1 + exp(-z)): every output lies between 0 and 1",
    "tanh": "between -1 and 1, and steeper than the sigmoid around 0",
    "relu": "max(0, z): nothing below 0, z itself above",
    "leaky_relu": "z above 0, a fifth of z below, so that the slope is never 0",
    "elu": "z above 0, exp(z) - 1 below: bends towards -1",
    "swish": "z / (1 + exp(-z)): like ReLU, but smooth",
    "gelu": "z * Phi(z), with Phi the distribution function of the normal distribution",
    "linear": "z itself: no activation at all",
}


# ----- the network --------------------------------------------------------


def network(activation: str = "sigmoid") -> syn0.Sequential:
    """Return the lesson's network with its first weights.

    Parameters
    ----------
    activation : str
        That of the hidden layer; the output keeps its sigmoid.

    Examples
    --------
    >>> network().parameters["W_output"].shape
    (4, 1)
    """
    check_activation(activation)
    net = syn0.Sequential(
        syn0.Dense(4, activation=activation, use_bias=False, name="hidden"),
        syn0.Dense(1, activation="sigmoid", use_bias=False, name="output"),
        random_state=1,
        dtype="float64",
    )
    net.build((3,))
    random = np.random.RandomState(1)
    net.set_parameters(
        {
            "W_hidden": 2 * random.random_sample((3, 4)) - 1,
            "W_output": 2 * random.random_sample((4, 1)) - 1,
        }
    )
    return net


def check_activation(activation: str) -> None:
    """Raise unless this is one of the lesson's activations."""
    if activation not in ACTIVATIONS:
        raise UnknownNameError(
            f"the lesson has no activation {activation!r}.",
            where="--activation",
            expected=", ".join(ACTIVATIONS),
            mend=did_you_mean(activation, ACTIVATIONS),
        )


def settings() -> dict[str, Any]:
    """Return the arguments of `fit` that make it the lesson's training."""
    return {
        "loss": syn0.losses.HalfSquaredError(reduction="sum"),
        "optimizer": syn0.SGD(LEARNING_RATE),
        "batch_size": None,
        "shuffle": False,
        "metrics": [],
    }


@dataclass(frozen=True)
class Result:
    """What training came to.

    Parameters
    ----------
    losses : list of float
        The loss before each step.
    outputs : array, (4,)
        The answers to the four rows.
    test, taught : float
        The answers to the test row, and to the same row with its third column on.
    dead : Verdict or None
        What is said of hidden units that give 0 to all four rows and so have slope 0.
    """

    losses: list[float]
    outputs: NDArray[Any]
    test: float
    taught: float
    dead: Verdict | None


def train(activation: str = "sigmoid", until: float | None = None) -> Result:
    """Train the lesson's network for 10,000 steps, or until the loss is acceptable."""
    net = network(activation)
    callbacks = []
    if until is not None:
        if not (math.isfinite(until) and until > 0):
            raise ArgumentError(
                f"the error to stop at is {until!r}.",
                where="--until",
                expected="a number above 0, such as 0.01",
            )
        callbacks = [
            syn0.EarlyStopping(
                monitor="loss", patience=EPOCHS, restore_best=False, target=float(until)
            )
        ]
    history = net.fit(
        X, Y, epochs=EPOCHS, callbacks=callbacks, verbose=0, engine="numpy", **settings()
    )
    found = net.diagnose(X, Y)
    return Result(
        losses=history["loss"],
        outputs=net.predict(X)[:, 0],
        test=float(net.predict_one(TEST_ROW)[0]),
        taught=float(net.predict_one(TAUGHT_ROW)[0]),
        dead=next((verdict for verdict in found if verdict.kind == "dead_units"), None),
    )


def program(activation: str = "sigmoid") -> str:
    """Return the lesson as a program in NumPy alone, with the lesson's own names."""
    net = network(activation)
    return net.code(X, Y, epochs=EPOCHS, names=NAMES, predict=TEST_ROW[None, :], **settings())


# ----- what the command prints --------------------------------------------


def show(page: Page, activation: str = "sigmoid", until: float | None = None) -> Result:
    """Print the lesson: the data, the falling loss, the answers, and why they are so."""
    result = train(activation, until)
    page.title("A network learns four rows")
    page.say(
        "The answer y is 1 where exactly one of the first two columns is 1. No straight line "
        "separates those rows from the others, so a single neuron cannot learn this."
    )
    page.table(["x1", "x2", "x3", "y"], [[*row, *answer] for row, answer in zip(X, Y, strict=True)])
    page.say(
        f"Network: 3 inputs, 4 hidden units ({activation}), 1 output (sigmoid); no biases, so "
        "16 weights. They start between -1 and 1, drawn from RandomState(1)."
    )
    if activation != "sigmoid":
        page.say(f"{activation} is {_ABOUT[activation]}.")
    page.say(
        f"Training: gradient descent, step size {LEARNING_RATE}, on half the summed squared "
        "error; each step sees all four rows."
    )
    page.heading("The loss falls")
    _show_losses(page, result.losses)
    if until is not None:
        page.say(_reached(result.losses, until))
    page.heading("What the network says now")
    page.table(
        ["x1", "x2", "x3", "y", "output"],
        [
            [*row, *answer, f"{output:.3f}"]
            for row, answer, output in zip(X, Y, result.outputs, strict=True)
        ],
    )
    for line in _remarks(activation, result):
        page.say(line)
    page.heading("A row it has never seen: [1, 0, 0]")
    page.table(
        ["x1", "x2", "x3", "output"],
        [[*TEST_ROW, f"{result.test:.8f}"], [*TAUGHT_ROW, f"{result.taught:.8f}"]],
    )
    for line in _about_the_test_row(result):
        page.say(line)
    if activation == "sigmoid" and until is None:
        page.heading("Go on")
        page.command("syn0 lesson --step", "one step of training with all its numbers")
        page.command("syn0 lesson --code", "the program that ran, in NumPy alone")
        page.command("syn0 lesson --activation linear", "the same without an activation")
        page.command("syn0 lesson --until 0.01", "stop at an acceptable error")
    return result


def _show_losses(page: Page, losses: list[float]) -> None:
    marks = [1, 10, 100, 1_000, 2_000, 5_000, 10_000]
    shown = sorted({mark for mark in marks if mark < len(losses)} | {len(losses)})
    page.table(["step", "loss"], [[f"{step:,}", f"{losses[step - 1]:.6f}"] for step in shown])
    page.curve(losses, x_label="steps")


def _reached(losses: list[float], until: float) -> str:
    if losses[-1] <= until:
        return f"An error of {until:g} was acceptable, and was reached at step {len(losses):,}."
    return (
        f"An error of {until:g} was asked for and not reached: after {len(losses):,} steps "
        f"it is {losses[-1]:.6f}."
    )


def _remarks(activation: str, result: Result) -> Iterator[str]:
    """Say what stands out in the answers, from the numbers."""
    undecided = np.abs(result.outputs - 0.5) < 0.01
    if result.dead is not None:
        yield f"{result.dead.message}; try --activation leaky_relu"
        yield (
            "Where the output is 0 the slope is 0 too, so the gradient of their weights is 0, and "
            "no further step can wake them. The neurons that are left must do the work alone."
        )
    if activation == "linear" and undecided.all():
        yield (
            "All four answers stay at .5, however long it trains. Without an activation the two "
            "layers are one: (X @ syn0) @ syn1 = X @ (syn0 @ syn1), a single neuron with three "
            "weights. It can draw only one straight line, and with two rows of each kind on "
            "opposite corners the best it can do is .5 for all."
        )
    elif undecided.any():
        rows = " and ".join(str(row + 1) for row in np.flatnonzero(undecided))
        yield f"Rows {rows} stay at .5: to this network they look alike, and it guesses."
    elif ((result.outputs > 0.5) == (Y[:, 0] == 1)).all():
        yield "All four answers lie on the right side of .5."


def _about_the_test_row(result: Result) -> Iterator[str]:
    side = "nearer 1 than 0" if result.test > 0.5 else "not nearer 1 than 0"
    if abs(result.test - 0.5) < 0.01:
        yield "It has learned nothing that it could say about this row."
    elif result.taught - result.test > 0.05:
        yield (
            f"The answer is {side}. Why not nearer still? In all four rows that it "
            "learned from, the third column is 1, so the weights of that column act as the bias "
            "of every hidden unit. The test row sets it to 0 and turns the bias off: a question "
            "unlike any that was taught. With the third column at 1, as in training, the same "
            f"row gives {result.taught:.8f}."
        )
    else:
        yield (
            f"The answer is {side}, though the third column, which is 1 in all rows that it "
            "learned from and plays the bias, is turned off in this one."
        )


# ----- one step with all numbers ------------------------------------------


@dataclass(frozen=True)
class Line:
    """A statement of the printed program, and the array it made."""

    section: str
    text: str
    name: str
    value: NDArray[Any]


def trace(activation: str = "sigmoid") -> list[Line]:
    """Run one step of the printed program, one statement at a time."""
    source = program(activation)
    lines = source.splitlines()
    tree = ast.parse(source)
    loop = next(node for node in tree.body if isinstance(node, ast.For))
    space: dict[str, Any] = {"__name__": "lesson"}
    before = ast.Module(tree.body[: tree.body.index(loop)], [])
    exec(compile(before, "<lesson>", "exec"), space)  # noqa: S102 (our own printed program)
    found = []
    section, seen = "", loop.lineno
    for statement in loop.body:
        if not isinstance(statement, ast.Assign):
            continue  # a line that reports progress
        for line in lines[seen : statement.lineno]:
            section = line.strip(" #") if line.strip().startswith("#") else section
        seen = statement.lineno
        exec(compile(ast.Module([statement], []), "<lesson>", "exec"), space)  # noqa: S102
        (target,) = statement.targets
        assert isinstance(target, ast.Name)
        text = ast.get_source_segment(source, statement) or ""
        found.append(Line(section, " ".join(text.split()), target.id, np.array(space[target.id])))
    return found


_SECTIONS = {
    "forward": "Each layer is the one before, weighted and summed, then bent by the activation.",
    "loss": "How far the answers are from y, in one number.",
    "backward": (
        "d_syn1 is the slope of the loss for each weight of syn1: how fast the loss rises as the "
        "weight grows. z1 and z2 are the weighted sums before the activations; their slopes come "
        "first, the last layer's before the first layer's."
    ),
    "update": "Each weight takes a step of learning_rate against its slope.",
}


def show_step(page: Page, activation: str = "sigmoid") -> None:
    """Print one iteration with all its numbers, forward, then backward."""
    net = network(activation)
    start = net.parameters
    page.title("One step of training, with all its numbers")
    page.say(
        "This is the loop of the program that `syn0 lesson --code` prints, run once, line by "
        "line, with what each line makes below it."
    )
    page.heading("Before")
    page.array("layer0", X)
    page.array("y", Y)
    page.array("syn0", start["W_hidden"])
    page.array("syn1", start["W_output"])
    page.array("learning_rate", np.array(LEARNING_RATE))
    section = ""
    for line in trace(activation):
        if not line.section:
            continue  # the batch, which is all rows
        if line.section != section:
            section = line.section
            page.heading(section.capitalize())
            page.say(_SECTIONS[section])
        page.statement(line.text, line.name, line.value)
    before = net.step(X, Y, **settings())["loss"]
    after = net.evaluate(X, Y)["loss"]
    page.heading("After")
    page.say(f"The loss went from {before:.6f} to {after:.6f}. Training is this, {EPOCHS:,} times.")
