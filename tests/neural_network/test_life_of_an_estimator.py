"""The life of an estimator, drawn at random: whatever is called in whatever order, it holds.

The full count is in ``tests/soak``.
"""

from __future__ import annotations

import copy
import pickle
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import syn0
from syn0.neural_network import NetworkClassifier, NetworkRegressor

DRAWN = np.random.default_rng(0)
X = DRAWN.standard_normal((40, 3)).astype("float32")
CLASSES = np.array(["blue", "green", "red"])
LABELS = CLASSES[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
NUMBERS = X[:, 0] * X[:, 1]


def net() -> Any:
    return syn0.Sequential(
        syn0.Dense(4, "tanh", name="hidden"), syn0.Dropout(0.1, name="drop"), syn0.Dense("auto")
    )


MAKERS: dict[str, Callable[[], Any]] = {
    "classifier": lambda: NetworkClassifier(net(), epochs=1, random_state=0),
    "regressor": lambda: NetworkRegressor(net(), epochs=1, random_state=0),
}
SETTINGS: dict[str, list[Any]] = {
    "epochs": [1, 2],
    "batch_size": ["auto", 7, None],
    "warm_start": [False, True],
    "random_state": [0, 1],
    "optimizer": [None, "sgd"],
    "optimizer__learning_rate": [0.0, 0.01],
    "network__hidden__units": [4, 5],
    "network__drop__rate": [0.0, 0.3],
}
WRONG: list[dict[str, Any]] = [
    {"epochs": 0}, {"batch_size": "none"}, {"optimizer": "nadam!"}, {"loss": "mse"},
    {"network": 3}, {"threads": 0}, {"validation_data": 1.5},
]  # fmt: skip


class Life(RuleBasedStateMachine):
    """An estimator, and what is known of it: how many epochs it had, and what it answers."""

    @initialize(kind=st.sampled_from(sorted(MAKERS)))
    def begin(self, kind: str) -> None:
        self.estimator = MAKERS[kind]()
        self.epochs: int | None = None
        self.answers: np.ndarray | None = None
        self.y = LABELS if is_classifier(self.estimator) else NUMBERS

    def note(self, epochs: int | None) -> None:
        """Note what the estimator answers after it learned."""
        self.epochs = epochs
        self.answers = None if epochs is None else self.answer(self.estimator)

    def answer(self, estimator: Any) -> Any:
        return getattr(estimator, "predict_proba", estimator.predict)(X)

    # ----- learning

    @rule(rows=st.sampled_from([40, 33]))
    def fit(self, rows: int) -> None:
        goes_on = self.estimator.warm_start and self.epochs is not None
        assert self.estimator.fit(X[:rows], self.y[:rows]) is self.estimator
        self.note((self.epochs or 0) * goes_on + self.estimator.epochs)

    @rule()
    def fit_twice_alike(self) -> None:
        if not self.estimator.warm_start:
            again = clone(self.estimator).fit(X, self.y)
            assert np.array_equal(self.answer(again), self.answer(clone(again).fit(X, self.y)))

    @rule(start=st.integers(0, 39), count=st.integers(1, 12))
    def partial_fit(self, start: int, count: int) -> None:
        rows = slice(start, start + count)
        known = {"classes": CLASSES} if is_classifier(self.estimator) else {}
        self.estimator.partial_fit(X[rows], self.y[rows], **known)
        self.note((self.epochs or 0) + 1)

    @rule()
    def interrupt(self) -> None:
        stop = syn0.LambdaCallback(on_epoch_end=lambda *_: signal.raise_signal(signal.SIGINT))
        before = self.estimator.epochs
        goes_on = self.estimator.warm_start and self.epochs is not None
        self.estimator.set_params(callbacks=[stop], epochs=5)
        with pytest.warns(ConvergenceWarning, match="interrupted"):
            self.estimator.fit(X, self.y)
        self.estimator.set_params(callbacks=(), epochs=before)
        self.note((self.epochs or 0) * goes_on + 1)

    @rule(wrong=st.sampled_from(WRONG))
    def fit_with_a_wrong_setting(self, wrong: dict[str, Any]) -> None:
        (name,) = wrong
        if name == "network" and self.estimator.warm_start and self.epochs is not None:
            return  # the network that there is goes on
        before = self.estimator.get_params(deep=False)[name]
        self.estimator.set_params(**wrong)
        with pytest.raises((ValueError, TypeError)):
            self.estimator.fit(X, self.y)
        self.estimator.set_params(**{name: before})

    @rule()
    def fit_with_bad_data(self) -> None:
        with pytest.raises(ValueError, match="row 1, column 2"):
            self.estimator.fit(np.where(np.arange(120).reshape(40, 3) == 5, np.nan, X), self.y)
        with pytest.raises(ValueError, match="inconsistent"):
            self.estimator.partial_fit(X, self.y[:7], **self.classes())

    def classes(self) -> dict[str, Any]:
        return {"classes": CLASSES} if is_classifier(self.estimator) else {}

    # ----- settings and copies

    @rule(name=st.sampled_from(sorted(SETTINGS)), place=st.integers(0, 9))
    def set_params(self, name: str, place: int) -> None:
        value = SETTINGS[name][place % len(SETTINGS[name])]
        assert self.estimator.set_params(**{name: value}) is self.estimator
        found = self.estimator.get_params()
        assert found[name] == value or "__" in name

    @rule()
    def clone_is_not_fitted(self) -> None:
        other = clone(self.estimator)
        with pytest.raises(NotFittedError):
            other.predict(X)
        assert repr(other) == repr(self.estimator)

    @rule()
    def pickle(self) -> None:
        self.estimator = pickle.loads(pickle.dumps(self.estimator))  # noqa: S301

    @rule()
    def copy(self) -> None:
        other = copy.deepcopy(self.estimator)
        if self.epochs is not None:
            self.estimator.partial_fit(X, self.y)  # of which the copy knows nothing
            assert np.array_equal(self.answer(other), self.answers)
        self.estimator = other

    @precondition(lambda self: self.epochs is not None)
    @rule()
    def save_and_load(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "network.syn0"
            self.estimator.network_.save(path)
            loaded = syn0.load(path)
        assert np.array_equal(loaded.predict(X), self.estimator.network_.predict(X))

    # ----- what always holds

    @invariant()
    def it_answers_as_after_it_learned(self) -> None:
        if not hasattr(self, "estimator"):
            return
        if self.epochs is None:
            with pytest.raises(NotFittedError):
                self.estimator.predict(X)
            return
        assert self.estimator.n_iter_ == self.epochs == len(self.estimator.history_["loss"])
        assert np.array_equal(self.answer(self.estimator), self.answers)
        one = self.answer_of_row(7)
        assert np.array_equal(one, self.answers[7:8])
        assert self.estimator.n_features_in_ == 3

    def answer_of_row(self, row: int) -> Any:
        predict = getattr(self.estimator, "predict_proba", self.estimator.predict)
        return predict(X[row : row + 1])


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=5, stateful_step_count=15)
