"""Layers wired into a graph: what is computed from what, with names, shapes and entries."""

from __future__ import annotations

import keyword
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0 import ops
from syn0.errors import ArgumentError, NotBuiltError, ShapeError, UnknownNameError, did_you_mean
from syn0.graph import (
    Shape,
    Tensor,
    batch,
    current_scope,
    format_shape,
    input_tensor,
    scope,
    time,
)
from syn0.initializers import Initializer
from syn0.layers import Embedding, Input, Layer
from syn0.layers.node import LayerLike, Node, as_node, connect
from syn0.names import snake_case
from syn0.program import Entry, State


@dataclass(frozen=True)
class Declared:
    """An entry of the state together with what fills it at first."""

    entry: Entry
    initializer: Initializer | None = None
    value: float | None = None

    def first_value(self, seed: int, number: int) -> NDArray[Any]:
        """Return the initial array; each entry draws from a stream of its own."""
        if self.initializer is None:
            return np.asarray(self.value, dtype=self.entry.dtype)
        rng = np.random.default_rng([seed, number])
        drawn = self.initializer(rng, self.entry.shape, self.entry.dtype)
        return np.asarray(drawn, dtype=self.entry.dtype)


class LayerEntries(Mapping[str, Tensor]):
    """What a layer's `forward` sees of the state: its own entries by their local names."""

    def __init__(self, tensors: Mapping[str, Tensor], randomness: Randomness) -> None:
        self._tensors = dict(tensors)
        self.randomness = randomness

    def __getitem__(self, name: str) -> Tensor:
        if name not in self._tensors:
            raise UnknownNameError(
                f"the layer {current_scope()!r} declares no parameter {name!r}.",
                expected=", ".join(self._tensors) or "none are declared",
                mend="name it in `parameters`, `state` or `hyperparameters`",
            )
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def random_uniform(self, shape: Shape) -> Tensor:
        """Return uniform numbers in [0, 1), new at each step."""
        return self.randomness.draw("random_uniform", shape)

    def random_normal(self, shape: Shape) -> Tensor:
        """Return standard normal numbers, new at each step."""
        return self.randomness.draw("random_normal", shape)


@dataclass
class Randomness:
    """Hands out the streams: the number of a drawing op is its place in the network."""

    dtype: str
    streams: int = 0

    def draw(self, op: str, shape: Shape) -> Tensor:
        """Return random numbers of the next stream."""
        stream, self.streams = self.streams, self.streams + 1
        draw = ops.random_uniform if op == "random_uniform" else ops.random_normal
        drawn = draw(SEED.read(), STEP.read(), stream=stream, shape=shape, dtype=self.dtype)
        assert isinstance(drawn, Tensor)
        return drawn


SEED = Entry("seed", (), "uint32", "counter")
STEP = Entry("step", (), "int64", "counter")


@dataclass
class Trace:
    """The tensors of one pass through a network."""

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    activations: dict[str, Tensor] = field(default_factory=dict)
    statistics: dict[str, Tensor] = field(default_factory=dict)
    penalties: list[Tensor] = field(default_factory=list)
    nodes: dict[int, Tensor] = field(default_factory=dict)
    reads: dict[str, Tensor] = field(default_factory=dict)


