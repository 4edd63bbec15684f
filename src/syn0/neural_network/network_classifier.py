"""Any network as a classifier."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if

from syn0 import losses
from syn0.errors import ArgumentError
from syn0.neural_network.definition import make_network
from syn0.neural_network.labels import Labels
from syn0.neural_network.network_base import NetworkEstimator
from syn0.neural_network.readout import Readout, output_of
from syn0.neural_network.samples import Samples

Array = NDArray[Any]


def _has_probabilities(estimator: Any) -> bool:
    """Tell whether there are probabilities; before a fit, whether the loss allows them."""
    if estimator.__sklearn_is_fitted__():
        return estimator._readout.link is not None
    return estimator.loss != "hinge" and not isinstance(estimator.loss, losses.Hinge)


class NetworkClassifier(ClassifierMixin, NetworkEstimator):
    """Any network as a classifier of scikit-learn.

    Parameters
    ----------
    network : Model, callable or None
        A network, of which each fit trains a copy from its initial parameters; or a function
        ``(n_features, n_outputs) -> network``, told the number of features (or the shape of
        a sample, where X has more axes) and of classes. A last ``Dense("auto")`` takes units
        and activation from `y`: one unit and a sigmoid for two classes, a softmax for more, a
        sigmoid for each of several labels. None: 256 hidden units, or ``network__units``.
    loss : str, Loss or callable, optional
        By default the one that goes with the last activation; after a linear layer
        cross-entropy, which takes its outputs as scores.
    optimizer : str, Optimizer or mapping, optional
        By default ``Adam()``.
    epochs : int
        How many times to go through the data.
    batch_size : int, "auto" or None
        Samples a step; ``"auto"``: at most 200; None: all.
    metrics : str, callable or list of them, optional
        What else `history_` reports; by default accuracy.
    validation_data : float, optional
        A share of the samples that is held out, of each class alike; samples of your own are
        given to fit as `X_val` and `y_val`.
    class_weight : "balanced" or mapping of label to weight, optional
        How much each class counts.
    callbacks : sequence of Callback
        Such as ``[syn0.EarlyStopping()]``; those of scikit-learn go to `set_callbacks`.
    shuffle : bool
        Whether each epoch goes through the samples in an order of its own.
    input_shape : tuple of int, optional
        What each row of a two-dimensional X is reshaped to, such as ``(8, 8, 1)``.
    warm_start : bool
        Whether fit goes on where the last one ended.
    random_state : int, RandomState or None
        The seed of parameters, order and dropout; None leaves the network its own.
    verbose : 0, 1, 2 or "auto"
        Progress, as in `Model.fit`.
    engine : {"auto", "llvm", "numpy"}
        What computes.
    threads : int or "auto"
        How many threads compute; ``"auto"`` keeps to what joblib allows its workers.

    Attributes
    ----------
    network_ : Model
        The trained network, with all its verbs.
    classes_ : array of shape (classes,)
        The labels.
    history_ : History
        Loss and metrics of each epoch.
    n_iter_, n_outputs_, n_features_in_ : int
        Epochs done, units of the last layer, features.
    feature_names_in_ : array of str
        The columns, where X was a data frame with names.

    Notes
    -----
    The network computes in the dtype of X, float32 or float64; other numbers are cast to the
    dtype that the network was made with.

    Parameters of parts are set through two underscores: ``optimizer__learning_rate``,
    ``loss__label_smoothing``, ``network__hidden__units`` (a layer by its name), or, where the
    network is made by a function, ``network__width`` for its argument `width`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> import syn0
    >>> from syn0.neural_network import NetworkClassifier
    >>> net = syn0.Sequential(syn0.Dense(16, activation="tanh"), syn0.Dense("auto"))
    >>> flowers = NetworkClassifier(net, optimizer=syn0.Adam(0.01), epochs=40, random_state=0)
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(cross_val_score(make_pipeline(StandardScaler(), flowers), X, y).mean() > 0.9)
    True
    """

    def __init__(
        self,
        network: Any = None,
        *,
        loss: Any = None,
        optimizer: Any = None,
        epochs: int = 10,
        batch_size: int | str | None = "auto",
        metrics: Any = None,
        validation_data: float | None = None,
        class_weight: Any = None,
        callbacks: Any = (),
        shuffle: bool = True,
        input_shape: tuple[int, ...] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: Any = 0,
        engine: str = "auto",
        threads: int | str = "auto",
    ) -> None:
        super().__init__(
            network, loss=loss, optimizer=optimizer, epochs=epochs, batch_size=batch_size,
            metrics=metrics, validation_data=validation_data, callbacks=callbacks,
            shuffle=shuffle, input_shape=input_shape, warm_start=warm_start,
            random_state=random_state, verbose=verbose, engine=engine, threads=threads,
        )  # fmt: skip
        self.class_weight = class_weight

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Go once through these samples, from where the training stands.

        Parameters
        ----------
        X, y, sample_weight : array-like
            As in `fit`.
        classes : array-like of shape (classes,), optional
            All labels that may come; needed in the first call.

        Returns
        -------
        NetworkClassifier
            Itself.

        Notes
        -----
        Callbacks and validation are for `fit`.

        Examples
        --------
        >>> from syn0.neural_network import NetworkClassifier
        >>> stream = NetworkClassifier(random_state=0)
        >>> stream.partial_fit([[0.0, 1.0]], ["no"], classes=["no", "yes"]).predict([[0.0, 1.0]])
        array(['no'], dtype='<U3')
        """
        first = not self.__sklearn_is_fitted__()
        if first and classes is None:
            raise ArgumentError(
                "classes is None in the first call of partial_fit.",
                expected="all labels that may come: partial_fit(X, y, classes=np.unique(y))",
            )
        if not first and classes is not None and set(classes) != set(self.classes_.tolist()):
            raise ArgumentError(
                "classes are other ones than in the first call of partial_fit, or in fit.",
                expected=f"the same, or None: {self.classes_.tolist()}",
            )
        if self.class_weight == "balanced":
            raise ArgumentError(
                "class_weight='balanced' needs all samples at once.",
                where="partial_fit",
                mend="give {label: weight}",
            )
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X: Any) -> Array:
        """Return a label for each sample, or a row of 0 and 1 where there may be several.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (samples, features), or (samples, ...)
            Data, prepared as for `fit`.
        """
        return self._readout_of(X, "decide")

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class, in the order of `classes_`.

        Parameters
        ----------
        X : array-like or sparse matrix
            Data, prepared as for `fit`.

        Returns
        -------
        array of shape (samples, classes)
            Rows sum to 1; where a sample may have several labels, each column stands alone.
        """
        return self._readout_of(X, "probabilities")

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of `predict_proba`, minus infinity for 0."""
        with np.errstate(divide="ignore"):
            found: Array = np.log(self.predict_proba(X))
        return found

    def _readout_of(self, X: Any, wanted: str) -> Array:
        outputs = self._outputs(X)
        found: Array = getattr(self._readout, wanted)(outputs)
        return found

    # ----- targets

    def _begin(self, samples: Samples, classes: Any = None) -> None:
        labels = Labels.of(samples.y, classes)
        count = len(labels.classes)

        def head(activation: str | None) -> tuple[int, str | None]:
            if labels.multilabel:
                return count, "sigmoid"
            if count > 2 or activation == "softmax":
                return max(count, 2), "softmax"
            return 1, "sigmoid"

        self.network_ = make_network(self.network, samples.X, count, head, self.random_state)
        self._readout = Readout.of(labels, output_of(self.network_), self.loss)
        self.classes_, self.n_outputs_ = labels.classes, self._readout.units

    def _go_on(self) -> None:
        self._readout = Readout.of(self._readout.labels, output_of(self.network_), self.loss)

    def _targets(self, y: Array, called: str = "y") -> Array:
        return self._readout.targets(y, called)

    def _options(self, samples: Samples) -> dict[str, Any]:
        weights = self.class_weight
        if weights is not None:
            labels = self._readout.labels
            weights = labels.weights(weights, labels.numbers(samples.y))
        return {"loss": self._readout.loss, "class_weight": weights}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
