"""The optimizer that sees the whole data at once and learns their curvature."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from syn0 import ops
from syn0.errors import ArgumentError
from syn0.graph import Tensor
from syn0.names import require
from syn0.optimizers.base import Optimizer, Tensors
from syn0.schedules import LearningRate


@dataclass(frozen=True)
class LBFGS(Optimizer):
    r"""Newton's method with a curvature guessed from the last gradients (Liu and Nocedal, 1989).

    Each epoch is one iteration over all training data; a line search finds the step size, so
    there is no learning rate. Best for small networks and data that fit in memory. SciPy's
    L-BFGS-B does the work.

    Parameters
    ----------
    memory : int
        How many past gradients are kept.
    tolerance : float
        Training ends when no element of the gradient is larger.
    max_line_search : int
        How many step sizes a line search may try.
    weight_decay : float
        The factor of the penalty :math:`\tfrac12 \lambda \lVert W \rVert^2` on all parameters.

    Examples
    --------
    >>> LBFGS(memory=20).options()["maxcor"]
    20
    """

    # There is neither: a line search needs the true gradient and finds its own step.
    learning_rate: LearningRate = field(default=1.0, init=False, repr=False)
    clip_value: float | None = field(default=None, init=False, repr=False)
    clip_norm: float | None = field(default=None, init=False, repr=False)
    clip_global_norm: float | None = field(default=None, init=False, repr=False)

    memory: int = 10
    tolerance: float = 1e-5
    max_line_search: int = 20

    kind: ClassVar[str] = "minimize"
    outside: ClassVar[tuple[str, ...]] = ("memory", "tolerance", "max_line_search")
    foreign = {
        "learning_rate": "nothing: a line search finds the step size",
        "lr": "nothing: a line search finds the step size",
        "clip_value": "nothing: a line search needs the true gradient",
        "clip_norm": "nothing: a line search needs the true gradient",
        "clip_global_norm": "nothing: a line search needs the true gradient",
        "max_iter": "epochs, an argument of fit",
        "maxiter": "epochs, an argument of fit",
        "history_size": "memory",
        "maxcor": "memory",
        "tol": "tolerance",
        "gtol": "tolerance",
        "tolerance_grad": "tolerance",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.memory >= 1, self, "memory", "a number of at least 1")
        require(self.tolerance >= 0, self, "tolerance", "a number of at least 0")
        require(self.max_line_search >= 1, self, "max_line_search", "a number of at least 1")

    def hyperparameters(self) -> dict[str, float]:
        """Return nothing: no number changes between iterations."""
        return {}

    def options(self) -> dict[str, Any]:
        """Return the options of ``scipy.optimize.minimize(method="L-BFGS-B")``."""
        return {
            "maxcor": self.memory,
            "gtol": self.tolerance,
            "ftol": 64 * 2.220446049250313e-16,
            "maxls": self.max_line_search,
        }

    def penalty(self, parameters: Tensors, h: Tensors, weight: Tensor) -> Tensor | None:
        """Return what weight decay adds to the loss; None without it."""
        if not self.weight_decay or not parameters:
            return None
        first, *others = (ops.sum(ops.square(w)) for w in parameters.values())
        for other in others:
            first = first + other
        penalty: Tensor = 0.5 * self.weight_decay * first
        return penalty

    def update(self, *arguments: Any) -> Any:
        """Refuse: there is no step of a single parameter."""
        raise ArgumentError("LBFGS makes no step of its own; `training.minimize` runs it.")
