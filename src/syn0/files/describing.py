"""From the objects of a network to the JSON of its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np

from syn0.errors import ArgumentError
from syn0.files import records
from syn0.files.graphs import encode_number, word
from syn0.files.registry import NAMES, fields_of, function_name
from syn0.files.stored import STORED, StoredInitializer
from syn0.initializers import Constant
from syn0.layers import Layer
from syn0.layers.node import Node
from syn0.losses import Loss
from syn0.metrics import Metric
from syn0.networks import Held, Nested, Network, Residual
from syn0.optimizers import Optimizer
from syn0.schedules import FunctionSchedule, Schedule
from syn0.wiring import is_input, node_key


@dataclass(eq=False)
class Foreign:
    """Something that is not of syn0, and what was seen of it while the network was traced.

    Parameters
    ----------
    thing : object
        The function, or the object of a class of one's own.
    role : str
        What it serves as: layer, function, loss, metric, initializer, schedule, optimizer.
    """

    thing: Any
    role: str
    fields: dict[str, Any] | None = None
    graphs: list[records.Graph] = field(default_factory=list)
    penalties: list[records.Graph] = field(default_factory=list)
    declared: Mapping[str, Any] = field(default_factory=dict)
    statistics: Mapping[str, Any] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What `custom` knows it by: the name of the function or of the class."""
        thing = self.thing
        if isinstance(thing, (*STORED, StoredInitializer)):
            return str(thing.origin)
        name = str(getattr(thing, "__name__", None) or type(thing).__name__)
        return name if name == "<lambda>" else word(name)

    def saw(self, graph: records.Graph) -> None:
        """Keep a graph, unless the same is known."""
        if graph not in self.graphs:
            self.graphs.append(graph)


class Describer:
    """Turns values into JSON and gathers what is not of syn0.

    Attributes
    ----------
    foreign : list of Foreign
        What is not of syn0, in the order of its numbers.
    nodes : dict of int to int
        The number of each node of the network, by its key.
    """

    def __init__(self) -> None:
        self.foreign: list[Foreign] = []
        self.nodes: dict[int, int] = {}
        self._known: dict[tuple[int, str], int] = {}

    def value(self, value: Any, role: str = "function") -> Any:
        """Return a value as it stands in the JSON.

        Parameters
        ----------
        value : object
            A setting of a layer, a loss, an optimizer.
        role : str
            What a function of one's own would serve as.

        Raises
        ------
        ArgumentError
            If a file cannot hold it.
        """
        if value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, (int, float, np.number, np.bool_)):
            return encode_number(value)
        if isinstance(value, np.ndarray) and role != "initializer":
            return self.value(tuple(value.tolist()), role)
        if isinstance(value, (list, tuple)):
            return records.Items([self.value(item, role) for item in value])
        if isinstance(value, Mapping):
            return records.Named({str(k): self.value(item, role) for k, item in value.items()})
        if isinstance(value, Node):
            return records.Output(self.nodes[node_key(value)])
        if type(value) in (Nested, Residual):
            return records.Inside(self.network(value.network), isinstance(value, Residual))
        if _is_array(value):
            return records.Initial()
        if isinstance(value, FunctionSchedule):
            return self._own(value.function, "schedule")
        name = function_name(value)
        if name is not None:
            return records.Function(name)
        if type(value) in NAMES:
            return records.Record(NAMES[type(value)], self.fields(value))
        return self._own(value, role)

    def fields(self, thing: Any) -> dict[str, Any]:
        """Return the fields that make an object of a class of syn0."""
        return {
            name: self.value(getattr(thing, name), _role_of(name))
            for name in fields_of(type(thing))
        }

    def _own(self, thing: Any, role: str) -> records.Own:
        role = next((given for kind, given in _ROLES if isinstance(thing, kind)), role)
        if not callable(thing) and role not in ("layer", "optimizer"):
            raise ArgumentError(
                f"a file cannot hold {thing!r}.", expected="numbers, text, functions and layers"
            )
        key = (id(thing), role)
        if key not in self._known:
            self._known[key] = len(self.foreign)
            found = Foreign(thing, role)
            self.foreign.append(found)
            found.fields = self._own_fields(thing)
        return records.Own(self._known[key])

    def _own_fields(self, thing: Any) -> dict[str, Any] | None:
        """Return the settings of an object of one's own class, None if it has no such ones."""
        if isinstance(thing, STORED):  # loaded from a file, with the settings that it had there
            settings = thing.settings
        elif is_dataclass(thing) and not isinstance(thing, type):
            settings = {f.name: getattr(thing, f.name) for f in fields(thing) if f.init}
        else:
            settings = None
        if settings is None:
            return None
        try:
            return {name: self.value(item, _role_of(name)) for name, item in settings.items()}
        except (ArgumentError, RecursionError):
            return None

    # ----- networks

    def network(self, network: Network, extra: Sequence[Node] = ()) -> records.Network:
        """Return the wiring of a network, with the nodes of a loss that is wired to it."""
        wiring = network.wiring
        more, names = wiring.extended(extra)
        own = list(wiring.order)
        keys = {node_key(node) for node in own}
        nodes = [*own, *(node for node in more if node_key(node) not in keys)]
        numbers = {node_key(node): number for number, node in enumerate(nodes)}
        starts = {node_key(node) for node in wiring.inputs}
        if extra:
            self.nodes = numbers
        layers: dict[int, tuple[int, Any]] = {}
        for node in nodes:
            if id(node.layer) not in layers:
                layers[id(node.layer)] = (len(layers), self.value(node.layer, "layer"))
        return records.Network(
            kind=_kind(network),
            name=network.name,
            dtype=network.dtype,  # type: ignore[arg-type]
            layers=[value for _, value in layers.values()],
            nodes=[
                records.Node(
                    layers[id(node.layer)][0],
                    [] if node_key(node) in starts else [numbers[node_key(s)] for s in node.inputs],
                    None if is_input(node) else names[id(node.layer)],
                )
                for node in nodes
            ],
            own_nodes=len(own),
            inputs=[numbers[node_key(node)] for node in wiring.inputs],
            outputs=[numbers[node_key(node)] for node in wiring.outputs],
            input_names=list(wiring.input_names),
            output_names=list(wiring.output_names),
            frozen=sorted(network.frozen),
            settled=sorted(network.settled_entries()),
        )


_ROLES = (
    (Layer, "layer"), (Nested, "layer"), (Loss, "loss"), (Metric, "metric"),
    (Optimizer, "optimizer"), (Schedule, "schedule"),
)  # fmt: skip


def _role_of(name: str) -> str:
    return {"initializer": "initializer", "learning_rate": "schedule"}.get(name, "function")


def _is_array(value: Any) -> bool:
    """Tell whether an initializer is an array, or what is left of one in a file."""
    given = isinstance(value, Constant) and not isinstance(value.value, (int, float))
    left = isinstance(value, StoredInitializer) and not value.origin
    return given or left or isinstance(value, (np.ndarray, Held))


def _kind(network: Network) -> Any:
    names = [kind.__name__ for kind in type(network).__mro__]
    return next(n for n in names if n in ("Sequential", "Model", "Network"))
