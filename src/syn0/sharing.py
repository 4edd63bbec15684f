"""Programs of networks that are alike: drawn and compiled once.

A search over learning rates, and each fold of a cross-validation, trains a new network of the
same layers. Its programs are the same, so they are looked up. What is not ours, such as a
function that may read anything, is drawn anew for each network.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import fields
from threading import Lock
from types import FunctionType
from typing import Any

import numpy as np

from syn0.engines import Engine, Executable
from syn0.layers import Layer
from syn0.layers.node import LayerLike
from syn0.networks import Network
from syn0.program import Program
from syn0.steps import form_of
from syn0.wiring import node_key

KEPT = 64  # programs: those last used


def form_of_network(network: Network) -> Any:
    """Return what decides the programs of a network, hashable: its layers and their wiring.

    Examples
    --------
    >>> import syn0
    >>> a, b = (syn0.Sequential(syn0.Dense(2), random_state=i).build((3,)) for i in range(2))
    >>> form_of_network(a) == form_of_network(b)
    True
    """
    wiring = network.wiring
    places = {node_key(node): place for place, node in enumerate(wiring.order)}
    nodes = tuple(
        (label, _form_of_layer(node.layer), tuple(places[node_key(n)] for n in node.inputs))
        for label, node in zip(wiring.labels, wiring.order, strict=True)
    )
    ends = tuple(tuple(places[node_key(n)] for n in e) for e in (wiring.inputs, wiring.outputs))
    names = wiring.input_names, wiring.output_names
    return nodes, ends, names, network.dtype, network.known_layout().input_shapes


def _form_of_layer(layer: LayerLike) -> Any:
    """Return what decides the graph of a layer: its fields but for numbers of the state."""
    numbers = layer.hyperparameters()
    if not (numbers and isinstance(layer, Layer)):
        return form_of(layer)
    rest = [f.name for f in fields(layer) if f.name not in numbers]
    return type(layer), tuple(numbers), tuple((n, form_of(getattr(layer, n))) for n in rest)


def is_ours(form: Any) -> bool:
    """Tell whether a form holds nothing but plain values, and types and functions of syn0."""
    if isinstance(form, (tuple, frozenset)):
        return all(map(is_ours, form))
    if isinstance(form, FunctionType) and form.__closure__:
        return False
    if isinstance(form, (type, FunctionType)):
        return form.__module__.split(".")[0] == "syn0"
    return form is None or isinstance(form, (bool, int, float, str, bytes, np.generic))


class Shared:
    """Executables by the form of what they compute."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Any, Executable] = OrderedDict()
        self._lock = Lock()

    def find(self, engine: Engine, form: Any, make: Callable[[], Program]) -> Executable:
        """Return an executable for a form, of a program that is drawn if there is none."""
        if not is_ours(form):
            return engine.compile(make())
        key = engine, form
        with self._lock:
            found = self._kept.get(key)
        found = engine.compile(make()) if found is None else found
        with self._lock:
            self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found.again()

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()


shared = Shared()
