"""What a model's training knows, and how what a fit is given becomes a job: checked, planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0 import arrays, fitting, optimizers
from syn0.engines import choose
from syn0.errors import ArgumentError
from syn0.losses import Loss
from syn0.measuring import measure_statistics, unmeasured
from syn0.program import State
from syn0.stateful import StatefulNetwork
from syn0.steps import Plan, Task
from syn0.training.callbacks import check_callbacks
from syn0.training.chunks import ChunkFeed
from syn0.training.feeds import Orders, ResidentFeed, StepTable, resolve_batch_size
from syn0.training.record import Job, Place, Record, Settings, check_count, check_threads
from syn0.training.samples import Data
from syn0.training.sources import GivenChunks, MappedRows, check_chunked, needs_all, unpack_chunk

Array = NDArray[Any]
_MORE_LEARN = "more parameters learn"


class JobMaker:
    """What is known of a model's training, and how the next fit is made ready.

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

    def given(self, X: Any, y: Any, sample_weight: Any, *, loss: Any = None) -> tuple[Task, Data]:
        """Return task and data for a call outside of fit, under the last settings."""
        return self._data(self.settings.followed_by(loss, None, None, None), X, y, sample_weight)

    def prepare(
        self, X: Any, y: Any, *, loss: Any = None, optimizer: Any = None, epochs: int = 10,
        batch_size: Any = "auto", metrics: Any = None, loss_weights: Any = None,
        validation_data: Any = None, sample_weight: Any = None, class_weight: Any = None,
        callbacks: Sequence[Any] = (), shuffle: bool = True, engine: str = "auto",
        threads: Any = "auto", orders: Orders | None = None, chunked: bool = False,
        place: Place | None = None,
    ) -> Job:  # fmt: skip
        """Check all that `fit` was given; nothing is changed but that shapes become known."""
        model, place = self.model, place or Place(self.epochs_done)
        check_count("epochs", epochs)
        epochs = place.epochs_left(int(epochs))
        check_threads(threads)
        listeners = check_callbacks(callbacks)
        chosen, why = choose(engine)
        settings = self.settings.followed_by(loss, optimizer, metrics, loss_weights)
        weights = sample_weight, class_weight
        samples: Data | GivenChunks
        if chunked:
            check_chunked(y, sample_weight, validation_data, batch_size)
            samples = GivenChunks(
                X, epoch=place.epoch, epochs=epochs, seed=model.seed, shuffle=shuffle
            )
            task, validation = self._chunks(settings, samples, class_weight, validation_data)
        else:
            task, samples, validation = self._samples(settings, X, y, weights, validation_data)
        plan, fresh, notice = self._plan(settings, task)
        feed = self._feed(task, plan, samples, batch_size, shuffle, orders)
        done = int(fresh.get("step", model.numbers["step"]))
        done = done if place.updates is None else place.updates
        if isinstance(feed, ResidentFeed):
            done -= place.epoch * feed.steps_per_epoch + place.step
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
            settings, task, plan, fresh, measured, data, validation, feed, place,
            epochs, listeners, (" · ".join([*choices, *notice]),), engine, threads,
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
        shuffle: bool, orders: Orders | None,
    ) -> ResidentFeed | ChunkFeed:  # fmt: skip
        """Return the batches: of arrays in memory, of a mapped file, or of chunks."""
        seed = self.model.seed
        if isinstance(samples, GivenChunks):
            _check_by_chunks(task, plan)
            size = resolve_batch_size(batch_size)
            return ChunkFeed(samples, batch_size=size, seed=seed, shuffle=shuffle)
        size = resolve_batch_size(batch_size, samples.samples)
        chunked = samples.mapped and orders is None  # who gives them wants them kept
        if chunked and plan.minimizer is None and size < samples.samples:
            source = MappedRows(
                lambda rows: samples.rows(rows).all(), samples=samples.samples,
                row_bytes=samples.row_bytes, seed=seed, shuffle=shuffle,
            )  # fmt: skip
            return ChunkFeed(source, batch_size=size, seed=seed, shuffle=shuffle)
        return ResidentFeed(
            samples.all(), batch_size=batch_size, seed=seed, shuffle=shuffle, orders=orders
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


def _check_by_chunks(task: Task, plan: Plan) -> None:
    """Refuse metrics and optimizers that cannot do with chunks."""
    if plan.minimizer is not None:
        raise needs_all(f"the optimizer {plan.describe()}", "take another, such as Adam")
    for _, metric, _ in task.of_whole_sets():
        raise needs_all(f"the metric {metric.name}", "measure it afterwards: net.evaluate(X, y)")
