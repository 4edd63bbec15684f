"""The network behind a perceptron: its layers by name, and its weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0 import ops
from syn0.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Layer,
    LayerNormalization,
)
from syn0.model import Sequential

Array = NDArray[Any]

# What scikit-learn calls the functions, and what they are here.
_ACTIVATIONS: dict[str, Any] = {"identity": None, "logistic": "sigmoid", "exp": ops.exp}
_NORMALIZATIONS: dict[str, Callable[..., Layer]] = {
    "batch": BatchNormalization,
    "layer": LayerNormalization,
}


def hidden_names(count: int) -> list[str]:
    """Return the names of the hidden layers.

    Examples
    --------
    >>> hidden_names(1), hidden_names(2)
    (['hidden'], ['hidden_1', 'hidden_2'])
    """
    return ["hidden"] if count == 1 else [f"hidden_{i}" for i in range(1, count + 1)]


def hidden_layers(
    units: int, name: str, activation: Any, normalization: Any = None, dropout: float = 0.0
) -> list[Layer]:
    """Return a hidden layer, and what comes after its weighted sums.

    Parameters
    ----------
    units : int
        How many.
    name : str
        What it is called; the others are called after it.
    activation : str, callable or Activation
        A word of scikit-learn or of syn0, or a function.
    normalization : {"batch", "layer"}, optional
        What is done to the sums before the activation.
    dropout : float
        The share of the activations that training sets to 0.
    """
    if normalization is None:
        layers: list[Layer] = [dense(units, activation, name)]
    else:
        normalize = _NORMALIZATIONS[normalization](name=f"{name}_normalization")
        layers = [dense(units, None, name), normalize]
        function = _function(activation)
        if function is not None:
            layers.append(Activation(function, name=f"{name}_activation"))
    return [*layers, Dropout(float(dropout), name=f"{name}_dropout")] if dropout else layers


def dense(units: int, activation: Any, name: str) -> Dense:
    """Return a layer of weighted sums; its weights are to be set."""
    function = _function(activation)
    return Dense(int(units), activation=function, initializer="glorot_uniform", name=name)


def _function(activation: Any) -> Any:
    return _ACTIVATIONS.get(activation, activation) if isinstance(activation, str) else activation


def build(layers: Sequence[Layer], features: int, dtype: Any, seed: int = 0) -> Sequential:
    """Return a network of these layers."""
    network = Sequential(*layers, random_state=seed, dtype=np.dtype(dtype).name)
    return network.build((features,))


# ----- weights ------------------------------------------------------------


def weight_names(network: Sequential) -> tuple[list[str], list[str]]:
    """Return the names of the matrices and of the biases, in the order of the layers."""
    names = [name for name, layer in network.layers.items() if isinstance(layer, Dense)]
    return [f"W_{name}" for name in names], [f"b_{name}" for name in names]


def read_weights(network: Sequential) -> tuple[list[Array], list[Array]]:
    """Return the matrices and the biases as they are, not copied."""
    coefs, intercepts = weight_names(network)
    numbers = network.numbers
    return [numbers[name] for name in coefs], [numbers[name] for name in intercepts]


def write_weights(network: Sequential, coefs: Sequence[Any], intercepts: Sequence[Any]) -> None:
    """Set those matrices and biases that are not the network's already."""
    names = [name for part in weight_names(network) for name in part]
    given = dict(zip(names, [*coefs, *intercepts], strict=True))
    changed = {name: w for name, w in given.items() if network.numbers[name] is not w}
    if changed:
        network.set_parameters(changed)


def carry_over(before: Sequential, network: Sequential) -> None:
    """Give a network what one of its form measured and learned beside matrices and biases."""
    kept = before.parameters
    like = network.parameters
    same = {n: v for n, v in kept.items() if n in like and v.shape == like[n].shape}
    network.set_parameters(same)


def outputs_of(network: Sequential, X: Any) -> Array:
    """Return what the network puts out."""
    (outputs,) = network.run_rows("predict", {network.input_names[0]: X}).values()
    return outputs
