"""Which layer reads which: the nodes of a network in the order of computation, named."""

from __future__ import annotations

import copy
import keyword
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from syn0.errors import ArgumentError, UnknownNameError, did_you_mean
from syn0.layers import Input
from syn0.layers.node import LayerLike, Node, as_node
from syn0.names import snake_case

RESERVED = frozenset(["y", "sample_weight", "learning_rate"])  # what programs read beside X


@dataclass(frozen=True, eq=False)
class Wiring:
    """The nodes of a directed graph of layers, and what its parts are called.

    Attributes
    ----------
    inputs, outputs : tuple of Node
        Where data enter and results leave.
    order : tuple of Node
        All nodes, each after those that it reads.
    input_names, output_names : tuple of str
        What inputs and outputs are called.
    labels : tuple of str or None
        The name of the layer of each node in `order`; None for inputs.
    """

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    order: tuple[Node, ...]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    labels: tuple[str | None, ...]

    @classmethod
    def of(cls, inputs: Any, outputs: Any) -> Wiring:
        """Return the wiring between inputs and outputs: nodes, sequences or mappings of them."""
        given = dict(outputs) if isinstance(outputs, Mapping) else None
        ends = tuple(as_node(node) for node in _as_list(outputs))
        starts = tuple(as_node(node) for node in _as_list(inputs))
        order = wire_order(starts, ends)
        names = name_layers(order)
        named = tuple(given) if given else tuple(_output_name(node, names) for node in ends)
        for name in named:
            check_name(name)
        twice = _first_twice(named)
        if twice is not None:
            raise ArgumentError(
                f"two outputs share the name {twice!r}.",
                mend="name the layers, or give outputs as {name: node}",
            )
        entrances = _input_names(starts, inputs if isinstance(inputs, Mapping) else None)
        for name in entrances:
            if name in RESERVED or name in [f"y_{output}" for output in named]:
                raise ArgumentError(
                    f"an input cannot be called {name!r}: training uses that name.",
                    mend="give the Input another name=",
                )
        return cls(starts, ends, tuple(order), entrances, named, _labels(order, names))

    @property
    def names(self) -> dict[int, str]:
        """The name of each layer, by the ``id`` of the layer, since equal layers are two."""
        pairs = zip(self.order, self.labels, strict=True)
        return {id(node.layer): label for node, label in pairs if label is not None}

    @property
    def layers(self) -> dict[str, LayerLike]:
        """The layers by name, in the order in which data pass through them."""
        found: dict[str, LayerLike] = {}
        for node, label in zip(self.order, self.labels, strict=True):
            if label is not None:
                found.setdefault(label, node.layer)
        return found

    def layer(self, name: str) -> LayerLike:
        """Return the layer of a name."""
        layers = self.layers
        if name not in layers:
            raise UnknownNameError(
                f"there is no layer {name!r}.", mend=did_you_mean(str(name), layers)
            )
        return layers[name]

    def readers_of(self, node: Node) -> list[LayerLike]:
        """Return the layers that read what a node puts out."""
        key = node_key(node)
        return [n.layer for n in self.order if any(node_key(s) == key for s in n.inputs)]

    def until(self, name: str) -> Wiring:
        """Return the part that ends with a layer, under the names of the whole."""
        wanted = self.layer(name)
        end = next(node for node in self.order if node.layer is wanted)
        reached = {node_key(node) for node in _sources(end)}
        kept = [i for i, node in enumerate(self.inputs) if node_key(node) in reached]
        starts = tuple(self.inputs[i] for i in kept)
        order = wire_order(starts, (end,))
        names = tuple(self.input_names[i] for i in kept)
        labels = _labels(order, self.names)
        return Wiring(starts, (end,), tuple(order), names, (name,), labels)

    def replaced(self, layers: Mapping[str, LayerLike]) -> Wiring:
        """Return the same wiring, under the same names, with other layers in some places."""
        names = self.names
        for name in layers:
            self.layer(name)  # raises where there is none
        new = {name: copy.copy(layer) for name, layer in layers.items()}  # names go by identity
        nodes: dict[int, Node] = {node_key(node): node for node in self.inputs}
        for node in self.order:
            if node_key(node) not in nodes:
                layer = new.get(names[id(node.layer)], node.layer)
                sources = tuple(nodes[node_key(source)] for source in node.inputs)
                nodes[node_key(node)] = Node(layer, sources)
        outputs = tuple(nodes[node_key(node)] for node in self.outputs)
        order = tuple(nodes[node_key(node)] for node in self.order)
        return replace(self, outputs=outputs, order=order)

    def extended(self, extra: Sequence[Node]) -> tuple[list[Node], Mapping[int, str]]:
        """Return the order and the names when some more nodes are wanted."""
        if not extra:
            return list(self.order), self.names
        order = wire_order(self.inputs, (*self.outputs, *extra))
        return order, {**name_layers(order), **self.names}


