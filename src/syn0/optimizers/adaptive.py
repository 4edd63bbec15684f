"""Optimizers with a step size of its own for each weight: Adam and its relatives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from syn0 import ops
from syn0.graph import Tensor, constant
from syn0.names import require
from syn0.optimizers.base import Optimizer, Tensors
from syn0.schedules import LearningRate


@dataclass(frozen=True)
class Adagrad(Optimizer):
    r"""Divides by the root of the sum of all squared gradients (Duchi et al., 2011).

    .. math:: s \leftarrow s + g^2, \quad W \leftarrow W - \eta g / (\sqrt{s} + \epsilon)

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        The step size :math:`\eta`.
    initial_accumulator : float
        What s starts from.
    epsilon : float
        What keeps the divisor from 0.
    clip_value, clip_norm, clip_global_norm, weight_decay : float
        Limits and decay; see `Optimizer`.

    Examples
    --------
    >>> Adagrad().slots((3, 4))
    {'accumulator': 0.1}
    """

    initial_accumulator: float = 0.1
    epsilon: float = 1e-7
    numbers: ClassVar[tuple[str, ...]] = ("epsilon",)
    foreign = {"initial_accumulator_value": "initial_accumulator"}

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.initial_accumulator >= 0, self, "initial_accumulator", "at least 0")

    def slots(self, shape: tuple[int, ...]) -> dict[str, float]:
        """Return the sum of squares."""
        return {"accumulator": self.initial_accumulator}

    def update(
        self, parameter: Tensor, gradient: Tensor, slots: Tensors, h: Tensors, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new values of a parameter and its sum of squares."""
        total = slots["accumulator"] + ops.square(gradient)
        direction = gradient / (ops.sqrt(total) + h["epsilon"])
        return self.descend(parameter, direction, h), {"accumulator": total}


