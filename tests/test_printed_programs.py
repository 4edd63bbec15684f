"""Printed programs of random networks run with NumPy alone, to the numbers of the engine."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import TRAINING_RELATIVE

import syn0
from syn0 import Dense, losses, schedules

# ----- random networks ----------------------------------------------------

ACTIVATIONS = (
    "linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "swish", "gelu",
    "softplus", "softmax", "mish", "hard_sigmoid", "hard_swish",
)  # fmt: skip
NAMES = (
    None, None, None, "hidden", "order", "data", "start", "sum", "step", "x", "y", "loss", "d_x",
    "X", "rows", "epoch", "learning_rate", "batch", "relu", "softmax", "Y", "parameters",
)  # fmt: skip
MIDDLE = (
    lambda: syn0.Dropout(0.3), lambda: syn0.GaussianNoise(0.1), lambda: syn0.BatchNormalization(),
    lambda: syn0.LayerNormalization(), lambda: syn0.PReLU(), lambda: syn0.Rescaling(0.5, 0.1),
    lambda: syn0.Activation("tanh"), lambda: syn0.Activation(lambda x: x * syn0.ops.sigmoid(x)),
    lambda: syn0.BatchNormalization(decay=0.9, scale=False), lambda: syn0.Normalization(),
)  # fmt: skip
RATES = (
    0.01, 0.003, schedules.CosineDecay(0.01, 8), schedules.StepDecay(0.02, 3),
    schedules.WarmupCosine(0.01, 3, 20), lambda step: 0.01 / (1 + step),
)  # fmt: skip
OPTIMIZERS = (
    syn0.Adam, syn0.AdamW, syn0.SGD, syn0.RMSprop, syn0.Adagrad, syn0.Adadelta, syn0.Nadam,
    syn0.Lion, syn0.Muon, lambda **kw: syn0.SGD(momentum=0.9, **kw),
    lambda **kw: syn0.SGD(momentum=0.5, nesterov=True, **kw),
    lambda **kw: syn0.RMSprop(centered=True, momentum=0.5, **kw),
)  # fmt: skip
LIMITS = (
    {}, {}, {"clip_value": 0.1}, {"clip_norm": 0.5}, {"clip_global_norm": 0.5},
    {"weight_decay": 0.01},
)  # fmt: skip
# What the last layer does, and the losses that go with it.
TASKS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "classes": ("softmax", (None, "cross_entropy", "focal", losses.CrossEntropy(0.1))),
    "scores": ("linear", ("cross_entropy",)),
    "binary": ("sigmoid", (None, "binary_cross_entropy", "mean_squared_error")),
    "labels": ("sigmoid", ("binary_cross_entropy",)),
    "values": ("linear", (
        None, "mean_squared_error", "half_squared_error", "mean_absolute_error", "huber",
        "log_cosh", losses.Quantile(0.9), lambda y, p: syn0.ops.square(y - p),
        losses.HalfSquaredError(reduction="sum"),
    )),
    "counts": ("softplus", ("poisson",)),
    "sides": ("tanh", ("hinge",)),
}  # fmt: skip


@dataclass
class Drawn:
    """A network with data and the arguments of its fits."""

    net: Any
    X: Any
    y: Any
    fit: dict[str, Any]
    weights: dict[str, Any] = field(default_factory=dict)
    fits: int = 1

    def __repr__(self) -> str:
        return (
            f"{self.net!r} {list(self.net.layers.values())} {self.net.dtype} "
            f"{self.fit} weights {list(self.weights)} fits {self.fits}"
        )

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # read by hypothesis
        printer.text(repr(self))


def _dense(
    draw: Any, units: int, activation: str | None = None, name: str | None = None,
    *, is_centered: bool = False,
) -> Any:  # fmt: skip
    activation = activation or draw(st.sampled_from(ACTIVATIONS))
    # The gradient by a bias that is centered next is rounding alone, and Adam makes steps of it.
    idle = is_centered and activation == "linear"
    return Dense(
        units,
        activation=activation,
        use_bias=not idle and draw(st.sampled_from([True, True, False])),
        kernel_penalty=draw(st.sampled_from([None, None, "l2", syn0.L1(0.01)])),
        name=name,
    )


def _hidden(draw: Any) -> list[Any]:
    layers: list[Any] = []
    names = draw(st.lists(st.sampled_from(NAMES), min_size=3, max_size=3, unique_by=id))
    for name in names[: draw(st.integers(0, 3))]:
        between = draw(st.sampled_from(MIDDLE))() if draw(st.booleans()) else None
        centered = isinstance(between, syn0.BatchNormalization)
        units = draw(st.sampled_from([1, 3, 8]))
        layers.append(_dense(draw, units, name=name, is_centered=centered))
        layers += [between] if between else []
    return layers


def _targets(task: str, rows: int, rng: np.random.Generator) -> tuple[Any, int]:
    """Return targets, and the units that the last layer needs."""
    match task:
        case "classes" | "scores":
            y = np.arange(rows) % 3
            return (y if rng.random() < 0.5 else np.eye(3)[y]), 3
        case "binary":
            return rng.integers(0, 2, rows), 1
        case "labels":
            return rng.integers(0, 2, (rows, 2)), 2
        case "counts":
            return rng.poisson(2, (rows, 2)), 2
        case "sides":
            return rng.choice([-1, 1], rows), 1
    return (rng.normal(size=rows), 1) if rng.random() < 0.5 else (rng.normal(size=(rows, 2)), 2)


def _wire(draw: Any, layers: list[Any], last: Any, rows: int, rng: np.random.Generator) -> Any:
    """Return a function that makes the network, and its data."""
    width = draw(st.integers(1, 4))
    X = rng.normal(size=(rows, width))
    match draw(st.sampled_from(["table", "table", "table", "words", "image", "two", "skip"])):
        case "words":
            words = rng.integers(0, 6, (rows, 3))
            return lambda **kw: syn0.Sequential(
                syn0.Embedding(6, 2), syn0.Flatten(), *layers, last, **kw
            ), words
        case "image":
            pixels = rng.integers(0, 256, (rows, 2, 3), dtype="uint8")
            return lambda **kw: syn0.Sequential(
                syn0.Rescaling(1 / 255), syn0.Flatten(), *layers, last, **kw
            ), pixels
        case "two":
            other = rng.normal(size=(rows, 2))

            def two(**kw: Any) -> Any:
                a, b = syn0.Input((width,), name="left"), syn0.Input((2,), name="right")
                joined = syn0.Concatenate()(Dense(3, activation="tanh")(a), b)
                for layer in layers:
                    joined = layer(joined)
                return syn0.Model((a, b), last(joined), **kw)

            return two, (X, other)
        case "skip":

            def skip(**kw: Any) -> Any:
                x = syn0.Input((width,))
                h = Dense(4, activation="relu")(x)
                joined = syn0.Add()(h, Dense(4)(h))
                for layer in layers:
                    joined = layer(joined)
                return syn0.Model(x, last(joined), **kw)

            return skip, X
    return lambda **kw: syn0.Sequential(*layers, last, **kw), X


@st.composite
def networks(draw: Any) -> Drawn:
    """Draw a network, data, a loss, an optimizer and the arguments of fit."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = draw(st.sampled_from([4, 7, 30]))
    task = draw(st.sampled_from(list(TASKS)))
    ending, choices = TASKS[task]
    y, units = _targets(task, rows, rng)
    last = _dense(draw, units, ending, draw(st.sampled_from([None, "output", "out"])))
    make, X = _wire(draw, _hidden(draw), last, rows, rng)
    net = make(
        random_state=draw(st.integers(0, 2**32 - 1)),
        dtype=draw(st.sampled_from(["float64", "float64", "float32"])),
    )
    limits = draw(st.sampled_from(LIMITS))
    optimizer = draw(st.sampled_from(OPTIMIZERS))(
        learning_rate=draw(st.sampled_from(RATES)), **limits
    )
    fit = {
        "loss": draw(st.sampled_from(choices)),
        "optimizer": optimizer,
        "epochs": draw(st.integers(1, 3)),
        "batch_size": draw(st.sampled_from(["auto", None, 1, 3, 16])),
        "shuffle": draw(st.booleans()),
        "metrics": draw(st.sampled_from([None, [], "accuracy" if ending == "softmax" else None])),
    }
    if task in ("values", "counts"):
        fit["metrics"] = draw(st.sampled_from([None, "mean_absolute_error"]))
    weights = {}
    if draw(st.integers(0, 3)) == 0:
        weights["sample_weight"] = rng.uniform(0.5, 2, rows)
    if task in ("classes", "binary") and fit["loss"] != "mean_squared_error":
        each = {0: 1.0, 1: 2.0, 2: 0.5} if task == "classes" else "balanced"
        weights |= draw(
            st.sampled_from([{}, {}, {"class_weight": each}, {"class_weight": "balanced"}])
        )
    drawn = Drawn(net, X, y, fit, weights, fits=draw(st.sampled_from([1, 1, 2])))
    others = list(net.layers)[:-1]
    if others and draw(st.integers(0, 4)) == 0:
        net.freeze(draw(st.sampled_from(others)))
    return drawn


