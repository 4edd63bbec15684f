"""What the tests of model files share: networks with parts of one's own, and a trip to a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import syn0
from syn0 import ops

OPTIONS = {"epochs": 3, "batch_size": 7, "verbose": 0}
X = np.random.default_rng(5).normal(size=(37, 4))
Y = np.random.default_rng(6).normal(size=(37, 2))
CLASSES = np.arange(37) % 3


def digest(net: Any) -> str:
    """Return the SHA-256 of all numbers of a network, with their names."""
    whole = hashlib.sha256()
    for name, value in sorted(net.numbers.items()):
        array = np.ascontiguousarray(value)
        whole.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    return whole.hexdigest()


def trip(net: Any, folder: Path, **options: Any) -> Any:
    """Return a network after it was saved and loaded."""
    net.save(folder / "net.syn0")
    return syn0.load(folder / "net.syn0", **options)


# ----- parts of one's own -------------------------------------------------


@dataclass(frozen=True)
class Scale(syn0.Layer):
    start: float = 1.0

    def parameters(self, shape: Any) -> Any:
        return {"gain": (shape[-1:], syn0.initializers.Constant(self.start))}

    def forward(self, p: Any, x: Any, *, training: bool) -> Any:
        return x * p["gain"]


@dataclass(frozen=True)
class Noisy(syn0.Layer):
    """Everything that a layer may have: statistics, hyperparameters, penalties, random numbers."""

    rate: float = 0.3

    def parameters(self, shape: Any) -> Any:
        return {"w": (shape[-1:], ramp), "offset": (shape[-1:], syn0.initializers.Zeros())}

    def state(self, shape: Any) -> Any:
        return {"average": (shape[-1:], syn0.initializers.Zeros())}

    def hyperparameters(self) -> Any:
        return {"rate": self.rate}

    def penalties(self, p: Any) -> Any:
        return [0.01 * ops.sum(ops.square(p["w"]))]

    def forward(self, p: Any, x: Any, *, training: bool) -> Any:
        y = (x * p["w"] + np.linspace(0, 1, x.shape[-1])).named("ramped") + p["offset"]
        if not training:
            return y - p["average"]
        p.random_normal(x.shape)  # drawn and not used: later draws must stay what they are
        kept = p.random_uniform(x.shape) >= p["rate"]
        average = 0.9 * p["average"] + 0.1 * ops.mean(y, axis=0)
        return ops.where(kept, y, 0).named("dropped"), {"average": average}


@dataclass(frozen=True)
class Squash:
    """An activation that is an object with a setting."""

    steepness: float = 2.0

    def __call__(self, x: Any) -> Any:
        return x / (1 + abs(self.steepness * x))


@dataclass(frozen=True)
class PowerLoss(syn0.losses.Loss):
    power: float = 3.0
    name = "power_loss"

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        return ops.abs(y_true - y_pred) ** self.power


@dataclass(frozen=True)
class Within(syn0.metrics.Metric):
    """A metric per sample of a class of one's own."""

    distance: float = 0.5
    per_sample = True

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        return ops.astype(abs(y_true - y_pred) < self.distance, str(y_pred.dtype))