class Network:
    """Layers wired into a directed graph, without numbers: a definition.

    Parameters
    ----------
    inputs, outputs : Node, Input, or sequences or mappings of them
        Where data enter and results leave.
    dtype : str
        Of parameters and of the values between layers: float32 or float64.
    name : str, optional
        The network's name when it serves as a layer.
    """

    def __init__(
        self, inputs: Any, outputs: Any, *, dtype: str = "float32", name: str | None = None
    ) -> None:
        if dtype not in ("float32", "float64"):
            raise ArgumentError(
                f"a network cannot compute in {dtype!r}.", where="dtype=",
                expected="'float32' or 'float64'",
            )  # fmt: skip
        self.dtype = str(dtype)
        self.name = name
        self._nested: Nested | None = None
        self._set_wires(inputs, outputs)
        self._declared: dict[str, Declared] = {}
        self._local_names: dict[str, dict[str, str]] = {}
        self._frozen: frozenset[str] = frozenset()
        self._shapes: dict[str, Shape] = {}
        self._input_shapes: tuple[Shape, ...] | None = None

    def _set_wires(self, inputs: Any, outputs: Any) -> None:
        named_outputs = dict(outputs) if isinstance(outputs, Mapping) else None
        given = list(named_outputs.values()) if named_outputs else _as_list(outputs)
        self._outputs = tuple(as_node(node) for node in given)
        self._inputs = tuple(as_node(node) for node in _as_list(inputs))
        self._order = _wire_order(self._inputs, self._outputs)
        self._layer_names = _name_layers(self._order)
        self.input_names = _input_names(self._inputs, self._layer_names)
        names = [self._layer_names[id(node.layer)] for node in self._outputs]
        self.output_names = tuple(named_outputs) if named_outputs else tuple(names)
        if len(set(self.output_names)) < len(self.output_names):
            raise ArgumentError(
                f"two outputs share the name {Counter(names).most_common(1)[0][0]!r}.",
                mend="name the layers, or give outputs as {name: node}",
            )

    # ----- layers by name

    @property
    def layers(self) -> dict[str, LayerLike]:
        """The layers by name, in the order in which data pass through them."""
        named: dict[str, LayerLike] = {}
        for node in self._order:
            if not _is_input(node):
                named.setdefault(self._layer_names[id(node.layer)], node.layer)
        return named

    def __getitem__(self, name: str) -> LayerLike:
        layers = self.layers
        if name not in layers:
            raise UnknownNameError(
                f"there is no layer {name!r}.", mend=did_you_mean(str(name), layers)
            )
        return layers[name]

    def source_of(self, layer: str) -> str | None:
        """Return the layer or input that feeds a layer, None if there are several."""
        node = next(n for n in self._order if self._layer_names.get(id(n.layer)) == layer)
        if len(node.inputs) != 1:
            return None
        (before,) = node.inputs
        keys = [_node_key(n) for n in self._inputs]
        if _node_key(before) in keys:
            return self.input_names[keys.index(_node_key(before))]
        return self._layer_names[id(before.layer)]

    def __call__(self, *inputs: Any) -> Node:
        """Use this network as a layer of another."""
        return connect(self.as_layer(), inputs)

    def as_layer(self) -> Nested:
        """Return this network as a layer, always the same one, so that its use is shared."""
        if self._nested is None:
            self._nested = Nested(self)
        return self._nested

    # ----- shapes and entries

    @property
    def built(self) -> bool:
        """Whether shapes and entries are known."""
        return self._input_shapes is not None

    def _build(self, shapes: Sequence[Shape]) -> None:
        """Run the shape rules once and note what entries the layers declare."""
        self._input_shapes = tuple(tuple(s) for s in shapes)
        self._declared = {}
        self._shapes = {}
        try:
            trace = self._walk(training=True, declare=True)
        except Exception:
            self._input_shapes = None
            self._declared = {}
            raise
        shape_of = {name: t.shape[1:] for name, t in trace.activations.items()}
        self._shapes = shape_of
        self._output_shapes = tuple(t.shape[1:] for t in trace.outputs.values())

    def entries(self) -> list[Entry]:
        """Return the declaration of the state that the layers need."""
        self._need_shapes()
        return [d.entry for d in self._declared.values()]

    def _need_shapes(self) -> None:
        if self._input_shapes is None:
            raise NotBuiltError(
                "the network does not know the shape of its input yet.",
                mend="call net.build(shape), give Input(shape) first, or call fit",
            )

    def declared_shapes(self) -> list[Shape] | None:
        """Return the shapes that Input layers state, or None where one does not."""
        shapes = []
        for node in self._inputs:
            if not isinstance(node.layer, Input) or node.layer.shape is None:
                return None
            shapes.append(tuple(time if d is None else d for d in node.layer.shape))
        return shapes

    def trace(self, *, training: bool = False, extra: Sequence[Node] = ()) -> Trace:
        """Return the tensors from inputs to outputs."""
        self._need_shapes()
        return self._walk(training=training, declare=False, extra=extra)

    def _walk(
        self,
        *,
        training: bool,
        declare: bool,
        extra: Sequence[Node] = (),
        given: Sequence[Tensor] | None = None,
        entries: LayerEntries | None = None,
    ) -> Trace:
        randomness = entries.randomness if entries else Randomness(self.dtype)
        outer = current_scope()
        trace = Trace({}, {})
        values = trace.nodes
        tensors = given or self.input_tensors()
        for node, tensor in zip(self._inputs, tensors, strict=True):
            values[_node_key(node)] = tensor
        trace.inputs = dict(zip(self.input_names, tensors, strict=True))
        order = self._order if not extra else _wire_order(self._inputs, (*self._outputs, *extra))
        for node in order:
            key = _node_key(node)
            if key in values:
                continue
            if id(node.layer) not in self._layer_names:
                raise ArgumentError(
                    f"the loss needs {node.layer!r}, which is not part of the network.",
                    mend="let a layer between inputs and outputs compute it",
                )
            name = self._layer_names[id(node.layer)]
            inputs = [values[_node_key(source)] for source in node.inputs]
            with scope(f"{name}_{outer}" if outer else name):
                values[key] = self._apply(
                    name, node.layer, inputs, training, declare, trace, randomness, entries
                )
        outputs = (values[_node_key(node)] for node in self._outputs)
        trace.outputs = dict(zip(self.output_names, outputs, strict=True))
        return trace

    def _apply(
        self, name: str, layer: LayerLike, inputs: list[Tensor], training: bool,
        declare: bool, trace: Trace, randomness: Randomness, entries: LayerEntries | None,
    ) -> Tensor:  # fmt: skip
        shapes = tuple(x.shape[1:] for x in inputs)
        shape = shapes[0] if len(shapes) == 1 else shapes
        if declare:
            self._declare(name, layer, shape)
        local = self._local_names[name]
        for full in local.values():
            if full not in trace.reads:
                own = self._declared[full].entry
                trace.reads[full] = entries[full] if entries is not None else own.read()
        p = LayerEntries({k: trace.reads[full] for k, full in local.items()}, randomness)
        x = inputs[0] if len(inputs) == 1 else tuple(inputs)
        # A frozen layer with running statistics uses them, as it will when predicting.
        training = training and not (name in self._frozen and bool(layer.state(shape)))
        result = layer.forward(p, x, training=training)
        if isinstance(result, tuple):
            result, statistics = result
            trace.statistics |= {local[k]: v for k, v in statistics.items()}
        if not isinstance(result, Tensor):
            raise ArgumentError(
                f"the layer {name!r} returned {type(result).__name__} from `forward`.",
                expected="a tensor, or a tensor and a dict of new statistics",
            )
        if isinstance(layer, Layer):
            trace.penalties += layer.penalties(p)
        if result.op.name not in ("input", "state"):
            result = result.named(current_scope(), scoped=False)
        trace.activations[name] = result
        return result

    def _declare(self, name: str, layer: LayerLike, shape: Any) -> None:
        table: dict[str, str] = {}
        groups = (
            ("parameter", layer.parameters(shape)),
            ("statistic", layer.state(shape)),
        )
        for role, declared in groups:
            for short, (size, initializer) in declared.items():
                full = f"{short}_{name}"
                table[short] = full
                _check_entry(name, short, size)
                entry = Entry(full, tuple(size), self.dtype, role, role == "parameter")
                self._add(Declared(entry, initializer), layer)
        for short, value in layer.hyperparameters().items():
            full = f"{short}_{name}"
            table[short] = full
            entry = Entry(full, (), self.dtype, "hyperparameter")
            self._add(Declared(entry, value=value), layer)
        self._local_names[name] = table

    def _add(self, declared: Declared, layer: LayerLike) -> None:
        known = self._declared.get(declared.entry.name)
        if known is not None and known.entry != declared.entry:
            raise ShapeError(
                f"{declared.entry.name} would be {format_shape(declared.entry.shape)} here and "
                f"{format_shape(known.entry.shape)} where {layer!r} was used first.",
                expected="one shape: a layer that is used twice shares its parameters",
                mend="make two layers",
            )
        self._declared.setdefault(declared.entry.name, declared)

    def input_tensors(self) -> list[Tensor]:
        """Return the tensors through which data enter."""
        assert self._input_shapes is not None
        return [
            input_tensor(name, (batch, *shape), self.input_dtype(node))
            for name, node, shape in zip(
                self.input_names, self._inputs, self._input_shapes, strict=True
            )
        ]

    def input_dtype(self, node: Node) -> str:
        """Return the dtype in which an input enters the graph."""
        if isinstance(node.layer, Input) and node.layer.dtype is not None:
            return node.layer.dtype
        readers = [n.layer for n in self._order if any(_same(s, node) for s in n.inputs)]
        wanted = {layer.input_dtype for layer in readers if isinstance(layer, Layer)} - {None}
        return wanted.pop() or self.dtype if wanted else self.dtype

    def vocabulary_of(self, name: str) -> int | None:
        """Return how many whole numbers an input may hold, where it goes into an embedding."""
        node = self._inputs[self.input_names.index(name)]
        sizes = [
            n.layer.vocabulary
            for n in self._order
            if isinstance(n.layer, Embedding) and any(_same(s, node) for s in n.inputs)
        ]
        return min(sizes, default=None)

    def _declared_as(self, role: str) -> dict[str, Any]:
        return {
            name: (d.entry.shape, d.initializer)
            for name, d in self._declared.items()
            if d.entry.role == role
        }

    def first_state(self, seed: int) -> State:
        """Return the initial state: parameters, statistics, hyperparameters, seed and step."""
        state: State = {
            name: declared.first_value(seed, number)
            for number, (name, declared) in enumerate(self._declared.items())
        }
        state["seed"] = np.asarray(seed, dtype=SEED.dtype)
        state["step"] = np.asarray(0, dtype=STEP.dtype)
        return state


