"""The drop-in for scikit-learn's `MLPClassifier`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    unique_labels,
)

from syn0 import losses
from syn0.losses import FunctionLoss, Hinge, Loss
from syn0.neural_network.callbacks import with_callbacks
from syn0.neural_network.estimator import unchanged_on_failure
from syn0.neural_network.perceptron import BasePerceptron
from syn0.neural_network.perceptron_descent import descends_by_steps
from syn0.neural_network.perceptron_labels import (
    encode,
    has_labels,
    learn_labels,
    loss_of_classes,
    read_labels,
    weights_of_classes,
)
from syn0.neural_network.perceptron_parameters import CONSTRAINTS
from syn0.neural_network.perceptron_samples import Samples
from syn0.neural_network.perceptron_stream import Encode, encoder_of_classes

Array = NDArray[Any]


def _has_probabilities(estimator: Any) -> bool:
    return not isinstance(loss_of_classes(estimator.loss, True), Hinge)


class MLPClassifier(ClassifierMixin, BasePerceptron):
    """A perceptron with hidden layers that tells classes apart, a drop-in for scikit-learn's.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int
        The units of each hidden layer.
    activation : str, callable, Activation, or a list of them
        Of the hidden layers: ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"``, any other
        word of `syn0.activations` such as ``"gelu"``, a function of a tensor, or a list with
        one for each hidden layer.
    solver : {"lbfgs", "sgd", "adam"}
        L-BFGS over all samples, or steps of gradient descent or Adam.
    alpha : float
        The strength of the L2 penalty on the matrices.
    batch_size : int or "auto"
        Samples a step; ``"auto"``: at most 200.
    learning_rate : {"constant", "invscaling", "adaptive"}, Schedule or callable
        How the rate changes: not; by ``learning_rate_init / t_ ** power_t`` (sgd); divided by 5
        where training would stop (sgd); or a function of the step, for sgd and adam.
    learning_rate_init : float
        The rate at the start.
    power_t : float
        The exponent of ``"invscaling"``.
    max_iter : int
        The most epochs, or iterations of L-BFGS.
    shuffle : bool
        Whether each epoch takes the samples in another order.
    random_state : int, RandomState or None
        What weights, split and orders are drawn from.
    tol : float
        An epoch that does not better the loss, or the validation score, by so much counts as
        one without improvement.
    verbose : bool, int or "progress"
        Whether to print the loss of each epoch; ``"progress"`` shows what `syn0.Model.fit`
        does: the choices made, a bar, and at the end what is wrong, if anything is.
    warm_start : bool
        Whether `fit` goes on from the weights of the last one.
    momentum : float
        The share of the last step that goes on (sgd).
    nesterovs_momentum : bool
        Whether to look ahead along the momentum (sgd).
    early_stopping : bool
        Whether to stop by the score of samples held out, and keep the best weights.
    validation_fraction : float
        The share held out for that, unless `fit` is given `X_val`.
    beta_1, beta_2 : float
        The shares of the past in Adam's averages.
    epsilon : float
        What keeps Adam's divisor from 0.
    n_iter_no_change : int
        How many epochs without improvement end the training.
    max_fun : int
        How many times L-BFGS may compute the loss.
    loss : str, Loss or callable
        ``"log_loss"``, a word of `syn0.losses` such as ``"focal"``, or a function
        ``f(y_true, y_pred)``.
    class_weight : "balanced" or mapping of label to weight, optional
        How much each class counts.
    optimizer : str, Optimizer or mapping, optional
        Any of syn0 in place of `solver`, with numbers of its own: ``syn0.AdamW(0.01)``. Then
        `solver`, `alpha` and all that they need are not looked at.
    clip_value, clip_norm, clip_global_norm : float, optional
        Limits on the gradient, for sgd and adam; see `syn0.optimizers.Optimizer`.
    dropout : float or list of float
        The share of each hidden layer that training sets to 0.
    normalization : {"batch", "layer"}, list of them, or None
        What the weighted sums of hidden layers are normalized over.
    scale_inputs : bool
        Whether the network brings each feature to mean 0 and variance 1, by the training data.
    preparation : "auto", syn0.data.Preparation or None
        How tables with text, categories, dates and missing values become numbers; ``"auto"``
        learns it from the training data, which may be an array with NaN too.
    callbacks : list of Callback, optional
        Those of syn0; they hear ``loss``, and ``val_loss`` where samples are held out.
    engine : {"auto", "llvm", "numpy", "jax"}
        What computes.
    threads : int or "auto"
        How many threads compute.

    Attributes
    ----------
    classes_ : array, or list of array
        The labels.
    loss_ : float
        The loss of the last epoch, penalty included.
    best_loss_ : float or None
        The least of them; None with early stopping.
    loss_curve_ : list of float
        The loss of each epoch.
    validation_scores_, validation_loss_curve_ : list of float
        Accuracy and loss of the samples held out; the scores are None where there are none.
    best_validation_score_ : float or None
        The best of these scores.
    coefs_, intercepts_ : list of array
        Matrix and biases of each layer; they may be set.
    n_iter_, t_ : int
        Epochs of the last fit, samples seen by all.
    n_features_in_, n_layers_, n_outputs_ : int
        Features; layers, with that of the features; outputs.
    feature_names_in_ : array of str
        The columns, where X was a data frame with names.
    out_activation_ : str
        The activation of the last layer.
    network_ : syn0.Sequential
        The network, with all its verbs: ``network_.show_code()``, ``network_.save(path)``.
    preparation_ : syn0.data.Preparation
        What was learned of a table, with ``preparation="auto"``.

    Notes
    -----
    Without the parameters that scikit-learn does not have, equal settings give its learning
    curves and weights, to rounding: weights, splits and orders are drawn as it draws them, and
    the rules are the same. A sample of weight 0 counts as absent.

    References
    ----------
    Glorot, X., Bengio, Y. (2010). Understanding the difficulty of training deep feedforward
    neural networks.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from syn0.neural_network import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> flowers = MLPClassifier((16,), solver="lbfgs", random_state=0, max_iter=500).fit(X, y)
    >>> flowers.predict(X[:2]), flowers.score(X, y) > 0.97
    (array([0, 0]), True)
    """

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
    @with_callbacks
    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, X_val: Any = None, y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:  # fmt: skip
        """Train the network.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, features)
            The features; with `preparation`, also a table.
        y : array-like of shape (n,) or (n, labels)
            Labels, or rows of 0 and 1 where a sample may have several.
        sample_weight : array-like of shape (n,), optional
            How much each sample counts.
        X_val, y_val, sample_weight_val : optional
            Samples to be scored after each epoch; with `early_stopping` they take the place
            of those that would be held out.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        DataError
            If the weights were NaN or infinite after a step.
        """
        return self._fit_whole(X, y, sample_weight, X_val, y_val, sample_weight_val)

    @available_if(descends_by_steps)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch, from where the last call ended.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array-like, optional
            All labels that there will be; the first call needs them.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        if classes is None and self._stream(X, y, sample_weight):
            return self
        return self._partial_fit(X, y, sample_weight, classes)

    @_fit_context(prefer_skip_nested_validation=True)
    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, classes: Any) -> Self:
        if classes is not None:
            classes = read_labels(classes)
        with unchanged_on_failure(self):
            if _check_partial_fit_first_call(self, classes):
                several = has_labels(y)
                self._label_binarizer, _ = learn_labels(read_labels(y if several else classes))
            return self._fit_on(X, y, sample_weight)

    def _learn_targets(self, y: Any, incremental: bool) -> Array:
        y = read_labels(y, warn=True)
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._label_binarizer, places = learn_labels(y)
            self.classes_ = self._label_binarizer.classes_
            return encode(self._label_binarizer, y, places)
        self._check_classes(y, same=self.warm_start)
        return encode(self._label_binarizer, y)

    def _encoder(self) -> Encode | None:
        if self._label_binarizer.y_type_.startswith("multilabel"):
            return None
        return encoder_of_classes(self.classes_.tolist(), self._exclusive)

    def _read_targets(self, y: Any) -> Array:
        y = read_labels(y)
        self._check_classes(y, same=False)
        return encode(self._label_binarizer, y)

    def _check_classes(self, y: Array, same: bool) -> None:
        check_classification_targets(y)
        classes = unique_labels(y)
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
        """Return the most probable class of each sample.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, features)
            The features, as for `fit`.

        Returns
        -------
        array of shape (n,) or (n, labels)
            Labels, or rows of 0 and 1.
        """
        outputs = self._run(X)
        if self.n_outputs_ == 1:
            outputs = outputs.ravel()
        return self._label_binarizer.inverse_transform(outputs, self._threshold)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, in the order of `classes_`.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, features)
            The features, as for `fit`.

        Returns
        -------
        array of shape (n, classes)
            The probabilities; after the loss ``"hinge"`` there are none.
        """
        outputs = self._run(X)
        if self.n_outputs_ == 1:
            return np.hstack([1 - outputs, outputs])
        return outputs

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n, features)
            The features, as for `fit`.

        Returns
        -------
        array of shape (n, classes)
            The logarithms.
        """
        probabilities = self.predict_proba(X)
        return np.log(probabilities, out=probabilities)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
