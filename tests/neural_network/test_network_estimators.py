"""Any network as an estimator: scikit-learn's contract, its tools, and what is ours beyond."""

from __future__ import annotations

import pickle
import re
import signal
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import syn0
from syn0.errors import ArgumentError, DataError, NonFiniteError, ShapeError
from syn0.neural_network import NetworkClassifier, NetworkRegressor

WORDS = np.array("zero one two three four five six seven eight nine".split())
DIGITS = load_digits()
X = (DIGITS.data[:600] / 16).astype("float32")
Y = DIGITS.target[:600]
IMAGES = X.reshape(-1, 8, 8)


def small(units: int = 32) -> syn0.Sequential:
    return syn0.Sequential(
        syn0.Dense(units, activation="relu", name="hidden"),
        syn0.Dropout(0.1, name="drop"),
        syn0.Dense("auto", name="output"),
        random_state=3,
    )


def digits(**options: Any) -> NetworkClassifier:
    given = {"optimizer": syn0.Adam(0.01), "epochs": 10, "random_state": 0, **options}
    return NetworkClassifier(small(), **given)


# ----- scikit-learn's contract --------------------------------------------


@parametrize_with_checks([NetworkClassifier(), NetworkRegressor()])
def test_scikit_learn_checks(estimator: Any, check: Any) -> None:
    check(estimator)


def test_network_stays_as_it_was() -> None:
    net = small()
    before = pickle.dumps(net.wiring.labels), net.built, net.seed
    estimator = NetworkClassifier(net, epochs=1).fit(X, Y)
    assert (pickle.dumps(net.wiring.labels), net.built, net.seed) == before
    assert estimator.network is net
    assert estimator.network_["output"].units == 10


def test_a_trained_network_starts_from_its_initial_parameters() -> None:
    net = syn0.Sequential(syn0.Dense(10, "softmax"), random_state=1, dtype="float32")
    fresh = NetworkClassifier(net, epochs=2).fit(X, Y).predict_proba(X)
    net.fit(X, Y, epochs=3, verbose=0)
    assert np.array_equal(NetworkClassifier(net, epochs=2).fit(X, Y).predict_proba(X), fresh)


def test_what_was_set_before_any_training_is_the_start() -> None:
    net = syn0.Sequential(syn0.Dense(10, "softmax", name="out"), random_state=1).build((64,))
    net.set_parameters({"b_out": np.arange(10)})
    given = NetworkClassifier(net, optimizer=syn0.SGD(0.0), epochs=1).fit(X.astype("float64"), Y)
    assert given.network_.dtype == "float64"
    assert given.network_.parameters["b_out"].tolist() == list(range(10))


@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [("float32", "float32"), ("float64", "float64"), ("uint8", "float32"), (">f8", "float64")],
)
def test_dtype_is_that_of_X(dtype: str, wanted: str) -> None:
    fitted = digits(epochs=1).fit((X * 16).astype(dtype), Y)
    assert fitted.network_.dtype == wanted
    assert fitted.predict_proba(X).dtype == wanted


def test_seeds() -> None:
    answers = [digits(random_state=seed, epochs=1).fit(X, Y).predict_proba(X) for seed in (0, 0, 1)]
    assert np.array_equal(answers[0], answers[1])
    assert not np.array_equal(answers[0], answers[2])
    state = np.random.get_state()[1].copy()  # type: ignore[index, union-attr]
    NetworkClassifier(epochs=1).fit(X, Y)
    assert np.array_equal(state, np.random.get_state()[1])  # type: ignore[index]


def test_prediction_by_row_is_that_by_batch() -> None:
    fitted = digits(epochs=2).fit(X, Y)
    whole = fitted.predict_proba(X[:40])
    rows = np.vstack([fitted.predict_proba(X[i : i + 1]) for i in range(40)])
    assert np.array_equal(whole, rows)
    assert np.allclose(whole.sum(axis=1), 1)


