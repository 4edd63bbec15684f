"""Losses of predicted probabilities.

They are computed from the scores before the last activation where the graph shows them,
since the logarithm of a rounded probability is not to be trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from syn0 import ops
from syn0.errors import ArgumentError
from syn0.losses.base import Loss
from syn0.losses.regression import TINY
from syn0.losses.scores import activation_before, scores_before
from syn0.names import require


def _is_sigmoid(y_pred: Any) -> bool:
    return activation_before(y_pred) == "sigmoid"


def _log(p: Any) -> Any:
    return ops.log(ops.maximum(p, TINY))


@dataclass(frozen=True)
class CrossEntropy(Loss):
    r"""Minus the log-probability of the true class: :math:`-\sum_k y_k \log p_k`.

    After a softmax it is computed from the scores before it, in one stable rule whose
    gradient is :math:`p - y`. After a linear layer the outputs are the scores. Plain arrays
    are probabilities.

    Parameters
    ----------
    label_smoothing : float
        The share of each target that is spread over all classes (Szegedy et al., 2016).

    Examples
    --------
    >>> CrossEntropy()([[1.0, 0.0]], [[0.25, 0.75]])
    array([1.38629436])
    """

    label_smoothing: float = 0.0
    name = "cross_entropy"
    targets = "classes"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.label_smoothing < 1, self, "label_smoothing", "a share in [0, 1)")

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        if self.label_smoothing:
            smooth = self.label_smoothing
            y_true = (1 - smooth) * y_true + smooth / y_pred.shape[-1]
        if _is_sigmoid(y_pred):
            raise ArgumentError(
                "cross_entropy compares classes that exclude each other, but after a sigmoid "
                "each output stands alone.",
                mend="end in activation='softmax', or take the loss 'binary_cross_entropy'",
            )
        logits = scores_before("softmax", y_pred)
        if logits is not None:
            return ops.softmax_cross_entropy(logits, y_true)
        return -ops.sum(y_true * _log(y_pred), axis=-1)


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    r"""Cross-entropy of yes-or-no outputs: :math:`-y \log p - (1 - y) \log(1 - p)`.

    After a sigmoid it is computed from the scores before it, in one stable rule whose
    gradient is :math:`p - y`. After a linear layer the outputs are the scores. Plain arrays
    are probabilities.

    Parameters
    ----------
    label_smoothing : float
        How much of each target is moved halfway to 1/2.

    Examples
    --------
    >>> BinaryCrossEntropy()([1.0, 0.0], [0.25, 0.5])
    array([1.38629436, 0.69314718])
    """

    label_smoothing: float = 0.0
    name = "binary_cross_entropy"
    targets = "classes"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.label_smoothing < 1, self, "label_smoothing", "a share in [0, 1)")

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        if self.label_smoothing:
            y_true = (1 - self.label_smoothing) * y_true + 0.5 * self.label_smoothing
        logits = scores_before("sigmoid", y_pred)
        if logits is not None:
            return ops.sigmoid_cross_entropy(logits, y_true)
        return -(y_true * _log(y_pred) + (1 - y_true) * _log(1 - y_pred))

    def threshold(self, y_pred: Any) -> float | None:
        """Return above which output a yes-or-no prediction is yes."""
        return 0.0 if scores_before("sigmoid", y_pred) is y_pred else 0.5

    def exclusive(self, y_pred: Any) -> bool:
        """Return False: any number of outputs may be yes."""
        return False


@dataclass(frozen=True)
class Focal(Loss):
    r"""Cross-entropy that cares less for samples that are right already (Lin et al., 2017).

    .. math:: -\sum_k \alpha_k \, y_k (1 - p_k)^\gamma \log p_k

    With one output unit, or after a sigmoid, each output is a yes-or-no question with two
    terms, p and 1 - p. Scores are found as in `CrossEntropy`.

    Parameters
    ----------
    gamma : float
        How much less; 0 is cross-entropy.
    alpha : float or sequence of float, optional
        Weights of the classes; one number is the weight of yes, the rest to 1 that of no.

    Examples
    --------
    >>> Focal()([[1.0, 0.0]], [[0.25, 0.75]])
    array([0.77979058])
    """

    gamma: float = 2.0
    alpha: float | Sequence[float] | None = None
    name = "focal"
    targets = "classes"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.gamma >= 0, self, "gamma", "a number of at least 0")

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        if self._yes_or_no(y_pred):
            return self._binary(y_true, y_pred)
        require(
            not isinstance(self.alpha, (int, float)), self, "alpha",
            f"None or {y_pred.shape[-1]} weights, one for each class",
        )  # fmt: skip
        logits = scores_before("softmax", y_pred)
        log_p = _log(y_pred) if logits is None else ops.log_softmax(logits)
        terms = -y_true * log_p
        if self.gamma:
            # The floor keeps the derivative of the power finite where p is 1.
            terms = terms * ops.maximum(-ops.expm1(log_p), TINY) ** self.gamma
        if self.alpha is not None:
            terms = terms * np.asarray(self.alpha)
        return ops.sum(terms, axis=-1)

    def _binary(self, y_true: Any, y_pred: Any) -> Any:
        require(
            self.alpha is None or isinstance(self.alpha, (int, float)), self, "alpha",
            "None or one number, the weight of yes",
        )  # fmt: skip
        yes, no = (1.0, 1.0) if self.alpha is None else (self.alpha, 1.0 - self.alpha)  # type: ignore[operator]
        logits = scores_before("sigmoid", y_pred)
        if logits is None:
            log_p, log_q = _log(y_pred), _log(1 - y_pred)
        else:
            log_p, log_q = -ops.logaddexp(-logits, 0), -ops.logaddexp(logits, 0)
        # (1 - p)**gamma as exp(gamma * log(1 - p)) has a finite derivative for any gamma.
        right = yes * y_true * ops.exp(self.gamma * log_q) * log_p
        wrong = no * (1 - y_true) * ops.exp(self.gamma * log_p) * log_q
        return -(right + wrong)

    def _yes_or_no(self, y_pred: Any) -> bool:
        return y_pred.shape[-1:] == (1,) or _is_sigmoid(y_pred)

    def threshold(self, y_pred: Any) -> float | None:
        """Return above which output a yes-or-no prediction is yes."""
        if not self._yes_or_no(y_pred):
            return None
        return 0.0 if scores_before("sigmoid", y_pred) is y_pred else 0.5

    def exclusive(self, y_pred: Any) -> bool:
        """Return whether a sample is of one class only, so that a row of targets sums to 1."""
        return not self._yes_or_no(y_pred)


@dataclass(frozen=True)
class Hinge(Loss):
    r"""The hinge: :math:`\max(0, 1 - s p)` (Cortes and Vapnik, 1995).

    The sign s is 1 for targets above 0 and -1 for others, so -1 and 1 are understood as
    well as 0 and 1, and one-hot rows for one output a class.

    Examples
    --------
    >>> Hinge()([1.0, -1.0], [0.5, 0.5])
    array([0.5, 1.5])
    """

    name = "hinge"
    reads_shares = False

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        return ops.relu(1 - ops.where(y_true > 0, y_pred, -y_pred))

    def threshold(self, y_pred: Any) -> float | None:
        """Return above which output a yes-or-no prediction is yes."""
        return 0.0 if y_pred.shape[-1:] == (1,) else None


@dataclass(frozen=True)
class KLDivergence(Loss):
    r"""How far p is from the distribution y (Kullback and Leibler, 1951).

    .. math:: \sum_k y_k (\log y_k - \log p_k)

    Targets are rows that sum to 1. Scores are found as in `CrossEntropy`.

    Examples
    --------
    >>> KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])
    array([0.14384104])
    """

    name = "kl_divergence"

    def _values(self, y_true: Any, y_pred: Any) -> Any:
        entropy = ops.sum(y_true * ops.log(ops.where(y_true > 0, y_true, 1)), axis=-1)
        return entropy + CrossEntropy()._values(y_true, y_pred)
