"""Activations as layers of their own, and the one that learns its slope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from syn0 import activations, initializers, ops
from syn0.activations import CustomDerivative, Function
from syn0.errors import ArgumentError
from syn0.graph import Shape, Tensor
from syn0.layers.layer import Declaration, Layer, LayerValues, known_sizes, one_input
from syn0.names import require


@dataclass(frozen=True)
class Activation(Layer):
    """An activation function, as a layer or as the activation of another layer.

    Parameters
    ----------
    function : str or callable
        The name of an activation, or any function of a tensor.
    derivative : callable, optional
        A derivative of your own, which backpropagation then uses.
    derivative_of : {"output", "input"}
        What `derivative` is a function of: ``"output"`` for ``y * (1 - y)``, as the lesson
        writes it, ``"input"`` for ``f'(x)``.
    name : str, optional
        The name of the layer.

    Examples
    --------
    >>> import numpy as np, syn0
    >>> def sigmoid(x):
    ...     return 1 / (1 + np.exp(-x))
    >>> def sigmoid_derivative(y):
    ...     return y * (1 - y)
    >>> mine = syn0.Activation(sigmoid, derivative=sigmoid_derivative)
    >>> layer = syn0.Dense(4, activation=mine)
    """

    function: str | Function
    derivative: Function | None = None
    derivative_of: str = "output"

    def __post_init__(self) -> None:
        activations.get(self.function)
        if self.derivative is not None:
            require(callable(self.derivative), self, "derivative", "a function of a tensor")
        words = ("output", "input")
        require(self.derivative_of in words, self, "derivative_of", "'output' or 'input'")

    @property
    def resolved(self) -> Function:
        """The function, with its own derivative if there is one."""
        function = activations.get(self.function)
        if self.derivative is None:
            return function
        return CustomDerivative(function, self.derivative, self.derivative_of)

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the activation of x, of its shape."""
        return self.resolved(one_input(self, x))


def function_of(activation: str | Callable[[Any], Any] | Activation | None) -> Function:
    """Return the function of what people give as ``activation=``."""
    if isinstance(activation, Activation):
        return activation.resolved
    if isinstance(activation, Layer):
        raise ArgumentError(
            f"{type(activation).__name__} is a layer, not an activation.",
            where="activation=",
            expected="a name, a function of a tensor, or an Activation",
            mend="put it after this layer, as a layer of its own",
        )
    return activations.get(activation)


@dataclass(frozen=True)
class PReLU(Layer):
    r"""A rectifier that learns its slope for negative input (He et al., 2015).

    .. math:: x \text{ if } x > 0, \text{ else } a x

    Parameters
    ----------
    start : float
        What each slope starts from.
    name : str, optional
        The name of the layer.

    Notes
    -----
    There is one slope for each feature or channel: a (features,).

    Examples
    --------
    >>> PReLU().parameters((28, 28, 3))["slope"][0]
    (3,)
    """

    start: float = 0.25
    foreign = {
        "alpha_initializer": "start",
        "init": "start",
        "num_parameters": "nothing: there is one slope for each feature",
        "shared_axes": "nothing: all positions of an image or sequence share a slope",
    }

    def parameters(self, shape: Shape) -> Declaration:
        """Return the slope (features,)."""
        features = known_sizes(self, shape, last=1)
        return {"slope": (features, initializers.Constant(self.start))}

    def forward(self, p: LayerValues, x: Any, *, training: bool) -> Tensor:
        """Return the activation of x, of its shape."""
        x = one_input(self, x)
        return ops.where(x > 0, x, p["slope"] * x)
