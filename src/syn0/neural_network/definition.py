"""From what people give as ``network=`` to a network that fits their data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from syn0.activations import name_of
from syn0.errors import ArgumentError
from syn0.layers import Activation, Dense, Flatten
from syn0.layers.activation import function_of
from syn0.layers.node import Node
from syn0.model import Model, Sequential

Head = Callable[[str | None], tuple[int, str | None]]


def default_network(
    n_features: int | tuple[int, ...], n_outputs: int, *, units: int = 256
) -> Model:
    """Return a network of one hidden layer, what an estimator takes if it is given none.

    Its output starts from zeros: at first all classes are alike, and every target 0.

    Parameters
    ----------
    n_features : int or tuple
        The number of features, or the shape of a sample.
    n_outputs : int
        The number of classes, labels or targets; the last layer takes it from `y`.
    units : int
        Of the hidden layer.
    """
    flat = [] if isinstance(n_features, int) else [Flatten()]
    hidden = Dense(units, activation="relu", name="hidden")
    return Sequential(*flat, hidden, Dense("auto", initializer="zeros", name="output"))


def make_network(given: Any, X: Any, n_outputs: int, head: Head, random_state: Any) -> Model:
    """Return a network of its own for these data, built.

    Parameters
    ----------
    given : Model, callable or None
        A network, whose numbers stay as they are; a function ``(n_features, n_outputs) ->
        network``; or None for `default_network`.
    X : array of shape (samples, ...)
        The data.
    n_outputs : int
        What a function is told.
    head : callable
        Tells units and activation of a last ``Dense("auto")``, given the activation that
        follows it, if there is one.
    random_state : int, RandomState or None
        The seed; None leaves the network its own.
    """
    network = _called(given, X, n_outputs)
    dtype = X.dtype.name if X.dtype.name in ("float32", "float64") else network.dtype
    layers = _resolved(network, head)
    network = network.anew(random_state=random_state, dtype=dtype, layers=layers)
    network.preparation = None  # an estimator's X are features already
    network.prepare(X[:1])  # builds
    return network


def _called(given: Any, X: Any, n_outputs: int) -> Model:
    if isinstance(given, Model):
        return given
    if given is not None and (not callable(given) or isinstance(given, type)):
        raise ArgumentError(
            f"network is {given!r}.",
            expected="a network, such as syn0.Sequential(...), or a function "
            "(n_features, n_outputs) -> network",
        )
    features = X.shape[1] if X.ndim == 2 else X.shape[1:]
    network = (default_network if given is None else given)(features, n_outputs)
    if not isinstance(network, Model):
        raise ArgumentError(
            f"the function given as network returned {type(network).__name__}.",
            where=f"network={getattr(given, '__name__', given)}",
            expected="a network, such as syn0.Sequential(...)",
        )
    return network


def _resolved(network: Model, head: Head) -> dict[str, Dense]:
    """Return the last layer with units and activation, if it leaves them to y."""
    node: Node = network.wiring.outputs[0]
    after: str | None = None
    while isinstance(node.layer, Activation):
        after, node = name_of(node.layer.resolved), node.inputs[0]
    layer = node.layer
    if not isinstance(layer, Dense) or layer.units != "auto":
        return {}
    own = after if layer.activation is None else name_of(function_of(layer.activation))
    units, activation = head(own)
    name = network.wiring.names[id(layer)]
    return {name: layer.resolved(units, activation if after is None else None)}
