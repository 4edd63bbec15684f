"""The drop-in for scikit-learn's `MLPRegressor`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from syn0.losses import Loss
from syn0.losses.scikit_learn import PoissonDeviance, SquaredError
from syn0.neural_network.perceptron import BasePerceptron, descends_by_steps
from syn0.neural_network.perceptron_parameters import CONSTRAINTS

Array = NDArray[Any]


class MLPRegressor(RegressorMixin, BasePerceptron):
    """A perceptron with hidden layers that predicts numbers, as scikit-learn's."""

    _parameter_constraints = {
        **CONSTRAINTS,
        "loss": [StrOptions({"squared_error", "poisson"})],
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
    ) -> None:  # fmt: skip
        self._store(locals())

    # ----- fitting

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network."""
        return self._fit(X, y, sample_weight)

    @available_if(descends_by_steps)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch."""
        return self._fit(X, y, sample_weight, incremental=True)

    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self, X, y, accept_sparse=["csr", "csc"], multi_output=True, y_numeric=True,
            dtype=(np.float64, np.float32), reset=reset,
        )  # fmt: skip
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return X, y.reshape(-1, 1) if y.ndim == 1 else y

    def _count_outputs(self, targets: Array) -> tuple[int, str]:
        return targets.shape[1], "exp" if self.loss == "poisson" else "identity"

    def _make_loss(self) -> Loss:
        return PoissonDeviance() if self.loss == "poisson" else SquaredError()

    def _score_outputs(self, targets: Array, outputs: Array, weight: Array | None) -> float:
        """Return the share of the variance that is explained, averaged over the outputs."""
        mean = np.average(targets, axis=0, weights=weight)
        left = np.average(np.square(targets - outputs), axis=0, weights=weight)
        whole = np.average(np.square(targets - mean), axis=0, weights=weight)
        share = np.where(left == 0, 0.0, 1.0)  # of targets that are all the same
        np.divide(left, whole, out=share, where=whole != 0)
        return float(np.mean(1 - share))

    # ----- predicting

    def predict(self, X: Any) -> Array:
        """Return the predicted numbers."""
        outputs = self._run(X)
        return outputs.ravel() if self.n_outputs_ == 1 else outputs
