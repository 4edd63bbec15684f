"""The life of a perceptron, drawn at random: whatever is called in whatever order, it holds.

The full count is in ``tests/soak``.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError

import syn0
from syn0.neural_network import MLPClassifier, MLPRegressor

DRAWN = np.random.default_rng(0)
X = DRAWN.standard_normal((40, 3))
CLASSES = np.array(["blue", "green", "red"])
LABELS = CLASSES[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
NUMBERS = X[:, 0] * X[:, 1]
MAKERS: dict[str, Callable[[], Any]] = {
    "classifier": lambda: MLPClassifier((4,), max_iter=2, random_state=0),
    "regressor": lambda: MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0),
}
SETTINGS: dict[str, list[Any]] = {
    "max_iter": [1, 2],
    "batch_size": ["auto", 7],
    "warm_start": [False, True],
    "random_state": [0, 1],
    "solver": ["adam", "sgd", "lbfgs"],
    "learning_rate": ["constant", "invscaling", "adaptive"],
    "learning_rate_init": [0.001, 0.1],
    "alpha": [0.0, 0.1],
    "early_stopping": [False, True],
    "dropout": [0.0, 0.3],
    "scale_inputs": [False, True],
    "optimizer": [None, syn0.AdamW(0.01)],
    "clip_value": [None, 1.0],
}
WRONG: list[dict[str, Any]] = [
    {"max_iter": 0}, {"batch_size": "none"}, {"solver": "nadam!"}, {"loss": "mse"},
    {"hidden_layer_sizes": 0}, {"threads": 0}, {"dropout": [0.1, 0.1]},
]  # fmt: skip


class PerceptronLife(RuleBasedStateMachine):
    """A perceptron, and what it answers."""

    @initialize(kind=st.sampled_from(sorted(MAKERS)))
    def begin(self, kind: str) -> None:
        self.estimator = MAKERS[kind]()
        self.answers: np.ndarray | None = None
        self.y = LABELS if is_classifier(self.estimator) else NUMBERS

    def answer(self, estimator: Any) -> Any:
        return getattr(estimator, "predict_proba", estimator.predict)(X)

    def note(self) -> None:
        self.answers = self.answer(self.estimator)

    # ----- learning

    @rule(rows=st.sampled_from([40, 33]))
    def fit(self, rows: int) -> None:
        assert self.estimator.fit(X[:rows], self.y[:rows]) is self.estimator
        assert self.estimator.n_iter_ <= self.estimator.max_iter
        self.note()

    @rule()
    def fit_twice_alike(self) -> None:
        again = clone(self.estimator).fit(X, self.y)
        assert np.array_equal(self.answer(again), self.answer(clone(again).fit(X, self.y)))

    @rule(start=st.integers(0, 39), count=st.integers(1, 12))
    def partial_fit(self, start: int, count: int) -> None:
        known = {"classes": CLASSES} if is_classifier(self.estimator) else {}
        rows, estimator = slice(start, start + count), self.estimator
        if not hasattr(estimator, "partial_fit"):  # lbfgs
            return
        if estimator.early_stopping:
            with pytest.raises(ValueError, match="early_stopping"):
                estimator.partial_fit(X[rows], self.y[rows], **known)
            return
        if known and estimator.warm_start and set(self.y[rows]) != set(CLASSES):
            return  # refused, as by scikit-learn
        before = getattr(estimator, "t_", 0)
        estimator.partial_fit(X[rows], self.y[rows], **known)
        assert estimator.t_ == before + len(X[rows])
        self.note()

    @rule(wrong=st.sampled_from(WRONG))
    def fit_with_a_wrong_setting(self, wrong: dict[str, Any]) -> None:
        (name,) = wrong
        before = self.estimator.get_params(deep=False)[name]
        self.estimator.set_params(**wrong)
        with pytest.raises((ValueError, TypeError)):
            self.estimator.fit(X, self.y)
        self.estimator.set_params(**{name: before})

    @rule()
    def fit_with_bad_data(self) -> None:
        with pytest.raises(ValueError, match="NaN"):
            self.estimator.fit(np.where(np.arange(120).reshape(40, 3) == 5, np.nan, X), self.y)
        with pytest.raises(ValueError, match="inconsistent"):
            self.estimator.fit(X, self.y[:7])

    # ----- settings, weights and copies

    @rule(name=st.sampled_from(sorted(SETTINGS)), place=st.integers(0, 9))
    def set_params(self, name: str, place: int) -> None:
        value = SETTINGS[name][place % len(SETTINGS[name])]
        if name == "clip_value" and self.estimator.optimizer is not None:
            return  # belongs into the optimizer
        if name == "optimizer" and self.estimator.clip_value is not None:
            return
        if name == "scale_inputs" and self.answers is not None:
            return  # another network
        self.estimator.set_params(**{name: value})
        assert self.estimator.get_params()[name] == value

    @precondition(lambda self: self.answers is not None)
    @rule(layer=st.sampled_from([0, 1]))
    def set_weights(self, layer: int) -> None:
        self.estimator.coefs_[layer] = 0.5 * self.estimator.coefs_[layer]
        self.note()
        shown = self.estimator.network_.parameters["W_hidden" if layer == 0 else "W_output"]
        assert np.array_equal(shown, self.estimator.coefs_[layer])

    @rule()
    def clone_is_not_fitted(self) -> None:
        other = clone(self.estimator)
        with pytest.raises(NotFittedError):
            other.predict(X)
        assert repr(other) == repr(self.estimator)

    @rule()
    def pickle(self) -> None:
        self.estimator = pickle.loads(pickle.dumps(self.estimator))  # noqa: S301 (made here)

    @rule()
    def copy(self) -> None:
        other = copy.deepcopy(self.estimator)
        if self.answers is not None:
            self.estimator.coefs_[0] = 2 * self.estimator.coefs_[0]
            self.answer(self.estimator)  # of which the copy knows nothing
            assert np.array_equal(self.answer(other), self.answers)
        self.estimator = other

    # ----- what always holds

    @invariant()
    def it_answers_as_after_it_learned(self) -> None:
        if not hasattr(self, "estimator"):
            return
        if self.answers is None:
            with pytest.raises(NotFittedError):
                self.estimator.predict(X)
            return
        assert np.array_equal(self.answer(self.estimator), self.answers)
        predict = getattr(self.estimator, "predict_proba", self.estimator.predict)
        assert np.array_equal(predict(X[7:8]), self.answers[7:8])
        assert self.estimator.n_features_in_ == 3
        if hasattr(self.estimator, "loss_curve_"):
            assert np.all(np.isfinite(self.estimator.loss_curve_))


TestPerceptronLife = PerceptronLife.TestCase
TestPerceptronLife.settings = settings(max_examples=5, stateful_step_count=15)
pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:batch_size=7 is more than"),
]
