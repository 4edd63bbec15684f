"""What both perceptrons do: check, train a network by scikit-learn's rules, and run it."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight

from syn0.diagnosis import Report
from syn0.errors import DataError
from syn0.layers import Normalization
from syn0.losses import Loss
from syn0.model import Sequential
from syn0.neural_network import perceptron_network as networks
from syn0.neural_network.callbacks import CallbackSupportMixin, fit_task
from syn0.neural_network.estimator import HelpfulArguments, require_fitted, unchanged_on_failure
from syn0.neural_network.parameters import NestedParameters
from syn0.neural_network.perceptron_descent import (
    Descent,
    uses_lbfgs,
)
from syn0.neural_network.perceptron_parameters import CONSTRAINTS, each_layer, hidden_sizes
from syn0.neural_network.perceptron_samples import Samples
from syn0.neural_network.perceptron_solvers import descend, minimize
from syn0.neural_network.perceptron_stream import Encode, Stream
from syn0.neural_network.perceptron_tables import read_features
from syn0.neural_network.scikit_learn_rules import draw_weights
from syn0.stateful import CHUNK
from syn0.training.callbacks import Callback
from syn0.training.feeds import AUTO_BATCH_SIZE

Array = NDArray[Any]
# What fitting keeps besides the attributes that end in an underscore.
_FITTED = ("_optimizer", "_best_parameters", "_no_improvement_count", "_label_binarizer")


class BasePerceptron(HelpfulArguments, CallbackSupportMixin, NestedParameters, BaseEstimator):
    """The base of `MLPClassifier` and `MLPRegressor`."""

    _parameter_constraints: Mapping[str, Any] = CONSTRAINTS

    # What fitting sets, and other parts read.
    loss_curve_: list[float]
    best_loss_: float | None
    best_validation_score_: float | None
    validation_scores_: list[float] | None
    validation_loss_curve_: list[float]
    _optimizer: Descent

    def _store(self, given: Mapping[str, Any]) -> None:
        """Keep the arguments of ``__init__`` as they are."""
        self.__dict__.update({k: v for k, v in given.items() if k not in ("self", "__class__")})

    # ----- what the two do differently

    @abstractmethod
    def _learn_targets(self, y: Any, incremental: bool) -> Array:
        """Return the targets of the network, and keep what they mean."""

    @abstractmethod
    def _read_targets(self, y: Any) -> Array:
        """Return targets of the meaning that is known."""

    @abstractmethod
    def _count_outputs(self, targets: Array) -> tuple[int, str]:
        """Return the number of outputs and the name of their activation."""

    @abstractmethod
    def _make_loss(self) -> Loss:
        """Return what the network descends along."""

    @abstractmethod
    def _score_outputs(self, held: Samples, outputs: Array) -> float:
        """Return how good outputs are; the higher, the better."""

    def _network_targets(self, targets: Array, loss: Loss) -> Array:
        """Return targets as the loss takes them."""
        return targets

    def _stratify(self, targets: Array) -> Array | None:
        """Return the classes of which training and validation get their share."""
        return None

    def _weights_of_classes(self, samples: Samples) -> Array | None:
        """Return how many times more each sample counts for its class."""
        return None

    def _encoder(self) -> Encode | None:
        """Return what writes targets for a stream, None where each call is to be looked at."""
        return None

    # ----- fitting

    def _fit_whole(self, X: Any, y: Any, sample_weight: Any, *held: Any) -> Self:
        """Train from the begin to the end, heard by scikit-learn's callbacks."""
        told = {"sample_weight": sample_weight, "fitted": self._as_it_is}
        with (
            unchanged_on_failure(self),
            fit_task(self, X, y, epochs=self.max_iter, **told) as tasks,
        ):
            validation = None if all(part is None for part in held[:2]) else held
            return self._fit(X, y, sample_weight, validation=validation, listeners=tasks)

    def _fit_on(self, X: Any, y: Any, sample_weight: Any) -> Self:
        """Train for one epoch from where the training stands."""
        with unchanged_on_failure(self):
            return self._fit(X, y, sample_weight, incremental=True)

    def _as_it_is(self) -> Mapping[str, Any]:
        """Return the attributes by which a copy predicts as the network would now."""
        network = copy.deepcopy(self.network_)
        coefs, intercepts = networks.read_weights(network)
        kept = {n: v for n, v in vars(self).items() if n.endswith("_") or n == "_label_binarizer"}
        return {**kept, "network_": network, "coefs_": coefs, "intercepts_": intercepts}

    def _stream(self, X: Any, y: Any, sample_weight: Any) -> bool:
        """Learn from some rows as from those before; False where that needs a closer look."""
        stream = self.__dict__.get("_bound")
        return stream is not None and sample_weight is None and stream.takes(self, X, y)

    def _fit(
        self, X: Any, y: Any, sample_weight: Any = None, incremental: bool = False,
        validation: tuple[Any, ...] | None = None, listeners: Sequence[Callback] = (),
    ) -> Self:  # fmt: skip
        hidden = hidden_sizes(self.hidden_layer_sizes)
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        first_pass = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        if first_pass and not incremental:
            self._forget()
        X, y = read_features(self, X, y, learn=first_pass)
        targets = self._learn_targets(y, incremental)
        samples = self._samples(X, targets, sample_weight).present()
        samples = samples.weighted_by(self._weights_of_classes(samples)).present()
        held = None if validation is None else self._held(*validation)
        self._random_state = check_random_state(self.random_state)
        if first_pass:
            self._initialize(samples, hidden)
        network = self._network_for(samples.X.shape[1], hidden, incremental)
        try:
            if uses_lbfgs(self):
                minimize(self, network, samples, listeners)
            else:
                descend(self, network, samples, held, incremental, listeners)
        finally:
            self.coefs_, self.intercepts_ = networks.read_weights(network)
        rows = len(samples.targets)
        whole = rows <= AUTO_BATCH_SIZE if self.batch_size == "auto" else rows == self.batch_size
        streams = incremental and whole and sample_weight is None
        self._bound = Stream.of(self, rows, self._encoder()) if streams else None
        return self

    def _samples(self, X: Any, targets: Array, sample_weight: Any) -> Samples:
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        return Samples(X, targets, sample_weight)

    def _held(self, X: Any, y: Any, sample_weight: Any) -> Samples:
        """Return samples that are given for validation."""
        if X is None or y is None:
            raise DataError("of X_val and y_val one is None.", expected="both, or neither")
        X, y = read_features(self, X, y, learn=False)
        return self._samples(X, self._read_targets(y), sample_weight).present()

    def _forget(self) -> None:
        """Forget what was fitted before."""
        for name in [n for n in vars(self) if n.endswith("_") or n in _FITTED]:
            delattr(self, name)

    def _initialize(self, samples: Samples, hidden: list[int]) -> None:
        """Draw the weights, and begin the figures of all epochs."""
        self.n_outputs_, self.out_activation_ = self._count_outputs(samples.targets)
        units = [samples.X.shape[1], *hidden, self.n_outputs_]
        self.n_layers_ = len(units)
        self.n_iter_ = self.t_ = 0
        self.coefs_, self.intercepts_ = draw_weights(
            units, self.activation, samples.X.dtype, self._random_state
        )

    def _begin_figures(self) -> None:
        """Begin the figures that a fit with this solver needs and none before has kept."""
        early = self.early_stopping
        if not hasattr(self, "loss_curve_"):
            self.loss_curve_ = []
            self._no_improvement_count = 0
            self.best_loss_ = self.validation_scores_ = self.best_validation_score_ = None
        if early and self.best_validation_score_ is None:
            self.best_validation_score_ = -np.inf
        if not early and self.best_loss_ is None:
            self.best_loss_ = np.inf

    # ----- the network

    def _network_for(self, features: int, hidden: list[int], incremental: bool) -> Sequential:
        """Return the network with the weights of the estimator."""
        before = getattr(self, "network_", None)
        if not (incremental and before is not None):
            layers, dtype = self._make_layers(hidden), self.coefs_[0].dtype
            self.network_ = networks.build(layers, features, dtype, self._seed())
            if self.warm_start and before is not None:
                networks.carry_over(before, self.network_)
        networks.write_weights(self.network_, self.coefs_, self.intercepts_)
        return self.network_

    def _seed(self) -> int:
        """Return the seed of dropout, drawn only where there is any."""
        return int(self._random_state.randint(2**31)) if np.any(self.dropout) else 0

    def _make_layers(self, hidden: list[int]) -> list[Any]:
        count = len(hidden)
        settings = zip(
            hidden, networks.hidden_names(count), each_layer(self, "activation", count),
            each_layer(self, "normalization", count), each_layer(self, "dropout", count),
        )  # fmt: skip
        layers: list[Any] = [Normalization(name="scaled")] if self.scale_inputs else []
        for one in settings:
            layers += networks.hidden_layers(*one)
        return [*layers, networks.dense(self.n_outputs_, self.out_activation_, "output")]

    # ----- running

    def _run(self, X: Any) -> Array:
        """Return what the network puts out."""
        require_fitted(self)
        X, _ = read_features(self, X)
        networks.write_weights(self.network_, self.coefs_, self.intercepts_)
        if not issparse(X):
            return networks.outputs_of(self.network_, X)
        X = X.tocsr()
        starts = range(0, X.shape[0], CHUNK)  # all at once might not fit into memory
        found = (X[i : i + CHUNK].toarray() for i in starts)
        return np.concatenate([networks.outputs_of(self.network_, part) for part in found])

    def diagnose(self, X: Any, y: Any) -> Report:
        """Return what is wrong with the training or the network, the gravest first.

        Parameters
        ----------
        X, y : array-like
            Samples, as for `fit`.

        Returns
        -------
        Report
            See `syn0.Model.diagnose`.
        """
        require_fitted(self)
        X, y = read_features(self, X, y)
        samples = Samples(X, self._read_targets(y)).present()
        return self.network_.diagnose(
            samples.X, self._network_targets(samples.targets, self._make_loss())
        )

    def _repr_html_inner(self) -> str:
        """Return scikit-learn's page of the parameters, and the network under it."""
        page: str = super()._repr_html_inner()
        network = getattr(self, "network_", None)
        return page if network is None else page + network._repr_html_()

    def __getstate__(self) -> Any:
        return {**super().__getstate__(), "_bound": None}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tables = self.preparation is not None
        tags.input_tags.sparse = not tables
        tags.input_tags.allow_nan = tags.input_tags.categorical = tags.input_tags.string = tables
        return tags