def test_a_row_without_weight_is_absent() -> None:
    weight = np.ones(600)
    weight[::7] = 0
    there = weight > 0
    first = digits(epochs=3).fit(X, Y, sample_weight=weight)
    assert np.array_equal(
        first.predict_proba(X), digits(epochs=3).fit(X[there], Y[there]).predict_proba(X)
    )
    # A class that is there without weight only is no class.
    assert 3 not in digits(epochs=1).fit(X, Y, sample_weight=Y != 3).classes_


def test_data_frames_keep_names() -> None:
    names = [f"pixel {i}" for i in range(64)]
    for frame in (pd.DataFrame(X, columns=names), pl.DataFrame(X, schema=names)):
        fitted = digits(epochs=1).fit(frame, Y)
        assert fitted.feature_names_in_.tolist() == names
        assert fitted.n_features_in_ == 64
        assert fitted.predict(frame[:2]).shape == (2,)
        with pytest.raises(ValueError, match="feature names"):
            fitted.predict(frame[names[::-1]])


@pytest.mark.parametrize("kind", ["csr_array", "csc_matrix", "coo_array"])
def test_sparse_is_as_dense(kind: str) -> None:
    sparse = getattr(scipy.sparse, kind)(X)
    fitted = digits(epochs=1).fit(sparse, Y)
    dense = digits(epochs=1).fit(X, Y)
    assert np.array_equal(fitted.predict_proba(sparse), dense.predict_proba(X))


def test_sparse_that_would_not_fit_is_refused() -> None:
    huge = scipy.sparse.csr_array((4, 2**28))
    with pytest.raises(DataError, match="8 GiB as a dense one"):
        NetworkClassifier().fit(huge, [0, 1, 0, 1])


def test_not_fitted_says_what_to_call() -> None:
    with pytest.raises(NotFittedError, match=r"call fit\(X, y\)"):
        NetworkClassifier().predict(X)


def test_words_of_other_libraries() -> None:
    with pytest.raises(TypeError, match="write epochs="):
        NetworkClassifier(max_iter=200)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "call", [lambda net: net.predict_proba(X), lambda net: net.fit(X, WORDS[Y], verbose=0)]
)
def test_what_networks_advise_works(call: Any) -> None:
    net = syn0.Sequential(syn0.Dense(10, activation="softmax"))
    with pytest.raises((AttributeError, TypeError)) as told:
        call(net)
    advice = re.search(r"syn0\.neural_network\.\S+\(net\)\.fit\(X, y\)", str(told.value))
    assert advice is not None
    names = {"syn0": syn0, "net": net, "X": X, "y": WORDS[Y]}
    exec(f"fitted = {advice.group()}", names)
    assert names["fitted"].classes_.tolist() == sorted(WORDS)


# ----- labels -------------------------------------------------------------