def is_input(node: Node) -> bool:
    """Tell whether data enter at a node."""
    return isinstance(node.layer, Input)


def node_key(node: Node) -> int:
    """Return what tells nodes apart."""
    # An Input may be wrapped in a new node at each use, so its layer tells it apart.
    return id(node.layer) if is_input(node) else id(node)


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple)) else [value]


# ----- order --------------------------------------------------------------


def wire_order(inputs: Sequence[Node], outputs: Sequence[Node]) -> list[Node]:
    """Return the nodes in the order of computation, without recursion."""
    known = {node_key(node) for node in inputs}
    order: list[Node] = []
    seen: set[int] = set()
    stack: list[tuple[Node, bool]] = [(node, False) for node in reversed(outputs)]
    while stack:
        node, ready = stack.pop()
        key = node_key(node)
        if ready:
            order.append(node)
        elif key not in seen:
            seen.add(key)
            if not node.inputs and key not in known:
                raise ArgumentError(
                    f"{node.layer!r} is needed for the outputs and is not among the inputs.",
                    mend="add it to `inputs`",
                )
            stack.append((node, True))
            sources = () if key in known else node.inputs
            stack.extend((source, False) for source in reversed(sources))
    unused = [node for node in inputs if node_key(node) not in seen]
    if unused:
        raise ArgumentError(
            f"the outputs do not depend on {unused[0].layer!r}.",
            mend="leave it out of `inputs`, or wire it in",
        )
    return order


def _sources(node: Node) -> list[Node]:
    """Return a node and all that it depends on."""
    found: dict[int, Node] = {}
    stack = [node]
    while stack:
        current = stack.pop()
        if node_key(current) not in found:
            found[node_key(current)] = current
            stack.extend(current.inputs)
    return list(found.values())


# ----- names --------------------------------------------------------------


def name_layers(order: Sequence[Node]) -> dict[int, str]:
    """Give each layer its name; unnamed ones are counted by kind: dense_1, dense_2."""
    names: dict[int, str] = {}
    taken: set[str] = set()
    counts: Counter[str] = Counter()
    given = {n.layer.name for n in order if n.layer.name}
    for node in order:
        layer = node.layer
        if id(layer) in names or is_input(node):
            continue
        name = layer.name
        while name is None:
            kind = snake_case(getattr(layer, "kind", type(layer).__name__))
            counts[kind] += 1
            numbered = f"{kind}_{counts[kind]}"
            name = None if numbered in given else numbered
        check_name(name)
        if name in taken:
            raise ArgumentError(
                f"two layers have the name {name!r}.", mend="give each layer its own name="
            )
        names[id(layer)] = name
        taken.add(name)
    return names


def _labels(order: Sequence[Node], names: Mapping[int, str]) -> tuple[str | None, ...]:
    return tuple(None if is_input(node) else names[id(node.layer)] for node in order)


def _output_name(node: Node, names: Mapping[int, str]) -> str:
    return names.get(id(node.layer)) or node.layer.name or "x"


def _input_names(inputs: Sequence[Node], given: Mapping[str, Any] | None) -> tuple[str, ...]:
    if given is not None:
        names = [str(name) for name in given]
    else:
        plain = ["x"] if len(inputs) == 1 else [f"x_{i + 1}" for i in range(len(inputs))]
        names = [n.layer.name or name for n, name in zip(inputs, plain, strict=True)]
    for name in names:
        check_name(name)
    twice = _first_twice(names)
    if twice is not None:
        raise ArgumentError(f"two inputs have the name {twice!r}.", mend="give each its own name=")
    return tuple(names)


def _first_twice(names: Sequence[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)


def check_name(name: str) -> None:
    """Refuse a name for a layer, an input or an output that printed code could not use."""
    bad = not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name)
    if bad or name in ("np", "math"):
        raise ArgumentError(
            f"{name!r} cannot be the name of a layer.",
            expected="a Python name, since printed code uses it: letters, digits, _",
        )
