"""`net.save`: a network with all that training needs to go on, as one file."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from syn0.errors import ArgumentError, DataError
from syn0.files import records
from syn0.files.atomic import write_atomically
from syn0.files.container import checksum, pack
from syn0.files.describing import Describer, Foreign
from syn0.files.envelope import seal
from syn0.files.graphs import Constants, encode_shape
from syn0.files.refusal import Refused
from syn0.files.registry import NAMES
from syn0.files.restoring import check_work
from syn0.files.tracking import watch
from syn0.layers.node import Node
from syn0.measuring import unmeasured
from syn0.stateful import StatefulNetwork
from syn0.steps import Plan, Task
from syn0.training.record import Settings

Tensors = dict[str, NDArray[Any]]


class Trained(Protocol):
    """What a file says of training."""

    @property
    def settings(self) -> Settings:
        """What the last fit was asked for."""
        ...

    @property
    def task(self) -> Task | None:
        """What it learned."""
        ...

    @property
    def plan(self) -> Plan | None:
        """What updates each parameter."""
        ...

    @property
    def epochs_done(self) -> int:
        """All epochs of all fits."""
        ...


def save(model: StatefulNetwork, trained: Trained, path: Any) -> None:
    """Write a network into a file; see `Model.save`."""
    record, tensors = describe(model, trained)
    for note in record.notes:
        warnings.warn(note, UserWarning, stacklevel=3)
    write_atomically(Path(path), packed(record, tensors))


def packed(record: records.Model, tensors: Tensors) -> bytes:
    """Return the bytes of a file."""
    with _refusing():
        return pack(seal(record), tensors)


@contextmanager
def _refusing() -> Iterator[None]:
    """Say that what cannot be loaded is not saved."""
    try:
        yield
    except Refused as error:
        raise ArgumentError(
            f"the network cannot be saved: {error.what}", expected=error.expected
        ) from None


def describe(
    model: StatefulNetwork,
    trained: Trained,
    run: Callable[[Describer], tuple[records.Run, Tensors]] | None = None,
) -> tuple[records.Model, Tensors]:
    """Return the JSON and the tensors of a network's file.

    Parameters
    ----------
    model : StatefulNetwork
        The network.
    trained : Trained
        What it was trained for.
    run : callable, optional
        Returns what a checkpoint holds besides.
    """
    with _refusing():
        return _Writer(model, trained).write(run)


class _Writer:
    """Gathers what one file holds."""

    def __init__(self, model: StatefulNetwork, trained: Trained) -> None:
        self.model, self.trained = model, trained
        self.layout = model.known_layout()
        self.describer = Describer()
        self.constants = Constants()
        self.tensors: Tensors = {}
        self.notes: list[str] = []

    def write(
        self, run: Callable[[Describer], tuple[records.Run, Tensors]] | None
    ) -> tuple[records.Model, Tensors]:
        model, describer = self.model, self.describer
        self._check_measured()
        task = self._storable_task()
        extra = [loss for loss in task.losses if isinstance(loss, Node)] if task else []
        network = describer.network(model, extra)
        training = self._training(task)
        found = run(describer) if run is not None else None
        if any(f.role in ("layer", "function", "loss", "metric") for f in describer.foreign):
            watch(model, self.layout.input_shapes, describer.foreign, self.constants, task)
        own = self._own()
        self._add_numbers()
        preparation = self._preparation()
        history = records.History(model.history.epochs, list(model.history))
        self._add("history", {name: np.asarray(v) for name, v in model.history.items()})
        self._add("constant", {str(i): a for i, a in enumerate(self.constants.arrays)})
        if found is not None:
            self.tensors |= found[1]
        values = {n: d.value for n, d in self.layout.declared.items() if d.value is not None}
        record = records.Model(
            syn0_version=sys.modules["syn0"].__version__,
            seed=model.seed,
            network=network,
            input_shapes=[encode_shape(shape) for shape in self.layout.input_shapes],
            hyperparameters={name: float(value) for name, value in values.items()},
            own=own,
            training=training,
            history=history,
            preparation=preparation,
            notes=self.notes,
            checksums={name: checksum(array) for name, array in self.tensors.items()},
            run=found[0] if found is not None else None,
        )
        check_work(record)
        return record, self.tensors

    def _add(self, group: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.tensors |= {f"{group}/{name}": np.asarray(array) for name, array in arrays.items()}

    # ----- numbers

    def _add_numbers(self) -> None:
        model, plan = self.model, self.trained.plan
        names = [*self.layout.declared, "seed", "step"]
        if plan is not None:
            names += [e.name for e in plan.entries(model.entries())]
        state = {name: np.asarray(model.numbers[name]) for name in names if name in model.numbers}
        if plan is not None:
            state |= self._present_rates(plan, state)
        for name, array in state.items():
            check_state(name, array)
        self._add("state", state)
        self._add("given", model._given)
        # What cannot be drawn again from the seed is kept, for net.reset().
        first = {
            name: declared.first_value(model.seed, number)
            for number, (name, declared) in enumerate(self.layout.declared.items())
            if declared.initializer is not None and not _is_drawn(declared.initializer)
        }
        self._add("initial", first)

    def _present_rates(self, plan: Plan, state: Tensors) -> Tensors:
        """Return the rates of schedules of one's own at the next step."""
        step = int(state["step"])
        return {
            name: np.asarray(schedule(step), state[name].dtype)
            for name, schedule in plan.schedules.items()
            if type(schedule) not in NAMES and name in state
        }

    def _preparation(self) -> records.Preparation | None:
        preparation = getattr(self.model, "preparation", None)
        if preparation is None:
            return None
        plain, arrays = preparation.to_plain()
        self._add("preparation", arrays)
        return records.Preparation(plain, list(arrays))

    # ----- training

    def _storable_task(self) -> Task | None:
        """Return the last task, without metrics that are Python on arrays."""
        task = self.trained.task
        if task is None:
            return None
        kept = tuple(
            tuple(m for m in chosen if m.per_sample or type(m) in NAMES) for chosen in task.metrics
        )
        return replace(task, metrics=kept)

    def _training(self, task: Task | None) -> records.Training:
        trained, value = self.trained, self.describer.value
        settings = trained.settings
        return records.Training(
            loss=value(settings.loss, "function"),
            optimizer=value(settings.optimizer),
            metrics=self._metrics(settings.metrics),
            loss_weights=value(settings.loss_weights),
            task=None if task is None else self._task(task),
            trainable=None if trained.plan is None else list(trained.plan.trainable),
            epochs=trained.epochs_done,
        )

    def _metrics(self, given: Any) -> Any:
        """Return the metrics that the last fit was given, but for Python on arrays."""
        if isinstance(given, Mapping):
            return records.Named({str(k): self._metrics(v) for k, v in given.items()})
        if isinstance(given, (list, tuple)):
            kept = [m for m in given if not _is_python(m)]
            for metric in given:
                if _is_python(metric):
                    self.notes.append(
                        f"the metric {metric.name} is not in the file: it is Python, computed "
                        "from arrays. Give it to the next fit again."
                    )
            return records.Items([self._metrics(m) for m in kept])
        if _is_python(given):
            return self._metrics([given])
        return self.describer.value(given)

    def _task(self, task: Task) -> records.Task:
        value = self.describer.value
        return records.Task(
            losses=[value(loss) for loss in task.losses],
            targets=[
                None if t is None
                else records.Target(t.name, encode_shape(t.shape), t.dtype, t.classes)
                for t in task.targets
            ],
            metrics=[[value(metric) for metric in chosen] for chosen in task.metrics],
            loss_weights=[float(weight) for weight in task.loss_weights],
            weighted=task.weighted,
        )  # fmt: skip

    # ----- what is not of syn0

    def _check_measured(self) -> None:
        """Refuse a layer of one's own that still waits to measure the data, which is Python."""
        for scope, (layer, _) in unmeasured(self.model).items():
            if type(layer) not in NAMES:
                raise ArgumentError(
                    f"the layer {scope!r} has measured no data yet, and a file cannot hold how it "
                    "does so.",
                    mend="save the network after fit",
                )

    def _own(self) -> list[records.AnyOwn]:
        found: list[records.AnyOwn] = []
        for foreign in self.describer.foreign:  # initializers of layers may join on the way
            found.append(self._own_record(foreign))
        return found

    def _own_record(self, foreign: Foreign) -> records.AnyOwn:
        name, settings, thing = foreign.name, foreign.fields, foreign.thing
        if foreign.role == "layer":
            return records.OwnLayer(
                name=name,
                fields=settings,
                layer_name=thing.name,
                input_dtype=getattr(thing, "input_dtype", None),
                parameters=self._declared(foreign.declared),
                state=self._declared(foreign.statistics),
                hyperparameters={k: float(v) for k, v in foreign.numbers.items()},
                graphs=foreign.graphs,
                penalties=foreign.penalties,
            )
        if foreign.role == "loss":
            said = foreign.said
            return records.OwnLoss(
                name, settings, thing.name, thing.reduction, thing.targets,
                said.get("threshold"), bool(said.get("exclusive")), foreign.graphs,
            )  # fmt: skip
        if foreign.role == "metric":
            return records.OwnMetric(name, settings, thing.name, foreign.graphs)
        if foreign.role == "initializer":
            return records.OwnInitializer(name, settings)
        if foreign.role == "schedule":
            return records.OwnSchedule(name, settings, self._rate(foreign))
        if foreign.role == "optimizer":
            self.notes.append(
                f"the optimizer {name} is not in the file, which holds no optimizers of one's own. "
                f"Load it with custom=[{name}], or give the next fit another."
            )
            return records.OwnOptimizer(name, settings)
        return records.OwnFunction(name, settings, foreign.graphs)

    def _declared(self, declared: Mapping[str, Any]) -> dict[str, records.Declared]:
        for name in declared:
            if not name.isidentifier():
                raise ArgumentError(
                    f"a parameter called {name!r} cannot be saved.",
                    expected="a Python name, since printed code uses it",
                )
        return {
            name: records.Declared(
                [int(d) for d in shape], self.describer.value(initializer, "initializer")
            )
            for name, (shape, initializer) in declared.items()
        }

    def _rate(self, foreign: Foreign) -> float:
        """Return the rate of a schedule of one's own at the next step, and say so."""
        rate = float(foreign.thing(int(self.model.numbers["step"])))
        self.notes.append(
            f"the learning rate {foreign.name} is a function of yours, which a file cannot hold: "
            f"it holds the rate of the next step, {rate:g}. Load it with custom=[{foreign.name}] "
            "to go on with the function."
        )
        return rate


def _is_drawn(initializer: Any) -> bool:
    """Tell whether initial values come from the seed alone, by an initializer of syn0."""
    return type(initializer) in NAMES and isinstance(
        getattr(initializer, "value", 0.0), (int, float)
    )


def _is_python(metric: Any) -> bool:
    """Tell whether a metric is a class of one's own that computes from arrays."""
    return hasattr(metric, "whole_set") and not metric.per_sample and type(metric) not in NAMES


def check_state(name: str, array: NDArray[Any]) -> None:
    """Refuse numbers that are not finite."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError(
            f"{name} holds {_first_bad(array)}.",
            expected="finite numbers",
            mend="net.reset(), or net.set_parameters with finite numbers",
        )


def _first_bad(array: NDArray[Any]) -> float:
    flat = array.reshape(-1)
    return float(flat[~np.isfinite(flat)][0]) if flat.size else math.nan
