r"""The update rules of scikit-learn's perceptrons, for learning curves equal to theirs.

All three descend along the loss plus :math:`\tfrac12 \alpha \lVert W \rVert^2 / n`, where W are
the matrices, not the biases, and n is what the samples of the batch weigh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from syn0 import ops, schedules
from syn0.graph import Tensor
from syn0.names import require
from syn0.optimizers.base import Optimizer, Tensors
from syn0.optimizers.lbfgs import LBFGS
from syn0.schedules import LearningRate, Schedule


def shrinking(parameters: Tensors, alpha: Tensor, weight: Tensor) -> Tensor | None:
    """Return the penalty on all matrices; None where there are none."""
    squares = [ops.sum(ops.square(w)) for w in parameters.values() if w.ndim > 1]
    if not squares:
        return None
    total = squares[0]
    for square in squares[1:]:
        total = total + square
    shrinkage = (0.5 * alpha / weight).named("shrinkage", scoped=False)
    penalty: Tensor = (shrinkage * total).named("penalty", scoped=False)
    return penalty


# ----- rates --------------------------------------------------------------


@dataclass(frozen=True)
class InverseScaling(Schedule):
    r"""A rate that falls with the samples seen: :math:`\eta / (s + 1)^p`.

    It changes at the end of an epoch; the first epoch has the rate :math:`\eta` itself.

    Parameters
    ----------
    learning_rate : float
        The rate :math:`\eta`.
    power : float
        The exponent p.
    steps_per_epoch, samples_per_epoch : int
        What an epoch holds.
    samples_before : int
        The samples that were seen before the first epoch.

    Examples
    --------
    >>> InverseScaling(0.1, 0.5, steps_per_epoch=2, samples_per_epoch=99)([0, 1, 2, 3])
    array([0.1 , 0.1 , 0.01, 0.01])
    """

    learning_rate: float
    power: float = 0.5
    steps_per_epoch: int = 1
    samples_per_epoch: int = 1
    samples_before: int = 0

    def __post_init__(self) -> None:
        require(self.learning_rate >= 0, self, "learning_rate", "a number of at least 0")

    def _rates(self, steps: NDArray[np.float64]) -> Any:
        epochs = steps // self.steps_per_epoch
        seen = self.samples_before + epochs * self.samples_per_epoch
        return np.where(
            epochs > 0, self.learning_rate / (seen + 1) ** self.power, self.learning_rate
        )


@dataclass(frozen=True)
class CorrectedRate(Schedule):
    r"""Adam's corrections as part of the rate: :math:`\eta \sqrt{1 - \beta_2^t} / (1 - \beta_1^t)`.

    Parameters
    ----------
    learning_rate : float or Schedule
        The rate :math:`\eta`.
    beta_1, beta_2 : float
        The shares of the past in Adam's averages.

    Examples
    --------
    >>> CorrectedRate(0.001, 0.9, 0.999)([0, 1])
    array([0.00031623, 0.00023532])
    """

    learning_rate: LearningRate
    beta_1: float = 0.9
    beta_2: float = 0.999

    def _rates(self, steps: NDArray[np.float64]) -> Any:
        rate = self.learning_rate
        if not isinstance(rate, (int, float)):
            rate = schedules.get(rate)(steps)
        place = int(steps[0]) // _AHEAD * _AHEAD
        if steps.min() < place or steps.max() >= place + _AHEAD:
            roots, rests = _corrections(self.beta_1, self.beta_2, steps + 1)
        else:
            known = _known_corrections(self.beta_1, self.beta_2, place)
            roots, rests = (part[(steps - place).astype(int)] for part in known)
        return rate * roots / rests


_AHEAD = 4096  # steps whose corrections are known together: powers take longer than short fits


def _corrections(beta_1: float, beta_2: float, t: NDArray[np.float64]) -> tuple[Any, Any]:
    return np.sqrt(1 - beta_2**t), 1 - beta_1**t


@lru_cache(maxsize=16)
def _known_corrections(beta_1: float, beta_2: float, place: int) -> tuple[Any, Any]:
    return _corrections(beta_1, beta_2, np.arange(place + 1, place + _AHEAD + 1, dtype=float))


# ----- optimizers ---------------------------------------------------------


@dataclass(frozen=True)
class ScikitLearnSGD(Optimizer):
    r"""Gradient descent with momentum, and scikit-learn's penalty.

    .. math:: v \leftarrow \mu v - \eta g, \quad W \leftarrow W + v

    By Nesterov :math:`W \leftarrow W + \mu v - \eta g`. A momentum of 0 is a number like any
    other here, and compiles nothing anew.

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        The step size :math:`\eta`.
    momentum : float
        The share of the last step that goes on, from 0 to 1.
    nesterov : bool
        Whether to look ahead along the momentum.
    alpha : float
        The strength of the penalty.
    clip_value, clip_norm, clip_global_norm, weight_decay : float
        Limits and decay; see `Optimizer`.

    Examples
    --------
    >>> ScikitLearnSGD().hyperparameters()
    {'learning_rate': 0.001, 'momentum': 0.9, 'alpha': 0.0001}
    """

    momentum: float = 0.9
    nesterov: bool = True
    alpha: float = 0.0001

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.momentum <= 1, self, "momentum", "a share from 0 to 1")
        require(self.alpha >= 0, self, "alpha", "a number of at least 0")

    def hyperparameters(self) -> dict[str, float]:
        """Return the numbers that may change between steps."""
        values = super().hyperparameters()
        return {**values, "momentum": float(self.momentum), "alpha": float(self.alpha)}

    def slots(self, shape: tuple[int, ...]) -> dict[str, float]:
        """Return the velocity."""
        return {"velocity": 0.0}

    def penalty(self, parameters: Tensors, h: Tensors, weight: Tensor) -> Tensor | None:
        """Return what is added to the loss of a batch."""
        return shrinking(parameters, h["alpha"], weight)

    def update(
        self, parameter: Tensor, gradient: Tensor, slots: Tensors, h: Tensors, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new values of a parameter and its velocity."""
        change = (h["learning_rate"] * gradient).named(f"change_{parameter.name}", scoped=False)
        velocity = h["momentum"] * slots["velocity"] - change
        move = h["momentum"] * velocity - change if self.nesterov else velocity
        return parameter + move.named(f"update_{parameter.name}", scoped=False), {
            "velocity": velocity
        }


