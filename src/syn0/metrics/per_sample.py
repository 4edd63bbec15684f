"""Metrics of single samples: functions of targets and predictions, as losses are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from syn0 import losses, ops
from syn0.errors import ArgumentError, ShapeError
from syn0.names import Record, require, snake_case

Array = NDArray[Any]


@dataclass(frozen=True)
class Metric(Record):
    """The base of all metrics.

    Attributes
    ----------
    per_sample : bool
        Whether it is a function of single samples, as a loss is.
    greater_is_better : bool
        Which way to hope.

    Parameters
    ----------
    name : str, optional
        Its word in histories; by default that of the class.
    """

    name: str = field(default="", kw_only=True)

    per_sample: ClassVar[bool] = False
    greater_is_better: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or snake_case(type(self).__name__))

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        """Return one value for each sample or element.

        Parameters
        ----------
        y_true, y_pred : Tensor or array
            Targets and predictions.
        """
        raise ArgumentError(
            f"{self.name} is computed from a whole set, not from single samples.",
            mend="call its method whole_set(y_true, y_pred)",
        )

    def whole_set(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return the metric of a set.

        Parameters
        ----------
        y_true, y_pred : array
            All targets and predictions.
        sample_weight : array of shape (n,), optional
            How much each sample counts.
        """
        true, outputs = np.asarray(y_true), np.asarray(y_pred)
        if outputs.shape == (*true.shape, 1):
            true = true[..., None]
        values = np.asarray(self(true, outputs), dtype="float64")
        rows = values.reshape(len(values), -1).mean(axis=1)
        return float(np.average(rows, weights=weights_of(sample_weight)))


def weights_of(sample_weight: ArrayLike | None) -> Array | None:
    """Return weights as an array, or None."""
    return None if sample_weight is None else np.asarray(sample_weight, dtype="float64")


@dataclass(frozen=True)
class Decision(Metric):
    """The base of metrics that compare classes.

    A threshold makes each of several outputs a question of its own; without one the
    largest output is the class, and a single output says yes above 0.5.
    """

    threshold: float | None = None

    def _questions(self, y_true: Any, y_pred: Any) -> bool:
        numbers = y_true.ndim < y_pred.ndim  # of classes, which exclude each other
        return y_pred.shape[-1] == 1 or (self.threshold is not None and not numbers)

    def _yes(self, y: Any) -> Any:
        return y > (0.5 if self.threshold is None else self.threshold)


# ----- per sample ---------------------------------------------------------


@dataclass(frozen=True)
class Accuracy(Decision):
    """The share of samples whose class is right; of rows, if each output is a question.

    Parameters
    ----------
    threshold : float, optional
        Above which an output says yes. With several outputs it makes each a question of
        its own, and a row is right if all are. By default 0.5 for a single output.

    Examples
    --------
    >>> Accuracy().whole_set([0, 1, 2], [[0.6, 0.2, 0.2], [0.1, 0.7, 0.2], [0.5, 0.3, 0.2]])
    0.6666666666666666
    """

    per_sample = True

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        """Return 1 for each sample that is right, else 0."""
        if self._questions(y_true, y_pred):
            if y_true.ndim < y_pred.ndim:
                y_true = ops.expand_dims(y_true, y_true.ndim)
            right = _as(y_pred, ops.equal(y_true > 0.5, self._yes(y_pred)))
            return ops.min(right, axis=-1)
        return _as(y_pred, ops.equal(classes_of(y_true, y_pred), ops.argmax(y_pred)))


@dataclass(frozen=True)
class TopKAccuracy(Metric):
    """The share of samples whose true class is among the k largest outputs.

    Of equal outputs the later class comes first, as in scikit-learn; NaN is never right.

    Parameters
    ----------
    k : int
        How many outputs count.

    Examples
    --------
    >>> TopKAccuracy(2).whole_set([0, 1], [[0.3, 0.5, 0.2], [0.5, 0.2, 0.3]])
    0.5
    """

    k: int = 5
    per_sample = True

    def __post_init__(self) -> None:
        require(self.k >= 1, self, "k", "a number of at least 1")
        object.__setattr__(self, "name", self.name or "top_k_accuracy")

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        """Return 1 for each sample that is right, else 0."""
        order = np.arange(y_pred.shape[-1])
        true = ops.expand_dims(classes_of(y_true, y_pred), y_pred.ndim - 1)
        score = ops.sum(ops.where(ops.equal(order, true), y_pred, 0), axis=-1, keepdims=True)
        behind = (y_pred < score) | (ops.equal(y_pred, score) & (order < true))
        ahead = ops.sum(_as(y_pred, ~behind), axis=-1)  # the class itself among them
        return _as(y_pred, ahead <= self.k)


@dataclass(frozen=True)
class MeanAbsoluteError(Metric):
    """The average distance from the target.

    Examples
    --------
    >>> MeanAbsoluteError().whole_set([1.0, 2.0], [1.0, 4.0])
    1.0
    """

    per_sample = True
    greater_is_better = False

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        """Return the distance of each element."""
        return losses.mean_absolute_error(y_true, y_pred)


@dataclass(frozen=True)
class MeanSquaredError(Metric):
    """The average squared distance from the target.

    Examples
    --------
    >>> MeanSquaredError().whole_set([1.0, 2.0], [1.0, 4.0])
    2.0
    """

    per_sample = True
    greater_is_better = False

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        """Return the squared distance of each element."""
        return losses.mean_squared_error(y_true, y_pred)


@dataclass(frozen=True)
class FunctionMetric(Metric):
    """A function ``f(y_true, y_pred)`` of one's own, as a metric per sample.

    Parameters
    ----------
    function : callable
        Returns one value a sample or element.

    Examples
    --------
    >>> FunctionMetric(lambda y, p: p - y).whole_set([1.0, 2.0], [2.0, 5.0])
    2.0
    """

    function: Callable[[Any, Any], Any]
    per_sample = True

    def __post_init__(self) -> None:
        f = self.function
        own = f.name if isinstance(f, losses.Loss) else getattr(f, "__name__", type(f).__name__)
        object.__setattr__(self, "name", self.name or own)

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        """Return what the function returns."""
        return self.function(y_true, y_pred)


def _as(y_pred: Any, truth: Any) -> Any:
    return ops.astype(truth, str(y_pred.dtype))


def classes_of(y_true: Any, y_pred: Any) -> Any:
    """Return class numbers, from one-hot rows or from class numbers."""
    if y_true.ndim == y_pred.ndim:
        return ops.argmax(y_true)
    if y_true.ndim == y_pred.ndim - 1:
        return ops.astype(y_true, "int64")
    raise ShapeError(
        f"targets of shape {tuple(y_true.shape)} are no classes for outputs of shape "
        f"{tuple(y_pred.shape)}.",
        expected="class numbers, or one-hot rows of the outputs' shape",
    )
