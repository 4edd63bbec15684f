"""The loop over chunks: a thread reads ahead, and each chunk is a span of steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from syn0.engines import Control, Executable
from syn0.errors import NonFiniteError
from syn0.program import State
from syn0.training.chunks import Chunk, ChunkFeed, Part
from syn0.training.events import Progress
from syn0.training.history import History
from syn0.training.interrupt import Interrupt
from syn0.training.loop import (
    PROGRESS_INTERVAL,
    Evaluate,
    Outcome,
    Session,
    Summarize,
    mean_of_totals,
)
from syn0.training.reading import ReadAhead
from syn0.training.run import Listener, Run

ExplainBatch = Callable[[str, Mapping[str, Any], int], NonFiniteError]


class ChunkSession(Session):
    """A `Session` whose epochs are known to end when their last chunk has come.

    Parameters
    ----------
    run, evaluate, history, control, interrupt
        As in `Session`.
    feed : ChunkFeed
        The chunks. While it does not know how many steps an epoch has, progress counts
        whole epochs.
    first_epoch, epochs : int
        The first epoch and how many there are.
    first_step : int
        How many steps of the first epoch are done already.
    """

    def __init__(
        self, run: Run, feed: ChunkFeed, *, first_epoch: int, first_step: int, epochs: int,
        **shared: Any,
    ) -> None:  # fmt: skip
        self._guess = feed.steps_per_epoch
        steps = self._guess or 1
        run.step = first_epoch * steps + first_step
        end = (first_epoch + epochs) * steps
        super().__init__(run, steps_per_epoch=steps, samples=feed.samples or 0, end=end, **shared)
        self.epoch = first_epoch
        self.step = first_step  # of the epoch
        self._epochs = range(first_epoch, first_epoch + epochs)
        self._samples_done = 0

    @property
    def goes_on(self) -> bool:
        """Whether a step is to be done."""
        wanted = self.run.stopped is None and not self._control.abort
        return wanted and self.epoch in self._epochs

    @property
    def steps(self) -> int:
        """The steps that this fit has done."""
        return self.run.step - self._first_step

    def count(self, steps: int, samples: int) -> None:
        """Note that some steps are done."""
        self.run.step += steps
        self.step += steps
        self._samples_done += samples

    def speed(self) -> float:
        """Return the samples a second of this fit, reading included and validation left out."""
        return self._samples_done / max(self.seconds, 1e-9)

    def tell_progress(self, logs: Mapping[str, float]) -> None:
        """Tell how far training is."""
        step = 0 if self._guess is None else min(self.step, self._guess)
        self.run.dispatch(Progress(self.epoch, step, logs, self.speed()))
        self.due = time.monotonic() + PROGRESS_INTERVAL

    def complete_epoch(self, logs: dict[str, float]) -> None:
        """End the epoch and turn to the next."""
        self.end_epoch(self.epoch, logs)
        self.epoch += 1
        self.step = 0
        self.pause()

    @property
    def stands_at(self) -> tuple[int, int]:
        """The epoch that is under way, and how many of its steps are done."""
        return self.epoch, self.step

    @property
    def is_complete(self) -> bool:
        """Whether all epochs are done."""
        return self.epochs_done == len(self._epochs)

    @property
    def epochs_done(self) -> int:
        """The epochs that this fit has done."""
        return self.epoch - self._epochs.start

    @property
    def place(self) -> str:
        """Where training stands, in words."""
        here = f"step {self.step} of epoch {self.epoch + 1}"
        return here if self.step else f"epoch {self.epoch}"


def train_on_chunks(
    executable: Executable,
    state: State,
    feed: ChunkFeed,
    *,
    first_epoch: int,
    epochs: int,
    explain: ExplainBatch,
    control: Control,
    history: History,
    evaluate: Evaluate | None = None,
    listeners: Sequence[Listener] = (),
    first_step: int = 0,
    summarize: Summarize = mean_of_totals,
    choices: Sequence[str] = (),
    keys: Sequence[str] = (),
    restorable: Collection[str] = (),
    scheduled: Collection[str] = (),
) -> Outcome:
    """Train by steps of an executable, on chunks that a thread reads ahead.

    Parameters
    ----------
    executable, state, epochs, evaluate, listeners, control, history, summarize
        As in `syn0.training.loop.train`.
    feed : ChunkFeed
        The chunks.
    first_epoch : int
        The number of the first epoch.
    explain : callable
        ``explain(output, batch, step) -> NonFiniteError`` names layer, cause and remedy.
    first_step : int
        How many steps of the first epoch are done already; their chunks are read once more.
    choices, keys, restorable, scheduled
        As in `syn0.training.loop.train`.

    Returns
    -------
    Outcome
        How it ended, also after Ctrl-C.

    Raises
    ------
    NonFiniteError
        When a loss or gradient is NaN or infinite; the state is that before the step.
    Exception
        What the chunks raise when they are read; the state is that after the last step.
    """
    run = Run(
        state, history=history, listeners=listeners, restorable=restorable, scheduled=scheduled
    )
    with ExitStack() as stack:
        for listener in listeners:
            stack.callback(listener.close)
        stack.callback(control.close)
        interrupt = stack.enter_context(Interrupt(control))
        session = ChunkSession(
            run, feed, first_epoch=first_epoch, first_step=first_step, epochs=epochs,
            evaluate=evaluate, history=history, control=control, interrupt=interrupt,
        )  # fmt: skip
        session.start(choices, keys, epochs)
        chunks = feed.read(first_epoch, epochs)
        reader = stack.enter_context(ReadAhead(chunks, lambda: session.goes_on))
        work = _Work(session, executable, feed, control, summarize, explain)
        while session.goes_on:
            work.epoch(reader)
        return session.finish()


class _Work:
    """The steps of an epoch."""

    def __init__(
        self, session: ChunkSession, executable: Executable, feed: ChunkFeed, control: Control,
        summarize: Summarize, explain: ExplainBatch,
    ) -> None:  # fmt: skip
        self._session = session
        self._executable = executable
        self._feed = feed
        self._control = control
        self._summarize = summarize
        self._explain = explain

    def epoch(self, reader: ReadAhead[Chunk | None]) -> None:
        """Train on the chunks of an epoch, as far as training goes on."""
        session, control = self._session, self._control
        session.begin_epoch(session.epoch)
        done = session.step
        parts = self._feed.parts(iter(reader.take, None), session.steps - done)
        while (part := self._next(parts)) is not None:
            if not session.goes_on:
                return
            if done < part.steps:
                self._part(part, done)
                control.close()  # or the engine would hold the chunk while the next one comes
            done = max(done - part.steps, 0)
            del part
        if not reader.ended_early:
            row, control.row = control.row, {}
            session.complete_epoch(self._summarize(row))

    def _next(self, parts: Iterator[Part]) -> Part | None:
        began = time.perf_counter()
        part = next(parts, None)
        self._session.seconds += time.perf_counter() - began
        return part

    def _part(self, part: Part, step: int) -> None:
        session, control = self._session, self._control
        while step < part.steps and session.goes_on:
            control.deadline = session.due
            began = time.perf_counter()
            count = int(min(part.steps - step, session.run.steps_ahead()))
            done = self._executable.run_span(session.run.state, part, step, count, control)
            session.seconds += time.perf_counter() - began
            session.count(done, done * part.batch_size)
            step += done
            if control.failure is not None:
                batch = part.batch(step)
                raise session.fail(self._explain(control.failure, batch, session.run.step))
            if session.owes_progress:
                session.tell_progress(self._summarize(control.row))
            session.pause()
