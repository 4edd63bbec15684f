"""Penalties: what large weights add to the loss, so that they stay small.

A penalty is any function of a parameter that returns a single number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from syn0 import ops
from syn0.names import Catalogue, Record, require

Penalty = Callable[[Any], Any]


@dataclass(frozen=True)
class L1(Record):
    r"""The sum of absolute values: :math:`\lambda \sum_i |w_i|` (Tibshirani, 1996).

    It drives weights to 0 that are not needed.

    Parameters
    ----------
    strength : float
        The factor :math:`\lambda`.

    Examples
    --------
    >>> float(L1(0.1)([1.0, -2.0]))
    0.3
    """

    strength: float = 0.01
    foreign = {"l1": "strength", "alpha": "strength", "l": "strength"}

    def __post_init__(self) -> None:
        require(self.strength >= 0, self, "strength", "a number of at least 0")

    def __call__(self, parameter: Any) -> Any:
        """Return the penalty of a parameter, a single number."""
        return self.strength * ops.sum(ops.abs(parameter))


@dataclass(frozen=True)
class L2(Record):
    r"""The sum of squares: :math:`\lambda \sum_i w_i^2` (Hoerl and Kennard, 1970).

    There is no factor 1/2, as in Keras: its gradient is :math:`2 \lambda w`.

    Parameters
    ----------
    strength : float
        The factor :math:`\lambda`.

    Examples
    --------
    >>> float(L2(0.1)([1.0, -2.0]))
    0.5
    """

    strength: float = 0.01
    foreign = {"l2": "strength", "alpha": "strength", "l": "strength"}

    def __post_init__(self) -> None:
        require(self.strength >= 0, self, "strength", "a number of at least 0")

    def __call__(self, parameter: Any) -> Any:
        """Return the penalty of a parameter, a single number."""
        return self.strength * ops.sum(ops.square(parameter))


catalogue: Catalogue[Penalty] = Catalogue(
    "penalty",
    {"l1": L1, "l2": L2},
    {"l1_l2": "a function: lambda W: syn0.L1(0.01)(W) + syn0.L2(0.01)(W)"},
)


def get(penalty: str | Penalty | None) -> Penalty | None:
    """Return the penalty of a name, the function given, or None.

    Examples
    --------
    >>> get("l2")
    L2(strength=0.01)
    """
    if penalty is None:
        return None
    if isinstance(penalty, str):
        return catalogue.make(penalty)
    if callable(penalty) and not isinstance(penalty, type):
        return penalty
    raise catalogue.refuse(penalty, "a name, or a function of a parameter")