class Nested:
    """A network that serves as a layer of another: a layer is what is declared and computed.

    Parameters
    ----------
    network : Network
        What it computes.
    """

    def __init__(self, network: Network) -> None:
        self.network = network

    @property
    def name(self) -> str | None:
        """The name of the network."""
        return self.network.name

    def parameters(self, shape: Any) -> Mapping[str, Any]:
        """Return what the layers inside declare, under the names they have there."""
        several = bool(shape) and isinstance(shape[0], tuple)
        self.network._build(shape if several else (shape,))
        return self.network._declared_as("parameter")

    def state(self, shape: Any) -> Mapping[str, Any]:
        """Return the running statistics of the layers inside."""
        return self.network._declared_as("statistic")

    def hyperparameters(self) -> Mapping[str, float]:
        """Return the hyperparameters of the layers inside."""
        declared = self.network._declared.items()
        return {name: d.value for name, d in declared if d.value is not None}

    def forward(self, p: LayerEntries, x: Any, *, training: bool) -> Any:
        """Return the output of the layers inside, and their new statistics."""
        given = x if isinstance(x, tuple) else (x,)
        trace = self.network._walk(training=training, declare=False, given=given, entries=p)
        if len(trace.outputs) > 1:
            raise ArgumentError("a network with several outputs cannot be one layer of another.")
        (result,) = trace.outputs.values()
        return self.combine(result, given[0]), trace.statistics

    def combine(self, result: Tensor, x: Tensor) -> Tensor:
        """Return the output of the layer, made from that of the network and the input."""
        return result

    def __repr__(self) -> str:
        return repr(self.network)


