"""How evidence on a network is gathered: `net.diagnose`, and the line at the end of `fit`.

Nothing here changes a network: the probe reads its state, and what it returns is looked at
and thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.diagnosis.evidence import Answer, Evidence, Flatness, Weights, root
from syn0.diagnosis.judging import judge_all
from syn0.diagnosis.probe import activation_of, sites_of
from syn0.diagnosis.verdict import Report
from syn0.diagnosis.wiring import doubled_softmax, linear_chain
from syn0.engines.threads import limit_threads
from syn0.errors import NotBuiltError
from syn0.graph import Tensor, evaluate
from syn0.losses import Loss
from syn0.program import Program, State
from syn0.stateful import StatefulNetwork
from syn0.steps import Plan, Task
from syn0.trainer import Trainer
from syn0.training.samples import Data

Array = NDArray[Any]
MOST = 1000  # samples that are looked at
AT_ONCE = 5e9  # operations that NumPy does in less time than a program takes to be compiled
_DIFFERENCES = frozenset(
    "mean_squared_error half_squared_error mean_absolute_error huber log_cosh quantile".split()
)


def diagnose(trainer: Trainer, X: Any, y: Any) -> Report:
    """Return what is wrong; see `Model.diagnose`."""
    model = trainer.model
    if not model.built:
        raise NotBuiltError(
            "the network has no shapes and no numbers yet, so there is nothing to diagnose.",
            mend="call net.fit(X, y) first; or net.build(shape), to look at it before training",
        )
    task, data = trainer.given(X, y, None)
    found = gather(trainer, replace(task, weighted=False), replace(data, sample_weight=None))
    known = f"{found.samples:,} of {data.samples:,} samples"
    return judge_all(found, known if found.samples < data.samples else f"{found.samples:,} samples")


def gather(trainer: Trainer, task: Task, data: Data) -> Evidence:
    """Return the evidence on a network, from a part of the samples."""
    model = trainer.model
    part = choose_samples(data, model.seed)
    plan = _plan_now(trainer)
    probe = Probe(model, {**part.all(), **_scheduled(plan, model.numbers)}, task, plan)
    told, updates = probe.run(model.numbers)

    def loss_after(length: float) -> float:
        return probe.loss({**model.numbers, **_moved(model.numbers, updates, length)})

    return Evidence(
        samples=part.samples,
        loss=float(told["loss"]),
        loss_after=loss_after if updates else None,
        learning_rate=_learning_rate(plan, model.numbers),
        history=_history(trainer),
        flatness=list(_flatness(model, told)),
        weights=list(_weights(model, told)),
        signals=_signals(model, told),
        entering=_roots(told, "entering "),
        answers=list(_answers(model, task, part, told)),
        columns={name: x for name, x in part.inputs.items() if x.ndim == 2 and x.shape[1]},
        doubled=list(_doubled(model, task, probe.program)),
        linear=linear_chain(model),
    )


def _moved(numbers: State, updates: State, length: float) -> State:
    """Return the parameters after a step so many times as long."""
    found = {}
    for name, new in updates.items():
        old = numbers[name]
        found[name] = (old + length * (new - old)).astype(old.dtype)
    return found


def choose_samples(data: Data, seed: int, most: int = MOST) -> Data:
    """Return at most so many samples, chosen by the seed."""
    if data.samples <= most:
        return data
    rng = np.random.default_rng([seed, data.samples])
    return data.rows(np.sort(rng.choice(data.samples, most, replace=False)))


# ----- the probe ----------------------------------------------------------


class Probe:
    """The probe program on one batch: run by the network's engine, or at once if it is small.

    A small program is over before it would be compiled, so it is computed op by op.

    Parameters
    ----------
    model : StatefulNetwork
        What is looked at.
    batch : mapping of str to array
        Inputs, targets and what schedules give.
    task : Task
        What is learned.
    plan : Plan, optional
        What updates the parameters.
    """

    def __init__(
        self, model: StatefulNetwork, batch: Mapping[str, Array], task: Task, plan: Plan | None
    ) -> None:
        options = {"task": task, "trainable": tuple(model.trainable()), "plan": plan}
        self.program = model.program("probe", **options)
        inputs, _ = self.program.leaves()
        self._batch = {
            tensor.name or "": np.asarray(batch[tensor.name or ""]).astype(tensor.dtype)
            for tensor in inputs
        }
        weights = sum(float(np.prod(e.shape)) for e in model.entries() if len(e.shape) > 1)
        samples = max(len(x) for x in self._batch.values() if x.ndim)
        small = 6 * samples * weights <= AT_ONCE
        self._executable = None if small else model.executable("probe", **options)

    def run(self, state: State) -> tuple[dict[str, Array], State]:
        """Return what the probe tells, and the parameters after the optimizer's next step."""
        if self._executable is not None:
            told, updates = self._executable.run(state, self._batch)
        else:
            told = {**self.program.outputs, **self.program.updates}
            told = dict(zip(told, self._at_once(list(told.values()), state), strict=True))
            updates = {name: told.pop(name) for name in self.program.updates}
        return _arrays(told), _arrays(updates)

    def loss(self, state: State) -> float:
        """Return the loss alone."""
        if self._executable is not None:
            return float(self._executable.run(state, self._batch)[0]["loss"])
        return float(self._at_once([self.program.outputs["loss"]], state)[0])

    def _at_once(self, wanted: list[Tensor], state: State) -> list[Any]:
        # On one thread: two that wait for each other cost more than such products.
        with limit_threads(1, 0.0), np.errstate(all="ignore"):
            return evaluate(wanted, {**state, **self._batch})


