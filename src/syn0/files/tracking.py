"""Watching what is not of syn0 while a network is traced, so that its graphs can be taken down.

A twin of the network is traced in which each such layer and function is wrapped: it computes
what it always does, and what it drew is kept. The network itself is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from syn0.errors import ArgumentError
from syn0.files.describing import Foreign
from syn0.files.graphs import Constants, Ends, take_down
from syn0.files.registry import NAMES, fields_of
from syn0.graph import Shape, Tensor, current_scope
from syn0.layers import Layer
from syn0.layers.layer import Declaration
from syn0.layers.node import Node
from syn0.losses import Loss
from syn0.metrics import Metric
from syn0.networks import Nested, Network, Residual
from syn0.steps import Task, judge
from syn0.tracing import LayerEntries
from syn0.wiring import Wiring, node_key


def watch(
    network: Network,
    shapes: Sequence[Shape],
    foreign: Sequence[Foreign],
    constants: Constants,
    task: Task | None = None,
) -> None:
    """Trace a network, in training and in prediction, and keep what is not of syn0 computes.

    Parameters
    ----------
    network : Network
        A network that is built.
    shapes : sequence of shapes
        Of one sample of each input.
    foreign : sequence of Foreign
        What to watch; its graphs are added to it.
    constants : Constants
        Arrays among the constants of the graphs are added to it.
    task : Task, optional
        What was learned last, for losses and metrics.
    """
    watcher = _Watcher({id(f.thing): f for f in foreign}, constants)
    losses = () if task is None else task.losses
    extra = [loss for loss in losses if isinstance(loss, Node)]
    twin, more = watcher.network(network, extra)
    twin.lay_out(shapes)
    for training in (True, False):
        trace = twin.trace(training=training, extra=list(more.values()))
        if task is not None:
            judge(watcher.task(task, more), trace)


class _Watcher:
    """Puts wrapped layers and functions into the place of those that are not of syn0."""

    def __init__(self, foreign: Mapping[int, Foreign], constants: Constants) -> None:
        self.foreign, self.constants = foreign, constants
        self._layers: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        """Return a value in which what is not of syn0 is wrapped; the value itself if it is."""
        found = self.foreign.get(id(value))
        if found is not None:
            wrap = _WRAPPERS.get(found.role)
            return value if wrap is None else wrap(found, self.constants)
        if type(value) in (Nested, Residual):
            inner, _ = self.network(value.network)
            nested = object.__new__(type(value))
            Nested.__init__(nested, inner)
            return nested
        if type(value) not in NAMES:
            return value
        given = {name: getattr(value, name) for name in fields_of(type(value))}
        changed = {name: self.of(item) for name, item in given.items()}
        changed = {name: item for name, item in changed.items() if item is not given[name]}
        return replace(value, **changed) if changed else value

    def layer(self, layer: Any) -> Any:
        """Return the one wrapped layer for a layer, which may be used several times."""
        if id(layer) not in self._layers:
            self._layers[id(layer)] = self.of(layer)
        return self._layers[id(layer)]

    def network(
        self, network: Network, extra: Sequence[Node] = ()
    ) -> tuple[Network, dict[int, Node]]:
        """Return a definition of the same wiring, and its nodes for those of `extra`."""
        wiring = network.wiring
        order, _ = wiring.extended(extra)
        known: dict[int, Node] = {node_key(node): node for node in wiring.inputs}
        for node in order:
            if node_key(node) in known:
                continue
            inputs = tuple(known[node_key(source)] for source in node.inputs)
            known[node_key(node)] = Node(self.layer(node.layer), inputs)
        twin = Wiring(
            wiring.inputs,
            tuple(known[node_key(node)] for node in wiring.outputs),
            tuple(known[node_key(node)] for node in wiring.order),
            wiring.input_names,
            wiring.output_names,
            wiring.labels,
        )
        found = Network(twin, None, dtype=network.dtype, name=network.name)
        return found, {id(node): known[node_key(node)] for node in extra}

    def task(self, task: Task, extra: Mapping[int, Node]) -> Task:
        """Return a task whose losses and metrics are wrapped."""
        return replace(
            task,
            losses=tuple(extra.get(id(loss)) or self.of(loss) for loss in task.losses),
            metrics=tuple(tuple(map(self.of, chosen)) for chosen in task.metrics),
        )


# ----- the wrappers -------------------------------------------------------


def _keep(foreign: Foreign, constants: Constants, result: Any, arguments: Sequence[Any]) -> None:
    tensors = [x for x in arguments if x is not None]
    if not isinstance(result, Tensor) or not all(isinstance(x, Tensor) for x in tensors):
        return
    try:
        foreign.saw(take_down([result], Ends(tensors, scope=current_scope()), constants))
    except ArgumentError as error:
        raise _cannot(foreign, error) from None


def _cannot(foreign: Foreign, error: ArgumentError) -> ArgumentError:
    text, *_ = str(error).splitlines()
    return ArgumentError(
        f"{foreign.name} cannot be saved: {text}",
        where=f"layer {current_scope()!r}" if current_scope() else None,
        mend="let it compute from what it is given",
    )


class _WatchedFunction:
    def __init__(self, foreign: Foreign, constants: Constants) -> None:
        self.foreign, self.constants = foreign, constants
        self.__name__ = foreign.name

    def __call__(self, *arguments: Any) -> Any:
        result = self.foreign.thing(*arguments)
        _keep(self.foreign, self.constants, result, arguments)
        return result


@dataclass(frozen=True)
class _WatchedLoss(Loss):
    seen: Foreign
    constants: Constants

    def __post_init__(self) -> None:
        object.__setattr__(self, "reduction", self.seen.thing.reduction)

    @property
    def name(self) -> str:  # type: ignore[override]
        return str(self.seen.thing.name)

    @property
    def targets(self) -> str:  # type: ignore[override]
        return str(self.seen.thing.targets)

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        loss = self.seen.thing
        result = loss(y_true, y_pred)
        self.seen.said |= {
            "threshold": loss.threshold(y_pred),
            "exclusive": loss.exclusive(y_pred),
        }
        _keep(self.seen, self.constants, result, (y_true, y_pred))
        return result


@dataclass(frozen=True)
class _WatchedMetric(Metric):
    seen: Foreign
    constants: Constants

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.seen.thing.name)

    @property
    def per_sample(self) -> bool:  # type: ignore[override]
        return bool(self.seen.thing.per_sample)

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        result = self.seen.thing(y_true, y_pred)
        _keep(self.seen, self.constants, result, (y_true, y_pred))
        return result


class _Logged(LayerEntries):
    """A layer's entries that keep what random numbers were drawn, in their order."""

    def __init__(self, entries: LayerEntries) -> None:
        super().__init__(dict(entries), entries.gathered)
        self.draws: list[tuple[str, Tensor]] = []

    def random_uniform(self, shape: Shape) -> Tensor:
        self.draws.append(("uniform", super().random_uniform(shape)))
        return self.draws[-1][1]

    def random_normal(self, shape: Shape) -> Tensor:
        self.draws.append(("normal", super().random_normal(shape)))
        return self.draws[-1][1]


