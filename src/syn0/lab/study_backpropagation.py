"""`syn0 study backpropagation`: n + 1 forward passes against one backward pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import syn0
from syn0.lab.page import spread
from syn0.lab.study import Chart, Claim, Curve, Scale, Study

HIDDEN = (4, 16, 64, 256)  # units of the hidden layer, full size
QUICK_HIDDEN = (2, 4, 8)
INPUTS, ROWS = 16, 32
_NUDGE = 1e-6


@dataclass(frozen=True)
class Cost:
    """What the gradient of one network cost in one seed.

    Parameters
    ----------
    parameters : int
        Weights and biases, n.
    passes : int
        Forward passes that finite differences took, counted.
    by_differences, by_backpropagation, forward : float
        Seconds for the whole gradient either way, and for one forward pass.
    disagreement : float
        Largest difference of the two gradients, relative to the largest entry.
    """

    parameters: int
    passes: int
    by_differences: float
    by_backpropagation: float
    forward: float
    disagreement: float


def run(scale: Scale) -> Study:
    """Measure both ways to a gradient on networks that grow."""
    sizes = QUICK_HIDDEN if scale.quick else HIDDEN
    costs = {
        hidden: [_measure(hidden, seed, scale.pick(20, 3)) for seed in range(scale.seeds)]
        for hidden in sizes
    }
    numbers = [float(found[0].parameters) for found in costs.values()]
    panel = "milliseconds for one gradient, against parameters"
    return Study(
        name="backpropagation",
        question=(
            "A gradient can be found by nudging each weight and watching the loss: n + 1 forward "
            "passes for n weights. Backpropagation goes through the network once, backwards, by "
            "the chain rule. Does it give the same gradient, and what does each way cost?"
        ),
        seeds=scale.seeds,
        charts=[_chart(costs)],
        claims=_claims(costs),
        curves=[
            Curve(panel, "by nudging", numbers, _runs(costs, lambda c: 1e3 * c.by_differences)),
            Curve(panel, "backwards", numbers, _runs(costs, lambda c: 1e3 * c.by_backpropagation)),
        ],
        log_x=True,
    )


def _runs(costs: dict[int, list[Cost]], of: Callable[[Cost], float]) -> list[list[float]]:
    """Return one line per seed over the sizes."""
    return [[of(cost) for cost in line] for line in zip(*costs.values(), strict=True)]


def _measure(hidden: int, seed: int, repeats: int) -> Cost:
    random = np.random.default_rng(seed)
    X = random.standard_normal((ROWS, INPUTS))
    y = random.standard_normal((ROWS, 1))
    net = syn0.Sequential(
        syn0.Dense(hidden, activation="tanh", name="hidden"),
        syn0.Dense(1, name="output"),
        random_state=seed,
        dtype="float64",
    )
    net.build((INPUTS,))
    # Once beforehand, so that no program has to be written while the clock runs.
    backwards = net.gradients(X, y)
    net.predict(X)
    by_backpropagation = best_time(lambda: net.gradients(X, y), repeats)
    forward = best_time(lambda: net.predict(X), repeats)
    nudged, passes, by_differences = gradient_by_nudging(net, X, y)
    largest = max(float(np.abs(g).max()) for g in backwards.values())
    apart = max(float(np.abs(nudged[name] - g).max()) for name, g in backwards.items())
    return Cost(
        sum(g.size for g in backwards.values()),
        passes,
        by_differences,
        by_backpropagation,
        forward,
        apart / largest,
    )


def best_time(call: Callable[[], Any], repeats: int) -> float:
    """Return the shortest of several times that a call took, in seconds."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def gradient_by_nudging(
    net: syn0.Sequential, X: NDArray[Any], y: NDArray[Any]
) -> tuple[dict[str, NDArray[Any]], int, float]:
    """Return the gradient by finite differences, the forward passes, and their seconds.

    Only the passes are timed, not the setting of weights between them.
    """
    passes, seconds = 0, 0.0

    def loss() -> float:
        nonlocal passes, seconds
        start = time.perf_counter()
        predicted = net.predict(X)
        seconds += time.perf_counter() - start
        passes += 1
        return float(np.mean((predicted - y) ** 2))

    here = loss()
    parameters = dict(net.parameters)
    gradient = {}
    for name, values in parameters.items():
        slopes = np.empty_like(values)
        for index in np.ndindex(values.shape):
            nudged = values.copy()
            nudged[index] += _NUDGE
            net.set_parameters({name: nudged})
            slopes[index] = (loss() - here) / _NUDGE
        net.set_parameters({name: values})
        gradient[name] = slopes
    return gradient, passes, seconds


def _chart(costs: dict[int, list[Cost]]) -> Chart:
    rows = []
    for found in costs.values():
        rows.append(
            [
                f"{found[0].parameters:,}",
                f"{found[0].passes:,}",
                spread([1e3 * c.by_differences for c in found], 2),
                "1 + 1",
                spread([1e3 * c.by_backpropagation for c in found], 3),
                f"{np.median([c.by_differences / c.by_backpropagation for c in found]):,.0f} x",
            ]
        )
    return Chart(
        "The price of one gradient",
        f"Networks of {INPUTS} inputs, one tanh layer and one output, on {ROWS} rows. Passes are "
        "counted: by nudging only forward ones, backwards one forward and one backward.",
        ["parameters", "passes", "ms by nudging", "passes", "ms backwards", "gain"],
        rows,
    )


def _claims(costs: dict[int, list[Cost]]) -> list[Claim]:
    smallest, largest = costs[min(costs)], costs[max(costs)]
    growth = np.log(largest[0].parameters / smallest[0].parameters)
    return [
        Claim(
            "Backpropagation gives the gradient itself.",
            "digits that both ways have in common, minus 4",
            [-np.log10(max(c.disagreement, 1e-16)) - 4 for c in largest],
        ),
        Claim(
            "Finding all gradients by nudging is expensive: the price grows with the network.",
            "power of n by which its time grows",
            [
                float(np.log(big.by_differences / small.by_differences) / growth)
                for big, small in zip(largest, smallest, strict=True)
            ],
        ),
        Claim(
            "Backpropagation is the efficient way.",
            "powers of ten by which it is faster, largest network",
            [float(np.log10(c.by_differences / c.by_backpropagation)) for c in largest],
        ),
        Claim(
            "Its price is that of a few forward passes, not of one for each weight.",
            "10 minus the forward passes that one gradient is worth, largest network",
            [10 - c.by_backpropagation / c.forward for c in largest],
        ),
    ]
