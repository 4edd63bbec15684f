"""The probe: a training step whose outputs tell what goes on in the layers.

It is one more program of the network's family: the step that training does, with a few
sums beside it. Nothing of it is in the programs that train, so it costs nothing there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from syn0 import ops
from syn0.gradient import backpropagate
from syn0.graph import FLOATS, Tensor, topological_order
from syn0.layers import BatchNormalization, LayerNormalization, Normalization
from syn0.layers.node import LayerLike, Node
from syn0.networks import Nested, Network
from syn0.optimizers import apply_updates
from syn0.program import Program
from syn0.steps import Plan, Task, judge, penalized
from syn0.tracing import STEP, Trace
from syn0.wiring import is_input, node_key

FLAT = 0.01  # of the largest slope: less than this is the end of a sigmoid or tanh
_NORMALIZING = (BatchNormalization, LayerNormalization, Normalization)


@dataclass(frozen=True)
class Site:
    """A layer whose activation has flat parts.

    Parameters
    ----------
    layer : str
        Its name.
    activation : {"relu", "sigmoid", "tanh"}
        What it puts out last.
    values : Tensor
        That output.
    is_output : bool
        Whether it is what the network puts out.
    """

    layer: str
    activation: str
    values: Tensor
    is_output: bool

    def flat(self) -> Tensor:
        """Return for each unit the share of samples for which its slope is (nearly) 0."""
        y = self.values
        if self.activation == "relu":
            flat = y <= 0
        elif self.activation == "tanh":
            flat = 1 - ops.square(y) < FLAT
        else:
            flat = 4 * y * (1 - y) < FLAT
        share: Tensor = ops.mean(ops.astype(flat, y.dtype), axis=tuple(range(y.ndim - 1)))
        return share


def sites_of(outputs: Sequence[Tensor]) -> list[Site]:
    """Return the layers that end in a rectifier, a sigmoid or a tanh, those inside others too.

    Parameters
    ----------
    outputs : sequence of Tensor
        What the network puts out in training.
    """
    found = {}
    ends = set(map(id, outputs))
    for tensor in topological_order(outputs):
        activation = activation_of(tensor)
        if tensor.name and activation in ("relu", "sigmoid", "tanh") and tensor.ndim > 1:
            found[tensor.name] = Site(tensor.name, activation, tensor, id(tensor) in ends)
    return list(found.values())


def activation_of(tensor: Tensor) -> str:
    """Return the name of the op that made a tensor, however a rectifier is written.

    Examples
    --------
    >>> from syn0 import graph
    >>> activation_of(ops.maximum(graph.input_tensor("x", (graph.batch, 3)), 0))
    'relu'
    """
    while tensor.op.name == "custom_derivative":
        tensor = tensor.inputs[0]
    zero = any(_is_zero(x) for x in tensor.inputs)
    return "relu" if tensor.op.name == "maximum" and zero else tensor.op.name


def _is_zero(tensor: Tensor) -> bool:
    return tensor.op.name == "constant" and not np.any(tensor.attributes["value"])


# ----- which layers -------------------------------------------------------


def learning_layers(network: Network, names: Sequence[str]) -> list[str]:
    """Return the layers that own some of these parameters, in the order of computation."""
    tables = network.known_layout().local_names
    return [layer for layer in network.layers if set(tables.get(layer, {}).values()) & set(names)]


def entrances(network: Network, trace: Trace) -> Iterator[tuple[str, Tensor]]:
    """Yield the layers whose weights meet the data first, and what they read.

    A layer that normalizes its input itself is none of them.
    """
    learned: set[int] = set()  # nodes that depend on parameters
    layout = network.known_layout()
    for node, label in zip(network.wiring.order, network.wiring.labels, strict=True):
        if is_input(node) or label is None:
            continue
        own = any(
            layout.declared[entry].entry.role == "parameter"
            for entry in layout.local_names.get(label, {}).values()
        )
        fresh = [source for source in node.inputs if node_key(source) not in learned]
        if own and not _normalizes(node.layer):
            for source in fresh:
                x = trace.nodes[node_key(source)]
                if x.dtype in FLOATS:
                    yield label, x
        if own or len(fresh) < len(node.inputs):
            learned.add(node_key(node))


def _normalizes(layer: LayerLike) -> bool:
    if isinstance(layer, Nested):
        return any(map(_normalizes, layer.network.layers.values()))
    return isinstance(layer, _NORMALIZING)


# ----- the program --------------------------------------------------------


def probe_program(
    network: Network, task: Task, trainable: Sequence[str], plan: Plan | None,
    forward_only: bool = False,
) -> Program:  # fmt: skip
    """Return a step of training that tells about its layers.

    Parameters
    ----------
    network : Network
        What is looked at.
    task : Task
        What it learns.
    trainable : sequence of str
        The parameters that learn.
    plan : Plan, optional
        What updates them; without it there are no updates.
    forward_only : bool
        Whether to leave out all that takes a backward pass.

    Notes
    -----
    The outputs are ``loss``; ``output <name>`` for each output; ``flat <layer>``, a share for
    each unit (`Site.flat`); ``entering <layer>``, the mean square of each feature that its
    weights read; and with a backward pass ``signal <layer>``, the mean square of the loss's
    gradient for its output. The updates are those of the parameters alone.
    """
    trace = network.trace(training=True, extra=[x for x in task.losses if isinstance(x, Node)])
    judged = judge(task, trace)
    names = [name for name in trainable if name in trace.reads]
    reads = {name: trace.reads[name] for name in names}
    loss = judged.loss if plan is None else penalized(judged, reads, plan)
    outputs: dict[str, Tensor] = {"loss": loss}
    outputs |= {f"output {name}": y for name, y in trace.outputs.items()}
    outputs |= {f"flat {s.layer}": s.flat() for s in sites_of(list(trace.outputs.values()))}
    for layer, x in entrances(network, trace):
        rest = tuple(range(x.ndim - 1)) if isinstance(x.shape[-1], int) else None
        outputs[f"entering {layer}"] = ops.mean(ops.square(x), axis=rest)
    if forward_only:
        return Program("probe", outputs)
    told, updates = _backward(network, trace, loss, names, plan)
    return Program("probe", outputs | told, updates)


def _backward(
    network: Network, trace: Trace, loss: Tensor, names: Sequence[str], plan: Plan | None
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return what the backward pass tells, and the parameters after the next update."""
    layers = [
        layer
        for layer in learning_layers(network, names)
        if trace.activations[layer].dtype in FLOATS
    ]
    wanted = [trace.reads[name] for name in names]
    wanted += [trace.activations[layer] for layer in layers]
    found = backpropagate(loss, wanted, steps_are_flat=True)
    gradients = dict(zip(names, found, strict=False))
    signals = zip(layers, found[len(names) :], strict=True)
    told = {f"signal {layer}": ops.mean(ops.square(signal)) for layer, signal in signals}
    return told, _updates(trace, gradients, plan)


def _updates(trace: Trace, gradients: Mapping[str, Tensor], plan: Plan | None) -> dict[str, Tensor]:
    """Return the new values of the parameters alone: a probe changes nothing else."""
    if plan is None or plan.minimizer is not None:
        return {}
    step = (STEP.read() + 1).named("step", scoped=False)
    pairs = {name: (trace.reads[name], g) for name, g in gradients.items()}
    new = apply_updates(pairs, plan.optimizers, step, tuple(plan.schedules), plan.order)
    return {name: new[name] for name in pairs}
