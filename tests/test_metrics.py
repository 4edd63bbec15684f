"""Metrics against hand-worked numbers and scikit-learn, in a graph and on arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.special
import sklearn.metrics as sk

from syn0 import graph, losses, metrics
from syn0.errors import ArgumentError, DataError, ShapeError, UnknownNameError
from syn0.metrics import (
    F1,
    R2,
    ROCAUC,
    Accuracy,
    BalancedAccuracy,
    Perplexity,
    Precision,
    Recall,
    TopKAccuracy,
)

RNG = np.random.default_rng(7)
N = 60
LABELS = RNG.integers(0, 4, N)
ONE_HOT = np.eye(4)[LABELS]
SCORES = RNG.normal(size=(N, 4)) + ONE_HOT
PROBABILITIES = scipy.special.softmax(SCORES, axis=1)
YES = (RNG.random(N) > 0.6).astype(int)
ONE_SCORE = np.clip(0.5 + 0.3 * (YES - 0.5) + 0.25 * RNG.normal(size=N), 0, 1)[:, None]
MANY_YES = (RNG.random((N, 3)) > 0.5).astype(int)
MANY_SCORES = np.clip(MANY_YES * 0.4 + RNG.random((N, 3)) * 0.6, 0, 1)
WEIGHTS = RNG.uniform(0.1, 3, N)


def in_graph(metric: Any, y: Any, p: Any, dtype: str = "float64") -> Any:
    """Return the values a metric has for each sample in a graph with a batch."""
    y, p = np.asarray(y), np.asarray(p, dtype)
    y_true = graph.input_tensor("y", (graph.batch, *y.shape[1:]), str(y.dtype))
    y_pred = graph.input_tensor("p", (graph.batch, *p.shape[1:]), dtype)
    values = metric(y_true, y_pred)
    assert values.dtype == dtype
    return graph.evaluate([values], {"y": y, "p": p})[0]


# ----- per sample ---------------------------------------------------------


@pytest.mark.parametrize("targets", [LABELS, ONE_HOT])
def test_accuracy_of_classes(targets: Any) -> None:
    wanted = (SCORES.argmax(axis=1) == LABELS).astype(float)
    np.testing.assert_array_equal(in_graph(Accuracy(), targets, SCORES), wanted)
    found = Accuracy().whole_set(targets, SCORES)
    assert found == pytest.approx(sk.accuracy_score(LABELS, SCORES.argmax(axis=1)))
    weighted = sk.accuracy_score(LABELS, SCORES.argmax(axis=1), sample_weight=WEIGHTS)
    assert Accuracy().whole_set(targets, SCORES, WEIGHTS) == pytest.approx(weighted)


def test_accuracy_of_a_single_output() -> None:
    wanted = ((ONE_SCORE[:, 0] > 0.5) == YES).astype(float)
    y = YES[:, None].astype(float)
    np.testing.assert_array_equal(in_graph(Accuracy(), y, ONE_SCORE), wanted)
    assert Accuracy().whole_set(YES, ONE_SCORE) == pytest.approx(wanted.mean())
    shifted = scipy.special.logit(np.clip(ONE_SCORE, 1e-6, 1 - 1e-6))
    np.testing.assert_array_equal(in_graph(Accuracy(0.0), y, shifted), wanted)


def test_accuracy_of_signs() -> None:
    y, p = np.array([[-1.0], [1.0], [1.0]]), np.array([[-0.2], [0.1], [-3.0]])
    assert in_graph(metrics.get("accuracy", threshold=0.0), y, p).tolist() == [1, 1, 0]


def test_accuracy_of_several_questions_is_that_of_rows() -> None:
    wanted = sk.accuracy_score(MANY_YES, MANY_SCORES > 0.5)
    assert 0 < wanted < 1
    metric = Accuracy(threshold=0.5)
    assert in_graph(metric, MANY_YES.astype(float), MANY_SCORES).mean() == pytest.approx(wanted)
    assert metric.whole_set(MANY_YES, MANY_SCORES) == pytest.approx(wanted)
    # Class numbers exclude each other, whatever the loss says about thresholds.
    found = Accuracy(threshold=0.5).whole_set(LABELS, PROBABILITIES)
    assert found == Accuracy().whole_set(LABELS, PROBABILITIES)


def test_accuracy_of_time_steps() -> None:
    y, p = LABELS.reshape(10, 6), SCORES.reshape(10, 6, 4)
    values = in_graph(Accuracy(), y, p)
    assert values.shape == (10, 6)
    assert values.mean() == pytest.approx(Accuracy().whole_set(LABELS, SCORES))
    assert Accuracy().whole_set(y, p) == pytest.approx(Accuracy().whole_set(LABELS, SCORES))


@pytest.mark.parametrize("k", [1, 2, 3, 4])
@pytest.mark.parametrize("targets", [LABELS, ONE_HOT])
def test_top_k_agrees_with_scikit_learn(k: int, targets: Any) -> None:
    rough = np.round(SCORES)  # with many ties
    for scores in (SCORES, rough):
        wanted = sk.top_k_accuracy_score(LABELS, scores, k=k) if k < 4 else 1.0
        assert in_graph(TopKAccuracy(k), targets, scores).mean() == pytest.approx(wanted)
        assert TopKAccuracy(k).whole_set(targets, scores) == pytest.approx(wanted)


def test_top_k_edges() -> None:
    assert in_graph(TopKAccuracy(2), [0], [[-np.inf, 0.0, 1.0]]).tolist() == [0]
    assert in_graph(TopKAccuracy(1), [1], [[-np.inf, np.inf, 1.0]]).tolist() == [1]
    assert in_graph(TopKAccuracy(2), [0], [[np.nan, 0.0, 1.0]]).tolist() == [0]
    assert in_graph(TopKAccuracy(9), [0], [[0.0, 0.0, 1.0]]).tolist() == [1]


def test_errors_per_element() -> None:
    y, p = RNG.normal(size=(5, 2)), RNG.normal(size=(5, 2))
    np.testing.assert_allclose(in_graph(metrics.get("mean_absolute_error"), y, p), abs(y - p))
    np.testing.assert_allclose(in_graph(metrics.get("mean_squared_error"), y, p), (y - p) ** 2)
    found = metrics.get("mean_squared_error").whole_set(y, p, WEIGHTS[:5])
    assert found == pytest.approx(sk.mean_squared_error(y, p, sample_weight=WEIGHTS[:5]))
    assert metrics.get("mean_absolute_error").whole_set(y[:, 0], p[:, :1]) == pytest.approx(
        sk.mean_absolute_error(y[:, 0], p[:, 0])
    )


def test_single_precision_stays_single() -> None:
    for name in ("accuracy", "top_k_accuracy"):
        in_graph(metrics.get(name), LABELS, SCORES, "float32")


# ----- of a whole set -----------------------------------------------------


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Precision(), sk.precision_score),
        (Recall(), sk.recall_score),
        (F1(), sk.f1_score),
    ],
)
def test_averages_agree_with_scikit_learn(ours: Any, theirs: Any, weights: Any) -> None:
    decided = SCORES.argmax(axis=1)
    options = {"sample_weight": weights}
    for targets in (LABELS, ONE_HOT):
        found = ours.whole_set(targets, SCORES, weights)
        assert found == pytest.approx(theirs(LABELS, decided, average="macro", **options))
    micro = type(ours)(average="micro").whole_set(LABELS, SCORES, weights)
    assert micro == pytest.approx(theirs(LABELS, decided, average="micro", **options))
    yes = ONE_SCORE[:, 0] > 0.5
    assert ours.whole_set(YES, ONE_SCORE, weights) == pytest.approx(theirs(YES, yes, **options))
    two = np.hstack([1 - ONE_SCORE, ONE_SCORE])
    assert ours.whole_set(YES, two, weights) == pytest.approx(theirs(YES, yes, **options))
    several = type(ours)(threshold=0.5).whole_set(MANY_YES, MANY_SCORES, weights)
    wanted = theirs(MANY_YES, MANY_SCORES > 0.5, average="macro", zero_division=0.0, **options)
    assert several == pytest.approx(wanted)


def test_balanced_accuracy_agrees_with_scikit_learn() -> None:
    decided = SCORES.argmax(axis=1)
    found = BalancedAccuracy().whole_set(ONE_HOT, SCORES, WEIGHTS)
    wanted = sk.balanced_accuracy_score(LABELS, decided, sample_weight=WEIGHTS)
    assert found == pytest.approx(wanted)
    # A class that is predicted but absent does not count.
    assert BalancedAccuracy().whole_set([0, 0], [[1.0, 0, 0], [0, 0, 1]]) == 0.5


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_roc_auc_agrees_with_scikit_learn(weights: Any) -> None:
    def area(y: Any, p: Any, **options: Any) -> Any:
        return pytest.approx(sk.roc_auc_score(y, p, sample_weight=weights, **options))

    assert ROCAUC().whole_set(YES, ONE_SCORE, weights) == area(YES, ONE_SCORE[:, 0])
    two = np.hstack([1 - ONE_SCORE, ONE_SCORE])
    assert ROCAUC().whole_set(YES, two, weights) == area(YES, ONE_SCORE[:, 0])
    wanted = area(LABELS, PROBABILITIES, multi_class="ovr")
    assert ROCAUC().whole_set(LABELS, PROBABILITIES, weights) == wanted
    assert ROCAUC().whole_set(ONE_HOT, SCORES, weights) == wanted
    several = ROCAUC(threshold=0.5).whole_set(MANY_YES, MANY_SCORES, weights)
    assert several == area(MANY_YES, MANY_SCORES)


def test_roc_auc_of_one_class_is_not_a_number() -> None:
    assert math.isnan(ROCAUC().whole_set([1, 1], [[0.2], [0.4]]))
    p = [[0.6, 0.2, 0.2], [0.3, 0.5, 0.2], [0.5, 0.3, 0.2]]
    assert ROCAUC().whole_set([0, 1, 0], p) == 1.0  # class 2 is absent


def test_r2_agrees_with_scikit_learn() -> None:
    y = RNG.normal(size=(20, 2))
    p = y + 0.5 * RNG.normal(size=(20, 2))
    assert R2().whole_set(y, p) == pytest.approx(sk.r2_score(y, p))
    assert R2().whole_set(y[:, 0], p[:, :1]) == pytest.approx(sk.r2_score(y[:, 0], p[:, 0]))
    found = R2().whole_set(y, p, WEIGHTS[:20])
    assert found == pytest.approx(sk.r2_score(y, p, sample_weight=WEIGHTS[:20]))
    assert math.isnan(R2().whole_set([1.0], [[1.0]]))


def test_perplexity() -> None:
    wanted = math.exp(sk.log_loss(LABELS, PROBABILITIES, sample_weight=WEIGHTS))
    for p in (PROBABILITIES, SCORES):
        assert Perplexity().whole_set(LABELS, p, WEIGHTS) == pytest.approx(wanted)
        assert Perplexity().whole_set(ONE_HOT, p, WEIGHTS) == pytest.approx(wanted)
    steps = Perplexity().whole_set(LABELS.reshape(10, 6), PROBABILITIES.reshape(10, 6, 4))
    assert steps == pytest.approx(math.exp(sk.log_loss(LABELS, PROBABILITIES)))
    assert Perplexity().whole_set([0], [[0.0, 1.0]]) < math.inf
    with pytest.raises(DataError, match="one output for each class"):
        Perplexity().whole_set([0, 1], [[0.5], [0.5]])


def test_weights_of_sequences_count_for_each_step() -> None:
    weights = WEIGHTS[:10]
    found = Precision().whole_set(LABELS.reshape(10, 6), SCORES.reshape(10, 6, 4), weights)
    wanted = sk.precision_score(
        LABELS, SCORES.argmax(1), average="macro", sample_weight=np.repeat(weights, 6)
    )
    assert found == pytest.approx(wanted)


def test_nothing_predicted_is_zero() -> None:
    assert Precision().whole_set([1, 1], [[0.1], [0.2]]) == 0.0
    assert F1().whole_set([0, 0], [[0.1], [0.2]]) == 0.0


# ----- names and arguments ------------------------------------------------


def test_names_and_directions() -> None:
    assert set(metrics.catalogue.makers) == set(
        "accuracy balanced_accuracy top_k_accuracy precision recall f1 roc_auc "
        "mean_absolute_error mean_squared_error r2 perplexity".split()
    )
    per_sample = set()
    falling = set()
    for name in metrics.catalogue.makers:
        metric = metrics.get(name)
        assert metric.name == name
        per_sample |= {name} if metric.per_sample else set()
        falling |= set() if metric.greater_is_better else {name}
    assert per_sample == {
        "accuracy", "top_k_accuracy", "mean_absolute_error", "mean_squared_error",
    }  # fmt: skip
    assert falling == {"mean_absolute_error", "mean_squared_error", "perplexity"}
    assert TopKAccuracy(3, name="top_3").name == "top_3"


def test_the_threshold_of_the_loss_is_a_default() -> None:
    assert metrics.get("accuracy", 0.0) == Accuracy(0.0)
    assert metrics.get(Accuracy(0.7), 0.0) == Accuracy(0.7)
    assert metrics.get("f1", 0.0) == F1(0.0)
    assert metrics.get("r2", 0.0) == R2()


def test_own_functions_are_metrics() -> None:
    def worst(y_true: Any, y_pred: Any) -> Any:
        return abs(y_true - y_pred)

    metric = metrics.get(worst)
    assert metric.per_sample
    assert metric.name == "worst"
    assert metric.whole_set([1.0, 2.0], [2.0, 4.0]) == 1.5
    assert in_graph(metric, [[1.0]], [[3.0]]).tolist() == [[2.0]]
    assert metrics.get(losses.kl_divergence).name == "kl_divergence"


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: metrics.get("acc"), UnknownNameError, "'accuracy'"),
        (lambda: metrics.get("AUC"), UnknownNameError, "'roc_auc'"),
        (lambda: metrics.get("mse"), UnknownNameError, "'mean_squared_error'"),
        (lambda: metrics.get("sparse_categorical_accuracy"), UnknownNameError, "'accuracy'"),
        (lambda: metrics.get("f1_score"), UnknownNameError, "'f1'"),
        (lambda: metrics.get("recal"), UnknownNameError, "did you mean 'recall'"),
        (lambda: metrics.get(F1), ArgumentError, r"write F1\(\)"),
        (lambda: metrics.get(0.5), ArgumentError, "not a metric"),
        (lambda: TopKAccuracy(0), ArgumentError, "k=0"),
        (lambda: F1(average="mean"), ArgumentError, "average='mean'"),
        (lambda: F1()(ONE_HOT, SCORES), ArgumentError, "whole_set"),
        (lambda: Accuracy()(np.ones((2, 2, 2)), np.ones((2, 3))), ShapeError, "no classes"),
        (lambda: R2().whole_set([], np.ones((0, 1))), DataError, "no samples"),
        (
            lambda: BalancedAccuracy(0.5).whole_set(MANY_YES, MANY_SCORES),
            DataError,
            "exclude each other",
        ),
    ],
)
def test_wrong_uses_are_refused(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
