"""What `fit` does: checks everything, compiles a train step, runs the loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0 import arrays, fitting, optimizers
from syn0.engines import Executable, choose
from syn0.engines.threads import limit_threads
from syn0.errors import ArgumentError, NonFiniteError
from syn0.fitting import Data
from syn0.layers import Layer
from syn0.losses import Loss
from syn0.program import State
from syn0.stateful import CHUNK, StatefulNetwork
from syn0.steps import Plan, Task
from syn0.training.callbacks import check_callbacks
from syn0.training.events import Event
from syn0.training.feeds import ResidentFeed, StepTable
from syn0.training.history import History
from syn0.training.loop import mean_of_totals, train
from syn0.training.minimize import minimize, pack, unpack
from syn0.training.progress import ProgressDisplay
from syn0.training.run import Listener, Run

Array = NDArray[Any]


@dataclass(frozen=True)
class Settings:
    """How a fit was asked for; the next one takes over what it does not say."""

    loss: Any = None
    optimizer: Any = None
    metrics: Any = None
    loss_weights: Any = None


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
    steps_per_epoch: int

    @property
    def full(self) -> bool:
        """Whether each step takes all samples."""
        return self.steps_per_epoch == 1

    @property
    def first_step(self) -> int:
        """The number of updates that were done before."""
        return int(self.start["step"])


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

    # ----- fit

    def fit(self, X: Any, y: Any, *, verbose: Any = "auto", **options: Any) -> History:
        """Train; see `Model.fit`."""
        model = self.model
        keep = (model._input_shapes, model._declared, model._shapes, dict(model._state))
        try:
            job = self._prepare(X, y, **options)
        except Exception:
            # A call that fails leaves the network as it was, unbuilt if it was unbuilt.
            model._input_shapes, model._declared, model._shapes, model._state = keep
            raise
        self.settings, self.task, self.plan = job.settings, job.task, job.plan
        model._state.update(job.fresh)
        history = History(self.epochs_done)
        start = {name: value.copy() for name, value in model._state.items()}
        try:
            with limit_threads(job.threads, self._operations(job)):
                self._run(job, history, ProgressDisplay(verbose))
        finally:
            done = len(history.get("loss", []))
            if done or self.record is None:
                self.record = self._recorded(job, start, done)
            self.epochs_done += done
            model.history.extend(history)
        return history

    def _recorded(self, job: _Job, start: State, epochs: int) -> Record:
        feed = job.feed
        return Record(
            job.task, job.plan, start, self.epochs_done, epochs,
            feed.batch_size, feed.shuffle, feed.steps_per_epoch,
        )  # fmt: skip

    def _operations(self, job: _Job) -> float:
        """Return about how many operations a step takes: a product forward, two back."""
        weights = sum(math.prod(e.shape) for e in self.model.entries() if len(e.shape) > 1)
        return 6.0 * job.feed.batch_size * weights

    def rehearse(
        self, X: Any, y: Any, sample_weight: Any, last: Record | None, **options: Any
    ) -> Record:
        """Return what a fit with these options would run, without running it."""
        if X is None:
            if last is None or set(options) - {"epochs", "batch_size", "shuffle"}:
                raise ArgumentError(
                    "the program of a training needs data to be planned for.",
                    mend="give them: net.code(X, y, loss=..., optimizer=...)",
                )
            return replace(last, **options)
        keep = dict(self.model._state)
        job = self._prepare(X, y, sample_weight=sample_weight, **options)
        start = {**self.model._state, **job.fresh}
        self.model._state = keep if keep else self.model._state
        return self._recorded(job, start, job.epochs)

    def _prepare(
        self, X: Any, y: Any, *, loss: Any = None, optimizer: Any = None, epochs: int = 10,
        batch_size: Any = "auto", metrics: Any = None, loss_weights: Any = None,
        validation_data: Any = None, sample_weight: Any = None, class_weight: Any = None,
        callbacks: Sequence[Any] = (), shuffle: bool = True, engine: str = "auto",
        threads: Any = "auto",
    ) -> _Job:  # fmt: skip
        model = self.model
        _check_count("epochs", epochs)
        _check_threads(threads)
        listeners = check_callbacks(callbacks)
        _, why = choose(engine)
        inputs = model.prepare(X)
        settings = self._settings(loss, optimizer, metrics, loss_weights)
        task, targets = self._task(settings, y, weighted=False)
        samples = arrays.check_same_length({**inputs, **targets})
        weight = fitting.weights_of(sample_weight, class_weight, targets, task, samples)
        data, validation, own = Data(inputs, targets, weight), None, None
        labels = fitting.labels_or_none(task, targets)
        if validation_data is not None:
            plain = None if sample_weight is None else arrays.to_array(sample_weight, "weight")
            data, validation = self._validation(
                validation_data, settings, data, labels, None if plain is None else plain
            )
        task = replace(task, weighted=data.sample_weight is not None)
        frozen = not model.trainable()
        if frozen:
            raise ArgumentError("every layer is frozen.", mend='net.unfreeze("*")')
        plan, fresh, notice = self._plan(settings, task)
        tables = {
            name: StepTable(schedule, model.dtype, self._offset(fresh, data, batch_size))
            for name, schedule in plan.schedules.items()
        }
        feed = ResidentFeed(
            data.all(), batch_size=batch_size, seed=model.seed, shuffle=shuffle, tables=tables
        )
        own = self._statistics(data) if not model.history else {}
        choices = self._choices(task, plan, feed, data, validation, engine, why, batch_size)
        return _Job(
            settings, task, plan, {**fresh, **own}, data, validation, feed, int(epochs),
            listeners, (*choices, *notice), threads,
        )  # fmt: skip

    def _offset(self, fresh: Mapping[str, Array], data: Data, batch_size: Any) -> int:
        steps = ResidentFeed(data.all(), batch_size=batch_size).steps_per_epoch
        step = int(fresh.get("step", self.model._state["step"]))
        return step - self.epochs_done * steps

    def _settings(self, loss: Any, optimizer: Any, metrics: Any, loss_weights: Any) -> Settings:
        last = self.settings
        return Settings(
            last.loss if loss is None else loss,
            last.optimizer if optimizer is None else optimizer,
            # Metrics go with the loss: another loss brings its own again.
            metrics if metrics is not None or loss is not None else last.metrics,
            last.loss_weights if loss_weights is None else loss_weights,
        )

    def _task(self, settings: Settings, y: Any, weighted: bool) -> tuple[Task, dict[str, Array]]:
        weights = 1.0 if settings.loss_weights is None else settings.loss_weights
        return fitting.make_task(
            self.model, loss=settings.loss, metrics_given=settings.metrics,
            loss_weights=weights, y=y, weighted=weighted,
        )  # fmt: skip

    def _validation(
        self, given: Any, settings: Settings, data: Data, labels: Array | None, weight: Array | None
    ) -> tuple[Data, Data]:
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            train, held = fitting.split(data, float(given), self.model.seed, labels)
            if weight is None:
                held = replace(held, sample_weight=None)
            return train, held
        if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
            raise ArgumentError(
                f"validation_data is a {type(given).__name__}.",
                expected="a share in (0, 1), or (X, y), or (X, y, sample_weight)",
            )
        inputs = fitting.prepare_inputs(self.model, given[0])
        _, targets = self._task(settings, given[1], weighted=False)
        samples = arrays.check_same_length({**inputs, **targets})
        own = None
        if len(given) == 3:
            own = arrays.check_sample_weight(given[2], samples, "validation sample_weight")
        return data, Data(inputs, targets, own)

    def _plan(self, settings: Settings, task: Task) -> tuple[Plan, State, tuple[str, ...]]:
        """Return what updates each parameter, and the entries that begin anew."""
        model = self.model
        given = "adam" if settings.optimizer is None else settings.optimizer
        chosen = optimizers.assign(given, model.trainable())
        plan = Plan(tuple(chosen.items()))
        same = plan.continues(self.plan)
        same_loss = self.task is not None and self.task.losses == task.losses
        fresh: State = {}
        for name, value in plan.first_state(model.entries()).items():
            if not (same and same_loss) or name not in model._state:
                fresh[name] = value
        notice: tuple[str, ...] = ()
        if self.plan is not None and not (same and same_loss):
            what = "loss" if same else "optimizer"
            notice = (f"another {what}: the optimizer starts with fresh slots",)
            fresh["step"] = np.asarray(0, dtype="int64")
        return plan, fresh, notice

    def _statistics(self, data: Data) -> State:
        """Return what layers such as Normalization measure on the training data."""
        model = self.model
        found: State = {}
        for name, layer in model.layers.items():
            if not isinstance(layer, Layer):
                continue
            measure = layer.statistics
            before = model.source_of(name)
            if before is None or type(layer).statistics is Layer.statistics:
                continue
            if before in data.inputs:
                x = data.inputs[before]
            else:
                state = {**model._state, **found}
                x = model.run_rows("activations", data.inputs, state)[before]
            for local, value in measure(np.asarray(x)).items():
                full = model._local_names[name][local]
                found[full] = np.asarray(value, dtype=model._state[full].dtype)
        return found

    def _choices(
        self, task: Task, plan: Plan, feed: ResidentFeed, data: Data, validation: Data | None,
        engine: str, why: str, batch_size: Any,
    ) -> list[str]:  # fmt: skip
        losses = ", ".join(loss.name if isinstance(loss, Loss) else "a layer's"
                           for loss in task.losses)  # fmt: skip
        held = f", {validation.samples} for validation" if validation is not None else ""
        size = f"{feed.batch_size}{' (auto)' if batch_size == 'auto' else ''}"
        parts = [
            f"loss {losses}",
            f"optimizer {plan.describe()}",
            f"{data.samples} samples{held}",
            f"batch size {size}",
            self.model.dtype,
            f"engine numpy ({why})",
            f"seed {self.model.seed}",
        ]
        return [" · ".join(parts)]

    def _run(self, job: _Job, history: History, display: ProgressDisplay) -> None:
        model = self.model
        first = self.epochs_done * job.feed.steps_per_epoch
        common: dict[str, Any] = {
            "epochs": job.epochs,
            "samples": job.data.samples,
            "initial_step": first,
            "evaluate": self._evaluator(job),
            "listeners": (display, *job.listeners),
            "history": history,
            "choices": job.choices,
            "keys": self._keys(job),
            "restorable": model.restorable(),
        }
        if job.plan.minimizer is not None:
            self._minimize(job, common)
            return
        executable = model.executable("train_step", task=job.task, plan=job.plan)

        def explain(failure: str, step: int) -> NonFiniteError:
            return self._explain(failure, job, job.feed.batch(step), step)

        summarize = mean_of_totals if job.task.loss_total == "mean" else _with_sums(job.task)
        counter = _Counter(first)
        counted = int(model._state["step"])
        try:
            train(
                executable, model._state, job.feed, explain=explain, summarize=summarize,
                scheduled=tuple(job.plan.schedules),
                **{**common, "listeners": (*common["listeners"], counter)},
            )  # fmt: skip
        finally:
            done = np.int64(counted + counter.step - first)
            model._state["step"] = np.asarray(done)

    def _minimize(self, job: _Job, common: dict[str, Any]) -> None:
        model = self.model
        names, minimizer = model.trainable(), job.plan.minimizer
        assert minimizer is not None
        executable = model.executable(
            "loss_and_gradient", task=job.task, trainable=tuple(names), minimizer=minimizer
        )
        batch = job.data.all()
        common["initial_step"] = self.epochs_done

        def loss_and_gradient(vector: Any) -> tuple[float, Any]:
            state = {**model._state, **unpack(vector, model._state, names)}
            outputs, _ = executable.run(state, batch)
            return float(outputs["loss"]), pack(outputs, names)

        minimize(
            loss_and_gradient, model._state, names,
            explain=lambda failure, step: self._explain(failure, job, batch, step),
            options=minimizer.options(), **common,
        )  # fmt: skip

    def _keys(self, job: _Job) -> tuple[str, ...]:
        names = ["loss"]
        for i, output in enumerate(job.task.output_names):
            if len(job.task.output_names) > 1:
                names.append(f"{output}.loss")
            names += [job.task.key(output, m.name) for m in job.task.metrics[i]]
        if job.plan.minimizer is not None:
            names = ["loss"] + [n for n in names if n != "loss"]
        held = [f"val_{name}" for name in names] if job.validation is not None else []
        return (*names, *held)

    def _evaluator(self, job: _Job) -> Callable[[], Mapping[str, float]] | None:
        whole = any(not m.per_sample for ms in job.task.metrics for m in ms)
        after = whole or (job.plan.minimizer is not None and any(job.task.metrics))
        if job.validation is None and not after:
            return None

        def evaluate() -> dict[str, float]:
            found: dict[str, float] = {}
            if after:
                on_training = self.measure(job.task, job.data)
                keep = (
                    on_training
                    if job.plan.minimizer is not None
                    else _whole_set(job.task, on_training)
                )
                found |= {k: v for k, v in keep.items() if k != "loss"}
            if job.validation is not None:
                held = self.measure(job.task, job.validation)
                found |= {f"val_{name}": value for name, value in held.items()}
            return found

        return evaluate

    # ----- measuring

    def measure(self, task: Task, data: Data) -> dict[str, float]:
        """Return loss and metrics of a network on data."""
        task = replace(task, weighted=data.sample_weight is not None)
        executable: Executable = self.model.executable("evaluate", task=task)
        totals: dict[str, float] = {}
        outputs: dict[str, list[Array]] = {name: [] for name in task.output_names}
        weight_total = 0.0
        whole = any(not m.per_sample for ms in task.metrics for m in ms)
        kinds = self._totals(task)
        for rows in fitting.chunks(data.samples, CHUNK):
            part = data.rows(rows)
            found, _ = executable.run(self.model._state, part.all())
            weight = float(found.get("weight", part.samples))
            if weight == 0:
                continue
            weight_total += weight
            for name, kind in kinds.items():
                value = float(found[name]) * (weight if kind == "mean" else 1.0)
                totals[name] = totals.get(name, 0.0) + value
            if whole:
                for name in outputs:
                    outputs[name].append(found[f"output {name}"])
        logs = {
            name: total / weight_total if kinds[name] == "mean" else total
            for name, total in totals.items()
        }
        if whole:
            logs |= _measure_whole(task, data, outputs)
        order = ["loss"]
        for i, output in enumerate(task.output_names):
            order += [f"{output}.loss"] + [task.key(output, m.name) for m in task.metrics[i]]
        return {name: logs[name] for name in order if name in logs}

    def _totals(self, task: Task) -> dict[str, str]:
        found = {"loss": task.loss_total}
        for i, output in enumerate(task.output_names):
            if len(task.output_names) > 1:
                found[f"{output}.loss"] = task.loss_total
            for metric in task.metrics[i]:
                if metric.per_sample and task.targets[i] is not None:
                    found[task.key(output, metric.name)] = "mean"
        return found

    def evaluate(self, X: Any, y: Any, sample_weight: Any) -> dict[str, float]:
        """Return loss and metrics; see `Model.evaluate`."""
        task, data = self.given(X, y, sample_weight)
        return self.measure(task, data)

    def gradients(self, X: Any, y: Any) -> dict[str, Array]:
        """Return the gradient of every trainable parameter; see `Model.gradients`."""
        task, data = self.given(X, y, None)
        names = self.model.trainable()
        executable = self.model.executable("loss_and_gradient", task=task, trainable=tuple(names))
        found, _ = executable.run(self.model._state, data.all())
        return {name: np.asarray(found[name]) for name in names}

    def given(self, X: Any, y: Any, sample_weight: Any) -> tuple[Task, Data]:
        """Return task and data for a call outside of fit."""
        model = self.model
        inputs = model.prepare(X)
        task, targets = self._task(self.settings, y, weighted=False)
        samples = arrays.check_same_length({**inputs, **targets})
        weight = None
        if sample_weight is not None:
            weight = arrays.check_sample_weight(sample_weight, samples)
        return replace(task, weighted=weight is not None), Data(inputs, targets, weight)

    # ----- when numbers are not finite

    def _explain(
        self, failure: str, job: _Job, batch: Mapping[str, Array], step: int
    ) -> NonFiniteError:
        model = self.model
        where = self._first_bad_layer(batch)
        largest = max(float(np.max(np.abs(x))) for x in job.data.inputs.values() if x.size)
        rate = job.plan.learning_rate(model._state)
        what = "the loss" if failure == "loss" else f"the new value of {failure}"
        if largest > 1e3:
            cause = f"values up to {largest:.3g} in X enter the network unscaled"
            mend = "scale X first: syn0.Normalization(), or sklearn's StandardScaler"
        elif rate is None:
            cause = "the steps are too large for this network"
            mend = "scale the targets, or start with smaller weights"
        else:
            cause = f"the step size {rate:g} is too large for this network"
            mend = f"try learning_rate={rate / 10:g}, or clip_global_norm=1.0"
        return NonFiniteError(
            f"{what} is NaN or infinite at step {step + 1}; the network keeps the last full step.",
            where=f"layer {where!r}" if where else f"parameter {failure!r}",
            expected="finite numbers",
            mend=f"{mend} ({cause})",
        )

    def _first_bad_layer(self, batch: Mapping[str, Array]) -> str | None:
        executable = self.model.executable("activations")
        found, _ = executable.run(self.model._state, batch)
        for name, values in found.items():
            if not np.all(np.isfinite(values)):
                return name
        return None


@dataclass(frozen=True)
class _Job:
    """Everything that a fit needs, checked."""

    settings: Settings
    task: Task
    plan: Plan
    fresh: State
    data: Data
    validation: Data | None
    feed: ResidentFeed
    epochs: int
    listeners: tuple[Any, ...]
    choices: tuple[str, ...]
    threads: int | str


class _Counter(Listener):
    """Learns where a run ended."""

    def __init__(self, step: int) -> None:
        self.step = step

    def receive(self, event: Event, run: Run) -> None:
        self.step = run.step


def _with_sums(task: Task) -> Callable[[Mapping[str, float]], dict[str, float]]:
    def summarize(totals: Mapping[str, float]) -> dict[str, float]:
        means = mean_of_totals(totals)
        sums = {k: totals[f"{k}_total"] for k in means if k == "loss" or k.endswith(".loss")}
        return {**means, **sums}

    return summarize


def _whole_set(task: Task, logs: Mapping[str, float]) -> dict[str, float]:
    names = {
        task.key(output, m.name)
        for i, output in enumerate(task.output_names)
        for m in task.metrics[i]
        if not m.per_sample
    }
    return {name: value for name, value in logs.items() if name in names}


def _measure_whole(task: Task, data: Data, outputs: Mapping[str, list[Array]]) -> dict[str, float]:
    found = {}
    for i, output in enumerate(task.output_names):
        target = task.targets[i]
        for metric in task.metrics[i]:
            if not metric.per_sample and target is not None:
                y_pred = np.concatenate(outputs[output])
                y_true = data.targets[target.name]
                value = metric.whole_set(y_true, y_pred, data.sample_weight)
                found[task.key(output, metric.name)] = float(value)
    return found


def _check_count(name: str, value: Any) -> None:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < 1:
        raise ArgumentError(f"{name} is {value!r}.", expected="a whole number from 1 on")


def _check_threads(threads: Any) -> None:
    whole = isinstance(threads, (int, np.integer)) and not isinstance(threads, bool)
    if threads != "auto" and not (whole and threads >= 1):
        raise ArgumentError(
            f"threads is {threads!r}.", expected="'auto' or a whole number from 1 on"
        )