@dataclass(frozen=True)
class Median(syn0.metrics.Metric):
    """A metric that is Python on arrays."""

    def whole_set(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        return float(np.median(np.abs(np.asarray(y_true) - y_pred)))


@dataclass(frozen=True)
class Plain(syn0.optimizers.Optimizer):
    """An optimizer of one's own."""

    def update(self, parameter: Any, gradient: Any, slots: Any, h: Any, step: Any) -> Any:
        return self.descend(parameter, gradient, h), {}


def ramp(rng: Any, shape: Any, dtype: str) -> Any:
    return rng.normal(size=shape) * 0.3


def gated(x: Any) -> Any:
    return np.tanh(x) * ops.sigmoid(x)


def logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def logistic_derivative(y: Any) -> Any:
    return y * (1 - y)


def pinball(y_true: Any, y_pred: Any) -> Any:
    error = y_true - y_pred
    return ops.maximum(0.9 * error, -0.1 * error)


def doubled(y_true: Any, y_pred: Any) -> Any:
    return 2 * syn0.losses.cross_entropy(y_true, y_pred)  # looks behind the softmax


def distance(y_true: Any, y_pred: Any) -> Any:
    return abs(y_true - y_pred)


def sparse(W: Any) -> Any:
    return 0.01 * ops.sum(ops.abs(W))


def falling(step: int) -> float:
    return 0.05 / (1 + step)


@dataclass(frozen=True)
class Case:
    """A network with parts of one's own, and how it is fitted."""

    body: Any
    y: Any
    custom: tuple[Any, ...]
    options: Mapping[str, Any]

    def make(self, dtype: str = "float32") -> Any:
        body = self.body(dtype) if callable(self.body) else self.body
        if isinstance(body, tuple):
            return syn0.Sequential(*body, random_state=1, dtype=dtype)
        return body

    def fit(self, net: Any, **options: Any) -> Any:
        return net.fit(X, self.y, **{**OPTIONS, **options})


def _wired(dtype: str) -> Any:
    """Return a network with a trained one inside, a shared layer, two outputs and a short cut."""
    first = syn0.Dense(4, "relu", name="first")
    inner = syn0.Sequential(
        first, syn0.BatchNormalization(), Scale(), name="encoder", random_state=5, dtype=dtype
    )
    inner.fit(X, np.zeros((37, 4)), epochs=2, verbose=0)
    inner.freeze("first")
    x, shared = syn0.Input((4,), name="a"), syn0.Dense(4, "tanh", name="shared")
    h = shared(shared(inner(x)))
    block = syn0.Residual(syn0.Dense(4), syn0.Dropout(0.2))
    ends = {"one": syn0.Dense(2)(h), "two": syn0.Dense(1)(block(h))}
    net = syn0.Model(x, ends, random_state=3, dtype=dtype)
    return net.freeze("dense_1")


def _with_its_own_loss(dtype: str) -> Any:
    """Return a network whose loss is a number that it computes itself."""
    x = syn0.Input((4,), name="a")
    h = syn0.Dense(3, "tanh", name="h")(x)
    return syn0.Model(x, syn0.Dense(4, name="again")(h), random_state=3, dtype=dtype)


Dense = syn0.Dense
OWN = {
    "layers": Case((Dense(5, gated), Scale(2.0), Noisy(), Dense(2)), Y, (Scale, Noisy, gated), {}),
    "functions": Case(
        (
            Dense(5, syn0.Activation(logistic, derivative=logistic_derivative)),
            syn0.Activation(gated),
            Dense(5, Squash(3.0), kernel_penalty=sparse, initializer=ramp),
            Dense(2),
        ),
        Y,
        (logistic, logistic_derivative, gated, Squash, sparse, ramp, pinball, distance),
        {"loss": pinball, "metrics": [distance, "r2"]},
    ),
    "behind a softmax": Case(
        (Dense(5, "tanh"), Dense(3, "softmax")), CLASSES, (doubled,), {"loss": doubled}
    ),
    "behind a linear layer": Case(
        (Dense(5, "tanh"), Dense(3)), CLASSES, (doubled,), {"loss": doubled}
    ),
    "a class of losses": Case(
        (Dense(5, "tanh", initializer=np.full((4, 5), 0.1)), Dense(2)),
        Y,
        (PowerLoss, Within),
        {"loss": PowerLoss(2.5), "metrics": [Within(0.4)]},
    ),
    "wired": Case(
        _wired,
        {"one": Y, "two": Y[:, :1]},
        (Scale, pinball),
        {
            "loss": {"one": "huber", "two": pinball},
            "optimizer": {"W_*": "muon", "*": syn0.SGD(syn0.CosineDecay(0.01, 100), momentum=0.9)},
            "metrics": {"one": ["mean_absolute_error", "r2"]},
            "loss_weights": [1, 0.25],
        },
    ),
    "of whole data": Case((Dense(5, gated), Dense(2)), Y, (gated,), {"optimizer": "lbfgs"}),
}


# ----- files, taken apart -------------------------------------------------


def take_apart(content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the header of a file as a table, and the bytes of its tensors."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def put_together(header: Any, data: bytes) -> bytes:
    """Return a file from a header, as a table or as text, and the bytes of its tensors."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def model_of(header: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON of the model in a header."""
    return json.loads(header["__metadata__"]["syn0"])["model"]


def sealed(header: Mapping[str, Any], model: Any, **envelope: Any) -> dict[str, Any]:
    """Return a header that holds another model, with a checksum that is right."""
    text = model if isinstance(model, str) else json.dumps(model)
    known = {
        "format": "syn0 model",
        "format_version": 1,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        **envelope,
    }
    whole = json.dumps(known)[:-1] + f', "model": {text}}}'
    return {**header, "__metadata__": {"syn0": whole}}


def checked(header: Mapping[str, Any], data: bytes) -> dict[str, str]:
    """Return the checksums of the tensors of a file."""
    found = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            found[name] = hashlib.sha256(data[begin:end]).hexdigest()
    return found
