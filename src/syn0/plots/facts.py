"""What a drawing of a network says of each layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from syn0.activations import CustomDerivative
from syn0.graph import format_shape
from syn0.layers import Activation, Input
from syn0.networks import Nested, Network
from syn0.wiring import is_input, node_key


@dataclass(frozen=True)
class Facts:
    """One box: an input, or one use of a layer.

    Attributes
    ----------
    name : str
        Of the input or the layer.
    kind : str
        What it is, with its activation: ``Dense · relu``.
    shape : tuple or None
        Of what it puts out for one sample; None before it is known.
    parameters : int
        How many numbers it learns; 0 at the second use of a layer, which has no more.
    frozen, is_input : bool
        Whether it does not learn; whether data enter here.
    outputs : tuple of str
        The network's outputs that leave here.
    shared : bool
        Whether it is the second use of a layer, with the parameters of the first.
    """

    name: str
    kind: str
    shape: tuple[Any, ...] | None
    parameters: int = 0
    frozen: bool = False
    is_input: bool = False
    outputs: tuple[str, ...] = ()
    shared: bool = False

    @property
    def size(self) -> str:
        """The shape and the number of parameters in words."""
        found = format_shape(self.shape) if self.shape is not None else "shape not known yet"
        if self.shared:
            return f"{found} · shared parameters"
        return f"{found} · {count_of(self.parameters)}" if self.parameters else found


def count_of(parameters: int) -> str:
    """Return a number of parameters in words."""
    return f"{parameters:,} parameter" + ("" if parameters == 1 else "s")


def facts_of(network: Network) -> tuple[list[Facts], list[tuple[int, int]]]:
    """Return what is known of inputs and layers, in their order, and which reads which."""
    wiring, layout = network.wiring, network.layout
    ends: dict[int, list[str]] = {}
    for node, name in zip(wiring.outputs, wiring.output_names, strict=True):
        ends.setdefault(node_key(node), []).append(name)
    keys = [node_key(node) for node in wiring.inputs]
    found: list[Facts] = []
    number: dict[int, int] = {}
    edges: list[tuple[int, int]] = []
    used: set[int] = set()
    for node, label in zip(wiring.order, wiring.labels, strict=True):
        key = node_key(node)
        if key in number:
            continue
        number[key] = len(found)
        outputs = tuple(ends.get(key, ()))
        if is_input(node):
            at = keys.index(key)
            shape = layout.input_shapes[at] if layout is not None else _declared(node.layer)
            found.append(Facts(wiring.input_names[at], "input", shape, is_input=True))
            continue
        name = label or "?"
        shape = layout.shapes[name] if layout is not None else None
        shared = id(node.layer) in used
        used.add(id(node.layer))
        count = 0 if shared else _parameters(network, name)
        found.append(Facts(
            name, kind_of(node.layer), shape, count, name in network.frozen, False, outputs,
            shared and _parameters(network, name) > 0,
        ))  # fmt: skip
        edges += [(number[node_key(source)], number[key]) for source in node.inputs]
    return found, edges


def kind_of(layer: Any) -> str:
    """Return what a layer is, with its activation or rate.

    Examples
    --------
    >>> import syn0
    >>> kind_of(syn0.Dense(2, activation="relu")), kind_of(syn0.Dropout(0.5))
    ('Dense · relu', 'Dropout · 0.5')
    """
    kind = getattr(layer, "kind", type(layer).__name__)
    if isinstance(layer, Nested):
        count = len(layer.network.layers)
        return f"{kind} · {count} layer" + ("" if count == 1 else "s")
    activation = function_name(layer)
    if activation is None:
        rate = getattr(layer, "rate", None)
        activation = f"{rate:g}" if isinstance(rate, (int, float)) else None
    return f"{kind} · {activation}" if activation else str(kind)


def function_name(layer: Any) -> str | None:
    """Return what a layer's activation is called, None if it has none."""
    function: Any = layer if isinstance(layer, Activation) else getattr(layer, "activation", None)
    while isinstance(function, Activation):
        function = function.function
    if isinstance(function, CustomDerivative):
        function = function.function
    if function is None or isinstance(function, str):
        return function
    return str(getattr(function, "__name__", type(function).__name__))


def _parameters(network: Network, name: str) -> int:
    if network.layout is None:
        return 0
    entries = network.entries_of(name).values()
    return sum(math.prod(entry.shape) for entry in entries if entry.role == "parameter")


def _declared(layer: Any) -> tuple[Any, ...] | None:
    if not isinstance(layer, Input) or layer.shape is None:
        return None
    return tuple("time" if size is None else size for size in layer.shape)