def test_labels_may_be_words() -> None:
    fitted = digits().fit(X, WORDS[Y])
    assert fitted.classes_.tolist() == sorted(WORDS)
    assert fitted.score(X, WORDS[Y]) > 0.9
    best = fitted.predict_proba(X).argmax(axis=1)
    assert np.array_equal(fitted.classes_[best], fitted.predict(X))
    assert np.allclose(np.exp(fitted.predict_log_proba(X)), fitted.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize(
    "head",
    [
        (syn0.Dense("auto"),),
        (syn0.Dense("auto", activation="softmax"),),
        (syn0.Dense("auto"), syn0.Activation("sigmoid")),
        (syn0.Dense(1, activation="sigmoid"),),
        (syn0.Dense(1),),
        (syn0.Dense(2),),
        (syn0.Dense(2, activation="softmax"),),
    ],
    ids=repr,
)
def test_two_classes(head: Any) -> None:
    few = Y < 2
    net = syn0.Sequential(*head, random_state=0)
    fitted = NetworkClassifier(net, optimizer=syn0.Adam(0.03)).fit(X[few], WORDS[Y[few]])
    chances = fitted.predict_proba(X[few])
    assert chances.shape == (few.sum(), 2)
    assert np.allclose(chances.sum(axis=1), 1)
    assert fitted.score(X[few], WORDS[Y[few]]) > 0.95


@pytest.mark.parametrize("loss", [None, "cross_entropy", "focal", "mean_squared_error", "hinge"])
def test_losses_of_linear_outputs(loss: Any) -> None:
    net = syn0.Sequential(syn0.Dense(32, "relu"), syn0.Dense(10), random_state=0)
    fitted = NetworkClassifier(net, loss=loss, optimizer=syn0.Adam(0.01), epochs=30)
    fitted.fit(X, WORDS[Y])
    assert fitted.score(X, WORDS[Y]) > 0.8
    rows = [fitted.predict(X[i : i + 1])[0] for i in range(20)]
    assert rows == fitted.predict(X[:20]).tolist()
    chances = loss in (None, "cross_entropy", "focal")
    assert hasattr(fitted, "predict_proba") == chances
    if chances:
        assert np.allclose(fitted.predict_proba(X).sum(axis=1), 1, atol=1e-5)
        assert np.array_equal(fitted.predict_proba(X)[7:8], fitted.predict_proba(X[7:8]))


def test_one_class_against_the_rest() -> None:
    net = syn0.Sequential(syn0.Dense(10, activation="sigmoid"), random_state=0)
    fitted = NetworkClassifier(net, optimizer=syn0.Adam(0.03), epochs=30).fit(X, Y)
    assert np.allclose(fitted.predict_proba(X).sum(axis=1), 1, atol=1e-5)
    assert fitted.score(X, Y) > 0.9


def test_several_labels() -> None:
    truth = np.stack([Y % 2, Y > 4, Y == 0], axis=1).astype(int)
    fitted = digits(epochs=20).fit(X, truth)
    assert fitted.network_["output"].activation == "sigmoid"
    assert fitted.predict_proba(X).shape == (600, 3)
    assert np.array_equal(fitted.predict(X), fitted.predict_proba(X) > 0.5)
    assert fitted.score(X, truth) > 0.8
    sparse = digits(epochs=20).fit(X, scipy.sparse.csr_array(truth))
    assert np.array_equal(sparse.predict(X), fitted.predict(X))


def test_one_class_only() -> None:
    for net in (None, syn0.Sequential(syn0.Dense("auto", activation="softmax"))):
        fitted = NetworkClassifier(net, epochs=1).fit(X, np.full(600, "only"))
        assert fitted.predict(X[:2]).tolist() == ["only", "only"]
        assert fitted.predict_proba(X[:2]).tolist() == [[1.0], [1.0]]


def test_class_weight_goes_by_label() -> None:
    few = Y < 2
    pair = X[few], WORDS[Y[few]]
    rare = {"zero": 1e-3}
    fitted = digits(class_weight=rare, epochs=3).fit(*pair)
    again = digits(epochs=3).fit(*pair, sample_weight=np.where(pair[1] == "zero", 1e-3, 1))
    assert np.allclose(fitted.predict_proba(X), again.predict_proba(X), atol=1e-5)
    assert (fitted.predict(X[few]) == "one").all()
    assert digits(class_weight="balanced").fit(*pair).score(*pair) > 0.9
    with pytest.raises(ArgumentError, match="names the class 'ten'"):
        digits(class_weight={"ten": 2}).fit(*pair)


def test_other_units_than_classes() -> None:
    with pytest.raises(DataError, match="y has 10 classes, the last layer 3 units"):
        NetworkClassifier(syn0.Sequential(syn0.Dense(3, "softmax"))).fit(X, Y)


# ----- networks -----------------------------------------------------------


def convolved(n_features: Any, n_outputs: int, *, width: int = 16) -> syn0.Sequential:
    assert n_features == (8, 8)
    return syn0.Sequential(
        syn0.Flatten(), syn0.Dense(width, "relu"), syn0.Dense(n_outputs, "softmax")
    )


def test_images() -> None:
    options = {"optimizer": syn0.Adam(0.01), "random_state": 0}
    images = NetworkClassifier(convolved, **options).fit(IMAGES, Y)
    flat = NetworkClassifier(convolved, input_shape=(8, 8), **options).fit(X, Y)
    assert images.score(IMAGES, Y) > 0.85
    assert np.array_equal(images.predict_proba(IMAGES), flat.predict_proba(X))
    assert NetworkClassifier(epochs=1).fit(IMAGES, Y).predict(IMAGES).shape == (600,)
    channel = syn0.Sequential(syn0.Input((8, 8, 1)), syn0.Flatten(), syn0.Dense("auto"))
    assert NetworkClassifier(channel, epochs=1).fit(IMAGES, Y).network_.input_shape == (8, 8, 1)
    with pytest.raises(ShapeError, match="input_shape"):
        NetworkClassifier(convolved, input_shape=(9, 8)).fit(X, Y)


def test_models_of_any_wiring() -> None:
    x = syn0.Input((64,))
    hidden = syn0.Dense(16, activation="relu", name="hidden")(x)
    both = syn0.Concatenate()(x, hidden)
    net = syn0.Model(x, syn0.Dense("auto", name="out")(both), random_state=0)
    changed = NetworkClassifier(net, optimizer=syn0.Adam(0.01)).set_params(network__hidden__units=5)
    assert changed.fit(X, Y).network_.parameters["W_out"].shape == (69, 10)
    assert changed.score(X, Y) > 0.85
    two = syn0.Model(x, [syn0.Dense(10)(hidden), syn0.Dense(10)(x)])
    with pytest.raises(DataError, match="1 inputs and 2 outputs"):
        NetworkClassifier(two).fit(X, Y)


def test_auto_needs_y() -> None:
    for net in (small(), syn0.Sequential(syn0.Dense("auto"), syn0.Dense(3))):
        with pytest.raises(ArgumentError, match=r"NetworkClassifier or NetworkRegressor"):
            net.fit(X, Y, verbose=0)


@pytest.mark.parametrize("given", [3, syn0.Sequential, lambda n, k: "a network"])
def test_what_is_no_network(given: Any) -> None:
    with pytest.raises(ArgumentError, match=r"syn0.Sequential\(\.\.\.\)"):
        NetworkClassifier(given).fit(X, Y)


# ----- parameters ---------------------------------------------------------


def test_nested_parameters() -> None:
    estimator = NetworkClassifier(small(), optimizer=syn0.SGD(0.1), loss=syn0.losses.Focal())
    found = estimator.get_params()
    assert found["optimizer__learning_rate"] == 0.1
    assert found["loss__gamma"] == 2.0
    assert found["network__hidden__units"] == 32
    other = clone(estimator).set_params(
        optimizer__momentum=0.9, network__drop__rate=0.5, network__hidden=syn0.Dense(4), epochs=3
    )
    assert other.optimizer == syn0.SGD(0.1, momentum=0.9)
    assert other.network["hidden"].units == 4
    assert other.network["drop"].rate == 0.5
    assert clone(other).get_params()["network__hidden__units"] == 4
    assert estimator.optimizer == syn0.SGD(0.1)
    assert estimator.network["hidden"].units == 32
    same = clone(other).set_params(**other.get_params())
    assert same.optimizer == other.optimizer and same.network["hidden"].units == 4


def test_nested_parameters_of_words_and_functions() -> None:
    estimator = NetworkClassifier(convolved, loss="cross_entropy")
    assert estimator.get_params()["network__width"] == 16
    estimator.set_params(network__width=5, optimizer__learning_rate=0.5, loss__label_smoothing=0.1)
    assert estimator.optimizer == syn0.Adam(0.5)
    assert estimator.loss == syn0.losses.CrossEntropy(0.1)
    assert clone(estimator).fit(IMAGES, Y).network_.parameters["b_dense_1"].shape == (5,)
    estimator.set_params(optimizer="sgd", optimizer__momentum=0.5, network=small())
    assert estimator.optimizer == syn0.SGD(momentum=0.5)
    plain = NetworkClassifier(epochs=1).set_params(network__units=7).fit(X, Y)
    assert plain.network_["hidden"].units == 7
    schedule = NetworkClassifier(optimizer=syn0.Adam(syn0.StepDecay(0.1, decay_steps=5)))
    schedule.set_params(optimizer__learning_rate__decay_steps=9)
    assert schedule.optimizer.learning_rate.decay_steps == 9


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("optimizer__lr", "write learning_rate="),
        ("network__hiden__units", "did you mean 'hidden'"),
        ("network__hidden__unit", "did you mean 'units'"),
        ("loss__gamma", "has no parameters to set"),
        ("epoch", "Invalid parameter 'epoch'"),
    ],
)
def test_a_wrong_name_changes_nothing(name: str, told: str) -> None:
    estimator = NetworkClassifier(small())
    before = estimator.get_params(deep=False)
    with pytest.raises(ValueError, match=told):
        estimator.set_params(**{"epochs": 77, "loss": None, name: 3})
    if name != "epoch":  # scikit-learn sets what comes before
        assert estimator.get_params(deep=False) == before


