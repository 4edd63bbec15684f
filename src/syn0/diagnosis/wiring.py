"""What the graph of a network shows by itself: softmax upon softmax, layers without activation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from syn0.activations import name_of
from syn0.graph import Tensor, topological_order
from syn0.layers import Activation, Dense, Flatten, Normalization, Rescaling, Reshape
from syn0.layers.activation import function_of
from syn0.layers.node import LayerLike
from syn0.networks import Network

# Ops that take scores, and the one that makes probabilities of them.
_TAKES_SCORES = {
    "softmax": "softmax",
    "softmax_cross_entropy": "softmax",
    "logsumexp": "softmax",
    "sigmoid_cross_entropy": "sigmoid",
}
_MOVES = frozenset(
    "reshape squeeze expand_dims permute_dims matrix_transpose slice custom_derivative".split()
)
_STRAIGHT = (Flatten, Reshape, Rescaling, Normalization)


def doubled_softmax(roots: Iterable[Tensor], task_name: str) -> Iterator[tuple[str, str]]:
    """Yield the layers whose probabilities are taken for scores once more, and what to say.

    Parameters
    ----------
    roots : iterable of Tensor
        The loss and the outputs.
    task_name : str
        What the loss is called.

    Examples
    --------
    >>> from syn0 import graph, ops
    >>> p = ops.softmax(graph.input_tensor("x", (graph.batch, 3))).named("first")
    >>> list(doubled_softmax([ops.softmax(p).named("second")], "cross_entropy"))
    [('first', '`second` takes the softmax of what is a softmax already, of `first`')]
    """
    told = set()
    for tensor in topological_order(roots):
        activation = _TAKES_SCORES.get(tensor.op.name)
        if activation is None:
            continue
        source = tensor.inputs[0]
        name = source.name
        while source.op.name in _MOVES:
            source = source.inputs[0]
            name = name or source.name
        if source.op.name != activation or id(source) in told:
            continue
        told.add(id(source))
        layer = source.name or name or "the last layer"
        if tensor.op.name == activation and tensor.name:
            what = f"`{tensor.name}` takes the {activation} of what is a {activation} already"
            yield layer, f"{what}, of `{layer}`"
        else:
            what = f"the loss {task_name} takes scores, but `{layer}` gives it probabilities"
            yield layer, f"{what}: the {activation} is taken twice"


def own_derivatives(roots: Iterable[Tensor]) -> tuple[str, ...]:
    """Return the layers whose activation has a derivative that its user wrote.

    Examples
    --------
    >>> from syn0 import Activation, graph, ops
    >>> mine = Activation(ops.tanh, derivative=lambda y: 1 - y * y).resolved
    >>> own_derivatives([mine(graph.input_tensor("x", (graph.batch, 3))).named("hidden")])
    ('hidden',)
    """
    found = (t for t in topological_order(roots) if t.op.name == "custom_derivative")
    return tuple(dict.fromkeys(t.name or t.scope or "" for t in found))


def linear_chain(network: Network) -> tuple[str, ...]:
    """Return the dense layers of a network that has nothing but weighted sums before its last.

    A layer that is narrower than both ends is meant as it is: it compresses, as in a principal
    component analysis.

    Examples
    --------
    >>> import syn0
    >>> linear_chain(syn0.Sequential(syn0.Dense(4), syn0.Dense(1, activation="sigmoid")))
    ('dense_1', 'dense_2')
    >>> linear_chain(syn0.Sequential(syn0.Dense(4, activation="relu"), syn0.Dense(1)))
    ()
    """
    layers = list(network.layers.values())
    if len(network.wiring.order) != len(layers) + 1 or len(network.output_names) > 1:
        return ()  # layers that branch may be meant so
    while layers and isinstance(layers[-1], Activation):
        layers.pop()
    dense = {n: layer.units for n, layer in network.layers.items() if isinstance(layer, Dense)}
    if len(dense) < 2 or not all(map(_is_straight, layers[:-1])):
        return ()
    widths = [int(units) for units in dense.values()]
    given = network.layout.input_shapes if network.layout is not None else ()
    features = [shape[-1] for shape in given if shape and isinstance(shape[-1], int)]
    compresses = min(widths[:-1]) < min([widths[-1], *features])
    return () if compresses else tuple(dense)


def _is_straight(layer: LayerLike) -> bool:
    """Tell whether a layer gives straight lines for straight lines."""
    if isinstance(layer, Dense):
        return layer.activation is None or name_of(function_of(layer.activation)) == "linear"
    return isinstance(layer, _STRAIGHT)
