"""What scikit-learn asks of estimators, of the perceptrons."""

from __future__ import annotations

import inspect
import pickle
import signal

import numpy as np
import pytest
import sklearn
import sklearn.neural_network as theirs
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import syn0
from syn0.errors import ArgumentError, DataError
from syn0.neural_network import MLPClassifier, MLPRegressor

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@parametrize_with_checks([MLPClassifier((20,)), MLPRegressor(hidden_layer_sizes=(20,))])
def test_all_checks_of_scikit_learn_pass(estimator, check):
    check(estimator)


@pytest.mark.parametrize("ours", [MLPClassifier, MLPRegressor])
def test_arguments_are_theirs_and_ours_come_after_by_keyword(ours):
    mine = list(inspect.signature(ours).parameters.values())
    known = list(inspect.signature(getattr(theirs, ours.__name__)).parameters.values())
    assert [(p.name, p.default, p.kind) for p in mine[: len(known)]] == [
        (p.name, p.default, p.kind) for p in known
    ]
    assert all(p.kind is p.KEYWORD_ONLY for p in mine[len(known) :])


@pytest.mark.parametrize("batch_size", ["auto", 17])
def test_a_sample_of_weight_zero_is_as_good_as_absent(batch_size, rng):
    weight = rng.uniform(0.5, 2, len(X)) * (rng.random(len(X)) < 0.7)
    for early in (False, True):
        one = MLPClassifier(
            (5,), max_iter=8, batch_size=batch_size, random_state=0, early_stopping=early
        )
        there = weight > 0
        with_zeros = clone(one).fit(X, NAMES, sample_weight=weight)
        without = clone(one).fit(X[there], NAMES[there], sample_weight=weight[there])
        for a, b in zip(with_zeros.coefs_, without.coefs_):
            np.testing.assert_array_equal(a, b)
        assert with_zeros.loss_curve_ == without.loss_curve_


def test_a_class_whose_samples_all_have_weight_zero_keeps_its_name():
    one = MLPClassifier((5,), max_iter=5, random_state=0).fit(X, NAMES, sample_weight=Y > 0)
    assert one.predict_proba(X).shape == (150, 3)
    assert list(one.classes_) == ["setosa", "versicolor", "virginica"]


def test_a_pickled_perceptron_goes_on_as_if_it_had_not_been():
    one = MLPClassifier((5,), random_state=0, batch_size=40)
    for _ in range(3):
        one.partial_fit(X, NAMES, classes=np.unique(NAMES))
    other = pickle.loads(pickle.dumps(one))  # noqa: S301 (made here)
    one.partial_fit(X, NAMES)
    other.partial_fit(X, NAMES)
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))
    assert one.loss_curve_ == other.loss_curve_


def test_weights_may_be_set_whole_or_in_place_of_one():
    one = MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=0).fit(X, Y)
    one.coefs_ = [np.zeros_like(W) for W in one.coefs_]
    np.testing.assert_allclose(one.predict(X), one.intercepts_[1][0])
    one.intercepts_[1] = np.array([7.0])
    np.testing.assert_allclose(one.predict(X), 7.0)
    np.testing.assert_array_equal(one.network_.parameters["b_output"], [7.0])
    one.partial_fit(X, Y)
    assert abs(one.predict(X) - 7).max() < 1


def test_a_row_alone_is_predicted_as_in_a_batch(rng):
    one = MLPClassifier((30, 20), max_iter=5, random_state=0).fit(X, Y)
    whole = one.predict_proba(X)
    for row in rng.integers(150, size=5):
        np.testing.assert_array_equal(one.predict_proba(X[row : row + 1])[0], whole[row])


def test_sparse_features_are_those_they_stand_for():
    one = MLPClassifier((5,), max_iter=5, random_state=0, batch_size=40)
    dense = clone(one).fit(X, Y)
    for form in (sparse.csr_matrix, sparse.csc_array):
        found = clone(one).fit(form(X), Y)
        np.testing.assert_array_equal(found.predict_proba(form(X)), dense.predict_proba(X))


@pytest.mark.parametrize("shuffle", [True, False])
def test_features_that_lie_in_a_file_are_taken_in_the_same_order(shuffle, tmp_path):
    """Workers of joblib are given large arrays so."""
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    one = MLPClassifier((5,), max_iter=5, random_state=0, batch_size=40, shuffle=shuffle)
    inside, outside = clone(one).fit(X, Y), clone(one).fit(mapped, Y)
    np.testing.assert_array_equal(inside.coefs_[0], outside.coefs_[0])


def test_the_network_behind_it_has_all_its_verbs(tmp_path, capsys):
    one = MLPClassifier((5,), max_iter=5, random_state=0).fit(X, Y)
    one.network_.show_code()
    assert "W_hidden" in capsys.readouterr().out
    one.network_.save(tmp_path / "iris.syn0")
    loaded = syn0.load(tmp_path / "iris.syn0")
    np.testing.assert_array_equal(loaded.predict(X), one.predict_proba(X))
    loaded.fit(X, Y, epochs=1, verbose=0)  # by the rules that stand in the file
    assert len(loaded.history["loss"]) == 6
    assert one.diagnose(X, Y) is not None