# ----- scikit-learn's tools -----------------------------------------------


def test_search_within_a_pipeline() -> None:
    pipeline = make_pipeline(StandardScaler(), digits(epochs=3))
    grid = {
        "networkclassifier__optimizer__learning_rate": [1e-4, 1e-2],
        "networkclassifier__network__hidden__units": [4, 32],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, WORDS[Y])
    assert search.best_params_["networkclassifier__optimizer__learning_rate"] == 1e-2
    assert search.best_estimator_[-1].network_["hidden"].units == 32
    assert search.score(X, WORDS[Y]) > 0.8


def test_cross_validation_and_calibration() -> None:
    words = WORDS[Y]
    assert cross_val_score(digits(), X, words, cv=2).min() > 0.7
    chances = cross_val_predict(digits(), X, words, cv=2, method="predict_proba")
    assert chances.shape == (600, 10)
    calibrated = CalibratedClassifierCV(digits(), cv=2).fit(X, words)
    assert calibrated.score(X, words) > 0.8


def test_metadata_is_routed() -> None:
    held = X[500:], Y[500:]
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        last = digits(epochs=2).set_fit_request(sample_weight=True, X_val=True, y_val=True)
        pipeline = Pipeline([("scaler", scaler), ("last", last)], transform_input=["X_val"])
        pipeline.fit(X[:500], Y[:500], sample_weight=np.ones(500), X_val=held[0], y_val=held[1])
    assert pipeline[-1].history_["val_accuracy"][-1] == pytest.approx(pipeline.score(*held))


