"""A few rows at a time, the short way: the same bits as the long way, and the same errors."""

from __future__ import annotations

import copy
import pickle
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris

import syn0
from syn0.engines.llvm.compiling.target import host
from syn0.neural_network import MLPClassifier, MLPRegressor
from syn0.neural_network.perceptron_stream import Stream

pytestmark = pytest.mark.skipif(host() is None, reason="the compiler does not know this processor")

X, LABELS = load_iris(return_X_y=True)
TARGETS: dict[str, Any] = {
    "three": LABELS,
    "two": LABELS > 1,
    "words": np.array(["setosa", "versicolor", "virginica"])[LABELS],
    "number": X[:, 0] * X[:, 1],
    "numbers": X[:, :2] ** 2,
}


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Which calls went the short way."""
    found: list[bool] = []
    takes = Stream.takes

    def noted(stream: Stream, estimator: Any, X: Any, y: Any) -> bool:
        found.append(takes(stream, estimator, X, y))
        return found[-1]

    monkeypatch.setattr(Stream, "takes", noted)
    return found


def new(target: str, **options: Any) -> Any:
    make = MLPRegressor if target.startswith("number") else MLPClassifier
    return make(hidden_layer_sizes=(5,), random_state=3, **options)


def first(estimator: Any, y: Any, rows: int) -> Any:
    more = {"classes": np.unique(y)} if isinstance(estimator, MLPClassifier) else {}
    return estimator.partial_fit(X[:rows], y[:rows], **more)


def figures(estimator: Any) -> Any:
    network = estimator.network_
    return (
        {name: value.tobytes() for name, value in network.numbers.items()},
        [w.tobytes() for w in (*estimator.coefs_, *estimator.intercepts_)],
        (estimator.loss_curve_, estimator.best_loss_, estimator.loss_, estimator.t_),
        (estimator.n_iter_, estimator._no_improvement_count, network.history["loss"]),
        (network._trainer.epochs_done, network._trainer.record.first_epoch),
    )


OPTIONS: list[dict[str, Any]] = [
    {},
    {"solver": "sgd", "learning_rate_init": 0.05, "activation": "tanh"},
    {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False},
    {"dropout": 0.3, "optimizer": syn0.AdamW(syn0.ExponentialDecay(0.02, 3, 0.9))},
]


@pytest.mark.sampled(12)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("options", OPTIONS, ids=["adam", "sgd", "plain", "own"])
@pytest.mark.parametrize(("rows", "dtype"), [(1, "float64"), (4, "float32")])
def test_the_short_way_gives_the_same_bits(
    target: str, options: dict[str, Any], rows: int, dtype: str, taken: list[bool]
) -> None:
    y, Z = TARGETS[target], X.astype(dtype)
    both = [new(target, **options), new(target, **options)]
    for one in both:
        more = {"classes": np.unique(y)} if isinstance(one, MLPClassifier) else {}
        one.partial_fit(Z[:rows], y[:rows], **more)
    for start in range(rows, 8 * rows, rows):
        part = slice(start * 7 % 140, start * 7 % 140 + rows)
        both[0].partial_fit(Z[part], y[part])
        both[1]._bound = None
        both[1].partial_fit(Z[part], y[part])
        assert figures(both[0]) == figures(both[1])
    assert taken == [True] * 7
    assert (both[0].predict(Z) == both[1].predict(Z)).all()


CHANGES: dict[str, Any] = {
    "a parameter": lambda e: e.set_params(alpha=0.5),
    "weights": lambda e: e.coefs_.__setitem__(0, e.coefs_[0] * 2),
    "a copy": copy.deepcopy,
    "a pickle": lambda e: pickle.loads(pickle.dumps(e)),  # noqa: S301 (our own)
    "a fit": lambda e: e.fit(X, LABELS),
    "another number of rows": lambda e: e.partial_fit(X[:9], LABELS[:9]),
    "a prediction": lambda e: [e.predict(X), e][1],
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_comes_between_counts(change: str) -> None:
    both = [first(new("three", max_iter=3), LABELS, 1) for _ in range(2)]
    both[0].partial_fit(X[1:2], LABELS[1:2])
    both[1]._bound = None
    both[1].partial_fit(X[1:2], LABELS[1:2])
    for i, one in enumerate(both):
        with pytest.warns() if change == "a fit" else nullcontext():
            both[i] = one = CHANGES[change](one) or one
        for row in range(60, 64):
            if i == 1:
                one._bound = None
            one.partial_fit(X[row : row + 1], LABELS[row : row + 1])
    assert figures(both[0]) == figures(both[1])


BAD: dict[str, tuple[Any, Any, str]] = {
    "nan": (np.full((1, 4), np.nan), [0], "NaN"),
    "infinite": (np.full((1, 4), np.inf), [0], "infinity"),
    "features": (np.zeros((1, 3)), [0], "3 features"),
    "class": (np.zeros((1, 4)), [7], "classes"),
    "length": (np.zeros((1, 4)), [0, 1], "inconsistent"),
    "rank": (np.zeros(4), [0], "2D"),
}


@pytest.mark.parametrize("bad", BAD)
def test_what_is_wrong_is_said_and_changes_nothing(bad: str) -> None:
    one = first(new("three"), LABELS, 1)
    one.partial_fit(X[1:2], LABELS[1:2])
    before = figures(one)
    given, labels, message = BAD[bad]
    with pytest.raises(ValueError, match=message):
        one.partial_fit(given, labels)
    assert figures(one) == before
