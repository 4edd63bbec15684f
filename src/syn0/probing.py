"""The probe of a network at work: its program, and a batch that it is run on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.diagnosis.probe import Site, sites_of
from syn0.engines.threads import limit_threads
from syn0.graph import Tensor, evaluate
from syn0.program import State
from syn0.stateful import StatefulNetwork
from syn0.steps import Plan, Task

Array = NDArray[Any]
FEW = 2.5e6  # rows times numbers read: below this, finding BLAS takes longer than its threads cost


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
    compiled : bool
        Whether the network's engine runs it.
    forward_only : bool
        Whether to leave out all that takes a backward pass.
    """

    def __init__(
        self, model: StatefulNetwork, batch: Mapping[str, Array], task: Task, plan: Plan | None,
        *, compiled: bool, forward_only: bool = False,
    ) -> None:  # fmt: skip
        options = {
            "task": task, "trainable": tuple(model.trainable()), "plan": plan,
            "forward_only": forward_only,
        }  # fmt: skip
        self.model = model
        self.program = model.program("probe", **options)
        inputs, entries = self.program.leaves()
        self.reads = {entry.name or "" for entry in entries}
        self._batch = {
            tensor.name or "": np.asarray(batch[tensor.name or ""]).astype(tensor.dtype)
            for tensor in inputs
        }
        rows = max((len(x) for x in self._batch.values() if x.ndim), default=0)
        self._few = rows * sum(np.size(model.numbers[name]) for name in self.reads) < FEW
        self._executable = model.executable("probe", **options) if compiled else None

    def outputs(self) -> dict[str, Tensor]:
        """Return what the network puts out."""
        return {name: self.program.outputs[f"output {name}"] for name in self.model.output_names}

    def sites(self) -> list[Site]:
        """Return the layers whose activation has flat parts."""
        return sites_of(list(self.outputs().values()))

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
        one_thread = nullcontext() if self._few else limit_threads(1, 0.0)
        with one_thread, np.errstate(all="ignore"):
            return evaluate(wanted, {**state, **self._batch})


def _arrays(values: Mapping[str, Any]) -> dict[str, Array]:
    return {name: np.asarray(value) for name, value in values.items()}
