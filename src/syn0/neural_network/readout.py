"""What the outputs of a classifier's network mean: probabilities, or scores of classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from syn0 import losses
from syn0.errors import DataError
from syn0.graph import Tensor
from syn0.losses import Loss
from syn0.neural_network.labels import Labels

Array = NDArray[Any]


def output_of(network: Any) -> Tensor:
    """Return the output of a network that puts out one row of numbers a sample."""
    outputs = list(network.trace().outputs.values())
    if len(outputs) != 1 or len(network.input_names) != 1:
        raise DataError(
            f"the network has {len(network.input_names)} inputs and {len(outputs)} outputs.",
            expected="one of each, in an estimator",
        )
    (output,) = outputs
    if output.ndim != 2:
        raise DataError(
            f"the network puts out {output.ndim - 1} axes a sample.",
            expected="one row of numbers a sample, in an estimator",
            mend="end with Flatten(), GlobalAveragePool2D() or Dense('auto')",
        )
    return output


def units_of(output: Tensor) -> int:
    """Return how many numbers an output has a sample."""
    units = output.shape[-1]
    assert isinstance(units, int)
    return units


@dataclass(frozen=True)
class Readout:
    """How outputs become classes.

    Parameters
    ----------
    labels : Labels
        The classes.
    link : "softmax", "sigmoid", "none" or None
        What makes probabilities of the outputs; "none" where they are such already, None where
        nothing does.
    alone : bool
        Whether the outputs, though of classes that exclude each other, stand each alone.
    threshold : float
        Above which number an output that is no probability says yes.
    """

    labels: Labels
    link: str | None
    alone: bool = False
    threshold: float = 0.5

    @classmethod
    def of(cls, labels: Labels, output: Tensor, loss: Loss) -> Readout:
        """Return how to read the output of a network that was trained by this loss."""
        scores = losses.scores_before("softmax", output) is output
        link = losses.missing_activation(loss, output) if scores else "none"
        kind = link if scores else losses.activation_before(output)
        threshold = 0.0 if isinstance(loss, losses.Hinge) else 0.5
        several = output.shape[-1] != 1 and not labels.multilabel
        return cls(labels, link, kind == "sigmoid" and several, threshold)

    def probabilities(self, outputs: Array) -> Array:
        """Return the probability of each class, in a row that sums to 1; or of each label."""
        if self.link == "softmax":
            outputs = softmax(outputs, axis=1)
        elif self.link == "sigmoid":
            outputs = expit(outputs)
        if self.labels.multilabel:
            return outputs
        if len(self.labels.classes) == 1:
            return np.ones((len(outputs), 1), outputs.dtype)
        if outputs.shape[1] == 1:
            return np.hstack([1 - outputs, outputs])
        if self.alone:
            sums = outputs.sum(axis=1, keepdims=True)
            even = np.full_like(outputs, 1 / outputs.shape[1])
            return np.divide(outputs, sums, out=even, where=sums > 0)
        return outputs

    def decide(self, outputs: Array) -> Array:
        """Return the labels that the outputs speak for."""
        if self.link is not None:
            outputs = self.probabilities(outputs)
            if self.labels.multilabel:
                return (outputs > 0.5).astype(int)
            return self.labels.names(outputs.argmax(axis=1))
        if self.labels.multilabel:
            return (outputs > self.threshold).astype(int)
        if outputs.shape[1] == 1:
            return self.labels.names((outputs[:, 0] > self.threshold).astype(int))
        return self.labels.names(outputs.argmax(axis=1))


def default_loss(labels: Labels, output: Tensor) -> Loss | None:
    """Return the loss of a classifier whose last layer is linear; None where it is not."""
    if losses.scores_before("softmax", output) is not output:
        return None
    exclusive = output.shape[-1] != 1 and not labels.multilabel
    return losses.get("cross_entropy" if exclusive else "binary_cross_entropy")


def targets_for(labels: Labels, numbers: Array, output: Tensor, loss: Loss) -> Array:
    """Return what the loss compares the outputs with.

    Parameters
    ----------
    labels : Labels
        The classes.
    numbers : array
        Class numbers, or rows of 0 and 1.
    output : Tensor
        What the network puts out.
    loss : Loss
        What it learns by.

    Raises
    ------
    DataError
        If the network has other units than classes.
    """
    units, classes = units_of(output), len(labels.classes)
    fits = {classes} if labels.multilabel or classes > 2 else {1, 2}
    if units not in fits:
        what = "labels" if labels.multilabel else "classes"
        raise DataError(
            f"y has {classes} {what}, the last layer {units} unit{'s' * (units != 1)}.",
            expected=f"{' or '.join(map(str, sorted(fits)))} units",
            mend="end with Dense('auto'), which takes its units from y",
        )
    if labels.multilabel or units == 1:
        return numbers
    numbered = loss.targets == "classes" and loss.exclusive(output)
    return numbers if numbered else labels.one_hot(numbers, units, output.dtype)
