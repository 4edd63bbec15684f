"""What a fit was asked for, and what it ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from syn0.errors import ArgumentError
from syn0.names import is_count
from syn0.program import State
from syn0.steps import Plan, Task
from syn0.training.chunks import ChunkFeed
from syn0.training.feeds import AUTO_BATCH_SIZE, ResidentFeed
from syn0.training.samples import Data


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
class Place:
    """Where a fit begins: within a run that began before, if it resumes one.

    Parameters
    ----------
    epoch, step : int
        So many epochs of the network are complete, and so many steps of the next.
    totals : mapping of str to float
        What these steps add up to.
    first_epoch : int, optional
        The epoch that the run began with; by default the run begins here.
    updates : int, optional
        How many the optimizer has done; by default what the network says.
    """

    epoch: int
    step: int = 0
    totals: Mapping[str, float] = field(default_factory=dict)
    first_epoch: int | None = None
    updates: int | None = None

    def __str__(self) -> str:
        if self.step:
            return f"step {self.step} of epoch {self.epoch + 1}"
        return f"epoch {self.epoch}"

    def epochs_left(self, epochs: int) -> int:
        """Return how many of so many epochs of the run are to be done, one under way counted."""
        first = self.epoch if self.first_epoch is None else self.first_epoch
        return max(0, first + epochs - self.epoch)


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
    kept_epoch: int | None = None  # whose parameters came back at the end, if any did

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
        check_count("batch_size", size)
        if epochs is not None:
            check_count("epochs", epochs)
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
    data: Data  # nothing where they come in chunks
    validation: tuple[Task, Data] | None
    feed: ResidentFeed | ChunkFeed
    place: Place
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


def check_count(name: str, value: Any) -> None:
    """Refuse what is not a whole number from 1 on."""
    if not is_count(value):
        raise ArgumentError(f"{name} is {value!r}.", expected="a whole number from 1 on")


def check_threads(threads: Any) -> None:
    """Refuse what is no number of threads."""
    if threads != "auto" and not is_count(threads):
        raise ArgumentError(
            f"threads is {threads!r}.", expected="'auto' or a whole number from 1 on"
        )
