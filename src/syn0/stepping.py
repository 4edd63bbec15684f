"""Steps one at a time: what the call before was asked, asked again of other numbers.

Everything about a call of one step that is not its numbers was checked, traced and planned by
the call before. As long as nothing else differs, the numbers are copied to where the compiled
step reads them. Whatever else there is goes the long way, which says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0 import fitting
from syn0.engines.protocol import SingleStep
from syn0.errors import Syn0Error
from syn0.graph import FLOATS
from syn0.program import State
from syn0.stateful import StatefulNetwork
from syn0.training.feeds import ResidentFeed
from syn0.training.record import Job, Record

Array = NDArray[Any]
MOST_BYTES = 1 << 20  # of a batch that is kept: a larger one costs more than to look it up
_PLAIN = (bool, int, float, str, type(None), FunctionType)
_HEARD = {"verbose": 0, "resume": False}  # calls of which nobody hears but the caller
_ALONE = ("sample_weight", "class_weight", "validation_data", "orders", "callbacks")


class StepAgain:
    """A step over batches of one size, bound to the network that it trains.

    Parameters
    ----------
    model : StatefulNetwork
        The network.
    job : Job
        What the call before did.
    X, y : array
        What it was given.
    options : mapping
        What else.
    summarize : callable
        Makes a row of the history of a step's totals.
    """

    def __init__(
        self, model: StatefulNetwork, job: Job, X: Array, y: Array, options: Mapping[str, Any],
        summarize: Callable[[Mapping[str, float]], dict[str, float]],
    ) -> None:  # fmt: skip
        self._model, self._job, self._given = model, job, _meanings(options)
        self._like = [(x.shape, x.dtype) for x in (X, y)]
        self._known = model.numbers, model.layout, set(model.frozen), model.frozen_entries()
        self._summarize = summarize
        self._outputs: Mapping[str, Any] = {}
        self._step: SingleStep | None = None
        self._unbound = True

    @staticmethod
    def serves(job: Job, X: Any, y: Any, options: Mapping[str, Any]) -> bool:
        """Tell whether a call was one step and nothing but a step, over arrays alone."""
        feed, task = job.feed, job.task
        return (
            isinstance(feed, ResidentFeed)
            and feed.steps_per_epoch == job.epochs == 1
            and all(_meaning(options[name]) == _meaning(value) for name, value in _HEARD.items())
            and not any(_is_given(options.get(name)) for name in _ALONE)
            and job.plan.minimizer is None
            and not (task.weighted or task.of_whole_sets() or job.measured)
            and len(task.targets) == 1
            and task.targets[0] is not None
            and all(type(x) is np.ndarray and 0 < x.nbytes <= MOST_BYTES for x in (X, y))
        )

    def fits(self, X: Any, y: Any, options: Mapping[str, Any]) -> bool:
        """Tell whether nothing but numbers differs from the call before."""
        model = self._model
        numbers, layout, frozen, entries = self._known
        return (
            model.numbers is numbers
            and model.layout is layout
            and model.frozen == frozen
            and model.frozen_entries() == entries  # of networks inside too
            and model.engine == self._job.engine
            and [(x.shape, x.dtype) for x in (X, y) if type(x) is np.ndarray] == self._like
            and _meanings(options) == self._given
        )

    def __call__(self, X: Array, y: Array) -> dict[str, float] | None:
        """Do a step; return its row of the history, or None, with nothing done."""
        if self._unbound:
            self._bind(X, y)
        step, model, state = self._step, self._model, self._model.numbers
        if step is None:
            return None
        x = step.inputs[model.input_names[0]]
        with np.errstate(over="ignore"):
            x[...] = X
        if not np.isfinite(x).all():
            return None
        try:
            targets = fitting.fit_targets(self._job.task, self._outputs, y)
        except Syn0Error:
            return None
        for name, values in targets.items():
            step.inputs[name][...] = values
        place = state["step"]
        for name, table in self._job.feed.tables.items():
            step.fill(name, replace(table, offset=int(place)).rows(0, 1)[0])
        totals = step()
        if totals is None:
            return None
        if state["step"] is place:  # a program that does not read it does not count it
            state["step"] = np.asarray(place + 1)
        return self._summarize(totals)

    def record(self, start: State, epoch: int) -> Record:
        """Return what printed code needs of the step that began with a state."""
        return replace(self._job.record(start, epoch, 1), frozen=frozenset(self._model.frozen))

    def _bind(self, X: Array, y: Array) -> None:
        """Bind the step if it is one that one thread does best, of one input of numbers."""
        self._unbound = False
        model, job = self._model, self._job
        inputs = model.input_tensors()
        if len(inputs) > 1 or inputs[0].dtype not in FLOATS or X.dtype.kind != "f":
            return
        self._outputs = model.trace().outputs
        try:
            targets = fitting.fit_targets(job.task, self._outputs, y)
        except Syn0Error:
            return
        given = {inputs[0].name or "": X, **targets}
        tables = dict.fromkeys(job.plan.schedules, np.asarray(0.0))
        executable = model.executable("train_step", task=job.task, plan=job.plan)
        self._step = executable.single_step(model.numbers, {**given, **tables}, job.threads)


def _is_given(value: Any) -> bool:
    return value is not None and not (isinstance(value, (list, tuple)) and not value)


def _meanings(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _meaning(value) for name, value in options.items()}


def _meaning(value: Any) -> Any:
    """Return what an argument means now, to be compared with what one means later.

    What may hide something that changes equals nothing.
    """
    if isinstance(value, (list, tuple)):
        return type(value), *map(_meaning, value)
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if is_dataclass(value) and type(value).__module__.startswith("syn0."):
        return type(value), *(_meaning(getattr(value, field.name)) for field in fields(value))
    return (type(value), value) if isinstance(value, _PLAIN) else object()
