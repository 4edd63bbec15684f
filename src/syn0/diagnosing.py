"""How evidence on a network is gathered: `net.diagnose`, and the line at the end of `fit`.

Nothing here changes a network: the probe reads its state, and what it returns is looked at
and thrown away.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.data.preparation import Preparation
from syn0.diagnosis.evidence import Answer, Evidence, Flatness, Weights, root
from syn0.diagnosis.judging import judge_all
from syn0.diagnosis.probe import activation_of, entrances
from syn0.diagnosis.verdict import Report
from syn0.diagnosis.wiring import doubled_softmax, linear_chain, own_derivatives
from syn0.graph import FLOATS, input_op
from syn0.losses import Loss
from syn0.probing import Probe
from syn0.program import State
from syn0.stateful import StatefulNetwork
from syn0.steps import Plan, Target, Task
from syn0.training.history import History
from syn0.training.samples import Data

Array = NDArray[Any]
MOST = 1000  # samples that are looked at
AT_ONCE = 5e9  # operations that NumPy does in less time than a program takes to be compiled
_DIFFERENCES = frozenset(
    "mean_squared_error half_squared_error mean_absolute_error huber log_cosh quantile".split()
)


@dataclass(frozen=True)
class Course:
    """How the last fit went.

    Parameters
    ----------
    rows : mapping of str to list
        Its part of the history, until the epoch whose parameters the network holds.
    first_loss : float
        Of the first epoch of all fits; 0 where there was none.
    """

    rows: Mapping[str, Sequence[float]] = field(default_factory=dict)
    first_loss: float = 0.0

    @classmethod
    def of(
        cls, history: History, start: int = 0, kept_epoch: int | None = None,
        before: History | None = None,
    ) -> Course:  # fmt: skip
        """Return what a history tells.

        Parameters
        ----------
        history : History
            Of this fit, or of several.
        start : int
            The row with which the fit begins.
        kept_epoch : int, optional
            The epoch whose parameters came back, if any did.
        before : History, optional
            Of the fits before.
        """
        end = None if kept_epoch is None else kept_epoch - history.first_epoch + 1
        first = (h["loss"][0] for h in (before, history) if h is not None and h.epochs)
        rows = {name: values[start:end] for name, values in history.items()}
        return cls(rows, next((loss for loss in first if math.isfinite(loss)), 0.0))


@dataclass(frozen=True)
class Subject:
    """What is diagnosed: a network, what it learns and from what, and how training went.

    Parameters
    ----------
    model : StatefulNetwork
        The network.
    task : Task
        What it learns.
    data : Data
        Samples; empty where they come in chunks.
    plan : Plan, optional
        What updates the parameters, where it was trained.
    course : Course
        How the last fit went.
    step : int
        The number of the next step, for schedules.
    """

    model: StatefulNetwork
    task: Task
    data: Data
    plan: Plan | None = None
    course: Course = field(default_factory=Course)
    step: int = 0

    @property
    def weights(self) -> float:
        """The number of weights that products read."""
        return sum(float(np.prod(e.shape)) for e in self.model.entries() if len(e.shape) > 1)


def diagnose(subject: Subject) -> Report:
    """Return all that the rules find; see `Model.diagnose`."""
    found, total = gather(subject), subject.data.samples
    known = f"{found.samples:,} of {total:,} samples"
    return judge_all(found, known if found.samples < total else f"{total:,} samples")


def gather(
    subject: Subject, most: int = MOST, *, at_once: bool = False, forward_only: bool = False
) -> Evidence:
    """Return the evidence on a network, from a part of the samples.

    Parameters
    ----------
    subject : Subject
        What is looked at.
    most : int
        Samples at most.
    at_once : bool
        Whether nothing may be compiled, however large the network is.
    forward_only : bool
        Whether to do without gradients and updates, which take most of the time.
    """
    model, task = subject.model, replace(subject.task, weighted=False)
    part = choose_samples(replace(subject.data, sample_weight=None), model.seed, most)
    plan = _plan_now(model, subject.plan)
    scheduled = _scheduled(model, plan, subject.step)
    small = at_once or 6 * part.samples * subject.weights <= AT_ONCE
    batch = {**part.all(), **scheduled}
    probe = Probe(model, batch, task, plan, compiled=not small, forward_only=forward_only)
    told, updates = probe.run(model.numbers)

    def loss_after(length: float) -> float:
        return probe.loss({**model.numbers, **_moved(model.numbers, updates, length)})

    return Evidence(
        samples=part.samples,
        loss=float(told["loss"]),
        loss_after=loss_after if updates else None,
        learning_rate=_learning_rate(model, plan),
        history=subject.course.rows,
        first_loss=subject.course.first_loss,
        flatness=list(_flatness(probe, told)),
        weights=list(_weights(model, probe.reads, updates)),
        signals=_signals(model, told),
        entering=_roots(told, "entering "),
        answers=list(_answers(probe, task, part, subject.data, told)),
        columns=_columns(model, part),
        doubled=list(_doubled(probe, task)),
        linear=linear_chain(model),
        own_derivatives=own_derivatives(probe.outputs().values()),
        names=_names(model),
    )


def gather_course(subject: Subject) -> Evidence:
    """Return what the history tells, which costs nothing."""
    rate = _learning_rate(subject.model, _plan_now(subject.model, subject.plan))
    course = subject.course
    return Evidence(history=course.rows, first_loss=course.first_loss, learning_rate=rate)


def _moved(numbers: State, updates: State, length: float) -> State:
    """Return the parameters after a step so many times as long."""
    found = {}
    for name, new in updates.items():
        old = numbers[name]
        found[name] = (old + length * (new - old)).astype(old.dtype)
    return found


def choose_samples(data: Data, seed: int, most: int = MOST) -> Data:
    """Return at most so many samples, chosen by the seed; fewer where they are large."""
    most = data.passes(most)[0].stop
    if data.samples <= most:
        return data
    rng = np.random.default_rng([seed, data.samples])
    return data.rows(np.sort(rng.choice(data.samples, most, replace=False)))


# ----- the next update ----------------------------------------------------


def _plan_now(model: StatefulNetwork, plan: Plan | None) -> Plan | None:
    """Return what would update the parameters that learn now, None where that is not known."""
    names = model.trainable()
    if plan is None or plan.minimizer is not None or not names:
        return None
    plan = replace(plan, trainable=tuple(names))
    if not set(names) <= {name for name, _ in plan.assigned}:
        return None
    needed = set(plan.first_state(model.entries())) - set(plan.schedules)
    return plan if needed <= set(model.numbers) else None


def _scheduled(model: StatefulNetwork, plan: Plan | None, step: int) -> dict[str, Array]:
    """Return the hyperparameters that a schedule gives for a step."""
    schedules = {} if plan is None else plan.schedules
    return {name: np.asarray(schedule(step), model.dtype) for name, schedule in schedules.items()}


def _learning_rate(model: StatefulNetwork, plan: Plan | None) -> float | None:
    """Return the step size, None where there is none, or a schedule."""
    return None if plan is None or plan.schedules else plan.learning_rate(model.numbers)


# ----- what it told -------------------------------------------------------


def _roots(told: Mapping[str, Array], prefix: str) -> dict[str, Any]:
    return {n.removeprefix(prefix): root(v) for n, v in told.items() if n.startswith(prefix)}


def _signals(model: StatefulNetwork, told: Mapping[str, Array]) -> dict[str, float]:
    """Return how strongly the loss depends on each layer that learns.

    A loss that is computed from scores leaves the probabilities that the network puts out
    without a gradient; these are left out.
    """
    ends = [node.layer for node in model.wiring.outputs]
    outputs = {name for name, layer in model.layers.items() if any(layer is end for end in ends)}
    found = _roots(told, "signal ")
    return {name: float(s) for name, s in found.items() if s or name not in outputs}


def _columns(model: StatefulNetwork, part: Data) -> dict[str, Array]:
    """Return the inputs that are tables of numbers; whole numbers may be words of a text."""
    floats = {tensor.name for tensor in model.input_tensors() if tensor.dtype in FLOATS}
    found = {name: x for name, x in part.inputs.items() if name in floats}
    return {name: x for name, x in found.items() if x.ndim == 2 and x.shape[1]}


def _names(model: StatefulNetwork) -> dict[str, list[tuple[str, str]]]:
    """Return what the features of a prepared table are called, and the columns they came from."""
    if not isinstance(model.preparation, Preparation):
        return {}
    columns = model.preparation.columns
    names = [(name, column.name) for column in columns for name in column.feature_names]
    readers = [layer for layer, x in entrances(model, model.trace()) if x.op is input_op]
    return dict.fromkeys([*model.input_names, *readers], names)


def _flatness(probe: Probe, told: Mapping[str, Array]) -> Iterator[Flatness]:
    for site in probe.sites():
        shares = told[f"flat {site.layer}"]
        yield Flatness(site.layer, site.activation, shares, site.is_output)


def _weights(model: StatefulNetwork, reads: Container[str], updates: State) -> Iterator[Weights]:
    ends = {id(node.layer) for node in model.wiring.outputs}
    for name in model.trainable():
        values, layer = model.numbers[name], model.layer_of(name) or name
        if values.ndim < 2 or name not in reads:
            continue
        yield Weights(
            name,
            layer,
            _length(values),
            _length(updates[name] - values) if name in updates else None,
            id(model.layers.get(layer)) not in ends and _alike(values),
        )


def _length(values: Array) -> float:
    return float(np.linalg.norm(values.ravel().astype("float64")))


def _alike(values: Array) -> bool:
    """Tell whether all columns are equal, but for rounding."""
    if values.shape[-1] < 2:
        return False
    first = values[..., :1]
    return bool(np.abs(values - first).max() <= 1e-5 * np.abs(first).max())


def _answers(
    probe: Probe, task: Task, part: Data, data: Data, told: Mapping[str, Array]
) -> Iterator[Answer]:
    model, wiring = probe.model, probe.model.wiring
    labels = dict(zip(map(id, wiring.order), wiring.labels, strict=True))
    for i, (name, tensor) in enumerate(probe.outputs().items()):
        loss, target = task.losses[i], task.targets[i]
        layer = labels.get(id(wiring.outputs[i])) or name
        y = None if target is None else np.asarray(part.target(target.name))
        kind = _kind(loss, target, tensor)
        moved = tensor.op.name in ("add", "matmul") and getattr(loss, "name", "") in _DIFFERENCES
        learns = bool(model.entries_of(layer)) if layer in model.layers else False
        varied = target is None or _varied(y) or _varied(data.target(target.name))
        yield Answer(
            name, layer, told[f"output {name}"], y, kind, activation_of(tensor), moved and learns,
            varied,
        )  # fmt: skip


def _varied(values: Any) -> bool:
    return bool((np.asarray(values) != np.asarray(values[:1])).any())


def _kind(loss: Any, target: Target | None, y_pred: Any) -> str:
    if target is not None and target.classes is not None:
        return "classes"
    if not isinstance(loss, Loss) or loss.targets != "classes":
        return "values"
    return "classes" if loss.exclusive(y_pred) else "questions"


def _doubled(probe: Probe, task: Task) -> Iterator[tuple[str, str]]:
    roots = [probe.program.outputs["loss"], *probe.outputs().values()]
    names = [loss.name for loss in task.losses if isinstance(loss, Loss)]
    yield from doubled_softmax(roots, ", ".join(names))
