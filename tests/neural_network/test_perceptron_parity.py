"""Equal settings give scikit-learn's learning curves and weights, to rounding."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
import sklearn.neural_network as theirs
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    make_multilabel_classification,
    make_regression,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

import syn0.neural_network as ours
from syn0.engines.llvm import LLVMEngine

TOLERANCE = {"float64": 1e-6, "float32": 2e-2}  # of weights, after 100 and 20 steps
CURVE = {"float64": 1e-9, "float32": 1e-4}  # of losses
DATA = {
    "iris": ("MLPClassifier", scale(load_iris().data), load_iris().target),
    "cancer": ("MLPClassifier", scale(load_breast_cancer().data), load_breast_cancer().target),
    "digits": ("MLPClassifier", load_digits().data / 16, load_digits().target),
    "diabetes": ("MLPRegressor", scale(load_diabetes().data), load_diabetes().target.copy()),
}
LABELS = make_multilabel_classification(n_samples=120, n_features=8, random_state=0)
SEVERAL = make_regression(n_samples=120, n_features=8, n_targets=3, random_state=0)
DRAWN = {
    "two classes": ("MLPClassifier", LABELS[0], LABELS[1][:, 0]),
    "three classes": ("MLPClassifier", LABELS[0], LABELS[1].sum(axis=1).clip(1, 3)),
    "labels": ("MLPClassifier", *LABELS),
    "one output": ("MLPRegressor", SEVERAL[0], scale(SEVERAL[1])[:, 0]),
    "three outputs": ("MLPRegressor", SEVERAL[0], scale(SEVERAL[1])),
    "counts": ("MLPRegressor", SEVERAL[0], np.floor(np.exp(scale(SEVERAL[1])[:, 0]))),
}
SETTINGS: dict[str, tuple[Any, ...]] = {
    "solver": ("sgd", "adam", "lbfgs"),
    "activation": ("identity", "logistic", "tanh", "relu"),
    "alpha": (0.0, 1e-4, 1.0),
    "batch_size": (200, 50),
    "learning_rate": ("constant", "invscaling", "adaptive"),
    "hidden_layer_sizes": ((6,), (7, 5)),
    "momentum": (0.0, 0.9),
    "nesterovs_momentum": (True, False),
    "shuffle": (True, False),
    "weighted": (False, True),
    "dtype": ("float64", "float64", "float32"),
}


def fit_both(
    given: tuple[str, Any, Any], dtype: str = "float64", weighted: bool = False, **kw: Any
):
    """Return scikit-learn's estimator and ours, fitted to the same."""
    name, X, y = given
    X = X.astype(dtype)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(X)) if weighted else None
    found = []
    for library in (theirs, ours):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", UserWarning)  # batch_size, said in other words
            found.append(getattr(library, name)(**kw).fit(X, y, sample_weight=weight))
    return found


def assert_same_weights(first: Any, second: Any, tolerance: float) -> None:
    for a, b in zip(first.coefs_ + first.intercepts_, second.coefs_ + second.intercepts_):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(b, a, rtol=tolerance, atol=tolerance * np.abs(a).max())


def assert_same_course(first: Any, second: Any, tolerance: float) -> None:
    assert second.n_iter_ == first.n_iter_
    assert second.t_ == first.t_
    np.testing.assert_allclose(second.loss_curve_, first.loss_curve_, rtol=tolerance)
    np.testing.assert_allclose(second.loss_, first.loss_, rtol=tolerance)
    assert second._no_improvement_count == first._no_improvement_count
    np.testing.assert_allclose(
        second._optimizer.learning_rate, first._optimizer.learning_rate, rtol=1e-12
    )


def check_drawn(case: int, rng: np.random.Generator) -> None:
    """Fit both to settings that are drawn, for a hundred steps."""
    data = list(DRAWN)[case % len(DRAWN)]
    kw = {name: values[rng.integers(len(values))] for name, values in SETTINGS.items()}
    dtype = kw["dtype"]
    if data == "counts":
        kw["loss"] = "poisson"
    if kw["solver"] == "lbfgs":  # whose line search doubles what rounding began
        kw |= {"max_iter": 8, "dtype": (dtype := "float64")}
    epochs = 100 if kw["batch_size"] > 120 else 34
    if dtype == "float32":  # where Adam makes a whole step of a gradient that is but rounding
        epochs //= 5
    steps = {"max_iter": epochs, "tol": 0.0}
    first, second = fit_both(
        DRAWN[data], random_state=int(rng.integers(1000)), n_iter_no_change=1000,
        **{**steps, "learning_rate_init": 0.01, **kw},
    )  # fmt: skip
    assert_same_weights(first, second, TOLERANCE[dtype])
    if kw["solver"] != "lbfgs":
        assert_same_course(first, second, CURVE[dtype])
    np.testing.assert_allclose(second.loss_, first.loss_, rtol=CURVE[dtype])


