r"""Metrics: how good predictions are, for people to read.

A metric *per sample* is ``f(y_true, y_pred)`` like a loss: it runs inside the programs and
is averaged as training goes. A metric of the *whole set* is no average of samples; it is
computed by scikit-learn, after an epoch, from all predictions at once.

Predictions are what the network puts out: one output a class, of which the largest counts,
or one output that says yes above a threshold.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from syn0 import ops
from syn0.errors import DataError
from syn0.metrics.per_sample import (
    Accuracy,
    Array,
    Decision,
    FunctionMetric,
    MeanAbsoluteError,
    MeanSquaredError,
    Metric,
    TopKAccuracy,
    classes_of,
    weights_of,
)
from syn0.names import Catalogue, require

__all__ = [
    "F1", "ROCAUC", "R2", "Accuracy", "BalancedAccuracy", "FunctionMetric", "MeanAbsoluteError",
    "MeanSquaredError", "Metric", "Perplexity", "Precision", "Recall", "TopKAccuracy",
    "catalogue", "get",
]  # fmt: skip

# ----- of a whole set -----------------------------------------------------


@dataclass(frozen=True)
class _OfClasses(Decision):
    """The base of metrics that scikit-learn computes from true and predicted classes."""

    def whole_set(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the metric of a set."""
        true, decided, weights = self._decide(y_true, y_pred, sample_weight)
        return self._score(true, decided, weights)

    def _score(self, true: Array, decided: Array, weights: Array | None) -> float:
        raise NotImplementedError(f"{type(self).__name__} defines no _score")

    def _decide(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[Array, Array, Array | None]:
        """Return classes (n,), or yes and no (n, k) if each output is a question."""
        true, scores, weights = _rows(y_true, y_pred, sample_weight)
        if not self._questions(true, scores):
            return classes_of(true, scores), scores.argmax(axis=-1), weights
        true, decided = (true > 0.5).astype(int), self._yes(scores).astype(int)
        if scores.shape[-1] == 1:
            return true.reshape(-1), decided.reshape(-1), weights
        return true, decided, weights


@dataclass(frozen=True)
class _Averaged(_OfClasses):
    """The base of metrics that are averaged over classes.

    By default that of class 1 with two classes or a single output, else ``"macro"``.
    """

    average: str | None = None

    def __post_init__(self) -> None:
        words = (None, "binary", "micro", "macro", "weighted", "samples")
        require(self.average in words, self, "average", ", ".join(map(repr, words)))
        super().__post_init__()

    def whole_set(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the metric of a set."""
        true, decided, weights = self._decide(y_true, y_pred, sample_weight)
        outputs = _rows(y_true, y_pred, sample_weight)[1].shape[-1]
        binary = true.ndim == 1 and outputs <= 2
        average = self.average or ("binary" if binary else "macro")
        return self._averaged(true, decided, sample_weight=weights, average=average)

    def _averaged(self, true: Array, decided: Array, **options: Any) -> float:
        raise NotImplementedError(f"{type(self).__name__} defines no _averaged")


@dataclass(frozen=True)
class BalancedAccuracy(_OfClasses):
    """The average over classes of the share of each that is found.

    Examples
    --------
    >>> BalancedAccuracy().whole_set([0, 0, 0, 1], [[0.9], [0.2], [0.1], [0.8]])
    0.8333333333333333
    """

    def _score(self, true: Array, decided: Array, weights: Array | None) -> float:
        from sklearn.metrics import recall_score

        if true.ndim > 1:
            raise DataError(
                "balanced_accuracy is defined for classes that exclude each other.",
                mend="take 'recall', which averages over outputs",
            )
        present = np.unique(true)
        return float(
            recall_score(true, decided, labels=present, average="macro", sample_weight=weights)
        )


@dataclass(frozen=True)
class Precision(_Averaged):
    """The share of those predicted to be of a class that are; 0 if none is predicted.

    Parameters
    ----------
    threshold : float, optional
        Above which an output says yes; see `Accuracy`.
    average : str, optional
        How classes are averaged, in scikit-learn's words. By default class 1 of two, else
        ``"macro"``.

    Examples
    --------
    >>> Precision().whole_set([0, 1, 1], [[0.9], [0.8], [0.3]])
    0.5
    """

    def _averaged(self, true: Array, decided: Array, **options: Any) -> float:
        from sklearn.metrics import precision_score

        return float(precision_score(true, decided, zero_division=0.0, **options))


@dataclass(frozen=True)
class Recall(_Averaged):
    """The share of those of a class that are found; 0 if there are none.

    Parameters
    ----------
    threshold : float, optional
        Above which an output says yes; see `Accuracy`.
    average : str, optional
        How classes are averaged; see `Precision`.

    Examples
    --------
    >>> Recall().whole_set([0, 1, 1], [[0.9], [0.8], [0.3]])
    0.5
    """

    def _averaged(self, true: Array, decided: Array, **options: Any) -> float:
        from sklearn.metrics import recall_score

        return float(recall_score(true, decided, zero_division=0.0, **options))


@dataclass(frozen=True)
class F1(_Averaged):
    """The harmonic mean of precision and recall; 0 if both are.

    Parameters
    ----------
    threshold : float, optional
        Above which an output says yes; see `Accuracy`.
    average : str, optional
        How classes are averaged; see `Precision`.

    Examples
    --------
    >>> F1().whole_set([0, 1, 1], [[0.9], [0.8], [0.3]])
    0.5
    """

    def _averaged(self, true: Array, decided: Array, **options: Any) -> float:
        from sklearn.metrics import f1_score

        return float(f1_score(true, decided, zero_division=0.0, **options))


@dataclass(frozen=True)
class ROCAUC(Decision):
    """The chance that a sample of a class scores above one of the others.

    With several classes the average over them, each against the rest. A class that is
    absent, or alone, has no such chance and is left out; if none is left, NaN.

    Examples
    --------
    >>> ROCAUC().whole_set([0, 1, 1], [[0.4], [0.8], [0.3]])
    0.5
    """

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or "roc_auc")

    def whole_set(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the metric of a set."""
        from sklearn.metrics import roc_auc_score

        true, scores, weights = _rows(y_true, y_pred, sample_weight)
        if not self._questions(true, scores):
            # Against the rest, rows are compared with each other, which needs one scale.
            scores = _probabilities(scores)
            true = classes_of(true, scores)[:, None] == np.arange(scores.shape[-1])
            if scores.shape[-1] == 2:
                true, scores = true[:, 1:], scores[:, 1:]
        true = np.reshape(true > 0.5, scores.shape)
        areas = [
            roc_auc_score(t, s, sample_weight=weights)
            for t, s in zip(true.T, scores.T, strict=True)
            if t.any() and not t.all()
        ]
        return float(np.mean(areas)) if areas else math.nan


@dataclass(frozen=True)
class R2(Metric):
    r"""The share of the variance that is explained: :math:`1 - \sum (y-p)^2 / \sum (y-\bar y)^2`.

    The average over outputs. NaN with fewer than two samples.

    Examples
    --------
    >>> R2().whole_set([1.0, 2.0, 3.0], [1.0, 2.0, 2.0])
    0.5
    """

    def whole_set(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the metric of a set."""
        from sklearn.metrics import r2_score

        true, scores, weights = _rows(y_true, y_pred, sample_weight)
        true = np.reshape(true, scores.shape)
        return float(r2_score(true, scores, sample_weight=weights)) if len(true) > 1 else math.nan


@dataclass(frozen=True)
class Perplexity(Metric):
    r"""Among how many equally likely classes one seems to choose: :math:`e^{H}`.

    H is the average cross-entropy. Outputs that are no probabilities are taken as scores.

    Examples
    --------
    >>> Perplexity().whole_set([0, 1], [[0.5, 0.5], [0.5, 0.5]])
    2.0
    """

    greater_is_better = False

    def whole_set(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the metric of a set."""
        true, scores, weights = _rows(y_true, y_pred, sample_weight)
        if scores.shape[-1] == 1:
            raise DataError(
                "perplexity needs one output for each class, but there is one in all.",
                mend="end in Dense(number of classes, activation='softmax')",
            )
        classes = classes_of(true, scores)[:, None]
        if _are_probabilities(scores):
            found = np.take_along_axis(scores, classes, axis=-1)[:, 0]
            entropy = -np.log(np.maximum(found, np.finfo(scores.dtype).tiny))
        else:
            entropy = -np.take_along_axis(ops.log_softmax(scores), classes, axis=-1)[:, 0]
        return float(np.exp(np.average(entropy, weights=weights)))


def _rows(
    y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[Array, Array, Array | None]:
    """Return targets, outputs (rows, outputs) and weights; a time step is a row of its own."""
    true, scores, weights = np.asarray(y_true), np.asarray(y_pred), weights_of(sample_weight)
    if scores.dtype.kind != "f":
        scores = scores.astype("float64")
    if not len(scores):
        raise DataError("a metric of no samples has no value.", expected="at least one sample")
    if scores.ndim == 1:
        scores = scores[:, None]
    repeats = math.prod(scores.shape[1:-1])
    if weights is not None and repeats > 1:
        weights = np.repeat(weights, repeats)
    same_rank = true.ndim == scores.ndim
    scores = scores.reshape(-1, scores.shape[-1])
    true = true.reshape(scores.shape) if same_rank else true.reshape(-1)
    return true, scores, weights


def _are_probabilities(scores: Array) -> bool:
    return bool((scores >= 0).all() and np.allclose(scores.sum(axis=-1), 1, atol=1e-3))


def _probabilities(scores: Array) -> Array:
    return scores if _are_probabilities(scores) else ops.softmax(scores)


# ----- by name ------------------------------------------------------------

_CLASSES: dict[str, type[Metric]] = {
    "accuracy": Accuracy,
    "balanced_accuracy": BalancedAccuracy,
    "top_k_accuracy": TopKAccuracy,
    "precision": Precision,
    "recall": Recall,
    "f1": F1,
    "roc_auc": ROCAUC,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_squared_error": MeanSquaredError,
    "r2": R2,
    "perplexity": Perplexity,
}

catalogue: Catalogue[Metric] = Catalogue(
    "metric",
    _CLASSES,
    {
        "acc": "'accuracy'",
        "accuracy_score": "'accuracy'",
        "categorical_accuracy": "'accuracy'",
        "sparse_categorical_accuracy": "'accuracy'",
        "binary_accuracy": "'accuracy'",
        "sparse_top_k_categorical_accuracy": "'top_k_accuracy'",
        "top_k_categorical_accuracy": "'top_k_accuracy'",
        "balanced_accuracy_score": "'balanced_accuracy'",
        "precision_score": "'precision'",
        "recall_score": "'recall'",
        "f1_score": "'f1'",
        "auc": "'roc_auc'",
        "roc_auc_score": "'roc_auc'",
        "mae": "'mean_absolute_error'",
        "mse": "'mean_squared_error'",
        "rmse": "'mean_squared_error' and take its root",
        "root_mean_squared_error": "'mean_squared_error' and take its root",
        "r2_score": "'r2'",
        "neg_log_loss": "'perplexity', or read the loss",
        "log_loss": "'perplexity', or read the loss",
    },
)


def get(metric: str | Metric | Callable[[Any, Any], Any], threshold: float | None = None) -> Metric:
    """Return the metric of a name, or of a function ``f(y_true, y_pred)``, or the one given.

    Parameters
    ----------
    metric : str, Metric or callable
        What to measure.
    threshold : float, optional
        Above which an output says yes, for metrics that do not say so themselves: what the
        loss says, see `losses.Loss.threshold`.

    Examples
    --------
    >>> get("accuracy", threshold=0.0)
    Accuracy(name='accuracy', threshold=0.0)
    """
    if isinstance(metric, str):
        found = catalogue.make(metric)
    elif isinstance(metric, Metric):
        found = metric
    elif callable(metric) and not isinstance(metric, type):
        found = FunctionMetric(metric)
    else:
        raise catalogue.refuse(metric, "a name, a metric, or a function f(y_true, y_pred)")
    if isinstance(found, Decision) and found.threshold is None:
        return replace(found, threshold=threshold)
    return found
