"""`syn0 study descent`: where the gradient points, and how long a step may be."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import syn0
from syn0.lab import lesson
from syn0.lab.page import spread
from syn0.lab.study import Chart, Claim, Curve, Scale, Study

STEP_SIZES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
TOO_SMALL, RIGHT, TOO_BIG = 0.001, 0.1, 100.0
ACCEPTABLE = 0.01
BOWL_STEPS = (0.1, 1.0, 1.9, 2.1)  # in units of 1 / the sharpest curvature
_NUDGE = 1e-3


def run(scale: Scale) -> Study:
    """Measure directions at random weights, and step sizes on two networks."""
    directions = [_directions(seed, scale.pick(300, 20)) for seed in range(scale.seeds)]
    epochs = scale.pick(lesson.EPOCHS, 60)
    losses = {
        rate: [_lesson_losses(seed, rate, epochs) for seed in range(scale.seeds)]
        for rate in STEP_SIZES
    }
    bowls = [_bowl(seed, scale.pick(60, 20)) for seed in range(scale.seeds)]
    return Study(
        name="gradient descent",
        question=(
            "Is the gradient the way of steepest increase? Does walking against it bring the "
            "error down, and what happens when the steps are too small or too big?"
        ),
        seeds=scale.seeds,
        charts=[
            _direction_chart(directions),
            _step_chart(losses, epochs),
            _bowl_chart(bowls),
        ],
        claims=_claims(directions, losses, bowls),
        curves=[
            Curve("the lesson's network: loss against steps", f"step {rate:g}", _steps(runs), runs)
            for rate, runs in losses.items()
        ],
        log_x=True,
    )


def _steps(runs: list[list[float]]) -> list[float]:
    return [float(step) for step in range(1, len(runs[0]) + 1)]


# ----- directions ---------------------------------------------------------


def _weights(seed: int) -> dict[str, NDArray[Any]]:
    random = np.random.RandomState(seed)
    return {
        "W_hidden": 2 * random.random_sample((3, 4)) - 1,
        "W_output": 2 * random.random_sample((4, 1)) - 1,
    }


def _directions(seed: int, count: int) -> dict[str, float]:
    """Return the change of the loss for a tiny step along, against and across the gradient."""
    net = lesson.network()
    net.step(lesson.X, lesson.Y, **lesson.settings())  # from here on the loss is the lesson's
    start = _weights(seed)
    net.set_parameters(start)
    gradient = net.gradients(lesson.X, lesson.Y)
    random = np.random.default_rng(seed)

    def change(direction: dict[str, NDArray[Any]]) -> float:
        length = np.sqrt(sum(float((d**2).sum()) for d in direction.values()))
        net.set_parameters({k: start[k] + _NUDGE * d / length for k, d in direction.items()})
        return net.evaluate(lesson.X, lesson.Y)["loss"] - here

    here = net.evaluate(lesson.X, lesson.Y)["loss"]
    others = [
        change({k: random.standard_normal(v.shape) for k, v in start.items()}) for _ in range(count)
    ]
    return {
        "along": change(gradient),
        "against": change({k: -v for k, v in gradient.items()}),
        "steepest": max(others),
        "typical": float(np.median(np.abs(others))),
    }


def _direction_chart(found: list[dict[str, float]]) -> Chart:
    per_step = {key: [f[key] / _NUDGE for f in found] for key in found[0]}
    return Chart(
        "Which way is up?",
        f"The lesson's network at random weights. A step of length {_NUDGE:g} changes the loss by "
        "this much per unit of length.",
        ["direction", "change of the loss"],
        [
            ["along the gradient", spread(per_step["along"], 4)],
            ["steepest of the random directions", spread(per_step["steepest"], 4)],
            ["a typical random direction, up or down", spread(per_step["typical"], 4)],
            ["against the gradient", spread(per_step["against"], 4)],
        ],
    )


# ----- step sizes ---------------------------------------------------------


def _lesson_losses(seed: int, rate: float, epochs: int) -> list[float]:
    net = lesson.network()
    net.set_parameters(_weights(seed))
    options = {**lesson.settings(), "optimizer": syn0.SGD(rate)}
    history = net.fit(lesson.X, lesson.Y, epochs=epochs, verbose=0, **options)
    return list(history["loss"])


def steps_until(losses: list[float], acceptable: float) -> int | None:
    """Return the first step at which the loss was acceptable, None if it never was.

    Examples
    --------
    >>> steps_until([0.5, 0.2, 0.1], 0.2), steps_until([0.5], 0.2)
    (2, None)
    """
    return next((i + 1 for i, loss in enumerate(losses) if loss <= acceptable), None)


def rising_share(losses: list[float]) -> float:
    """Return the share of steps after which the loss was higher than before.

    Examples
    --------
    >>> rising_share([3.0, 2.0, 2.5])
    0.5
    """
    return float(np.mean(np.diff(losses) > 0))


def _step_chart(losses: dict[float, list[list[float]]], epochs: int) -> Chart:
    rows = []
    for rate, runs in losses.items():
        needed = [steps_until(run, ACCEPTABLE) for run in runs]
        done = [n for n in needed if n is not None]
        rows.append(
            [
                f"{rate:g}",
                spread([run[-1] for run in runs], 4),
                f"{np.median(done):,.0f}" if done else "never",
                f"{len(done)} of {len(runs)}",
                f"{100 * np.mean([rising_share(run) for run in runs]):.2f} %",
            ]
        )
    return Chart(
        "How long a step?",
        f"The lesson's network from random weights, {epochs:,} steps; an error of {ACCEPTABLE:g} "
        "counts as acceptable.",
        ["step size", "loss at the end", "steps to acceptable", "reached", "steps that went up"],
        rows,
    )


# ----- a bowl, where theory knows the answer ------------------------------


def _bowl(seed: int, epochs: int) -> dict[float, float]:
    """Return by step size how many times larger the error of a line fit ends than it began."""
    random = np.random.default_rng(seed)
    X = random.standard_normal((100, 3)) * [1.0, 2.0, 0.5]
    y = X @ np.array([[1.0], [-2.0], [3.0]])
    sharpest = float(np.linalg.eigvalsh(X.T @ X / len(X))[-1])
    found = {}
    for factor in BOWL_STEPS:
        net = syn0.Sequential(syn0.Dense(1, use_bias=False), random_state=seed, dtype="float64")
        history = net.fit(
            X,
            y,
            loss="half_squared_error",
            optimizer=syn0.SGD(factor / sharpest),
            epochs=epochs,
            batch_size=None,
            shuffle=False,
            metrics=[],
            verbose=0,
        )
        found[factor] = history["loss"][-1] / history["loss"][0]
    return found


def _bowl_chart(bowls: list[dict[float, float]]) -> Chart:
    return Chart(
        "Where does too big begin?",
        "A single neuron without activation has an error like a bowl. Theory puts the limit at 2 "
        "divided by the bowl's sharpest curvature; step sizes below are in units of 1 / curvature.",
        ["step size x curvature", "error at the end / at the start, median"],
        [[f"{f:g}", f"{np.median([bowl[f] for bowl in bowls]):.2g}"] for f in BOWL_STEPS],
    )


# ----- claims -------------------------------------------------------------


def _claims(
    directions: list[dict[str, float]],
    losses: dict[float, list[list[float]]],
    bowls: list[dict[float, float]],
) -> list[Claim]:
    ends = {rate: np.array([run[-1] for run in runs]) for rate, runs in losses.items()}
    small, right, big = (np.log10(ends[rate]) for rate in (TOO_SMALL, RIGHT, TOO_BIG))
    return [
        Claim(
            "The gradient points in the direction of steepest increase.",
            "doublings of the slope, along the gradient against the steepest random direction",
            [float(np.log2(f["along"] / f["steepest"])) for f in directions],
        ),
        Claim(
            "A step against the gradient reduces the error.",
            "fall of the loss against it, as a share of the rise along it",
            [-f["against"] / f["along"] for f in directions],
        ),
        Claim(
            "Repeated, such steps bring the error to an acceptable level.",
            f"{ACCEPTABLE:g} minus the loss at the end, step size {RIGHT:g}",
            [ACCEPTABLE - run[-1] for run in losses[RIGHT]],
        ),
        Claim(
            "Too small a step learns too slowly.",
            f"powers of ten between the losses at the end, step {TOO_SMALL:g} against {RIGHT:g}",
            list(small - right),
        ),
        Claim(
            "Too big a step does not settle.",
            f"powers of ten between the losses at the end, step {TOO_BIG:g} against {RIGHT:g}",
            list(big - right),
        ),
        Claim(
            "In a bowl, steps below 2 / curvature lead down and steps above it lead up.",
            "powers of ten of error lost just below the limit, or gained just above; the smaller",
            [min(-np.log10(bowl[1.9]), np.log10(bowl[2.1])) for bowl in bowls],
        ),
    ]
