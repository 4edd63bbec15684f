"""Classes as a perceptron learns them: their numbers, their weights, the losses that take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from syn0 import losses
from syn0.errors import ArgumentError, DataError, DTypeError
from syn0.fitting import class_weights
from syn0.losses import BinaryCrossEntropy, CrossEntropy, Loss
from syn0.losses.scikit_learn import LogLoss
from syn0.neural_network.perceptron_samples import Samples

Array = NDArray[Any]


def has_labels(y: Any) -> bool:
    """Tell whether a sample may have several labels, each a column of 0 and 1."""
    shape = y.shape if hasattr(y, "shape") else np.shape(y)
    return len(shape) == 2 and shape[1] > 1


def read_labels(y: Any, *, warn: bool = False) -> Array:
    """Return labels of one kind, or rows of 0 and 1.

    Parameters
    ----------
    y : array-like or sparse matrix
        Of any dtype; finite.
    warn : bool
        Whether to warn of a column, as scikit-learn does.

    Raises
    ------
    DTypeError, DataError
        If labels are of several types, or no labels.
    """
    y = y if issparse(y) else np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=warn)
    if y.dtype == object:
        kinds = sorted({type(label).__name__ for label in y.ravel().tolist()})
        if len(kinds) > 1:
            raise DTypeError(
                f"y holds labels of several types: {', '.join(kinds)}.",
                expected="labels of one type",
                mend="y.astype(str), or leave out the samples that have no label",
            )
        if kinds != ["str"]:
            y = np.asarray(y.tolist())
    return y


def learn_labels(y: Array) -> tuple[LabelBinarizer, Array | None]:
    """Return scikit-learn's record of the classes, and the class number of each sample.

    There are no class numbers where a sample may have several labels.
    """
    kind = type_of_target(y, input_name="y")
    if kind.startswith("multilabel"):
        return LabelBinarizer().fit(y), None
    if kind not in ("binary", "multiclass"):
        check_classification_targets(y)
        raise DataError(
            f"y is {kind}: it has {y.shape[1]} columns of classes.",
            expected="one class for each sample, or columns of 0 and 1, one for each label",
            mend="an estimator for each column: sklearn.multioutput.MultiOutputClassifier",
        )
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