@pytest.mark.parametrize("case", range(8))
def test_a_hundred_steps_of_drawn_settings_give_the_same_weights(case, rng):
    check_drawn(case, rng)


@pytest.mark.parametrize(
    ("data", "solver"),
    [("iris", "sgd"), ("cancer", "adam"), ("digits", "adam"), ("diabetes", "sgd")],
)
def test_training_on_real_data_ends_where_theirs_does(data, solver):
    first, second = fit_both(DATA[data], solver=solver, hidden_layer_sizes=(16,), random_state=1)
    assert_same_course(first, second, CURVE["float64"])
    assert_same_weights(first, second, TOLERANCE["float64"])
    assert second.best_loss_ == pytest.approx(first.best_loss_, rel=1e-9)
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(second, name) == getattr(first, name)


@pytest.mark.parametrize("data", ["cancer", "diabetes"])
def test_early_stopping_holds_out_and_keeps_the_same(data):
    first, second = fit_both(
        DATA[data], early_stopping=True, hidden_layer_sizes=(16,), random_state=1, max_iter=60
    )
    assert_same_course(first, second, CURVE["float64"])
    np.testing.assert_allclose(second.validation_scores_, first.validation_scores_, rtol=1e-9)
    assert second.best_validation_score_ == pytest.approx(first.best_validation_score_)
    assert second.best_loss_ is None
    assert_same_weights(first, second, TOLERANCE["float64"])


def test_an_adaptive_rate_falls_at_the_same_epochs():
    first, second = fit_both(
        DATA["iris"], solver="sgd", learning_rate="adaptive", tol=1e-3, max_iter=600,
        random_state=0, hidden_layer_sizes=(8,),
    )  # fmt: skip
    assert first._optimizer.learning_rate < 1e-6  # it fell as far as it goes
    assert_same_course(first, second, CURVE["float64"])


@pytest.mark.parametrize(
    "kw", [{"solver": "adam"}, {"solver": "sgd", "learning_rate": "invscaling"}]
)
def test_fit_partial_fit_and_warm_start_follow_each_other_as_theirs_do(kw):
    _, X, y = DATA["iris"]
    common = {"hidden_layer_sizes": (5,), "random_state": 3, "max_iter": 7, "batch_size": 40, **kw}
    pair = [library.MLPClassifier(**common) for library in (theirs, ours)]
    for one in pair:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            for _ in range(3):
                one.partial_fit(X[:70], y[:70], classes=[0, 1, 2])
            one.partial_fit(X[70:], y[70:]).set_params(alpha=0.5).partial_fit(X, y)
            one.set_params(warm_start=True).fit(X, y).partial_fit(X, y)
    assert_same_course(*pair, CURVE["float64"])
    assert_same_weights(*pair, TOLERANCE["float64"])


def test_a_generator_is_left_where_theirs_leaves_it():
    """Also by full batches, for which the order is of no use here."""
    _, X, y = DATA["iris"]
    ends = []
    for library, size in itertools.product((theirs, ours), (150, 40)):
        rng = np.random.RandomState(5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            library.MLPClassifier((3,), max_iter=5, batch_size=size, random_state=rng).fit(X, y)
        ends.append(rng.randint(2**31))
    assert ends[:2] == ends[2:]


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_another_number_compiles_nothing_anew(solver, monkeypatch):
    _, X, y = DATA["iris"]
    numbers = {"alpha": 0.5, "momentum": 0.3, "learning_rate_init": 0.02, "tol": 1e-3}
    one = ours.MLPClassifier((4,), solver=solver, max_iter=3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        before = one.fit(X, y).predict_proba(X)
        monkeypatch.setattr(LLVMEngine, "compile", None)  # so that to compile is an error
        again = clone(one).set_params(**numbers).fit(X, y)
    assert not np.array_equal(again.predict_proba(X), before)
