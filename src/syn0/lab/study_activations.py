"""`syn0 study activations`: how fast, how well and at what price each one learns."""

from __future__ import annotations

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

DEEP = (16,) * 8
SHALLOW = (32, 32)
LEARNED = 0.2  # a loss that tells the classes apart
STUCK = 1e-3  # a unit whose slope is smaller on every row hardly learns any more
HARSH_STEP = 0.5

Runs = dict[str, list[Any]]


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
                f"deep network ({len(DEEP)} layers): loss against steps",
                name,
                [float(step) for step in range(1, epochs + 1)],
                runs,
            )
            for name, runs in deep.items()
        ],
    )


# ----- the experiments ----------------------------------------------------


def _deep(activation: str, seed: int, epochs: int) -> list[float]:
    """Return the losses of a deep network on a wave with three bends."""
    X, y = wave(3, 400, seed)
    net = _network(activation, DEEP, "sigmoid", seed)
    options = _options(epochs, syn0.Adam(0.005))
    return list(net.fit(X, y, loss="binary_cross_entropy", **options)["loss"])


def _fit_curve(activation: str, seed: int, epochs: int) -> float:
    """Return the root of the mean squared error on points of a curve held out."""
    X, y = curve(200, seed)
    net = _network(activation, SHALLOW, "linear", seed)
    net.fit(X, y, loss="mean_squared_error", **_options(epochs, syn0.Adam(0.01)))
    unseen, heights = curve(1_000, seed + 10_000)
    return float(np.sqrt(np.mean((net.predict(unseen) - heights) ** 2)))


def _stuck_share(activation: str, seed: int, epochs: int) -> float:
    """Return the share of hidden units without slope after training with big steps."""
    X, y = wave(3, 400, seed)
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
    """Return by activation, for each seed, the milliseconds forward and back on one array."""
    shape = (scale.pick(500, 10), 200)
    prices: Runs = {name: [] for name in ACTIVATIONS}
    for seed in range(scale.seeds):
        z = np.random.default_rng(seed).standard_normal(shape)
        for name in ACTIVATIONS:
            both = _graph(name, z)
            seconds = best_time(lambda both=both, z=z: graph.evaluate(both, {"z": z}), 5)
            prices[name].append(1e3 * seconds)
    return prices


# ----- what is shown ------------------------------------------------------


def _chart_deep(deep: Runs, epochs: int) -> Chart:
    rows = []
    for name, runs in deep.items():
        needed = [steps_until(run, LEARNED) for run in runs]
        done = [n for n in needed if n is not None]
        rows.append(
            [
                name,
                f"{np.median(done):,.0f}" if done else "never",
                f"{len(done)} of {len(runs)}",
                spread([run[-1] for run in runs]),
            ]
        )
    return Chart(
        "A deep network learns, or does not",
        f"{len(DEEP)} hidden layers of {DEEP[0]} units, Adam, {epochs:,} steps; it has learned "
        f"when the loss is at most {LEARNED:g}.",
        ["activation", "steps to learn", "learned", "loss at the end"],
        rows,
    )


def _chart_others(fits: Runs, stuck: Runs, prices: Runs) -> Chart:
    return Chart(
        "A curve to meet, units that die, and the price",
        f"Error on points of a curve held out; hidden units whose slope is under {STUCK:g} on "
        f"every row, after Adam with steps of {HARSH_STEP:g}; milliseconds for the activation and "
        "its derivative on one array.",
        ["activation", "error on the curve", "stuck units, %", "ms"],
        [
            [
                name,
                spread(fits[name]),
                spread([100 * share for share in stuck[name]], 1),
                spread(prices[name], 2),
            ]
            for name in ACTIVATIONS
        ],
    )


def _claims(deep: Runs, fits: Runs, stuck: Runs, prices: Runs) -> list[Claim]:
    ends = {name: [run[-1] for run in runs] for name, runs in deep.items()}
    tens = "powers of ten between the losses at the end, deep network"
    return [
        Claim(
            "Activations make complex mappings possible: without one, depth is of no use.",
            f"{tens}: linear against ReLU",
            _powers(ends["linear"], ends["relu"]),
        ),
        Claim(
            "The choice of activation changes how fast and how well a network learns.",
            f"{tens}: worst against best, each named by the other seeds",
            _worst_against_best({k: v for k, v in ends.items() if k != "linear"}),
        ),
        Claim("ReLU is more effective than the sigmoid.", f"{tens}: sigmoid against ReLU",
              _powers(ends["sigmoid"], ends["relu"])),
        Claim("ReLU is more effective than tanh.", f"{tens}: tanh against ReLU",
              _powers(ends["tanh"], ends["relu"])),
        Claim("ReLU is simple, and cheap to compute.",
              "how many times longer the cheaper of sigmoid and tanh takes, minus 1",
              [min(s, t) / r - 1 for s, t, r in _rows(prices, "sigmoid", "tanh", "relu")]),
        Claim("ReLU units can die.", "share of ReLU units stuck after steps too big",
              stuck["relu"]),
        Claim("Leaky ReLU keeps its units alive.", "share stuck, ReLU minus Leaky ReLU",
              [r - leaky for r, leaky in _rows(stuck, "relu", "leaky_relu")]),
        Claim("ELU, which is not 0 below 0, improves on ReLU.", f"{tens}: ReLU against ELU",
              _powers(ends["relu"], ends["elu"])),
        Claim("Swish outperforms ReLU in some cases.",
              "powers of ten between the errors on the curve: ReLU against Swish",
              _powers(fits["relu"], fits["swish"])),
        Claim("GELU performs well in deep networks.", f"{tens}: ReLU against GELU",
              _powers(ends["relu"], ends["gelu"])),
    ]  # fmt: skip


def _rows(runs: Runs, *names: str) -> list[tuple[float, ...]]:
    return list(zip(*(runs[name] for name in names), strict=True))


def _powers(first: list[float], second: list[float]) -> list[float]:
    return [float(np.log10(a / b)) for a, b in zip(first, second, strict=True)]


def _worst_against_best(ends: dict[str, list[float]]) -> list[float]:
    """Return for each seed the gap between the two activations that the others single out."""
    names = list(ends)
    losses = np.log10(np.array([ends[name] for name in names]))
    gaps = []
    for seed in range(losses.shape[1]):
        others = np.delete(losses, seed, axis=1).mean(axis=1)
        gaps.append(float(losses[others.argmax(), seed] - losses[others.argmin(), seed]))
    return gaps
