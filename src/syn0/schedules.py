r"""Schedules: the learning rate as a function of the step.

Steps count from 0 and go on through epochs: with n samples in batches of b, an epoch has
ceil(n / b) steps. A schedule takes a number or an array of them. Past its end it stays at
its last value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from syn0.errors import ArgumentError
from syn0.names import Catalogue, Record, require


@dataclass(frozen=True)
class Schedule(Record):
    """The base of all schedules: a record that is called with the step.

    A function of the step is accepted wherever a schedule is.
    """

    def __call__(self, step: ArrayLike) -> Any:
        """Return the learning rate at a step, or at each step of an array.

        Parameters
        ----------
        step : int or array of int
            The step, from 0.

        Returns
        -------
        float or numpy.ndarray
            One rate for each step.
        """
        steps = np.asarray(step, dtype="float64")
        # A number goes the way of arrays too: NumPy's powers of single numbers round otherwise.
        rows = np.atleast_1d(steps)
        rates = np.broadcast_to(self._rates(rows), rows.shape)
        return rates.copy() if steps.ndim else float(rates[0])

    def _rates(self, steps: NDArray[np.float64]) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no _rates(steps)")


LearningRate = float | Schedule | Callable[[Any], Any]


@dataclass(frozen=True)
class ConstantSchedule(Schedule):
    """The same rate at every step.

    Parameters
    ----------
    learning_rate : float
        The rate.

    Examples
    --------
    >>> ConstantSchedule(0.1)(7)
    0.1
    """

    learning_rate: float

    def __post_init__(self) -> None:
        require(self.learning_rate >= 0, self, "learning_rate", "a number of at least 0")

    def _rates(self, steps: NDArray[np.float64]) -> Any:
        return np.float64(self.learning_rate)


@dataclass(frozen=True)
class StepDecay(Schedule):
    r"""A rate that falls at once every so many steps: :math:`\eta f^{\lfloor t / d \rfloor}`.

    Parameters
    ----------
    learning_rate : float
        The rate :math:`\eta` at the start.
    decay_steps : int
        Steps :math:`d` from one fall to the next.
    factor : float
        What the rate is multiplied with at each fall.

    Examples
    --------
    >>> StepDecay(0.1, decay_steps=100, factor=0.5)([0, 99, 100, 250])
    array([0.1  , 0.1  , 0.05 , 0.025])
    """

    learning_rate: float
    decay_steps: int
    factor: float = 0.5
    foreign = {"step_size": "decay_steps", "drop_every": "decay_steps", "gamma": "factor"}

    def __post_init__(self) -> None:
        require(self.learning_rate >= 0, self, "learning_rate", "a number of at least 0")
        require(self.decay_steps > 0, self, "decay_steps", "a number of steps above 0")
        require(0 <= self.factor <= 1, self, "factor", "a share from 0 to 1")

    def _rates(self, steps: NDArray[np.float64]) -> Any:
        return self.learning_rate * self.factor ** (steps // self.decay_steps)


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    r"""A rate that falls by the same share all the time: :math:`\eta f^{t / d}`.

    Parameters
    ----------
    learning_rate : float
        The rate :math:`\eta` at the start.
    decay_steps : int
        Steps :math:`d` in which the rate is multiplied once with the factor.
    factor : float
        What the rate is multiplied with in that time.

    Examples
    --------
    >>> ExponentialDecay(0.1, decay_steps=100, factor=0.25)([0, 50, 100])
    array([0.1  , 0.05 , 0.025])
    """

    learning_rate: float
    decay_steps: int
    factor: float = 0.5
    foreign = {
        "decay_rate": "factor",
        "gamma": "factor",
        "staircase": "StepDecay, which falls in steps",
    }

    def __post_init__(self) -> None:
        require(self.learning_rate >= 0, self, "learning_rate", "a number of at least 0")
        require(self.decay_steps > 0, self, "decay_steps", "a number of steps above 0")
        require(0 < self.factor <= 1, self, "factor", "a share above 0, up to 1")

    def _rates(self, steps: NDArray[np.float64]) -> Any:
        return self.learning_rate * self.factor ** (steps / self.decay_steps)


@dataclass(frozen=True)
class CosineDecay(Schedule):
    r"""A rate that falls along half a cosine (Loshchilov and Hutter, 2017).

    .. math:: \eta_{end} + (\eta - \eta_{end}) \, (1 + \cos(\pi t / d)) / 2

    Parameters
    ----------
    learning_rate : float
        The rate :math:`\eta` at the start.
    decay_steps : int
        Steps :math:`d` until the end.
    final_learning_rate : float
        The rate :math:`\eta_{end}` from then on.

    Examples
    --------
    >>> CosineDecay(0.1, decay_steps=100)([0, 50, 100, 1000])
    array([0.1 , 0.05, 0.  , 0.  ])
    """

    learning_rate: float
    decay_steps: int
    final_learning_rate: float = 0.0
    foreign = {
        "T_max": "decay_steps",
        "total_steps": "decay_steps",
        "alpha": "final_learning_rate",
        "eta_min": "final_learning_rate",
        "warmup_steps": "WarmupCosine(learning_rate, warmup_steps, total_steps)",
    }

    def __post_init__(self) -> None:
        require(self.learning_rate >= 0, self, "learning_rate", "a number of at least 0")
        require(self.decay_steps > 0, self, "decay_steps", "a number of steps above 0")
        require(self.final_learning_rate >= 0, self, "final_learning_rate", "at least 0")

    def _rates(self, steps: NDArray[np.float64]) -> Any:
        done = _done(steps, 0, self.decay_steps)
        return _cosine(self.learning_rate, self.final_learning_rate, done)


@dataclass(frozen=True)
class WarmupCosine(Schedule):
    r"""A rate that rises in a straight line, then falls along half a cosine.

    The first step has :math:`\eta / w`, the step w - 1 has :math:`\eta` (Goyal et al., 2017).

    Parameters
    ----------
    learning_rate : float
        The highest rate :math:`\eta`.
    warmup_steps : int
        Steps of rising, w.
    total_steps : int
        Steps until the end, the rising among them.
    final_learning_rate : float
        The rate at the end.

    Examples
    --------
    >>> WarmupCosine(0.1, warmup_steps=2, total_steps=102)([0, 1, 2, 52, 102])
    array([0.05, 0.1 , 0.1 , 0.05, 0.  ])
    """

    learning_rate: float
    warmup_steps: int
    total_steps: int
    final_learning_rate: float = 0.0
    foreign = {
        "warmup_target": "learning_rate",
        "decay_steps": "total_steps, which counts the warm-up too",
        "alpha": "final_learning_rate",
    }

    def __post_init__(self) -> None:
        require(self.learning_rate >= 0, self, "learning_rate", "a number of at least 0")
        require(self.warmup_steps >= 0, self, "warmup_steps", "a number of at least 0")
        more = f"more than warmup_steps={self.warmup_steps}"
        require(self.total_steps > self.warmup_steps, self, "total_steps", more)
        require(self.final_learning_rate >= 0, self, "final_learning_rate", "at least 0")

    def _rates(self, steps: NDArray[np.float64]) -> Any:
        rising = self.learning_rate * (steps + 1) / max(1, self.warmup_steps)
        done = _done(steps, self.warmup_steps, self.total_steps)
        falling = _cosine(self.learning_rate, self.final_learning_rate, done)
        return np.where(steps < self.warmup_steps, rising, falling)


@dataclass(frozen=True)
class OneCycle(Schedule):
    r"""A rate that rises from small to large and falls to almost nothing (Smith, 2018).

    Both ways along half a cosine. The last step, ``total_steps - 1``, has the lowest rate.

    Parameters
    ----------
    learning_rate : float
        The highest rate.
    total_steps : int
        Steps of the whole cycle.
    warmup_share : float
        The share of steps in which the rate rises.
    start_divisor : float
        The first rate is ``learning_rate / start_divisor``.
    final_divisor : float
        The last rate is the first divided by this.

    Examples
    --------
    >>> OneCycle(0.1, total_steps=10, warmup_share=0.5, final_divisor=10)([0, 4, 9])
    array([0.004 , 0.1 , 0.0004])
    """

    learning_rate: float
    total_steps: int
    warmup_share: float = 0.3
    start_divisor: float = 25.0
    final_divisor: float = 1e4
    foreign = {
        "pct_start": "warmup_share",
        "div_factor": "start_divisor",
        "final_div_factor": "final_divisor",
        "epochs": "total_steps",
    }

    def __post_init__(self) -> None:
        require(self.learning_rate >= 0, self, "learning_rate", "a number of at least 0")
        require(self.total_steps > 0, self, "total_steps", "a number of steps above 0")
        require(0 <= self.warmup_share <= 1, self, "warmup_share", "a share from 0 to 1")
        require(self.start_divisor > 0, self, "start_divisor", "a number above 0")
        require(self.final_divisor > 0, self, "final_divisor", "a number above 0")

    def _rates(self, steps: NDArray[np.float64]) -> Any:
        top = max(0.0, self.warmup_share * self.total_steps - 1)
        start = self.learning_rate / self.start_divisor
        rising = _cosine(start, self.learning_rate, _done(steps, 0.0, top))
        down = _done(steps, top, self.total_steps - 1)
        falling = _cosine(self.learning_rate, start / self.final_divisor, down)
        return np.where(steps < top, rising, falling)


@dataclass(frozen=True)
class FunctionSchedule(Schedule):
    """A function of the step, as a schedule.

    Parameters
    ----------
    function : callable
        Takes the step, an int, and returns the rate.

    Examples
    --------
    >>> FunctionSchedule(lambda step: 0.1 / (step + 1))([0, 1])
    array([0.1 , 0.05])
    """

    function: Callable[[int], float]

    def _rates(self, steps: NDArray[np.float64]) -> Any:
        found = [float(self.function(int(s))) for s in steps.ravel()]
        return np.array(found).reshape(steps.shape)


def _done(steps: NDArray[np.float64], first: float, last: float) -> Any:
    """Return which share of the way from the first to the last step lies behind."""
    return np.clip((steps - first) / (last - first), 0, 1) if last > first else steps >= last


def _cosine(start: float, end: float, done: NDArray[np.float64]) -> Any:
    return end + (start - end) * (1 + np.cos(math.pi * done)) / 2


# ----- from what people give ----------------------------------------------

_CLASSES: dict[str, type[Schedule]] = {
    "constant_schedule": ConstantSchedule,
    "step_decay": StepDecay,
    "exponential_decay": ExponentialDecay,
    "cosine_decay": CosineDecay,
    "one_cycle": OneCycle,
    "warmup_cosine": WarmupCosine,
}
catalogue: Catalogue[type[Schedule]] = Catalogue(
    "schedule",
    {name: (lambda c=c: c) for name, c in _CLASSES.items()},  # type: ignore[misc]
    {
        "constant": "a number",
        "adaptive": "a number, and callbacks=[syn0.ReduceLROnPlateau()] in fit",
        "invscaling": "a function of the step: lambda step: 0.01 / (step + 1) ** 0.5",
        "cosine": "syn0.CosineDecay(0.001, decay_steps=1000)",
    },
)


def get(schedule: LearningRate | str) -> Schedule:
    """Return the schedule of a number, a function of the step, or the schedule given.

    Examples
    --------
    >>> get(0.1)
    ConstantSchedule(learning_rate=0.1)
    """
    if isinstance(schedule, str):
        found = catalogue.make(schedule)
        raise ArgumentError(
            f"the schedule {schedule!r} needs numbers that depend on your steps.",
            mend=f"write learning_rate=syn0.{found.__name__}(...) with its numbers",
        )
    if isinstance(schedule, Schedule):
        return schedule
    if isinstance(schedule, (int, float, np.number)) and not isinstance(schedule, bool):
        return ConstantSchedule(float(schedule))
    if callable(schedule) and not isinstance(schedule, type):
        return FunctionSchedule(schedule)
    raise catalogue.refuse(schedule, "a number, a schedule, or a function of the step")
