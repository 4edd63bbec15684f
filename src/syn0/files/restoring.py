"""From the JSON of a file to layers, functions and networks: definitions, without numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from syn0.errors import Syn0Error
from syn0.files import records, registry
from syn0.files.graphs import StoredGraph, check_dtype, check_name, decode_number, read_graph
from syn0.files.refusal import Refused, short
from syn0.files.stored import (
    StoredFunction,
    StoredInitializer,
    StoredLayer,
    StoredLoss,
    StoredMetric,
)
from syn0.layers import Input, Layer
from syn0.layers.node import Node
from syn0.losses import Loss
from syn0.metrics import Metric
from syn0.networks import Nested, Network, Residual
from syn0.optimizers import Optimizer
from syn0.wiring import RESERVED, Wiring, node_key, wire_order
from syn0.wiring import check_name as check_layer_name

MOST_WORK = 8_000  # layers, ops and what they read, in one pass through the network
MOST_DEPTH = 8  # networks within networks
MOST_PARTS = 64  # values within values

NetworkMaker = Callable[[str, Wiring, str, str | None], Network]

# What a class given as `custom` must be, by what it serves as.
_BASES: Mapping[type, type] = {
    records.OwnLayer: Layer,
    records.OwnLoss: Loss,
    records.OwnMetric: Metric,
    records.OwnOptimizer: Optimizer,
}


class Restorer:
    """Turns the JSON of a file into objects.

    Parameters
    ----------
    own : sequence of records
        What is not of syn0.
    constants : mapping of int to array
        The arrays among the constants of graphs.
    custom : mapping of str to object
        Classes and functions to be used again, by their names.
    make_network : callable
        Makes a network of a kind from wiring, dtype and name.

    Attributes
    ----------
    lost : list of str
        Optimizers that a file cannot hold and that `custom` does not bring.
    outputs : sequence of Node
        The nodes of the outermost network, for losses that are wired to it.
    """

    def __init__(
        self,
        own: Sequence[records.AnyOwn],
        constants: Mapping[int, NDArray[Any]],
        custom: Mapping[str, Any],
        make_network: NetworkMaker,
    ) -> None:
        self.own, self.constants, self.custom = own, constants, custom
        self.make_network = make_network
        self.lost: list[str] = []
        self.outputs: Sequence[Node] = ()
        self._made: dict[int, Any] = {}
        self._making: set[int] = set()

    # ----- values

    def value(self, value: Any) -> Any:
        """Return what a value of the JSON stands for."""
        if isinstance(value, records.Special):
            return decode_number(value)
        if isinstance(value, records.Items):
            return tuple(map(self.value, value.items))
        if isinstance(value, records.Named):
            return {name: self.value(item) for name, item in value.items.items()}
        if isinstance(value, records.Record):
            fields = {name: self.value(item) for name, item in value.fields.items()}
            return _made(value.kind, lambda: registry.make(value.kind, fields))
        if isinstance(value, records.Function):
            if value.name not in registry.FUNCTIONS:
                raise Refused(f"it names the function {short(value.name)}, which does not exist.")
            return registry.FUNCTIONS[value.name]
        if isinstance(value, records.Own):
            return self._own(value.number)
        if isinstance(value, records.Initial):
            return StoredInitializer()
        if isinstance(value, records.Output):
            if value.node >= len(self.outputs):
                raise Refused(f"a loss is the output {value.node} of {len(self.outputs)}.")
            return self.outputs[value.node]
        if isinstance(value, records.Inside):
            return self._inside(value)
        return value

    def _inside(self, value: records.Inside) -> Nested:
        network, _ = self.network(value.network)
        if not value.residual:
            return network.as_layer()
        residual = object.__new__(Residual)
        Nested.__init__(residual, network)
        return residual

    # ----- what is not of syn0

    def _own(self, number: int) -> Any:
        if number >= len(self.own) or number in self._making:
            raise Refused(f"it refers to its own part {number} of {len(self.own)}.")
        if number not in self._made:
            self._making.add(number)
            record = self.own[number]
            if not _is_word(record.name):
                raise Refused(f"{short(record.name)} is no name of a function or class.")
            given = self.custom.get(record.name)
            found = self._stored(record) if given is None else self._given(record, given)
            self._made[number] = found
            self._making.discard(number)
        return self._made[number]

    def _given(self, record: records.AnyOwn, given: Any) -> Any:
        """Return the function or object that `custom` brings."""
        if not isinstance(given, type):
            return given
        base = _BASES.get(type(record), object)
        if not issubclass(given, base):
            raise Refused(
                f"custom gives {record.name}, which is no {base.__name__}.",
                expected=f"the class {record.name} that the network was saved with",
            )
        if record.fields is None:
            raise Refused(
                f"the settings of {record.name} were nothing that a file can hold.",
                mend=f"load without {record.name} in custom: its graph is in the file",
            )
        fields = {name: self.value(item) for name, item in record.fields.items()}
        return _made(record.name, lambda: given(**fields))

    def _stored(self, record: records.AnyOwn) -> Any:
        """Return what stands in for something that is not of syn0."""
        if isinstance(record, records.OwnInitializer):
            return StoredInitializer(record.name)
        if isinstance(record, records.OwnSchedule):
            return _finite(record.rate, f"the learning rate of {record.name}")
        if isinstance(record, records.OwnOptimizer):
            self.lost.append(record.name)
            return None
        graphs = self._graphs(record.graphs)
        settings = self._settings(record.fields)
        if isinstance(record, records.OwnFunction):
            return StoredFunction(record.name, graphs, settings)
        if isinstance(record, records.OwnLayer):
            return self._layer(record, graphs, settings)
        function = StoredFunction(record.name, graphs)
        if isinstance(record, records.OwnMetric):
            return StoredMetric(function, record.name, settings, name=record.word)
        return StoredLoss(
            function, record.name, settings, record.word, record.targets,
            record.threshold, record.exclusive, reduction=record.reduction,
        )  # fmt: skip

    def _settings(self, fields: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """Return the settings of an object of one's own, to be saved again with it."""
        if fields is None:
            return None
        return {name: self.value(item) for name, item in fields.items()}

    def _graphs(self, found: Sequence[records.Graph]) -> tuple[StoredGraph, ...]:
        return tuple(read_graph(graph, self.constants) for graph in found)

    def _layer(
        self,
        record: records.OwnLayer,
        graphs: tuple[StoredGraph, ...],
        settings: Mapping[str, Any] | None,
    ) -> StoredLayer:
        penalties = self._graphs(record.penalties)
        for graph in (*graphs, *penalties):
            if len(graph.record.outputs) != 1 or (graph in penalties and graph.record.arguments):
                raise Refused(f"a graph of the layer {record.name} has no single output.")
        numbers = {
            check_name(name): _finite(value, f"{name} of the layer {record.name}")
            for name, value in record.hyperparameters.items()
        }
        if record.input_dtype is not None:
            check_dtype(record.input_dtype)
        if record.layer_name is not None:
            check_layer_name(record.layer_name)
        return StoredLayer(
            record.name,
            settings,
            self._declared(record.parameters),
            self._declared(record.state),
            numbers,
            graphs,
            penalties,
            record.input_dtype,
            name=record.layer_name,
        )

    def _declared(self, declared: Mapping[str, records.Declared]) -> dict[str, Any]:
        return {
            check_name(name): (tuple(d.shape), self.value(d.initializer))
            for name, d in declared.items()
        }

    # ----- networks

    def network(self, record: records.Network) -> tuple[Network, tuple[Node, ...]]:
        """Return a network that is not built, and all its nodes.

        Those beyond its own belong to a loss that is wired to it.
        """
        layers = [self.value(value) for value in record.layers]
        for layer in layers:
            if not isinstance(layer, (Layer, Nested, Input)):
                raise Refused(f"{short(layer)} stands among the layers and is none.")
        nodes = _nodes(record, layers)
        inputs, outputs = _chosen(nodes, record.inputs), _chosen(nodes, record.outputs)
        own = nodes[: record.own_nodes]
        order = wire_order(inputs, outputs)
        if len(set(record.inputs)) < len(inputs):
            raise Refused("a network has an input twice.")
        if [node_key(node) for node in order] != [node_key(node) for node in own]:
            raise Refused("the nodes of a network do not stand in the order of computation.")
        labels = tuple(node.label for node in record.nodes[: record.own_nodes])
        _check_names(record, len(inputs), len(outputs))
        wiring = Wiring(
            inputs, outputs, own, tuple(record.input_names), tuple(record.output_names), labels
        )
        network = self.make_network(record.kind, wiring, record.dtype, record.name)
        unknown = set(record.frozen) - set(wiring.layers)
        if unknown:
            raise Refused(f"the layer {short(min(unknown))} is frozen and does not exist.")
        network.frozen.update(record.frozen)
        if hasattr(network, "_settled"):
            network._settled = set(record.settled)
        return network, nodes


