"""What both perceptrons do: check, train a network by scikit-learn's rules, and run it."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from syn0.errors import DataError, NonFiniteError
from syn0.losses import Loss
from syn0.model import Sequential
from syn0.neural_network import perceptron_network as networks
from syn0.neural_network.perceptron_parameters import CONSTRAINTS, hidden_sizes
from syn0.neural_network.perceptron_stopping import Iterations, StoppingRule
from syn0.neural_network.scikit_learn_rules import ShuffledOrder, draw_weights, split_rows
from syn0.optimizers import Optimizer
from syn0.optimizers.scikit_learn import (
    InverseScaling,
    ScikitLearnAdam,
    ScikitLearnLBFGS,
    ScikitLearnSGD,
)

Array = NDArray[Any]


class BasePerceptron(BaseEstimator):
    """The base of `MLPClassifier` and `MLPRegressor`."""

    _parameter_constraints: Mapping[str, Any] = CONSTRAINTS

    def _store(self, given: Mapping[str, Any]) -> None:
        """Keep the arguments of ``__init__`` as they are."""
        self.__dict__.update({k: v for k, v in given.items() if k not in ("self", "__class__")})

    # ----- what the two do differently

    @abstractmethod
    def _validate_input(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        """Return X and the targets of the network, checked."""

    @abstractmethod
    def _count_outputs(self, targets: Array) -> tuple[int, str]:
        """Return the number of outputs and the name of their activation."""

    @abstractmethod
    def _make_loss(self) -> Loss:
        """Return what the network descends along."""

    @abstractmethod
    def _score_outputs(self, targets: Array, outputs: Array, weight: Array | None) -> float:
        """Return how good outputs are; the higher, the better."""

    def _stratify(self, targets: Array) -> Array | None:
        """Return the classes of which training and validation get their share."""
        return None

    # ----- fitting

    def _fit(self, X: Any, y: Any, sample_weight: Any = None, incremental: bool = False) -> Self:
        hidden = hidden_sizes(self.hidden_layer_sizes)
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        first_pass = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        X, targets = self._validate_input(X, y, incremental, reset=first_pass)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
            X, targets, sample_weight = _present(X, targets, sample_weight)
        X = X.toarray() if issparse(X) else X
        self._random_state = check_random_state(self.random_state)
        if first_pass:
            self._initialize(X, targets, hidden)
        network = self._network_for(X.shape[1], hidden, incremental)
        try:
            if self.solver == "lbfgs":
                self._fit_lbfgs(network, X, targets, sample_weight)
            else:
                self._fit_stochastic(network, X, targets, sample_weight, incremental)
        finally:
            self.coefs_, self.intercepts_ = networks.read_weights(network)
        networks.keep_programs(network)
        return self

    def _initialize(self, X: Array, targets: Array, hidden: list[int]) -> None:
        """Draw the weights, and forget what was fitted before."""
        self.n_outputs_, self.out_activation_ = self._count_outputs(targets)
        units = [X.shape[1], *hidden, self.n_outputs_]
        self.n_layers_ = len(units)
        self.n_iter_ = self.t_ = 0
        self.coefs_, self.intercepts_ = draw_weights(
            units, self.activation, X.dtype, self._random_state
        )
        if self.solver != "lbfgs":
            self.loss_curve_: list[float] = []
            self._no_improvement_count = 0
            early = self.early_stopping
            self.best_loss_ = None if early else np.inf
            self.validation_scores_ = [] if early else None
            self.best_validation_score_ = -np.inf if early else None

    def _network_for(self, features: int, hidden: list[int], incremental: bool) -> Sequential:
        """Return the network with the weights of the estimator."""
        if not (incremental and hasattr(self, "network_")):
            layers = self._make_layers(hidden)
            self.network_ = networks.build(layers, features, self.coefs_[0].dtype)
        networks.write_weights(self.network_, self.coefs_, self.intercepts_)
        return self.network_

    def _make_layers(self, hidden: list[int]) -> list[Any]:
        names = networks.hidden_names(len(hidden))
        layers = [networks.dense(n, self.activation, name) for n, name in zip(hidden, names)]
        return [*layers, networks.dense(self.n_outputs_, self.out_activation_, "output")]

    # ----- solvers

    def _fit_stochastic(
        self, network: Sequential, X: Array, targets: Array, weight: Any, incremental: bool
    ) -> None:
        score = None
        if self.early_stopping:
            rows, held = split_rows(
                len(X), self.validation_fraction, self._stratify(targets), self._random_state
            )
            score = self._scorer(network, *_taken(held, X, targets, weight))
            X, targets, weight = _taken(rows, X, targets, weight)
            if not hasattr(self, "_best_parameters") or not self.validation_scores_:
                self._best_parameters = network.parameters
        samples = len(X)
        size = self._resolve_batch_size(samples)
        goes_on = incremental and hasattr(self, "_optimizer")
        if not goes_on:
            self._optimizer = Descent(self._make_optimizer(samples, size, incremental))
        descent = self._optimizer
        adaptive = self.solver == "sgd" and self.learning_rate == "adaptive"
        rule = StoppingRule(
            self, samples, descent.learning_rate if adaptive else None, score, incremental
        )
        if goes_on:
            descent.go_on(network, float(self.alpha))
        order = ShuffledOrder(samples, self._random_state) if self.shuffle else None
        self.n_iter_ = 0
        try:
            network._trainer.fit(
                X, targets, loss=self._make_loss(), optimizer=descent.optimizer,
                epochs=1 if incremental else self.max_iter, batch_size=size, metrics=[],
                sample_weight=weight, callbacks=[rule], shuffle=self.shuffle, order=order,
                verbose=0,
            )  # fmt: skip
        except NonFiniteError as error:
            rule.note_failure()
            if score is None:
                raise _not_finite(error) from error
            warnings.warn(f"Training met NaN: {error}", ConvergenceWarning, stacklevel=4)
        finally:
            descent.end(self, rule.rate)
            if order is not None and not isinstance(self.random_state, (int, np.integer)):
                order.draw_until(self.n_iter_)
        self._warn(rule, incremental)

    def _warn(self, rule: StoppingRule, incremental: bool) -> None:
        if rule.ended == "interrupted":
            warnings.warn("Training interrupted by user.", stacklevel=5)
        elif rule.ended == "completed" and not incremental:
            warnings.warn(
                f"max_iter={self.max_iter} epochs are done and the loss still falls: the "
                "optimization has not converged. Give it more by max_iter=.",
                ConvergenceWarning,
                stacklevel=5,
            )

    def _make_optimizer(self, samples: int, size: int, incremental: bool) -> Optimizer:
        rate: Any = float(self.learning_rate_init)
        if self.solver == "adam":
            return ScikitLearnAdam(
                rate, float(self.beta_1), float(self.beta_2), float(self.epsilon), float(self.alpha)
            )
        if self.learning_rate == "invscaling" and not incremental:
            steps = -(-samples // size)
            rate = InverseScaling(rate, float(self.power_t), steps, samples, int(self.t_))
        return ScikitLearnSGD(
            rate, float(self.momentum), bool(self.nesterovs_momentum), float(self.alpha)
        )

    def _resolve_batch_size(self, samples: int) -> int:
        if self.batch_size == "auto":
            return min(200, samples)
        if self.batch_size > samples:
            warnings.warn(
                f"batch_size={self.batch_size} is more than the {samples} samples that there are: "
                "each step takes them all.",
                stacklevel=5,
            )
        return int(min(self.batch_size, samples))

    def _scorer(self, network: Sequential, X: Array, targets: Array, weight: Array | None) -> Any:
        """Return a function of the state that scores the samples held out."""
        inputs = {network.input_names[0]: X}

        def score(state: Mapping[str, Array]) -> float:
            (outputs,) = network.run_rows("predict", inputs, dict(state)).values()
            if not np.isfinite(outputs).all():
                return float("nan")
            return float(self._score_outputs(targets, outputs, weight))

        return score

    def _fit_lbfgs(self, network: Sequential, X: Array, targets: Array, weight: Any) -> None:
        optimizer = ScikitLearnLBFGS(
            tolerance=float(self.tol), alpha=float(self.alpha), max_fun=int(self.max_fun)
        )
        iterations = Iterations(bool(self.verbose))
        try:
            history = network._trainer.fit(
                X, targets, loss=self._make_loss(), optimizer=optimizer, epochs=self.max_iter,
                batch_size=None, metrics=[], sample_weight=weight, callbacks=[iterations],
                verbose=0,
            )  # fmt: skip
        except NonFiniteError as error:
            raise _not_finite(error) from error
        self.n_iter_ = history.epochs
        self.loss_ = history["loss"][-1] if history else self._loss_at(network, X, targets, weight)
        if iterations.cut_short:
            warnings.warn(
                f"lbfgs stopped after {self.n_iter_} iterations without having converged: "
                f"{iterations.message}. Scale the data, or give it more by max_iter= or max_fun=.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _loss_at(self, network: Sequential, X: Array, targets: Array, weight: Any) -> float:
        """Return the loss at the weights as they are, penalty included."""
        squares = sum(float(np.vdot(W, W)) for W in networks.read_weights(network)[0])
        penalty = 0.5 * self.alpha * squares / (len(X) if weight is None else weight.sum())
        return network._trainer.evaluate(X, targets, weight)["loss"] + penalty

    # ----- running

    def _run(self, X: Any) -> Array:
        """Return what the network puts out."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        X = X.toarray() if issparse(X) else X
        network = self.network_
        networks.write_weights(network, self.coefs_, self.intercepts_)
        (outputs,) = network.run_rows("predict", {network.input_names[0]: X}).values()
        return outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class Descent:
    """The update rule in use, and the learning rate that it has reached.

    Parameters
    ----------
    optimizer : Optimizer
        The rule.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.learning_rate = optimizer.hyperparameters()["learning_rate"]

    def go_on(self, network: Sequential, alpha: float) -> None:
        """Let a network go on at the rate that was reached, with the slots that it has."""
        plan = network._trainer.plan
        if isinstance(self.optimizer.schedule, InverseScaling):
            self.optimizer = replace(self.optimizer, learning_rate=self.learning_rate)
            assigned = tuple((name, self.optimizer) for name, _ in plan.assigned)
            network._trainer.plan = replace(plan, assigned=assigned)
        numbers = {"alpha": alpha, "learning_rate": self.learning_rate}
        for name, number in numbers.items():
            network.numbers[name] = np.asarray(number, network.dtype)

    def end(self, estimator: BasePerceptron, rate: float | None) -> None:
        """Take over the rate after some epochs."""
        if estimator.solver == "adam":
            steps = int(estimator.network_.numbers["step"])
            self.learning_rate = float(self.optimizer.schedule(max(steps - 1, 0)))
        elif rate is not None:
            self.learning_rate = rate
        elif estimator.learning_rate == "invscaling":
            power = float(estimator.power_t)
            self.learning_rate = float(estimator.learning_rate_init) / (estimator.t_ + 1) ** power


def descends_by_steps(estimator: BasePerceptron) -> bool:
    """Tell whether the solver makes steps, so that it can go on with more samples."""
    if estimator.solver == "lbfgs":
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
        )
    return True


def _not_finite(error: NonFiniteError) -> DataError:
    return DataError(
        "Solver produced non-finite parameter weights. The input data may contain large values "
        "and need to be preprocessed.",
        mend=str(error),
    )


def _present(X: Any, targets: Array, weight: Array) -> tuple[Any, Array, Array]:
    """Return the samples that count: one of weight 0 is as good as absent."""
    if weight.all():
        return X, targets, weight
    rows = np.flatnonzero(weight)
    return X[rows], targets[rows], weight[rows]


def _taken(
    rows: Array, X: Array, targets: Array, weight: Array | None
) -> tuple[Array, Array, Array | None]:
    return X[rows], targets[rows], None if weight is None else weight[rows]
