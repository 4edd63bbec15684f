"""The loop: spans of steps, and between them whatever is owed to whoever listens.

A span goes to the end of the epoch, or, where nothing is owed at an epoch's end, over many
epochs. It comes back early for the progress clock and for Ctrl-C. Where spans are split
has no influence on any number, since feeds and engines go by absolute steps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from syn0.engines import Control, Executable, Feed
from syn0.errors import NonFiniteError
from syn0.program import State
from syn0.training.events import (
    EpochEnded,
    EpochsEnded,
    EpochStarted,
    FitEnded,
    FitStarted,
    Paused,
    Progress,
)
from syn0.training.history import History
from syn0.training.interrupt import Interrupt
from syn0.training.run import Listener, Run

PROGRESS_INTERVAL = 0.1  # seconds

Evaluate = Callable[[], Mapping[str, float]]
Summarize = Callable[[Mapping[str, float]], dict[str, float]]
Explain = Callable[[str, int], NonFiniteError]


@dataclass(frozen=True)
class Outcome:
    """How a fit ended.

    Parameters
    ----------
    reason, message : str
        As in `FitEnded`.
    step : int
        The absolute number of the first step that was not done: where to go on.
    totals : mapping of str to float
        What the steps of an unfinished epoch add up to; empty at an epoch's end. Given back
        as ``Control(row=...)`` with `step`, the epoch ends with the same row as unbroken.
    """

    reason: str
    message: str
    step: int
    totals: Mapping[str, float]


def mean_of_totals(totals: Mapping[str, Any]) -> dict[str, Any]:
    """Return each ``<name>_total`` divided by ``weight_total``, all numbers or all arrays.

    Examples
    --------
    >>> mean_of_totals({"loss_total": 30.0, "accuracy_total": 45.0, "weight_total": 60.0})
    {'loss': 0.5, 'accuracy': 0.75}
    """
    weight = totals["weight_total"]
    weight = np.where(weight == 0, math.nan, weight) if np.ndim(weight) else weight or math.nan
    return {
        name.removesuffix("_total"): value / weight
        for name, value in totals.items()
        if name != "weight_total"
    }


class Session:
    """What training by steps and by a host's minimizer share: telling, counting, ending.

    Parameters
    ----------
    run : Run
        What the listeners see.
    steps_per_epoch, samples : int
        Steps and samples in one epoch.
    end : int
        The absolute number of the step to stop before.
    evaluate : callable, optional
        The validation: names with ``val_`` before them, and their values.
    history : History
        Gets one row an epoch.
    interrupt : Interrupt
        Lets Ctrl-C cut the validation short.
    """

    def __init__(
        self,
        run: Run,
        *,
        steps_per_epoch: int,
        samples: int,
        end: int,
        evaluate: Evaluate | None,
        history: History,
        control: Control,
        interrupt: Interrupt,
    ) -> None:
        self.run = run
        self.end = end
        self.seconds = 0.0  # spent in steps
        self.logs: Mapping[str, float] = {}  # of the last epoch
        self._steps_per_epoch = steps_per_epoch
        self._samples = samples
        self._evaluate = evaluate
        self._history = history
        self._control = control
        self._interrupt = interrupt
        self._first_step = run.step
        self._announced = -1
        self._cut_short = False
        self.due = time.monotonic() + PROGRESS_INTERVAL if run.wants_progress else math.inf

    @property
    def goes_on(self) -> bool:
        """Whether a step is to be done."""
        return self.run.step < self.end and self.run.stopped is None and not self._control.abort

    def start(self, choices: Sequence[str], keys: Sequence[str], epochs: int) -> None:
        """Tell that training begins."""
        self.run.dispatch(
            FitStarted(
                choices=tuple(choices),
                first_step=self._first_step,
                epochs=epochs,
                steps_per_epoch=self._steps_per_epoch,
                samples=self._samples,
                keys=tuple(keys),
            )
        )

    def speed(self) -> float:
        """Return the samples a second of this fit, validation left out."""
        steps = self.run.step - self._first_step
        return steps * self._samples / self._steps_per_epoch / max(self.seconds, 1e-9)

    @property
    def owes_progress(self) -> bool:
        """Whether it is time to tell how far training is."""
        return self.goes_on and time.monotonic() >= self.due

    def tell_progress(self, logs: Mapping[str, float]) -> None:
        """Tell how far training is."""
        epoch, step = self.stands_at
        self.run.dispatch(Progress(epoch, step, logs, self.speed()))
        self.due = time.monotonic() + PROGRESS_INTERVAL

    def begin_epoch(self, epoch: int) -> None:
        """Tell that an epoch begins, once."""
        if epoch > self._announced:
            self._announced = epoch
            self.run.dispatch(EpochStarted(epoch))

    def end_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """Validate, keep the epoch's row and tell that it is complete."""
        self.begin_epoch(epoch)
        try:
            measured = self._interrupt.at_once(self._evaluate) if self._evaluate else {}
        except KeyboardInterrupt:
            # The steps are done and kept; the row tells of them, with NaN for the validation.
            self._control.abort = self._cut_short = True
            self._history.append(logs)
            return
        self.logs = {**logs, **measured}
        self._history.append(self.logs)
        self.run.dispatch(EpochEnded(epoch, self.logs, self.speed()))

    @property
    def evaluates(self) -> bool:
        """Whether something is measured at the end of each epoch, on the state as it is then."""
        return self._evaluate is not None

    @property
    def takes_blocks(self) -> bool:
        """Whether nobody hears of single epochs, so that many are taken over at once."""
        return not self.evaluates and not self.run.hears_epochs

    def end_epochs(self, epoch: int, logs: dict[str, Any]) -> int:
        """Take over one epoch or, as arrays, several; return how many."""
        columns = {name: np.atleast_1d(value) for name, value in logs.items()}
        count = len(next(iter(columns.values()))) if columns else 1
        if not (self.takes_blocks and columns):
            self.end_epoch(epoch, logs)
            return 1
        self._history.append_several(columns)
        self.run.dispatch(EpochsEnded(epoch, columns))
        self.logs = {name: float(column[-1]) for name, column in columns.items()}
        return count

    @property
    def stands_at(self) -> tuple[int, int]:
        """The epoch that is under way, and how many of its steps are done."""
        return divmod(self.run.step, self._steps_per_epoch)

    def pause(self, *, ends: bool = False) -> None:
        """Tell who asked for it that the state is that after the last step."""
        # A validation that was cut short leaves an epoch that is told of in part only.
        if self.run.hears_pauses and not self._cut_short:
            epoch, step = self.stands_at
            self.run.dispatch(Paused(epoch, step, dict(self._control.row), ends))

    @property
    def is_complete(self) -> bool:
        """Whether all epochs are done."""
        return self.run.step >= self.end

    @property
    def epochs_done(self) -> int:
        """The epochs that this fit has done."""
        steps = self._steps_per_epoch
        return self.run.step // steps - self._first_step // steps

    @property
    def place(self) -> str:
        """Where training stands, in words."""
        steps = self._steps_per_epoch
        epoch, index = self.stands_at
        return f"step {index} of {steps} of epoch {epoch + 1}" if index else f"epoch {epoch}"

    def finish(self) -> Outcome:
        """Tell how training ended."""
        self.pause(ends=True)
        if self.run.stopped is not None:
            reason, message = self.run.stopped
        elif self.is_complete and not self._cut_short:
            reason, done = "completed", self.epochs_done
            message = f"{done} epoch{'' if done == 1 else 's'} in {self.seconds:.1f} s"
        else:
            reason = "interrupted"
            message = f"interrupted after {self.place}, which is kept; call fit again to continue"
        self.run.dispatch(FitEnded(reason, message, self.run.step))
        return Outcome(reason, message, self.run.step, dict(self._control.row))

    def fail(self, error: NonFiniteError) -> NonFiniteError:
        """Tell that a number was not finite, and return the error to raise."""
        self.run.dispatch(FitEnded("not_finite", str(error), self.run.step))
        return error


