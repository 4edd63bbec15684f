"""The losses of scikit-learn's perceptrons: what they report, and what they descend along.

Where the two differ, the value is the one reported and the derivative the one descended along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from syn0 import ops
from syn0.errors import ArgumentError
from syn0.graph import Tensor
from syn0.losses.base import Loss
from syn0.losses.scores import activation_before


@dataclass(frozen=True)
class ScikitLearnLoss(Loss):
    """The base: values of single outputs, added up over the outputs of a sample."""

    counts_rows: ClassVar[bool] = True
    activation: ClassVar[tuple[str, ...]] = ()  # one of these makes the prediction

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        values = self._reported(y_true, y_pred)
        if isinstance(y_pred, Tensor):
            scores = self._scores(y_pred)
            values = ops.custom_derivative(_named("terms", values), scores, y_pred - y_true)
        return ops.sum(values, axis=-1)

    def _reported(self, y_true: Any, y_pred: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no _reported(y_true, y_pred)")

    def _scores(self, y_pred: Tensor) -> Tensor:
        """Return that whose derivative is the error: what enters the last activation."""
        if y_pred.op.name not in self.activation:
            raise ArgumentError(
                f"{self.name} comes after {y_pred.op.name}.",
                where="the last layer",
                expected=" or ".join(self.activation),
            )
        return y_pred.inputs[0]


@dataclass(frozen=True)
class LogLoss(ScikitLearnLoss):
    r"""Minus the log-probability of the truth, of probabilities kept from 0 and 1.

    .. math:: -\sum_k y_k \log p_k \quad\text{after a softmax, else}\quad
              -\sum_k y_k \log p_k + (1 - y_k) \log(1 - p_k)

    Probabilities count as at least :math:`\epsilon` and at most :math:`1 - \epsilon`, the
    smallest step from 1 in their dtype. The derivative by the scores is :math:`p - y` as it is.

    Examples
    --------
    >>> LogLoss()([[1.0], [0.0]], [[0.25], [0.5]])
    array([1.38629436, 0.69314718])
    """

    name = "log_loss"
    targets = "classes"
    activation = ("softmax", "sigmoid")

    def _reported(self, y_true: Any, y_pred: Any) -> Any:
        least = float(np.finfo(y_pred.dtype).eps)
        p = _named("clipped", ops.clip(y_pred, least, 1 - least))
        if self.exclusive(y_pred):
            return -(y_true * ops.log(p))
        return -(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p))

    def threshold(self, y_pred: Any) -> float | None:
        """Return above which output a yes-or-no prediction is yes."""
        return None if self.exclusive(y_pred) else 0.5

    def exclusive(self, y_pred: Any) -> bool:
        """Return whether a sample is of one class only, so that a row of targets sums to 1."""
        if isinstance(y_pred, Tensor):
            return activation_before(y_pred) == "softmax"
        return bool(np.shape(y_pred)[-1] > 1)


@dataclass(frozen=True)
class SquaredError(ScikitLearnLoss):
    r"""Half the squared error, averaged over the K outputs.

    .. math:: \frac{1}{2K} \sum_k (y_k - p_k)^2

    Its derivative by each output is the error :math:`p_k - y_k`, not divided by their number.

    Examples
    --------
    >>> SquaredError()([[1.0, 2.0]], [[1.0, 4.0]])
    array([1.])
    """

    name = "squared_error"

    def _reported(self, y_true: Any, y_pred: Any) -> Any:
        return (0.5 / y_pred.shape[-1]) * ops.square(y_pred - y_true)

    def _scores(self, y_pred: Tensor) -> Tensor:
        return y_pred


@dataclass(frozen=True)
class PoissonDeviance(ScikitLearnLoss):
    r"""Half the deviance of counts: :math:`\sum_k y_k \log(y_k / p_k) - y_k + p_k`.

    The prediction is the exponential of the scores, by which the derivative is :math:`p - y`.

    Examples
    --------
    >>> PoissonDeviance()([[2.0], [0.0]], [[2.0], [0.5]])
    array([0. , 0.5])
    """

    name = "poisson_deviance"
    activation = ("exp",)

    def _reported(self, y_true: Any, y_pred: Any) -> Any:
        shares = ops.where(y_true > 0, y_true / y_pred, 1)
        return y_true * ops.log(shares) - y_true + y_pred


def _named(name: str, value: Any) -> Any:
    """Name a value of a graph, for those who read its code."""
    return value.named(name, scoped=False) if isinstance(value, Tensor) else value
