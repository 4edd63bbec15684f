"""The drop-in for scikit-learn's `MLPClassifier`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
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
from syn0.losses import FunctionLoss, Hinge, Loss
from syn0.neural_network.perceptron import BasePerceptron
from syn0.neural_network.perceptron_descent import descends_by_steps
from syn0.neural_network.perceptron_labels import (
    encode,
    learn_labels,
    loss_of_classes,
    weights_of_classes,
)
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
            return encode(self._label_binarizer, y, places)
        self._check_classes(unique_labels(y), same=self.warm_start)
        return encode(self._label_binarizer, y)

    def _read_targets(self, y: Any) -> Array:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y)
        self._check_classes(unique_labels(y), same=False)
        return encode(self._label_binarizer, y)

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
        return weights_of_classes(self.class_weight, self._label_binarizer, samples)

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