def test_pickle_and_save(tmp_path: Any) -> None:
    fitted = digits().fit(X, WORDS[Y])
    other = pickle.loads(pickle.dumps(fitted))  # noqa: S301
    assert np.array_equal(other.predict_proba(X), fitted.predict_proba(X))
    fitted.network_.save(tmp_path / "digits.syn0")
    loaded = syn0.load(tmp_path / "digits.syn0")
    assert np.array_equal(loaded.predict(X), fitted.predict_proba(X))
    assert not hasattr(clone(fitted), "network_")


def test_html() -> None:
    page = digits()._repr_html_()
    assert "NetworkClassifier" in page and "hidden" in page
    assert "<svg" in digits(epochs=1).fit(X, Y)._repr_html_()
    assert "NetworkClassifier" in NetworkClassifier()._repr_html_()


# ----- training -----------------------------------------------------------


def test_warm_start_goes_on() -> None:
    once = digits(epochs=4).fit(X, Y)
    parts = digits(epochs=2, warm_start=True).fit(X, Y)
    assert parts.n_iter_ == 2
    parts.fit(X, Y)
    assert parts.n_iter_ == 4
    assert np.array_equal(once.predict_proba(X), parts.predict_proba(X))
    assert once.history_["loss"] == parts.history_["loss"]
    with pytest.raises(DataError, match="holds the label 11"):
        parts.fit(X, np.where(Y == 9, 11, Y))
    assert parts.n_iter_ == 4
    assert digits(epochs=2).fit(X, Y).fit(X, Y).n_iter_ == 2


