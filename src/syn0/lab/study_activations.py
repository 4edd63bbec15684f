"""`syn0 study activations`: how fast, how well and at what price each one learns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import syn0
from syn0 import activations, gradient, graph
from syn0.lab.data import curve, wave
from syn0.lab.lesson import ACTIVATIONS
from syn0.lab.page import spread
from syn0.lab.study import Chart, Claim, Curve, Scale, Study
from syn0.lab.study_backpropagation import best_time
from syn0.lab.study_descent import steps_until

BENDS = 6
DEEP = (16,) * 8
SHALLOW = (32, 32)
LEARNED = 0.2  # a loss at which most rows are told apart
STUCK = 1e-3  # a unit whose slope is smaller on every row hardly learns any more
HARSH_STEP = 0.5

Runs = dict[str, list[float]]


@dataclass(frozen=True)
class Course:
    """How a deep network learned: its losses, and its right answers on rows held out."""

    losses: list[float]
    accuracy: float

    @property
    def steps(self) -> int | None:
        """Steps until it had learned, None if it never did."""
        return steps_until(self.losses, LEARNED)


Courses = dict[str, list[Course]]


def run(scale: Scale) -> Study:
    """Train each activation on a deep network, on a curve, and with steps too big."""
    seeds = range(scale.seeds)
    epochs = scale.pick(300, 4)
    deep = {a: [_deep(a, seed, epochs) for seed in seeds] for a in ACTIVATIONS}
    fits = {a: [_fit_curve(a, seed, scale.pick(600, 4)) for seed in seeds] for a in ACTIVATIONS}
    stuck = {a: [_stuck_share(a, seed, scale.pick(100, 4)) for seed in seeds] for a in ACTIVATIONS}
    prices = _prices(scale)
    return Study(
        name="activation functions",
        question=(
            "What does a layer's activation change: whether a deep network learns, how well a "
            "curve is met, what a step costs, and whether units die?"
        ),
        seeds=scale.seeds,
        charts=[_chart_deep(deep, epochs), _chart_others(fits, stuck, prices)],
        claims=_claims(deep, fits, stuck, prices),
        curves=[
            Curve(
                f"{len(DEEP)} hidden layers: loss against steps",
                name,
                [float(step) for step in range(1, epochs + 1)],
                [course.losses for course in courses],
            )
            for name, courses in deep.items()
        ],
    )


# ----- the experiments ----------------------------------------------------


def _deep(activation: str, seed: int, epochs: int) -> Course:
    """Train a deep network to tell points above a wave from points below it."""
    X, y = wave(BENDS, 500, seed)
    net = _network(activation, DEEP, "sigmoid", seed)
    options = _options(epochs, syn0.Adam(0.005))
    losses = list(net.fit(X, y, loss="binary_cross_entropy", **options)["loss"])
    unseen, answers = wave(BENDS, 2_000, seed + 10_000)
    return Course(losses, float(np.mean((net.predict(unseen) > 0.5) == answers)))


def _fit_curve(activation: str, seed: int, epochs: int) -> float:
    """Return the root of the mean squared error on points of a curve held out."""
    X, y = curve(200, seed)
    net = _network(activation, SHALLOW, "linear", seed)
    net.fit(X, y, loss="mean_squared_error", **_options(epochs, syn0.Adam(0.01)))
    unseen, heights = curve(1_000, seed + 10_000)
    return float(np.sqrt(np.mean((net.predict(unseen) - heights) ** 2)))


def _stuck_share(activation: str, seed: int, epochs: int) -> float:
    """Return the share of hidden units without slope after training with big steps."""
    X, y = wave(BENDS, 500, seed)
    net = _network(activation, SHALLOW, "sigmoid", seed)
    net.fit(X, y, loss="binary_cross_entropy", **_options(epochs, syn0.Adam(HARSH_STEP)))
    return stuck_share(net, activation, X, len(SHALLOW))


def _network(activation: str, shape: tuple[int, ...], last: str, seed: int) -> syn0.Sequential:
    hidden = (
        syn0.Dense(units, activation=activation, name=f"hidden_{index}")
        for index, units in enumerate(shape, start=1)
    )
    return syn0.Sequential(
        *hidden, syn0.Dense(1, activation=last, name="output"), random_state=seed, dtype="float64"
    )


def _options(epochs: int, optimizer: Any) -> dict[str, Any]:
    return {
        "optimizer": optimizer,
        "epochs": epochs,
        "batch_size": None,
        "shuffle": False,
        "metrics": [],
        "verbose": 0,
    }


def stuck_share(net: syn0.Sequential, activation: str, X: NDArray[Any], depth: int) -> float:
    """Return the share of units in ``hidden_1 .. hidden_depth`` without slope on every row."""
    parameters = net.parameters
    below, stuck = X, []
    for index in range(1, depth + 1):
        name = f"hidden_{index}"
        z = below @ parameters[f"W_{name}"] + parameters[f"b_{name}"]
        stuck.append((np.abs(slope(activation, z)) < STUCK).all(axis=0))
        below = activations.get(activation)(z)
    return float(np.mean(np.concatenate(stuck)))


def slope(activation: str, z: NDArray[Any]) -> NDArray[Any]:
    """Return the derivative of an activation at `z`.

    Examples
    --------
    >>> slope("relu", np.array([-1.0, 2.0]))
    array([0., 1.])
    """
    _, derivative = _graph(activation, z)
    return np.broadcast_to(graph.evaluate([derivative], {"z": z})[0], z.shape)


def _graph(activation: str, z: NDArray[Any]) -> tuple[graph.Tensor, graph.Tensor]:
    symbol = graph.input_tensor("z", z.shape, "float64")
    value = activations.get(activation)(symbol)
    return value, gradient.backpropagate(value.sum(), [symbol])[0]


def _prices(scale: Scale) -> Runs:
    """Return by activation, for each seed, the microseconds forward and back on one array."""
    shape = (scale.pick(50, 5), 200)
    prices: Runs = {name: [] for name in ACTIVATIONS}
    for seed in range(scale.seeds):
        z = np.random.default_rng(seed).standard_normal(shape)
        for name in ACTIVATIONS:
            both = _graph(name, z)
            seconds = best_time(partial(graph.evaluate, both, {"z": z}), scale.pick(100, 5))
            prices[name].append(1e6 * seconds)
    return prices


# ----- what is shown ------------------------------------------------------


def _chart_deep(deep: Courses, epochs: int) -> Chart:
    rows = []
    for name, courses in deep.items():
        done = [course.steps for course in courses if course.steps is not None]
        rows.append(
            [
                name,
                f"{np.median(done):,.0f}" if done else "never",
                f"{len(done)} of {len(courses)}",
                spread([course.losses[-1] for course in courses]),
                spread([100 * course.accuracy for course in courses], 1),
            ]
        )
    return Chart(
        "A deep network learns, or does not",
        f"{len(DEEP)} hidden layers of {DEEP[0]} units tell points above a wave with {BENDS} bends "
        f"from points below; Adam, {epochs:,} steps. It has learned when the loss is at most "
        f"{LEARNED:g}; right answers are on 2,000 points held out.",
        ["activation", "steps to learn", "learned", "loss at the end", "right, %"],
        rows,
    )


def _chart_others(fits: Runs, stuck: Runs, prices: Runs) -> Chart:
    return Chart(
        "A curve to meet, units that die, and the price",
        f"Error on points of a curve held out; hidden units whose slope is under {STUCK:g} on "
        f"every row, after Adam with steps of {HARSH_STEP:g}; microseconds for the activation and "
        "its derivative on an array of 10,000.",
        ["activation", "error on the curve", "stuck units, %", "microseconds"],
        [
            [
                name,
                spread(fits[name]),
                spread([100 * share for share in stuck[name]], 1),
                spread(prices[name], 0),
            ]
            for name in ACTIVATIONS
        ],
    )


def _claims(deep: Courses, fits: Runs, stuck: Runs, prices: Runs) -> list[Claim]:
    most = len(deep["relu"][0].losses)
    right = {name: [c.accuracy for c in courses] for name, courses in deep.items()}
    # A run that never learned took all its steps at least.
    steps = {name: [c.steps or most for c in courses] for name, courses in deep.items()}
    bent = [name for name in ACTIVATIONS if name != "linear"]
    share = "share of right answers, deep network"
    return [
        Claim(
            "Activations make complex mappings possible: without one, depth is of no use.",
            f"{share}: ReLU minus linear",
            _gaps(right, "relu", "linear"),
        ),
        Claim(
            "The choice of activation changes how fast a network learns.",
            "doublings of the steps to learn, slowest against fastest, named by the other seeds",
            _widest_gap({name: list(np.log2(steps[name])) for name in bent}),
        ),
        Claim(
            "It changes how well it learns.",
            f"{share}: best minus worst, named by the other seeds",
            _widest_gap({name: right[name] for name in bent}),
        ),
        Claim(
            "ReLU is more effective than the sigmoid.",
            f"{share}: ReLU minus sigmoid",
            _gaps(right, "relu", "sigmoid"),
        ),
        Claim(
            "ReLU learns faster than tanh.",
            "doublings of the steps to learn, tanh against ReLU",
            [float(np.log2(t / r)) for t, r in zip(steps["tanh"], steps["relu"], strict=True)],
        ),
        Claim("ReLU learns better than tanh.", f"{share}: ReLU minus tanh",
              _gaps(right, "relu", "tanh")),
        Claim(
            "ReLU is simple, and cheap to compute.",
            "doublings of the time, the cheaper of sigmoid and tanh against ReLU",
            [
                float(np.log2(min(s, t) / r))
                for s, t, r in zip(prices["sigmoid"], prices["tanh"], prices["relu"], strict=True)
            ],
        ),
        Claim("ReLU units can die.", "share of ReLU units stuck after steps too big",
              stuck["relu"]),
        Claim("Leaky ReLU keeps its units alive.", "share stuck, ReLU minus Leaky ReLU",
              _gaps(stuck, "relu", "leaky_relu")),
        Claim("ELU, which is not 0 below 0, improves on ReLU.", f"{share}: ELU minus ReLU",
              _gaps(right, "elu", "relu")),
        Claim("Swish outperforms ReLU in some cases: a deep network.",
              f"{share}: Swish minus ReLU", _gaps(right, "swish", "relu")),
        Claim("Swish outperforms ReLU in some cases: a curve.",
              "error on the curve, ReLU minus Swish", _gaps(fits, "relu", "swish")),
        Claim(
            "GELU performs well in deep networks.",
            f"{share}: GELU minus the median of the others that bend",
            [
                right["gelu"][seed]
                - float(np.median([right[name][seed] for name in bent if name != "gelu"]))
                for seed in range(len(right["gelu"]))
            ],
        ),
    ]  # fmt: skip


def _gaps(runs: Runs, first: str, second: str) -> list[float]:
    return [a - b for a, b in zip(runs[first], runs[second], strict=True)]


def _widest_gap(runs: Runs) -> list[float]:
    """Return for each seed the gap between the two activations that the others single out.

    Picking the largest and the smallest by the seed itself would find a gap in pure noise.
    """
    table = np.array(list(runs.values()))
    gaps = []
    for seed in range(table.shape[1]):
        others = np.delete(table, seed, axis=1).mean(axis=1)
        gaps.append(float(table[others.argmax(), seed] - table[others.argmin(), seed]))
    return gaps
