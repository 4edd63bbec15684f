"""Runs in files: what a checkpoint holds, and how a fit continues one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.errors import ArgumentError, DataError
from syn0.files import records
from syn0.files.comparing import first_difference
from syn0.files.describing import Describer
from syn0.files.refusal import Refused, short
from syn0.files.stored_run import StoredRun, newest, unusable
from syn0.saving import describe, packed
from syn0.stateful import StatefulNetwork
from syn0.steps import Plan, Task
from syn0.tracing import STEP
from syn0.training import fingerprints
from syn0.training.callbacks import Callback
from syn0.training.checkpoints import Checkpoint, Keeper
from syn0.training.chunks import ChunkFeed
from syn0.training.events import Event, FitStarted, Paused
from syn0.training.history import History
from syn0.training.record import Job, Place, Settings
from syn0.training.run import Listener, Run
from syn0.training.sources import GivenChunks

Tensors = dict[str, NDArray[Any]]


# ----- writing ------------------------------------------------------------


@dataclass(frozen=True)
class _Trained:
    """What a file says of training, as it is at a checkpoint."""

    settings: Settings
    task: Task
    plan: Plan
    epochs_done: int


class Writer:
    """Makes the files of one fit.

    Parameters
    ----------
    model : StatefulNetwork
        What is trained.
    job : Job
        The fit.
    before : History
        The epochs before the run.
    """

    def __init__(self, model: StatefulNetwork, job: Job, before: History) -> None:
        self._model, self._job, self.before = model, job, before

    def describe(
        self, paused: Paused, updates: int, run: Run, callbacks: Sequence[Callback] = ()
    ) -> tuple[records.Model, Tensors]:
        """Return the JSON and the tensors of a checkpoint."""
        job, history = self._job, History()
        for part in (self.before, run.history):
            history.extend(part)
        numbers = {**run.state, STEP.name: np.asarray(updates, STEP.dtype)}
        view = self._model.as_of(numbers, history)
        trained = _Trained(job.settings, job.task, job.plan, history.epochs)
        return describe(view, trained, partial(self._run, paused, run, callbacks))

    def content(self, paused: Paused, updates: int, run: Run) -> bytes:
        """Return the bytes of a checkpoint."""
        return packed(*self.describe(paused, updates, run, self._job.listeners))

    def _run(
        self, paused: Paused, run: Run, callbacks: Sequence[Callback], describer: Describer
    ) -> tuple[records.Run, Tensors]:
        job = self._job
        tensors: Tensors = {
            f"total/{name}": np.asarray(value, "float64") for name, value in paused.totals.items()
        }
        memories: list[records.Memory] = []
        for callback in callbacks:
            memory = callback.memory(run)
            if memory:
                place = f"callback/{len(memories)}"
                tensors |= {f"{place}/{name}": np.asarray(x) for name, x in memory.items()}
                memories.append(records.Memory(callback.kept_as, list(memory)))
        found = records.Run(
            first_epoch=run.history.first_epoch,
            epochs=paused.epoch,
            steps=paused.step,
            totals=list(paused.totals),
            batch_size=job.feed.batch_size,
            shuffle=job.feed.shuffle,
            data=self._data,
            optimizers=[
                records.Group(list(group.names), describer.value(group.optimizer))
                for group in job.plan.groups
            ],
            stopped=_short_enough(run.stopped),
            callbacks=memories,
        )
        return found, tensors

    @cached_property
    def _data(self) -> dict[str, str]:
        """What tells the data from others; looked at once a fit, when it is first wanted."""
        job = self._job
        source = job.feed.source if isinstance(job.feed, ChunkFeed) else None
        if isinstance(source, GivenChunks):
            found = fingerprints.of_chunks(source)
        else:
            found = fingerprints.of_data(job.data)
        if job.validation is not None:
            found |= fingerprints.of_data(job.validation[1], "validation ")
        return found


def _short_enough(stopped: tuple[str, str] | None) -> tuple[str, str] | None:
    if stopped is None:
        return None
    reason, message = (text[: records.MOST_TEXT] for text in stopped)
    return reason, message


# ----- a fit and its runs -------------------------------------------------


class Keeping:
    """The checkpoints of one fit: what it continues, and what it writes.

    Parameters
    ----------
    model : StatefulNetwork
        What is trained; it takes over the seed of the run that is continued.
    checkpoints : sequence of Checkpoint
        The folders. Of several, the run that went furthest is continued.
    resume : bool
        Whether there may be a run to continue.

    Raises
    ------
    ArgumentError
        If a folder holds a run that is not to be continued, or of another seed.
    """

    def __init__(
        self, model: StatefulNetwork, checkpoints: Sequence[Checkpoint], *, resume: bool
    ) -> None:
        self._model, self._checkpoints = model, checkpoints
        self._damaged: dict[Path, list[Path]] = {}
        found: list[StoredRun] = []
        for checkpoint in checkpoints:
            folder = checkpoint.place
            if folder.path in self._damaged:
                raise ArgumentError(
                    f"two Checkpoints have the folder {folder.path}.", mend="give each its own"
                )
            folder.prepare()
            if not resume and folder.paths():
                raise ArgumentError(
                    f"{folder.path} holds a run already.",
                    where="callbacks",
                    mend="fit(..., resume=True) continues it; for another run choose another "
                    "folder, or remove this one",
                )
            stored, self._damaged[folder.path] = newest(folder)
            found += [stored] if stored is not None else []
        self.stored = max(found, key=lambda run: int(run.tensors["state/step"]), default=None)
        if self.stored is not None:
            self._take_seed(self.stored)

    def _take_seed(self, stored: StoredRun) -> None:
        model, seed = self._model, stored.record.seed
        if model.seed != seed and not model.seed_drawn:
            raise ArgumentError(
                f"the run in {stored.path.parent} has the seed {seed}, the network {model.seed}.",
                where="random_state",
                mend=f"random_state={seed}, or leave it out",
            )
        model.seed = seed

    @property
    def place(self) -> Place | None:
        """Where the run goes on; None if one begins."""
        return None if self.stored is None else self.stored.place

    def adopt(self, job: Job, history: History) -> tuple[Job, History]:
        """Let the network stand where the run stands; return fit and history of the run.

        Parameters
        ----------
        job : Job
            The fit, which the network has begun.
        history : History
            That of a new run.

        Raises
        ------
        ArgumentError, DataError
            If the fit is not that of the run; it names the first difference. Also if a file
            cannot hold the network, which is better known before than at the first checkpoint.
        """
        if job.plan.minimizer is not None:
            raise ArgumentError(
                "L-BFGS keeps what it has learned of the curvature within SciPy, which does not "
                "hand it over: a checkpoint could not continue to the same bits.",
                where="callbacks",
                mend="leave Checkpoint out and use net.save after fit, or take an optimizer of "
                "steps, such as Adam",
            )
        self._writer = Writer(self._model, job, self._model.history)
        begun = Run(self._model.numbers, history=history)
        here, _ = self._writer.describe(Paused(0, 0, {}, ends=False), 0, begun)
        if self.stored is None:
            return job, history
        stored, model = self.stored, self._model
        _check_same(stored, here)
        try:
            numbers = stored.state(model.entries(), job.plan.entries(model.entries()))
            _check_place(stored.place, job)
        except Refused as error:
            raise unusable(stored.path, error) from None
        # What schedules set: a file may hold the present rate there, where it holds no function.
        numbers |= {n: model.numbers[n] for n in job.plan.schedules if n in numbers}
        first = stored.run.first_epoch
        before, history = stored.history(slice(first), 0), stored.history(slice(first, None), first)
        model.adopt(numbers, stored.record.network.settled, before)
        self._writer.before = before
        notice = f"resumes {stored.path} after {stored.place}"
        return replace(job, choices=(" · ".join((*job.choices, notice)),)), history

    def listeners(self, callbacks: Sequence[Callback], updates: int) -> Iterator[Listener]:
        """Yield what is to hear the fit after all others.

        Parameters
        ----------
        callbacks : sequence of Callback
            Those of the fit.
        updates : int
            How many the network had before.
        """
        written = None
        if self.stored is not None:
            yield _Recall(self.stored, callbacks)
            written = self.stored.run.epochs, self.stored.run.steps
        for checkpoint in self._checkpoints:
            path = checkpoint.place.path
            here = self.stored is not None and self.stored.path.parent == path
            yield Keeper(
                checkpoint, self._writer.content, updates,
                written=written if here else None, useless=self._damaged[path],
            )  # fmt: skip


def _check_same(stored: StoredRun, here: records.Model) -> None:
    """Refuse a fit that is not that of the run."""
    found = first_difference(stored.record, here)
    if found is None:
        return
    versions = stored.record.syn0_version, here.syn0_version
    releases = "the run is of syn0 {}, this is {}".format(*versions)
    raise (DataError if found.of_data else ArgumentError)(
        f"the fit is not that of the run in {stored.path.parent}: {found}.",
        where="resume=True" + (f"; {releases}" if versions[0] != versions[1] else ""),
        mend="fit as before to continue the run; for another one choose another folder",
    )


def _check_place(place: Place, job: Job) -> None:
    """Refuse a place that the fit does not come by."""
    wanted = {"weight_total", *(f"{key}_total" for key in job.task.totals)}
    if place.step and set(place.totals) != wanted:
        raise Refused(f"the figures of its epoch are {short(sorted(place.totals))}.")
    steps = None if isinstance(job.feed, ChunkFeed) else job.feed.steps_per_epoch
    if steps is not None and place.step >= steps:
        raise Refused(f"it stands at step {place.step} of {steps}.")


class _Recall(Listener):
    """Gives callbacks back what they remember, when a run is continued."""

    hears_epochs = False
    reads_state = False

    def __init__(self, stored: StoredRun, callbacks: Sequence[Callback]) -> None:
        self._stored, self._callbacks = stored, callbacks

    def receive(self, event: Event, run: Run) -> None:
        if not isinstance(event, FitStarted):
            return
        memories = self._stored.memories()
        for callback in self._callbacks:
            place = next((i for i, m in enumerate(memories) if m[0] == callback.kept_as), None)
            if place is None:
                continue
            try:
                callback.recall(memories.pop(place)[1], run)
            except DataError as error:
                raise unusable(self._stored.path, Refused(str(error))) from None
        if self._stored.run.stopped is not None:
            run.stop(*self._stored.run.stopped)
