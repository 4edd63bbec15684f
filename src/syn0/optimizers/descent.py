"""Optimizers that follow the gradient or its running average: SGD, Lion, Muon."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

from syn0 import ops
from syn0.graph import Tensor
from syn0.names import require
from syn0.optimizers.adaptive import Adam
from syn0.optimizers.base import Optimizer, Tensors
from syn0.schedules import LearningRate


@dataclass(frozen=True)
class SGD(Optimizer):
    r"""Gradient descent, with momentum if wanted.

    .. math:: W \leftarrow W - \eta g

    With momentum :math:`\mu`, :math:`v \leftarrow \mu v - \eta g`, then
    :math:`W \leftarrow W + v` (Polyak, 1964), or by Nesterov (1983; Sutskever et al., 2013)
    :math:`W \leftarrow W + \mu v - \eta g`.

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        The step size :math:`\eta`.
    momentum : float
        The share of the last step that goes on.
    nesterov : bool
        Whether to look ahead along the momentum.
    clip_value, clip_norm, clip_global_norm, weight_decay : float
        Limits and decay; see `Optimizer`.

    Examples
    --------
    >>> SGD(0.1).hyperparameters()
    {'learning_rate': 0.1}
    """

    learning_rate: LearningRate = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.momentum < 1, self, "momentum", "a share from 0 to below 1")

    def hyperparameters(self) -> dict[str, float]:
        """Return the numbers that may change between steps."""
        values = super().hyperparameters()
        return {**values, "momentum": self.momentum} if self.momentum else values

    def slots(self, shape: tuple[int, ...]) -> dict[str, float]:
        """Return the velocity, if there is momentum."""
        return {"velocity": 0.0} if self.momentum else {}

    def update(
        self, parameter: Tensor, gradient: Tensor, slots: Tensors, h: Tensors, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new values of a parameter and its velocity."""
        if not self.momentum:
            return self.descend(parameter, gradient, h), {}
        change = h["learning_rate"] * gradient
        velocity = h["momentum"] * slots["velocity"] - change
        if not self.nesterov:
            return parameter + velocity, {"velocity": velocity}
        return parameter + h["momentum"] * velocity - change, {"velocity": velocity}


@dataclass(frozen=True)
class Lion(Optimizer):
    r"""Steps of one size for each weight, by the sign of a running average (Chen et al., 2023).

    .. math:: W \leftarrow W - \eta (\mathrm{sign}(\beta_1 m + (1 - \beta_1) g) + \lambda W),
              \quad m \leftarrow \beta_2 m + (1 - \beta_2) g

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        The step size; a third to a tenth of Adam's.
    beta_1, beta_2 : float
        The share of the past in the step, and in what is kept.
    clip_value, clip_norm, clip_global_norm, weight_decay : float
        Limits and decay, here decoupled; see `Optimizer`.

    Examples
    --------
    >>> Lion().slots((3, 4))
    {'m': 0.0}
    """

    beta_1: float = 0.9
    beta_2: float = 0.99
    numbers: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2")
    decoupled: ClassVar[bool] = True

    def slots(self, shape: tuple[int, ...]) -> dict[str, float]:
        """Return the running average m."""
        return {"m": 0.0}

    def update(
        self, parameter: Tensor, gradient: Tensor, slots: Tensors, h: Tensors, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new values of a parameter and its average."""
        m, beta_1, beta_2 = slots["m"], h["beta_1"], h["beta_2"]
        direction = ops.sign(beta_1 * m + (1 - beta_1) * gradient)
        new_m = beta_2 * m + (1 - beta_2) * gradient
        return self.descend(parameter, direction, h), {"m": new_m}


# Five steps of X <- a X + (b A + c A A) X with A = X X^T bring singular values near 1.
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


@dataclass(frozen=True)
class Muon(Optimizer):
    r"""Momentum whose matrices are made orthogonal before each step (Jordan et al., 2024).

    .. math:: m \leftarrow \mu m + g, \quad
              W \leftarrow W - \eta \sqrt{\max(1, out / in)} \; O(g + \mu m)

    O brings the singular values near 1, by five Newton-Schulz steps. So every direction of a
    matrix learns at one pace. Parameters that are no matrices, such as biases, take steps of
    AdamW of size ``learning_rate * adam_ratio``; kernels (H, W, in, out) count as matrices
    of the rows H W in. For embeddings and the last layer its authors advise AdamW too: give
    a mapping of patterns to optimizers.

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        The step size :math:`\eta` for matrices.
    momentum : float
        The share of the past.
    nesterov : bool
        Whether to look ahead along the momentum.
    adam_ratio : float
        The step size for other parameters, as a share of that for matrices.
    beta_1, beta_2, epsilon : float
        As in `Adam`, for the other parameters.
    clip_value, clip_norm, clip_global_norm, weight_decay : float
        Limits and decay, here decoupled; see `Optimizer`.

    Examples
    --------
    >>> Muon().slots((3, 4)), Muon().slots((4,))
    ({'m': 0.0}, {'m': 0.0, 'v': 0.0})
    """

    learning_rate: LearningRate = 0.02
    momentum: float = 0.95
    nesterov: bool = True
    adam_ratio: float = field(default=0.05, kw_only=True)
    beta_1: float = field(default=0.9, kw_only=True)
    beta_2: float = field(default=0.999, kw_only=True)
    epsilon: float = field(default=1e-8, kw_only=True)
    numbers: ClassVar[tuple[str, ...]] = (
        "momentum", "adam_ratio", "beta_1", "beta_2", "epsilon",
    )  # fmt: skip
    decoupled: ClassVar[bool] = True

    def slots(self, shape: tuple[int, ...]) -> dict[str, float]:
        """Return the momentum m of a matrix, or Adam's averages m and v of others."""
        return {"m": 0.0} if len(shape) > 1 else {"m": 0.0, "v": 0.0}

    def advance(self, h: Tensors, step: Tensor) -> dict[str, Tensor]:
        """Return Adam's corrections."""
        return Adam.corrections(h, step)

    def update(
        self, parameter: Tensor, gradient: Tensor, slots: Tensors, h: Tensors, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new values of a parameter and its slots."""
        if parameter.ndim < 2:
            direction, new = Adam.direction(gradient, slots, h)
            return self.descend(parameter, h["adam_ratio"] * direction, h), new
        m = h["momentum"] * slots["m"] + gradient
        ahead = gradient + h["momentum"] * m if self.nesterov else m
        rows, columns = math.prod(_sizes(parameter)[:-1]), _sizes(parameter)[-1]
        matrix = orthogonalized(ops.reshape(ahead, (rows, columns)))
        direction = max(1.0, columns / rows) ** 0.5 * ops.reshape(matrix, parameter.shape)
        return self.descend(parameter, direction, h), {"m": m}


def _sizes(x: Tensor) -> tuple[int, ...]:
    return tuple(d for d in x.shape if isinstance(d, int))


def orthogonalized(x: Tensor) -> Tensor:
    """Return a matrix with the singular vectors of `x` and singular values near 1."""
    rows, columns = _sizes(x)
    wide = x if rows <= columns else ops.matrix_transpose(x)  # the small side is squared
    wide = wide / (ops.sqrt(ops.sum(ops.square(wide))) + 1e-7)
    a, b, c = _NEWTON_SCHULZ
    for _ in range(5):
        square = wide @ ops.matrix_transpose(wide)
        wide = a * wide + (b * square + c * (square @ square)) @ wide
    result: Tensor = wide if rows <= columns else ops.matrix_transpose(wide)
    return result