@dataclass(frozen=True, eq=False)
class _WatchedLayer(Layer):
    seen: Foreign
    constants: Constants

    @property
    def input_dtype(self) -> str | None:  # type: ignore[override]
        found: str | None = getattr(self.seen.thing, "input_dtype", None)
        return found

    def parameters(self, shape: Any) -> Declaration:
        self.seen.declared = dict(self.seen.thing.parameters(shape))
        return self.seen.declared

    def state(self, shape: Any) -> Declaration:
        self.seen.statistics = dict(self.seen.thing.state(shape))
        return self.seen.statistics

    def hyperparameters(self) -> Mapping[str, float]:
        self.seen.numbers = dict(self.seen.thing.hyperparameters())
        return self.seen.numbers

    def penalties(self, p: Any) -> list[Tensor]:
        thing = self.seen.thing
        found = list(thing.penalties(p)) if isinstance(thing, Layer) else []
        ends = Ends((), dict(p), scope=current_scope())
        self.seen.penalties = [take_down([t], ends, self.constants) for t in found]
        return found

    def forward(self, p: Any, x: Any, *, training: bool) -> Any:
        logged = _Logged(p)
        result = self.seen.thing.forward(logged, x, training=training)
        output, statistics = result if isinstance(result, tuple) else (result, {})
        if not isinstance(output, Tensor):
            return result
        arguments = x if isinstance(x, tuple) else (x,)
        ends = Ends(arguments, dict(p), logged.draws, current_scope())
        try:
            graph = take_down(
                [output], ends, self.constants, statistics=statistics, training=training
            )
        except ArgumentError as error:
            raise _cannot(self.seen, error) from None
        self.seen.saw(graph)
        return result


_WRAPPERS = {
    "function": _WatchedFunction,
    "loss": _WatchedLoss,
    "metric": _WatchedMetric,
    "layer": _WatchedLayer,
}
