"""Classes as a perceptron learns them: their numbers, their weights, the losses that take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import type_of_target

from syn0 import losses
from syn0.errors import ArgumentError
from syn0.fitting import class_weights
from syn0.losses import BinaryCrossEntropy, CrossEntropy, Loss
from syn0.losses.scikit_learn import LogLoss
from syn0.neural_network.perceptron_samples import Samples

Array = NDArray[Any]


def learn_labels(y: Array) -> tuple[LabelBinarizer, Array | None]:
    """Return scikit-learn's record of the classes, and the class number of each sample.

    There are no class numbers where a sample may have several labels.
    """
    kind = type_of_target(y, input_name="y")
    if kind not in ("binary", "multiclass"):
        return LabelBinarizer().fit(y), None  # which refuses what holds no classes
    labels = LabelBinarizer()
    labels.y_type_, labels.sparse_input_ = kind, False
    labels.classes_, places = np.unique(y, return_inverse=True)
    return labels, places


def encode(labels: LabelBinarizer, y: Array, places: Array | None = None) -> Array:
    """Return class numbers if classes exclude each other and are more than two, else answers.

    An answer is yes or no: to the one question of two classes, or to that of each label.

    Parameters
    ----------
    labels : LabelBinarizer
        Knows the classes.
    y : array
        Labels that are known, or rows of 0 and 1.
    places : array, optional
        The class number of each sample, where it was found already.
    """
    if labels.y_type_.startswith("multilabel"):
        answers = labels.transform(y)
        return (answers.toarray() if issparse(answers) else answers).astype(bool)
    places = np.searchsorted(labels.classes_, y) if places is None else places
    return places if labels.y_type_ == "multiclass" else (places == 1).reshape(-1, 1)


def weights_of_classes(given: Any, labels: LabelBinarizer, samples: Samples) -> Array | None:
    """Return how many times more each sample counts for its class, None if all count alike.

    Parameters
    ----------
    given : "balanced", mapping of label to weight, or None
        What was asked for.
    labels : LabelBinarizer
        Knows the classes.
    samples : Samples
        Their targets are class numbers or answers.

    Raises
    ------
    ArgumentError
        If a label does not exist, or a sample may have several.
    """
    if given is None:
        return None
    numbers = None
    if not labels.y_type_.startswith("multilabel"):
        numbers = samples.targets.reshape(len(samples.targets)).astype(int)
    if isinstance(given, Mapping) and numbers is not None:
        known = {label: i for i, label in enumerate(labels.classes_.tolist())}
        unknown = [label for label in given if label not in known]
        if unknown:
            raise ArgumentError(
                f"class_weight names the class {unknown[0]!r}, which y does not have.",
                expected=f"classes of y: {', '.join(map(str, list(known)[:10]))}",
            )
        there = set(numbers.tolist())
        given = {known[label]: w for label, w in given.items() if known[label] in there}
    return class_weights(given, numbers, samples.weight)


def loss_of_classes(given: Any, exclusive: bool) -> Loss:
    """Return the loss of a classifier.

    Parameters
    ----------
    given : str, Loss or callable
        What it was asked for by.
    exclusive : bool
        Whether each class has an output, and a sample is of one class only.
    """
    if isinstance(given, str) and given == "log_loss":
        return LogLoss()
    loss = losses.get(given)
    if isinstance(loss, CrossEntropy) and not exclusive:
        return BinaryCrossEntropy(label_smoothing=loss.label_smoothing)
    return loss
