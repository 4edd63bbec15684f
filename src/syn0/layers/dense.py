"""The layer of weighted sums, the heart of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from syn0.errors import ArgumentError
from syn0.graph import Shape, Tensor
from syn0.initializers import AnyInitializer
from syn0.layers.activation import Activation
from syn0.layers.layer import Declaration, Layer, LayerValues, known_sizes, one_input
from syn0.layers.weighted import activated, check_options, declaration, kernel_penalties
from syn0.names import require
from syn0.penalties import Penalty


@dataclass(frozen=True)
class Dense(Layer):
    r"""Weighted sums of all inputs, then an activation: :math:`f(x W + b)`.

    Parameters
    ----------
    units : int or "auto"
        How many outputs. ``"auto"``, in the last layer of a network that is given to an
        estimator of `syn0.neural_network`: as many as `y` asks for, and where there is no
        activation the one that goes with them.
    activation : str, callable or Activation, optional
        What is made of the sums; nothing by default.
    use_bias : bool
        Whether to add `b`.
    initializer : str, number, array or callable
        What `W` starts from; ``"auto"`` fits the activation, see
        `initializers.for_activation`. `b` starts from zeros.
    kernel_penalty : str or callable, optional
        A penalty on `W`.
    name : str, optional
        The name of the layer.

    Notes
    -----
    Shapes: x (..., in), W (in, units), b (units,), output (..., units).

    Examples
    --------
    >>> import syn0
    >>> net = syn0.Sequential(syn0.Dense(2, name="output")).build((3,))
    >>> net.parameters["W_output"].shape
    (3, 2)
    """

    units: int | str
    activation: str | Callable[[Any], Any] | Activation | None = None
    use_bias: bool = True
    initializer: str | float | AnyInitializer = "auto"
    kernel_penalty: str | Penalty | None = None
    foreign = {
        "bias": "use_bias",
        "bias_initializer": "nothing: biases start from 0",
        "weight_init": "initializer",
        "activity_regularizer": "kernel_penalty, a penalty on the weights",
    }

    def __post_init__(self) -> None:
        if self.units != "auto":
            whole = isinstance(self.units, int) and not isinstance(self.units, bool)
            require(whole and int(self.units) > 0, self, "units", "a whole number above 0")
        check_options(self)

    @property
    def is_complete(self) -> bool:
        """Whether the units are known."""
        return self.units != "auto"

    def resolved(self, units: int, activation: str | None) -> Dense:
        """Return the layer with what ``"auto"`` stands for; an activation of its own stays."""
        own = activation if self.activation is None else self.activation
        return replace(self, units=units, activation=own)

    def parameters(self, shape: Shape) -> Declaration:
        """Return W (in, units) and b (units,)."""
        if isinstance(self.units, str):
            raise ArgumentError(
                "Dense('auto') does not know its units.",
                expected="'auto' in the last layer of a network that an estimator trains",
                mend="write their number, or give the network to "
                "syn0.neural_network.NetworkClassifier or NetworkRegressor, which know y",
            )
        (features,) = known_sizes(self, shape, last=1)
        return declaration(self, (features, self.units), self.units)

    def penalties(self, p: LayerValues) -> list[Tensor]:
        """Return the penalty of W."""
        return kernel_penalties(self, p)

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the output (..., units)."""
        return activated(self, p, one_input(self, x) @ p["W"])
