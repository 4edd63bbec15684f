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
    """What a classifier's network learns in the place of labels, and how its outputs are read.

    Parameters
    ----------
    labels : Labels
        The classes.
    loss : Loss
        What the network learns by.
    units : int
        How many numbers it puts out a sample.
    dtype : str
        What it computes in.
    numbered : bool
        Whether the loss takes class numbers; else it takes rows of 0 and 1.
    link : "softmax", "sigmoid", "none" or None
        What makes probabilities of the outputs; "none" where they are such already, None where
        nothing does.
    alone : bool
        Whether the outputs, though of classes that exclude each other, stand each alone.
    """

    labels: Labels
    loss: Loss
    units: int
    dtype: str
    numbered: bool
    link: str | None
    alone: bool

    @classmethod
    def of(cls, labels: Labels, output: Tensor, given: Any = None) -> Readout:
        """Return how the output of a network is taught and read.

        Parameters
        ----------
        labels : Labels
            The classes.
        output : Tensor
            What the network puts out.
        given : str, Loss or callable, optional
            The loss; by default the one that goes with the output.

        Raises
        ------
        DataError
            If the network has other units than classes.
        """
        units = units_of(output)
        _check_units(labels, units)
        exclusive = units != 1 and not labels.multilabel
        scores = losses.scores_before("softmax", output) is output
        activation = losses.activation_before(output)
        if given is None:
            softmax = exclusive if scores else activation == "softmax"
            given = "cross_entropy" if softmax else "binary_cross_entropy"
        loss = losses.get(given)
        link = losses.missing_activation(loss, output) if scores else "none"
        numbered = not exclusive or (loss.targets == "classes" and loss.exclusive(output))
        alone = exclusive and (link if scores else activation) == "sigmoid"
        return cls(labels, loss, units, output.dtype, numbered, link, alone)

    def targets(self, y: Array, called: str = "y") -> Array:
        """Return what the loss compares the outputs with."""
        numbers = self.labels.numbers(y, called)
        return numbers if self.numbered else self.labels.one_hot(numbers, self.units, self.dtype)

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
        threshold = 0.5
        if self.link is not None:
            outputs = self.probabilities(outputs)
        elif isinstance(self.loss, losses.Hinge):
            threshold = 0.0
        if self.labels.multilabel:
            return (outputs > threshold).astype(int)
        if outputs.shape[1] == 1 and len(self.labels.classes) > 1:
            return self.labels.names((outputs[:, 0] > threshold).astype(int))
        best = outputs[:, : len(self.labels.classes)].argmax(axis=1)
        return self.labels.names(best)


def _check_units(labels: Labels, units: int) -> None:
    classes = len(labels.classes)
    fits = {classes} if labels.multilabel or classes > 2 else {1, 2}
    if units not in fits:
        what = "labels" if labels.multilabel else "classes"
        raise DataError(
            f"y has {classes} {what}, the last layer {units} unit{'s' * (units != 1)}.",
            expected=f"{' or '.join(map(str, sorted(fits)))} units",
            mend="end with Dense('auto'), which takes its units from y",
        )
