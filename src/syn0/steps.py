"""The programs of a network's family: predict, activations, evaluate, gradients, train step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from syn0 import ops
from syn0.errors import ArgumentError, ShapeError
from syn0.gradient import backpropagate
from syn0.graph import Tensor, batch, format_shape, input_tensor, size, topological_order
from syn0.layers.mixup import mixed
from syn0.layers.node import Node
from syn0.losses import Loss
from syn0.metrics import FunctionMetric, Metric
from syn0.networks import Network
from syn0.optimizers import (
    LBFGS,
    Group,
    Optimizer,
    apply_updates,
    declare,
    groups_of,
    penalties,
    schedules_of,
)
from syn0.program import Entry, Program, State
from syn0.schedules import Schedule
from syn0.tracing import STEP, Trace


@dataclass(frozen=True)
class Target:
    """How the targets of one output enter the graph.

    Parameters
    ----------
    name : str
        The program's input: ``y``, or ``y_<output>`` where there are several.
    shape : tuple
        Of one sample.
    dtype : str
        int64 for class numbers, else the network's.
    classes : int or None
        How many classes the numbers tell apart; None if the targets stand as they are.
    """

    name: str
    shape: tuple[Any, ...]
    dtype: str
    classes: int | None = None

    def tensor(self) -> Tensor:
        """Return the input of the program."""
        return input_tensor(self.name, (batch, *self.shape), self.dtype)

    def for_loss(self, y: Tensor, y_pred: Tensor) -> Tensor:
        """Return the targets in the shape of the prediction."""
        if self.classes is None:
            return y
        wanted = ops.one_hot(y, self.classes, y_pred.dtype)
        assert isinstance(wanted, Tensor)
        return wanted.named(f"{self.name}_one_hot", scoped=False)


@dataclass(frozen=True)
class Task:
    """What a network learns: for each output its loss, targets, metrics and weight.

    A loss that is a `Node` is a number that the network computes itself; it has no target.
    """

    losses: tuple[Loss | Node, ...]
    targets: tuple[Target | None, ...]
    metrics: tuple[tuple[Metric, ...], ...]
    loss_weights: tuple[float, ...]
    output_names: tuple[str, ...]
    weighted: bool = False

    def key(self, output: str, name: str) -> str:
        """Return the key of history for a figure of one output."""
        return name if len(self.output_names) == 1 else f"{output}.{name}"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of history, in its order."""
        found = ["loss"]
        for output, chosen in zip(self.output_names, self.metrics, strict=True):
            if len(self.output_names) > 1:
                found.append(f"{output}.loss")
            found += [self.key(output, metric.name) for metric in chosen]
        return tuple(found)

    @property
    def totals(self) -> dict[str, str]:
        """The figures that a pass gives, and how those of batches become one of an epoch."""
        whole = {self.key(output, metric.name) for output, metric, _ in self.of_whole_sets()}
        lost = {"loss", *(f"{output}.loss" for output in self.output_names)}
        return {
            key: self.loss_total if key in lost else "mean" for key in self.keys if key not in whole
        }

    def of_whole_sets(self) -> list[tuple[str, Metric, Target | None]]:
        """Return the metrics that need all predictions at once, with output and target."""
        parts = zip(self.output_names, self.metrics, self.targets, strict=True)
        return [(o, metric, t) for o, ms, t in parts for metric in ms if not metric.per_sample]

    def same_losses(self, other: Task) -> bool:
        """Tell whether both mean the same by loss."""
        return bool(_hashable(self.losses) == _hashable(other.losses))

    @property
    def counts_rows(self) -> bool:
        """Whether batches count by their rows in the figures of an epoch, not by their weight."""
        return any(isinstance(loss, Loss) and loss.counts_rows for loss in self.losses)

    @property
    def loss_total(self) -> str:
        """Whether the losses of batches are averaged into that of an epoch, or added up."""
        sums = [isinstance(loss, Loss) and loss.reduction == "sum" for loss in self.losses]
        if any(sums) and not all(sums):
            raise ArgumentError(
                "some losses are sums and some are means.", where="loss=", expected="one reduction"
            )
        return "sum" if all(sums) else "mean"


@dataclass(frozen=True)
class Judged:
    """The figures of one pass: the loss, what is reported beside it, and the batch's weight."""

    loss: Tensor
    weight: Tensor
    figures: Mapping[str, Tensor]
    totals: Mapping[str, str]
    parts: tuple[Tensor, ...]