def _arrays(values: Mapping[str, Any]) -> dict[str, Array]:
    return {name: np.asarray(value) for name, value in values.items()}


def _plan_now(trainer: Trainer) -> Plan | None:
    """Return what would update the parameters that learn now, None where that is not known."""
    model, plan = trainer.model, trainer.plan
    names = model.trainable()
    if plan is None or plan.minimizer is not None or not names:
        return None
    plan = replace(plan, trainable=tuple(names))
    if not set(names) <= {name for name, _ in plan.assigned}:
        return None
    needed = set(plan.first_state(model.entries())) - set(plan.schedules)
    return plan if needed <= set(model.numbers) else None


def _scheduled(plan: Plan | None, numbers: State) -> dict[str, Array]:
    """Return the hyperparameters that a schedule gives for the next step."""
    if plan is None:
        return {}
    step, dtype = int(numbers["step"]), next(iter(numbers.values())).dtype
    return {n: np.asarray(schedule(step), dtype=dtype) for n, schedule in plan.schedules.items()}


def _learning_rate(plan: Plan | None, numbers: State) -> float | None:
    if plan is None:
        return None
    scheduled = _scheduled(plan, numbers).get(plan.groups[0].full("learning_rate"))
    return plan.learning_rate(numbers) if scheduled is None else None


def _history(trainer: Trainer) -> Mapping[str, Sequence[float]]:
    """Return the last fit's part of the history, until the epoch whose parameters are kept."""
    record, history = trainer.record, trainer.model.history
    if record is None:
        return {}
    end = len(history["loss"]) if trainer.kept_epoch is None else trainer.kept_epoch + 1
    return {name: values[record.first_epoch : end] for name, values in history.items()}


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


def _flatness(model: StatefulNetwork, told: Mapping[str, Array]) -> Iterator[Flatness]:
    for site in sites_of(model.trace(training=True)):
        shares = told[f"flat {site.layer}"]
        yield Flatness(site.layer, site.activation, shares, site.is_output)


def _weights(model: StatefulNetwork, told: Mapping[str, Array]) -> Iterator[Weights]:
    ends = {id(node.layer) for node in model.wiring.outputs}
    for name in model.trainable():
        values, layer = model.numbers[name], model.layer_of(name) or name
        if values.ndim < 2 or f"size {name}" not in told:
            continue
        update = told.get(f"update {name}")
        yield Weights(
            name,
            layer,
            float(root(told[f"size {name}"])),
            float(root(told[f"gradient {name}"])),
            None if update is None else float(root(update)),
            id(model.layers.get(layer)) not in ends and _alike(values),
        )


def _alike(values: Array) -> bool:
    """Tell whether all columns are equal, but for rounding."""
    if values.shape[-1] < 2:
        return False
    first = values[..., :1]
    return bool(np.abs(values - first).max() <= 1e-5 * np.abs(first).max())


def _answers(
    model: StatefulNetwork, task: Task, part: Data, told: Mapping[str, Array]
) -> Iterator[Answer]:
    wiring = model.wiring
    labels = dict(zip(map(id, wiring.order), wiring.labels, strict=True))
    for i, (name, tensor) in enumerate(model.trace().outputs.items()):
        loss, target = task.losses[i], task.targets[i]
        layer = labels.get(id(wiring.outputs[i])) or name
        y = None if target is None else np.asarray(part.target(target.name))
        kind = _kind(loss, tensor)
        moved = tensor.op.name in ("add", "matmul") and getattr(loss, "name", "") in _DIFFERENCES
        learns = bool(model.entries_of(layer)) if layer in model.layers else False
        yield Answer(
            name, layer, told[f"output {name}"], y, kind, activation_of(tensor), moved and learns
        )


def _kind(loss: Any, y_pred: Any) -> str:
    if not isinstance(loss, Loss) or loss.targets != "classes":
        return "values"
    return "classes" if loss.exclusive(y_pred) else "questions"


def _doubled(
    model: StatefulNetwork, task: Task, probe: Program
) -> Iterator[tuple[str, str]]:
    roots = [probe.outputs["loss"], *(probe.outputs[f"output {n}"] for n in model.output_names)]
    names = [loss.name for loss in task.losses if isinstance(loss, Loss)]
    yield from doubled_softmax(roots, ", ".join(names))
