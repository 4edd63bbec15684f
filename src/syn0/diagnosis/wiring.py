"""What the graph of a network shows by itself: softmax upon softmax, layers without activation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from syn0.activations import name_of
from syn0.graph import Tensor, topological_order
from syn0.layers import Dense, Flatten, Normalization, Rescaling, Reshape
from syn0.layers.activation import function_of
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


def linear_chain(network: Network) -> tuple[str, ...]:
    """Return the dense layers of a network that has nothing but weighted sums before its last.

    Examples
    --------
    >>> import syn0
    >>> linear_chain(syn0.Sequential(syn0.Dense(4), syn0.Dense(1, activation="sigmoid")))
    ('dense_1', 'dense_2')
    >>> linear_chain(syn0.Sequential(syn0.Dense(4, activation="relu"), syn0.Dense(1)))
    ()
    """
    layers = list(network.layers.items())
    if len(network.wiring.order) != len(layers) + 1 or len(network.output_names) > 1:
        return ()  # layers that branch may be meant so
    while layers and type(layers[-1][1]).__name__ == "Activation":
        layers.pop()
    dense = [name for name, layer in layers if isinstance(layer, Dense)]
    for place, (_, layer) in enumerate(layers):
        last = place == len(layers) - 1
        if isinstance(layer, Dense):
            if not (last or _is_linear(layer)):
                return ()
        elif not isinstance(layer, _STRAIGHT):
            return ()
    return tuple(dense) if len(dense) > 1 else ()


def _is_linear(layer: Dense) -> bool:
    return layer.activation is None or name_of(function_of(layer.activation)) == "linear"
