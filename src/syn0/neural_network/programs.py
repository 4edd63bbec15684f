"""Networks of one form share what was compiled for them, as the fits of a search do."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from syn0.layers import Dropout, GaussianNoise, Layer
from syn0.model import Model
from syn0.steps import form_of

KEPT = 16  # forms of networks
_programs: OrderedDict[Hashable, OrderedDict[Any, Any]] = OrderedDict()


def lend_programs(network: Model) -> None:
    """Give a new network the programs of those that were like it; they never change."""
    known = _programs.get(_form(network))
    if known is not None:
        network._family = OrderedDict(known)


def keep_programs(network: Model) -> None:
    """Keep the programs of a network for those that will be like it."""
    form = _form(network)
    if form is not None:
        _programs.pop(form, None)
        _programs[form] = OrderedDict(network._family)
        while len(_programs) > KEPT:
            _programs.popitem(last=False)


def _form(network: Model) -> Hashable:
    """Return what decides the programs of a network, None where a layer is no plain record."""
    wiring, layers = network.wiring, network.layers.values()
    if not all(isinstance(layer, Layer) for layer in layers):
        return None
    places = {id(node): place for place, node in enumerate(wiring.order)}
    wires = [tuple(places.get(id(source), -1) for source in node.inputs) for node in wiring.order]
    ends = [places[id(node)] for node in wiring.outputs]
    shapes = network.known_layout().input_shapes
    dtypes = [tensor.dtype for tensor in network.input_tensors()]
    names = wiring.input_names, wiring.output_names, wiring.labels
    parts = [form_of(_without_numbers(layer)) for layer in layers]
    return network.dtype, shapes, *map(tuple, (dtypes, names, wires, ends, parts))


def _without_numbers(layer: Any) -> Any:
    """Return a layer without the number that it leaves to the state."""
    if type(layer) is Dropout:
        return replace(layer, rate=0.5)
    return replace(layer, stddev=1.0) if type(layer) is GaussianNoise else layer