# ----- running what was printed -------------------------------------------

BEFORE = """\
import sys
before = set(sys.modules)
"""
AFTER = """
import numpy as np
files = {{n for n in set(sys.modules) - before if getattr(sys.modules[n], "__file__", None)}}
foreign = {{n.partition(".")[0] for n in files}} - set(sys.stdlib_module_names) - {{"numpy"}}
assert not foreign, foreign
np.savez("found.npz", **{{name: globals()[name] for name in {names}}})
"""


def run_program(folder: Path, names: list[str]) -> dict[str, np.ndarray]:
    """Run ``program.py`` as it stands, on its own, and return the variables it leaves."""
    text = (folder / "program.py").read_text()
    (folder / "watched.py").write_text(BEFORE + text + AFTER.format(names=names))
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "watched.py"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{text}\n{done.stderr}"
    assert "epoch" in done.stdout
    assert "loss" in done.stdout
    with np.load(folder / "found.npz") as found:
        return dict(found)


def check_program(drawn: Drawn) -> None:
    """Fit a network, save its program, run that and compare every parameter."""
    net = drawn.net
    for _ in range(drawn.fits):
        net.fit(drawn.X, drawn.y, **drawn.fit, **drawn.weights, verbose=0)
    parameters = net.parameters
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        net.save_code(folder, drawn.X, drawn.y, **drawn.weights)
        found = run_program(folder, list(parameters))
    allowed = TRAINING_RELATIVE[net.dtype]
    for key, expected in parameters.items():
        assert np.isfinite(expected).all()
        assert found[key].dtype == net.dtype
        np.testing.assert_allclose(
            found[key],
            expected,
            rtol=allowed,
            atol=allowed * np.abs(expected).max(initial=1e-3),
            err_msg=key,
        )


