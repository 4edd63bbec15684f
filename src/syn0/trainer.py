"""What `fit` does: checks everything, compiles a train step, runs the loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from syn0.closing import ClosingLine, kept_epoch
from syn0.diagnosing import Course, Subject, diagnose
from syn0.diagnosis import Report
from syn0.engines import Control, Executable, choose
from syn0.engines.threads import limit_threads
from syn0.errors import ArgumentError, NonFiniteError
from syn0.failures import explain_failure
from syn0.jobs import JobMaker
from syn0.measuring import measure, measure_after_epoch
from syn0.program import State
from syn0.stateful import StatefulNetwork
from syn0.stepping import StepAgain
from syn0.steps import Task
from syn0.training.callbacks import check_callbacks
from syn0.training.checkpoints import Checkpoint
from syn0.training.chunks import ChunkFeed
from syn0.training.events import Event, FitEnded
from syn0.training.history import History
from syn0.training.loop import mean_of_totals, train
from syn0.training.minimize import Unpacked, minimize, pack
from syn0.training.progress import ProgressDisplay
from syn0.training.record import Job, Record, Settings
from syn0.training.run import Listener, Run
from syn0.training.sources import (
    are_chunks,
)
from syn0.training.streaming import train_on_chunks

if TYPE_CHECKING:
    from syn0.checkpointing import Keeping

Array = NDArray[Any]

__all__ = ["Job", "Record", "Settings", "Trainer"]


class Trainer(JobMaker):
    """The training of one model: its settings, what it compiled, what it ran last.

    Parameters
    ----------
    model : StatefulNetwork
        What is trained.
    """

    def __init__(self, model: StatefulNetwork) -> None:
        super().__init__(model)
        self._again: StepAgain | None = None  # the last call, if it was but a step

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_again": None}

    # ----- the verbs

    def fit(
        self, X: Any, y: Any, *, verbose: Any = "auto", counts: bool = True, resume: bool = False,
        **options: Any,
    ) -> History:  # fmt: skip
        """Train; see `Model.fit`.

        A call that fails before its first step leaves the network as it was.

        Parameters
        ----------
        counts : bool
            Whether the epochs join those of the network; a single step is none.
        resume : bool
            Whether to continue the run in the folder of a `Checkpoint`.
        **options
            As in `Model.fit`; also ``orders``, as in `ResidentFeed`, for arrays in memory.
        """
        given = {"verbose": verbose, "resume": resume, **options}
        if self._again is not None and self._again.fits(X, y, given):
            history = self._step_again(self._again, X, y, counts)
            if history is not None:
                return history
        self._again = None
        job, history = self._fit(X, y, verbose=verbose, counts=counts, resume=resume, **options)
        if StepAgain.serves(job, X, y, given):
            self._again = StepAgain(self.model, job, X, y, given, _summary_of(job.task))
        return history

    def _step_again(self, step: StepAgain, X: Any, y: Any, counts: bool) -> History | None:
        """Do the step of the call before with other numbers; None where it cannot be done."""
        start = dict(self.model.numbers)
        row = step(X, y)
        if row is None:
            return None
        history = History(self.epochs_done)
        history.append(row)
        if counts or self.record is None:
            self.record = step.record(start, self.epochs_done)
        if counts:
            self.epochs_done += 1
            self.model.history.append(row)
        return history

    def _fit(
        self, X: Any, y: Any, *, verbose: Any, counts: bool, resume: bool, **options: Any
    ) -> tuple[Job, History]:
        """Train the long way, which looks at everything."""
        display, counter = ProgressDisplay(verbose), _Counter()
        history = History(self.epochs_done)
        before = (self.model.snapshot(), self.settings, self.task, self.plan, self.epochs_done)
        start: State = {}
        begun: State = {}
        try:
            chunked = not self.model.reads(X) and are_chunks(X, y)
            keeping = self._keeping(options.get("callbacks"), resume)
            place = None if keeping is None else keeping.place
            if place is not None:
                self.task, self.plan, self.epochs_done = None, None, place.epoch
            job = self.prepare(X, y, chunked=chunked, place=place, **options)
            start = self._begin(job)
            if keeping is not None:
                job, history = keeping.adopt(job, history)
                self.epochs_done = history.first_epoch
            begun = {name: self.model.numbers[name] for name in job.plan.trainable}
            with self._limits(job):
                self._run(job, history, display, counter, keeping)
        except BaseException as error:  # Ctrl-C, while a program is compiled, is one too
            stepped = counter.steps or self._moved(begun)
            if not stepped and not isinstance(error, NonFiniteError):
                snapshot, self.settings, self.task, self.plan, self.epochs_done = before
                self.model.restore(snapshot)
                history = History(self.epochs_done)
            raise
        finally:
            # Also after an error or Ctrl-C: the steps that were done are kept.
            if history.epochs and (counts or self.record is None):
                self.record = None if place else self._record(job, start, history, counter.reason)
            if counts:
                self.epochs_done += history.epochs
                self.model.history.extend(history)
        return job, history

    def _record(self, job: Job, start: State, history: History, reason: str) -> Record:
        """Return what printed code needs; of a run that was resumed it does not know the start."""
        record = job.record(start, self.epochs_done, history.epochs)
        frozen, kept = self.model.frozen, kept_epoch(job.listeners, reason)
        return replace(record, frozen=frozenset(frozen), kept_epoch=kept)

    def _keeping(self, callbacks: Any, resume: bool) -> Keeping | None:
        """Return the checkpoints that are to be written, and the run that is to be resumed."""
        found = [c for c in check_callbacks(callbacks) if isinstance(c, Checkpoint)]
        if found:
            from syn0.checkpointing import Keeping

            return Keeping(self.model, found, resume=resume)
        if resume:
            raise ArgumentError(
                "resume=True needs the folder of the run.",
                where="callbacks",
                mend='add a checkpoint: callbacks=[syn0.Checkpoint("runs/a")]; without one, call '
                "fit again: it continues where the last call ended",
            )
        return None

    def _moved(self, begun: State) -> bool:
        """Tell whether a step was done: steps put new arrays in the place of the old."""
        return any(self.model.numbers.get(name) is not value for name, value in begun.items())

    def evaluate(self, X: Any, y: Any, sample_weight: Any) -> dict[str, float]:
        """Return loss and metrics; see `Model.evaluate`."""
        task, data = self.given(X, y, sample_weight)
        return measure(self.model, task, data)

    def gradients(self, X: Any, y: Any) -> dict[str, Array]:
        """Return the gradient of every trainable parameter; see `Model.gradients`."""
        task, data = self.given(X, y, None)
        names = self.model.trainable()
        executable = self.model.executable("loss_and_gradient", task=task, trainable=tuple(names))
        found, _ = executable.run(self.model.numbers, data.all())
        return {name: np.asarray(found[name]) for name in names}

    def diagnose(self, X: Any, y: Any) -> Report:
        """Return what is wrong; see `Model.diagnose`."""
        model, record = self.model, self.record
        model.known_layout()  # an unbuilt network stays so: that is an error
        task, data = self.given(X, y, None)
        course = Course()
        if record is not None:
            course = Course.of(model.history, record.first_epoch, record.kept_epoch)
        step = int(model.numbers["step"])
        return diagnose(Subject(model, task, data, self.plan, course, step))

    # ----- running

    def _begin(self, job: Job) -> State:
        """Take over what the job brings, and return a copy of the state to start from."""
        model = self.model
        if "step" in job.fresh and self.plan is not None:
            # What the optimizer before needed is of no use any more.
            for entry in self.plan.entries(model.entries()):
                model.numbers.pop(entry.name, None)
        model.engine = job.engine
        model.numbers.update(job.fresh)
        model.measure_statistics(job.measured)
        self.settings, self.task, self.plan = job.settings, job.task, job.plan
        return dict(model.numbers)  # steps put new arrays in the place of the old

    def _limits(self, job: Job) -> AbstractContextManager[Any]:
        """Return a context with as many threads of BLAS as the NumPy engine should use."""
        if choose(job.engine)[0].name != "numpy":
            return nullcontext()
        return limit_threads(job.threads, self._operations(job))

    def _operations(self, job: Job) -> float:
        """Return about how many operations a step takes: a product forward, two back."""
        weights = sum(math.prod(e.shape) for e in self.model.entries() if len(e.shape) > 1)
        return 6.0 * job.feed.batch_size * weights

    def _run(
        self, job: Job, history: History, display: ProgressDisplay, counter: _Counter,
        keeping: Keeping | None,
    ) -> None:  # fmt: skip
        subject = Subject(self.model, job.task, job.data, job.plan)
        last = ClosingLine(subject, history, counter.began, job.feed.tables, job.listeners)
        updates = int(self.model.numbers["step"])
        keepers = () if keeping is None else keeping.listeners(job.listeners, updates)
        common: dict[str, Any] = {
            "epochs": job.epochs,
            "evaluate": self._evaluator(job),
            # The counter hears first: an error in a callback must not cost it the step. What is
            # said at the end comes last, of the parameters that callbacks leave behind.
            "listeners": (
                counter,
                display,
                *([last] if display.speaks else []),
                *job.listeners,
                *keepers,
            ),
            "history": history,
            "choices": job.choices,
            "keys": job.keys(),
            "restorable": self.model.restorable(),
        }
        if job.plan.minimizer is not None:
            self._minimize(job, common)
        else:
            self._descend(job, common, counter)

    def _descend(self, job: Job, common: dict[str, Any], counter: _Counter) -> None:
        model, feed, before = self.model, job.feed, int(self.model.numbers["step"])
        executable = model.executable("train_step", task=job.task, plan=job.plan)

        def explain(failure: str, batch: Mapping[str, Array], step: int) -> NonFiniteError:
            return explain_failure(model, job.plan, batch, failure, step)

        common |= {
            "summarize": _summary_of(job.task),
            "scheduled": tuple(job.plan.schedules),
            "control": Control(threads=job.threads, row=dict(job.place.totals)),
        }
        try:
            if isinstance(feed, ChunkFeed):
                train_on_chunks(
                    executable, model.numbers, feed, explain=explain,
                    first_epoch=job.place.epoch, first_step=job.place.step, **common,
                )  # fmt: skip
            else:
                train(
                    executable, model.numbers, feed, samples=feed.samples,
                    explain=lambda failure, step: explain(failure, feed.batch(step), step),
                    initial_step=job.place.epoch * feed.steps_per_epoch + job.place.step,
                    **common,
                )  # fmt: skip
        finally:
            # Programs that do not read the number of the step do not count it either.
            done = max(int(model.numbers["step"]), before + counter.steps)
            model.numbers["step"] = np.asarray(done, dtype="int64")

    def _minimize(self, job: Job, common: dict[str, Any]) -> None:
        model, minimizer = self.model, job.plan.minimizer
        names = model.trainable()
        executable: Executable = model.executable(
            "loss_and_gradient", task=job.task, trainable=tuple(names), plan=job.plan
        )
        batch = job.data.all()
        bound, parameters = executable.bound(batch), Unpacked(model.numbers, names)

        def loss_and_gradient(vector: Any) -> tuple[float, Any]:
            parameters.take(vector)
            outputs, statistics = bound({**model.numbers, **parameters.arrays})
            if math.isfinite(outputs["loss"]):
                model.numbers.update({k: np.asarray(v) for k, v in statistics.items()})
            return float(outputs["loss"]), pack(outputs, names)

        assert minimizer is not None
        minimize(
            loss_and_gradient, model.numbers, names, initial_step=job.place.epoch,
            explain=lambda failure, step: explain_failure(model, job.plan, batch, failure, step),
            options=minimizer.options(), samples=job.data.samples, **common,
        )  # fmt: skip

    def _evaluator(self, job: Job) -> Callable[[], Mapping[str, float]] | None:
        alone = job.plan.minimizer is not None
        if job.validation is None and not (
            job.task.of_whole_sets() or (alone and job.task.keys[1:])
        ):
            return None

        def evaluate() -> dict[str, float]:
            found = measure_after_epoch(self.model, job.task, job.data, all_metrics=alone)
            held = measure(self.model, *job.validation) if job.validation is not None else {}
            return found | {f"val_{name}": value for name, value in held.items()}

        return evaluate


class _Counter(Listener):
    """Counts the steps of a run, and knows when it began and how it ended."""

    hears_epochs = False

    def __init__(self) -> None:
        self._first: int | None = None
        self.began = time.perf_counter()
        self.steps = 0
        self.reason = ""

    def receive(self, event: Event, run: Run) -> None:
        if isinstance(event, FitEnded):
            self.reason = event.reason
        if self._first is None:
            self._first = run.step
        self.steps = run.step - self._first


def _summary_of(task: Task) -> Callable[[Mapping[str, float]], dict[str, float]]:
    """Return what makes a row of the history of totals."""
    if task.loss_total == "mean":
        return mean_of_totals
    sums = [key for key, kind in task.totals.items() if kind == "sum"]

    def summarize(totals: Mapping[str, float]) -> dict[str, float]:
        return {**mean_of_totals(totals), **{key: totals[f"{key}_total"] for key in sums}}

    return summarize
