"""The drop-in for scikit-learn's `MLPRegressor`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from syn0 import losses
from syn0.errors import ArgumentError
from syn0.losses import Loss
from syn0.losses.scikit_learn import PoissonDeviance, SquaredError
from syn0.neural_network.perceptron import BasePerceptron
from syn0.neural_network.perceptron_descent import descends_by_steps
from syn0.neural_network.perceptron_parameters import CONSTRAINTS
from syn0.neural_network.perceptron_samples import Samples

Array = NDArray[Any]


class MLPRegressor(RegressorMixin, BasePerceptron):
    """A perceptron with hidden layers that predicts numbers, as scikit-learn's."""

    _parameter_constraints = {
        **CONSTRAINTS,
        "loss": [StrOptions({"squared_error", *losses.catalogue.makers}), Loss, callable],
        "scale_targets": ["boolean"],
    }

    def __init__(
        self, loss: Any = "squared_error", hidden_layer_sizes: Any = (100,),
        activation: Any = "relu", *,
        solver: str = "adam", alpha: float = 0.0001, batch_size: Any = "auto",
        learning_rate: str = "constant", learning_rate_init: float = 0.001, power_t: float = 0.5,
        max_iter: int = 200, shuffle: bool = True, random_state: Any = None, tol: float = 1e-4,
        verbose: Any = False, warm_start: bool = False, momentum: float = 0.9,
        nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-8, n_iter_no_change: float = 10, max_fun: int = 15000,
        optimizer: Any = None,
        clip_value: float | None = None, clip_norm: float | None = None,
        clip_global_norm: float | None = None, dropout: Any = 0.0, normalization: Any = None,
        scale_inputs: bool = False, scale_targets: bool = False,
        preparation: Any = None, callbacks: Any = None,
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
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch."""
        return self._fit(X, y, sample_weight, incremental=True)

    def _learn_targets(self, y: Any, incremental: bool) -> Array:
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return self._columns(y)

    def _read_targets(self, y: Any) -> Array:
        return self._columns(y)

    def _columns(self, y: Array) -> Array:
        return y.reshape(-1, 1) if y.ndim == 1 else y

    def _initialize(self, samples: Samples, hidden: list[int]) -> None:
        super()._initialize(samples, hidden)
        if self.scale_targets:
            if _counts(self.loss):
                raise ArgumentError(
                    "loss='poisson' takes counts as they are.",
                    where="MLPRegressor(scale_targets=True)",
                    mend="leave scale_targets out",
                )
            self.target_mean_, self.target_scale_ = _moments(samples)

    def _network_targets(self, targets: Array, loss: Loss) -> Array:
        if not self.scale_targets:
            return targets
        return (targets - self.target_mean_) / self.target_scale_

    def _decode(self, outputs: Array) -> Array:
        """Return outputs in the unit of y."""
        if not self.scale_targets:
            return outputs
        return (outputs * self.target_scale_ + self.target_mean_).astype(outputs.dtype)

    def _count_outputs(self, targets: Array) -> tuple[int, str]:
        return targets.shape[1], "exp" if _counts(self.loss) else "identity"

    def _make_loss(self) -> Loss:
        if _counts(self.loss):
            return PoissonDeviance()
        if isinstance(self.loss, str) and self.loss == "squared_error":
            return SquaredError()
        return losses.get(self.loss)

    def _score_outputs(self, held: Samples, outputs: Array) -> float:
        """Return the share of the variance that is explained, averaged over the outputs."""
        targets, outputs, weight = held.targets, self._decode(outputs), held.weight
        mean = np.average(targets, axis=0, weights=weight)
        left = np.average(np.square(targets - outputs), axis=0, weights=weight)
        whole = np.average(np.square(targets - mean), axis=0, weights=weight)
        share = np.where(left == 0, 0.0, 1.0)  # of targets that are all the same
        np.divide(left, whole, out=share, where=whole != 0)
        return float(np.mean(1 - share))

    # ----- predicting

    def predict(self, X: Any) -> Array:
        """Return the predicted numbers."""
        outputs = self._decode(self._run(X))
        return outputs.ravel() if self.n_outputs_ == 1 else outputs


def _counts(loss: Any) -> bool:
    return isinstance(loss, str) and loss == "poisson"


def _moments(samples: Samples) -> tuple[Array, Array]:
    """Return mean and standard deviation of each target, 1 for one that never changes."""
    mean = np.average(samples.targets, axis=0, weights=samples.weight)
    variance = np.average(np.square(samples.targets - mean), axis=0, weights=samples.weight)
    constant = variance <= (10 * np.finfo(float).eps * np.abs(mean)) ** 2
    return mean, np.sqrt(np.where(constant, 1.0, variance))
