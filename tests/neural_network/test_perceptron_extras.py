"""What the perceptrons have beyond scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.utils.class_weight import compute_sample_weight

import syn0
from syn0 import layers, losses
from syn0.errors import ArgumentError, DataError
from syn0.neural_network import MLPClassifier, MLPRegressor

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
AMOUNTS = load_diabetes(return_X_y=True)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**options):
    return MLPClassifier(
        **{"hidden_layer_sizes": (12,), "random_state": 0, "max_iter": 80,
           "learning_rate_init": 0.02, **options}
    )  # fmt: skip


def halved(x):
    return 0.5 * np.maximum(x, 0) + 0.5 * x


def fourth_power(y_true, y_pred):
    return (y_true - y_pred) ** 4


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "gelu"},
        {"activation": halved},
        {"activation": [syn0.Activation("tanh"), "relu"], "hidden_layer_sizes": (9, 8)},
        {"loss": "focal"},
        {"loss": "hinge"},
        {"loss": "kl_divergence"},
        {"loss": losses.CrossEntropy(label_smoothing=0.1)},
        {"loss": fourth_power, "max_iter": 200},
        {"optimizer": syn0.AdamW(0.02)},
        {"optimizer": {"W_*": syn0.RMSprop(0.01), "*": syn0.Adam(0.02)}},
        {"optimizer": "lbfgs"},
        {"learning_rate": syn0.CosineDecay(0.05, decay_steps=80)},
        {"learning_rate": lambda step: 0.1 / (1 + step / 50), "solver": "sgd"},
        {"clip_global_norm": 0.5},
        {"dropout": 0.2},
        {"normalization": "layer"},
        {"scale_inputs": True, "batch_size": 50},
        {"class_weight": "balanced"},
        {"engine": "numpy", "max_iter": 60},
        {"threads": 2},
    ],
    ids=lambda options: ",".join(
        f"{k}={getattr(v, '__name__', v)}"[:40] for k, v in options.items()
    ),
)
def test_whatever_is_asked_for_learns(options):
    assert classifier(**options).fit(X, NAMES).score(X, NAMES) > 0.9


def test_the_network_has_the_layers_that_were_asked_for():
    one = classifier(
        hidden_layer_sizes=(9, 8), normalization=["batch", None], dropout=[0.0, 0.3], max_iter=2
    ).fit(X, Y)
    kinds = {name: type(layer) for name, layer in one.network_.layers.items()}
    assert kinds == {
        "hidden_1": layers.Dense,
        "hidden_1_normalization": layers.BatchNormalization,
        "hidden_1_activation": layers.Activation,
        "hidden_2": layers.Dense,
        "hidden_2_dropout": layers.Dropout,
        "output": layers.Dense,
    }
    assert [W.shape for W in one.coefs_] == [(4, 9), (9, 8), (8, 3)]


def test_two_classes_and_several_labels_take_the_losses_of_questions():
    features, ill = load_breast_cancer(return_X_y=True)
    labels = np.stack([Y == 0, Y != 2], axis=1).astype(int)
    for loss in ("cross_entropy", "focal", "hinge"):
        one = classifier(loss=loss, scale_inputs=True)
        assert clone(one).fit(features, ill).score(features, ill) > 0.95
        assert clone(one).fit(X, labels).predict(X).shape == (150, 2)


def test_a_loss_without_probabilities_offers_none():
    assert not hasattr(classifier(loss="hinge"), "predict_proba")
    assert hasattr(classifier(loss="focal"), "predict_proba")


def test_class_weights_are_sample_weights():
    some, few = X[30:], NAMES[30:]
    for given in ("balanced", {"setosa": 3.0, "virginica": 0.5}):
        weight = compute_sample_weight(given, few)
        by_class = classifier(class_weight=given, max_iter=9).fit(some, few)
        by_sample = classifier(max_iter=9).fit(some, few, sample_weight=weight)
        np.testing.assert_allclose(by_class.coefs_[0], by_sample.coefs_[0], rtol=1e-9)
    with pytest.raises(ArgumentError, match="'rosa'"):
        classifier(class_weight={"rosa": 2.0}).fit(X, NAMES)


@pytest.mark.parametrize("early", [False, True])
def test_samples_of_ones_own_are_scored_after_each_epoch(early):
    held = {"X_val": X[1::2], "y_val": NAMES[1::2]}
    one = classifier(early_stopping=early, tol=0.0, n_iter_no_change=15)
    one.fit(X[::2], NAMES[::2], **held)
    assert len(one.validation_loss_curve_) == len(one.validation_scores_) == one.n_iter_
    last = losses.cross_entropy(np.eye(3)[Y[1::2]], one.predict_proba(X[1::2])).mean()
    if early:
        assert one.score(X[1::2], NAMES[1::2]) == max(one.validation_scores_)
        assert one.best_validation_score_ == max(one.validation_scores_)
    else:
        assert one.validation_loss_curve_[-1] == pytest.approx(last)
        assert one.validation_scores_[-1] == one.score(X[1::2], NAMES[1::2])
        alone = classifier(tol=0.0, n_iter_no_change=15).fit(X[::2], NAMES[::2])
        np.testing.assert_array_equal(one.coefs_[0], alone.coefs_[0])
    with pytest.raises(DataError, match="X_val"):
        one.fit(X, NAMES, X_val=X)
    with pytest.raises(ValueError, match="rosa"):
        one.fit(X, NAMES, X_val=X, y_val=["rosa"] * 150)


def test_callbacks_hear_of_training_and_validation_and_may_stop():
    stop = syn0.EarlyStopping(monitor="val_loss", target=0.5)
    one = classifier(callbacks=[stop], max_iter=500)
    one.fit(X[::2], NAMES[::2], X_val=X[1::2], y_val=NAMES[1::2])
    assert one.n_iter_ < 500
    assert one.validation_loss_curve_[-1] <= 0.5 < one.validation_loss_curve_[-2]
    np.testing.assert_allclose(one.network_.history["val_loss"], one.validation_loss_curve_)


@pytest.mark.parametrize("loss", ["huber", "mean_absolute_error", losses.Quantile(0.5), "poisson"])
def test_regression_by_any_loss(loss):
    features, amounts = AMOUNTS
    one = MLPRegressor(loss, (10,), scale_inputs=True, scale_targets=loss != "poisson",
                       learning_rate_init=0.02, random_state=0, max_iter=60)  # fmt: skip
    assert one.fit(features, amounts).score(features, amounts) > 0.4


def test_scaled_targets_are_predicted_in_their_own_unit():
    features, amounts = AMOUNTS
    both = np.stack([amounts, 1e6 * amounts + 1e9], axis=1)
    one = MLPRegressor(hidden_layer_sizes=(10,), scale_inputs=True, scale_targets=True,
                       early_stopping=True, random_state=0, max_iter=40,
                       learning_rate_init=0.02)  # fmt: skip
    found = one.fit(features, both).predict(features)
    np.testing.assert_allclose(found.mean(axis=0), both.mean(axis=0), rtol=0.1)
    assert one.best_validation_score_ > 0.1
    constant = MLPRegressor(hidden_layer_sizes=(3,), scale_targets=True, max_iter=3)
    constant.fit(X, np.full(150, 5.0))
    assert (constant.target_mean_, constant.target_scale_) == (5.0, 1.0)


def test_tables_with_text_and_gaps_are_prepared():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X[:, :2], columns=["length", "width"])
    frame["petal"] = np.where(X[:, 2] > 3, "long", "short")
    frame.loc[::7, "width"] = np.nan
    frame.loc[3, "petal"] = None
    one = classifier(preparation="auto").fit(frame, NAMES)
    assert one.score(frame, NAMES) > 0.6
    assert list(one.feature_names_in_) == ["length", "width", "petal"]
    assert one.predict(frame[:1]).shape == (1,)
    again = classifier(preparation=one.preparation_).fit(frame, NAMES)
    np.testing.assert_array_equal(one.predict_proba(frame), again.predict_proba(frame))
    with pytest.raises(ValueError, match="feature names"):
        one.predict(frame.rename(columns={"width": "breadth"}))


def test_arrays_with_gaps_are_prepared_too():
    gaps = X.copy()
    gaps[::5, 2] = np.nan
    assert classifier(preparation="auto").fit(gaps, Y).score(gaps, Y) > 0.8
    with pytest.raises(ValueError, match="NaN"):
        classifier().fit(gaps, Y)


def test_progress_states_the_choices_made(capsys):
    classifier(verbose="progress", max_iter=3).fit(X, Y)
    shown = capsys.readouterr().out
    assert "loss log_loss" in shown
    assert "epoch 3/3" in shown


def test_a_list_is_one_item_for_each_hidden_layer():
    with pytest.raises(ArgumentError, match="1 items, there are 2 hidden layers"):
        classifier(activation=["relu"], hidden_layer_sizes=(3, 4)).fit(X, Y)


def test_limits_beside_an_optimizer_belong_into_it():
    with pytest.raises(ArgumentError, match="optimizer"):
        classifier(optimizer="adam", clip_norm=1.0).fit(X, Y)
