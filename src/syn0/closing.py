"""The line at the end of `fit`: the gravest thing that is wrong, if anything is.

Nothing of it runs while the network trains. At the end the rules look at the history, and at
a probe of some samples: after short fits one that only goes forward.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from syn0.diagnosing import AT_ONCE, MOST, Course, Subject, gather, gather_course
from syn0.diagnosis.evidence import Evidence
from syn0.diagnosis.judging import judge_all
from syn0.diagnosis.kinds import KINDS, SMALL
from syn0.diagnosis.verdict import Report
from syn0.training.events import Event, FitEnded
from syn0.training.feeds import StepTable
from syn0.training.history import History
from syn0.training.monitors import EarlyStopping
from syn0.training.run import Listener, Run

SHARE = 0.05  # of a fit's time that its verdict may take
UNNOTICED = 0.0025  # seconds that nobody notices, as long as the fit took as many
A_FEW = 200  # samples that short fits are judged by, if the time is not enough for more
_OPERATIONS, _NUMBERS = (
    2e10,
    3e7,
)  # operations, and numbers of the data, that a second is enough for
CUT_SHORT = ("interrupted", "not_finite")  # a person waits, or an error says it


class ClosingLine(Listener):
    """Says at the end of a fit what is wrong, in one line.

    Parameters
    ----------
    subject : Subject
        What is trained.
    history : History
        Of this fit.
    began : float
        When it was called, by `time.perf_counter`.
    tables : mapping of str to StepTable
        What schedules give at each step.
    listeners : sequence of Listener
        The callbacks.
    """

    hears_epochs = False
    reads_state = False

    def __init__(
        self,
        subject: Subject,
        history: History,
        began: float,
        tables: Mapping[str, StepTable],
        listeners: Sequence[Listener],
    ) -> None:
        self._subject = subject
        self._history = history
        self._offset = max((table.offset for table in tables.values()), default=0)
        self._listeners = listeners
        self._began = began

    def receive(self, event: Event, run: Run) -> None:
        """Speak at the end."""
        if isinstance(event, FitEnded) and event.reason not in CUT_SHORT:
            try:
                report = look(self._ended(event, run), time.perf_counter() - self._began)
            except Exception:
                return  # a verdict must never cost a training; `net.diagnose` tells the error
            if report:
                more = f" ({len(report) - 1} more: net.diagnose(X, y))" if report[1:] else ""
                run.say(f"verdict: {report[0]}{more}")

    def _ended(self, event: FitEnded, run: Run) -> Subject:
        """Return what to look at when the fit has ended so."""
        kept = kept_epoch(self._listeners, event.reason)
        course = Course.of(self._history, 0, kept, self._subject.model.history)
        # The last step that was done: the next may lie beyond the end of a schedule.
        return replace(self._subject, course=course, step=max(run.step - 1, 0) + self._offset)


def kept_epoch(listeners: Sequence[Listener], reason: str) -> int | None:
    """Return the epoch whose parameters a callback put back at the end, if one did."""
    stops = [x for x in listeners if isinstance(x, EarlyStopping) and x.restore_best]
    kept = [x.best_epoch for x in stops if x.best_epoch >= 0]
    return kept[-1] if kept and reason not in CUT_SHORT else None


def look(subject: Subject, seconds: float) -> Report:
    """Return what is found in the time that a fit of so many seconds is worth.

    Parameters
    ----------
    subject : Subject
        What was trained.
    seconds : float
        How long.
    """
    allowed = max(SHARE * seconds, min(UNNOTICED, seconds))
    for price in prices(subject):
        if price.seconds(subject) <= allowed:
            options = {"at_once": True, "forward_only": price.forward_only}
            return gravest(gather(subject, price.samples, **options))
    return gravest(gather_course(subject))


@dataclass(frozen=True)
class Price:
    """A probe that may be too dear.

    Parameters
    ----------
    samples : int
        How many it looks at.
    forward_only : bool
        Whether it leaves out the backward pass.
    """

    samples: int
    forward_only: bool

    def seconds(self, subject: Subject) -> float:
        """Return about how long it takes, by benchmarks/verdicts.py."""
        drawn, a_layer, passes = (0.001, 0.00025, 1) if self.forward_only else (0.0015, 0.0009, 3)
        inputs = subject.data.inputs.values()
        numbers = self.samples * sum(math.prod(x.shape[1:]) for x in inputs)
        operations = 2 * passes * self.samples * subject.weights
        fixed = drawn + a_layer * len(subject.model.layers)
        return fixed + operations / _OPERATIONS + numbers / _NUMBERS


def prices(subject: Subject) -> Iterator[Price]:
    """Yield the probes that are worth it, the one that tells most first."""
    data = subject.data
    if not data.inputs:
        return
    samples = min(data.passes(MOST)[0].stop, data.samples)
    samples = max(min(samples, int(AT_ONCE / (6 * max(subject.weights, 1)))), min(samples, 100))
    yield Price(samples, forward_only=False)
    yield Price(samples, forward_only=True)
    yield Price(min(samples, A_FEW), forward_only=True)


def gravest(found: Evidence) -> Report:
    """Return what is worth a line after each fit: all but what costs little."""
    return Report(v for v in judge_all(found) if KINDS[v.kind].rank < SMALL)
