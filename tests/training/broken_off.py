"""Fits to break off and to resume: networks, data, callbacks, and what tells their ends apart."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import syn0
from syn0.training import Callback
from syn0.training.events import Event, Paused
from syn0.training.run import Run

_RNG = np.random.default_rng(11)
X = _RNG.normal(size=(83, 6)).astype("float32")
CLASSES = (X[:, 0] + 0.3 * _RNG.normal(size=83) > 0).astype(int)
VALUES = X[:, :2] ** 2
WEIGHTS = _RNG.uniform(0.1, 2.0, size=83)


class Crashed(Exception):  # noqa: N818 (a way out, not an error)
    """Stands for whatever ends a process."""


class CrashAt(Callback):
    """Ends a fit when so many of its steps are done, before anything is written of them."""

    hears_pauses = True

    def __init__(self, steps: int) -> None:
        self.left, self.begun = steps, -1

    def steps_ahead(self, run: Run) -> float:
        if self.begun < 0:
            self.begun = run.step
        return max(1, self.begun + self.left - run.step)

    def receive(self, event: Event, run: Run) -> None:
        if isinstance(event, Paused) and run.step - self.begun >= self.left:
            raise Crashed


def digest(net: Any, history: Any) -> str:
    """Return the SHA-256 of all numbers of a network and of both histories."""
    whole = hashlib.sha256()
    for name, value in sorted(net.numbers.items()):
        array = np.ascontiguousarray(value)
        whole.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    for one in (history, net.history):
        for name, column in one.items():
            whole.update(name.encode() + np.asarray(column, "float64").tobytes())
    return whole.hexdigest()


@dataclass(frozen=True)
class Scale(syn0.Layer):
    """A layer of one's own."""

    start: float = 1.0

    def parameters(self, shape: Any) -> Any:
        return {"gain": (shape[-1:], syn0.initializers.Constant(self.start))}

    def forward(self, p: Any, x: Any, *, training: bool) -> Any:
        return x * p["gain"]


def _none(folder: Path) -> list[Callback]:
    return []


@dataclass(frozen=True)
class Fit:
    """A fit that can be begun anywhere, always the same."""

    layers: Callable[[], tuple[Any, ...]]
    y: Any = field(default_factory=lambda: CLASSES)
    options: Mapping[str, Any] = field(default_factory=dict)
    callbacks: Callable[[Path], list[Callback]] = _none
    data: Callable[[Path], tuple[Any, ...]] | None = None
    seed: int = 3

    def network(self, seed: int | None = None) -> Any:
        return syn0.Sequential(*self.layers(), random_state=seed)

    def run(self, net: Any, folder: Path, *more: Callback, **options: Any) -> str:
        """Fit a network; return the digest of how it ends."""
        folder.mkdir(exist_ok=True)
        data = self.data(folder) if self.data is not None else (X, self.y)
        given = {"epochs": 5, "batch_size": 9, "verbose": 0, **self.options, **options}
        history = net.fit(*data, callbacks=[*self.callbacks(folder), *more], **given)
        return digest(net, history)

    def whole(self, folder: Path) -> str:
        """Return the digest of the fit that nothing breaks off."""
        return self.run(self.network(self.seed), folder)


def _classes() -> tuple[Any, ...]:
    return syn0.Dense(12, "relu", name="hidden"), syn0.Dropout(0.2), syn0.Dense(2, "softmax")


def _values() -> tuple[Any, ...]:
    return syn0.Normalization(), syn0.Dense(9, "tanh"), syn0.BatchNormalization(), syn0.Dense(2)


def _watching(folder: Path) -> list[Callback]:
    return [
        syn0.ReduceLROnPlateau(patience=1, factor=0.5),
        syn0.EarlyStopping(patience=3, min_delta=1.0),
        syn0.CSVLogger(folder / "history.csv"),
    ]


def _chunks() -> list[tuple[Any, Any]]:
    ends = [0, 4, 17, 40, 41, 83]
    return [(X[a:b].astype("float64"), CLASSES[a:b]) for a, b in pairwise(ends)]


def _mapped(folder: Path) -> tuple[Any, ...]:
    path = folder / "x.npy"
    if not path.exists():
        np.save(path, X)
    return np.load(path, mmap_mode="r"), CLASSES


FITS = {
    "dropout": Fit(_classes),
    "one batch": Fit(_classes, options={"batch_size": None, "epochs": 12}),
    "schedule": Fit(
        _classes,
        options={"optimizer": syn0.SGD(syn0.CosineDecay(0.1, 40), momentum=0.9), "shuffle": False},
    ),
    "own schedule": Fit(_classes, options={"optimizer": syn0.SGD(lambda step: 0.1 / (1 + step))}),
    "Muon": Fit(_classes, options={"optimizer": syn0.Muon()}),
    "several": Fit(
        _classes, options={"optimizer": {"W_*": syn0.AdamW(0.01), "*": syn0.Lion(0.001)}}
    ),
    "statistics": Fit(_values, VALUES, {"optimizer": syn0.RMSprop(0.01)}),
    "watched": Fit(
        _classes,
        options={"validation_data": 0.25, "epochs": 9, "metrics": ["accuracy", "roc_auc"]},
        callbacks=_watching,
    ),
    "weights": Fit(
        _classes, options={"sample_weight": WEIGHTS, "class_weight": "balanced", "loss": "focal"}
    ),
    "NumPy": Fit(_values, VALUES, {"engine": "numpy", "optimizer": syn0.Nadam()}),
    "chunks": Fit(
        _classes, options={"optimizer": syn0.SGD(syn0.StepDecay(0.1, 7))},
        data=lambda folder: (_chunks(),),
    ),
    "iterator": Fit(_classes, data=lambda folder: (lambda: iter(_chunks()),)),
    "mapped": Fit(_classes, data=_mapped, options={"validation_data": 0.2}),
}  # fmt: skip