class Residual(Nested):
    """Layers with a short cut around them: ``x + f(x)`` (He et al., 2016).

    Parameters
    ----------
    *layers : Layer
        What stands between input and sum; it keeps the shape.
    name : str, optional
        The name of the layer.

    Examples
    --------
    >>> import syn0
    >>> block = syn0.Residual(syn0.Dense(8, activation="relu"), syn0.Dense(4))
    >>> syn0.Sequential(block).build((4,)).output_shape
    (4,)
    """

    def __init__(self, *layers: Any, name: str | None = None) -> None:
        flat = layers[0] if len(layers) == 1 and isinstance(layers[0], (list, tuple)) else layers
        super().__init__(Network(*chain(flat, "Residual"), name=name))

    def __call__(self, *inputs: Any) -> Node:
        """Wire this layer to the output of another."""
        return connect(self, inputs)

    def combine(self, result: Tensor, x: Tensor) -> Tensor:
        """Return the sum of input and output."""
        if result.shape != x.shape:
            raise ShapeError(
                f"Residual cannot add its input {format_shape(x.shape)} to the output "
                f"{format_shape(result.shape)} of its layers.",
                where=f"layer {current_scope()!r}",
                expected="layers that keep the shape",
            )
        return x + result

    def __repr__(self) -> str:
        return f"Residual({', '.join(map(repr, self.network.layers.values()))})"


# ----- wiring -------------------------------------------------------------


