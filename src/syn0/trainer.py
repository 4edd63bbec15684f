"""What `fit` does: checks everything, compiles a train step, runs the loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0 import arrays, fitting, optimizers
from syn0.engines import Control, Executable, choose
from syn0.engines.threads import limit_threads
from syn0.errors import ArgumentError, NonFiniteError
from syn0.failures import explain_failure
from syn0.fitting import Data
from syn0.losses import Loss
from syn0.measuring import measure, measure_after_epoch
from syn0.program import State
from syn0.stateful import StatefulNetwork
from syn0.steps import Plan, Task
from syn0.training.callbacks import check_callbacks
from syn0.training.events import Event
from syn0.training.feeds import AUTO_BATCH_SIZE, ResidentFeed, StepTable
from syn0.training.history import History
from syn0.training.loop import mean_of_totals, train
from syn0.training.minimize import minimize, pack, unpack
from syn0.training.progress import ProgressDisplay
from syn0.training.run import Listener, Run

Array = NDArray[Any]
_MORE_LEARN = "more parameters learn"


@dataclass(frozen=True)
class Settings:
    """How a fit was asked for; the next one takes over what it does not say."""

    loss: Any = None
    optimizer: Any = None
    metrics: Any = None
    loss_weights: Any = None

    def followed_by(self, loss: Any, optimizer: Any, metrics: Any, loss_weights: Any) -> Settings:
        """Return the settings of the next fit."""
        return Settings(
            self.loss if loss is None else loss,
            self.optimizer if optimizer is None else optimizer,
            # Metrics go with the loss: another loss brings its own again.
            metrics if metrics is not None or loss is not None else self.metrics,
            self.loss_weights if loss_weights is None else loss_weights,
        )


@dataclass(frozen=True)
class Record:
    """What a fit ran, for printed code: the program, its start and its length."""

    task: Task
    plan: Plan
    start: State
    first_epoch: int
    epochs: int
    batch_size: int
    shuffle: bool
    samples: int
    frozen: frozenset[str] = frozenset()

    @property
    def steps_per_epoch(self) -> int:
        """The number of steps of an epoch."""
        return -(-self.samples // self.batch_size)

    @property
    def first_step(self) -> int:
        """The number of updates that were done before."""
        return int(self.start["step"])

    def changed(
        self, epochs: int | None = None, batch_size: Any = "same", shuffle: bool | None = None
    ) -> Record:
        """Return the record of a run from the same start that goes otherwise."""
        words = {"same": self.batch_size, "auto": AUTO_BATCH_SIZE, "None": self.samples}
        size = words.get(str(batch_size), batch_size)
        _check_count("batch_size", size)
        if epochs is not None:
            _check_count("epochs", epochs)
        return replace(
            self, epochs=epochs or self.epochs, batch_size=min(size, self.samples),
            shuffle=self.shuffle if shuffle is None else shuffle,
        )  # fmt: skip


@dataclass(frozen=True)
class Job:
    """Everything that a fit needs, checked."""

    settings: Settings
    task: Task
    plan: Plan
    fresh: State  # entries that begin anew
    measured: State  # statistics taken from the training data
    data: Data
    validation: tuple[Task, Data] | None
    feed: ResidentFeed
    epochs: int
    listeners: tuple[Any, ...]
    choices: tuple[str, ...]
    engine: str
    threads: int | str

    def record(self, start: State, first_epoch: int, epochs: int) -> Record:
        """Return what printed code needs of a run of so many epochs."""
        feed = self.feed
        return Record(
            self.task, self.plan, start, first_epoch, epochs,
            feed.batch_size, feed.shuffle, feed.samples,
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
        """
        display, counter = ProgressDisplay(verbose), _Counter()
        history = History(self.epochs_done)
        before = (self.model.snapshot(), self.settings, self.task, self.plan)
        start: State = {}
        begun: State = {}
        try:
            job = self.prepare(X, y, **options)
            start = self._begin(job)
            begun = {name: self.model.numbers[name] for name in job.plan.trainable}
            with limit_threads(job.threads, self._operations(job)):
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
                self.record = replace(record, frozen=frozenset(self.model.frozen))
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

    def given(self, X: Any, y: Any, sample_weight: Any, *, loss: Any = None) -> tuple[Task, Data]:
        """Return task and data for a call outside of fit, under the last settings."""
        return self._data(self.settings.followed_by(loss, None, None, None), X, y, sample_weight)

    # ----- preparing

    def prepare(
        self, X: Any, y: Any, *, loss: Any = None, optimizer: Any = None, epochs: int = 10,
        batch_size: Any = "auto", metrics: Any = None, loss_weights: Any = None,
        validation_data: Any = None, sample_weight: Any = None, class_weight: Any = None,
        callbacks: Sequence[Any] = (), shuffle: bool = True, engine: str = "auto",
        threads: Any = "auto",
    ) -> Job:  # fmt: skip
        """Check all that `fit` was given; nothing is changed but that shapes become known."""
        model = self.model
        _check_count("epochs", epochs)
        _check_threads(threads)
        listeners = check_callbacks(callbacks)
        chosen, why = choose(engine)
        settings = self.settings.followed_by(loss, optimizer, metrics, loss_weights)
        (task, data), validation = self._data(settings, X, y, sample_weight), None
        if validation_data is not None:
            data, validation = self._validation(validation_data, settings, task, data)
        labels = fitting.labels_of(task, data.targets)
        by_class = fitting.class_weights(class_weight, labels, data.sample_weight)
        data = data.weighted_by(by_class).present()
        task = replace(task, weighted=data.sample_weight is not None)
        plan, fresh, notice = self._plan(settings, task)
        feed = ResidentFeed(data.all(), batch_size=batch_size, seed=model.seed, shuffle=shuffle)
        done = int(fresh.get("step", model.numbers["step"]))
        offset = done - self.epochs_done * feed.steps_per_epoch
        feed.tables = {
            name: StepTable(schedule, model.dtype, offset)
            for name, schedule in plan.schedules.items()
        }
        size = f"{feed.batch_size}{' (auto)' if batch_size == 'auto' else ''}"
        choices = self._choices(task, plan, data, validation)
        choices += [
            f"batch size {size}",
            model.dtype,
            f"engine {chosen.name} ({why})",
            f"seed {model.seed}",
        ]
        return Job(
            settings, task, plan, fresh, self._statistics(data), data, validation, feed,
            int(epochs), listeners, (" · ".join([*choices, *notice]),), engine, threads,
        )  # fmt: skip

    def _data(self, settings: Settings, X: Any, y: Any, sample_weight: Any) -> tuple[Task, Data]:
        """Return task and data; samples without weight are left out."""
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
            labels = fitting.labels_of(task, data.targets)
            train_part, held = fitting.split(data, float(given), self.model.seed, labels)
            return train_part, (task, held)
        if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
            raise ArgumentError(
                f"validation_data is a {type(given).__name__}.",
                expected="a share in (0, 1), or (X, y), or (X, y, sample_weight)",
            )
        inputs = fitting.prepare_inputs(self.model, given[0], "validation X")
        # Its y may be class numbers where that of training is one-hot.
        own_task, targets = self._task(settings, given[1])
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

    def _statistics(self, data: Data) -> State:
        """Return what layers such as Normalization measure on the training data, once."""
        model = self.model
        found: State = {}
        trace = model.trace()
        for scope, (layer, x) in trace.gathered.measured.items():
            if any(model.is_settled(f"{local}_{scope}") for local in layer.state(x.shape[1:])):
                continue
            values = data.inputs.get(x.name or "") if x.op.name == "input" else None
            if values is None:
                numbers = {**model.numbers, **found}
                values = model.run_rows("reading", data.inputs, numbers)[scope]
            for local, value in layer.statistics(np.asarray(values)).items():
                full = f"{local}_{scope}"
                found[full] = np.asarray(value, dtype=model.numbers[full].dtype)
        return found

    def _choices(
        self, task: Task, plan: Plan, data: Data, validation: tuple[Task, Data] | None
    ) -> list[str]:
        names = [loss.name if isinstance(loss, Loss) else "a layer's" for loss in task.losses]
        held = f", {validation[1].samples} for validation" if validation is not None else ""
        return [
            f"loss {', '.join(names)}",
            f"optimizer {plan.describe()}",
            f"{data.samples} samples{held}",
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
        return {name: value.copy() for name, value in model.numbers.items()}

    def _operations(self, job: Job) -> float:
        """Return about how many operations a step takes: a product forward, two back."""
        weights = sum(math.prod(e.shape) for e in self.model.entries() if len(e.shape) > 1)
        return 6.0 * job.feed.batch_size * weights

    def _run(self, job: Job, history: History, display: ProgressDisplay, counter: _Counter) -> None:
        common: dict[str, Any] = {
            "epochs": job.epochs,
            "samples": job.data.samples,
            "evaluate": self._evaluator(job),
            # The counter hears first: an error in a callback must not cost it the step.
            "listeners": (counter, display, *job.listeners),
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
        model, before = self.model, int(self.model.numbers["step"])
        executable = model.executable("train_step", task=job.task, plan=job.plan)

        def explain(failure: str, step: int) -> NonFiniteError:
            return explain_failure(model, job.plan, job.feed.batch(step), failure, step)

        try:
            train(
                executable, model.numbers, job.feed, explain=explain,
                initial_step=self.epochs_done * job.feed.steps_per_epoch,
                summarize=mean_of_totals if job.task.loss_total == "mean" else _with_sums(job.task),
                scheduled=tuple(job.plan.schedules), control=Control(threads=job.threads), **common,
            )  # fmt: skip
        finally:
            # Programs that do not read the number of the step do not count it either.
            done = max(int(model.numbers["step"]), before + counter.steps)
            model.numbers["step"] = np.asarray(done, dtype="int64")

    def _minimize(self, job: Job, common: dict[str, Any]) -> None:
        model, minimizer = self.model, job.plan.minimizer
        names = model.trainable()
        executable: Executable = model.executable(
            "loss_and_gradient", task=job.task, trainable=tuple(names), minimizer=minimizer
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
            options=minimizer.options(), **common,
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
    """Counts the steps of a run."""

    hears_epochs = False

    def __init__(self) -> None:
        self._first: int | None = None
        self.steps = 0

    def receive(self, event: Event, run: Run) -> None:
        if self._first is None:
            self._first = run.step
        self.steps = run.step - self._first


def _with_sums(task: Task) -> Callable[[Mapping[str, float]], dict[str, float]]:
    sums = [key for key, kind in task.totals.items() if kind == "sum"]

    def summarize(totals: Mapping[str, float]) -> dict[str, float]:
        return {**mean_of_totals(totals), **{key: totals[f"{key}_total"] for key in sums}}

    return summarize


def _is_count(value: Any) -> bool:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and value >= 1


def _check_count(name: str, value: Any) -> None:
    if not _is_count(value):
        raise ArgumentError(f"{name} is {value!r}.", expected="a whole number from 1 on")


def _check_threads(threads: Any) -> None:
    if threads != "auto" and not _is_count(threads):
        raise ArgumentError(
            f"threads is {threads!r}.", expected="'auto' or a whole number from 1 on"
        )
