"""Layers wired into a graph: what is computed from what, with names, shapes and entries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import ArgumentError, NotBuiltError, ShapeError
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
from syn0.layers import Embedding, Input, Layer
from syn0.layers.node import LayerLike, Node, connect
from syn0.layout import Declared, Layout
from syn0.program import Entry, State
from syn0.tracing import SEED, STEP, Gathered, LayerEntries, Trace
from syn0.wiring import Wiring, node_key


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
        self.dtype = check_dtype(dtype)
        self.name = name
        given = isinstance(inputs, Wiring)
        self.wiring = inputs if given else Wiring.of(inputs, outputs)
        self.layout: Layout | None = None
        self.frozen: set[str] = set()  # names of layers
        self._nested: Nested | None = None

    def twin(self) -> Network:
        """Return a definition of the same layers and names, not built, frozen alike."""
        other = Network(self.wiring, None, dtype=self.dtype, name=self.name)
        other.frozen = self.frozen  # the very set: what is frozen later is frozen there too
        return other

    # ----- layers by name

    @property
    def input_names(self) -> tuple[str, ...]:
        """What the inputs are called."""
        return self.wiring.input_names

    @property
    def output_names(self) -> tuple[str, ...]:
        """What the outputs are called."""
        return self.wiring.output_names

    @property
    def layers(self) -> dict[str, LayerLike]:
        """The layers by name, in the order in which data pass through them."""
        return self.wiring.layers

    def __getitem__(self, name: str) -> LayerLike:
        return self.wiring.layer(name)

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
        return self.layout is not None

    def known_layout(self) -> Layout:
        """Return the layout, or raise `NotBuiltError`."""
        if self.layout is None:
            raise NotBuiltError(
                "the network does not know the shape of its input yet.",
                mend="call net.build(shape), give Input(shape) first, or call fit",
            )
        return self.layout

    def lay_out(self, shapes: Sequence[Shape]) -> Layout:
        """Run the shape rules once and note what entries the layers declare."""
        layout = Layout(tuple(tuple(s) for s in shapes))
        tensors = self._input_tensors(layout)
        trace = _Walk(self, layout, training=True, declares=True).through(tensors)
        layout.shapes = {name: t.shape[1:] for name, t in trace.activations.items()}
        layout.output_shapes = tuple(t.shape[1:] for t in trace.outputs.values())
        self.layout = layout
        return layout

    def entries(self) -> list[Entry]:
        """Return the declaration of the state that the layers need."""
        return [d.entry for d in self.known_layout().declared.values()]

    def entries_of(self, layer: str) -> dict[str, Entry]:
        """Return the entries of one layer by their local names."""
        layout = self.known_layout()
        names = layout.local_names.get(layer, {})
        return {short: layout.declared[full].entry for short, full in names.items()}

    def layer_of(self, entry: str) -> str | None:
        """Return the name of the layer that declares an entry."""
        tables = self.known_layout().local_names.items()
        return next((layer for layer, names in tables if entry in names.values()), None)

    def frozen_entries(self) -> frozenset[str]:
        """Return the entries of frozen layers, those of networks inside included."""
        found = {e.name for layer in self.frozen for e in self.entries_of(layer).values()}
        for name, layer in self.layers.items():
            if isinstance(layer, Nested):
                found |= {f"{inner}_{name}" for inner in layer.frozen_entries()}
        return frozenset(found)

    def declared_shapes(self) -> list[Shape] | None:
        """Return the shapes that Input layers state, or None where one does not."""
        shapes = []
        for node in self.wiring.inputs:
            if not isinstance(node.layer, Input) or node.layer.shape is None:
                return None
            shapes.append(tuple(time if d is None else d for d in node.layer.shape))
        return shapes

    @property
    def is_complete(self) -> bool:
        """Whether no layer leaves to an estimator what building needs, ``Dense("auto")``."""
        return all(getattr(layer, "is_complete", True) for layer in self.layers.values())

    def settled_entries(self) -> frozenset[str]:
        """Return the statistics that are not to be measured again: those of trained layers."""
        return frozenset(
            f"{entry}_{name}"
            for name, layer in self.layers.items()
            if isinstance(layer, Nested)
            for entry in layer.network.settled_entries()
        )

    def held(self, entry: str) -> NDArray[Any] | None:
        """Return the number that an entry holds: none, since a definition has no numbers."""
        return None

    def first_state(self, seed: int) -> State:
        """Return the initial state: parameters, statistics, hyperparameters, seed and step."""
        state: State = {
            name: declared.first_value(seed, number)
            for number, (name, declared) in enumerate(self.known_layout().declared.items())
        }
        state[SEED.name] = np.asarray(seed, dtype=SEED.dtype)
        state[STEP.name] = np.asarray(0, dtype=STEP.dtype)
        return state

    # ----- tensors

    def trace(self, *, training: bool = False, extra: Sequence[Node] = ()) -> Trace:
        """Return the tensors from inputs to outputs, and those of some more nodes."""
        layout = self.known_layout()
        walk = _Walk(self, layout, training=training, extra=extra)
        return walk.through(self._input_tensors(layout))

    def trace_inside(
        self, given: Sequence[Tensor], entries: LayerEntries, *, training: bool
    ) -> Trace:
        """Return the tensors as part of another network, which holds the entries."""
        walk = _Walk(self, self.known_layout(), training=training, entries=entries)
        return walk.through(given)

    def input_tensors(self) -> list[Tensor]:
        """Return the tensors through which data enter."""
        return self._input_tensors(self.known_layout())

    def _input_tensors(self, layout: Layout) -> list[Tensor]:
        parts = zip(self.input_names, self.wiring.inputs, layout.input_shapes, strict=True)
        return [
            input_tensor(name, (batch, *shape), self._input_dtype(node))
            for name, node, shape in parts
        ]

    def _input_dtype(self, node: Node) -> str:
        if isinstance(node.layer, Input) and node.layer.dtype is not None:
            return node.layer.dtype
        wanted = {layer.input_dtype for layer in self.readers_of(node)} - {None}
        return wanted.pop() or self.dtype if wanted else self.dtype

    def vocabulary_of(self, name: str) -> int | None:
        """Return how many whole numbers an input may hold, where it goes into an embedding."""
        readers = self.readers_of(self.wiring.inputs[self.input_names.index(name)])
        return min((r.vocabulary for r in readers if isinstance(r, Embedding)), default=None)

    def readers_of(self, node: Node) -> list[Layer]:
        """Return the layers that read a node, those of networks inside included."""
        found: list[Layer] = []
        for reader in self.wiring.readers_of(node):
            if isinstance(reader, Nested):
                found += reader.first_readers()
            elif isinstance(reader, Layer):
                found.append(reader)
        return found


@dataclass
class _Walk:
    """One way through a network, from the tensors of its inputs to those of its outputs."""

    network: Network
    layout: Layout
    training: bool
    declares: bool = False
    extra: Sequence[Node] = ()
    entries: LayerEntries | None = None  # those of the network around, if there is one

    def through(self, tensors: Sequence[Tensor]) -> Trace:
        """Return what each node puts out."""
        wiring, outer = self.network.wiring, current_scope()
        inside = self.entries.gathered if self.entries else None
        trace = Trace(inside or Gathered(self.network.dtype))
        trace.inputs = dict(zip(wiring.input_names, tensors, strict=True))
        values = trace.nodes
        for node, tensor in zip(wiring.inputs, tensors, strict=True):
            values[node_key(node)] = tensor
        order, names = wiring.extended(self.extra)
        for node in order:
            if node_key(node) in values:
                continue
            name = names[id(node.layer)]
            inputs = [values[node_key(source)] for source in node.inputs]
            with scope(f"{name}_{outer}" if outer else name):
                values[node_key(node)] = self._apply(name, node.layer, inputs, trace)
        ends = (values[node_key(node)] for node in wiring.outputs)
        trace.outputs = dict(zip(wiring.output_names, ends, strict=True))
        return trace

    def _apply(self, name: str, layer: LayerLike, inputs: Sequence[Tensor], trace: Trace) -> Tensor:
        shapes = tuple(x.shape[1:] for x in inputs)
        shape = shapes[0] if len(shapes) == 1 else shapes
        if self.declares:
            self.layout.declare(name, layer, shape, self.network.dtype)
        elif name not in self.layout.local_names:
            _check_extra(name, layer, shape)
        local = self.layout.local_names.get(name, {})
        reads = {
            short: trace.read(self.layout.declared[full].entry, self.entries)
            for short, full in local.items()
        }
        p = LayerEntries(reads, trace.gathered)
        x = inputs[0] if len(inputs) == 1 else tuple(inputs)
        # A frozen layer with running statistics uses them, as it will when predicting.
        settled = name in self.network.frozen and bool(layer.state(shape))
        result = layer.forward(p, x, training=self.training and not settled)
        if isinstance(result, tuple):
            result, statistics = _split_result(name, result)
            trace.statistics |= {local[short]: new for short, new in statistics.items()}
        if not isinstance(result, Tensor):
            raise ArgumentError(
                f"the layer {name!r} returned {type(result).__name__} from `forward`.",
                expected="a tensor, or a tensor and a dict of new statistics",
            )
        if isinstance(layer, Layer):
            trace.gathered.penalties += layer.penalties(p)
            if type(layer).statistics is not Layer.statistics:
                trace.gathered.measured[current_scope()] = (layer, inputs[0])
        if result.op.name not in ("input", "state"):
            result = result.named(current_scope(), scoped=False)
        trace.activations[name] = result
        return result


def _split_result(name: str, result: tuple[Any, ...]) -> tuple[Any, Mapping[str, Tensor]]:
    if len(result) == 2 and isinstance(result[1], Mapping):
        return result[0], result[1]
    raise ArgumentError(
        f"the layer {name!r} returned {len(result)} things from `forward`.",
        expected="a tensor, or a tensor and a dict of new statistics",
    )


def _check_extra(name: str, layer: LayerLike, shape: Any) -> None:
    if layer.parameters(shape) or layer.state(shape) or layer.hyperparameters():
        raise ArgumentError(
            f"the loss needs the layer {name!r}, which holds numbers of its own and is not part "
            "of the network.",
            mend="let the network put out what it computes: Model(inputs, [output, that])",
        )


# ----- networks as layers -------------------------------------------------


@dataclass(frozen=True)
class Held:
    """Fills an entry with the numbers that a network held when another was built around it."""

    values: NDArray[Any]

    def __call__(self, rng: Any, shape: Shape, dtype: str) -> NDArray[Any]:
        """Return the numbers, whatever is drawn elsewhere."""
        return self.values.astype(dtype)


class Nested:
    """A network that serves as a layer of another: a layer is what is declared and computed.

    It starts with the numbers that the network holds when the other is built; from then on
    each has its own.

    Parameters
    ----------
    network : Network
        What it computes.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        # Shapes are those of this use; the network itself stays as it is.
        self._inside = network.twin()

    @property
    def name(self) -> str | None:
        """The name of the network."""
        return self.network.name

    @property
    def kind(self) -> str:
        """What it is called in a table of layers."""
        return type(self.network).__name__

    def parameters(self, shape: Any) -> Mapping[str, Any]:
        """Return what the layers inside declare, under the names they have there."""
        several = bool(shape) and isinstance(shape[0], tuple)
        self._inside.lay_out(shape if several else (shape,))
        return self._declared_as("parameter")

    def state(self, shape: Any) -> Mapping[str, Any]:
        """Return the running statistics of the layers inside."""
        return self._declared_as("statistic")

    def _declared_as(self, role: str) -> dict[str, Any]:
        declared = self._inside.known_layout().declared
        return {
            name: (d.entry.shape, self._initializer(d))
            for name, d in declared.items()
            if d.entry.role == role
        }

    def _initializer(self, declared: Declared) -> Callable[..., NDArray[Any]] | None:
        entry = declared.entry
        value = self.network.held(entry.name)
        if value is None:
            return declared.initializer
        if value.shape != entry.shape:
            raise ShapeError(
                f"{entry.name} of the network inside has the shape {format_shape(value.shape)}, "
                f"here it would be {format_shape(entry.shape)}.",
                where=f"layer {current_scope()!r}",
                expected="inputs of the shape that the network inside was built for",
            )
        return Held(value.copy())

    def hyperparameters(self) -> Mapping[str, float]:
        """Return the hyperparameters of the layers inside."""
        declared = self._inside.known_layout().declared
        found = {name: d.value for name, d in declared.items() if d.value is not None}
        held = {name: self.network.held(name) for name in found}
        return {**found, **{name: float(v) for name, v in held.items() if v is not None}}

    def frozen_entries(self) -> frozenset[str]:
        """Return the entries of frozen layers inside."""
        return self._inside.frozen_entries()

    def first_readers(self) -> list[Layer]:
        """Return the layers inside that read the input, where there is one."""
        inputs = self._inside.wiring.inputs
        return self._inside.readers_of(inputs[0]) if len(inputs) == 1 else []

    def forward(self, p: LayerEntries, x: Any, *, training: bool) -> Any:
        """Return the output of the layers inside, and their new statistics."""
        given = x if isinstance(x, tuple) else (x,)
        trace = self._inside.trace_inside(given, p, training=training)
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

    kind = "Residual"

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


def check_dtype(dtype: str) -> str:
    """Return what a network computes in, or say that it cannot."""
    if dtype not in ("float32", "float64"):
        raise ArgumentError(
            f"a network cannot compute in {dtype!r}.", where="dtype=",
            expected="'float32' or 'float64'",
        )  # fmt: skip
    return str(dtype)


def chain(layers: Sequence[Any], where: str) -> tuple[Input, Node]:
    """Return the input and the output of layers that stand one after the other."""
    rest = [as_layer(layer, where) for layer in layers]
    entrance = rest.pop(0) if rest and isinstance(rest[0], Input) else Input()
    if not rest:
        raise ArgumentError(f"{where} got no layers.", mend=f"give some: {where}(syn0.Dense(1))")
    node = Node(entrance)
    for layer in rest:
        node = connect(layer, [node])
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