@dataclass(frozen=True)
class RMSprop(Optimizer):
    r"""Divides by the root of the average squared gradient (Tieleman and Hinton, 2012).

    .. math:: v \leftarrow \rho v + (1 - \rho) g^2, \quad
              W \leftarrow W - \eta g / (\sqrt{v} + \epsilon)

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        The step size :math:`\eta`.
    rho : float
        The share of the past in the average.
    momentum : float
        The share of the last step that goes on.
    epsilon : float
        What keeps the divisor from 0.
    centered : bool
        Whether to take the variance instead of the average square (Graves, 2013).
    clip_value, clip_norm, clip_global_norm, weight_decay : float
        Limits and decay; see `Optimizer`.

    Examples
    --------
    >>> RMSprop(centered=True).slots((3, 4))
    {'v': 0.0, 'm': 0.0}
    """

    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False
    numbers: ClassVar[tuple[str, ...]] = ("rho", "epsilon")
    foreign = {"decay": "rho, the share of the past"}

    def __post_init__(self) -> None:
        super().__post_init__()
        require(0 <= self.momentum < 1, self, "momentum", "a share from 0 to below 1")

    def hyperparameters(self) -> dict[str, float]:
        """Return the numbers that may change between steps."""
        values = super().hyperparameters()
        return {**values, "momentum": self.momentum} if self.momentum else values

    def slots(self, shape: tuple[int, ...]) -> dict[str, float]:
        """Return the average square v; the average m if centered; the velocity if any."""
        average = {"m": 0.0} if self.centered else {}
        return {"v": 0.0, **average, **({"velocity": 0.0} if self.momentum else {})}

    def update(
        self, parameter: Tensor, gradient: Tensor, slots: Tensors, h: Tensors, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new values of a parameter and its averages."""
        rho = h["rho"]
        v = rho * slots["v"] + (1 - rho) * ops.square(gradient)
        new, spread = {"v": v}, v
        if self.centered:
            new["m"] = rho * slots["m"] + (1 - rho) * gradient
            # Rounding may leave a variance just below 0.
            spread = ops.maximum(v - ops.square(new["m"]), 0)
        direction = gradient / (ops.sqrt(spread) + h["epsilon"])
        if self.momentum:
            direction = h["momentum"] * slots["velocity"] + direction
            new["velocity"] = direction
        return self.descend(parameter, direction, h), new


@dataclass(frozen=True)
class Adadelta(Optimizer):
    r"""Steps in the units of the weights, from past steps and gradients (Zeiler, 2012).

    .. math:: v \leftarrow \rho v + (1 - \rho) g^2, \quad
              \Delta = \sqrt{u + \epsilon} / \sqrt{v + \epsilon} \; g, \quad
              u \leftarrow \rho u + (1 - \rho) \Delta^2, \quad W \leftarrow W - \eta \Delta

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        The factor :math:`\eta`: 1 as published; Keras has 0.001, which hardly moves.
    rho : float
        The share of the past in the averages.
    epsilon : float
        What is added under the roots; it starts the first steps.
    clip_value, clip_norm, clip_global_norm, weight_decay : float
        Limits and decay; see `Optimizer`.

    Examples
    --------
    >>> Adadelta().hyperparameters()
    {'learning_rate': 1.0, 'rho': 0.95, 'epsilon': 1e-06}
    """

    learning_rate: LearningRate = 1.0
    rho: float = 0.95
    epsilon: float = 1e-6
    numbers: ClassVar[tuple[str, ...]] = ("rho", "epsilon")

    def slots(self, shape: tuple[int, ...]) -> dict[str, float]:
        """Return the average squares of gradients, v, and of steps, u."""
        return {"v": 0.0, "u": 0.0}

    def update(
        self, parameter: Tensor, gradient: Tensor, slots: Tensors, h: Tensors, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new values of a parameter and its averages."""
        rho, epsilon, u = h["rho"], h["epsilon"], slots["u"]
        v = rho * slots["v"] + (1 - rho) * ops.square(gradient)
        direction = ops.sqrt(u + epsilon) / ops.sqrt(v + epsilon) * gradient
        new_u = rho * u + (1 - rho) * ops.square(direction)
        return self.descend(parameter, direction, h), {"v": v, "u": new_u}


@dataclass(frozen=True)
class Adam(Optimizer):
    r"""Divides the average gradient by the root of its average square (Kingma and Ba, 2015).

    .. math:: m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
              v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
              W \leftarrow W - \eta \, \hat m / (\sqrt{\hat v} + \epsilon)

    with :math:`\hat m = m / (1 - \beta_1^t)` and :math:`\hat v = v / (1 - \beta_2^t)`.

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        The step size :math:`\eta`.
    beta_1, beta_2 : float
        The shares of the past in the averages.
    epsilon : float
        What keeps the divisor from 0.
    clip_value, clip_norm, clip_global_norm, weight_decay : float
        Limits and decay; see `Optimizer`.

    Notes
    -----
    This is Algorithm 1 of the publication. Keras and scikit-learn move the second correction
    into the step size, so their epsilon is larger in the first steps.

    Examples
    --------
    >>> Adam().slots((3, 4))
    {'m': 0.0, 'v': 0.0}
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    numbers: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon")
    foreign = {"amsgrad": "nothing: there is no such variant here"}

    def slots(self, shape: tuple[int, ...]) -> dict[str, float]:
        """Return the averages m of gradients and v of their squares."""
        return {"m": 0.0, "v": 0.0}

    def advance(self, h: Tensors, step: Tensor) -> dict[str, Tensor]:
        """Return how much of the averages is not yet the zeros they started from."""
        return self.corrections(h, step)

    def update(
        self, parameter: Tensor, gradient: Tensor, slots: Tensors, h: Tensors, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new values of a parameter and its averages."""
        direction, new = self.direction(gradient, slots, h)
        return self.descend(parameter, direction, h), new

    @staticmethod
    def corrections(h: Tensors, step: Tensor) -> dict[str, Tensor]:
        """Return the factors by which m and v are too small at a step."""
        # Factors, since an array is multiplied several times faster than it is divided.
        pairs = (("correction_1", "beta_1"), ("correction_2", "beta_2"))
        return {name: (1 / (1 - h[beta] ** step)).named(name, scoped=False) for name, beta in pairs}

    @staticmethod
    def direction(gradient: Tensor, slots: Tensors, h: Tensors) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the direction of the step, and the new averages."""
        beta_1, beta_2 = h["beta_1"], h["beta_2"]
        m = beta_1 * slots["m"] + (1 - beta_1) * gradient
        v = beta_2 * slots["v"] + (1 - beta_2) * ops.square(gradient)
        root = ops.sqrt(v * h["correction_2"])
        return m * h["correction_1"] / (root + h["epsilon"]), {"m": m, "v": v}


@dataclass(frozen=True)
class AdamW(Adam):
    r"""Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019).

    .. math:: W \leftarrow W - \eta (\hat m / (\sqrt{\hat v} + \epsilon) + \lambda W)

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        The step size :math:`\eta`.
    beta_1, beta_2, epsilon : float
        As in `Adam`.
    weight_decay : float
        The decay :math:`\lambda` of all parameters.
    clip_value, clip_norm, clip_global_norm : float
        Limits; see `Optimizer`.

    Examples
    --------
    >>> AdamW().weight_decay
    0.004
    """

    weight_decay: float = field(default=0.004, kw_only=True)
    decoupled: ClassVar[bool] = True


@dataclass(frozen=True)
class Nadam(Optimizer):
    r"""Adam with Nesterov's look ahead (Dozat, 2016).

    .. math:: W \leftarrow W - \eta \left( \frac{\mu_{t+1} m}{1 - \prod_{i \le t+1} \mu_i} +
              \frac{(1 - \mu_t) g}{1 - \prod_{i \le t} \mu_i} \right) / (\sqrt{\hat v} + \epsilon)

    with :math:`m \leftarrow \mu_t m + (1 - \mu_t) g`, Adam's v, and a momentum that warms up:
    :math:`\mu_t = \beta_1 (1 - \tfrac12 \, 0.96^{t / 250})`.

    Parameters
    ----------
    learning_rate : float, Schedule or callable
        The step size :math:`\eta`.
    beta_1, beta_2, epsilon : float
        As in `Adam`.
    clip_value, clip_norm, clip_global_norm, weight_decay : float
        Limits and decay; see `Optimizer`.

    Notes
    -----
    This is Algorithm 2 of the publication. Keras and PyTorch average m with a constant
    :math:`\beta_1`.

    Examples
    --------
    >>> Nadam().shared()
    {'momentum_product': 1.0}
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    numbers: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon")
    foreign = {"momentum_decay": "nothing: it is 0.004, as published"}

    def slots(self, shape: tuple[int, ...]) -> dict[str, float]:
        """Return the averages m of gradients and v of their squares."""
        return {"m": 0.0, "v": 0.0}

    def shared(self) -> dict[str, float]:
        """Return the product of all momenta so far."""
        return {"momentum_product": 1.0}

    def advance(self, h: Tensors, step: Tensor) -> dict[str, Tensor]:
        """Return the momenta of this step and the next, and what corrects the averages."""
        # A constant to a whole power keeps its dtype, so 0.96**(t / 250) is (0.96**0.004)**t.
        base = constant(0.96**0.004, h["beta_1"].dtype)
        now = h["beta_1"] * (1 - 0.5 * base**step)
        following = h["beta_1"] * (1 - 0.5 * base ** (step + 1))
        return {
            "momentum_now": now.named("momentum_now", scoped=False),
            "momentum_next": following.named("momentum_next", scoped=False),
            "momentum_product": h["momentum_product"] * now,
            "correction_2": (1 / (1 - h["beta_2"] ** step)).named("correction_2", scoped=False),
        }

    def update(
        self, parameter: Tensor, gradient: Tensor, slots: Tensors, h: Tensors, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new values of a parameter and its averages."""
        now, following, product = (
            h["momentum_now"], h["momentum_next"], h["momentum_product"],
        )  # fmt: skip
        m = now * slots["m"] + (1 - now) * gradient
        v = h["beta_2"] * slots["v"] + (1 - h["beta_2"]) * ops.square(gradient)
        ahead = following * m / (1 - product * following)
        ahead = ahead + (1 - now) * gradient / (1 - product)
        direction = ahead / (ops.sqrt(v * h["correction_2"]) + h["epsilon"])
        return self.descend(parameter, direction, h), {"m": m, "v": v}
