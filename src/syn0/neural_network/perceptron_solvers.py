"""How a perceptron is trained: by steps, or by line searches over all samples."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from syn0.engines import choose
from syn0.errors import DataError, NonFiniteError
from syn0.losses import Loss
from syn0.model import Sequential
from syn0.neural_network.perceptron_descent import (
    Descent,
    is_adaptive,
    make_lbfgs,
    make_optimizer,
)
from syn0.neural_network.perceptron_samples import Samples
from syn0.neural_network.perceptron_stopping import Iterations, Scorer, StoppingRule
from syn0.neural_network.scikit_learn_rules import ShuffledOrders, split_rows
from syn0.training.callbacks import Callback
from syn0.training.feeds import resolve_batch_size


def descend(
    estimator: Any, network: Sequential, samples: Samples, held: Samples | None, incremental: bool,
    listeners: Sequence[Callback],
) -> None:  # fmt: skip
    """Go down by steps, as far as scikit-learn's rule for stopping lets it."""
    if estimator.early_stopping and held is None:
        samples, held = _split(estimator, samples)
    estimator._begin_figures()
    if held is not None and not estimator.validation_scores_:
        estimator.validation_scores_, estimator.validation_loss_curve_ = [], []
        estimator._best_parameters = network.parameters
    count = len(samples.targets)
    size = _resolve_batch_size(estimator, count)
    if incremental and hasattr(estimator, "_optimizer"):
        estimator._optimizer.go_on(network, float(estimator.alpha))
    else:
        estimator._optimizer = Descent(make_optimizer(estimator, count, size, incremental))
    loss, rate = estimator._make_loss(), estimator._optimizer.learning_rate
    score = None if held is None else Scorer(estimator, network, loss, held)
    rule = StoppingRule(
        estimator, count, rate if is_adaptive(estimator) else None, score, incremental
    )
    orders = None
    if estimator.shuffle:
        engine, _ = choose(estimator.engine)
        orders = ShuffledOrders(count, estimator._random_state, engine)
    estimator.n_iter_ = 0
    try:
        _train(
            estimator, network, samples, loss, [rule, *listeners],
            optimizer=estimator._optimizer.optimizer, batch_size=size,
            epochs=1 if incremental else estimator.max_iter,
            shuffle=estimator.shuffle, orders=orders,
            validation_data=None if score is None or not estimator.callbacks else score.given,
        )  # fmt: skip
    except NonFiniteError as error:
        rule.note_failure()
        if not estimator.early_stopping:
            raise _not_finite(error) from error
        warnings.warn(f"training met NaN. {error}", ConvergenceWarning, stacklevel=4)
    finally:
        estimator._optimizer.end(estimator, network, rule.rate)
        if orders is not None and not isinstance(estimator.random_state, (int, np.integer)):
            orders.draw_until(estimator.n_iter_)
    _warn(estimator, rule, incremental)


def minimize(
    estimator: Any, network: Sequential, samples: Samples, listeners: Sequence[Callback]
) -> None:
    """Look at all samples at once, by a line search after the other."""
    loss, iterations = estimator._make_loss(), Iterations(bool(estimator.verbose))
    try:
        history = _train(
            estimator, network, samples, loss, [iterations, *listeners],
            optimizer=make_lbfgs(estimator), epochs=estimator.max_iter, batch_size=None,
        )  # fmt: skip
    except NonFiniteError as error:
        raise _not_finite(error) from error
    estimator.n_iter_ = history.epochs
    estimator.loss_ = history["loss"][-1] if history else _loss_at(estimator, network, samples)
    if iterations.cut_short:
        warnings.warn(
            f"lbfgs stopped after {estimator.n_iter_} iterations without having converged: "
            f"{iterations.message}. Scale the data, or give it more by max_iter= or max_fun=.",
            ConvergenceWarning,
            stacklevel=4,
        )


def _train(
    estimator: Any, network: Sequential, samples: Samples, loss: Loss, listeners: list[Callback],
    **options: Any,
) -> Any:  # fmt: skip
    targets = estimator._network_targets(samples.targets, loss)
    return network._trainer.fit(
        samples.X, targets, loss=loss, metrics=[], sample_weight=samples.weight,
        callbacks=[*listeners, *(estimator.callbacks or ())],
        engine=estimator.engine, threads=estimator.threads,
        verbose="auto" if estimator.verbose == "progress" else 0, **options,
    )  # fmt: skip


def _split(estimator: Any, samples: Samples) -> tuple[Samples, Samples]:
    train, held = split_rows(
        len(samples.targets), estimator.validation_fraction, estimator._stratify(samples.targets),
        estimator._random_state,
    )  # fmt: skip
    return samples.rows(train), samples.rows(held)


def _resolve_batch_size(estimator: Any, samples: int) -> int:
    if estimator.batch_size != "auto" and estimator.batch_size > samples:
        warnings.warn(
            f"batch_size={estimator.batch_size} is more than the {samples} samples that there are: "
            "each step takes them all.",
            stacklevel=5,
        )
    return resolve_batch_size(estimator.batch_size, samples)


def _warn(estimator: Any, rule: StoppingRule, incremental: bool) -> None:
    if rule.ended == "interrupted":
        warnings.warn("Training interrupted by user.", stacklevel=5)
    elif rule.ended == "completed" and not incremental:
        warnings.warn(
            f"max_iter={estimator.max_iter} epochs are done, and the loss has not settled: the "
            "optimization has not converged.",
            ConvergenceWarning,
            stacklevel=5,
        )


def _loss_at(estimator: Any, network: Sequential, samples: Samples) -> float:
    """Return the loss at the weights as they are, penalty included."""
    given = samples.X, estimator._network_targets(samples.targets, estimator._make_loss())
    found: float = network._trainer.evaluate(*given, samples.weight)["loss"]
    if estimator.optimizer is not None:
        return found
    squares = sum(float(np.vdot(W, W)) for W in estimator.coefs_)
    return found + 0.5 * estimator.alpha * squares / samples.total


def _not_finite(error: NonFiniteError) -> DataError:
    return DataError(
        "Solver produced non-finite parameter weights. The input data may contain large values "
        "and need to be preprocessed.",
        where=str(error).partition("\n")[0],
        mend="scale the features, by scale_inputs=True or a StandardScaler before",
    )
