r"""Activation functions: what a neuron makes of its weighted input.

Each is a function of a tensor or an array, built from ops, so it has a gradient, runs on
every engine and can be read in the printed program. `LeakyReLU` and `ELU` are the same
functions with another parameter; `CustomDerivative` carries a derivative of one's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from syn0 import ops
from syn0.names import Catalogue, Record, require

Function = Callable[[Any], Any]

_SQRT_2 = 1.4142135623730951
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def linear(x: Any) -> Any:
    """Return `x` itself: no activation.

    Examples
    --------
    >>> linear(3.0)
    3.0
    """
    return x


def sigmoid(x: Any) -> Any:
    r"""Return the logistic function :math:`1 / (1 + e^{-x})`, between 0 and 1.

    Examples
    --------
    >>> float(sigmoid(0.0))
    0.5
    """
    return ops.sigmoid(x)


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent, between -1 and 1.

    Examples
    --------
    >>> float(tanh(0.0))
    0.0
    """
    return ops.tanh(x)


def relu(x: Any) -> Any:
    r"""Return :math:`\max(0, x)`, the rectified linear unit (Nair and Hinton, 2010).

    Its derivative at 0 is 0.

    Examples
    --------
    >>> relu([-2.0, 3.0])
    array([0., 3.])
    """
    return ops.relu(x)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    r"""Return `x` where it is positive, else ``negative_slope * x`` (Maas et al., 2013).

    Examples
    --------
    >>> leaky_relu([-2.0, 3.0])
    array([-0.4, 3. ])
    """
    x = _number(x)
    return ops.where(x > 0, x, negative_slope * x)


def elu(x: Any, alpha: float = 1.0) -> Any:
    r"""Return `x` where it is positive, else :math:`\alpha (e^x - 1)` (Clevert et al., 2016).

    Examples
    --------
    >>> elu([-1.0, 3.0])
    array([-0.63212056, 3. ])
    """
    x = _number(x)
    # `where` computes both sides: minimum keeps the exponential of large x from overflowing,
    # and as second argument x gets the whole derivative at 0.
    return ops.where(x > 0, x, alpha * ops.expm1(ops.minimum(0, x)))


def selu(x: Any) -> Any:
    r"""Return the scaled ELU that keeps mean 0 and variance 1 (Klambauer et al., 2017).

    .. math:: 1.0507 \, \mathrm{elu}(x, \alpha = 1.67326)

    Examples
    --------
    >>> selu([-1.0, 1.0])
    array([-1.11133074, 1.05070099])
    """
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


def swish(x: Any) -> Any:
    r"""Return :math:`x / (1 + e^{-x})` (Ramachandran et al., 2017), also called SiLU.

    Examples
    --------
    >>> swish([-1.0, 1.0])
    array([-0.26894142, 0.73105858])
    """
    x = _number(x)
    return x * ops.sigmoid(x)


def gelu(x: Any) -> Any:
    r"""Return :math:`x \, \Phi(x)`, exactly (Hendrycks and Gimpel, 2016).

    :math:`\Phi` is the distribution function of the normal distribution.

    Examples
    --------
    >>> gelu([-1.0, 1.0])
    array([-0.15865525, 0.84134475])
    """
    x = _number(x)
    return 0.5 * x * (1 + ops.erf(x / _SQRT_2))


def softplus(x: Any) -> Any:
    r"""Return :math:`\log(1 + e^x)` without overflow (Dugas et al., 2001).

    Examples
    --------
    >>> softplus([0.0, 1000.0])
    array([6.93147181e-01, 1.00000000e+03])
    """
    return ops.logaddexp(x, 0)


def softmax(x: Any) -> Any:
    r"""Return :math:`e^{x_k} / \sum_j e^{x_j}` over the last axis: positive, summing to 1.

    Examples
    --------
    >>> softmax([[0.0, 0.0]])
    array([[0.5, 0.5]])
    """
    return ops.softmax(x)


def mish(x: Any) -> Any:
    r"""Return :math:`x \tanh(\log(1 + e^x))` (Misra, 2019).

    Examples
    --------
    >>> mish([-1.0, 1.0])
    array([-0.30340146, 0.86509839])
    """
    x = _number(x)
    return x * ops.tanh(softplus(x))


def hard_sigmoid(x: Any) -> Any:
    r"""Return :math:`\min(\max(x / 6 + 1/2, 0), 1)` (Howard et al., 2019).

    Examples
    --------
    >>> hard_sigmoid([-3.0, 0.0, 9.0])
    array([0. , 0.5, 1. ])
    """
    x = _number(x)
    return ops.clip(x / 6 + 0.5, 0, 1)


def hard_swish(x: Any) -> Any:
    r"""Return ``x * hard_sigmoid(x)`` (Howard et al., 2019).

    Examples
    --------
    >>> hard_swish([-3.0, 1.0, 9.0])
    array([-0. , 0.66666667, 9. ])
    """
    x = _number(x)
    return x * hard_sigmoid(x)