@settings(max_examples=6)  # and more in tests/soak
@given(networks())
def test_random_networks_run_with_numpy_alone(drawn: Drawn) -> None:
    check_program(drawn)


# ----- what a wrong program would show ------------------------------------


def small(tmp_path: Path, **options: Any) -> tuple[Any, np.ndarray, np.ndarray]:
    net = syn0.Sequential(Dense(3, activation="tanh", name="hidden"), Dense(1), random_state=1)
    X = np.linspace(-1, 1, 12).reshape(6, 2)
    y = X[:, 0] * X[:, 1]
    net.fit(X, y, epochs=5, verbose=0, **options)
    net.save_code(tmp_path, X, y)
    return net, X, y


def test_a_program_that_imports_more_is_noticed(tmp_path: Path) -> None:
    small(tmp_path)
    program = tmp_path / "program.py"
    program.write_text(program.read_text() + "\nimport rich\n")
    with pytest.raises(AssertionError, match="rich"):
        run_program(tmp_path, [])


def test_a_wrong_line_is_noticed(tmp_path: Path) -> None:
    net, _, _ = small(tmp_path)
    program = tmp_path / "program.py"
    text = program.read_text()
    assert text.count("1 - hidden ** 2") == 1
    program.write_text(text.replace("1 - hidden ** 2", "1 - hidden"))
    found = run_program(tmp_path, ["W_hidden"])["W_hidden"]
    gap = np.abs(found - net.parameters["W_hidden"]).max()
    assert gap > 3 * TRAINING_RELATIVE["float32"]


def test_the_program_of_the_text_is_the_program_of_the_file(tmp_path: Path) -> None:
    net, X, y = small(tmp_path)
    assert net.code(X, y) == (tmp_path / "program.py").read_text()


def test_the_forward_program_prints_what_predict_returns(tmp_path: Path) -> None:
    net = syn0.Sequential(
        Dense(40, activation="gelu"), syn0.LayerNormalization(), Dense(2, activation="softmax"),
        random_state=3, dtype="float64",
    )  # fmt: skip
    X = np.linspace(-1, 1, 300).reshape(100, 3)
    net.build((3,))
    net.save_code(tmp_path, X)
    program = tmp_path / "program.py"
    program.write_text(program.read_text() + "\nnp.save('y.npy', dense_2)\n")
    subprocess.run([sys.executable, "-I", "program.py"], cwd=tmp_path, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), net.predict(X), rtol=1e-12)