def _nodes(record: records.Network, layers: Sequence[Any]) -> tuple[Node, ...]:
    """Return the nodes of a network, each after those that it reads."""
    found: list[Node] = []
    labels: dict[str, int] = {}
    named: dict[int, str] = {}
    used: set[int] = set()
    starts = set(record.inputs)  # a network may begin in the middle of another
    for number, node in enumerate(record.nodes):
        if node.layer >= len(layers) or any(source >= number for source in node.inputs):
            raise Refused(f"the node {number} of a network reads what is not there.")
        layer = layers[node.layer]
        entrance = isinstance(layer, Input)
        begins = entrance or number in starts
        if begins != (not node.inputs) or entrance != (node.label is None):
            raise Refused(f"the node {number} of a network is half an input.")
        if entrance and id(layer) in used:
            raise Refused(f"the node {number} of a network is an input that was there before.")
        used.add(id(layer))
        if node.label is not None:
            check_layer_name(node.label)
            same = labels.setdefault(node.label, node.layer) == node.layer
            if not same or named.setdefault(node.layer, node.label) != node.label:
                raise Refused(f"the name {short(node.label)} stands for several layers.")
        found.append(Node(layer, tuple(found[source] for source in node.inputs)))
    if record.own_nodes > len(found):
        raise Refused(f"a network of {len(found)} nodes has {record.own_nodes} of its own.")
    return tuple(found)


