"""What `fit` does: checks everything, compiles a train step, runs the loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0 import arrays, fitting, optimizers
from syn0.closing import ClosingLine, kept_epoch
from syn0.diagnosing import Course, Subject, diagnose
from syn0.diagnosis import Report
from syn0.engines import Control, Executable, choose
from syn0.engines.threads import limit_threads
from syn0.errors import ArgumentError, NonFiniteError
from syn0.failures import explain_failure
from syn0.losses import Loss
from syn0.measuring import measure, measure_after_epoch, measure_statistics, unmeasured
from syn0.program import State
from syn0.stateful import StatefulNetwork
from syn0.steps import Plan, Task
from syn0.training.callbacks import check_callbacks
from syn0.training.chunks import ChunkFeed
from syn0.training.events import Event, FitEnded
from syn0.training.feeds import Order, ResidentFeed, StepTable, resolve_batch_size
from syn0.training.history import History
from syn0.training.loop import mean_of_totals, train
from syn0.training.minimize import minimize, pack, unpack
from syn0.training.progress import ProgressDisplay
from syn0.training.record import Record, Settings, check_count, check_threads
from syn0.training.run import Listener, Run
from syn0.training.samples import Data
from syn0.training.sources import (
    GivenChunks,
    MappedRows,
    are_chunks,
    check_chunked,
    needs_all,
    unpack_chunk,
)
from syn0.training.streaming import train_on_chunks

Array = NDArray[Any]
_MORE_LEARN = "more parameters learn"

__all__ = ["Job", "Record", "Settings", "Trainer"]


@dataclass(frozen=True)
class Job:
    """Everything that a fit needs, checked."""

    settings: Settings
    task: Task
    plan: Plan
    fresh: State  # entries that begin anew
    measured: State  # statistics taken from the training data
    data: Data  # nothing where they come in chunks
    validation: tuple[Task, Data] | None
    feed: ResidentFeed | ChunkFeed
    epochs: int
    listeners: tuple[Any, ...]
    choices: tuple[str, ...]
    engine: str
    threads: int | str

    def record(self, start: State, first_epoch: int, epochs: int) -> Record:
        """Return what printed code needs of a run of so many epochs."""
        feed = self.feed
        samples = feed.samples or feed.batch_size
        return Record(
            self.task, self.plan, start, first_epoch, epochs,
            min(feed.batch_size, samples), feed.shuffle, samples,
        )  # fmt: skip

    def keys(self) -> tuple[str, ...]:
        """Return the keys that every epoch will have."""
        held = self.validation[0].keys if self.validation is not None else ()
        return (*self.task.keys, *(f"val_{name}" for name in held))


class Trainer:
    """The training of one model: its settings, what it compiled, what it ran last.

    Parameters
    ----------
    model : StatefulNetwork
        What is trained.
    """

    def __init__(self, model: StatefulNetwork) -> None:
        self.model = model
        self.settings = Settings()
        self.task: Task | None = None
        self.plan: Plan | None = None
        self.record: Record | None = None
        self.epochs_done = 0

    # ----- the verbs

    def fit(
        self, X: Any, y: Any, *, verbose: Any = "auto", counts: bool = True, **options: Any
    ) -> History:
        """Train; see `Model.fit`.

        A call that fails before its first step leaves the network as it was.

        Parameters
        ----------
        counts : bool
            Whether the epochs join those of the network; a single step is none.
        **options
            As in `Model.fit`; also ``order``, as in `ResidentFeed`, for arrays in memory.
        """
        display, counter = ProgressDisplay(verbose), _Counter()
        history = History(self.epochs_done)
        before = (self.model.snapshot(), self.settings, self.task, self.plan)
        start: State = {}
        begun: State = {}
        try:
            chunked = not self.model.reads(X) and are_chunks(X, y)
            job = self.prepare(X, y, chunked=chunked, **options)
            start = self._begin(job)
            begun = {name: self.model.numbers[name] for name in job.plan.trainable}
            with self._limits(job):
                self._run(job, history, display, counter)
        except BaseException as error:  # Ctrl-C, while a program is compiled, is one too
            stepped = counter.steps or self._moved(begun)
            if not stepped and not isinstance(error, NonFiniteError):
                snapshot, self.settings, self.task, self.plan = before
                self.model.restore(snapshot)
            raise
        finally:
            # Also after an error or Ctrl-C: the steps that were done are kept.
            if history.epochs and (counts or self.record is None):
                record = job.record(start, self.epochs_done, history.epochs)
                frozen, kept = self.model.frozen, kept_epoch(job.listeners, counter.reason)
                self.record = replace(record, frozen=frozenset(frozen), kept_epoch=kept)
            if counts:
                self.epochs_done += history.epochs
                self.model.history.extend(history)
        return history

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

    def given(self, X: Any, y: Any, sample_weight: Any, *, loss: Any = None) -> tuple[Task, Data]:
        """Return task and data for a call outside of fit, under the last settings."""
        return self._data(self.settings.followed_by(loss, None, None, None), X, y, sample_weight)

    # ----- preparing

    def prepare(
        self, X: Any, y: Any, *, loss: Any = None, optimizer: Any = None, epochs: int = 10,
        batch_size: Any = "auto", metrics: Any = None, loss_weights: Any = None,
        validation_data: Any = None, sample_weight: Any = None, class_weight: Any = None,
        callbacks: Sequence[Any] = (), shuffle: bool = True, engine: str = "auto",
        threads: Any = "auto", order: Order | None = None, chunked: bool = False,
    ) -> Job:  # fmt: skip
        """Check all that `fit` was given; nothing is changed but that shapes become known."""
        model = self.model
        check_count("epochs", epochs)
        check_threads(threads)
        listeners = check_callbacks(callbacks)
        chosen, why = choose(engine)
        settings = self.settings.followed_by(loss, optimizer, metrics, loss_weights)
        weights = sample_weight, class_weight
        samples: Data | GivenChunks
        if chunked:
            check_chunked(y, sample_weight, validation_data, batch_size)
            samples = GivenChunks(
                X, epoch=self.epochs_done, epochs=epochs, seed=model.seed, shuffle=shuffle
            )
            task, validation = self._chunks(settings, samples, class_weight, validation_data)
        else:
            task, samples, validation = self._samples(settings, X, y, weights, validation_data)
        plan, fresh, notice = self._plan(settings, task)
        feed = self._feed(task, plan, samples, batch_size, shuffle, order)
        done = int(fresh.get("step", model.numbers["step"]))
        if isinstance(feed, ResidentFeed):
            done -= self.epochs_done * feed.steps_per_epoch
        feed.tables = {
            name: StepTable(schedule, model.dtype, done)
            for name, schedule in plan.schedules.items()
        }
        size = f"{feed.batch_size}{' (auto)' if batch_size == 'auto' else ''}"
        choices = self._choices(task, plan, samples, validation)
        choices += [
            f"batch size {size}",
            model.dtype,
            f"engine {chosen.name} ({why})",
            f"seed {model.seed}",
        ]
        data, measured = Data({}), dict[str, Array]()
        if isinstance(samples, Data):
            data, measured = samples, self._statistics(samples, feed)
        return Job(
            settings, task, plan, fresh, measured, data, validation, feed,
            int(epochs), listeners, (" · ".join([*choices, *notice]),), engine, threads,
        )  # fmt: skip

    def _samples(
        self, settings: Settings, X: Any, y: Any, weights: tuple[Any, Any], validation_data: Any
    ) -> tuple[Task, Data, tuple[Task, Data] | None]:
        """Return task, training data and validation, from arrays."""
        sample_weight, class_weight = weights
        (task, data), validation = self._data(settings, X, y, sample_weight), None
        if validation_data is not None:
            data, validation = self._validation(validation_data, settings, task, data)
        labels = fitting.labels_of(task, data)
        by_class = fitting.class_weights(class_weight, labels, data.sample_weight)
        data = data.weighted_by(by_class).present()
        return replace(task, weighted=data.sample_weight is not None), data, validation

    def _chunks(
        self, settings: Settings, source: GivenChunks, class_weight: Any, validation_data: Any
    ) -> tuple[Task, tuple[Task, Data] | None]:
        """Return task and validation; the first chunk decides what all others must be like."""
        model = self.model
        with source.first() as chunk:
            X, y, sample_weight = unpack_chunk(chunk)
            task, data = self._data(settings, X, y, sample_weight)
            data = data.weighted_by(fitting.chunk_weights(class_weight, task, data))
        if found := measure_statistics(model, data.inputs):
            raise needs_all(f"what is measured, {' and '.join(found)},", "tell the layer")
        task = replace(task, weighted=data.sample_weight is not None)
        dtypes = {name: x.dtype for name, x in data.all().items()}
        alike = fitting.Alike(
            model, model.trace().outputs, task, dtypes, sample_weight is not None, class_weight
        )
        source.prepared_by(lambda chunk: alike(*unpack_chunk(chunk)), data.samples)
        if validation_data is None:
            return task, None
        return task, self._validation(validation_data, settings, task, data)[1]

    def _feed(
        self, task: Task, plan: Plan, samples: Data | GivenChunks, batch_size: Any,
        shuffle: bool, order: Order | None,
    ) -> ResidentFeed | ChunkFeed:  # fmt: skip
        """Return the batches: of arrays in memory, of a mapped file, or of chunks."""
        seed = self.model.seed
        if isinstance(samples, GivenChunks):
            _check_by_chunks(task, plan)
            size = resolve_batch_size(batch_size)
            return ChunkFeed(samples, batch_size=size, seed=seed, shuffle=shuffle)
        size = resolve_batch_size(batch_size, samples.samples)
        chunked = samples.mapped and order is None  # who gives the order wants it kept
        if chunked and plan.minimizer is None and size < samples.samples:
            source = MappedRows(
                lambda rows: samples.rows(rows).all(), samples=samples.samples,
                row_bytes=samples.row_bytes, seed=seed, shuffle=shuffle,
            )  # fmt: skip
            return ChunkFeed(source, batch_size=size, seed=seed, shuffle=shuffle)
        return ResidentFeed(
            samples.all(), batch_size=batch_size, seed=seed, shuffle=shuffle, order=order
        )

    def _data(self, settings: Settings, X: Any, y: Any, sample_weight: Any) -> tuple[Task, Data]:
        """Return task and data; samples without weight are left out."""
        X, y = self.model.samples(X, y)
        inputs = self.model.prepare(X)
        task, targets = self._task(settings, y)
        samples = arrays.check_same_length({**inputs, **targets})
        weight = None
        if sample_weight is not None:
            weight = arrays.check_sample_weight(sample_weight, samples)
        data = Data(inputs, targets, weight).present()
        return replace(task, weighted=weight is not None), data

    def _task(self, settings: Settings, y: Any) -> tuple[Task, dict[str, Array]]:
        weights = 1.0 if settings.loss_weights is None else settings.loss_weights
        return fitting.make_task(
            self.model, loss=settings.loss, metrics_given=settings.metrics,
            loss_weights=weights, y=y,
        )  # fmt: skip

    def _validation(
        self, given: Any, settings: Settings, task: Task, data: Data
    ) -> tuple[Data, tuple[Task, Data]]:
        """Return what is left for training, and what is held out."""
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            labels = fitting.labels_of(task, data)
            train_part, held = fitting.split(data, float(given), self.model.seed, labels)
            return train_part, (task, held)
        if self.model.reads(given):
            given = self.model.samples(given, None)
        if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
            raise ArgumentError(
                f"validation_data is a {type(given).__name__}.",
                expected="a share in (0, 1), or (X, y), or (X, y, sample_weight)",
            )
        X, y = self.model.samples(given[0], given[1])
        inputs = fitting.prepare_inputs(self.model, X, "validation X")
        # Its y may be class numbers where that of training is one-hot.
        own_task, targets = self._task(settings, y)
        samples = arrays.check_same_length({**inputs, **targets})
        weight = None
        if len(given) == 3 and given[2] is not None:
            weight = arrays.check_sample_weight(given[2], samples, "validation sample_weight")
        return data, (own_task, Data(inputs, targets, weight))

    def _plan(self, settings: Settings, task: Task) -> tuple[Plan, State, tuple[str, ...]]:
        """Return what updates each parameter, the entries that begin anew, and what to say."""
        model, names = self.model, self.model.trainable()
        if not names:
            nothing = any(e.trainable for e in model.entries())
            raise ArgumentError(
                "every layer is frozen." if nothing else "the network has no parameters to learn.",
                mend='net.unfreeze("*")' if nothing else "add a layer that learns, such as Dense",
            )
        given = "adam" if settings.optimizer is None else settings.optimizer
        every = [e.name for e in model.entries() if e.trainable]
        assigned = optimizers.assign(given, every, frozen=set(every).difference(names))
        plan = Plan(tuple(assigned.items()), tuple(names))
        plan.entries(model.entries())  # raises where a name is taken, in a frozen layer too
        fresh = plan.first_state(model.entries())
        if self.plan is None:
            return plan, fresh, ()
        what, numbers = self._another(plan, task), model.numbers
        if what is None:
            missing = {name: value for name, value in fresh.items() if name not in numbers}
            return plan, missing, (f"continues after epoch {self.epochs_done}",)
        if what == _MORE_LEARN:
            # The optimizer is the same: its numbers stay as they were set or lowered.
            kept = plan.first_state(model.entries(), "hyperparameter")
            fresh |= {name: numbers[name] for name in kept if name in numbers}
        fresh["step"] = np.asarray(0, dtype="int64")
        return plan, fresh, (f"{what}: the optimizer starts with fresh slots",)

    def _another(self, plan: Plan, task: Task) -> str | None:
        """Return why the optimizer starts afresh, None if it goes on."""
        if self.plan is None or not plan.continues(self.plan):
            return "another optimizer"
        if self.task is None or not self.task.same_losses(task):
            return "another loss"
        # Slots that begin later than the count of the steps would be corrected wrongly.
        slots = plan.first_state(self.model.entries(), "slot")
        return None if slots.keys() <= self.model.numbers.keys() else _MORE_LEARN

    def _statistics(self, data: Data, feed: ResidentFeed | ChunkFeed) -> State:
        """Return what layers measure; of a mapped file they see the first chunk of an epoch."""
        if not unmeasured(self.model):
            return {}
        if isinstance(feed, ResidentFeed):
            return measure_statistics(self.model, data.inputs)
        sample = next(feed.source.chunks(0))
        return measure_statistics(self.model, {name: sample[name] for name in data.inputs})

    def _choices(
        self, task: Task, plan: Plan, samples: Data | GivenChunks,
        validation: tuple[Task, Data] | None,
    ) -> list[str]:  # fmt: skip
        names = [loss.name if isinstance(loss, Loss) else "a layer's" for loss in task.losses]
        held = f", {validation[1].samples} for validation" if validation is not None else ""
        return [
            f"loss {', '.join(names)}",
            f"optimizer {plan.describe()}",
            f"{samples.described}{held}",
        ]

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

    def _run(self, job: Job, history: History, display: ProgressDisplay, counter: _Counter) -> None:
        subject = Subject(self.model, job.task, job.data, job.plan)
        last = ClosingLine(subject, history, counter.began, job.feed.tables, job.listeners)
        common: dict[str, Any] = {
            "epochs": job.epochs,
            "evaluate": self._evaluator(job),
            # The counter hears first: an error in a callback must not cost it the step. What is
            # said at the end comes last, of the parameters that callbacks leave behind.
            "listeners": (counter, display, *([last] if display.speaks else []), *job.listeners),
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
            "summarize": mean_of_totals if job.task.loss_total == "mean" else _with_sums(job.task),
            "scheduled": tuple(job.plan.schedules),
            "control": Control(threads=job.threads),
        }
        try:
            if isinstance(feed, ChunkFeed):
                train_on_chunks(
                    executable, model.numbers, feed, explain=explain,
                    first_epoch=self.epochs_done, **common,
                )  # fmt: skip
            else:
                train(
                    executable, model.numbers, feed, samples=feed.samples,
                    explain=lambda failure, step: explain(failure, feed.batch(step), step),
                    initial_step=self.epochs_done * feed.steps_per_epoch, **common,
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

        def loss_and_gradient(vector: Any) -> tuple[float, Any]:
            state = {**model.numbers, **unpack(vector, model.numbers, names)}
            outputs, statistics = executable.run(state, batch)
            if math.isfinite(outputs["loss"]):
                model.numbers.update({k: np.asarray(v) for k, v in statistics.items()})
            return float(outputs["loss"]), pack(outputs, names)

        assert minimizer is not None
        minimize(
            loss_and_gradient, model.numbers, names, initial_step=self.epochs_done,
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


def _with_sums(task: Task) -> Callable[[Mapping[str, float]], dict[str, float]]:
    sums = [key for key, kind in task.totals.items() if kind == "sum"]

    def summarize(totals: Mapping[str, float]) -> dict[str, float]:
        return {**mean_of_totals(totals), **{key: totals[f"{key}_total"] for key in sums}}

    return summarize


def _check_by_chunks(task: Task, plan: Plan) -> None:
    """Refuse metrics and optimizers that cannot do with chunks."""
    if plan.minimizer is not None:
        raise needs_all(f"the optimizer {plan.describe()}", "take another, such as Adam")
    for _, metric, _ in task.of_whole_sets():
        raise needs_all(f"the metric {metric.name}", "measure it afterwards: net.evaluate(X, y)")