def judge(task: Task, trace: Trace) -> Judged:
    """Return the loss and the per-sample metrics of a pass."""
    weight = input_tensor("sample_weight", (batch,), _dtype(trace)) if task.weighted else None
    figures: dict[str, Tensor] = {}
    parts: list[Tensor] = []
    total: Tensor | None = None
    for i, (output, y_pred) in enumerate(trace.outputs.items()):
        loss, target = task.losses[i], task.targets[i]
        y = target.tensor() if target is not None else None
        value = _loss_value(loss, target, y, y_pred, weight, trace)
        if len(task.output_names) > 1:
            value = value.named(f"loss_{output}", scoped=False)
            figures[f"{output}.loss"] = value
            parts.append(value)
        share = value * task.loss_weights[i] if task.loss_weights[i] != 1 else value
        total = share if total is None else total + share
        for metric in task.metrics[i]:
            if metric.per_sample and y is not None and target is not None:
                figures[task.key(output, metric.name)] = _measured(
                    metric, target, y, y_pred, weight
                )
    assert total is not None
    for penalty in trace.gathered.penalties:
        total = total + penalty
    whole = size([batch], _dtype(trace)) if weight is None else ops.sum(weight)
    if weight is not None and not task.counts_rows:
        figures["weight"] = whole
    return Judged(total.named("loss", scoped=False), whole, figures, task.totals, tuple(parts))


def _measured(
    metric: Metric, target: Target, y: Tensor, y_pred: Tensor, weight: Tensor | None
) -> Tensor:
    # A function of one's own gets what a loss gets; ours know class numbers.
    own = isinstance(metric, FunctionMetric)
    values = metric(target.for_loss(y, y_pred) if own else y, y_pred)
    if not isinstance(values, Tensor):
        raise _no_tensor("metric", metric.name, values)
    averaged = _average(ops.astype(values, y_pred.dtype), weight, f"the metric {metric.name}")
    return averaged.named(metric.name, scoped=False)


def _no_tensor(kind: str, name: str, values: Any) -> ArgumentError:
    return ArgumentError(
        f"the {kind} {name} returned {type(values).__name__}.",
        expected="a tensor made of y_true and y_pred, one value a sample or element",
        mend="compute with syn0.ops and operators",
    )


def _dtype(trace: Trace) -> str:
    return next(iter(trace.outputs.values())).dtype


def _loss_value(
    loss: Loss | Node, target: Target | None, y: Tensor | None, y_pred: Tensor,
    weight: Tensor | None, trace: Trace,
) -> Tensor:  # fmt: skip
    if isinstance(loss, Node):
        values = trace.nodes[id(loss)]
        if values.shape != ():
            raise ShapeError(
                f"the loss that the network computes has the shape {format_shape(values.shape)}.",
                expected="a single number",
                mend="average it in the layer that computes it: syn0.ops.mean",
            )
        return values
    y_true = None if y is None or target is None else target.for_loss(y, y_pred)
    if y_true is not None and trace.gathered.share is not None:
        if not loss.reads_shares:
            raise ArgumentError(
                f"the loss {loss.name} reads the sign of a target, which a mixture has not.",
                where="Mixup",
                expected="a loss of shares, such as cross_entropy or mean_squared_error",
                mend="another loss, or no Mixup",
            )
        y_true = mixed(y_true, trace.gathered.share).named("y_mixed", scoped=False)
    values = loss(y_true, y_pred)
    if not isinstance(values, Tensor):
        raise _no_tensor("loss", loss.name, values)
    if loss.reduction == "sum":
        return ops.sum(values if weight is None else _per_row(values, ops.sum) * weight)
    return _average(values, weight, f"the loss {loss.name}")


def _average(values: Tensor, weight: Tensor | None, what: str) -> Tensor:
    """Average over the elements of a sample, then over samples by their weight."""
    if values.shape == () and weight is None:
        return values
    if values.shape[:1] != (batch,):
        raise ShapeError(
            f"{what} has the shape {format_shape(values.shape)}.",
            expected="one value a sample or element: the batch is its first axis",
            mend="leave the averaging over samples to fit",
        )
    if weight is None:
        return ops.mean(values)
    return ops.sum(_per_row(values, ops.mean) * weight) / ops.sum(weight)


def _per_row(values: Tensor, reduce: Callable[..., Tensor]) -> Tensor:
    return reduce(values, axis=tuple(range(1, values.ndim))) if values.ndim > 1 else values