@dataclass(frozen=True)
class ScikitLearnAdam(Optimizer):
    r"""Adam with its corrections in the step size, and scikit-learn's penalty.

    .. math:: m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
              v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
              W \leftarrow W - \eta_t m / (\sqrt{v} + \epsilon)

    with :math:`\eta_t = \eta \sqrt{1 - \beta_2^t} / (1 - \beta_1^t)`, computed in float64
    ahead of the steps. So :math:`\epsilon` counts for more in the first steps than in `Adam`.

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        The step size :math:`\eta`.
    beta_1, beta_2 : float
        The shares of the past in the averages.
    epsilon : float
        What keeps the divisor from 0.
    alpha : float
        The strength of the penalty.
    clip_value, clip_norm, clip_global_norm, weight_decay : float
        Limits and decay; see `Optimizer`.

    Examples
    --------
    >>> list(ScikitLearnAdam().hyperparameters())[3:]
    ['epsilon', 'alpha', 'gradient_share', 'square_share']
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    alpha: float = 0.0001
    numbers: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon", "alpha")

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.alpha >= 0, self, "alpha", "a number of at least 0")

    @property
    def schedule(self) -> Schedule:
        """The corrected learning rate as a function of the step."""
        return CorrectedRate(self.learning_rate, self.beta_1, self.beta_2)

    def hyperparameters(self) -> dict[str, float]:
        """Return the numbers that may change between steps.

        The shares of the new gradient are numbers of their own: in float32 the difference
        ``1 - beta_2`` would keep four digits only.
        """
        values = super().hyperparameters()
        shares = {"gradient_share": 1 - self.beta_1, "square_share": 1 - self.beta_2}
        return {**values, **shares}

    def slots(self, shape: tuple[int, ...]) -> dict[str, float]:
        """Return the averages m of gradients and v of their squares."""
        return {"m": 0.0, "v": 0.0}

    def penalty(self, parameters: Tensors, h: Tensors, weight: Tensor) -> Tensor | None:
        """Return what is added to the loss of a batch."""
        return shrinking(parameters, h["alpha"], weight)

    def update(
        self, parameter: Tensor, gradient: Tensor, slots: Tensors, h: Tensors, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new values of a parameter and its averages."""
        m = h["beta_1"] * slots["m"] + h["gradient_share"] * gradient
        v = h["beta_2"] * slots["v"] + h["square_share"] * ops.square(gradient)
        move = h["learning_rate"] * m / (ops.sqrt(v) + h["epsilon"])
        return parameter - move.named(f"update_{parameter.name}", scoped=False), {"m": m, "v": v}


@dataclass(frozen=True)
class ScikitLearnLBFGS(LBFGS):
    """L-BFGS as scikit-learn calls it: a penalty, and SciPy's own limits.

    Parameters
    ----------
    memory, tolerance, max_line_search, weight_decay
        As in `LBFGS`.
    alpha : float
        The strength of the penalty.
    max_fun : int
        How many times the loss may be computed.

    Examples
    --------
    >>> ScikitLearnLBFGS(max_fun=100).options()["maxfun"]
    100
    """

    alpha: float = field(default=0.0001, kw_only=True)
    max_fun: int = field(default=15000, kw_only=True)
    outside: ClassVar[tuple[str, ...]] = (*LBFGS.outside, "max_fun")

    def hyperparameters(self) -> dict[str, float]:
        """Return the strength of the penalty."""
        return {"alpha": float(self.alpha)}

    def options(self) -> Mapping[str, Any]:  # type: ignore[override]
        """Return the options of ``scipy.optimize.minimize(method="L-BFGS-B")``."""
        return {"gtol": self.tolerance, "maxfun": self.max_fun}

    def penalty(self, parameters: Tensors, h: Tensors, weight: Tensor) -> Tensor | None:
        """Return what is added to the loss."""
        return shrinking(parameters, h["alpha"], weight)
