r"""Losses: how wrong a prediction is, as one number for each sample or element.

A loss is ``f(y_true, y_pred)``. Its values are averaged over the elements of a sample and
then over the samples; with ``reduction="sum"`` both are added up. Any function of the two
tensors is a loss; those below are records, so that a parameter makes another one:
``Quantile(0.9)``. Here :math:`y` is the target and :math:`p` the prediction.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syn0.losses.base import FunctionLoss, Loss
from syn0.losses.classification import (
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    Hinge,
    KLDivergence,
)
from syn0.losses.regression import (
    HalfSquaredError,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
)
from syn0.losses.scores import activation_before, missing_activation, scores_before
from syn0.names import Catalogue

__all__ = [
    "BinaryCrossEntropy", "CrossEntropy", "Focal", "FunctionLoss", "HalfSquaredError", "Hinge",
    "Huber", "KLDivergence", "LogCosh", "Loss", "MeanAbsoluteError", "MeanSquaredError",
    "Poisson", "Quantile", "activation_before", "binary_cross_entropy", "catalogue",
    "cross_entropy", "focal", "get", "half_squared_error", "hinge", "huber", "kl_divergence",
    "log_cosh", "mean_absolute_error", "mean_squared_error", "missing_activation", "poisson",
    "quantile", "scores_before",
]  # fmt: skip

# ----- by name ------------------------------------------------------------

mean_squared_error = MeanSquaredError()
half_squared_error = HalfSquaredError()
mean_absolute_error = MeanAbsoluteError()
huber = Huber()
log_cosh = LogCosh()
quantile = Quantile()
poisson = Poisson()
cross_entropy = CrossEntropy()
binary_cross_entropy = BinaryCrossEntropy()
focal = Focal()
hinge = Hinge()
kl_divergence = KLDivergence()

_LOSSES: tuple[Loss, ...] = (
    mean_squared_error, half_squared_error, mean_absolute_error, huber, log_cosh, quantile,
    cross_entropy, binary_cross_entropy, poisson, hinge, kl_divergence, focal,
)  # fmt: skip

_FOREIGN = {
    "mse": "'mean_squared_error'",
    "squared_error": "'mean_squared_error', or 'half_squared_error' for half of it",
    "l2": "'mean_squared_error'",
    "mae": "'mean_absolute_error'",
    "l1": "'mean_absolute_error'",
    "absolute_error": "'mean_absolute_error'",
    "smooth_l1": "'huber'",
    "sparse_categorical_crossentropy": "'cross_entropy', which takes class numbers or one-hot rows",
    "categorical_crossentropy": "'cross_entropy', which takes class numbers or one-hot rows",
    "CrossEntropyLoss": "'cross_entropy'",
    "nll": "'cross_entropy'",
    "log_loss": "'cross_entropy', or 'binary_cross_entropy' for one output",
    "BCE": "'binary_cross_entropy'",
    "BCEWithLogits": "'binary_cross_entropy' after a linear layer",
    "KLDiv": "'kl_divergence'",
    "kld": "'kl_divergence'",
    "pinball": "'quantile', or syn0.losses.Quantile(0.9)",
    "squared_hinge": "a function: lambda y, p: syn0.losses.hinge(y, p) ** 2",
    "PoissonNLL": "'poisson'",
    "ctc": "no such word yet: it comes with recurrent layers",
}

catalogue: Catalogue[Loss] = Catalogue(
    "loss",
    {loss.name: (lambda loss=loss: loss) for loss in _LOSSES},  # type: ignore[misc]
    _FOREIGN,
)


def get(loss: str | Loss | Callable[[Any, Any], Any]) -> Loss:
    """Return the loss of a name, or of a function ``f(y_true, y_pred)``, or the loss given.

    Examples
    --------
    >>> get("huber")
    Huber(reduction='mean', delta=1.0)
    >>> get("mse")
    Traceback (most recent call last):
    syn0.errors.UnknownNameError: there is no loss 'mse'.
      mend:     write 'mean_squared_error'
    """
    if isinstance(loss, str):
        return catalogue.make(loss)
    if isinstance(loss, Loss):
        return loss
    if callable(loss) and not isinstance(loss, type):
        return FunctionLoss(loss)
    raise catalogue.refuse(loss, "a name, a loss, or a function f(y_true, y_pred)")
