"""What a network says of classes, and what is true, as plots need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from syn0.errors import DataError, ShapeError
from syn0.losses import missing_activation

Array = NDArray[Any]
_ROUNDING = 1e-3


class Classifier(Protocol):
    """What these plots ask of a network."""

    @property
    def task(self) -> Any:
        """What the last fit learned, None before any."""
        ...

    @property
    def output_names(self) -> tuple[str, ...]:
        """What the outputs are called."""
        ...

    def predict(self, X: Any) -> Any:
        """Return what the last layer puts out."""
        ...

    def trace(self) -> Any:
        """Return the tensors of a pass."""
        ...


def class_values(net: Classifier, X: Any, where: str) -> Array:
    """Return a row of values for each sample: probabilities, or what the layer puts out.

    Scores, which a loss such as cross_entropy takes from a linear layer, are made
    probabilities. One unit that puts out a probability gives two classes.

    Raises
    ------
    DataError
        If the output does not tell classes apart.
    """
    if len(net.output_names) > 1:
        raise DataError(
            f"the network has the outputs {', '.join(net.output_names)}.", where=where,
            expected="one output", mend="look at a part: net.until('layer')",
        )  # fmt: skip
    found: Array = np.asarray(net.predict(X), dtype=float)
    if found.ndim != 2:
        raise DataError(
            f"the output has the shape {found.shape}.", where=where,
            expected="a row of classes for each sample",
        )  # fmt: skip
    if net.task is not None:
        (output,) = net.trace().outputs.values()
        missing = missing_activation(net.task.losses[0], output)
        if missing == "softmax":
            powers = np.exp(found - found.max(axis=1, keepdims=True))
            found = powers / powers.sum(axis=1, keepdims=True)
        elif missing == "sigmoid":
            found = 0.5 * (1 + np.tanh(found / 2))
    if found.shape[1] > 1:
        return found
    if not ((found >= 0) & (found <= 1)).all():
        raise DataError(
            "the output is a number that is no probability.", where=where,
            expected="classes: a last layer with softmax, or one unit with sigmoid",
        )  # fmt: skip
    return np.hstack([1 - found, found])


def check_probabilities(values: Array, where: str) -> None:
    """Raise `DataError` if rows are not the probabilities of classes."""
    sums = np.abs(values.sum(axis=1) - 1)
    if (values < 0).any() or not (sums < _ROUNDING).all():
        raise DataError(
            "the output holds no probabilities that add up to 1.", where=where,
            expected="a last layer with softmax, or one unit with sigmoid",
        )  # fmt: skip


def class_numbers(y: Any, classes: int, samples: int, labels: Sequence[Any] | None) -> Array:
    """Return the true classes as numbers, from numbers, one-hot rows or labels."""
    given = np.asarray(y)
    if given.ndim == 2 and given.shape[1] == classes and classes > 1:
        given = given.argmax(axis=1)
    given = given.ravel() if given.ndim == 2 and given.shape[1] == 1 else given
    if given.shape != (samples,):
        raise ShapeError(
            f"y has the shape {given.shape}.", expected=f"a class for each of {samples} samples"
        )
    if given.dtype.kind not in "biuf":
        places = {label: number for number, label in enumerate(() if labels is None else labels)}
        strange = next((value for value in given.tolist() if value not in places), None)
        if strange is not None:
            raise DataError(
                f"y holds {strange!r}.", expected="class numbers, or the words in labels",
                mend="labels, y = np.unique(y, return_inverse=True)",
            )  # fmt: skip
        return np.array([places[value] for value in given.tolist()])
    bad = ~np.isin(given, np.arange(classes))
    if bad.any():
        raise DataError(
            f"y holds {given[bad][0]}.",
            expected=f"class numbers from 0 to {classes - 1}, since the network knows {classes}",
        )
    return given.astype(int)


def known_labels(net: Any, labels: Sequence[Any] | None) -> Sequence[Any] | None:
    """Return the labels given, or those that the network learned from a table."""
    target = getattr(getattr(net, "preparation", None), "target", None)
    return getattr(target, "labels", None) if labels is None else labels


def label_texts(labels: Sequence[Any] | None, classes: int) -> list[str]:
    """Return what the classes are called: the labels, or their numbers."""
    if labels is None:
        return [str(number) for number in range(classes)]
    if len(labels) != classes:
        raise DataError(
            f"there are {len(labels)} labels.", where="labels=",
            expected=f"{classes}, one for each class",
        )  # fmt: skip
    return [str(label) for label in labels]
