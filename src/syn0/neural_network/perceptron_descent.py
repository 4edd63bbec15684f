"""The update rules of a perceptron, and how far they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from syn0 import optimizers
from syn0.errors import ArgumentError
from syn0.model import Sequential
from syn0.optimizers import LBFGS, Optimizer
from syn0.optimizers.scikit_learn import (
    InverseScaling,
    ScikitLearnAdam,
    ScikitLearnLBFGS,
    ScikitLearnSGD,
)

_LIMITS = ("clip_value", "clip_norm", "clip_global_norm")


def uses_lbfgs(estimator: Any) -> bool:
    """Tell whether all samples are looked at at once, by a line search."""
    given = estimator.optimizer
    if given is None:
        return bool(estimator.solver == "lbfgs")
    return isinstance(given, LBFGS) or given == "lbfgs"


def descends_by_steps(estimator: Any) -> bool:
    """Tell whether the solver makes steps, so that it can go on with more samples."""
    if uses_lbfgs(estimator):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
        )
    return True


def is_adaptive(estimator: Any) -> bool:
    """Tell whether the rate is lowered where training would stop."""
    own = estimator.optimizer is None and estimator.solver == "sgd"
    return (
        own and isinstance(estimator.learning_rate, str) and estimator.learning_rate == "adaptive"
    )


def make_lbfgs(estimator: Any) -> Optimizer:
    """Return the minimizer that the parameters of an estimator ask for."""
    if estimator.optimizer is not None:
        found: Any = optimizers.get(estimator.optimizer)
        return found
    return ScikitLearnLBFGS(
        tolerance=float(estimator.tol), alpha=float(estimator.alpha), max_fun=int(estimator.max_fun)
    )


def make_optimizer(estimator: Any, samples: int, batch_size: int, incremental: bool) -> Any:
    """Return the update rule that the parameters of an estimator ask for.

    Parameters
    ----------
    estimator : BasePerceptron
        Its parameters say what.
    samples, batch_size : int
        Samples an epoch and a step.
    incremental : bool
        Whether there is one epoch after the other, each by a call of its own.
    """
    limits = {name: getattr(estimator, name) for name in _LIMITS}
    limits = {name: limit for name, limit in limits.items() if limit is not None}
    if estimator.optimizer is not None:
        for name, limit in limits.items():
            raise ArgumentError(
                f"{name} is given beside optimizer=.",
                where=f"{type(estimator).__name__}({name}=...)",
                mend=f"write it into the optimizer: syn0.Adam({name}={limit!r})",
            )
        return optimizers.get(estimator.optimizer)
    rate, alpha = _rate(estimator, samples, batch_size, incremental), float(estimator.alpha)
    if estimator.solver == "adam":
        betas = float(estimator.beta_1), float(estimator.beta_2)
        return ScikitLearnAdam(rate, *betas, float(estimator.epsilon), alpha, **limits)
    momentum, nesterov = float(estimator.momentum), bool(estimator.nesterovs_momentum)
    return ScikitLearnSGD(rate, momentum, nesterov, alpha, **limits)


def _rate(estimator: Any, samples: int, batch_size: int, incremental: bool) -> Any:
    given = estimator.learning_rate
    if not isinstance(given, str):
        return given
    rate = float(estimator.learning_rate_init)
    if given == "invscaling" and estimator.solver == "sgd" and not incremental:
        steps = -(-samples // batch_size)
        return InverseScaling(rate, float(estimator.power_t), steps, samples, int(estimator.t_))
    return rate


class Descent:
    """The update rule in use, and the learning rate that it has reached.

    Parameters
    ----------
    optimizer : Optimizer or dict of str to Optimizer
        The rule, or several for patterns of names.
    """

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        numbers = optimizer.hyperparameters() if isinstance(optimizer, Optimizer) else {}
        self.learning_rate: float | None = numbers.get("learning_rate")

    def go_on(self, network: Sequential, alpha: float) -> None:
        """Let a network go on at the rate that was reached, with the slots that it has."""
        optimizer, plan = self.optimizer, network._trainer.plan
        if not isinstance(optimizer, ScikitLearnSGD | ScikitLearnAdam) or plan is None:
            return
        if isinstance(optimizer.schedule, InverseScaling) and self.learning_rate is not None:
            self.optimizer = replace(optimizer, learning_rate=self.learning_rate)
            assigned = tuple((name, self.optimizer) for name, _ in plan.assigned)
            network._trainer.plan = replace(plan, assigned=assigned)
        for name, number in {"alpha": alpha, "learning_rate": self.learning_rate}.items():
            network.numbers[name] = np.asarray(number, network.dtype)

    def step(self, network: Sequential, rate: float) -> None:
        """Take over a scheduled rate after a single step, as `go_on` and `end` do."""
        if isinstance(self.optimizer, ScikitLearnSGD | ScikitLearnAdam):
            network.numbers["learning_rate"] = np.asarray(self.learning_rate, network.dtype)
        if isinstance(self.optimizer, Optimizer):
            self.learning_rate = rate

    def end(self, estimator: Any, network: Sequential, adapted: float | None) -> None:
        """Take over the rate after some epochs."""
        optimizer = self.optimizer
        if adapted is not None:
            self.learning_rate = adapted
        elif not isinstance(optimizer, Optimizer):
            return
        elif isinstance(optimizer, ScikitLearnSGD) and _scales(estimator):
            seen = (estimator.t_ + 1) ** float(estimator.power_t)
            self.learning_rate = float(estimator.learning_rate_init) / seen
        elif optimizer.schedule is not None:
            steps = int(network.numbers["step"])
            self.learning_rate = float(optimizer.schedule(max(steps - 1, 0)))


def _scales(estimator: Any) -> bool:
    given = estimator.learning_rate
    return isinstance(given, str) and given == "invscaling"