def _chosen(nodes: Sequence[Node], numbers: Sequence[int]) -> tuple[Node, ...]:
    if not numbers or max(numbers) >= len(nodes):
        raise Refused("the inputs or outputs of a network are not among its nodes.")
    return tuple(nodes[number] for number in numbers)


def _check_names(record: records.Network, inputs: int, outputs: int) -> None:
    taken = {*RESERVED, *(f"y_{name}" for name in record.output_names)}
    for names, count in ((record.input_names, inputs), (record.output_names, outputs)):
        if len(set(names)) != count or len(names) != count:
            raise Refused(f"{count} inputs or outputs have the names {short(names)}.")
        for name in names:
            check_layer_name(name)
    if taken & set(record.input_names):
        raise Refused(f"an input is called {short(min(taken & set(record.input_names)))}.")


def check_work(model: records.Model) -> None:
    """Refuse a network that takes long to go through, however small its file is.

    A network inside may be used many times, one in it again: what that comes to is counted
    before anything is made.
    """
    own = [_work_of_own(record) for record in model.own]
    for record in model.own:
        _work(records.Named(record.fields or {}), own, 0)
    asked = model.training
    _work(records.Items([asked.loss, asked.optimizer, asked.metrics]), own, 0)
    work = _work(model.network, own, 0)
    if work > MOST_WORK:
        raise Refused(
            f"one pass through its network is {work} steps.", expected=f"at most {MOST_WORK}"
        )


def _work_of_own(record: records.AnyOwn) -> int:
    graphs, penalties = getattr(record, "graphs", []), getattr(record, "penalties", [])
    return max(map(_work_of_graph, graphs), default=0) + sum(map(_work_of_graph, penalties))


def _work_of_graph(graph: records.Graph) -> int:
    return sum(1 + len(getattr(node, "inputs", ())) for node in graph.nodes)


def _work(value: Any, own: Sequence[int], parts: int, networks: int = 0) -> int:
    """Return how many steps a value takes that stands within so many parts and networks."""
    if parts > MOST_PARTS:
        raise Refused("its parts are nested too deeply.")
    if networks > MOST_DEPTH:
        raise Refused(f"its networks are nested more than {MOST_DEPTH} deep.")
    if isinstance(value, records.Network):
        each = [1 + _work(layer, own, parts + 1, networks) for layer in value.layers]
        used = [node for node in value.nodes if node.layer < len(each)]
        return sum(each[node.layer] + len(node.inputs) for node in used)
    if isinstance(value, records.Inside):
        # Its shapes are found in a pass of their own.
        return 2 * _work(value.network, own, parts + 1, networks + 1)
    if isinstance(value, records.Own):
        return own[value.number] if value.number < len(own) else 0
    held: Any = ()
    if isinstance(value, (records.Items, records.Named)):
        held = value.items if isinstance(value, records.Items) else value.items.values()
    elif isinstance(value, records.Record):
        held = value.fields.values()
    return sum(_work(item, own, parts + 1, networks) for item in held)


def _made(what: str, make: Callable[[], Any]) -> Any:
    """Return what is made, or say that what the file says of it cannot be."""
    try:
        return make()
    except (Syn0Error, TypeError, ValueError, ArithmeticError) as error:
        raise Refused(f"{what}: {str(error).splitlines()[0][:300]}") from error


def _finite(value: float, what: str) -> float:
    if not math.isfinite(value):
        raise Refused(f"{what[:200]} is {value}.", expected="a finite number")
    return float(value)


def _is_word(name: str) -> bool:
    return name == "<lambda>" or name.isidentifier()