def _number(x: Any) -> Any:
    # Lists have no operators.
    return np.asarray(x) if isinstance(x, (list, tuple)) else x


# ----- with parameters ----------------------------------------------------


@dataclass(frozen=True)
class LeakyReLU(Record):
    """The function `leaky_relu` with a slope of one's choice.

    Parameters
    ----------
    negative_slope : float
        The slope for negative input.

    Examples
    --------
    >>> LeakyReLU(0.01)([-2.0, 3.0])
    array([-0.02, 3.  ])
    """

    negative_slope: float = 0.2
    name = "leaky_relu"
    foreign = {"alpha": "negative_slope"}

    def __call__(self, x: Any) -> Any:
        """Return the activation of `x`."""
        return leaky_relu(x, self.negative_slope)


@dataclass(frozen=True)
class ELU(Record):
    """The function `elu` with a limit of one's choice.

    Parameters
    ----------
    alpha : float
        Minus the value for very negative input.

    Examples
    --------
    >>> ELU(0.5)([-1.0, 3.0])
    array([-0.31606028, 3. ])
    """

    alpha: float = 1.0
    name = "elu"

    def __call__(self, x: Any) -> Any:
        """Return the activation of `x`."""
        return elu(x, self.alpha)


# ----- a derivative of one's own ------------------------------------------


@dataclass(frozen=True)
class CustomDerivative(Record):
    """A function whose backpropagation uses a derivative that one wrote oneself.

    Parameters
    ----------
    function : callable
        The activation.
    derivative : callable
        Its derivative.
    derivative_of : {"output", "input"}
        What `derivative` is a function of: ``"output"`` for ``y * (1 - y)``, as the lesson
        writes it, ``"input"`` for ``f'(x)``.

    Examples
    --------
    >>> from syn0 import graph, gradient, ops
    >>> f = CustomDerivative(ops.sigmoid, lambda y: y * (1 - y))
    >>> x = graph.input_tensor("x", (1,), "float64")
    >>> (dx,) = gradient.backpropagate(f(x).sum(), [x])
    >>> graph.evaluate([dx], {"x": np.zeros(1)})[0]
    array([0.25])
    """

    function: Function
    derivative: Function
    derivative_of: str = "output"

    def __post_init__(self) -> None:
        require(callable(self.function), self, "function", "a function of a tensor")
        require(callable(self.derivative), self, "derivative", "a function of a tensor")
        words = ("output", "input")
        require(self.derivative_of in words, self, "derivative_of", "'output' or 'input'")

    @property
    def name(self) -> str:
        """The name of the function."""
        return name_of(self.function)

    def __call__(self, x: Any) -> Any:
        """Return the activation of `x`."""
        y = self.function(x)
        factor = self.derivative(y if self.derivative_of == "output" else x)
        return ops.custom_derivative(y, x, factor)


# ----- by name ------------------------------------------------------------

_FUNCTIONS: tuple[Function, ...] = (
    linear, sigmoid, tanh, relu, leaky_relu, elu, selu, swish, gelu, softplus, softmax, mish,
    hard_sigmoid, hard_swish,
)  # fmt: skip
_NAMES: dict[str, Function] = {f.__name__: f for f in _FUNCTIONS}

catalogue: Catalogue[Function] = Catalogue(
    "activation",
    {name: (lambda f=f: f) for name, f in _NAMES.items()},  # type: ignore[misc]
    {
        "identity": "'linear'",
        "none": "None or 'linear'",
        "logistic": "'sigmoid'",
        "silu": "'swish'",
        "hard_silu": "'hard_swish'",
        "relu6": "a function: lambda x: syn0.ops.clip(x, 0, 6)",
        "log_softmax": "'linear' with the loss 'cross_entropy', which takes scores",
        "prelu": "a layer of its own: syn0.PReLU()",
        "hardtanh": "a function: lambda x: syn0.ops.clip(x, -1, 1)",
    },
)


def get(activation: str | Function | None) -> Function:
    """Return the function of a name, of None (linear), or the function given.

    Examples
    --------
    >>> get("tanh").__name__
    'tanh'
    >>> get("silu")
    Traceback (most recent call last):
    syn0.errors.UnknownNameError: there is no activation 'silu'.
      mend:     write 'swish'
    """
    if activation is None:
        return linear
    if isinstance(activation, str):
        return catalogue.make(activation)
    if callable(activation) and not isinstance(activation, type):
        return activation
    raise catalogue.refuse(activation, "a name, a function of a tensor, or None")


def name_of(function: Function) -> str:
    """Return the name of an activation; for a function of one's own, what it is called.

    Examples
    --------
    >>> name_of(LeakyReLU(0.1)), name_of(abs)
    ('leaky_relu', 'abs')
    """
    if isinstance(function, (LeakyReLU, ELU, CustomDerivative)):
        return function.name
    return getattr(function, "__name__", type(function).__name__)
