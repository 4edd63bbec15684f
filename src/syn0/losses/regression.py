"""Losses of predicted numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from syn0 import ops
from syn0.losses.base import Loss
from syn0.names import require

TINY = 1e-7  # below this a probability or rate counts as this, so that its logarithm is finite


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    r"""The squared error: :math:`(y - p)^2`.

    Examples
    --------
    >>> MeanSquaredError()([1.0, 2.0], [1.0, 4.0])
    array([0., 4.])
    """

    name = "mean_squared_error"

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        return ops.square(y_true - y_pred)


@dataclass(frozen=True)
class HalfSquaredError(Loss):
    r"""Half the squared error, whose gradient is the error: :math:`\tfrac12 (y - p)^2`.

    With ``reduction="sum"`` it is the loss that the lesson's program descends.

    Examples
    --------
    >>> HalfSquaredError()([1.0, 2.0], [1.0, 4.0])
    array([0., 2.])
    """

    name = "half_squared_error"

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        return 0.5 * ops.square(y_true - y_pred)


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    r"""The absolute error: :math:`|y - p|`. Its minimum is the median.

    Examples
    --------
    >>> MeanAbsoluteError()([1.0, 2.0], [1.0, 4.0])
    array([0., 2.])
    """

    name = "mean_absolute_error"

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        return ops.abs(y_true - y_pred)


@dataclass(frozen=True)
class Huber(Loss):
    r"""Half the squared error, but straight lines beyond `delta` (Huber, 1964).

    .. math:: \tfrac12 e^2 \text{ if } |e| \le \delta, \text{ else }
              \delta (|e| - \tfrac12 \delta) \quad\text{with } e = y - p

    Parameters
    ----------
    delta : float
        The error from which on outliers pull no harder.

    Examples
    --------
    >>> Huber()([0.0, 0.0], [0.5, 3.0])
    array([0.125, 2.5 ])
    """

    delta: float = 1.0
    name = "huber"
    foreign = {"beta": "delta", "epsilon": "delta"}

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.delta > 0, self, "delta", "a number above 0")

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        error = ops.abs(y_true - y_pred)
        near = ops.minimum(error, self.delta)
        return 0.5 * ops.square(near) + self.delta * (error - near)


@dataclass(frozen=True)
class LogCosh(Loss):
    r"""The smooth absolute error: :math:`\log \cosh(y - p)`.

    Examples
    --------
    >>> LogCosh()([0.0, 0.0], [1.0, 1000.0])
    array([4.33780830e-01, 9.99306853e+02])
    """

    name = "log_cosh"

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        error = y_pred - y_true
        return ops.logaddexp(error, -error) - math.log(2)


@dataclass(frozen=True)
class Quantile(Loss):
    r"""The loss whose minimum is a quantile (Koenker and Bassett, 1978).

    .. math:: \max(q e, (q - 1) e) \quad\text{with } e = y - p

    Parameters
    ----------
    quantile : float
        The share q of targets that shall lie below the prediction.

    Examples
    --------
    >>> Quantile(0.9)([1.0, 1.0], [0.0, 2.0])
    array([0.9, 0.1])
    """

    quantile: float = 0.5
    name = "quantile"
    foreign = {"q": "quantile", "alpha": "quantile", "tau": "quantile"}

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 < self.quantile < 1, self, "quantile", "a share between 0 and 1")

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        error = y_true - y_pred
        return ops.maximum(self.quantile * error, (self.quantile - 1) * error)


@dataclass(frozen=True)
class Poisson(Loss):
    r"""Minus the log-likelihood of counts, up to a constant: :math:`p - y \log p`.

    The prediction is a rate above 0: let the last activation be ``"softplus"``. A rate of 0
    counts as 1e-7.

    Examples
    --------
    >>> Poisson()([2.0, 0.0], [4.0, 0.5])
    array([1.22741122, 0.5 ])
    """

    name = "poisson"

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        return y_pred - y_true * ops.log(y_pred + TINY)