def test_printed_code_does_the_steps_that_were_done(tmp_path):
    one = MLPClassifier((4,), activation="tanh", max_iter=4, random_state=0).fit(X, Y)
    text = one.network_.code(X, Y)
    one.network_.save_code(tmp_path, X, Y)
    names: dict[str, object] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        exec(text, names)
    np.testing.assert_allclose(names["W_hidden"], one.coefs_[0], rtol=1e-12)
    np.testing.assert_allclose(names["loss"], one.loss_, rtol=1e-12)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_whatever_was_not_finite_is_told_with_a_remedy(solver):
    with pytest.raises(DataError, match=r"non-finite parameter weights(.|\n)*scale"):
        MLPRegressor(solver=solver).fit(X * 1e200, Y)


@pytest.mark.parametrize("given", [[0], (5, -1), 0])
def test_a_layer_without_units_is_refused(given):
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        MLPClassifier(given).fit(X, Y)


def test_wrong_parameters_are_refused_as_scikit_learn_does():
    wrong = {"alpha": -1, "activation": "relux", "solver": "sdg", "beta_1": 1.0, "tol": "small"}
    for name, value in wrong.items():
        for library in (theirs.MLPClassifier, MLPClassifier):
            with pytest.raises(ValueError, match=f"The '{name}' parameter"):
                library(**{name: value}).fit(X, Y)


def test_a_batch_larger_than_the_data_is_clipped_with_a_warning():
    with pytest.warns(UserWarning, match="batch_size=500 is more than the 150 samples"):
        MLPClassifier((3,), batch_size=500, max_iter=2).fit(X, Y)


@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
def test_too_few_epochs_are_told():
    for solver in ("adam", "lbfgs"):
        with pytest.warns(ConvergenceWarning):
            MLPClassifier((3,), solver=solver, max_iter=2, random_state=0).fit(X, Y)


def test_what_is_not_fitted_or_has_new_classes_is_refused():
    one = MLPClassifier((3,), max_iter=2)
    with pytest.raises(NotFittedError):
        one.predict(X)
    one.partial_fit(X[:50], NAMES[:50], classes=["setosa", "versicolor"])
    with pytest.raises(ValueError, match="classes not in"):
        one.partial_fit(X, NAMES)
    with pytest.raises(AttributeError, match="partial_fit"):
        MLPRegressor(solver="lbfgs").partial_fit(X, Y)


def test_weights_and_validation_are_routed_through_a_pipeline():
    one = MLPClassifier((3,), max_iter=3, random_state=0)
    with sklearn.config_context(enable_metadata_routing=True):
        one.set_fit_request(sample_weight=True, X_val=True, y_val=True)
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(scaler, one)
        pipeline.fit(X, Y, sample_weight=np.ones(150), X_val=X[::3], y_val=Y[::3])
    assert len(pipeline[-1].validation_loss_curve_) == 3


def test_ctrl_c_keeps_what_was_learned():
    def press(event, run):
        if event.epoch == 2:
            signal.raise_signal(signal.SIGINT)

    callbacks = [syn0.LambdaCallback(on_epoch_end=press)]
    one = MLPClassifier((3,), max_iter=50, random_state=0, callbacks=callbacks)
    with pytest.warns(UserWarning, match="interrupted"):
        one.fit(X, Y)
    assert one.n_iter_ == len(one.loss_curve_) == 3
    before = MLPClassifier((3,), max_iter=3, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(one.coefs_[0], before.coefs_[0])


def test_a_loss_that_counts_refuses_scaled_targets():
    with pytest.raises(ArgumentError, match="counts"):
        MLPRegressor(loss="poisson", scale_targets=True).fit(X, Y)


def test_a_fit_that_fails_leaves_the_estimator_as_it_was():
    one = MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=0).fit(X, Y)
    before = dict(vars(one))
    with pytest.raises(DataError):
        one.fit(X * 1e200, Y)
    assert vars(one) == before


def test_a_refit_forgets():
    one = MLPClassifier((3,), max_iter=5, random_state=0)
    one.fit(X, NAMES, X_val=X, y_val=NAMES)
    one.set_params(solver="lbfgs").fit(X[:, :2], Y)
    fresh = clone(one).fit(X[:, :2], Y)
    assert {n for n in vars(one) if n.endswith("_")} == {n for n in vars(fresh) if n.endswith("_")}


def test_callbacks_of_scikit_learn_hear_of_each_epoch_and_may_stop():
    callback = pytest.importorskip("sklearn.callback")
    monitor = callback.ScoringMonitor(scoring="accuracy")
    one = MLPClassifier((3,), max_iter=4, random_state=0).set_callbacks(monitor).fit(X, Y)
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 4
    assert scores[-1] == one.score(X, Y)
    alone = clone(one).set_params(max_iter=2).set_callbacks().fit(X, Y)
    assert scores[1] == alone.score(X, Y)


def test_parts_are_set_through_two_underscores():
    one = MLPClassifier(optimizer=syn0.AdamW(0.01))
    assert one.get_params()["optimizer__learning_rate"] == 0.01
    one.set_params(optimizer__learning_rate=0.5)
    assert one.optimizer == syn0.AdamW(0.5)


def test_a_word_of_another_library_is_answered_with_ours():
    with pytest.raises(TypeError, match="learning_rate"):
        MLPClassifier(lr=0.1)