def chain(layers: Sequence[Any], where: str) -> tuple[Input, Node]:
    """Return the input and the output of layers that stand one after the other."""
    rest = [as_layer(layer, where) for layer in layers]
    entrance = rest.pop(0) if rest and isinstance(rest[0], Input) else Input()
    if not rest:
        raise ArgumentError(f"{where} got no layers.", mend=f"give some: {where}(syn0.Dense(1))")
    node = Node(entrance)
    for layer in rest:
        node = connect(layer, [node])
    assert isinstance(entrance, Input)
    return entrance, node


def as_layer(layer: Any, where: str) -> Any:
    """Return a layer, or the network given as one."""
    if isinstance(layer, Network):
        return layer.as_layer()
    if isinstance(layer, (Layer, Nested, Input)):
        return layer
    mend = None
    if isinstance(layer, type):
        mend = f"write {layer.__name__}(...)"
    elif isinstance(layer, str):
        mend = f"write syn0.Activation({layer!r})"
    elif callable(layer):
        mend = "wrap a function: syn0.Activation(f)"
    raise ArgumentError(f"{layer!r} is not a layer.", where=where, expected="layers", mend=mend)


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _is_input(node: Node) -> bool:
    return isinstance(node.layer, Input)


def _node_key(node: Node) -> int:
    # An Input may be wrapped in a new node at each use, so its layer tells it apart.
    return id(node.layer) if _is_input(node) else id(node)


def _same(a: Node, b: Node) -> bool:
    return _node_key(a) == _node_key(b)


def _wire_order(inputs: Sequence[Node], outputs: Sequence[Node]) -> list[Node]:
    """Return the nodes in the order of computation, without recursion."""
    known = {_node_key(node) for node in inputs}
    order: list[Node] = []
    seen: set[int] = set()
    stack: list[tuple[Node, bool]] = [(node, False) for node in reversed(outputs)]
    while stack:
        node, ready = stack.pop()
        key = _node_key(node)
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
    unused = [node for node in inputs if _node_key(node) not in seen]
    if unused:
        raise ArgumentError(
            f"the outputs do not depend on {unused[0].layer!r}.",
            mend="leave it out of `inputs`, or wire it in",
        )
    return order


def _name_layers(order: Sequence[Node]) -> dict[int, str]:
    """Give each layer its name; unnamed ones are counted by kind: dense_1, dense_2."""
    names: dict[int, str] = {}
    counts: Counter[str] = Counter()
    given = [n.layer.name for n in order if n.layer.name]
    for node in order:
        if id(node.layer) in names or _is_input(node):
            continue
        name = node.layer.name
        if name is None:
            plain = isinstance(node.layer, Nested) and not isinstance(node.layer, Residual)
            kind = snake_case(type(node.layer.network if plain else node.layer).__name__)  # type: ignore[attr-defined]
            counts[kind] += 1
            name = f"{kind}_{counts[kind]}"
            while name in given:
                counts[kind] += 1
                name = f"{kind}_{counts[kind]}"
        _check_name(name)
        if name in names.values():
            raise ArgumentError(
                f"two layers have the name {name!r}.", mend="give each layer its own name="
            )
        names[id(node.layer)] = name
    return names


def _check_name(name: str) -> None:
    bad = not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name)
    if bad or name in ("np", "math"):
        raise ArgumentError(
            f"{name!r} cannot be the name of a layer.",
            expected="a Python name, since printed code uses it: letters, digits, _",
        )


def _check_entry(layer: str, name: str, shape: Any) -> None:
    fixed = isinstance(shape, tuple) and all(isinstance(d, (int, np.integer)) for d in shape)
    if not fixed or any(d < 0 for d in shape):
        raise ShapeError(
            f"the parameter {name!r} has the shape {shape!r}.",
            where=f"layer {layer!r}",
            expected="a tuple of whole numbers; a parameter cannot have the size of a batch",
        )


def _input_names(inputs: Sequence[Node], layer_names: Mapping[int, str]) -> tuple[str, ...]:
    names = []
    for i, node in enumerate(inputs):
        fallback = "x" if len(inputs) == 1 else f"x_{i + 1}"
        name = node.layer.name or fallback
        _check_name(name)
        names.append(name)
    if len(set(names)) < len(names):
        raise ArgumentError(f"two inputs have the name {names[0]!r}.")
    return tuple(names)