def test_partial_fit() -> None:
    stream = digits()
    with pytest.raises(ArgumentError, match="classes is None in the first call"):
        stream.partial_fit(X[:9], Y[:9])
    for epoch in range(5):
        for start in range(0, 600, 200):
            rows = slice(start, start + 200)
            stream.partial_fit(X[rows], WORDS[Y[rows]], classes=WORDS if not epoch else None)
    assert stream.n_iter_ == 15
    assert stream.score(X, WORDS[Y]) > 0.75
    with pytest.raises(ArgumentError, match="other ones than in the first call"):
        stream.partial_fit(X, WORDS[Y], classes=[*WORDS, "ten"])
    whole = digits(epochs=1).fit(X, Y)
    assert np.array_equal(digits().partial_fit(X, Y, range(10)).predict(X), whole.predict(X))
    few = digits(class_weight={1: 2.0}).partial_fit(X[:3], Y[:3], classes=range(10))
    assert few.predict_proba(X).shape == (600, 10)


def test_validation() -> None:
    shared = digits(epochs=2, validation_data=0.25).fit(X, WORDS[Y])
    assert set(shared.history_) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    given = digits(epochs=2).fit(X[:500], WORDS[Y[:500]], X_val=X[500:], y_val=WORDS[Y[500:]])
    score = given.score(X[500:], WORDS[Y[500:]])
    assert given.history_["val_accuracy"][-1] == pytest.approx(score)
    stops = syn0.EarlyStopping(monitor="val_loss", patience=1, min_delta=100.0)
    assert digits(validation_data=0.2, callbacks=[stops]).fit(X, Y).n_iter_ == 2
    for wrong in ({"X_val": X}, {"y_val": Y}):
        with pytest.raises(ArgumentError, match="one is given"):
            digits().fit(X, Y, **wrong)
    with pytest.raises(ArgumentError, match="validation_data too"):
        digits(validation_data=0.2).fit(X, Y, X_val=X, y_val=Y)
    with pytest.raises(ArgumentError, match="give the samples themselves to fit"):
        digits(validation_data=(X, Y)).fit(X, Y)
    with pytest.raises(DataError, match="y_val holds the label 'ten'"):
        digits().fit(X, WORDS[Y], X_val=X[:1], y_val=["ten"])


def test_an_interrupt_keeps_what_was_learned() -> None:
    stop = syn0.LambdaCallback(
        on_epoch_end=lambda event, run: signal.raise_signal(signal.SIGINT) if event.epoch else None
    )
    estimator = digits(callbacks=[stop], epochs=9)
    with pytest.warns(ConvergenceWarning, match="interrupted after 2 epochs"):
        estimator.fit(X, Y)
    assert np.array_equal(estimator.predict_proba(X), digits(epochs=2).fit(X, Y).predict_proba(X))


def test_a_fit_that_fails_leaves_nothing() -> None:
    wild = NetworkRegressor(small(), optimizer=syn0.SGD(1e30), epochs=50)
    with pytest.raises(NonFiniteError), np.errstate(all="raise"):
        wild.fit(X, Y * 1e3)
    assert not [name for name in vars(wild) if name.endswith("_")]
    fitted = digits(epochs=1).fit(X, Y)
    before = fitted.predict_proba(X)
    with pytest.raises(ValueError, match="sample_weight"):
        fitted.fit(X[:, :3], Y, sample_weight=[1.0])
    assert np.array_equal(fitted.predict_proba(X), before)


# ----- regression ---------------------------------------------------------


def test_regression() -> None:
    iris = load_iris().data
    scaled = (iris - iris.mean(axis=0)) / iris.std(axis=0)
    features, one, two = scaled[:, :2], scaled[:, 2], scaled[:, 2:]
    fit = {"optimizer": syn0.Adam(0.01), "epochs": 100, "random_state": 0}
    single = NetworkRegressor(small(), **fit).fit(features, one)
    assert single.predict(features).shape == (150,)
    assert single.score(features, one) > 0.8
    double = NetworkRegressor(small(), **fit).fit(features, two)
    assert double.predict(features).shape == (150, 2)
    assert double.n_outputs_ == 2
    assert double.score(features, two) > 0.8
    with pytest.warns(DataConversionWarning):
        column = NetworkRegressor(small(), **fit).fit(features, one[:, None])
    assert np.array_equal(column.predict(features), single.predict(features))
    with pytest.raises(ShapeError, match="as before"):
        double.partial_fit(features, one)


def test_nothing_is_warned_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        digits(epochs=1).fit(X, Y).score(X, Y)
