"""The drop-in for scikit-learn's `MLPClassifier`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    type_of_target,
    unique_labels,
)

from syn0 import losses
from syn0.errors import ArgumentError
from syn0.fitting import class_weights
from syn0.losses import BinaryCrossEntropy, CrossEntropy, FunctionLoss, Hinge, Loss
from syn0.losses.scikit_learn import LogLoss
from syn0.neural_network.perceptron import BasePerceptron
from syn0.neural_network.perceptron_descent import descends_by_steps
from syn0.neural_network.perceptron_parameters import CONSTRAINTS
from syn0.neural_network.perceptron_samples import Samples

Array = NDArray[Any]


def _has_probabilities(estimator: Any) -> bool:
    return not isinstance(loss_of_classes(estimator.loss, True), Hinge)


class MLPClassifier(ClassifierMixin, BasePerceptron):
    """A perceptron with hidden layers that tells classes apart, as scikit-learn's."""

    _parameter_constraints = {
        **CONSTRAINTS,
        "loss": [StrOptions({"log_loss", *losses.catalogue.makers}), Loss, callable],
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *,
        solver: str = "adam", alpha: float = 0.0001, batch_size: Any = "auto",
        learning_rate: str = "constant", learning_rate_init: float = 0.001, power_t: float = 0.5,
        max_iter: int = 200, shuffle: bool = True, random_state: Any = None, tol: float = 1e-4,
        verbose: Any = False, warm_start: bool = False, momentum: float = 0.9,
        nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-8, n_iter_no_change: float = 10, max_fun: int = 15000,
        loss: Any = "log_loss", class_weight: Any = None, optimizer: Any = None,
        clip_value: float | None = None, clip_norm: float | None = None,
        clip_global_norm: float | None = None, dropout: Any = 0.0, normalization: Any = None,
        scale_inputs: bool = False, preparation: Any = None, callbacks: Any = None,
        engine: str = "auto", threads: Any = "auto",
    ) -> None:  # fmt: skip
        self._store(locals())

    # ----- fitting

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:  # fmt: skip
        """Train the network."""
        held = None if X_val is None and y_val is None else (X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, validation=held)

    @available_if(descends_by_steps)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch."""
        if _check_partial_fit_first_call(self, classes):
            several = type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if several else classes)
        return self._fit(X, y, sample_weight, incremental=True)

    def _learn_targets(self, y: Any, incremental: bool) -> Array:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._label_binarizer, places = learn_labels(y)
            self.classes_ = self._label_binarizer.classes_
            return self._encode(y, places)
        self._check_classes(unique_labels(y), same=self.warm_start)
        return self._encode(y)

    def _read_targets(self, y: Any) -> Array:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y)
        self._check_classes(unique_labels(y), same=False)
        return self._encode(y)

    def _check_classes(self, classes: Array, same: bool) -> None:
        if same:
            if set(classes) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the "
                    f"previous call to fit. Previously got {self.classes_}, `y` has {classes}"
                )
        elif len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. "
                f"'y' has {classes}."
            )

    def _encode(self, y: Array, places: Array | None = None) -> Array:
        """Return class numbers if classes exclude each other and are more than two, else answers.

        An answer is yes or no: to the one question of two classes, or to that of each label.
        """
        kind = self._label_binarizer.y_type_
        if kind.startswith("multilabel"):
            answers = self._label_binarizer.transform(y)
            return (answers.toarray() if issparse(answers) else answers).astype(bool)
        places = np.searchsorted(self.classes_, y) if places is None else places
        return places if kind == "multiclass" else (places == 1).reshape(-1, 1)

    def _count_outputs(self, targets: Array) -> tuple[int, str]:
        if isinstance(self._make_loss(), Hinge):
            return len(self.classes_) if targets.ndim == 1 else targets.shape[1], "identity"
        if targets.ndim == 1:
            return len(self.classes_), "softmax"
        return targets.shape[1], "logistic"

    @property
    def _exclusive(self) -> bool:
        """Whether classes exclude each other and have an output each."""
        return bool(self._label_binarizer.y_type_ == "multiclass")

    def _make_loss(self) -> Loss:
        return loss_of_classes(self.loss, self._exclusive)

    def _network_targets(self, targets: Array, loss: Loss) -> Array:
        if targets.ndim == 1 and loss.targets == "values" and not isinstance(loss, FunctionLoss):
            return targets[:, None] == np.arange(self.n_outputs_)
        return targets

    def _stratify(self, targets: Array) -> Array | None:
        return targets if self.n_outputs_ == 1 else None

    def _weights_of_classes(self, samples: Samples) -> Array | None:
        given, targets = self.class_weight, samples.targets
        if given is None:
            return None
        if self._label_binarizer.y_type_.startswith("multilabel"):
            targets = None
        elif targets.ndim > 1:
            targets = targets[:, 0].astype(int)
        if isinstance(given, Mapping):
            numbers = {label: i for i, label in enumerate(self.classes_.tolist())}
            unknown = [label for label in given if label not in numbers]
            if unknown:
                raise ArgumentError(
                    f"class_weight names the class {unknown[0]!r}, which y does not have.",
                    expected=f"classes of y: {', '.join(map(str, list(numbers)[:10]))}",
                )
            there = set(np.unique(targets).tolist())
            given = {numbers[k]: w for k, w in given.items() if numbers[k] in there}
        return class_weights(given, targets, samples.weight)

    @property
    def _threshold(self) -> float:
        """Above which an output is a yes."""
        return 0.0 if self.out_activation_ == "identity" else 0.5

    def _score_outputs(self, held: Samples, outputs: Array) -> float:
        if held.targets.ndim == 1:
            right = outputs.argmax(axis=1) == held.targets
        else:
            right = np.all((outputs > self._threshold) == held.targets, axis=1)
        return float(np.average(right, weights=held.weight))

    # ----- predicting

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each sample."""
        outputs = self._run(X)
        if self.n_outputs_ == 1:
            outputs = outputs.ravel()
        return self._label_binarizer.inverse_transform(outputs, self._threshold)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class."""
        outputs = self._run(X)
        if self.n_outputs_ == 1:
            return np.hstack([1 - outputs, outputs])
        return outputs

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of the probability of each class."""
        probabilities = self.predict_proba(X)
        return np.log(probabilities, out=probabilities)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


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
