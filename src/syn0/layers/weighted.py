"""What layers of weighted sums share: kernel W and bias b, a penalty, an activation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from syn0 import initializers, penalties
from syn0.graph import Tensor
from syn0.initializers import AnyInitializer, Initializer
from syn0.layers.activation import Activation, function_of
from syn0.layers.layer import Declaration, LayerValues
from syn0.penalties import Penalty

AnyActivation = str | Callable[[Any], Any] | Activation | None


class Weighted(Protocol):
    """A layer with the options of weighted sums."""

    @property
    def activation(self) -> AnyActivation:
        """What is made of the sums."""
        ...

    @property
    def use_bias(self) -> bool:
        """Whether b is added."""
        ...

    @property
    def initializer(self) -> str | float | AnyInitializer:
        """What W starts from."""
        ...

    @property
    def kernel_penalty(self) -> str | Penalty | None:
        """A penalty on W."""
        ...


def check_options(layer: Weighted) -> None:
    """Raise what is wrong with activation, initializer or penalty."""
    function_of(layer.activation)
    initializers.get(layer.initializer)
    penalties.get(layer.kernel_penalty)


def kernel_initializer(layer: Weighted) -> AnyInitializer:
    """Return what W starts from: for ``"auto"`` what fits the activation."""
    initializer = initializers.get(layer.initializer)
    if isinstance(initializer, initializers.Auto):
        fitting: Initializer = initializers.for_activation(function_of(layer.activation))
        return fitting
    return initializer


def declaration(
    layer: Weighted, kernel: tuple[int, ...], units: int, initializer: AnyInitializer | None = None
) -> Declaration:
    """Return W of the shape `kernel`, and b (units,) that starts from zeros."""
    weights = {"W": (kernel, initializer or kernel_initializer(layer))}
    bias = {"b": ((units,), initializers.Zeros())} if layer.use_bias else {}
    return {**weights, **bias}


def kernel_penalties(layer: Weighted, p: LayerValues) -> list[Tensor]:
    """Return the penalty of W."""
    penalty = penalties.get(layer.kernel_penalty)
    return [penalty(p["W"])] if penalty else []


def activated(layer: Weighted, p: LayerValues, z: Tensor) -> Tensor:
    """Return the activation of the sums, to which the bias is added."""
    if layer.use_bias:
        z = z + p["b"]
    if layer.activation is None:
        return z
    return function_of(layer.activation)(z.named("z"))