@dataclass(frozen=True)
class Plan:
    """What updates each trainable parameter.

    Parameters
    ----------
    assigned : tuple of (parameter name, Optimizer)
        In the order of the network, frozen parameters included: optimizers are numbered by
        them, so that none changes its number when layers are frozen.
    trainable : tuple of str
        The parameters that learn now.
    """

    assigned: tuple[tuple[str, Optimizer], ...]
    trainable: tuple[str, ...]

    @property
    def optimizers(self) -> dict[str, Optimizer]:
        """The optimizer of each parameter that learns."""
        assigned = dict(self.assigned)
        return {name: assigned[name] for name in self.trainable}

    @property
    def order(self) -> tuple[Optimizer, ...]:
        """All optimizers by number."""
        return tuple(group.optimizer for group in groups_of(dict(self.assigned)))

    @property
    def groups(self) -> list[Group]:
        """The parameters that learn, by their optimizer."""
        return groups_of(self.optimizers, self.order)

    @property
    def minimizer(self) -> LBFGS | None:
        """The optimizer that sees the whole data at once, if it is one."""
        first = self.assigned[0][1]
        return first if isinstance(first, LBFGS) else None

    @property
    def schedules(self) -> dict[str, Schedule]:
        """The hyperparameters that are functions of the step."""
        return schedules_of(self.optimizers, self.order)

    def form(self) -> Any:
        """Return what decides the graph: which optimizer updates what, without its numbers."""
        return tuple((g.number, g.names, _form_of_optimizer(g.optimizer)) for g in self.groups)

    def continues(self, other: Plan) -> bool:
        """Tell whether both plans have the same optimizers, whatever is frozen."""
        return bool(self._table() == other._table())

    def _table(self) -> Any:
        groups = groups_of(dict(self.assigned))
        return tuple((g.number, g.names, _hashable(g.optimizer)) for g in groups)

    def entries(self, declared: Sequence[Entry]) -> list[Entry]:
        """Return the entries of the optimizers, those of frozen parameters included."""
        return list(declare(dict(self.assigned), declared))

    def first_state(self, declared: Sequence[Entry], role: str | None = None) -> State:
        """Return hyperparameters and slots, or one kind, as they are before the first step.

        Parameters
        ----------
        declared : sequence of Entry
            What the network declares.
        role : "hyperparameter" or "slot", optional
            The kind; all by default.
        """
        found = declare(self.optimizers, declared, self.order)
        return {
            # Zeros cost nothing before they are read, and most of these never are.
            e.name: np.full(e.shape, value, e.dtype) if value else np.zeros(e.shape, e.dtype)
            for e, value in found.items()
            if role in (None, e.role)
        }

    def describe(self) -> str:
        """Return the optimizers in words."""
        return ", ".join(dict.fromkeys(_short(o) for o in self.optimizers.values()))

    def learning_rate(self, state: State) -> float | None:
        """Return the step size in use, None where a line search or a schedule finds it."""
        name = self.groups[0].full("learning_rate")
        return float(state[name]) if name in state else None


def _short(optimizer: Optimizer) -> str:
    if isinstance(optimizer, LBFGS):
        return repr(optimizer)
    rate = optimizer.learning_rate
    return f"{type(optimizer).__name__}(learning_rate={rate!r})"


# ----- what draws the same graph ------------------------------------------


def form_of(option: Any) -> Any:
    """Return what decides the graph of a program, hashable, without the numbers of the state."""
    return option.form() if isinstance(option, Plan) else _hashable(option)


def _form_of_optimizer(optimizer: Optimizer) -> Any:
    numbers = optimizer.hyperparameters()
    apart = {*numbers, *optimizer.outside}
    rest = {f.name: getattr(optimizer, f.name) for f in fields(optimizer) if f.name not in apart}
    scheduled = optimizer.schedule is not None
    return type(optimizer), tuple(numbers), scheduled, _hashable(rest)


