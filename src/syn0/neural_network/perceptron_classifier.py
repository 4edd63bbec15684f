"""The drop-in for scikit-learn's `MLPClassifier`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import validate_data

from syn0.losses import Loss
from syn0.losses.scikit_learn import LogLoss
from syn0.neural_network.perceptron import BasePerceptron, descends_by_steps

Array = NDArray[Any]


class MLPClassifier(ClassifierMixin, BasePerceptron):
    """A perceptron with hidden layers that tells classes apart, as scikit-learn's.
    """

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *,
        solver: str = "adam", alpha: float = 0.0001, batch_size: Any = "auto",
        learning_rate: str = "constant", learning_rate_init: float = 0.001, power_t: float = 0.5,
        max_iter: int = 200, shuffle: bool = True, random_state: Any = None, tol: float = 1e-4,
        verbose: Any = False, warm_start: bool = False, momentum: float = 0.9,
        nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-8, n_iter_no_change: float = 10, max_fun: int = 15000,
    ) -> None:  # fmt: skip
        self._store(locals())

    # ----- fitting

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network."""
        return self._fit(X, y, sample_weight)

    @available_if(descends_by_steps)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> Self:
        """Train for one epoch."""
        if _check_partial_fit_first_call(self, classes):
            several = type_of_target(y).startswith("multilabel")
            self._label_binarizer = LabelBinarizer().fit(y if several else classes)
        return self._fit(X, y, sample_weight, incremental=True)

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True,
            dtype=(np.float64, np.float32), reset=reset,
        )  # fmt: skip
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._label_binarizer, places = learn_labels(y)
            self.classes_ = self._label_binarizer.classes_
        else:
            self._check_classes(unique_labels(y))
            places = None
        return X, self._encode(y, places)

    def _check_classes(self, classes: Array) -> None:
        if self.warm_start:
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

    def _encode(self, y: Array, places: Array | None) -> Array:
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
        if targets.ndim == 1:
            return len(self.classes_), "softmax"
        return targets.shape[1], "logistic"

    def _make_loss(self) -> Loss:
        return LogLoss()

    def _stratify(self, targets: Array) -> Array | None:
        return targets if self.n_outputs_ == 1 else None

    def _score_outputs(self, targets: Array, outputs: Array, weight: Array | None) -> float:
        if targets.ndim == 1:
            right = outputs.argmax(axis=1) == targets
        else:
            right = np.all((outputs > 0.5) == targets, axis=1)
        return float(np.average(right, weights=weight))

    # ----- predicting

    def predict(self, X: Any) -> Array:
        """Return the most probable class of each sample."""
        outputs = self._run(X)
        if self.n_outputs_ == 1:
            outputs = outputs.ravel()
        return self._label_binarizer.inverse_transform(outputs)

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class."""
        outputs = self._run(X)
        if self.n_outputs_ == 1:
            return np.hstack([1 - outputs, outputs])
        return outputs

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