def train(
    executable: Executable,
    state: State,
    feed: Feed,
    *,
    epochs: int,
    samples: int,
    explain: Explain,
    initial_step: int = 0,
    evaluate: Evaluate | None = None,
    listeners: Sequence[Listener] = (),
    control: Control | None = None,
    history: History | None = None,
    summarize: Summarize = mean_of_totals,
    choices: Sequence[str] = (),
    keys: Sequence[str] = (),
    restorable: Collection[str] = (),
    scheduled: Collection[str] = (),
) -> Outcome:
    """Train by steps of an executable.

    Parameters
    ----------
    executable : Executable
        A compiled train step.
    state : dict of str to array
        Holds the result after the last full step, whatever ends the training.
    feed : Feed
        The batches.
    epochs : int
        How many more; an epoch that `initial_step` stands within counts as one of them.
    samples : int
        Samples in one epoch, for the speed that progress shows.
    explain : callable
        ``explain(output, step) -> NonFiniteError`` names layer, cause and remedy.
    initial_step : int
        The absolute step to begin with; ``step // feed.steps_per_epoch`` is the epoch.
    evaluate : callable, optional
        Called at each epoch's end; what it returns joins the epoch's logs.
    listeners : sequence of Listener
        They hear the events; put the progress display first.
    control : Control, optional
        To stop from elsewhere, by `abort`, or to go on within an epoch, by `row`.
    history : History, optional
        Gets one row an epoch, also when an error ends the training.
    summarize : callable
        Makes logs of the totals of an epoch, or of its part that is done.
    choices, keys : sequence of str
        As in `FitStarted`.
    restorable : collection of str
        The state entries that make up the parameters: trained ones and statistics.
    scheduled : collection of str
        Hyperparameters that the feed's tables set.

    Returns
    -------
    Outcome
        How it ended, also after Ctrl-C.

    Raises
    ------
    NonFiniteError
        When a loss or gradient is NaN or infinite; the state is that before the step.
    """
    control = Control() if control is None else control
    steps = feed.steps_per_epoch
    history = History(initial_step // steps) if history is None else history
    run = Run(
        state, history=history, listeners=listeners, restorable=restorable, scheduled=scheduled,
        step=initial_step,
    )  # fmt: skip
    with ExitStack() as stack:
        for listener in listeners:
            stack.callback(listener.close)
        stack.callback(control.close)
        session = Session(
            run,
            steps_per_epoch=steps,
            samples=samples,
            end=(initial_step // steps + epochs) * steps,
            evaluate=evaluate,
            history=history,
            control=control,
            interrupt=stack.enter_context(Interrupt(control)),
        )
        session.start(choices, keys, epochs)
        while session.goes_on:
            _Span(session, executable, feed, control, summarize).run()
            if control.failure is not None:
                raise session.fail(explain(control.failure, run.step))
            if session.owes_progress:
                row = control.row
                session.tell_progress(summarize(row) if row else session.logs)
            session.pause()
        return session.finish()


class _Span:
    """One call of the engine, and what is told of it: at its end, or while it lasts."""

    def __init__(
        self,
        session: Session,
        executable: Executable,
        feed: Feed,
        control: Control,
        summarize: Summarize,
    ) -> None:
        self._session = session
        self._executable = executable
        self._feed = feed
        self._control = control
        self._summarize = summarize
        self._first = session.run.step
        self._epoch = self._first // feed.steps_per_epoch
        self._seconds = session.seconds

    def run(self) -> None:
        """Run until the state is to be handed back, and tell of the epochs that are complete."""
        session, control, run = self._session, self._control, self._session.run
        session.begin_epoch(self._epoch)
        control.deadline, control.until = session.due, self._next_stop()
        # Validation reads the state too, and that is handed over at the end of a span only.
        control.tick = None if run.reads_state or session.evaluates else self._tick
        self._began = time.perf_counter()
        count = session.end - self._first
        done = self._executable.run_span(run.state, self._feed, self._first, count, control)
        self._take(done)

    def _next_stop(self) -> float:
        """Return how many steps of the span may be done before somebody must hear of them."""
        run, steps = self._session.run, self._feed.steps_per_epoch
        ahead = 1 if self._session.evaluates else run.epochs_ahead()
        stop = min((run.step // steps + ahead) * steps, run.step + run.steps_ahead())
        return stop - self._first

    def _tick(self, done: int) -> bool:
        """Tell how far the span is, and whether it should end."""
        session, control = self._session, self._control
        if done >= control.until and not session.run.hears_without_state:
            return True
        self._take(done)
        if not session.goes_on:
            return True
        if session.owes_progress:
            row = control.row
            session.tell_progress(self._summarize(row) if row else session.logs)
        session.begin_epoch(self._epoch)
        control.deadline, control.until = session.due, self._next_stop()
        return not session.goes_on

    def _take(self, done: int) -> None:
        session, control = self._session, self._control
        session.run.step = self._first + done
        session.seconds = self._seconds + time.perf_counter() - self._began
        blocks, control.rows = control.rows, []
        for block in blocks:
            for row in [block] if session.takes_blocks else _single_rows(block):
                self._epoch += session.end_epochs(self._epoch, self._summarize(row))


def _single_rows(block: Mapping[str, Any]) -> Iterator[dict[str, float]]:
    """Yield the totals of one epoch after the other."""
    columns = [np.atleast_1d(column).tolist() for column in block.values()]
    for numbers in zip(*columns, strict=True):
        yield dict(zip(block, numbers, strict=True))