def _hashable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, str(value.dtype), value.tobytes()
    if isinstance(value, Mapping):
        return tuple((key, _hashable(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(map(_hashable, value))
    if is_dataclass(value) and not isinstance(value, (type, Node)):
        return type(value), tuple(_hashable(getattr(value, f.name)) for f in fields(value))
    try:
        hash(value)
    except TypeError:
        return _Same(value)
    return value


class _Same:
    """Stands for a value without a hash: it is equal to itself only."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)


# ----- programs -----------------------------------------------------------


def predict_program(network: Network) -> Program:
    """Return the program from inputs to outputs."""
    trace = network.trace()
    shown = tuple(trace.activations.values())
    return Program("predict", trace.outputs, sections=(("forward", shown),))


def activations_program(network: Network) -> Program:
    """Return the program that gives what every layer puts out."""
    trace = network.trace()
    shown = tuple(trace.activations.values())
    return Program("activations", trace.activations, sections=(("forward", shown),))


def reading_program(network: Network) -> Program:
    """Return the program that gives what the layers read that measure the training data."""
    measured = network.trace().gathered.measured
    return Program("reading", {name: x for name, (_, x) in measured.items()})


def _extra(task: Task) -> list[Node]:
    return [loss for loss in task.losses if isinstance(loss, Node)]


def evaluate_program(network: Network, task: Task) -> Program:
    """Return the program that gives loss and per-sample metrics, and the outputs."""
    trace = network.trace(extra=_extra(task))
    judged = judge(task, trace)
    outputs = {"loss": judged.loss, **judged.figures}
    outputs |= {f"output {name}": t for name, t in trace.outputs.items()}
    sections = (
        ("forward", tuple(trace.activations.values())),
        ("loss", (*judged.parts, judged.loss)),
        ("metrics", tuple(judged.figures.values())),
    )
    return Program("evaluate", outputs, sections=sections, totals=judged.totals)


def penalized(judged: Judged, reads: Mapping[str, Tensor], plan: Plan) -> Tensor:
    """Return the loss with what the optimizers add to it."""
    scheduled = tuple(plan.schedules)
    found = penalties(reads, plan.optimizers, judged.weight, scheduled, plan.order)
    if not found:
        return judged.loss
    loss = judged.loss.named("data_loss", scoped=False)
    for penalty in found:
        loss = loss + penalty
    return loss.named("loss", scoped=False)


def gradient_program(
    network: Network, task: Task, trainable: Sequence[str], plan: Plan | None = None
) -> Program:
    """Return the program that gives the loss and its gradient for each parameter.

    Parameters
    ----------
    network : Network
        What is trained.
    task : Task
        What it learns.
    trainable : sequence of str
        The parameters.
    plan : Plan, optional
        Whose optimizers may add to the loss.
    """
    trace = network.trace(training=True, extra=_extra(task))
    judged = judge(task, trace)
    reads = {name: trace.reads[name] for name in trainable}
    loss = judged.loss if plan is None else penalized(judged, reads, plan)
    gradients = backpropagate(loss, list(reads.values()))
    outputs = {"loss": loss, **dict(zip(trainable, gradients, strict=True))}
    sections = (
        ("forward", tuple(trace.activations.values())),
        ("loss", (*judged.parts, loss)),
        ("backward", tuple(gradients)),
    )
    return Program("loss_and_gradient", outputs, trace.statistics, sections)


def train_program(network: Network, task: Task, plan: Plan) -> Program:
    """Return one step of training.

    Parameters
    ----------
    network : Network
        What is trained.
    task : Task
        What it learns.
    plan : Plan
        What updates each parameter; hyperparameters with a schedule come with each step
        instead of from the state.
    """
    trace = network.trace(training=True, extra=_extra(task))
    judged = judge(task, trace)
    names = list(plan.optimizers)
    loss = penalized(judged, {name: trace.reads[name] for name in names}, plan)
    gradients = backpropagate(loss, [trace.reads[name] for name in names])
    step = (STEP.read() + 1).named("step", scoped=False)
    updates = apply_updates(
        {name: (trace.reads[name], g) for name, g in zip(names, gradients, strict=True)},
        plan.optimizers, step, tuple(plan.schedules), plan.order,
    )  # fmt: skip
    updates |= trace.statistics
    # Who counts the steps when no tensor asks for their number? The trainer.
    if any(t.op.name == "state" and t.name == "step" for t in topological_order(updates.values())):
        updates = {"step": step, **updates}
    sections = [
        ("forward", tuple(trace.activations.values())),
        ("loss", (*judged.parts, loss)),
        ("metrics", tuple(judged.figures.values())),
        ("backward", tuple(gradients)),
        ("update", tuple(updates.values())),
    ]
    outputs = {"loss": loss, **judged.figures}
    kept = tuple(s for s in sections if s[1])
    return Program("train_step", outputs, updates, kept, judged.totals)
